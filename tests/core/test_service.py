# heap: 256K
"""The service's own business: information, versions, vendor data, system messages, notifications,
the guidelines. By transactions.md sections 1.3, 2.2 and 15, guidelines-1.3.md."""

from binascii import b2a_base64

from peer import (
    Peer,
    client,
    everyhow,
    fails,
    granted,
    how,
    http,
    message,
    negotiated,
    online,
    part,
    result,
    status,
)

from microimps import LocalError, PeerError, StatusError

INFO = [("Name", "Plover"), ("Description", "A <test> & more"), ("URL", "http://x/")]
LOGO = bytes(range(200))


def logo(octets, encoding="BASE64"):
    return [
        ("ContentType", "image/png"),
        ("ContentSize", len(octets)),
        ("ContentEncoding", encoding),
        ("ContentData", str(b2a_base64(octets), "utf-8")),
    ]


@everyhow
def test_service_info_before_login_and_in_a_session():
    peer = Peer([("GetSPInfo-Response", INFO)])
    c = client(peer)
    wanted = {"name": "Plover", "text": "A <test> & more", "url": "http://x/"}
    assert c.service_info() == wanted
    ask = peer.asked()
    assert ask.type == "Outband" and ask.sid is None and ask.name == "GetSPInfo-Request"
    assert c.session.state == 0
    c, peer = online([("GetSPInfo-Response", INFO)])
    assert c.service_info() == wanted
    assert peer.asked().type == "Inband" and peer.asked().sid == "s1"


@everyhow
def test_service_info_with_a_long_description():
    text = "A test & more \u20ac " * 20
    for logos in ([], [("Logo", logo(LOGO))]):
        answer = INFO[:1] + logos + [("Description", text), ("URL", "http://x/")]
        c, _ = online([("GetSPInfo-Response", answer)])
        assert c.service_info()["text"] == text
        c, _ = online([("GetSPInfo-Response", answer)], content=15)
        assert c.service_info()["text"] == "A test & more "


@everyhow
def test_service_info_with_a_logo():
    answer = INFO[:1] + [("Logo", logo(LOGO))] + INFO[1:]
    c, _ = online([("GetSPInfo-Response", answer)])
    found = c.service_info()
    assert found["logo"] == LOGO and found["type"] == "image/png" and found["name"] == "Plover"
    c, _ = online([("GetSPInfo-Response", answer)], content=100)
    assert "logo" not in c.service_info()


def test_service_info_refused():
    peer = Peer([status(405), granted()] + negotiated())
    c = client(peer)
    assert fails(c.service_info).args[0] == 405
    c.login()
    peer.script = [status(405), status()]
    assert fails(c.service_info).args[0] == 405
    assert c.keep_alive() == 200  # the session goes on


CSP = (
    "http://www.wireless-village.org/CSP1.1",
    "http://www.openmobilealliance.org/DTD/WV-CSP1.2",
    "http://www.openmobilealliance.org/DTD/IMPS-CSP1.3",
)


def discovered(found, syntax, bare=False, version=2):
    """Octets of a version discovery response: in a message, or as the root itself."""
    from microimps.xml.reader import number

    w = part(syntax, "writer", "Writer")(1024, version)
    w.window(0, 1024)
    w.begin()
    if not bare:
        w.start(0x09)
    w.start(number(b"WV-CSP-VersionDiscovery-Response"))
    w.start(number(b"VersionList"))
    for each in found:
        w.leaf(number(b"SessionNSName"), each)
    for _ in range(3 - bare):
        w.end()
    return http(bytes(w.buf[: w.at]))


@everyhow
def test_version_discovery():
    for found in ((), (1,), (1, 2), (2, 3), (1, 2, 3)):
        for bare in (False, True):
            names = [CSP[version - 1] for version in found] + ["http://elsewhere/CSP9"]
            peer = Peer([discovered(names, how.syntax, bare)])
            c = client(peer)
            assert c.versions() == list(found)
            assert c.session.state == 0
            peer.script = [granted()] + negotiated() + [discovered(CSP, how.syntax), status()]
            c.login()
            assert c.versions() == [1, 2, 3]
            c.keep_alive()
            assert peer.asked().sid == "s1"
    assert fails(client(Peer([], 1)).versions).args[0] == 48


def test_octets_of_version_discovery():
    how.syntax = "xml"
    peer = Peer([discovered(CSP, "xml")])
    client(peer).versions()
    how.syntax = "wbxml"
    asked = peer.sent[0].partition(b"\r\n\r\n")[2]
    homes = [CSP, [each.replace("CSP", "TRC") for each in CSP]]
    homes.append([each.replace("CSP", "PA") for each in CSP])
    listed = ""
    for tag in ("Session", "Transaction", "PresenceAttribute"):
        for each in homes.pop(0):
            listed += "<%sNSName>%s</%sNSName>" % (tag, each, tag)
    name = "WV-CSP-VersionDiscovery-Request"
    listed = "<%s><VersionList>%s</VersionList></%s>" % (name, listed, name)
    head = '<?xml version="1.0" encoding="UTF-8"?><WV-CSP-Message xmlns="%s">' % CSP[1]
    assert asked == (head + listed + "</WV-CSP-Message>").encode()


def test_version_discovery_cut_short():
    whole = discovered(CSP, "wbxml")
    head, _, body = whole.partition(b"\r\n\r\n")
    for n in range(len(body)):
        error = fails(client(Peer([http(body[:n])])).versions)
        assert isinstance(error, PeerError) and error.args[0] == 1, n


def test_vendor_data():
    c, peer = online([("Extended-Response", "pong"), status(), status(501)])
    assert c.extended("ping <&>") == "pong"
    assert (peer.asked().name, peer.asked().content) == ("Extended-Request", "ping <&>")
    assert c.extended("") is None
    assert isinstance(fails(c.extended, "x"), StatusError)
    c, peer = online([], 1)
    assert fails(c.extended, "x").args[0] == 48 and not peer.sent


TWO = [("AnswerOption", [("AnswerOptionID", 1), ("AnswerOptionText", "Yes")])]

MESSAGES = [
    (
        "SystemMessage",
        [("SystemMessageID", "m1"), ("RequiresResponse", "F"), ("SystemMessageText", "Hi <all>")],
    ),
    (
        "SystemMessage",
        [
            ("SystemMessageID", "m2"),
            ("RequiresResponse", "T"),
            ("VerificationMechanism", [("InText", "2 + 2")]),
        ],
    ),
    (
        "SystemMessage",
        [
            ("SystemMessageID", "m3"),
            ("RequiresResponse", "T"),
            ("VerificationMechanism", [("URL", "http://x/p.png")]),
        ],
    ),
]


@everyhow
def test_system_messages():
    request = ("SystemMessage-Request", [("SystemMessageList", MESSAGES)], "7", "Request")
    c, peer = online([request, None], 3)
    found = list(c.events(0))
    assert [(m.kind, m.id, m.text, m.wanted, m.verify, m.url, m.options) for m in found] == [
        ("system", "m1", "Hi <all>", False, None, None, []),
        ("system", "m2", None, True, "2 + 2", None, []),
        ("system", "m3", None, True, None, "http://x/p.png", []),
    ]
    assert (peer.asked().mode, peer.asked().tid, peer.asked().name) == ("Response", "7", "Status")
    peer.script = [status()]
    c.respond("m2", None, "4")
    assert peer.asked().name == "SystemMessage-User"
    wanted = [("SystemMessageID", "m2"), ("VerificationKey", "4")]
    assert peer.asked().content == [
        ("SystemMessageResponseList", [("SystemMessageResponse", wanted)])
    ]
    assert fails(online([], 2)[0].respond, "m2").args[0] == 48


def system(*about):
    """A request that carries one system message."""
    listed = [("SystemMessageList", [("SystemMessage", list(about))])]
    return [("SystemMessage-Request", listed, "7", "Request"), ("Poll", False)]


@everyhow
def test_long_system_messages():
    terms = "Be kind, " * 40 + "\xe9" * 200
    options = [("AnswerOption", [("AnswerOptionText", "lost")])]
    for at in range(20):
        told = [("AnswerOptionID", at), ("AnswerOptionText", "x" * (150 if at == 1 else 5))]
        options.append(("AnswerOption", told))
    wanted = [(0, "x" * 5), (1, "")] + [(at, "x" * 5) for at in range(2, 16)]
    about = [("SystemMessageID", "m1"), ("RequiresResponse", "T"), ("SystemMessageText", terms)]
    for content in (1024, 401):
        answer = system(*(about + [("AnswerOptions", options)]))
        c, _ = online([answer, None], 3, content=content)
        (m,) = c.events(0)
        assert m.text == (terms if content == 1024 else terms[:380]) and m.options == wanted


def test_a_system_message_does_not_disturb_the_answer_around_it():
    listed = ("SystemMessageList", MESSAGES[:1])
    about = [("MessageID", "m9"), ("ContentSize", 300), ("Recipient", ""), ("Sender", "")]
    content = [result(200, listed), ("MessageInfo", about), ("ContentData", "y" * 300)]
    c, peer = online([("GetMessage-Response", content), status()], 3)
    assert b"".join(c.fetch("m9")) == b"y" * 300
    (m,) = c.session.inbox
    assert m.text == "Hi <all>"


def test_a_system_message_that_was_cut_off_leaves_nothing():
    whole = system(*(MESSAGES[0][1] + [("AnswerOptions", TWO)]))
    broken = http(message(whole, "7", 3, "wbxml")[:-40], b"")
    c, peer = online([broken, whole, None], 3, retries=0)
    assert isinstance(fails(list, c.events(0)), PeerError)
    (m,) = c.events(0)
    assert m.options == [(1, "Yes")]


@everyhow
def test_the_last_of_several_texts_counts():
    about = MESSAGES[0][1] + [("SystemMessageText", "Hi again")]
    c, _ = online([system(*about), None], 3)
    assert [m.text for m in c.events(0)] == ["Hi again"]


def test_no_more_system_messages_are_kept_than_there_is_room():
    listed = ("SystemMessageList", MESSAGES[:1] * 50)
    c, _ = online([status(200, listed)], 3)
    c.reject("x")
    assert len(c.session.inbox) == 16


def test_a_system_message_in_any_result():
    listed = ("SystemMessageList", MESSAGES[:1])
    c, _ = online([status(200, listed)], 3)
    assert c.reject("x") == []
    (m,) = c.session.inbox
    assert m.id == "m1"


@everyhow
def test_notifications():
    users = ("UserIDList", [("UserID", "wv:bo@d"), ("UserID", "wv:cy@d")])
    names = ("PresenceSubList", [("OnlineStatus", ""), ("StatusText", "")])
    pair = ("UserIDPair", [("UnrecognizedUserID", "wv:b"), ("ValidUserID", "wv:bo@d")])
    lists = ("ContactListIDList", [("ContactList", "wv:a/f@d")])
    for kind, payload, wanted in (
        (
            "ANU",
            [names, users],
            {"names": ["OnlineStatus", "StatusText"], "users": ["wv:bo@d", "wv:cy@d"]},
        ),
        ("AND", [names, ("DefaultList", "T")], {"names": names_of(names), "default": "T"}),
        ("CLC", [lists], {"lists": ["wv:a/f@d"]}),
        ("GC", [("GroupID", "wv:a/g@d")], {"group": "wv:a/g@d"}),
        ("IA", [("InviteID", "i1")], {"invite": "i1"}),
        ("BLUC", [("BlockListInUse", "F")], {"blocked": "F"}),
        ("GLUC", [("GrantListInUse", "T")], {"granted": "T"}),
        ("OEU", [("OnlineETEMHandling", "FORKALL")], {"online": "FORKALL"}),
        ("SPA", [("SessionPriority", 300)], {"priority": "300"}),
        ("ATCL", [("UserList", [("User", [("UserID", "wv:bo@d")])])], {"users": ["wv:bo@d"]}),
        ("X", [pair], {"wrong": "wv:b", "valid": "wv:bo@d"}),
        ("BLC", [], {}),
    ):
        content = [("NotificationType", kind)] + payload
        c, peer = online([("Notification-Request", content, "8", "Request"), None], 3)
        (n,) = c.events(0)
        assert (n.kind, n.name, n.values) == ("notification", kind, wanted)
        assert (peer.asked().name, peer.asked().tid) == ("Status", "8")


def names_of(listed):
    return [name for name, _ in listed[1]]


def test_a_notification_keeps_no_more_than_there_is_room_for():
    users = [("UserID", "wv:u%d@d" % n) for n in range(100)]
    names = [("StatusText", "")] * 100
    content = [("NotificationType", "ANU"), ("PresenceSubList", names), ("UserIDList", users)]
    c, _ = online([("Notification-Request", content, "8", "Request"), None], 3)
    (n,) = c.events(0)
    assert n.values["users"] == [user for _, user in users[:64]]
    assert n.values["names"] == ["StatusText"] * 64


def test_subscribing_to_notifications():
    c, peer = online([status(), status(), status(402)], 3)
    c.subscribe_notifications("CLC", "SPA")
    listed = [("NotificationType", "CLC"), ("NotificationType", "SPA")]
    assert peer.asked().name == "SubscribeNotification-Request"
    assert peer.asked().content == [("NotificationTypeList", listed)]
    c.unsubscribe_notifications("CLC")
    assert peer.asked().name == "UnsubscribeNotification-Request"
    assert fails(c.subscribe_notifications, "XYZ").args[0] == 402
    c, peer = online([], 2)
    assert fails(c.subscribe_notifications, "CLC").args[0] == 48 and not peer.sent


def test_private_proposals_are_off():
    c, peer = online([])
    for task in (c.nudge, c.typing):
        error = fails(task, "wv:bo@d")
        assert isinstance(error, LocalError) and error.args[0] == 56
    assert not peer.sent


def test_nudge_and_typing():
    sent = ("SendMessage-Response", [("Result", [("Code", 200)]), ("MessageID", "m1")])
    c, peer = online([sent, sent], wishes={"private": True})
    for task, kind, validity in ((c.nudge, "nudge", "30"), (c.typing, "typing", "10")):
        task("wv:bo@d")
        info = dict(dict(peer.asked().content)["MessageInfo"])
        assert info["ContentType"] == "application/vnd.microimps." + kind
        assert info["Validity"] == validity
        assert dict(peer.asked().content)["DeliveryReport"] == "F"


def test_idle():
    def own(value):
        attribute = ("UserAvailability", [("Qualifier", "T"), ("PresenceValue", value)])
        told = [("UserID", "wv:anna@d"), ("PresenceSubList", [attribute])]
        return ("GetPresence-Response", [("Result", [("Code", 200)]), ("Presence", told)])

    def shown(ask):
        assert ask.name == "UpdatePresence-Request"
        return dict(dict(ask.content[0][1])["UserAvailability"])["PresenceValue"]

    c, peer = online([own("AVAILABLE"), status(), own("DISCREET"), status(), status(), status()])
    assert c.idle() == "AVAILABLE" and shown(peer.asked()) == "DISCREET"
    chosen = c.idle(True)
    assert chosen == "DISCREET" and shown(peer.asked()) == "NOT_AVAILABLE"
    c.active(chosen)
    assert shown(peer.asked()) == "DISCREET"
    c.active()
    assert shown(peer.asked()) == "AVAILABLE"


if __name__ == "__main__":
    from testing import run

    run(globals())
