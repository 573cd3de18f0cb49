# heap: 256K
"""Login, negotiation and the octets of some requests, by transactions.md sections 2 to 4."""

from peer import (
    Peer,
    Request,
    client,
    everyhow,
    fails,
    granted,
    how,
    negotiated,
    online,
    result,
    status,
)

from microimps import LocalError, PeerError, StatusError
from microimps.http_bearer import HttpBearer

CLIENT = ("ClientID", [("URL", "microimps")])
COOKIE = "0001020304050607"
NONCE, SHA, MD5 = "q7Rk-2209", "Nj6/qKkKnMXkKhpv7piaidJScfI=", "T2jfXVK6Ts4unAte/JaBFg=="


def challenge(code, scheme, nonce=NONCE):
    content = [CLIENT, result(code), ("Nonce", nonce), ("DigestSchema", scheme)]
    return ("Login-Response", content)


@everyhow
def test_login_2_way():
    for version in (1, 2, 3):
        peer = Peer([granted()] + negotiated(version), version)
        c = client(peer)
        c.login()
        ask = peer.asked(0)
        assert ask.type == "Outband" and ask.sid is None and ask.name == "Login-Request"
        assert ask.content[:5] == [
            ("UserID", "wv:anna@d"),
            CLIENT,
            ("Password", "kestrel55"),
            ("TimeToLive", "7200"),
            ("SessionCookie", COOKIE),
        ]
        carried = [each[0] for each in ask.content[5:]]
        assert carried == (["Functions", "CapabilityList"] if version == 3 else [])
        assert c.session.id == "s1" and c.session.keep == 6480000
        assert c.session.refused == [] and not peer.script


@everyhow
def test_login_4_way():
    for version in (1, 2, 3):
        for code in (401, 200):
            for scheme, proof in (("SHA", SHA), ("MD5", MD5)):
                peer = Peer([challenge(code, scheme), granted()] + negotiated(version), version)
                c = client(peer, schemes=("SHA", "MD5"))
                c.login()
                first, second = peer.asked(0), peer.asked(1)
                offered = [("DigestSchema", "SHA"), ("DigestSchema", "MD5")]
                if version == 1:
                    offered = [("DigestSchema", "SHA,MD5")]
                head = [("UserID", "wv:anna@d"), CLIENT]
                tail = [("TimeToLive", "7200"), ("SessionCookie", COOKIE)]
                assert first.content == head + offered + tail
                assert second.content[:5] == head + [("DigestBytes", proof)] + tail
                assert len(second.content) == (7 if version == 3 else 5)
                assert first.tid == second.tid and second.sid is None
                assert c.session.id == "s1"


@everyhow
def test_login_by_password_after_a_challenge():
    peer = Peer([challenge(401, "PWD"), granted()] + negotiated())
    client(peer, schemes=("SHA", "PWD")).login()
    assert ("Password", "kestrel55") in peer.asked(1).content


def test_login_known_by_the_network():
    peer = Peer([granted()] + negotiated())
    c = client(peer, schemes=("SHA", "MD5"))
    c.login()
    assert c.session.id == "s1" and len(peer.sent) == 3


def test_login_cookie_stays_for_both_steps_only():
    peer = Peer([challenge(401, "SHA"), granted()] + negotiated())
    peer.urandom = lambda n: bytes([len(peer.sent)] * n)
    c = client(peer, schemes=("SHA",))
    c.login()
    cookies = [peer.asked(i).content[-1] for i in (0, 1)]
    assert cookies[0] == cookies[1] == ("SessionCookie", "00" * 8)
    peer.script = [status(), granted()] + negotiated()
    c.logout()
    c.login()
    assert peer.asked(4 + 1).content[-1] == ("SessionCookie", "05" * 8)


@everyhow
def test_login_refused():
    for code in (401, 403, 409, 422, 502, 503, 531, 543, 600, 603, 604):
        for answer in (status(code), ("Login-Response", [CLIENT, result(code)])):
            for schemes in ((), ("SHA",)):
                peer = Peer([answer])
                c = client(peer, schemes=schemes)
                error = fails(c.login)
                assert isinstance(error, StatusError) and error.args[0] == code
                assert c.session.id is None and len(peer.sent) == 1
                peer.script = [granted()] + negotiated()
                c.login()
                assert c.session.id == "s1"


@everyhow
def test_proof_refused():
    for answer in (status(409), challenge(401, "SHA")):
        peer = Peer([challenge(401, "SHA"), answer])
        c = client(peer, schemes=("SHA",))
        assert fails(c.login).args[0] in (401, 409)
        assert c.session.id is None and len(peer.sent) == 2


AGREED = ("AgreedCapabilityList", [("ServerPollMin", 9), ("MultiTrans", 1)])


def test_negotiation_within_login():
    for refused in (None, [("WVCSPFeat", [("GroupFeat", "")])]):
        functions = [("Functions", refused)] if refused else []
        answer = ("Login-Response", granted()[1] + functions + [AGREED])
        peer = Peer([answer, status()], 3)
        c = client(peer)
        c.login()
        assert len(peer.sent) == 1 and c.session.least == 9000
        assert len(c.session.refused) == (1 if refused else 0)
        c.logout()
    # a service that did not take it is asked in the old way
    peer = Peer([granted()] + negotiated(3), 3)
    client(peer).login()
    assert len(peer.sent) == 3


def test_stepping_down():
    for newest in (1, 2, 3):
        for spoken in (1, 2, 3):
            script = [status(505)] * newest
            if newest >= spoken:
                script[newest - spoken :] = [granted()] + negotiated(spoken)
            peer = Peer(script, newest)

            def say(entry, peer=peer, plain=peer.say):
                peer.version = peer.asked().version  # it answers in the version of the request
                return plain(entry)

            peer.say = say
            c = client(peer, version=newest)
            error = fails(c.login)
            if newest < spoken:
                assert error.args[0] == 505 and c.session.w.version == 1
                assert c.session.id is None
            else:
                assert error is None and c.session.version == spoken
                assert [peer.asked(i).version for i in range(newest - spoken + 1)] == list(
                    range(newest, spoken - 1, -1)
                )
            assert not peer.script


def test_a_version_that_there_is_not():
    for version in (0, 4, 1.2, "1.2"):
        error = fails(lambda version=version: client(Peer([], 1), version=version))
        assert isinstance(error, LocalError) and error.args == (48, version)


def test_an_answer_in_an_older_version_is_stepped_down_to():
    peer = Peer([status(505), granted()] + negotiated(2), 2)
    c = client(peer, version=3)
    c.login()
    assert c.session.version == 2 and peer.asked(1).version == 2
    peer = Peer([status(505)], 2)
    c = client(peer, version=1)
    assert fails(c.login).args[0] == 13 and c.session.id is None


def test_the_version_stays_after_a_move():
    peer = Peer([status(505), granted()] + negotiated(2), 2)
    c = client(peer, version=3)
    c.login()
    c.move(HttpBearer(peer, "h", 80, "/x"), peer.syntax)
    peer.script = [status()]
    c.logout()
    assert peer.asked().version == 2 and peer.asked().sid == "s1"


def test_resume():
    for version in (1, 2, 3):
        peer = Peer([granted(7200, "old")] + negotiated(version), version)
        assert client(peer).login(resume="old") is True
        ask = peer.asked(0)
        assert ask.sid == (None if version == 3 else "old")
        assert dict(ask.content).get("SessionID") == ("old" if version == 3 else None)
        # lost at the service: a new one begins
        for code in (502, 600, 604):
            peer = Peer([status(code), granted()] + negotiated(version), version)
            c = client(peer)
            assert c.login(resume="old") is False and c.session.id == "s1"
            assert peer.asked(1).sid is None and "SessionID" not in dict(peer.asked(1).content)
        # the user's own trouble
        for code in (409, 601):
            c = client(Peer([status(code)], version))
            assert fails(c.login, "old").args[0] == code


def test_wishes():
    wishes = {
        "types": ("text/plain", "image/png"),
        "language": "eng",
        "online": "FORKALL",
        "offline": "REJECT",
        "priority": 7,
    }
    for version in (1, 2, 3):
        peer = Peer([granted()] + negotiated(version), version)
        client(peer, wishes=wishes).login()
        told = dict(peer.asked(1).content)["CapabilityList"]
        names = [name for name, _ in told]
        assert names.count("AcceptedContentType") == 2 and "AnyContent" not in names
        told = dict(told)
        assert told["DefaultLanguage"] == "eng"
        later = ("OnlineETEMHandling", "OfflineETEMHandling", "SessionPriority")
        values = [told.get(name) for name in later]
        assert values == (["FORKALL", "REJECT", "7"] if version == 3 else [None] * 3)
    peer = Peer([granted()] + negotiated())
    c = client(peer, wishes={"Priority": 1})
    error = fails(c.login)
    assert isinstance(error, LocalError) and error.args == (55, "Priority")
    c.session.wishes = {"priority": 1}
    c.login()
    assert c.session.id == "s1" and not peer.script


def test_identity_of_a_telephone():
    peer = Peer([granted()] + negotiated())
    client(peer, client="+442071838750").login()
    assert peer.asked(0).content[1] == ("ClientID", [("MSISDN", "+442071838750")])


def test_user_and_password_from_the_service():
    given = [("UserID", "wv:anna9@d")] + granted()[1][:1] + [("Password", "p9")]
    answer = ("Login-Response", given + granted()[1][1:] + [AGREED])
    peer = Peer([answer, status()], 3)
    c = client(peer)
    c.login()
    assert (c.session.user, c.session.password) == ("wv:anna9@d", "p9")
    c.logout()
    peer.script = [("Login-Response", granted()[1] + [AGREED])]
    c.login()
    assert peer.asked().content[0] == ("UserID", "wv:anna9@d")
    assert ("Password", "p9") in peer.asked().content


TERMS = [
    ("SystemMessageID", "t1"),
    ("RequiresResponse", "T"),
    ("SystemMessageText", "Be kind"),
    (
        "AnswerOptions",
        [
            ("AnswerOption", [("AnswerOptionID", 1), ("AnswerOptionText", "Yes")]),
            ("AnswerOption", [("AnswerOptionID", 2), ("AnswerOptionText", "No")]),
        ],
    ),
]


@everyhow
def test_terms_of_use():
    listed = ("SystemMessageList", [("SystemMessage", TERMS)])
    for answer in (status(403, listed), ("Login-Response", [CLIENT, result(403, listed)])):
        peer = Peer([answer], 3)
        c = client(peer)
        assert fails(c.login).args[0] == 403
        (m,) = c.events(0)
        assert (m.kind, m.id, m.text, m.wanted) == ("system", "t1", "Be kind", True)
        assert m.options == [(1, "Yes"), (2, "No")] and m.verify is None
        peer.script = [("Login-Response", granted()[1] + [AGREED])]
        c.login(answers=((m.id, 1, None),))
        said = dict(peer.asked().content)["SystemMessageResponseList"]
        wanted = [("SystemMessageID", "t1"), ("ChosenOptionID", "1")]
        assert said == [("SystemMessageResponse", wanted)]


def test_login_without_a_session():
    peer = Peer([("Login-Response", [CLIENT, result()])])
    c = client(peer)
    error = fails(c.login)
    assert isinstance(error, PeerError) and error.args[0] == 15
    assert fails(c.keep_alive).args[0] == 40


def test_scheme_that_was_not_offered():
    bare = ("Login-Response", [CLIENT, result(401), ("Nonce", NONCE)])
    for answer in (challenge(401, "MD6"), challenge(200, "PWD"), challenge(401, "MD5"), bare):
        peer = Peer([answer])
        c = client(peer, schemes=("SHA",))
        error = fails(c.login)
        assert isinstance(error, PeerError) and error.args[0] == 17 and len(peer.sent) == 1
        peer.script = [granted()] + negotiated()
        c.login()


def test_password_outside_latin():
    peer = Peer([challenge(401, "SHA")])
    c = client(peer, schemes=("SHA",))
    c.session.password = "\u043f"
    error = fails(c.login)
    assert isinstance(error, LocalError) and error.args[0] == 44
    c.session.password = "kestrel\xe9"
    peer.script = [challenge(401, "SHA"), granted()] + negotiated()
    c.login()


def test_keep_alive_time_may_be_missing():
    login = ("Login-Response", [CLIENT, result(), ("SessionID", "s1")])
    peer = Peer([login] + negotiated())
    c = client(peer)
    c.login()
    assert c.session.keep == 7200000


def test_forms_of_the_capability_answer():
    poll = ("ServerPollMin", 9)
    for content in (
        [("AgreedCapabilityList", [poll])],
        [("CapabilityList", [("ClientType", "MOBILE_PHONE"), poll])],
        [CLIENT, ("CapabilityList", [("SupportedBearer", "HTTP"), poll, ("MultiTrans", 1)])],
        [("AgreedCapabilityList", [("TCPAddress", "10.0.0.1"), ("TCPPort", 3171), poll])],
    ):
        peer = Peer([granted(), ("ClientCapability-Response", content), negotiated()[1]])
        c = client(peer)
        c.login()
        assert c.session.least == 9000
    for content in ([], [("AgreedCapabilityList", [])], [("AgreedCapabilityList", "")]):
        peer = Peer([granted(), ("ClientCapability-Response", content), negotiated()[1]])
        c = client(peer)
        c.login()
        assert c.session.least == 30000


@everyhow
def test_inverted_service_answer():
    from microimps.xml.reader import number

    def n(name):
        return number(name.encode())

    leaves = [("IMReceiveFunc", [("SETD", ""), ("GETLM", "")])]
    for refused, wanted in (
        (None, []),
        ([], []),
        ([("WVCSPFeat", "")], ["WVCSPFeat"]),
        ([("WVCSPFeat", [("GroupFeat", "")])], ["GroupFeat"]),
        ([("WVCSPFeat", [("IMFeat", leaves), ("GroupFeat", "")])], ["SETD", "GETLM", "GroupFeat"]),
    ):
        c, _ = online([], refused=refused)
        assert c.session.refused == [n(each) for each in wanted], wanted
    functions = ("AllFunctions", [("WVCSPFeat", [("IMFeat", "")])])
    peer = Peer([granted(), negotiated()[0], ("Service-Response", [functions])])
    c = client(peer)
    c.login()
    assert c.session.refused == []


# whole requests, octet by octet, in the order of content-models.md

XML = '<?xml version="1.0" encoding="UTF-8"?>'
HOMES = (
    ("http://www.wireless-village.org/%s1.1",) * 2,
    ("http://www.openmobilealliance.org/DTD/WV-%s1.2",) * 2,
    ("http://www.openmobilealliance.org/DTD/IMPS-%s1.3",) * 2,
)


def xml(version, tid, primitive):
    csp, trc = [HOMES[version - 1][0] % kind for kind in ("CSP", "TRC")]
    return (
        XML + '<WV-CSP-Message xmlns="' + csp + '"><Session><SessionDescriptor>'
        "<SessionType>Inband</SessionType><SessionID>s1</SessionID></SessionDescriptor>"
        "<Transaction><TransactionDescriptor><TransactionMode>Request</TransactionMode>"
        "<TransactionID>" + tid + "</TransactionID></TransactionDescriptor>"
        '<TransactionContent xmlns="' + trc + '">' + primitive + "</TransactionContent>"
        "</Transaction></Session></WV-CSP-Message>"
    ).encode()


def test_octets_of_xml():
    how.syntax = "xml"
    nick = "<NickName><Name>Bo &amp; Co</Name><UserID>wv:bo@d</UserID></NickName>"
    nick = "<AddNickList>" + nick + "</AddNickList>"
    for version in (1, 2, 3):
        answers = [("ListManage-Response", [result()]), status(), status()]
        c, peer = online(answers, version)
        c.add_contact("wv:anna/f@d", "wv:bo@d", "Bo & Co")
        receive = "" if version == 1 else "<ReceiveList>F</ReceiveList>"
        manage = "<ListManage-Request><ContactList>wv:anna/f@d</ContactList>" + nick + receive
        assert peer.asked().body == xml(version, "4", manage + "</ListManage-Request>")
        c.reject("m1", "m2")
        ids = "<MessageID>m1</MessageID><MessageID>m2</MessageID>"
        assert peer.asked().body == xml(
            version, "5", "<RejectMessage-Request>" + ids + "</RejectMessage-Request>"
        )
        c.unsubscribe(("wv:bo@d",), ("wv:anna/f@d",))
        if version == 3:
            whom = (
                "<UserIDList><UserID>wv:bo@d</UserID></UserIDList>"
                "<ContactListIDList><ContactList>wv:anna/f@d</ContactList></ContactListIDList>"
            )
        else:
            whom = "<User><UserID>wv:bo@d</UserID></User><ContactList>wv:anna/f@d</ContactList>"
        whom = "<UnsubscribePresence-Request>" + whom + "</UnsubscribePresence-Request>"
        assert peer.asked().body == xml(version, "6", whom)
    how.syntax = "wbxml"


def wbxml(version, tid, primitive):
    """By hand from wbxml-tokens.csv: pages 0 and where the primitive goes."""
    v = bytes((0x30 + version,))
    head = b"\x03" + bytes((15 + version,)) + b"\x6a\0"
    head += b"\xc9" + bytes((3 * version + 2,)) + b"\x031." + v + b"\0\x01\x6d"  # root, Session
    head += b"\x6e\x70\x80\x11\x01\x6f\x03s1\0\x01\x01"  # descriptor: Inband, s1
    head += b"\x72\x74\x76\x80\x20\x01\x75\x03" + tid + b"\0\x01\x01"  # Request, the number
    head += b"\xf3" + bytes((3 * version + 4,)) + b"\x031." + v + b"\0\x01"
    return head + primitive + b"\x01\x01\x01\x01"


def test_octets_of_wbxml():
    for version in (1, 2, 3):
        c, peer = online([None, ("KeepAlive-Response", [result()]), status()], version)
        list(c.events(0))
        poll = b"\0\x01\x22"  # page 1, Polling-Request
        # the number of a poll is an empty element
        whole = wbxml(version, b"", poll).replace(b"\x75\x03\0\x01", b"\x35")
        assert peer.asked().body == whole
        c.keep_alive()
        assert peer.asked().body == wbxml(version, b"4", b"\0\x01\x1b")
        c.delete_list("wv:anna/f@d")
        # page 4 DeleteList-Request, page 0 ContactList
        assert peer.asked().body == wbxml(
            version, b"5", b"\0\x04\x4d\0\0\x4c\x03wv:anna/f@d\0\x01\x01"
        )


def test_a_long_request_through_a_small_buffer():
    text = "x<&>\u20ac" * 200
    for how.syntax in ("wbxml", "xml"):
        bodies = []
        for size in (128, 256, 4096):
            send = ("SendMessage-Response", [result(), ("MessageID", "m1")])
            c, peer = online([send], size=size)
            c.send("wv:bo@d", text)
            bodies.append(peer.sent[0])
        assert bodies[0] == bodies[1] == bodies[2]
        assert dict(Request(bodies[0], how.syntax).content)["ContentData"] == text
    how.syntax = "wbxml"


if __name__ == "__main__":
    from testing import run

    run(globals())
