"""CIR between client and service over real sockets: every method, both skins, both runtimes."""

import socket

import pytest
from ends import Friend, board, desktop, printed

from microimps.tools.sim.config import Account, Config
from microimps.tools.sim.server import serve

__all__ = ("board", "desktop")  # fixtures

HEAP = "128K"
ONE, TWO = "wv:anna@im.example.com", "wv:bo@im.example.com"
WORDS = {"STCP": 0x44, "SUDP": 0x45, "WAPUDP": 0x4E, "SHTTP": 0xA5}
EVERY = [(m, w, s) for m in WORDS for w in ("board", "desktop") for s in ("sync", "async")]
SHORT = {
    *(case for case in EVERY if case[0] == "STCP"),
    ("SHTTP", "board", "sync"),
    ("SUDP", "board", "async"),
    ("WAPUDP", "desktop", "sync"),
}
CASES = [pytest.param(*c, marks=() if c in SHORT else pytest.mark.long) for c in EVERY]


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def running():
    users = tuple(Account(name, "kestrel55") for name in ("anna", "bo"))
    with serve(Config(users=users, push_port=free_port())) as running:
        yield running


def requests(running):
    """Collects the names of anna's requests."""
    found = []

    def note(record):
        if record.user == ONE:
            found.append(record.request)

    running.service.on_record = note
    return found


@pytest.mark.parametrize("method, where, skin", CASES)
def test_echo(request, running, method, where, skin):
    found = requests(running)
    start = request.getfixturevalue(where)
    bo = Friend(running.url, TWO, 2, "wbxml")
    process = start(
        *(HEAP, "echo", skin, ONE, "-", running.url, method),
        *(free_port(), running.service.config.push_port),
    )
    try:
        for text in ("a", "b", "c"):
            bo.client.send(ONE, text)  # the first may wait for the login
            assert bo.next("message", process).text == text
        bo.client.send(ONE, "stop")
        lines = printed(process)
    finally:
        process.kill()
        bo.client.logout()
        bo.client.close()
    assert lines == [f"heard 4 method {WORDS[method]} True", "done"]
    assert 2 <= found.count("Polling-Request") < 12, found
