"""Clients on MicroPython and on CPython meet in the simulated service, over real sockets."""

import os
import re
import subprocess
import sys
import time

import pytest

from conftest import ROOT
from microimps import Client
from microimps.ports import http
from microimps.tools.sim.config import Account, Config
from microimps.tools.sim.server import serve
from microimps.tools.stage import compile_file

DEVICE = ROOT / "tests" / "device"
SECONDS = 30
VERSIONS = (1, 2, 3)
SYNTAXES = ("wbxml", "xml")
# the smallest that works on the 64-bit binary and a tenth
CONVERSATION_HEAP = {"wbxml": "96K", "xml": "112K"}
CONTACTS_HEAP = {"wbxml": "66K", "xml": "104K"}
MANY = 10_000


@pytest.fixture(scope="module")
def service():
    users = tuple(Account(name, "kestrel55") for name in ("anna", "bo", "few", "many"))
    with serve(Config(users=users, contacts={"few": 10, "many": MANY})) as running:
        yield running


@pytest.fixture(scope="module")
def board(micropython, staged):
    """Start a script of tests/device on MicroPython, as .mpy: board(heap, name, *arguments)."""
    folder = ROOT / "build" / "device" / "scripts"
    for source in DEVICE.glob("*.py"):
        compile_file(source, folder / (source.stem + ".mpy"), source.name, opt=3)
    path = os.pathsep.join((str(staged), str(folder), ".frozen"))

    def start(heap, name, *arguments):
        return subprocess.Popen(
            [micropython, "-X", f"heapsize={heap}", "-m", name, *map(str, arguments)],
            env={**os.environ, "MICROPYPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture(scope="module")
def desktop():
    """The same on CPython."""

    def start(heap, name, *arguments):
        return subprocess.Popen(
            [sys.executable, DEVICE / f"{name}.py", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def printed(process):
    """What the script printed; it must have ended well."""
    try:
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, output
    return output.splitlines()


class Friend:
    """A client on CPython in this process, at the other end of what a script does."""

    def __init__(self, url, address, version, syntax):
        self.client = Client(http(url), address, "kestrel55", version=version, syntax=syntax)
        self.client.login()
        self.waiting = []

    def next(self, kind, process):
        """The next event of this kind."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self.waiting += self.client.events(0)
            for event in self.waiting:
                if event.kind == kind:
                    self.waiting.remove(event)
                    return event
            assert process.poll() in (None, 0), process.communicate()
            time.sleep(0.03)
        process.kill()
        raise AssertionError(f"no {kind}: {process.communicate()}")


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("where", ["board", "desktop"])
def test_conversation(request, service, where, version, syntax):
    start = request.getfixturevalue(where)
    one, two = "wv:anna@im.example.com", "wv:bo@im.example.com"
    friend = Friend(service.url, two, version, syntax)
    bo = friend.client
    bo.update_presence(online=True, availability="AVAILABLE", text="Hi <there>")
    process = start(
        CONVERSATION_HEAP[syntax], "conversation", service.url, version, syntax, one, two
    )
    try:
        message = friend.next("message", process)
        assert message.sender == one and message.text == "from the board: hé <you> & €"
        bo.subscribe([one])
        presence = friend.next("presence", process)
        assert presence.user == one and presence.shown() == "busy"
        assert presence.text == "Out & about"
        for text in ("x", "hé <you> & \U0001f600 " * 20):
            assert bo.send(one, text)
            echo = friend.next("message", process)
            assert echo.text == text and echo.type == "text/plain" and echo.date
            bo.update_presence(text="Back & ready")
        bo.send(one, "stop")
        lines = printed(process)
    finally:
        process.kill()
    assert f"list True [('{two}', 'Bo')]" in lines and "sent True" in lines
    assert "report 200" in lines and lines[-1] == "done"
    assert f"presence {two} available Hi <there>" in lines
    assert f"presence {two} available Back & ready" in lines
    assert sum(line.startswith(f"message {two}") for line in lines) == 2
    assert friend.next("presence", process).shown() == "offline"
    bo.logout()
    bo.close()


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_long_list_in_the_heap_of_a_short_one(service, board, version, syntax):
    for user, count in (("few", 10), ("many", MANY)):
        process = board(CONTACTS_HEAP[syntax], "contacts", service.url, version, syntax, user)
        octets = count * (len("wv:contact00001@im.example.com") + len("Contact 00001"))
        assert printed(process) == [f"{count} {octets}"]


def test_a_long_list_on_a_desktop(service, desktop):
    for syntax in SYNTAXES:
        process = desktop(None, "contacts", service.url, 2, syntax, "many")
        assert re.match(rf"{MANY} \d+$", printed(process)[0])


def test_digest_login_from_the_board(micropython, board):
    accounts = (Account("few", "kestrel55"),)
    for scheme in ("SHA", "MD5"):
        with serve(
            Config(users=accounts, contacts={"few": 3}, digest_only=True, schemes=(scheme,))
        ) as running:
            lines = printed(
                board(CONTACTS_HEAP["wbxml"], "contacts", running.url, 2, "wbxml", "few")
            )
            assert lines[0].startswith("3 ")
