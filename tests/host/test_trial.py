"""`microimps trial`: plans, simulated trials, what survives a kill, and what may be spent."""

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing

import pytest
from typer.testing import CliRunner

from conftest import COMMAND
from microimps.tools import cli
from microimps.tools.gsm import Faults
from microimps.tools.gsm.message import Message, ports_element
from microimps.tools.gsm.tpdu import deliver, submit
from microimps.tools.trial import schedule
from microimps.tools.trial.figures import compute, rank
from microimps.tools.trial.journal import Journal, JournalError, Stopped
from microimps.tools.trial.passages import reordered
from microimps.tools.trial.plan import load
from microimps.tools.trial.run import run
from microimps.tools.trial.scenarios import LOGIN, LOGOUT, SCENARIOS
from microimps.tools.trial.tap import _Splitter
from microimps.tools.trial.world import SimulatedWorld

A, B, SERVICE = "+447700900001", "+447700900002", "+15553590"

PLAN = f"""
[trial]
name = "A & B"
seed = 3
[service]
number = "{SERVICE}"
extension = true
timeout = 45
retries = 5
[[handset]]
number = "{A}"
user = "wv:anna@im.example.com"
password = "top-secret"
[[handset]]
number = "{B}"
user = "wv:bo@im.example.com"
password = "top-secret"
[schedule]
length = "6m"
every = "60s"
signal_every = "1m"
[scenarios]
message = 3
presence = 1
lists = 1
[cost]
sms = 0.25
[simulation]
speed = 60
delay = 1
jitter = 2
"""
QUICK = PLAN.replace("speed = 60", "speed = 200").replace("timeout = 45", 'timeout = "10m"')
FAULTS = "loss = 0.08\nduplicate = 0.1\nreorder = 0.1\n"


def written(tmp_path, text=PLAN, name="plan.toml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def invoke(*argv):
    return CliRunner().invoke(cli.app, ["trial", *map(str, argv)])


def rows(path, sql, *values):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql, values).fetchall()


# plans


def test_new_and_check(tmp_path):
    path = tmp_path / "p.toml"
    assert invoke("new", path).exit_code == 0
    done = invoke("check", path)
    assert done.exit_code == 0 and "simulated" in done.output and "EUR" in done.output
    again = invoke("new", path)
    assert again.exit_code == 1 and "--force" in again.output
    told = json.loads(invoke("check", path, "--json").output)
    assert told["actions"] == 48 and told["sent"] > 48


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("seed = 3", "seed = = 3", 4, "not TOML"),
        ("seed = 3", "sead = 3", 4, "[trial] sead: no such key: did you mean seed?"),
        ("[cost]", "[costs]", 26, "[costs]: no such table: did you mean cost?"),
        ("sms = 0.25", "", 26, "[cost] sms: missing: add sms = ... here"),
        ("sms = 0.25", 'sms = "cheap"', 27, "[cost] sms: 'cheap' cannot be: give an amount"),
        ("sms = 0.25", "sms = 0\nbudget = 5", 28, "[cost] budget: a budget needs a price"),
        (f'number = "{B}"', f'number = "{A}"', 15, "[[handset]] number: '+447700900001' is taken"),
        (f'number = "{B}"', "number = 447700900002", 15, "a telephone number in quotes"),
        ('every = "60s"', 'every = "1x"', 20, "[schedule] every: '1x' cannot be: give a time"),
        ('every = "60s"', 'every = "1h"', 20, "[schedule] every: longer than length"),
        ("[scenarios]", 'between = ["20:00", "8:00"]\n[scenarios]', 22, "two times of day"),
        ("message = 3", "massage = 3", 23, "[scenarios] massage: no such key: did you mean"),
        ("extension = true", "", 23, "[scenarios] message: SMS has no public code for messages"),
        ("speed = 60", "speed = 0", 29, "[simulation] speed: 0 cannot be: give a factor"),
        ("timeout = 45", "timeout = true", 8, "[service] timeout: True cannot be"),
        (PLAN[PLAN.index("[simulation]") :], "", 10, "[[handset]] device: give the serial port"),
    ],
)
def test_bad_plans_name_line_key_and_cure(tmp_path, old, new, line, says):
    assert PLAN.count(old) == 1
    path = written(tmp_path, PLAN.replace(old, new))
    for command in ("check", "run"):
        done = invoke(command, path)
        assert done.exit_code == 1
        assert f"{path}:{line}: " in done.output and says in done.output, done.output
        assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == [path]


def test_a_plan_that_is_not_there(tmp_path):
    done = invoke("run", tmp_path / "none.toml")
    assert done.exit_code == 1 and "none.toml" in done.output


def test_hours_of_the_day(tmp_path):
    plan = load(
        written(tmp_path, PLAN.replace("[scenarios]", 'between = ["8:00", "9:00"]\n[scenarios]'))
    )
    midnight = time.mktime((2026, 3, 2, 0, 0, 0, 0, 0, -1))
    after = plan.schedule.after
    assert after(midnight, 60) == midnight + 8 * 3600 + 60
    assert after(midnight + 8.5 * 3600, 600) == midnight + 8.5 * 3600 + 600
    assert after(midnight + 8.5 * 3600, 2400) == midnight + 86400 + 8 * 3600 + 600


def test_the_same_seed_gives_the_same_actions(tmp_path):
    plan = load(written(tmp_path))
    once = schedule.actions(plan)
    assert once == schedule.actions(plan) and len(once) == 12
    other = load(written(tmp_path, PLAN.replace("seed = 3", "seed = 4")))
    assert once != schedule.actions(other)


# simulated trials


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """(path of the journal, JSON of the run) of a trial on a bad network."""
    folder = tmp_path_factory.mktemp("trial")
    text = PLAN.replace("speed = 60", "speed = 100").replace('"6m"', '"4m"')
    plan = written(folder, text + FAULTS)
    done = subprocess.run([*ARGV, "run", plan, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return plan.with_suffix(".sqlite"), json.loads(done.stdout)


ARGV = [*COMMAND, "trial"]


def test_faults_are_counted_exactly(faulty):
    """What the seed says happened to the n-th SMS of each way is what the report says."""
    path, told = faulty
    with closing(Journal(path)) as record:
        figures = compute(record)
    faults = Faults(seed=3, loss=0.08, duplicate=0.1, reorder=0.1, delay=1, jitter=2)
    assert {(way.sender, way.destination) for way in figures.ways} == {
        *((number, SERVICE) for number in (A, B)),
        *((SERVICE, number) for number in (A, B)),
    }
    for way in figures.ways:
        fates = [faults.fate(way.sender, way.destination) for _ in range(way.sent)]
        assert way.lost == sum(not copies for copies in fates)
        assert way.duplicated == sum(len(copies) - 1 for copies in fates if copies)
        assert way.pending == 0 and way.delivered == way.sent - way.lost
    assert figures.sms("lost") > 0 and figures.sms("duplicated") > 0
    assert told["actions"] == {"done": 8} and told["reason"] == "complete"


def test_every_message_is_delivered_once(faulty):
    path, _ = faulty
    with closing(Journal(path)) as record:
        figures = compute(record)
    assert figures.ratio == 1 and figures.messages_repeated == 0
    assert len(figures.waits) == figures.messages_sent > 0
    silent = [each.code for each in figures.transactions if each.end is None]
    assert figures.repeats >= 1 and figures.unanswered == len(silent)
    assert set(silent) <= {"OR"}  # a logout is said once, and its answer may be lost


def test_what_was_recorded_adds_up(faulty):
    path, told = faulty
    with closing(Journal(path)) as record:
        figures = compute(record)
    sent = rows(path, "select count(*) from sms where direction = 'out' and outcome = 'sent'")[0][
        0
    ]
    accepted = rows(
        path, "select count(*) from hop where name = 'accepted' and sender <> ?", SERVICE
    )
    prompts = rows(
        path, "select count(*) from at_line where direction='in' and line like '+CMGS:%'"
    )
    assert sent == accepted[0][0] == prompts[0][0] == told["sms"] == figures.sent
    assert figures.cost == pytest.approx(0.25 * sent) == pytest.approx(told["cost"])
    assert sum(kind.sent for kind in figures.kinds) == sent
    assert sum(day.sent for day in figures.days) == sent
    tpdus = rows(path, "select tpdu from sms where direction = 'out'")
    lines = "".join(r[0] for r in rows(path, "select line from at_line where direction = 'out'"))
    assert all(tpdu.hex().upper() in lines for (tpdu,) in tpdus)
    # hops add up to what the client waited for, but for what it did between
    whole = sum(t.seconds for t in figures.transactions)
    assert 0 < sum(figures.hops["service"]) < whole
    answered = [each for each in figures.transactions if each.end is not None]
    assert len(figures.hops["whole transaction"]) == len(answered)
    assert set(figures.signal) == {A, B}
    slow = figures.slow[0]
    assert slow.transaction.seconds == max(figures.hops["whole transaction"]) and slow.lines
    arrows = Counter((step.start, step.stop) for step in slow.steps)
    assert {(0, 1), (1, 2), (2, 1), (1, 0)} <= set(arrows)
    assert sum(step.lost for step in slow.steps) >= 1  # that is why it was slow


def test_no_password_is_in_the_journal(faulty):
    assert b"top-secret" not in faulty[0].read_bytes()


def test_report_and_csv(faulty, tmp_path):
    path, _ = faulty
    page, folder = tmp_path / "page.html", tmp_path / "csv"
    done = invoke("report", path, "--out", page, "--csv", folder, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    text = page.read_text()
    with closing(Journal(path)) as record:
        figures = compute(record)
    for name, value in figures.headlines():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in text
    assert "A &amp; B" in text and len(text) < 400_000
    for table in ("run", "action", "csp", "sms", "report", "at_line", "signal", "hop"):
        lines = (folder / f"{table}.csv").read_text().splitlines()
        assert len(lines) == 1 + rows(path, f"select count(*) from {table}")[0][0]
    transactions = (folder / "transactions.csv").read_text().splitlines()
    assert len(transactions) == 1 + len(figures.transactions)
    assert told["lost"] == figures.sms("lost") and len(told["ways"]) == 4


def test_the_estimate_holds_where_nothing_goes_wrong(tmp_path):
    """But for `session`: a message that comes meanwhile waits, and costs more."""
    assert SCENARIOS["session"].sent == LOGIN[0] + LOGOUT[0]
    assert SCENARIOS["session"].received == LOGIN[1] + LOGOUT[1]
    mix = "watch = 1\nkeep_alive = 1\n[cost]"
    text = QUICK.replace("[cost]", mix).replace('"6m"', '"4m"')
    plan = load(written(tmp_path, text))
    todo = schedule.actions(plan)
    assert {action.scenario for action in todo} == set(plan.scenarios)
    with closing(Journal(tmp_path / "j.sqlite")) as record:
        record.create(plan, todo)
        assert run(plan, record, lambda now: None).reason == "complete"
        figures = compute(record)
    expected = schedule.estimate(plan, todo)
    assert (figures.sent, figures.received) == (expected.sent, expected.received)
    assert figures.repeats == figures.sms("lost") == figures.sms("reordered") == 0


BUDGET = PLAN.replace("speed = 60", "speed = 200").replace('"6m"', '"3m"')
LIMITED = BUDGET.replace("sms = 0.25", "sms = 0.25\nbudget = 3.0")


def test_stops_at_the_budget(tmp_path):
    plan = written(tmp_path, LIMITED)
    done = invoke("run", plan, "--json")
    assert done.exit_code == 3, done.output
    told = json.loads(done.stdout)
    assert told["reason"] == "budget" and told["why"] == "budget of 3 EUR reached"
    assert told["sms"] == 12 and told["cost"] == 3.0
    handed_over = "select count(*) from at_line where direction = 'in' and line like '+CMGS:%'"
    assert rows(plan.with_suffix(".sqlite"), handed_over)[0][0] == 12


@pytest.mark.long
def test_goes_on_with_a_larger_budget(tmp_path):
    plan = written(tmp_path, LIMITED)
    assert [invoke("run", plan, "--json").exit_code for _ in range(2)] == [3, 3]
    journal = plan.with_suffix(".sqlite")
    assert rows(journal, "select count(*) from sms where direction = 'out'")[0][0] == 12
    ended = rows(journal, "select id, begin from action where state <> 'planned'")
    written(tmp_path, BUDGET)
    done = invoke("run", plan, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 0 and told["actions"].get("planned") is None
    assert told["cost"] == pytest.approx(0.25 * told["sms"])
    assert json.loads(invoke("run", plan, "--json").stdout) == told  # nothing left, nothing spent
    assert set(ended) <= set(rows(journal, "select id, begin from action"))  # not begun again


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_goes_on_later(tmp_path, how):
    plan = written(tmp_path, QUICK.replace("speed = 200", "speed = 40"))
    journal = plan.with_suffix(".sqlite")
    process = subprocess.Popen([*ARGV, "run", plan, "--json"], stdout=subprocess.PIPE)

    def one_is_done():
        laid_out = journal.exists() and rows(journal, "pragma user_version")[0][0]
        return laid_out and rows(journal, "select id from action where state = 'done'")

    wait_until(one_is_done, process)
    process.send_signal(how)
    told = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 130 and told["reason"] == "interrupted"
    written(tmp_path, QUICK)
    done = invoke("run", plan, "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["actions"].keys() <= {"done", "cut"}


# real lines


@pytest.fixture
def network(tmp_path):
    """A network that the trial knows only by the devices of its modems."""
    text = PLAN.replace("timeout = 45", 'timeout = "10m"')
    plan = load(written(tmp_path, text, "network.toml"))
    record = Journal(tmp_path / "network.sqlite")
    record.create(plan, ())
    world = SimulatedWorld(plan, record)
    world.start()
    yield world, record
    world.stop()
    record.close()


def real(tmp_path, world):
    """The same plan for those devices. Its seconds are the clock's, the network's are shorter."""
    text = PLAN[: PLAN.index("[simulation]")]
    text = text.replace("timeout = 45", "timeout = 10\ngap = 0.01\nstatus_reports = true")
    text = text.replace('"6m"', "1.25").replace('every = "60s"', "every = 0.25")
    for number, device in world.devices.items():
        text = text.replace(f'"{number}"', f'"{number}"\ndevice = "{device}"')
    return written(tmp_path, text.replace("[scenarios]", "settle = 5\n[scenarios]"), "real.toml")


def wait_until(condition, process):
    until = time.monotonic() + 90
    while not condition():
        assert process.poll() is None and time.monotonic() < until, "it ended too early"
        time.sleep(0.02)


def test_killed_and_resumed_nothing_is_done_twice(tmp_path, network):
    world, record = network
    plan = real(tmp_path, world)
    journal = tmp_path / "real.sqlite"
    command = [*ARGV, "run", plan, "--yes", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def well_under_way():
        if not journal.exists() or not rows(journal, "pragma user_version")[0][0]:
            return False
        found = dict(rows(journal, "select state, count(*) from action group by state"))
        return found.get("done", 0) >= 3 and found.get("begun", 0) >= 1

    try:
        wait_until(well_under_way, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = rows(journal, "select id, run, begin from action where begin is not null")
    spent = rows(journal, "select count(*) from sms where direction = 'out'")[0][0]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    after = rows(journal, "select id, run, begin from action")
    assert len(after) == 10 and set(before) <= set(after)
    assert (
        1 <= told["actions"]["cut"] <= 2 and told["actions"]["done"] == 10 - told["actions"]["cut"]
    )
    twice = "select action from csp where action > 0 group by action having min(run) <> max(run)"
    assert rows(journal, twice) == []
    once = "select distinct deliveries from action where scenario = 'message' and state = 'done'"
    assert rows(journal, once) == [(1,)]
    # the network has taken what was counted; the kill may have come before an SMS was handed over
    accepted = record.rows(
        "select count(*) from hop where name='accepted' and sender <> ?", SERVICE
    )
    (unknown,) = rows(journal, "select count(*) from sms where outcome = 'handing over'")[0]
    assert told["sms"] - unknown <= accepted[0][0] <= told["sms"] and told["sms"] > spent
    assert told["cost"] == pytest.approx(0.25 * told["sms"])
    (runs,) = [rows(journal, "select id, reason from run")]
    assert runs == [(1, None), (2, "complete")]
    # what the network knows of the way to the service, the status reports have told
    with closing(Journal(journal)) as own:
        figures = compute(own)
    reports = rows(journal, "select count(*) from report")[0][0]
    assert reports > 0 and figures.simulated is False
    known = [way for way in figures.ways if way.source == "reports"]
    assert sum(way.delivered for way in known) <= reports
    assert all(way.sent == way.delivered + way.lost + way.pending for way in known)


def test_nothing_is_spent_before_every_modem_is_there(tmp_path, network):
    world, record = network
    plan = real(tmp_path, world)
    plan.write_text(plan.read_text().replace(world.devices[B], "/nowhere/else"))
    done = invoke("run", plan, "--yes")
    assert done.exit_code == 1 and f"{B}: " in done.output and "/nowhere/else" in done.output
    assert record.rows("select * from hop") == []
    assert rows(tmp_path / "real.sqlite", "select reason from run") == [("failed",)]


def test_real_sms_are_not_sent_unasked(tmp_path):
    text = PLAN[: PLAN.index("[simulation]")]
    for number in (A, B):
        text = text.replace(f'"{number}"', f'"{number}"\ndevice = "/nowhere/{number}"')
    plan = written(tmp_path, text)
    done = invoke("run", plan)
    assert done.exit_code == 4 and "--yes" in done.output and "costs money" in done.output
    done = invoke("run", plan, "--yes")
    assert done.exit_code == 1 and "/nowhere/" in done.output and "Traceback" not in done.output


# the journal


def test_what_the_journal_refuses(tmp_path):
    plan = load(written(tmp_path))
    path = tmp_path / "j.sqlite"
    with closing(Journal(path)) as record:
        record.create(plan, schedule.actions(plan))
        record.begin_run(1.0)
        with closing(Journal(path)) as second, pytest.raises(JournalError, match="another trial"):
            second.begin_run(2.0)
        changed = load(written(tmp_path, PLAN.replace('every = "60s"', 'every = "2m"')))
        with pytest.raises(JournalError, match="every = 60.0, the plan has 120.0: put it back"):
            record.agree(changed)
        record.agree(load(written(tmp_path, PLAN.replace("sms = 0.25", "sms = 0.3"))))
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as database:
        database.execute("create table t (a)")
    (tmp_path / "text").write_text("no database, but long enough to be looked at" * 20)
    for name in ("other.sqlite", "text"):
        done = invoke("report", tmp_path / name)
        assert done.exit_code == 1 and "give" in done.output and "Traceback" not in done.output


def test_an_sms_counts_from_before_it_is_sent(tmp_path):
    plan = load(written(tmp_path, PLAN.replace("sms = 0.25", "sms = 0.25\nsms_limit = 2")))
    with closing(Journal(tmp_path / "j.sqlite")) as record:
        record.create(plan, ())
        first = record.spend(plan.cost, 1.0, {"handset": A})
        record.spend(plan.cost, 1.0, {"handset": A})
        assert record.spent() == (2, 0.5)
        with pytest.raises(Stopped, match="sms_limit of 2"):
            record.spend(plan.cost, 1.0, {"handset": A})
        record.handed_over(first, 2.0, "refused", None)  # which costs nothing
        assert record.spent() == (1, 0.25)


def test_lines_of_the_log():
    lines = []
    splitter = _Splitter(lines.append)
    for octet in b'AT+CPIN="1234"\r\r\nOK\r\nAT+CMGS=20\r\r\n> 0011\x1a\r\n+CMGS: 7\r\n':
        splitter.feed(bytes((octet,)))
    assert lines == ['AT+CPIN="****"', "OK", "AT+CMGS=20", "> ", "0011<Ctrl-Z>", "+CMGS: 7"]


# figures by hand


def test_ranks_and_order():
    values = list(range(1, 101))
    random.Random(1).shuffle(values)
    assert [rank(values, share) for share in (0.5, 0.95, 1.0)] == [50, 95, 100]
    assert rank([], 0.5) is None and rank([7], 0.5) == 7
    assert reordered([1, 2, 3]) == 0 and reordered([1, 3, 2, 4]) == 1 and reordered([3, 1, 2]) == 2


def test_figures_of_a_real_network_by_hand(tmp_path):
    """Without a simulated network: reports for the way up, what arrives for the way down."""
    plan = load(written(tmp_path))
    part = [b"WV13XN5" + letters + b" x" for letters in (b"ac", b"cc")]
    up = submit(Message("", SERVICE, b"WV13GL1", (ports_element(3590, 3590),)))
    with closing(Journal(tmp_path / "j.sqlite")) as record:
        record.create(plan, ())
        record.begin_run(0.0)
        for mr, (status, seen) in enumerate(((0, 105.0), (0, 103.0), (0x46, 190.0), (None, 0))):
            values = {"handset": A, "peer": SERVICE, "tpdu": up, "octets": 7, "label": "GL1"}
            sms = record.spend(plan.cost, 100.0 + mr, values)
            record.handed_over(sms, 101.0 + mr, "sent", mr)
            if status is not None:
                values = {"handset": A, "peer": SERVICE, "mr": mr, "scts": 101.0 + mr}
                record.add("report", 200.0, **values, discharge=seen, status=status)
        down = [(part[0], 50.0), (part[1], 40.0), (part[1], 40.0)]
        for body, scts in down:
            tpdu = deliver(Message(SERVICE, A, body), plan_time(scts))
            label = "XN5 1/3" if body is part[0] else "XN5 3/3"
            values = {"direction": "in", "tpdu": tpdu, "label": label, "scts": scts}
            values |= {"handset": A, "outcome": "received", "octets": 12, "cost": 0.0}
            record.add("sms", 300.0, **values)
        figures = compute(record)
    up_way, down_way = figures.ways
    assert (up_way.sent, up_way.delivered, up_way.lost, up_way.pending) == (4, 2, 1, 1)
    assert up_way.reordered == 1 and up_way.duplicated is None and up_way.source == "reports"
    assert (down_way.delivered, down_way.lost, down_way.duplicated) == (2, 1, 1)
    assert down_way.reordered == 1 and down_way.sent is None
    assert sorted(figures.hops["SMSC to service"]) == [1.0, 4.0]
    assert figures.hops["handset to SMSC"] == [1.0] * 4
    assert figures.cost == 1.0 and figures.sms("duplicated") == 1


def plan_time(seconds):
    from datetime import datetime, timezone

    return datetime.fromtimestamp(seconds, timezone.utc)
