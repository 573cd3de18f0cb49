"""The watch over every message (tests/watch.py) is blind nowhere: it sees both ends in every
version and syntax, over every bearer, in other processes and inside segments, and tells what is
wrong.
"""

import json

import pytest
from ends import desktop, printed
from modem_peer import run
from peer import how, online, status
from sim_client import KINDS, SYNTAXES, Client, make_service
from test_sms_bearer import make as make_sms
from test_wsp import online as online_over_wsp
from watch import CLIENT_READS, CLIENT_SENDS, SERVICE_READS, SERVICE_SENDS, Watch, watch

from microimps import Client as Plain
from microimps.primitives import access
from microimps.sms_bearer import outgoing
from microimps.tools.sim import Account, Config, exchange
from microimps.tools.sim.call import Handler
from microimps.tools.sim.elements import node
from microimps.tools.sim.server import serve

__all__ = ("desktop",)  # fixture

ANNA = "wv:anna@im.example.com"
REQUEST = 0x20
NUMBERS = {"1.1": 1, "1.2": 2, "1.3": 3}


def seen(who, element, version):
    """The syntaxes in which an element was seen in the test that runs."""
    return watch.seen[who, element, version].get(watch.test, set())


def complaints():
    """What the test would fail for; now it does not."""
    found = list(dict.fromkeys(watch.broken))
    watch.broken.clear()
    return found


@pytest.fixture
def scripted():
    """A client that is online with a scripted peer: scripted(version, syntax, script)."""

    def start(version, syntax, script, **options):
        how.syntax = syntax
        return online(script, NUMBERS[version], **options)[0]

    yield start
    how.syntax = "wbxml"


@pytest.fixture
def nameless(monkeypatch):
    """DeleteList-Request with something else in place of the list."""
    from microimps.primitives import lists

    def write(w, name):
        w.start(lists._DeleteListRequest)
        w.leaf(lists._Name, name)
        w.end()

    monkeypatch.setattr(lists, "_delete", write)


BROKEN = "client sends: {path}/DeleteList-Request: Name; version {version} wants ContactList"
PATH = "/WV-CSP-Message/Session/Transaction/TransactionContent"


@pytest.mark.parametrize("version, syntax", KINDS)
@pytest.mark.parametrize("size", [64, 4096])
def test_client(scripted, version, syntax, size):
    """size: of the window, so that a message goes out in several or in one."""
    c = scripted(version, syntax, [status()], size=size)
    c.delete_list("a" * 50)
    for who, element in (
        (CLIENT_SENDS, "DeleteList-Request"),
        (CLIENT_SENDS, "Login-Request"),
        (CLIENT_READS, "KeepAliveTime"),
        (CLIENT_READS, "Status"),
    ):
        assert seen(who, element, version) == {syntax}, element


@pytest.mark.parametrize("version, syntax", KINDS)
def test_a_broken_client(scripted, nameless, version, syntax):
    c = scripted(version, syntax, [status()])
    c.delete_list("x")
    assert complaints() == [BROKEN.format(path=PATH, version=version)]


def test_client_over_wsp(nameless):
    c, _ = online_over_wsp([status()])
    c.delete_list("x")
    assert seen(CLIENT_SENDS, "Login-Request", "1.2") == {"wbxml"}
    assert complaints() == [BROKEN.format(path=PATH, version="1.2")]


@pytest.mark.parametrize("version, syntax", KINDS)
def test_service(version, syntax):
    """What it answers, and what it asks when it is polled."""
    service = make_service()
    alice = Client(service, version=version, syntax=syntax)
    bob = Client(service, "bob", version, syntax, "test-2")
    for each in (alice, bob):
        each.login()
        each.capabilities()
    alice.send("bob")
    assert [each.tag for each in bob.drain()] == ["NewMessage"]
    assert seen(SERVICE_SENDS, "Login-Response", version) == {syntax}
    assert seen(SERVICE_SENDS, "NewMessage", version) == {syntax}
    assert seen(SERVICE_READS, "SendMessage-Request", version) == {syntax}
    assert not seen(CLIENT_SENDS, "SendMessage-Request", version)  # written by the test


@pytest.mark.parametrize("version, syntax", KINDS)
def test_a_broken_service(monkeypatch, version, syntax):
    def twice(call):
        return node("KeepAlive-Response", node("Result", node("Code", 200)), node("Result"))

    monkeypatch.setitem(exchange.HANDLERS, "KeepAlive-Request", Handler(twice))
    alice = Client(make_service(), version=version, syntax=syntax)
    alice.login()
    alice.post("KeepAlive-Request", node("TimeToLive", 600))
    one, two = complaints()
    wanted = f"Result;Result; version {version} wants Result, KeepAliveTime?"
    assert one == f"service sends: {PATH}/KeepAlive-Response: {wanted}"
    assert two.endswith("/Result: nothing; version " + two.partition("; version ")[2])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_goes_out_in_segments(monkeypatch, syntax):
    """The whole of an answer, of which a message holds only a slice."""

    def members(call):
        users = [node("User", node("UserID", f"wv:contact{n:03}")) for n in range(100)]
        return node("GetGroupMembers-Response", node("UserList", *users), node("Admin"))

    monkeypatch.setitem(exchange.HANDLERS, "GetGroupMembers-Request", Handler(members))
    alice = Client(make_service(), version="1.3", syntax=syntax)
    alice.login()
    leaf = node("FundamentalFeat", node("ServiceFunc", node("SGMNT")))
    functions = node("Functions", node("WVCSPFeat", leaf))
    alice.post("Service-Request", functions, node("AllFunctionsRequest", "F"))
    alice.capabilities(ParserSize="1024")
    complaints()  # of the test's own order of capabilities, if the service echoes it
    answer = alice.post("GetGroupMembers-Request", node("GroupID", "wv:/x"))
    assert answer.tag == "GetSegment-Response"
    assert seen(SERVICE_SENDS, "GetGroupMembers-Response", "1.3") == {syntax}
    assert complaints()[0].startswith("service sends: /GetGroupMembers-Response: UserList;Admin")


@pytest.mark.parametrize("length", [20, 300])
def test_client_over_sms(length):
    """In one part and in several, of which each begins like the message."""
    bearer, modem, _ = make_sms()
    c = Plain(bearer, ANNA, "x" * length, 3, "pts", schemes=())
    s = c.session
    s.cookie = "c1"
    s.out = (access._login, (s, s.password, None, (), None, ()), "1", REQUEST, None)
    run(outgoing.message(bearer, s), bearer.io, modem)
    assert len(modem.pdus) > length // 150
    assert seen(CLIENT_SENDS, "Login-Request", "1.3") == {"pts"}


def test_service_over_sms():
    """Its answers, and what it says unasked."""
    service = make_service()
    alice = Client(service, version="1.3", syntax="pts")
    alice.login()
    assert seen(SERVICE_READS, "Login-Request", "1.3") == {"pts"}
    assert seen(SERVICE_SENDS, "Login-Response", "1.3") == {"pts"}
    session = service.sessions.get(alice.session_id)
    with service.store.begin() as db:
        service.end(db, session, 601)
    assert service.push(session)
    assert seen(SERVICE_SENDS, "Disconnect", "1.3") == {"pts"}


def test_a_client_in_another_process(desktop):
    with serve(Config(users=(Account("few", "kestrel55"),), contacts={"few": 3})) as running:
        assert printed(desktop(None, "contacts", running.url, 2, "wbxml", "few"))
    assert seen(CLIENT_SENDS, "GetList-Request", "1.2") == {"wbxml"}
    assert seen(SERVICE_SENDS, "GetList-Response", "1.2") == {"wbxml"}


def test_what_is_told_to_another_worker():
    """pytest-xdist: what one worker saw, and the same through the other's ears, is one page."""
    one, two, whole = Watch(), Watch(), Watch()
    for each, test in ((one, "tests/a.py::test_a[1]"), (two, "tests/b.py::test_b")):
        each.begin(test, False)
        for watcher in (each, whole):
            watcher.test = test
            watcher.note(CLIENT_SENDS, {"UserID", test[6]}, "1.2", "xml")
            watcher.note(CLIENT_SENDS, {"UserID"}, "1.3", "wbxml" if test[6] == "a" else "pts")
    ears = Watch()
    for each in (two, one):
        ears.hear(json.loads(json.dumps(each.told())))
    assert ears.rows() == whole.rows()
    assert ears.rows()[0] == ("UserID", CLIENT_SENDS, "", "xml", "pts wbxml", "a.py::test_a")
