"""The budgets of flash and heap, held by one measurement that all these tests share.

Its figures are left in build/footprint.json, which `microimps footprint --from` shows.
"""

import json
import struct
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from conftest import ROOT, unavailable
from microimps.tools import stage
from microimps.tools.cli import app
from microimps.tools.footprint import (
    commands,
    measure,
    peers,
    report,
    romfs,
    runtimes,
    sets,
    surroundings,
)
from microimps.tools.footprint.budgets import BUDGETS, CLIENT, CURE
from microimps.tools.modules import FEATURES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]  # one fixture measures it all


@pytest.fixture(scope="session")
def figures(tmp_path_factory):
    found = measure.measure(folder=tmp_path_factory.mktemp("peers"))
    print("\n" + report.markdown(found))
    (ROOT / "build" / "footprint.json").write_text(json.dumps(found))
    return found


@pytest.fixture
def complete(figures):
    if figures["missing"]:
        unavailable("; ".join(figures["missing"]))
    return figures


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: budget.what)
def test_budget(figures, budget):
    value = budget.figure(figures)
    if value is None:
        unavailable("; ".join(figures["missing"]))
    assert not budget.over(figures), f"{budget.said(figures)}; {CURE}"


def test_every_part_is_measured(complete):
    sizes = set(complete["flash"])
    assert (
        set(measure.WHOLE) <= sizes and {"base", "wbxml", "xml", "http", *measure.AREAS} <= sizes
    )
    for part in ("modules", "kept", "garbage"):
        assert set(complete[part]["32"]) == set(complete[part]["64"])
    assert all(value > 0 for value in complete["kept"]["32"].values())
    assert len(complete["garbage"]["32"]) == 6


def test_figures_agree_with_each_other(complete):
    """Words of 32 bits cost less than those of 64; ROMFS less than .mpy; a session its client."""
    for name, value in complete["kept"]["32"].items():
        # of names the PC's firmware has more in its ROM
        assert value < complete["kept"]["64"][name] or name.endswith("interned names")
    heaps = complete["smallest"]
    assert complete["kept"]["64"][CLIENT] < heaps[CLIENT]
    assert heaps[f"{CLIENT}, from ROMFS"] < heaps[CLIENT]
    assert complete["flash"][CLIENT] > sum(complete["flash"][name] for name in measure.AREAS)


def test_sets(complete):
    """More features cost more; where a set is a whole client, the figures are its own."""
    table = {each.name: complete["sets"][each.name] for each in sets.SETS}
    assert set(table) == set(complete["sets"])
    login, usual = table["HTTP + WBXML: login only"], table["HTTP + WBXML"]
    assert usual["flash"] == complete["flash"][CLIENT] > login["flash"]
    assert usual["kept"]["32"] == complete["kept"]["32"][CLIENT] > login["kept"]["32"]
    for name, entry in table.items():
        if name.startswith("HTTP + WBXML, "):
            assert entry["flash"] > usual["flash"]
            assert entry["kept"]["64"] > usual["kept"]["64"]
        # the asyncio of the WebAssembly port is not a board's
        assert set(entry["kept"]) == ({"64"} if "async" in name else {"32", "64"})


@pytest.mark.parametrize("bearer", sets.BEARERS)
def test_what_sets_are_made_of(bearer):
    """Every part is a feature of the list of modules, and every session compiles."""
    whole = sets.Set(bearer, sets.BEARERS[bearer].syntaxes[0], tuple(sets.USES))
    assert set(whole.board) <= set(FEATURES)
    compile(whole.source(), "uses", "exec")


def test_choosing_sets():
    http, sms = sets.chosen(["http", "sms"], ["search", "lists"])
    assert (http.syntax, sms.syntax) == ("wbxml", "pts")
    assert http.features == ("lists", "search")
    assert sets.chosen(["http"], ["xml"])[0].name == "HTTP + XML: login only"
    for bearer, features, said in (
        ("pigeon", (), "http, sms, wsp"),
        ("http", ("lsits",), "lists"),
        ("sms", ("xml",), "choose one of pts"),
    ):
        with pytest.raises(sets.SetError, match=said):
            sets.chosen([bearer], features)


def test_one_set(micropython, tmp_path):
    """--bearer and --features measure that alone, and find its smallest heap."""
    arguments = ["--features", "blocking", "--json", "--peers", str(tmp_path)]
    done = CliRunner().invoke(app, ["footprint", *arguments])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert not found["flash"] and not found["smallest"]
    entry = found["sets"]["HTTP + WBXML: blocking"]
    assert entry["smallest"] > entry["kept"]["64"] > 16_000
    wrong = CliRunner().invoke(app, ["footprint", "--features", "xml", "--budget"])
    assert wrong.exit_code == 2


def test_reports_from_the_same_figures(figures, monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "measure", lambda *arguments: figures)
    run = CliRunner().invoke
    assert json.loads(run(app, ["footprint", "--json"]).stdout) == figures
    assert run(app, ["footprint", "--readme"]).stdout.count("\n|") == len(BUDGETS) + 1
    assert "messaging" in run(app, ["footprint"]).stdout
    held = run(app, ["footprint", "--budget"])
    assert held.exit_code == any(each.over(figures) for each in BUDGETS)


def test_a_broken_budget_is_named(figures, tmp_path):
    """Budget, figure, limit and what to do about it; status 1."""
    over = json.loads(json.dumps(figures))
    over["flash"][CLIENT] = 1 << 20
    (tmp_path / "figures.json").write_text(json.dumps(over))
    done = CliRunner().invoke(
        app, ["footprint", "--budget", "--from", str(tmp_path / "figures.json")]
    )
    assert done.exit_code == 1
    said = " ".join(done.stderr.split())
    limit = f"{BUDGETS[-1].limit:,}".replace(",", " ")
    assert f"{BUDGETS[-1].what}: 1 048 576 octets, limit {limit}" in said
    assert "tools/footprint/budgets.py" in said
    (tmp_path / "figures.json").write_text("[]")
    done = CliRunner().invoke(app, ["footprint", "--from", str(tmp_path / "figures.json")])
    assert done.exit_code == 2 and "--json" in done.stderr


def test_chart(figures, tmp_path):
    """A bar for each figure that there is, a name for each row, and a description to read out."""
    given = {**figures, "peers": {"other": {"version": "1.2", "flash": 2048, "kept": {}}}}
    (tmp_path / "figures.json").write_text(json.dumps(given))
    out = tmp_path / "chart.svg"
    arguments = ["--from", str(tmp_path / "figures.json"), "--svg", str(out), "--json"]
    assert CliRunner().invoke(app, ["footprint", *arguments]).exit_code == 0
    root = ElementTree.parse(out).getroot()
    texts = "\n".join("".join(each.itertext()) for each in root)
    rows = [each.name for each in sets.SETS if len(each.name) < 40]
    assert all(name in texts for name in ("other 1.2", *rows))
    entries = [*given["sets"].values(), given["peers"]["other"]]
    bars = sum(1 + ("32" in entry["kept"]) + ("smallest" in entry) for entry in entries)
    drawn = [each for each in root.iter() if "var(--ours)" in each.get("style", "")]
    drawn += [each for each in root.iter() if "var(--theirs)" in each.get("style", "")]
    assert len(drawn) == bars
    labels = root.get("aria-labelledby").split()
    titles = {each.get("id"): each.text for each in root if each.get("id") in labels}
    assert len(titles) == 2 and "other 1.2: flash (.mpy) 2.0 KiB" in titles[labels[1]]


_CLIENT = """
import socket
VERSION = (0, 1, 2)
class Answer:
    def close(self):
        pass
def get(url):
    host, _, number = url.split("/")[2].partition(":")
    s = socket.socket()
    s.connect(socket.getaddrinfo(host, int(number))[0][-1])
    s.write(b"GET / HTTP/1.0\\r\\n")
    s.write(b"\\r\\n")
    while s.readline() != b"\\r\\n":
        pass
    answer = Answer()
    answer.text = s.read(5).decode()
    s.close()
    return answer
"""


@pytest.fixture
def release(tmp_path):
    """A folder in which there is something that goes by a peer's name."""
    package = tmp_path / "checkout" / "requests"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(_CLIENT)
    return tmp_path


def test_a_peer_is_measured(complete, release, tmp_path):
    """The same way on both runtimes: what is played back was recorded on the other."""
    (found,) = peers.find(release)
    assert (found.peer.name, found.version) == ("requests", "0.1.2")
    tree = tmp_path / "tree"
    assert 200 < peers.build(found, tree) < 1000
    for runtime in (runtimes.Binary(), runtimes.WebAssembly()):
        heaps = measure.of_peer(runtime, tree, found.peer)
        assert 0 < heaps["imported"] < heaps["kept"] < 4000
    smallest = measure.heap_of_peer(runtimes.Binary(), tree, found.peer, heaps["kept"])
    assert heaps["kept"] < smallest < 16_000


def test_peers_say_their_version(release):
    (release / "checkout" / "manifest.py").write_text('metadata(version="4.5")\n')
    assert [found.version for found in peers.find(release)] == ["4.5"]
    (release / "checkout" / "requests" / "__init__.py").write_text("")
    (release / "checkout" / "manifest.py").unlink()
    assert [found.version for found in peers.find(release)] == ["of unknown version"]
    assert not peers.find(release / "absent")


@pytest.mark.long
def test_the_real_peers(complete):
    """Those of build/peers, where somebody put them: docs/footprint.md."""
    found = peers.find(peers.FOLDER)
    if not found:
        pytest.skip(f"no peers in {peers.FOLDER}")
    figures = measure.measure(wanted=(), whole=False)
    for release in found:
        entry = figures["peers"][release.peer.name]
        assert entry["smallest"] > entry["kept"]["64"] > entry["imported"]["64"] > 0


@pytest.fixture
def firmware(micropython, tmp_path):
    """What does for a MicroPython with a client frozen in: its modules are always there."""
    tree = tmp_path / "frozen"
    stage.stage(tree, ("wbxml", "http", *measure.AREAS))
    program = tmp_path / "firmware"
    program.write_text(f'#!/bin/sh\nMICROPYPATH="$MICROPYPATH:{tree}" exec "{micropython}" "$@"\n')
    program.chmod(0o755)
    return program


def test_frozen_modules(figures, firmware, monkeypatch):
    """--frozen measures the clients that are in somebody's firmware."""
    monkeypatch.setattr(commands, "measure", lambda *arguments: {**figures})
    done = CliRunner().invoke(app, ["footprint", "--frozen", str(firmware), "--json"])
    assert done.exit_code == 0, done.output
    (entry,) = json.loads(done.stdout)["frozen"].values()
    assert set(entry["kept"]) == set(entry["smallest"]) == {CLIENT}
    # as much as from files, which these are
    assert abs(entry["kept"][CLIENT] / figures["kept"]["64"][CLIENT] - 1) < 0.05
    assert entry["smallest"][CLIENT] > entry["kept"][CLIENT]
    shown = CliRunner().invoke(app, ["footprint", "--frozen", str(firmware)])
    assert "Modules frozen into MicroPython" in shown.stdout


@pytest.mark.parametrize("program", ["micropython", "/bin/true", "README.md"])
def test_programs_in_which_nothing_is_frozen(micropython, program):
    """Said before anything is measured."""
    path = micropython if program == "micropython" else ROOT / program
    done = CliRunner().invoke(app, ["footprint", "--frozen", str(path)])
    said = "not frozen in: build it with manifest.py" if path == micropython else "no MicroPython"
    assert done.exit_code == 1 and said in " ".join(done.stderr.split())


def test_broker():
    answer = peers.Broker.answer
    assert answer(b"\x10", b"...") == b"\x20\x02\0\0"
    assert answer(b"\x82", b"\x00\x07...") == b"\x90\x03\x00\x07\0"
    assert answer(b"\x30", b"\0\x01tHi") == b"\x30\x05\0\x01tHi"
    assert answer(b"\xe0", b"") == b""


def test_a_missing_runtime_is_said(figures, monkeypatch, tmp_path):
    class Missing:
        def __init__(self):
            raise runtimes.MeasureError("node is not installed: no 32-bit figures")

    monkeypatch.setattr(measure, "WebAssembly", Missing)
    monkeypatch.setattr(measure, "Binary", Missing)
    result = CliRunner().invoke(app, ["footprint", "--readme", "--peers", str(tmp_path)])
    assert result.exit_code == 0
    assert "node is not installed" in result.stdout
    flash = f"{BUDGETS[-1].limit:,}".replace(",", " ")
    assert flash in result.stdout  # measured without any runtime


def test_smallest_finds_the_limit():
    asked = []
    assert measure.smallest(lambda heap: asked.append(heap) or heap >= 40_000) == 40_192
    assert len(set(asked)) < 15
    with pytest.raises(runtimes.MeasureError, match="262144"):
        measure.smallest(lambda heap: False)


def test_smallest_is_not_lucky():
    """A heap that suffices sometimes is too small."""
    tried = []
    lucky = measure.smallest(lambda h: tried.append(h) or h >= 40_000 or len(tried) % 3 > 0)
    assert lucky == 40_192


def test_a_failing_program_is_an_error(micropython, tmp_path):
    with pytest.raises(runtimes.MeasureError, match="NameError"):
        runtimes.Binary().run(tmp_path, ["absent"])


def test_the_record_holds_each_answer():
    job = "from job import run"
    tape = surroundings.record("http", 3, lambda url: [job, f"run({url!r}, 'xml')"])
    answers = []
    while tape:
        size = struct.unpack(">I", tape[:4])[0]
        answers.append(tape[4 : 4 + size])
        tape = tape[4 + size :]
    assert len(answers) > 6
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert sum(answer.count(b"wv:u0000") for answer in answers) == 3


def test_romfs_image_of_nothing(tmp_path):
    assert romfs.image(tmp_path) == b"\xd2\xcd\x31\x00"


def test_romfs_image(tmp_path):
    """Octets by hand: magic, length, a folder `a` that holds the file `b.mpy` of 200 octets."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.mpy").write_bytes(bytes(200))
    (tmp_path / "a" / "notes.txt").write_bytes(b"left out")
    data = b"\x02\x81\x48" + bytes(200)
    file = b"\x05\x81\x51" + b"\x05b.mpy" + data
    here = b"\x04\x81\x56" + b"\x01a" + file
    assert romfs.image(tmp_path) == b"\xd2\xcd\x31\x81\x59" + here
