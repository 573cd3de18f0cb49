"""Search, invitations and profiles: clients in the simulated service, over real sockets."""

import asyncio
from types import SimpleNamespace

import pytest

from microimps import AsyncClient, Client, LocalError, StatusError
from microimps.ports import http
from microimps.primitives import invite as invitations
from microimps.primitives import search as searching
from microimps.pts.extension import EXTENSION
from microimps.pts.reader import Reader
from microimps.pts.writer import Writer
from microimps.tools.message import decode
from microimps.tools.sim import Account, Config, serve

KINDS = [(version, syntax) for version in (1, 2, 3) for syntax in ("wbxml", "xml")]
ANNA, BO = "wv:anna@im.example.com", "wv:bo@im.example.com"


@pytest.fixture(scope="module")
def service():
    users = (
        Account("anna", "kestrel55"),
        Account("bo", "kestrel55", about={"USER_MOBILE_NUMBER": "+4915550100"}),
        Account("crowd", "kestrel55"),
    )
    config = Config(users=users, contacts={"crowd": 45}, search_index="last")
    with serve(config) as running:
        yield running


@pytest.fixture(params=KINDS, ids=lambda kind: f"1.{kind[0]}-{kind[1]}")
def two(service, request):
    """Anna and Bo."""
    version, syntax = request.param
    pair = []
    for name in ("anna", "bo"):
        c = Client(http(service.url), name + "@im.example.com", "kestrel55", version, syntax, name)
        c.login()
        pair.append(c)
    yield pair
    for c in pair:
        c.logout()
        c.close()


def event(client):
    (found,) = client.events(0)
    return found


def test_search(two):
    anna, _ = two
    found = list(anna.search(("USER_ID", "contact"), limit=20))
    assert [address for address, _ in found] == [
        f"wv:contact{n:05}@im.example.com" for n in range(1, 46)
    ]
    assert anna.session.size == 45
    for address, _ in anna.search(("USER_ID", "contact"), limit=2):
        if address.startswith("wv:contact00003"):
            break
    anna.stop_search()
    with pytest.raises(StatusError) as refused:
        list(anna.search(("USER_ID", "bo"), ("GROUP_ID", "bo")))
    assert refused.value.args[0] == 402
    assert list(anna.search(("USER_ID", "bo"), ("USER_ONLINE_STATUS", "T"))) == [(BO, "")]
    assert list(anna.search(("USER_ID", "bo"), bare=True)) == [(BO, "")]
    if anna.session.w.version == 3:
        pairs = ("USER_ID", "contact0001"), ("USER_ID", "contact00011"), ("USER_ID", "bo")
        found = list(anna.search(*pairs, criteria="1 AND NOT 2 OR 3"))
        assert len(found) == 10 and (BO, "") in found


def test_search_with_asyncio(service):
    async def main():
        anna = AsyncClient(http(service.url), ANNA, "kestrel55")
        await anna.login()
        found = [each async for each in anna.search(("USER_ID", "contact"), limit=20)]
        assert len(found) == 45
        await anna.logout()
        await anna.close()

    asyncio.run(main())


def test_contact_by_number(two):
    anna, _ = two
    anna.create_list("numbers")
    assert anna.add_number("numbers", "+49 155 50100", "Bo") == BO
    assert list(anna.contacts("numbers")) == [(BO, "Bo")]
    anna.delete_list("numbers")
    with pytest.raises(StatusError) as nobody:
        anna.add_number("numbers", "+4915550199")
    assert nobody.value.args[0] == 531


def test_verify(two):
    anna, _ = two
    if anna.session.w.version == 1:
        with pytest.raises(LocalError):
            anna.verify([BO])
        return
    assert anna.verify([BO], domains=["im.example.com"]) == []
    missing = anna.verify([BO, "wv:nobody"], ["wv:anna/none"], ["wv:/none"], (), ["elsewhere"])
    pairs = list(zip(missing[::2], missing[1::2], strict=True))
    assert sorted(pairs) == [
        (516, "elsewhere"),
        (531, "wv:nobody"),
        (700, "wv:anna/none"),
        (800, "wv:/none"),
    ]


def test_invitations(two):
    anna, bo = two
    version = anna.session.w.version
    about = {
        "GR": {"group": "wv:anna/quiz@im.example.com"},
        "IM": {"text": "Hi <you> " * 40},
        "PR": {"names": ("StatusText", "OnlineStatus")},
        "SC": {"urls": ("http://im.example.com/a?b&c", "http://im.example.com/d")},
        "GM": {},
        "AP": {"application": "chess"},
        "EC": {"group": "wv:anna/quiz@im.example.com"},
        "EG": {"group": "wv:anna/quiz@im.example.com"},
    }
    for kind in list(about) if version == 3 else list(about)[:4]:
        sent = anna.invite(BO, kind, **about[kind])
        i = event(bo)
        assert (i.kind, i.id, i.type, i.sender) == ("invitation", sent.id, kind, ANNA)
        assert (i.group, i.text, i.application) == (sent.group, sent.text, sent.application)
        assert list(i.urls) == list(sent.urls) and sorted(i.names) == sorted(sent.names)
        accept = kind != "IM"
        bo.answer_invite(i, accept, "As you like")
        back = event(anna)
        assert (back.kind, back.id) == ("accepted" if accept else "rejected", sent.id)
        assert (back.sender, back.text) == (BO, "As you like")
        with pytest.raises(StatusError) as over:
            bo.answer_invite(i)
        assert over.value.args[0] == 423


def test_an_invitation_withdrawn(two):
    anna, bo = two
    sent = anna.invite((BO, "wv:nobody@im.example.com"), "IM")
    assert anna.session.details == [531, "wv:nobody@im.example.com"]
    i = event(bo)
    anna.cancel_invite(sent, "Too late")
    end = event(bo)
    assert (end.kind, end.id, end.sender, end.text) == ("cancelled", i.id, ANNA, "Too late")
    with pytest.raises(StatusError):
        bo.answer_invite(i)


def test_profiles(two):
    anna, bo = two
    if anna.session.w.version < 3:
        with pytest.raises(LocalError):
            anna.update_profile(city="York")
        return
    profile = {"city": "York", "age": "33", "free_text": "Quiz & cake"}
    anna.update_profile(True, **profile)
    assert list(bo.profiles(ANNA, BO)) == [(ANNA, profile), (BO, {})]
    anna.update_profile(city="", friendly_name="Annie")
    assert list(bo.search(("USER_AGE_MAX", 33))) == [(ANNA, "Annie")]
    assert list(bo.search(("USER_CITY", "York"))) == []
    anna.update_profile(True)
    assert list(bo.profiles(ANNA)) == [(ANNA, {})]


# PTS, with the private codes of docs/pts-extension.md


def sent_in_pts(write, *args, version=2):
    """The primitive that a client writes in PTS, as a tree."""
    r = Reader(64, 16, 64, EXTENSION)
    r.agreed = True
    w = Writer(4000, version, EXTENSION, r)
    w.window(0, 4000)
    w.begin()
    for tag in (0x09, 0x2D, 0x32):
        w.start(tag)
    w.leaf(0x35, "7")
    w.start(0x33)
    write(w, *args)
    for _ in range(4):
        w.end()
    return decode(bytes(w.buf[: w.at])).root.find(".//TransactionContent")[0]


def flat(element):
    return [(each.tag, each.text or "") for each in element.iter() if not len(each)]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_pts(version):
    pairs = ("USER_ID", "o (x)"), ("USER_CITY", "York")
    criteria = "1 AND 2" if version == 3 else None
    asked = sent_in_pts(searching._first, pairs, 5, criteria, False, version=version)
    assert asked.tag == "Search-Request" and len(asked.findall(".//SearchElement")) == 2
    assert ("SearchString", "o (x)") in flat(asked) and ("SearchLimit", "5") in flat(asked)
    assert flat(sent_in_pts(searching._next, "0x9f", 6)) == [
        ("SearchID", "0x9f"),
        ("SearchIndex", "6"),
    ]
    i = invitations.Invitation("sent", "i1")
    i.to, i.type, i.group, i.name, i.validity = [BO], "GR", "wv:/quiz", "Annie", 60
    i.urls = ["http://d/a", "http://d/b"]
    s = SimpleNamespace(user=ANNA)
    args = s, i, False, "Hi (you)", None
    found = flat(sent_in_pts(invitations._invite, *args, version=version))
    assert [each for each in found if each[0] in ("URL", "InviteNote", "SName")] == [
        ("URL", "http://d/a"),
        ("URL", "http://d/b"),
        ("InviteNote", "Hi (you)"),
        ("SName", "Annie"),
    ]
    i.sender = BO
    said = sent_in_pts(invitations._answer, s, i, True, "ok", None, version=version)
    assert said.tag == "InviteUser-Response" and ("Acceptance", "T") in flat(said)
