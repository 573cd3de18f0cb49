# heap: 256K
"""Presence, by transactions.md section 9 and presence.md."""

import gc
import sys

from peer import everyhow, fails, how, http, online, result, status

from microimps import LocalError, PeerError

BO = "wv:bo@d"


def simple(attribute, value, qualifier=True):
    content = [("Qualifier", qualifier)] if qualifier is not None else []
    if value is not None:
        content.append(("PresenceValue", value))
    return (attribute, content)


def of(user, *attributes):
    return ("Presence", [("UserID", user), ("PresenceSubList", list(attributes))])


def told(*presences):
    return ("GetPresence-Response", [result()] + list(presences))


def notified(presence, tid="77"):
    return ("PresenceNotification-Request", [presence], tid, "Request")


def ask(answer, version=2):
    c, _ = online([answer], version)
    return list(c.presence(users=(BO,)))


@everyhow
def test_presence():
    client = ("ClientInfo", [("Qualifier", True), ("ClientType", "MOBILE_PHONE"), ("Model", "T9")])
    for version in (1, 2, 3):
        one, two = ask(
            told(
                of(
                    BO,
                    simple("OnlineStatus", True),
                    client,
                    simple("UserAvailability", "DISCREET"),
                    simple("StatusText", " Out & <about> "),
                    simple("StatusMood", "HAPPY"),
                    simple("Alias", "Bo"),
                ),
                of("wv:cy@d", simple("OnlineStatus", False)),
            ),
            version,
        )
        assert one.kind == "presence" and one.user == BO and one.clients == {}
        assert one.values == {
            "OnlineStatus": "T",
            "ClientInfo": [("ClientType", "MOBILE_PHONE"), ("Model", "T9")],
            "UserAvailability": "DISCREET",
            "StatusText": " Out & <about> ",
            "StatusMood": "HAPPY",
            "Alias": "Bo",
        }
        assert one.get("StatusMood") == "HAPPY" and one.get("PLMN") is None
        assert one.get("ClientInfo", "Model") == "T9" and one.get("ClientInfo", "City") is None
        assert one.get("StatusText", "Model") is None and len(one.get("ClientInfo")) == 2
        assert one.shown() == "busy"
        assert two.user == "wv:cy@d" and two.values == {"OnlineStatus": "F"}


@everyhow
def test_qualifiers():
    (p,) = ask(
        told(
            of(
                BO,
                simple("OnlineStatus", True, False),  # a value that is not valid
                simple("StatusText", None, False),
                simple("Alias", "Bo", None),  # none said: valid
                simple("UserAvailability", "AVAILABLE"),
                ("ClientInfo", [("Qualifier", False), ("Model", "T9")]),
            )
        )
    )
    assert p.values == {
        "OnlineStatus": None,
        "StatusText": None,
        "Alias": "Bo",
        "UserAvailability": "AVAILABLE",
        "ClientInfo": None,
    }
    assert p.get("ClientInfo", "Model") is None
    assert p.shown() == "offline"


def test_qualifier_behind_its_value():
    (p,) = ask(told(of(BO, ("StatusText", [("PresenceValue", "x"), ("Qualifier", False)]))))
    assert p.values == {"StatusText": None}


# an attribute as it travels, and the value that the application gives and gets
EVERY = (
    (simple("OnlineStatus", "T", "T"), "T"),
    (simple("Registration", "F", "T"), "F"),
    (
        ("ClientInfo", [("Qualifier", "T"), ("ClientType", "CLI"), ("DevManufacturer", "m"),
         ("ClientProducer", "p"), ("Model", "T9"), ("ClientVersion", "1"), ("Language", "eng")]),
        [("ClientType", "CLI"), ("DevManufacturer", "m"), ("ClientProducer", "p"),
         ("Model", "T9"), ("ClientVersion", "1"), ("Language", "eng")],
    ),
    (("TimeZone", [("Qualifier", "T"), ("Zone", "+02")]), [("Zone", "+02")]),
    (
        ("GeoLocation", [("Qualifier", "T"), ("Longitude", "12 36 22.5W"),
         ("Latitude", "55 1 2N"), ("Altitude", 12), ("Accuracy", 300)]),
        [("Longitude", "12 36 22.5W"), ("Latitude", "55 1 2N"), ("Altitude", "12"),
         ("Accuracy", "300")],
    ),
    (
        ("Address", [("Qualifier", "T"), ("Country", "DK"), ("City", "Ry"), ("Street", "s"),
         ("Crossing1", "a"), ("Crossing2", "b"), ("Building", "9"), ("NamedArea", "n"),
         ("Accuracy", "7")]),
        [("Country", "DK"), ("City", "Ry"), ("Street", "s"), ("Crossing1", "a"),
         ("Crossing2", "b"), ("Building", "9"), ("NamedArea", "n"), ("Accuracy", "7")],
    ),
    (simple("FreeTextLocation", "Here & there", "T"), "Here & there"),
    (simple("PLMN", "23820", "T"), "23820"),
    (
        ("CommCap", [("Qualifier", "T"),
         ("CommC", [("Cap", "SMS"), ("Status", "OPEN"), ("Contact", "+45"), ("Note", "day")]),
         ("CommC", [("Cap", "CALL"), ("Status", "CLOSED")])]),
        [("CommC", [("Cap", "SMS"), ("Status", "OPEN"), ("Contact", "+45"), ("Note", "day")]),
         ("CommC", [("Cap", "CALL"), ("Status", "CLOSED")])],
    ),
    (simple("UserAvailability", "NOT_AVAILABLE", "T"), "NOT_AVAILABLE"),
    (
        ("PreferredContacts", [("Qualifier", "T"), ("AddrPref", [("PrefC", "IM"), ("Caddr", BO),
         ("Cstatus", "OPEN"), ("Cname", "n"), ("Cpriority", 1)])]),
        [("AddrPref", [("PrefC", "IM"), ("Caddr", BO), ("Cstatus", "OPEN"), ("Cname", "n"),
         ("Cpriority", "1")])],
    ),
    (simple("PreferredLanguage", "dan", "T"), "dan"),
    (simple("StatusText", "x", "T"), "x"),
    (simple("StatusMood", "IN_LOVE", "T"), "IN_LOVE"),
    (simple("Alias", "Bo", "T"), "Bo"),
    (
        ("StatusContent", [("Qualifier", "T"), ("DirectContent", "R0lG"),
         ("ContentType", "image/gif")]),
        [("DirectContent", "R0lG"), ("ContentType", "image/gif")],
    ),
    (
        ("ContactInfo", [("Qualifier", "T"), ("ContainedvCard", "BEGIN:VCARD")]),
        [("ContainedvCard", "BEGIN:VCARD")],
    ),
    (
        ("InfoLink", [("Qualifier", "T"), ("Inf_link", [("Link", "http://x/"), ("Text", "x"),
         ("ContentType", "text/plain")])]),
        [("Inf_link", [("Link", "http://x/"), ("Text", "x"), ("ContentType", "text/plain")])],
    ),
)  # fmt: skip


@everyhow
def test_every_attribute():
    (p,) = ask(told(of(BO, *[wire for wire, _ in EVERY])))
    assert len(p.values) == 18
    for (name, _), value in EVERY:
        assert p.values[name] == value, name


def texts(value):
    return [(k, texts(v) if isinstance(v, list) else str(v)) for k, v in value]


@everyhow
def test_every_attribute_is_published_in_order():
    c, peer = online([status()] * 2)
    values = {wire[0]: value for wire, value in EVERY}
    c.update_presence(**values)
    wanted = texts([wire for wire, _ in EVERY])
    assert peer.asked().content == [("PresenceSubList", wanted)]
    # parts in any order, as a dict or as pairs
    c.update_presence(
        CommCap=(("CommC", {"Note": "n", "Status": "OPEN", "Cap": "IM"}),),
        ClientInfo={"Model": "T9", "ClientType": "PDA"},
        PreferredContacts=[
            ("AddrPref", {"Cpriority": 3, "Cstatus": "OPEN", "Caddr": BO, "PrefC": "SMS"})
        ],
    )
    (name, content), (_, capable), (_, preferred) = peer.asked().content[0][1]
    assert name == "ClientInfo"
    assert content == [("Qualifier", "T"), ("ClientType", "PDA"), ("Model", "T9")]
    assert capable[1] == ("CommC", [("Cap", "IM"), ("Status", "OPEN"), ("Note", "n")])
    assert [each[0] for each in preferred[1][1]] == ["PrefC", "Caddr", "Cstatus", "Cpriority"]


def test_a_way_to_be_reached_is_not_a_bearer():
    c, peer = online([status()])
    c.update_presence(CommCap=[("CommC", [("Cap", "SMS"), ("Status", "OPEN")])])
    assert b"\x80\x75" in peer.asked().body and b"\x80\x43" not in peer.asked().body


XML = """<?xml version="1.0"?><WV-CSP-Message xmlns="x/CSP1.2"><Session><SessionDescriptor>
<SessionType>Inband</SessionType><SessionID>s1</SessionID></SessionDescriptor><Transaction>
<TransactionDescriptor><TransactionMode>Response</TransactionMode><TransactionID>%s</TransactionID>
</TransactionDescriptor><TransactionContent><GetPresence-Response><Result><Code>200</Code></Result>
<Presence><UserID>wv:bo@d</UserID><PresenceSubList>%s</PresenceSubList></Presence>
</GetPresence-Response></TransactionContent></Transaction></Session></WV-CSP-Message>"""
EXTENDED = (
    "<ShoeSize xmlns='urn:x'><Qualifier>T</Qualifier><PresenceValue>42</PresenceValue></ShoeSize>"
    "<Alias><Qualifier>T</Qualifier><PresenceValue>Bo</PresenceValue></Alias><Plain>x</Plain>"
    "<ClientInfo><Qualifier>T</Qualifier><Model>T9</Model><ClientTypeDetail>flip</ClientTypeDetail>"
    "</ClientInfo><v:Deep><v:One><v:Two>2</v:Two><v:Two/></v:One></v:Deep>"
    "<Hidden><Qualifier>F</Qualifier></Hidden>"
)


def test_unknown_attributes_are_kept():
    for how.cut in (0, 1):
        how.syntax = "xml"
        c, peer = online([lambda request: http((XML % (request.tid, EXTENDED)).encode())])
        (p,) = c.presence((BO,))
        assert p.values == {
            "ShoeSize": "42",
            "Alias": "Bo",
            "Plain": "x",
            "ClientInfo": [("Model", "T9"), ("ClientTypeDetail", "flip")],
            "v:Deep": [("v:One", [("v:Two", "2"), ("v:Two", "")])],
            "Hidden": None,
        }
        assert c.session.r.literal is None
    how.syntax = "wbxml"
    how.cut = 0


# ShoeSize, an element without a token, as a LITERAL from the string table
LITERAL = (
    b"\x03\x11\x6a\x09ShoeSize\0\x49\x6d\x6e\x70\x80\x11\x01\x6f\x03s1\0\x01\x01\x72\x74\x76"
    b"\x80\x21\x01\x75\x03%s\0\x01\x01\x73\0\4\x53\0\0\x6a\x4b\xc3\1\xc8\1\1\x62"
    b"\x7a\3wv:bo@d\0\1\x63\x44\0\x66\x80\x2c\1\x64\x0342\0\1\1"
    b"\0\5\x76\3?\0\1\x6a\0\0\x64\x80\x81\x7e\1\1\1\1\1\1\1\1\1"
)


def test_unknown_attributes_of_wbxml():
    for how.cut in (0, 1):
        c, peer = online([lambda request: http(LITERAL % request.tid.encode())])
        (p,) = c.presence((BO,))
        assert p.values == {"ShoeSize": "42", "5:36": "?", "StatusMood": None}
    how.cut = 0


def test_what_is_too_long():
    card = ("ContactInfo", [("Qualifier", True), ("ContainedvCard", "x" * 200)])
    (p,) = ask(told(of(BO, card, simple("StatusText", "y" * 129), simple("Alias", "Bo"))))
    assert p.values == {"ContactInfo": [("ContainedvCard", None)], "StatusText": None,
                        "Alias": "Bo"}  # fmt: skip
    many = ("CommCap", [("CommC", [("Note", "n")])] * 300)
    error = fails(lambda: ask(told(of(BO, many))))
    assert isinstance(error, PeerError) and error.args[0] == 5


@everyhow
def test_presence_of_a_list_and_of_nobody():
    listed = ("Presence", [("ContactList", "wv:anna/x@d"), ("PresenceSubList", [])])
    (p,) = ask(told(listed))
    assert p.user == "wv:anna/x@d" and p.values == {}
    assert ask(told()) == []
    (p,) = ask(told(("Presence", [("UserID", BO)])))
    assert p.user == BO and p.values == {}


def test_several_devices():
    # 1.3: an attribute for every client, transactions.md section 15.6 and presence.md section 6
    one = (
        "OnlineStatus",
        [("Qualifier", True), ("PresenceValue", False), ("ClientID", [("URL", "a")])],
    )
    two = (
        "OnlineStatus",
        [("Qualifier", True), ("PresenceValue", True), ("ClientID", [("URL", "b")])],
    )
    for devices in ((one, two), (two, one)):
        (p,) = ask(told(of(BO, *devices)), 3)
        assert p.get("OnlineStatus") == "T" and p.shown() == "available", devices
        assert p.clients == {"a": {"OnlineStatus": "F"}, "b": {"OnlineStatus": "T"}}


def of_client(attribute, value, client):
    return (attribute, [("Qualifier", True), value, ("ClientID", [("URL", client)])])


@everyhow
def test_merging_of_several_clients():
    def online_at(value, client):
        return of_client("OnlineStatus", ("PresenceValue", value), client)

    phone = of_client("ClientInfo", ("ClientType", "MOBILE_PHONE"), "p")
    desk = of_client("ClientInfo", ("ClientType", "COMPUTER"), "d")
    first = of(BO, online_at(True, "p"), online_at(True, "d"), phone, desk)
    second = of(BO, online_at(True, "d"))
    c, _ = online([notified(first, "1"), None, notified(second, "2"), None], 3)
    (known,) = c.events(0)
    assert known.values["ClientInfo"] == [("ClientType", "MOBILE_PHONE")]
    assert known.clients["d"] == {
        "OnlineStatus": "T",
        "ClientInfo": [("ClientType", "COMPUTER")],
    }
    (news,) = c.events(0)
    known.merge(news)
    assert "OnlineStatus" not in known.clients["p"] and "ClientInfo" in known.clients["p"]
    assert known.clients["d"]["OnlineStatus"] == "T" and known.shown() == "available"


@everyhow
def test_what_a_client_takes_in_1_3():
    limit = [("AcceptedContentType", [("ContentType", "text/plain"),
              ("AcceptedRichContentLength", "9"), ("ContentPolicy", "R"),
              ("ContentPolicyLimit", "8")]),
             ("AcceptedContentType", [("ContentType", "image/gif")]),
             ("AnyContent", "F"), ("AcceptedTextContentLength", "900"),
             ("AcceptedTransferEncoding", "BASE64"), ("MaxPullLength", "70"),
             ("MaxPushLength", "60"), ("PlainTextCharset", "106")]  # fmt: skip
    told_by = [("Qualifier", "T"), ("ClientContentLimit", limit), ("ClientType", "PDA"),
               ("ClientIMPriority", "2"), ("ApplicationID", "a")]  # fmt: skip
    (p,) = ask(told(of(BO, ("ClientInfo", told_by))), 3)
    assert p.values == {"ClientInfo": told_by[1:]}
    c, peer = online([status()], 3)
    c.update_presence(ClientInfo=p.values["ClientInfo"])
    assert peer.asked().content == [("PresenceSubList", [("ClientInfo", told_by)])]


def test_merging():
    first = of(BO, simple("OnlineStatus", True), simple("StatusText", "Hi"))
    second = of(BO, simple("UserAvailability", "NOT_AVAILABLE"))
    third = of(BO, simple("StatusText", None, False))
    c, _ = online(
        [notified(first, "1"), None, notified(second, "2"), None, notified(third, "3"), None]
    )
    known = None
    for text, shown in (("Hi", "available"), ("Hi", "away"), (None, "away")):
        (news,) = list(c.events(0))
        if known:
            known.merge(news)
        else:
            known = news
        assert known.get("OnlineStatus") == "T" and known.get("StatusText") == text
        assert known.shown() == shown


@everyhow
def test_notification():
    for version in (1, 2, 3):
        news = notified(of(BO, simple("OnlineStatus", True)))
        news[1].append(of("wv:cy@d", simple("Alias", "Cy")))
        c, peer = online([news, None], version)
        found = list(c.events(0))
        assert [each.user for each in found] == [BO, "wv:cy@d"]
        assert peer.asked().mode == "Response" and peer.asked().tid == "77"
        assert peer.asked().content == [("Result", [("Code", "200")])]


def whom(version, users, lists):
    """What names users and lists, as the version has it."""
    users = [("UserID", each) for each in users]
    lists = [("ContactList", each) for each in lists]
    if version < 3:
        return [("User", [each]) for each in users] + lists
    wrapped = [("UserIDList", users)] if users else []
    return wrapped + ([("ContactListIDList", lists)] if lists else [])


@everyhow
def test_requests():
    friends = "wv:anna/f@d"
    for version in (1, 2, 3):
        c, peer = online([told(), told()] + [status()] * 4, version)
        list(c.presence((BO, "wv:cy@d"), names=("StatusText", "OnlineStatus", "ClientInfo")))
        names = [("OnlineStatus", ""), ("ClientInfo", ""), ("StatusText", "")]
        wanted = whom(version, (BO, "wv:cy@d"), ()) + [("PresenceSubList", names)]
        assert peer.asked().name == "GetPresence-Request" and peer.asked().content == wanted
        list(c.presence(lists=(friends,)))
        assert peer.asked().content == whom(version, (), (friends,))
        automatic = [("AutoSubscribe", "T")] if version == 2 else []
        c.subscribe((BO,), (friends,), ("OnlineStatus",))
        wanted = whom(version, (BO,), (friends,)) + [("PresenceSubList", [("OnlineStatus", "")])]
        assert peer.asked().content == wanted + automatic
        c.subscribe(lists=(friends,), automatic=False)
        automatic = [("AutoSubscribe", "F")] if version == 2 else []
        assert peer.asked().content == whom(version, (), (friends,)) + automatic
        c.unsubscribe((BO,))
        assert peer.asked().content == whom(version, (BO,), ())
        c.subscribe(BO, friends, "OnlineStatus")  # one is as good as several
        assert peer.asked().content[: len(wanted)] == wanted


@everyhow
def test_update():
    c, peer = online([status()] * 4)
    c.update_presence(StatusText="Out & about", OnlineStatus=True, UserAvailability="DISCREET")
    wanted = [
        simple("OnlineStatus", "T", "T"),
        simple("UserAvailability", "DISCREET", "T"),
        simple("StatusText", "Out & about", "T"),
    ]
    assert peer.asked().content == [("PresenceSubList", wanted)]
    c.update_presence(StatusText=None, Alias="", ClientInfo=None)
    wanted = [
        ("ClientInfo", [("Qualifier", "F")]),
        ("StatusText", [("Qualifier", "F")]),
        simple("Alias", "", "T"),
    ]
    assert peer.asked().content == [("PresenceSubList", wanted)]
    c.update_presence(OnlineStatus=False)
    assert peer.asked().content == [("PresenceSubList", [simple("OnlineStatus", "F", "T")])]

    def publish(values):
        c.update_presence(**values)

    for wrong in (
        {"Colour": "red"},
        {"Status": "OPEN"},  # a part, not an attribute
        {"Model": "T9"},
        {"ClientInfo": "T9"},
        {"ClientInfo": {"Colour": "red"}},
        {"ClientInfo": {"StatusText": "x"}},
        {"CommCap": {"CommC": None}},
    ):
        error = fails(publish, wrong)
        assert isinstance(error, LocalError) and error.args[0] == 45, wrong
    assert isinstance(fails(lambda: list(c.presence((BO,), names=("Model",)))), LocalError)
    c.update_presence(StatusMood="SLEEPY")


@everyhow
def test_what_came_with_a_later_version():
    links = {"InfoLink": {"Inf_link": {"Link": "http://x/"}}}
    for version in (1, 2, 3):
        c, peer = online([status()] * 3, version)

        def publish(values, c=c):
            c.update_presence(**values)

        for values, since in (
            (links, 2),
            ({"ClientInfo": {"ClientIMPriority": 3}}, 3),
            ({"ClientInfo": {"ClientContentLimit": {"MaxPullLength": 5}}}, 3),
            ({"ClientInfo": {"ApplicationID": "chess"}}, 3),
        )[version == 3 :]:
            error = fails(publish, values)
            assert error is None if version >= since else error.args[0] == 48, values


def test_some_that_cannot_be_watched():
    failed = ("DetailedResult", [("Code", 531), ("UserID", BO)])
    c, _ = online([status(201, failed), status(760)])
    assert c.subscribe((BO, "wv:cy@d")) == [531, BO]
    assert fails(c.subscribe, (BO,)).args[0] == 760


def test_what_areas_share_is_forgotten_with_them():
    c, peer = online([told(), status()])
    if sys.implementation.name == "micropython":
        from microimps.ports.micropython import forget
    else:
        found = []

        def forget(*names):
            found.append(names)

    peer.forget = forget
    list(c.presence((BO,), names=("Alias",)))
    c.delete_list("x")
    home = "microimps.primitives."
    if sys.implementation.name == "micropython":
        assert [each for each in sys.modules if each.startswith(home)] == [home + "lists"]
    else:
        assert found and set(found) == {(home, "microimps.ports.bearers")}


def used():
    gc.collect()
    return gc.mem_alloc()


def test_an_item_does_not_keep_the_area_that_read_it():
    answers = [told(of(BO, simple("StatusText", "Hi"))), status(), status(), status()]
    c, peer = online(answers)
    if sys.implementation.name == "micropython":
        from microimps.ports.micropython import forget

        peer.forget = forget
    iteration = c.presence((BO,))
    (kept,) = iteration
    c.delete_list("x")
    c.keep_alive()
    if sys.implementation.name != "micropython":  # where modules stay anyway
        assert not type(kept).__module__.startswith("microimps.primitives.")
        return
    c.delete_list("x")
    before = used()
    del kept, iteration
    assert before - used() < 1500  # the area of presence is 6 KB


if __name__ == "__main__":
    from testing import run

    run(globals())
