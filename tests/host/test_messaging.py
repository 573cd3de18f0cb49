"""Messages, access control and contact lists between clients and the service, over sockets."""

import asyncio
import re

import pytest
from ends import board, login

from microimps import AsyncClient, Client, StatusError
from microimps.ports import http
from microimps.tools.sim import Account, Config, serve

__all__ = ("board", "login")  # fixtures

DOMAIN = "@im.example.com"
ANNA, BO, CY = (f"wv:{name}{DOMAIN}" for name in ("anna", "bo", "cy"))
GROUP = f"wv:/chess{DOMAIN}"
SYNTAXES = ("wbxml", "xml", "pts")
VERSIONS = (1, 2, 3)
BLOCKED_HEAP = {"wbxml": "66K", "xml": "104K"}
MANY = 5_000


@pytest.fixture
def service():
    users = tuple(Account(name, "kestrel55") for name in ("anna", "bo", "cy", "few", "many"))
    with serve(Config(users=users)) as running:
        yield running


def events(client, kind):
    return [each for each in client.events(0) if each.kind == kind]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_mailbox(login, version, syntax):
    anna = login(ANNA, version, syntax)
    bo = login(BO, version, syntax, push=False)
    font = ("Big", "Bold", "Red")
    first = anna.send(
        BO, "hé & <you>", report=True, validity=90, name="a.txt", font=font, uri="http://h/x"
    )
    (notice,) = events(bo, "notice")
    assert (notice.id, notice.sender, notice.to, notice.size) == (first, ANNA, BO, 11)
    assert notice.validity == 90 and notice.uri == "http://h/x" and notice.content is None
    assert (notice.name, notice.font) == (("a.txt", font) if version == 3 else (None, ()))
    second, third = (anna.send(BO, text, report=True) for text in ("to cy", "unwanted"))
    assert [each.id for each in bo.messages()] == [first, second, third]
    assert bo.session.number == (3 if version == 3 else None)
    assert [each.id for each in bo.messages(count=1)] == [first]

    assert b"".join(bo.fetch(first)).decode() == "hé & <you>"
    cy = login(CY, version, syntax)
    forwarded = bo.forward(second, CY)
    (message,) = events(cy, "message")
    assert (message.text, message.sender) == ("to cy", BO)
    assert forwarded == (message.id if version == 3 else None)
    assert bo.reject(third) == []
    with pytest.raises(StatusError, match="426"):
        bo.reject(third)
    assert list(bo.messages()) == []
    reports = events(anna, "report")
    assert [(each.id, each.code) for each in reports] == [
        (first, 200),
        (second, 541),
        (third, 538),
    ]
    assert all(each.to == BO and each.date for each in reports)

    list(bo.events(0))
    bo.delivery_method(True)
    octets = bytes(range(256))
    anna.send(BO, octets, "image/gif")
    anna.send(BO, "ÿ€".encode("utf-16"), "text/plain; charset=utf-16")
    picture, text = events(bo, "message")
    assert (picture.content, picture.type, picture.size) == (octets, "image/gif", 256)
    assert text.text == "ÿ€"
    bo.delivery_method(True, 10)
    anna.send(BO, "0123456789")
    anna.send(BO, "0123456789+")
    assert [each.kind for each in bo.events(0)] == ["message", "notice"]
    bo.reject(*(each.id for each in bo.messages()))


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
def test_who_may_reach_the_user(login, version, syntax):
    anna, bo = login(ANNA, version, syntax), login(BO, version, syntax)
    entities = [("user", BO), ("screen", GROUP, "Bee"), ("group", GROUP)]
    if version == 3:
        entities += [("list", f"wv:anna/bores{DOMAIN}"), ("application", "game")]
    anna.block(entities[::-1], use=True)
    assert list(anna.blocked()) == [("block", each) for each in entities]
    assert anna.session.used == {"block": True, "grant": False}
    with pytest.raises(StatusError, match="532"):
        bo.send(ANNA, "hello?")
    anna.block(remove=entities)
    assert list(anna.blocked()) == [] and bo.send(ANNA, "hello")
    anna.grant(CY, use=True)
    with pytest.raises(StatusError, match="532"):
        bo.send(ANNA, "hello?")
    anna.grant(whole=(BO,))
    assert list(anna.blocked()) == [("grant", ("user", BO))] and bo.send(ANNA, "hello again")
    anna.grant(whole=(), use=False)
    assert [each.text for each in events(anna, "message")] == ["hello", "hello again"]
    failed = anna.block((CY, "wv:nobody"))
    assert failed == ([531, "wv:nobody"] if syntax != "pts" else [])  # PTS has no place for it
    anna.block(whole=())


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
def test_contact_lists(login, version, syntax):
    anna, bo = login(ANNA, version, syntax), login(BO, version, syntax)
    friends, work = (anna.create_list(name, name.title()) for name in ("friends", "work"))
    hidden = anna.create_list("~PEP1.0_subscriptions")
    assert set(anna.lists()) == {friends, work} and anna.session.default == friends
    anna.default_list("work")
    assert set(anna.lists()) == {friends, work} and anna.session.default == work
    members = ((BO, "Bo"), (CY, ""), ("wv:nobody", ""))
    failed = anna.add_contact(None, members, grant=True)
    assert failed == ([531, "wv:nobody"] if syntax != "pts" else [])
    assert list(anna.contacts()) == [(BO, "Bo"), (CY, "")]
    anna.add_contact("work", BO, "Bobby")  # there already: a new nick
    anna.rename_list("work", "At work")
    assert list(anna.contacts(work)) == [(BO, "Bobby"), (CY, "")]
    assert anna.session.title == "At work"
    anna.send(work, "to all at work")
    assert [each.text for each in events(bo, "message")] == ["to all at work"]
    anna.remove_contact("work", members[:2])
    assert list(anna.contacts("work")) == []
    for name in (friends, work, hidden):
        anna.delete_list(name)
    with pytest.raises(StatusError, match="700"):
        list(anna.contacts("work"))


def test_the_lists_of_two_sessions(service):
    """What one session changes the other hears of, and reads again."""
    here, there = (
        Client(http(service.url), ANNA, "kestrel55", version=3, client=each)
        for each in ("here", "there")
    )
    for client in (here, there):
        client.login()
        client.subscribe_notifications("CLC", "CLCR", "CLD", "BLC", "GLUC")
    friends = here.create_list("friends")
    here.add_contact(friends, BO, "Bo")
    for kind in ("CLCR", "CLC"):
        news = next(there.events(0))
        assert (news.name, news.values) == (kind, {"lists": [friends]})
        assert list(there.contacts(news.values["lists"][0])) == [(BO, "Bo")]
    here.delete_list(friends)
    here.block(CY)
    here.grant(use=True)
    assert [each.name for each in there.events(0)] == ["CLD", "BLC", "GLUC"]
    assert list(there.lists()) == [] and list(there.blocked()) == [("block", ("user", CY))]
    assert there.session.used == {"block": True, "grant": True}
    there.block(whole=())
    there.grant(use=False)
    assert [each.name for each in here.events(0)] == ["BLC", "GLUC"]
    for client in (here, there):
        client.logout()
        client.close()


def test_the_same_with_asyncio(service, login):
    bo = login(BO, 2, "wbxml")

    async def talk():
        anna = AsyncClient(http(service.url), ANNA, "kestrel55", push=False)
        await anna.login()
        bo.send(ANNA, "one")
        (waiting,) = [each async for each in anna.messages()]
        assert [piece async for piece in anna.fetch(waiting.id)] == [b"one"]
        await anna.block(BO)
        assert [each async for each in anna.blocked()] == [("block", ("user", BO))]
        await anna.block(whole=())
        await anna.logout()
        await anna.close()

    asyncio.run(talk())


def block_many(url, user, count):
    """Give a user a block list of this length."""
    client = Client(http(url), user + DOMAIN, "kestrel55", size=1 << 18)  # in one window
    client.login()
    client.block(whole=[f"wv:user{n:05}@elsewhere.example" for n in range(count)])
    client.logout()
    client.close()


@pytest.mark.parametrize(
    ("version", "syntax"),
    [(2, "wbxml")]
    + [
        pytest.param(version, syntax, marks=pytest.mark.long)
        for version in VERSIONS
        for syntax in SYNTAXES[:2]
        if (version, syntax) != (2, "wbxml")
    ],
)
def test_a_long_block_list_in_the_heap_of_a_short_one(service, board, version, syntax):
    for user, count in (("few", 10), ("many", MANY)):
        block_many(service.url, user, count)
        process = board(BLOCKED_HEAP[syntax], "blocked", service.url, version, syntax, user)
        octets = count * len("wv:user00000@elsewhere.example")
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0 and re.fullmatch(rf"{count} {octets}\n", output), output
