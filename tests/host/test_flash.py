"""`microimps flash` on MicroPython for the PC, which a pty makes a board with its own flash."""

import dataclasses
import json
import os
import tty
from types import SimpleNamespace

import pytest
from mpremote.transport import TransportExecError
from pty_board import PtyBoard, compiled_before  # noqa: F401
from typer.testing import CliRunner

from microimps import Client
from microimps.ports import http
from microimps.tools import cli, join, modules
from microimps.tools.flash import board as boards
from microimps.tools.flash import commands, contents, deploy, settings
from microimps.tools.flash.board import Board, FlashError, image_size
from microimps.tools.footprint.romfs import image
from microimps.tools.provision import account as provisioned
from microimps.tools.provision import document
from microimps.tools.sim import Account, Config, serve

invoke = CliRunner().invoke

ANNA, BO, SECRET = "wv:anna@im.example.com", "wv:bo@im.example.com", "open sesame"
ALL = [name for name in contents.FEATURES if name not in ("base", "host", "tty")]

CHAT = f"""
import imps
client = imps.client()
client.login()
client.send({BO!r}, "from flash")
print([user for user, nick in client.contacts()])
client.logout()
client.close()
"""

# what a board gets by default, a file for modules that are joined
EVERYDAY = ("http", "lists", "messaging", "presence", "wbxml")
FILES = len([module for module in modules.modules(EVERYDAY) if join.parts(module)])


@pytest.fixture
def plugged(micropython, tmp_path, compiled_before):  # noqa: F811
    """Make a board that is plugged in."""
    made = []

    def make(**options):
        made.append(PtyBoard(micropython, tmp_path, **options))
        made[-1].plug()
        return made[-1]

    yield make
    for each in made:
        each.pull()


@pytest.fixture
def secrets(tmp_path):
    path = tmp_path / "secrets.toml"
    path.write_text(f'password = "{SECRET}"\nwifi_key = "{SECRET}"\n')
    return str(path)


def flash(board, *options, status=0):
    done = invoke(cli.app, ["flash", "--port", board.device, "--json", *map(str, options)])
    assert done.exit_code == status, (done.output, done.exception)
    assert SECRET not in done.output
    return json.loads(done.stdout) if not status else done.stderr


def tree(board):
    with Board(board.device) as there:
        return there.tree("/flash")


def test_flash_chat_change_and_erase(plugged, secrets):
    """Settings, a session from the flashed files, only what changed, and nothing left."""
    anna = Account(ANNA, SECRET, lists={"friends": (BO,)})
    with serve(Config(users=(anna, Account(BO, "secret")))) as service:
        board = plugged()
        told = ("--url", service.url, "--user", ANNA, "--secrets", secrets)
        first = flash(board, "--dry-run", *told)
        assert first["copied"] and not tree(board)
        report = flash(board, *told)
        assert report["copied"] == first["copied"] and report["selftest"] == "passed"
        assert report["settings"]["password"] == "set"
        assert 0 < report["heap"]["with_client"] < report["heap"]["after"]
        assert report["flash"]["after"] < report["flash"]["before"]
        with Board(board.device) as there:
            there.reset()
            assert BO in there.exchange(CHAT, "chatting", 60).decode()
        bo = Client(http(service.url), BO, "secret")
        bo.login()
        assert [event.text for event in bo.events(0) if event.kind == "message"] == ["from flash"]
        bo.logout()
        bo.close()
    again = flash(board)  # without settings those on the board stay
    assert again["copied"] == [] and again["unchanged"] == len(report["copied"]) - 1
    more = flash(board, "--with", "search", "--without", "lists", "--no-test")
    names = [path.rpartition("/")[2] for path in more["copied"]]
    assert names == ["search.mpy"]
    assert [path.rpartition("/")[2] for path in more["removed"]] == ["lists.mpy"]
    assert flash(board, "--erase")["removed"]
    assert tree(board) == {}


@pytest.mark.parametrize("cut", [4000, 30000, 80000])
def test_a_pulled_cable(plugged, cut):
    """It is lost early, in the middle, near the end; run again goes on with what is missing."""
    board = plugged()
    board.cut = cut
    said = flash(board, "--no-test", status=6)
    assert "run the same command again" in said
    board.pull()
    board.cut = 0
    board.plug()
    done = {name for name in tree(board) if name.endswith(".mpy")}
    report = flash(board)
    assert len(report["copied"]) + len(done) == FILES and report["unchanged"] == len(done)
    assert (cut == 4000) == (not done)
    assert not [name for name in tree(board) if "part" in name]


def test_a_cable_that_is_pulled_from_romfs(plugged):
    """The board boots with half an image, which is written anew."""
    board = plugged(rom=48 << 10)
    board.cut = 15000
    flash(board, "--no-test", status=6)
    board.pull()
    assert board.rom.read_bytes().startswith(b"\xd2\xcd\x31")
    board.cut = 0
    board.plug()
    report = flash(board)
    assert report["home"] == "/rom" and report["rom_written"] and report["selftest"] == "passed"


def test_a_damaged_file_is_found_without_a_manifest(plugged):
    board = plugged()
    flash(board, "--no-test")
    path = "/flash/lib/microimps/client.mpy"
    with Board(board.device) as there:
        size = there.tree(path)[path]
        there.write(path, bytes(size), lambda n: None)
        there.run("prune", "removing", top="/flash", gone=["/flash/lib/microimps.json"])
    assert flash(board)["copied"] == [path]


def test_romfs(plugged):
    """Bytecode runs from the partition, and costs less heap than from files."""
    board = plugged(rom=120 << 10, heap="192K")
    report = flash(board)
    assert (report["home"], report["copied"], report["note"]) == ("/rom", [], "")
    assert report["rom"]["used"] == report["rom_written"] > 20000
    assert flash(board, "--no-test")["rom_written"] == 0
    assert not [name for name in tree(board) if name.endswith(".mpy")]
    files = flash(board, "--to", "files")
    assert files["home"] == "/flash/lib" and files["rom"]["used"] == 4
    assert report["heap"]["with_client"] > files["heap"]["with_client"] + 10000
    whole = flash(board, "--bearer", "http,sms,wsp", "--with", ",".join(ALL))
    assert whole["home"] == "/rom" and whole["selftest"] == "passed"
    assert len(whole["removed"]) == FILES
    flash(board, "--erase")
    assert tree(board) == {}


def test_romfs_of_somebody_else(plugged, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "umqtt.mpy").write_bytes(b"theirs")
    board = plugged(rom=48 << 10)
    board.pull()
    octets = image(tmp_path / "theirs")
    board.rom.write_bytes(octets.ljust(48 << 10, b"\xff"))
    board.plug()
    report = flash(board, "--no-test", "--dry-run")
    assert report["home"] == "/flash/lib" and "umqtt.mpy" in report["note"]
    assert flash(board, "--no-test", "--to", "rom")["home"] == "/rom"


def test_what_does_not_fit(plugged):
    board = plugged(flash=40 << 10, rom=8 << 10)
    said = flash(board, status=5)
    assert "octets free" in said and "--without" in said
    assert "ROMFS partition has 8192" in flash(board, "--to", "rom", status=5)
    assert tree(board) == {}


def test_a_heap_that_is_too_small(plugged):
    said = flash(plugged(heap="56K"), "--syntax", "xml", "--debug", status=4)
    assert "does not fit into the heap" in said and "--without" in said


def test_sms_settings_make_a_client(plugged, secrets):
    board = plugged()
    number = ("--number", "+15553590", "--user", "anna@im.example.com", "--uart", "/dev/null")
    report = flash(board, "--bearer", "sms", *number, "--secrets", secrets, "--modem", "SIM800")
    assert report["selftest"] == "passed" and report["heap"]["with_client"]
    assert "tty" in report["features"] and "wbxml" not in report["features"]


def test_no_port_several_ports_wrong_port(monkeypatch, tmp_path):
    ports = [SimpleNamespace(device=f"/dev/ttyACM{n}", vid=1, description="board") for n in (0, 1)]
    ports.append(SimpleNamespace(device="/dev/ttyS0", vid=None, description="n/a"))
    for found, word in ((ports[2:], "no board"), (ports, "choose one with --port")):
        monkeypatch.setattr(boards.list_ports, "comports", lambda found=found: found)
        done = invoke(cli.app, ["flash"])
        assert (done.exit_code, word in done.stderr) == (3, True)
    assert "/dev/ttyACM0  board" in done.stderr and "ttyS0" not in done.stderr
    monkeypatch.setattr(boards.list_ports, "comports", lambda: ports[:1])
    assert boards.choose() == "/dev/ttyACM0"
    done = invoke(cli.app, ["flash", "--port", str(tmp_path / "ttyUSB0")])
    assert done.exit_code == 3 and "no such device" in done.stderr


def test_another_device_on_the_port(monkeypatch):
    monkeypatch.setattr(boards, "_PATIENCE", 0.2)
    far, near = os.openpty()
    tty.setraw(near)
    done = invoke(cli.app, ["flash", "--port", os.ttyname(near)])
    assert done.exit_code == 3 and "such as a modem" in done.stderr
    os.close(far)
    os.close(near)


def test_versions_that_do_not_fit(plugged, monkeypatch, tmp_path):
    board = plugged()
    with Board(board.device) as there:
        facts = there.facts()
    facts = dataclasses.replace(facts, mpy=5)
    module = contents.chosen(["base"], facts)[0]
    with pytest.raises(FlashError, match="the board takes 5") as caught:
        contents.compiled([module], facts, tmp_path, False)
    assert caught.value.status == 4
    monkeypatch.setattr(boards, "LEAST", (99, 0))
    assert "needs MicroPython 99.0 or later" in flash(board, status=4)


@pytest.mark.parametrize(
    "options, word",
    [
        (["--bearer", "pigeon"], "http, sms, wsp"),
        (["--with", "telepathy"], "choose from async"),
        (["--without", "messaging", "--with", "mailbox"], "needed by what else was chosen"),
        (["--to", "moon"], "auto, rom, files"),
        (["--url", "ftp://x/"], "not an http or https URL"),
        (["--url", "http://x/", "--user", "anna"], "--secrets FILE"),
        (["--bearer", "sms", "--number", "x"], "telephone number"),
        (["--number", "+1", "--bearer", "sms", "--pins", "tx"], "tx=17"),
        (["--number", "+1", "--bearer", "sms", "--modem", "NOKIA"], "SIM800"),
    ],
)
def test_wrong_usage(options, word, plugged):
    device = plugged().device if "mailbox" in options else "/dev/null"
    done = invoke(cli.app, ["flash", "--port", device, *options])
    assert done.exit_code == 2 and word in done.stderr


@pytest.mark.parametrize(
    "last, status, word",
    [
        ("OSError: [Errno 28] ENOSPC", 5, "is full while writing x"),
        ("OSError: 28", 5, "is full"),
        ("MemoryError: memory allocation failed, allocating 64 bytes", 4, "heap is too small"),
        ("OSError: [Errno 30] EROFS", 1, "EROFS"),
    ],
)
def test_what_a_board_complains_about(last, status, word):
    with pytest.raises(FlashError, match=word) as caught, boards._told("writing x"):
        raise TransportExecError(b"", f"Traceback (most recent call last):\r\n{last}\r\n")
    assert caught.value.status == status


def test_a_secret_is_asked_for_without_echo(monkeypatch):
    asked = []
    monkeypatch.setattr(settings.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(
        settings.typer, "prompt", lambda text, **how: asked.append((text, how)) or SECRET
    )
    given = {"url": "http://x/", "user": ANNA, "wifi": "net"}
    made = commands._settings(given, None, None, False, "", 2, "wbxml")
    assert (made.password, made.wifi_key) == (SECRET, SECRET)
    assert [text for text, _ in asked] == ["password", "wifi key"]
    assert all(how["hide_input"] for _, how in asked)


def test_settings_of_an_account(tmp_path):
    path = tmp_path / "account.xml"
    made = provisioned.Account("IM", "http://im.example.com/", "anna@im.example.com", SECRET)
    path.write_bytes(document.to_xml(document.build([made])))
    found = settings.from_account(path)
    assert found["url"] == "http://im.example.com/" and found["user"] == ANNA
    assert settings.Settings(**found).shown()["password"] == "set"
    path.write_bytes(b"nonsense")
    with pytest.raises(FlashError, match="account.xml"):
        settings.from_account(path)


def test_secrets_stay_secret(tmp_path):
    path = tmp_path / "secrets.toml"
    path.write_text(f"password = {SECRET}\n")  # no quotes
    with pytest.raises(FlashError) as caught:
        settings.from_secrets(path)
    assert SECRET not in str(caught.value)


FACTS = boards.Facts("1.29.0", "esp32", "x", "", 6, 1, 1, "/lib", 1, 1, 0, 0, (), True)


def test_the_modules_with_settings():
    given = {"bearer": "sms", "number": "+1555", "profile": "SIM7600", "pin": "1234"}
    made = settings.Settings(**given, pins={"tx": 17, "power": 4}, wifi="net", wifi_key="k")
    text = made.module(FACTS).decode()
    compile(text, "imps.py", "exec")
    pins = "{'power': Pin(4, Pin.OUT), 'tx': 17}"
    assert f"sms(1, '+1555', SIM7600, '1234', None, {pins})" in text
    assert "wlan.connect('net', 'k')" in text
    pico = made.module(dataclasses.replace(FACTS, platform="rp2")).decode()
    assert "'tx': Pin(17)" in pico
    assert "1234" not in str(made.shown()) and "'k'" not in str(made.shown())


def test_features_bring_what_they_import():
    assert contents.complete(["groups"]) >= {"base", "groups", "messaging"}
    assert "presence" in contents.complete(["guidelines"])
    assert "sms" not in contents.complete(["notices"])
    board = dataclasses.replace(FACTS, hashes=False)
    assert "hashes" in contents.features(contents.Choice(), board)
    sms = contents.features(contents.Choice(bearers=("sms",)), board)
    assert "tty" not in sms and "wbxml" not in sms and "pts" in sms
    wsp = contents.features(contents.Choice(bearers=("wsp",)), FACTS)
    assert not {"sms", "pts", "cir", "wtp"} & set(wsp)


def test_image_size(tmp_path):
    for size in (0, 1, 200, 20000):
        (tmp_path / "a.mpy").write_bytes(bytes(size))
        octets = image(tmp_path)
        assert image_size(octets[:8]) == len(octets)
    assert image_size(b"\xff" * 8) == image_size(b"") == image_size(b"\xd2\xcd\x31\x80") == 0


def test_wanted_rom():
    for facts, word in (
        (FACTS, "no ROMFS"),
        (dataclasses.replace(FACTS, rom=10), "takes 20 octets"),
        (dataclasses.replace(FACTS, rom=100, roms=("microimps", "x")), "something else (x)"),
    ):
        used, why = deploy.wanted_rom(facts, bytes(20), "auto")
        assert not used and word in why
    with pytest.raises(FlashError) as caught:
        deploy.wanted_rom(FACTS, bytes(20), "rom")
    assert caught.value.status == 4
