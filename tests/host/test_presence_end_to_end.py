"""Presence between clients and the simulated service over real sockets: the whole of it."""

import asyncio

import pytest
from ends import login

from microimps import AsyncClient, Client, LocalError, StatusError
from microimps.ports import http
from microimps.tools.sim.config import Account, Config
from microimps.tools.sim.server import serve

__all__ = ("login",)  # a fixture

_USUAL = ((1, "wbxml"), (2, "xml"), (3, "wbxml"))
KINDS = [
    pytest.param(*kind, marks=() if kind in _USUAL else pytest.mark.long)
    for kind in ((version, syntax) for version in (1, 2, 3) for syntax in ("wbxml", "xml"))
]
SYNTAXES = ["wbxml", pytest.param("xml", marks=pytest.mark.long)]
DOMAIN = "@im.example.com"
ANNA, BO, CY = ("wv:" + name + DOMAIN for name in ("anna", "bo", "cy"))
EVERYTHING = {
    "OnlineStatus": "T",
    "Registration": "T",
    "ClientInfo": [("ClientType", "PDA"), ("DevManufacturer", "m"), ("ClientProducer", "p"),
                   ("Model", "T9"), ("ClientVersion", "1.0"), ("Language", "eng")],
    "TimeZone": [("Zone", "+02")],
    "GeoLocation": [("Longitude", "12 36 22.5E"), ("Latitude", "55 40 1N"), ("Altitude", "5"),
                    ("Accuracy", "300")],
    "Address": [("Country", "DK"), ("City", "Ry"), ("Street", "s & t"), ("Crossing1", "a"),
                ("Crossing2", "b"), ("Building", "9"), ("NamedArea", "n"), ("Accuracy", "20")],
    "FreeTextLocation": "By the <lake>",
    "PLMN": "23820",
    "CommCap": [("CommC", [("Cap", "SMS"), ("Status", "OPEN"), ("Contact", "+4515550100")]),
                ("CommC", [("Cap", "CALL"), ("Status", "CLOSED"), ("Note", "asleep")]),
                ("CommC", [("Cap", "EMAIL"), ("Status", "OPEN")])],
    "UserAvailability": "DISCREET",
    "PreferredContacts": [("AddrPref", [("PrefC", "IM"), ("Caddr", ANNA), ("Cstatus", "OPEN"),
                                        ("Cname", "Anna"), ("Cpriority", "1")])],
    "PreferredLanguage": "dan",
    "StatusText": "hé & <you> €",
    "StatusMood": "INVINCIBLE",
    "Alias": "Annie",
    "StatusContent": [("DirectContent", "R0lGODlhAQABAAAAACw="), ("ContentType", "image/gif")],
    "ContactInfo": [("ContainedvCard", "BEGIN:VCARD\nFN:Anna\nEND:VCARD\n")],
    "InfoLink": [("Inf_link", [("Link", "http://d/"), ("Text", "page"),
                               ("ContentType", "text/html")])],
}  # fmt: skip


@pytest.fixture(scope="module", params=["everybody", "ask"])
def service(request):
    users = tuple(Account(name, "kestrel55") for name in ("anna", "bo", "cy"))
    with serve(Config(users=users, presence=request.param)) as running:
        yield running


def policy(name):
    return pytest.mark.parametrize("service", [name], indirect=True)


@policy("everybody")
@pytest.mark.parametrize("version, syntax", KINDS)
def test_every_attribute(service, login, version, syntax):
    anna = login(ANNA, version, syntax)
    bo = login(BO, version, syntax, longest=200)
    everything = dict(EVERYTHING)
    if version == 1:
        del everything["InfoLink"]
    assert bo.subscribe((ANNA,)) == []
    assert [each.user for each in bo.events(0)] == [ANNA]
    anna.update_presence(**everything)
    (found,) = bo.presence((ANNA,), names=tuple(everything))
    assert found.values == everything and found.shown() == "busy"
    (news,) = bo.events(0)
    assert news.kind == "presence" and news.values == everything
    client = {name: news.values[name] for name in list(everything)[:9]}
    assert news.clients == ({ANNA: client} if version == 3 else {})
    anna.update_presence(StatusText=None, Alias="", CommCap=None)
    (news,) = bo.events(0)
    assert news.values == {"CommCap": None, "StatusText": None, "Alias": ""}
    found.merge(news)
    assert found.get("StatusText") is None and found.get("StatusMood") == "INVINCIBLE"
    for wrong in ({"StatusMood": "HUNGRY"}, {"ClientInfo": {"ClientType": "TOASTER"}}):
        with pytest.raises(StatusError) as error:
            anna.update_presence(**wrong)
        assert error.value.args[0] == 751
    bo.unsubscribe((ANNA,))
    anna.update_presence(Alias="x")
    assert list(bo.events(0)) == []


@pytest.mark.parametrize("syntax, other", [("wbxml", "xml"), ("xml", "wbxml")])
def test_attributes_of_our_own(syntax, other):
    shoe = {"Length": "42", "Colour": "red & <blue>"}
    users = tuple(Account(name, "kestrel55") for name in ("anna", "bo"))
    with serve(Config(users=users, presence="everybody")) as running:
        anna, bo = (
            Client(http(running.url), user, "kestrel55", version, kind)
            for user, version, kind in ((ANNA, 2, syntax), (BO, 3, other))
        )
        anna.login()
        bo.login()
        bo.subscribe((ANNA,))
        list(bo.events(0))
        anna.extend_presence("http://example.org/pa", Shoe=shoe, Walking=True, Tired=None)
        anna.update_presence(StatusText="out")
        (news,) = bo.events(0)
        for client in (anna, bo):
            client.logout()
            client.close()
    assert news.values["Shoe"] == list(shoe.items())
    assert news.values["Walking"] == "T" and news.values["Tired"] is None
    assert news.get("Shoe", "Colour") == shoe["Colour"] and news.get("StatusText") == "out"


@policy("everybody")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_several_clients_of_a_user(service, login, syntax):
    bo = login(BO, 3, syntax)
    old = login(CY, 2, syntax)
    names = ("OnlineStatus", "ClientInfo")
    phone = Client(http(service.url), ANNA, "kestrel55", 3, syntax, "phone")
    desk = Client(http(service.url), ANNA, "kestrel55", 3, syntax, "desk")
    for client, kind in ((phone, "MOBILE_PHONE"), (desk, "COMPUTER")):
        client.login()
        client.update_presence(ClientInfo={"ClientType": kind})
    (known,) = bo.presence((ANNA,), names=names)
    assert known.clients == {
        name: {"OnlineStatus": "T", "ClientInfo": [("ClientType", kind)]}
        for name, kind in (("phone", "MOBILE_PHONE"), ("desk", "COMPUTER"))
    }
    bo.subscribe((ANNA,), names=names)
    list(bo.events(0))
    desk.logout()
    (news,) = bo.events(0)
    known.merge(news)
    assert known.shown() == "available" and not known.clients["desk"]
    assert known.clients["phone"] == {
        "OnlineStatus": "T",
        "ClientInfo": [("ClientType", "MOBILE_PHONE")],
    }
    (one,) = old.presence((ANNA,), names=names)
    assert one.clients == {} and one.get("ClientInfo", "ClientType") == "MOBILE_PHONE"
    phone.logout()
    (news,) = bo.events(0)
    known.merge(news)
    assert known.shown() == "offline"
    for client in (phone, desk):
        client.close()


@policy("everybody")
@pytest.mark.parametrize("version, syntax", KINDS)
def test_lists_that_grow(login, version, syntax):
    anna = login(ANNA, version, syntax)
    home = anna.create_list("watched", members=((BO, "Bo"),))
    anna.subscribe(lists=(home,), names=("OnlineStatus",))
    assert [(each.user, each.shown()) for each in anna.events(0)] == [(BO, "offline")]
    anna.add_contact("watched", CY)
    told = [(each.user, each.shown()) for each in anna.events(0)]
    # only 1.2 can say that later members are meant too
    assert told == ([(CY, "offline")] if version == 2 else [])
    assert [each.user for each in anna.presence(lists=(home,))] == [BO, CY]
    anna.unsubscribe(lists=(home,))
    anna.delete_list("watched")


@policy("everybody")
def test_hiding(login):
    bo = login(BO, 2, "wbxml")
    bo.subscribe((ANNA,), names=("OnlineStatus",))
    list(bo.events(0))
    anna = login(ANNA, 3, "wbxml")
    anna.update_presence(OnlineStatus=None)
    assert [each.shown() for each in bo.events(0)] == ["offline"]
    anna.update_presence(OnlineStatus=True)
    assert [each.shown() for each in bo.events(0)] == ["available"]


@policy("everybody")
@pytest.mark.parametrize("version, syntax", KINDS)
def test_attribute_lists(login, version, syntax):
    anna, bo = login(ANNA, version, syntax), login(BO, version, syntax)
    anna.update_presence(StatusText="text", StatusMood="HAPPY", Alias="Annie")
    home = anna.create_list("team", members=((BO, ""),))

    def seen():
        (found,) = bo.presence((ANNA,), names=("StatusText", "StatusMood", "Alias"))
        return [name for name, value in found.values.items() if value]

    assert seen() == ["StatusText", "StatusMood", "Alias"]
    notify = False if version == 3 else None
    anna.create_attribute_list((), default=True)
    assert seen() == []
    anna.create_attribute_list(("Alias",), lists=(home,))
    assert seen() == ["Alias"]
    anna.create_attribute_list(("StatusText", "StatusMood"), (BO,), notify=notify)
    assert seen() == ["StatusText", "StatusMood"]
    whole = [
        (None, [], notify),
        (home, ["Alias"], notify),
        (BO, ["StatusText", "StatusMood"], notify),
    ]
    assert sorted(anna.attribute_lists(), key=str) == sorted(whole, key=str)
    assert list(anna.attribute_lists((BO,))) == whole[2:]
    assert list(anna.attribute_lists(default=True)) == whole[:1]
    anna.delete_attribute_list((BO,))
    assert seen() == ["Alias"]
    anna.delete_attribute_list(lists=(home,), default=True)
    assert seen() == ["StatusText", "StatusMood", "Alias"]
    assert list(anna.attribute_lists()) == []
    assert anna.create_attribute_list((), (BO,), (home + "x",))[0] == 700
    anna.delete_attribute_list((BO,))
    anna.delete_list("team")


@policy("ask")
@pytest.mark.parametrize("version, syntax", KINDS)
def test_authorisation(service, login, version, syntax):
    anna, bo = login(ANNA, version, syntax), login(BO, version, syntax)
    anna.update_presence(StatusText="text", Alias="Annie")
    names = ("OnlineStatus", "StatusText")
    with pytest.raises(StatusError) as error:
        list(bo.presence((ANNA,), names=names))
    assert error.value.args[0] == 521
    bo.subscribe((ANNA,), names=names)
    asked = list(anna.events(0))
    if version < 3:
        assert [(each.kind, each.user, each.names) for each in asked] == [
            ("authorisation", BO, list(names))
        ]
    else:
        assert [(each.kind, each.name, each.values) for each in asked] == [
            ("notification", "ANU", {"users": [BO], "names": list(names)})
        ]
    if version == 2:
        assert list(anna.authorisations()) == [(BO, "PENDING", list(names))]
    assert list(bo.events(0)) == []
    anna.authorise(BO, names)
    (news,) = bo.events(0)
    assert news.get("StatusText") == "text" and news.shown() == "available"
    if version == 2:
        assert list(anna.authorisations((BO,))) == [(BO, "GRANTED", list(names))]
    anna.refuse(BO)
    (news,) = bo.events(0)
    assert news.values == {"OnlineStatus": None, "StatusText": None}
    anna.cancel_authorisation(BO)
    with pytest.raises(StatusError) as error:
        list(bo.presence((ANNA,), names=names))
    assert error.value.args[0] == 521
    list(anna.events(0))
    anna.authorise(BO)  # before it asks again, everything that it asked for
    (found,) = bo.presence((ANNA,), names=names)
    assert found.get("StatusText") == "text"
    anna.cancel_authorisation(BO)


@policy("everybody")
@pytest.mark.parametrize("version, syntax", KINDS)
def test_watchers(login, version, syntax):
    anna, bo, cy = (login(user, version, syntax) for user in (ANNA, BO, CY))
    assert list(anna.watchers()) == []
    bo.subscribe((ANNA,))
    told = "CURRENT_SUBSCRIBER" if version > 1 else None
    assert list(anna.watchers()) == [(BO, told, None)]
    cy.subscribe((ANNA,))
    cy.unsubscribe((ANNA,))
    past = [(CY, "FORMER_SUBSCRIBER", None)] if version > 1 else []
    assert sorted(anna.watchers(600)) == [(BO, told, None), *past]
    assert list(anna.watchers(600, 1)) == [(BO, told, None)]


@policy("everybody")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_maps(login, syntax):
    anna, bo = login(ANNA, 3, syntax), login(BO, 3, syntax)
    place = {"GeoLocation": {"Longitude": "12 36 22.5E", "Latitude": "55 40 1N"}}
    anna.update_presence(**place)
    pairs = list(bo.location_map(ANNA))
    assert pairs[0] == ("ContentType", "image/png")
    picture = b"".join(piece for name, piece in pairs[1:])
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and picture[-8:-4] == b"IEND"
    again = b"".join(piece for name, piece in list(bo.location_map(place=place))[1:])
    assert again == picture
    with pytest.raises(StatusError) as error:
        list(bo.location_map(CY))
    assert error.value.args[0] == 750
    with pytest.raises(LocalError):
        list(login(CY, 2, syntax).location_map(ANNA))


@policy("ask")
def test_pts_as_far_as_it_has_codes(login):
    """Over HTTP, which hides no difference: only SMS carries it elsewhere."""
    anna, bo = (login(user, 2, "pts", extension=True, longest=600) for user in (ANNA, BO))
    told = {
        "OnlineStatus": "T",
        "ClientInfo": [("ClientType", "PDA"), ("Model", "T9")],
        "UserAvailability": "DISCREET",
        "StatusText": 'x, "(y)"',
        "StatusMood": "SAD",
        "StatusContent": [("ReferredContent", "http://d/"), ("ContentType", "image/gif")],
    }
    anna.update_presence(**told)
    with pytest.raises(LocalError) as error:
        anna.update_presence(InfoLink=[("Inf_link", {"Link": "http://d/"})])
    assert error.value.args[0] == 46
    bo.subscribe((ANNA,))
    assert [(each.kind, each.user, each.names) for each in anna.events(0)] == [
        ("authorisation", BO, [])
    ]
    anna.authorise(BO, tuple(told))
    (news,) = bo.events(0)
    assert news.values == told
    assert list(anna.authorisations()) == [(BO, "GRANTED", list(told))]
    assert list(anna.watchers(60)) == [(BO, "CURRENT_SUBSCRIBER", None)]
    anna.create_attribute_list(("Alias", "StatusText"), (BO,))
    assert list(anna.attribute_lists()) == [(BO, ["StatusText", "Alias"], None)]
    anna.delete_attribute_list((BO,))
    bo.unsubscribe((ANNA,))


@policy("everybody")
def test_profiles_and_maps_by_pts(login):
    place = {"GeoLocation": {"Longitude": "12 36 22.5E", "Latitude": "55 40 1N"}}
    anna, bo = (login(user, 3, "pts", extension=True) for user in (ANNA, BO))
    anna.update_profile(city="Ry, DK", age=33)
    assert list(bo.profiles(ANNA, BO)) == [(ANNA, {"city": "Ry, DK", "age": "33"}), (BO, {})]
    assert dict(bo.location_map(place=place))["ContentData"]
    strict = login(CY, 3, "pts", extension=False)
    for ask in (
        lambda: strict.update_profile(city="Ry"),
        lambda: list(strict.profiles(ANNA)),
        lambda: list(strict.location_map(ANNA)),
    ):
        with pytest.raises(LocalError) as error:
            ask()
        assert error.value.args[0] == 46 and "extension profile" in str(error.value)


@policy("everybody")
def test_the_asyncio_skin(service, login):
    anna = login(ANNA, 3, "wbxml")

    async def conversation():
        bo = AsyncClient(http(service.url), BO, "kestrel55", 3, "wbxml")
        await bo.login()
        await bo.subscribe((ANNA,), names=("StatusText",))
        async for _ in bo.events(0):
            pass
        anna.update_presence(StatusText="Out")
        told = [each.get("StatusText") async for each in bo.events(0)]
        await bo.create_attribute_list(("Alias",), (ANNA,))
        lists = [each async for each in bo.attribute_lists()]
        await bo.refuse(ANNA)
        await bo.cancel_authorisation(ANNA)
        watchers = [each async for each in bo.watchers()]
        await bo.logout()
        await bo.close()
        return told, lists, watchers

    assert asyncio.run(conversation()) == (["Out"], [(ANNA, ["Alias"], False)], [])
