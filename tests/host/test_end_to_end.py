"""Clients on MicroPython and on CPython meet in the simulated service, over real sockets."""

import re

import pytest
from ends import Friend, board, desktop, printed

from microimps.tools.sim.config import Account, Config
from microimps.tools.sim.server import serve

__all__ = ("board", "desktop")  # fixtures

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


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("where", ["board", "desktop"])
def test_conversation(request, service, where, version, syntax):
    start = request.getfixturevalue(where)
    one, two = "wv:anna@im.example.com", "wv:bo@im.example.com"
    friend = Friend(service.url, two, version, syntax)
    bo = friend.client
    bo.update_presence(OnlineStatus=True, UserAvailability="AVAILABLE", StatusText="Hi <there>")
    process = start(
        CONVERSATION_HEAP[syntax], "conversation", service.url, version, syntax, one, two
    )
    try:
        message = friend.next("message", process)
        assert message.sender == one and message.text == "from the board: hé <you> & €"
        bo.subscribe([one])
        presence = friend.next("presence", process)
        assert presence.user == one and presence.shown() == "busy"
        assert presence.get("StatusText") == "Out & about"
        for text in ("x", "hé <you> & \U0001f600 " * 20):
            assert bo.send(one, text)
            echo = friend.next("message", process)
            assert echo.text == text and echo.type == "text/plain" and echo.date
            bo.update_presence(StatusText="Back & ready")
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
