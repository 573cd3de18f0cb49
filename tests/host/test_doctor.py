"""`microimps doctor`: modems with faults, services with faults, and a board on a pty."""

import asyncio
import json
import time
import types

import pytest
from gsm_wire import A
from pty_board import PtyBoard, compiled_before  # noqa: F401
from third_party import free_ports
from typer.testing import CliRunner

from microimps.ports.cpython.serial import Line
from microimps.tools import cli
from microimps.tools.doctor import modem, service
from microimps.tools.gsm import Network, Settings
from microimps.tools.sim import Account, Config, serve

invoke = CliRunner().invoke

ANNA = "wv:anna@im.example.com"
ALL = frozenset(("+CREG", "+CGREG", "+CEREG"))
OLD = '+CCLK: "04/01/01,00:00:00+00"'
NONE = dict.fromkeys(ALL, "+CREG: 0,0")


class Hasty:
    """A line whose pauses are short; answers may take their time."""

    def __init__(self, line):
        self.write = line.write
        self.line = line

    def readinto(self, view, ms):
        return self.line.readinto(view, ms if ms > 1000 else ms // 20)


def examine(kind="generic", settings=None, before=None, **options):
    """Findings about a virtual modem, by check."""

    def look(device):
        line = Line(device)
        try:
            return {found.check: found for found in modem.check(modem.Talk(Hasty(line), rest=0))}
        finally:
            line.close()

    async def run():
        async with Network() as network:
            virtual = await network.add_modem(A, kind, settings, **options)
            if before:
                before(virtual)
            return await asyncio.to_thread(look, virtual.device)

    return asyncio.run(run())


@pytest.mark.parametrize("kind", ["sim800", "sim7600", "ec2x", "bg9x", "sara", "telit"])
def test_good_modems_and_their_profiles(kind):
    found = examine(kind)
    assert {each.state for each in found.values()} == {"good"}
    profile = {"ec2x": "QUECTEL_EC2X", "bg9x": "QUECTEL_BG9X"}.get(kind, kind.upper())
    assert found["modem answers"].found.endswith(profile)
    assert "+15550100" in found["service centre"].found
    assert "-69 dBm" in found["signal"].found


def off(virtual):
    virtual.radio_on = False


FAULTS = [
    ("SIM", "bad", "--sim-pin", {"pin": "1234"}),
    ("SIM", "bad", "insert", {"settings": {"extra": {"+CPIN": "+CME ERROR: 10"}}}),
    ("SIM", "bad", "operator has the PUK", {"settings": {"extra": {"+CPIN": "+CPIN: SIM PUK"}}}),
    ("SIM", "bad", "contacts", {"settings": {"extra": {"+CPIN": "+CME ERROR: 14"}}}),
    ("network", "unsure", "SMS over LTE", {"settings": {"domain": "packet"}}),
    ("network", "bad", "AT+CFUN=1", {"before": off}),
    ("network", "bad", "roaming", {"settings": {"extra": dict.fromkeys(ALL, "+CREG: 0,3")}}),
    ("network", "bad", "antenna", {"settings": {"extra": NONE}}),
    ("signal", "unsure", "get lost", {"settings": {"extra": {"+CSQ": "+CSQ: 4,0"}}}),
    ("signal", "unsure", "antenna", {"settings": {"extra": {"+CSQ": "+CSQ: 99,99"}}}),
    ("service centre", "bad", "AT+CSCA", {"service_centre": ""}),
    ("message store", "bad", "AT+CMGD=1,4", {"settings": {"extra": {"+CPMS": "+CPMS: 30,30"}}}),
    ("message store", "bad", "firmware", {"settings": {"missing": frozenset(["+CMGF"])}}),
    ("modem's clock", "unsure", "AT+CTZU", {"settings": {"extra": {"+CCLK": OLD}}}),
]


@pytest.mark.parametrize("check, state, word, given", FAULTS)
def test_faults_of_a_modem(check, state, word, given):
    given = dict(given)
    settings = Settings(**given.pop("settings", {}))
    found = examine(settings=settings, **given)
    assert found[check].state == state and word in found[check].cure
    before = [each.state for each in found.values()][: list(found).index(check)]
    assert "bad" not in before


def test_an_indication_does_not_disturb():
    found = examine(settings=Settings(urc_at=frozenset(["before", "inside", "after"])))
    assert {each.state for each in found.values()} == {"good"}


class Silent:
    def write(self, view, ms):
        pass

    def readinto(self, view, ms):
        return 0


def test_a_silent_modem():
    first, *rest = modem.check(modem.Talk(Silent()))
    assert first.state == "bad" and "cross TX and RX" in first.cure
    assert {each.state for each in rest} == {"skipped"}


def test_a_line_that_is_not_there(tmp_path):
    done = invoke(cli.app, ["doctor", "--modem", str(tmp_path / "ttyUSB0")])
    assert done.exit_code == 1 and "group dialout" in done.output


@pytest.fixture
def running():
    with serve(Config(users=(Account(ANNA, "secret"),))) as running:
        yield running


@pytest.fixture
def secrets(tmp_path):
    def make(password):
        path = tmp_path / "secrets.toml"
        path.write_text(f'password = "{password}"\n')
        return str(path)

    return make


def look(*options, status=0):
    done = invoke(cli.app, ["doctor", "--json", *map(str, options)])
    assert done.exit_code == status, (done.output, done.exception)
    told = json.loads(done.stdout)
    assert told["good"] == (status == 0)
    return {check["check"]: check for check in told["checks"]}


def test_a_good_service(running, secrets):
    found = look("--url", running.url, "--user", ANNA, "--secrets", secrets("secret"))
    assert {each["state"] for each in found.values()} == {"good"}
    assert not running.service.sessions, "it has logged out"
    found = look("--url", running.url)
    assert found["service"]["state"] == "good" and found["credentials"]["state"] == "skipped"


@pytest.mark.parametrize(
    "user, password, cure",
    [(ANNA, "wrong", "password is wrong"), ("wv:nobody@im.example.com", "x", "no such user")],
)
def test_credentials(running, secrets, user, password, cure):
    told = ("--url", running.url, "--user", user, "--secrets", secrets(password))
    found = look(*told, status=1)
    assert cure in found["credentials"]["cure"] and found["service"]["state"] == "good"


def test_a_version_that_the_service_lacks(secrets):
    with serve(Config(users=(Account(ANNA, "secret"),), versions=("1.3",))) as running:
        told = ("--url", running.url, "--user", ANNA, "--secrets", secrets("secret"))
        found = look(*told, status=1)
        assert "--version" in found["credentials"]["cure"] + found["service"]["cure"]


def test_services_that_are_none():
    (number,) = free_ports(1)
    found = look("--url", f"http://127.0.0.1:{number}/", status=1)
    assert "firewall" in found["connection"]["cure"]
    assert found["service"]["state"] == "skipped"
    assert "spelling" in look("--url", "http://im.invalid/", status=1)["host name"]["cure"]
    assert "https" in look("--url", "im.example.com", status=1)["address"]["cure"]


def test_https_at_a_plain_port(running):
    found = look("--url", running.url.replace("http:", "https:"), status=1)
    assert "http://" in found["connection"]["cure"]


def test_clocks(running, monkeypatch):
    def set_clock(now):
        clock = types.SimpleNamespace(time=lambda: now, ctime=time.ctime, monotonic=time.monotonic)
        monkeypatch.setattr(service, "time", clock)

    set_clock(time.time() + 7200)
    found = look("--url", running.url)
    assert "120 minutes ahead" in found["clock"]["found"] and found["clock"]["state"] == "unsure"
    set_clock(1e9)
    assert "no certificate is valid" in look("--url", running.url, status=1)["clock"]["cure"]


def test_nothing_to_look_at():
    assert invoke(cli.app, ["doctor"]).exit_code == 2
    done = invoke(cli.app, ["doctor", "--url", "http://x/", "--user", "anna"])
    assert done.exit_code == 2 and "--secrets" in done.stderr


def test_a_board(micropython, tmp_path, running, secrets, compiled_before):  # noqa: F811
    """Empty; flashed for HTTP; with a wrong password; for a modem."""
    with PtyBoard(micropython, tmp_path) as board:
        at = ("--port", board.device)
        assert "microimps flash" in look(*at, status=1)["client"]["cure"]

        def flash(*options):
            done = invoke(cli.app, ["flash", *at, "--no-test", *options])
            assert done.exit_code == 0, done.output

        told = ("--url", running.url, "--user", ANNA, "--secrets")
        flash(*told, secrets("secret"))
        assert {each["state"] for each in look(*at).values()} == {"good"}
        flash(*told, secrets("wrong"))
        assert "password is wrong" in look(*at, status=1)["credentials"]["cure"]

        async def with_modem():
            async with Network() as network:
                virtual = await network.add_modem(A, "sim800", service_centre="")
                number = ("--number", "+15553590", "--uart", virtual.device)
                await asyncio.to_thread(flash, "--bearer", "sms", *number)
                return await asyncio.to_thread(look, *at, status=1)

        found = asyncio.run(with_modem())
        assert found["modem answers"]["found"].endswith("SIM800")
        assert "AT+CSCA" in found["service centre"]["cure"]
        assert found["message store"]["state"] == "good"
