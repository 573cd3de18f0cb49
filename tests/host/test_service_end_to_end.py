"""Segments, versions, several sessions, system messages, notifications, the guidelines: clients
and the simulated service over real sockets.
"""

import asyncio
import contextlib
import itertools

import pytest
from ends import board, printed

from microimps import AsyncClient, Client, LocalError, StatusError
from microimps.ports import http
from microimps.tools.sim import Account, Config, Room, announcements
from microimps.tools.sim.elements import freeze, node
from microimps.tools.sim.server import serve
from microimps.tools.sim.store import Entity, User

__all__ = ("board",)  # fixture

PASSWORD = "kestrel55"
SYNTAXES = ("wbxml", "xml")
DOMAIN = "@im.example.com"
ANNA, BO = "wv:anna" + DOMAIN, "wv:bo" + DOMAIN
VERSIONS = ("1.1", "1.2", "1.3")
MOST = 1024
# the smallest that works on the 64-bit binary and a tenth
HEAP = {"wbxml": "62K", "xml": "84K"}
# contacts, blocked users, members of a group, presences
LONG = 10_000, 5_000, 1_000, 500
MANY = 10_000, 500, 200, 100
PART = 200, 100, 50, 25
SHORT = 10, 5, 5, 5
_CLIENTS = itertools.count()


def told(user, **options):
    """Who a client is: each is an installation of its own."""
    options.setdefault("client", f"test{next(_CLIENTS)}")
    return f"wv:{user}{DOMAIN}", PASSWORD, options


def online(running, user="anna", version=3, syntax="wbxml", **options):
    """A client that has logged in."""
    who, password, options = told(user, **options)
    c = Client(http(running.url), who, password, version, syntax, **options)
    c.login()
    return c


def accounts(*names):
    return tuple(Account(name, PASSWORD) for name in names)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    logo = tmp_path_factory.mktemp("logo") / "logo.png"
    logo.write_bytes(bytes(range(256)) * 3)
    about = {"description": "Chat & more " * 30, "url": "http://x/?a&b", "logo": str(logo)}
    with serve(Config(users=accounts("anna", "bo", "cy"), **about)) as running:
        yield running


@pytest.fixture
def start(service):
    """Log in clients; they are logged out when the test is over."""
    clients = []

    def begin(*args, **options):
        clients.append(online(service, *args, **options))
        return clients[-1]

    yield begin
    for c in clients:
        if c.session.id:
            c.logout()
        c.close()


# Long answers


def seeded(sizes, name):
    contacts, _, members, near = sizes
    crowd = {f"contact{n:05}": "User" for n in range(1, members + 1)}
    listed = tuple(f"wv:contact{n:05}" for n in range(1, near + 1))
    return Account(name, PASSWORD, lists={"near": listed}), Room(f"{name}/room", members=crowd)


def block(db, name, count):
    user = db.query(User).filter_by(key=f"wv:{name}{DOMAIN}").one()
    for n in range(count):
        entity = node("UserID", f"wv:stranger{n:05}{DOMAIN}")
        frozen = freeze(entity)
        about = {"which": "BlockList", "kind": "UserID", "key": entity.text, "frozen": frozen}
        db.add(Entity(owner_id=user.id, **about))


@contextlib.contextmanager
def crowded(**sizes):
    """A service; sizes: user -> so many of everything."""
    users, rooms = zip(*(seeded(each, name) for name, each in sizes.items()), strict=True)
    contacts = {name: each[0] for name, each in sizes.items()}
    with serve(Config(users=users, contacts=contacts, groups=rooms)) as running:
        with running.service.store.begin() as db:
            for name, each in sizes.items():
                block(db, name, each[1])
        yield running


@pytest.fixture(scope="module")
def crowd():
    with crowded(many=MANY, part=PART, short=SHORT) as running:
        yield running


def read(running, board, syntax, name, sizes):
    """All that is long, by a client that takes 1,024 octets at a time, on MicroPython."""
    contacts, blocked, members, near = sizes
    lines = printed(board(HEAP[syntax], "segments", running.url, syntax, MOST, name), 300)
    assert lines == [
        f"contacts {contacts}",
        f"blocked {blocked}",
        f"members {members + 1}",
        f"presence {near}",
    ]
    assert not any(each.segments for each in running.service.sessions)


@pytest.mark.parametrize(
    "syntax, name, sizes",
    [
        ("wbxml", "short", SHORT),
        ("wbxml", "many", MANY),
        ("xml", "short", SHORT),
        # three contacts fit into a segment: each is escaped, and its message is 650 octets
        ("xml", "part", PART),
    ],
)
def test_long_answers_in_the_heap_of_short_ones(crowd, board, syntax, name, sizes):
    read(crowd, board, syntax, name, sizes)


@pytest.mark.long
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_all_of_a_long_answer(board, syntax):
    with crowded(long=LONG) as running:
        read(running, board, syntax, "long", LONG)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_message_is_larger_than_the_client_can_read(crowd, syntax):
    sizes = []
    crowd.service.on_record = lambda record: sizes.append(record.sent)
    who, password, options = told("part")
    c = Client(http(crowd.url, most=MOST), who, password, 3, syntax, **options)
    try:
        c.login()
        sizes.clear()  # before, the service does not know
        assert len(list(c.contacts("friends"))) == PART[0]
        assert len(list(c.blocked())) == PART[1]
        c.logout()
    finally:
        crowd.service.on_record = lambda record: None
    assert len(sizes) > 8 and 900 < max(sizes) <= MOST


def test_segments_in_asyncio_beside_other_tasks(crowd):
    async def main():
        who, password, options = told("part")
        c = AsyncClient(http(crowd.url, most=MOST), who, password, 3, **options)
        await c.login()
        found = [user async for user, _ in c.contacts("friends")]
        async for _ in c.contacts("friends"):  # left: dropped with the next request
            break
        assert await c.keep_alive() == 200
        await c.logout()
        await c.close()
        return found

    assert len(asyncio.run(main())) == PART[0]
    assert not any(each.segments for each in crowd.service.sessions)


def test_without_segments_a_long_answer_is_refused(crowd):
    """Version 1.2 has none."""
    who, password, options = told("part")
    c = Client(http(crowd.url, most=MOST), who, password, 2, **options)
    c.login()
    with pytest.raises(StatusError) as refused:
        list(c.contacts("friends"))
    assert refused.value.args[0] == 432
    assert c.keep_alive() == 200
    c.logout()


# Versions


@pytest.fixture(scope="module", params=VERSIONS)
def limited(request):
    """A service of one version."""
    with serve(Config(users=accounts("anna"), versions=(request.param,))) as running:
        yield running, VERSIONS.index(request.param) + 1


@pytest.mark.parametrize("newest", (1, 2, 3))
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_client_and_service_of_all_versions(limited, newest, syntax):
    """The client steps down as far as it must, or says that it is too old; on both skins."""
    running, spoken = limited
    who, password, options = told("anna")
    c = Client(http(running.url), who, password, newest, syntax, **options)
    if newest > 1:
        assert c.versions() == [spoken]
    if newest < spoken:
        for _ in "12":
            with pytest.raises(StatusError) as refused:
                c.login()
            assert refused.value.args[0] == 505 and c.session.id is None
        assert "version" in str(refused.value)
        return

    c.login()
    assert c.session.w.version == spoken
    assert len(list(c.lists())) == 0 and c.session.id
    c.send(who, "to myself")
    assert [event.text for event in c.events(0)] == ["to myself"]
    c.logout()
    c.close()

    async def main():
        c = AsyncClient(http(running.url), who, password, newest, syntax, **options)
        await c.login()
        assert c.session.w.version == spoken
        assert [each async for each in c.lists()] == []
        await c.logout()
        await c.close()

    asyncio.run(main())


# About the service


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_the_service_says_of_itself(service, syntax):
    who, password, options = told("anna")
    c = Client(http(service.url), who, password, 3, syntax, **options)
    about = c.service_info()
    assert about["name"] == "microimps simulated service" and about["url"] == "http://x/?a&b"
    assert about["text"] == "Chat & more " * 30
    assert about["type"] == "image/png" and about["logo"] == bytes(range(256)) * 3
    c.login()
    assert c.service_info() == about and c.versions() == [1, 2, 3]
    assert c.extended("<vendor> & data") == "<vendor> & data"
    c.logout()


# Sessions


@pytest.mark.parametrize("version", (1, 2, 3))
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_session_goes_on(service, start, version, syntax):
    who, password, options = told("anna")
    first = Client(http(service.url), who, password, version, syntax, **options)
    first.login()
    first.close()  # such as a board without power
    again = Client(http(service.url), who, password, version, syntax, **options)
    bo = start("bo", version, syntax)
    bo.send(ANNA, "meanwhile")
    assert again.login(resume=first.session.id) is True
    assert [event.text for event in again.events(0)] == ["meanwhile"]
    again.logout()
    assert again.login(resume=first.session.id) is False
    assert again.session.id != first.session.id
    again.logout()


def texts(*clients):
    return [[event.text for event in c.events(0)] for c in clients]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_several_sessions_of_a_user(start, syntax):
    bo = start("bo", 3, syntax)
    low = start("anna", 3, syntax, wishes={"priority": 1})
    high = start("anna", 3, syntax, wishes={"priority": 5})
    assert low.session.id != high.session.id and low.keep_alive() == 200
    bo.send(ANNA, "to the first")
    assert texts(low, high) == [[], ["to the first"]]
    high.logout()
    bo.send(ANNA, "to who is left")
    assert texts(low) == [["to who is left"]]
    all_ = start("anna", 3, syntax, wishes={"priority": 5, "online": "FORKALL"})
    bo.send(ANNA, "to all")
    assert texts(low, all_) == [["to all"]] * 2
    all_.logout()
    last = start("anna", 3, syntax, wishes={"priority": 5, "online": "DETECT"})
    low.keep_alive()
    bo.send(ANNA, "to who was heard last")
    assert texts(low, last) == [["to who was heard last"], []]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_messages_while_the_user_is_away(start, syntax):
    bo = start("bo", 3, syntax)
    start("anna", 3, syntax, wishes={"offline": "SENDREJECT"}).logout()
    with pytest.raises(StatusError) as refused:
        bo.send(ANNA, "lost")
    assert refused.value.args[0] == 533
    start("anna", 3, syntax, wishes={"offline": "SENDSTORE"}).logout()
    bo.send(ANNA, "kept")
    assert texts(start("anna", 3, syntax)) == [["kept"]]


# Notifications


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_notifications_between_the_sessions_of_a_user(start, syntax):
    one = start("cy", 3, syntax)
    one.subscribe_notifications("CLCR", "CLC", "CLD", "BLC", "SPA", "OEU")
    two = start("cy", 3, syntax, wishes={"priority": 7, "online": "FORKALL"})
    work = two.create_list("work")
    two.add_contact(work, BO, "Bo")
    two.block(BO)
    two.block(remove=(BO,))
    two.delete_list(work)
    found = [(event.kind, event.name, event.values) for event in one.events(0)]
    lists = {"lists": [work]}
    assert found == [
        ("notification", *each)
        for each in (
            ("SPA", {"priority": "7"}),
            ("OEU", {"online": "FORKALL"}),
            ("CLCR", lists),
            ("CLC", lists),
            ("BLC", {}),
            ("CLD", lists),
        )
    ]
    one.unsubscribe_notifications("CLCR")
    two.create_list("work")
    two.delete_list("work")
    assert [event.name for event in one.events(0)] == ["CLD"]
    with pytest.raises(StatusError) as refused:
        one.subscribe_notifications("XYZ")
    assert refused.value.args[0] == 402


# System messages


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_announcement_is_answered(service, start, syntax):
    anna, bo, cy = start("anna", 3, syntax), start("bo", 3, syntax), start("cy", 2, syntax)
    said = "The service rests tonight & will be back. " * 10
    identity = announcements.announce(service.service, said, ("Fine", "Oh no"))
    (message,) = anna.events(0)
    assert (message.kind, message.id, message.text) == ("system", identity, said)
    assert message.wanted and message.options == [(1, "Fine"), (2, "Oh no")]
    anna.respond(message.id, 2)
    assert service.service.answers[identity, ANNA] == (2, "")
    with pytest.raises(StatusError) as refused:
        bo.respond(identity, 3)
    assert refused.value.args[0] == 402
    assert list(cy.events(0)) == []  # 1.2 has none


@pytest.fixture(scope="module")
def strict():
    """Terms of use, and a puzzle for those that it does not know."""
    terms = "Be kind to one another & to the service. " * 10
    config = Config(
        users=accounts("anna"),
        register=True,
        terms=terms,
        puzzle=("2 + 2", "4"),
        issue_passwords=True,
    )
    with serve(config) as running:
        yield running, terms


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("schemes", ((), ("SHA",)))
def test_terms_of_use(syntax, schemes):
    config = Config(users=accounts("anna"), terms="Be kind & brief. " * 20)
    with serve(config) as running:
        who, password, options = told("anna")
        c = Client(http(running.url), who, password, 3, syntax, schemes=schemes, **options)
        for answers in ((), (("terms", 2, None),)):  # not read, and refused
            with pytest.raises(StatusError) as refused:
                c.login(answers=answers)
            assert refused.value.args[0] == 403 and c.session.id is None
            (message,) = c.events(0)
            assert message.text == config.terms
        accepted = [number for number, text in message.options if text == "Accept"]
        c.login(answers=((message.id, accepted[0], None),))
        c.logout()
        c.login()  # once is enough
        c.logout()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_registration(strict, syntax):
    """A new user solves the puzzle, and gets a password of the service."""
    running, terms = strict
    _, _, options = told("")
    who = f"wv:New{syntax}"
    c = Client(http(running.url), who, "", 3, syntax, schemes=(), **options)
    with pytest.raises(StatusError):
        c.login()
    asked, puzzle = c.events(0)
    assert asked.text == terms and puzzle.verify == "2 + 2" and puzzle.wanted
    with pytest.raises(StatusError):
        c.login(answers=((asked.id, 1, None), (puzzle.id, None, "5")))
    (puzzle,) = c.events(0)
    c.login(answers=((asked.id, 1, None), (puzzle.id, None, "4")))
    assert c.session.user.lower() == who.lower() + DOMAIN and len(c.session.password) == 12
    c.logout()
    again = Client(http(running.url), c.session.user, c.session.password, 3, syntax, **options)
    again.login()
    again.logout()


# The guidelines


@pytest.mark.parametrize("version", (1, 2, 3))
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_idle_nudge_and_typing(start, version, syntax):
    anna = start("anna", version, syntax, wishes={"private": True})
    bo = start("bo", version, syntax, wishes={"private": True})
    anna.update_presence(UserAvailability="AVAILABLE")
    bo.subscribe((ANNA,), names=("UserAvailability",))
    list(bo.events(0))

    def shown():
        return [event.get("UserAvailability") for event in bo.events(0)]

    chosen = anna.idle()
    assert chosen == "AVAILABLE" and shown() == ["DISCREET"]
    anna.active(chosen)
    assert shown() == ["AVAILABLE"]
    bo.unsubscribe((ANNA,))
    anna.nudge(BO)
    anna.typing(BO)
    nudge, typing = bo.events(0)
    assert nudge.type == "application/vnd.microimps.nudge" and nudge.content == b""
    assert typing.type == "application/vnd.microimps.typing" and typing.sender == ANNA
    plain = start("cy", version, syntax)
    with pytest.raises(LocalError):
        plain.nudge(BO)


def test_an_installation_is_told_from_others(service, start):
    """CLIENT-ID: the same one again takes the place of the session before."""
    first = online(service, "anna", client="WV:microimps1#00001@acme.thing")
    other = start("anna", client="WV:microimps1#00002@acme.thing")
    again = start("anna", client="wv:MICROIMPS1#00001@acme.thing")
    assert other.keep_alive() == again.keep_alive() == 200
    assert service.service.sessions.get(first.session.id) is None


def test_a_user_known_by_a_telephone(service):
    """SMS users: the address is made of the number."""
    number = "wv:+4915550100"
    with serve(Config(users=(Account("+4915550100", PASSWORD), *accounts("bo")))) as running:
        c = Client(http(running.url), number, PASSWORD, 2, client="+4915550100")
        c.login()
        bo = online(running, "bo", 2)
        bo.send(number + DOMAIN, "to the phone")
        assert texts(c) == [["to the phone"]]
        c.logout()
        bo.logout()
