# heap: 256K
"""Messages that wait at the service, by transactions.md section 10."""

from binascii import b2a_base64

from peer import everyhow, fails, how, online, result, status, user

from microimps import PeerError, StatusError

BO, ANNA, GROUP = "wv:bo@d", "wv:anna@d", "wv:/chess@d"


def info(i="m1", size=5, encoding=None, sender=None):
    return (
        "MessageInfo",
        [
            (name, value)
            for name, value in (
                ("MessageID", i),
                ("ContentType", "text/plain"),
                ("ContentEncoding", encoding),
                ("ContentSize", size),
                ("Recipient", [user(ANNA)]),
                ("Sender", [sender or user(BO)]),
                ("DateTime", "20260102T030405Z"),
            )
            if value is not None
        ],
    )


def listed(version, *infos):
    if version < 3:
        return ("GetMessageList-Response", list(infos))
    content = [("MessageInfoList", list(infos))] if infos else []
    return ("GetMessageList-Response", content + [("MessageTotalCount", 40)])


@everyhow
def test_messages():
    for version in (1, 2, 3):
        answers = [listed(version, info(), info("m2", 90000)), listed(version)]
        c, peer = online(answers, version)
        found = list(c.messages())
        assert [(m.kind, m.id, m.size, m.sender, m.to) for m in found] == [
            ("notice", "m1", 5, BO, ANNA),
            ("notice", "m2", 90000, BO, ANNA),
        ]
        assert found[1].content is None and found[1].date == "20260102T030405Z"
        assert c.session.number == (40 if version == 3 else None)
        assert peer.asked().name == "GetMessageList-Request" and not peer.asked().content
        assert list(c.messages()) == []


@everyhow
def test_messages_of_a_group():
    talk = ("Group", [("ScreenName", [("SName", "Bee"), ("GroupID", GROUP)])])
    for version in (1, 2, 3):
        c, peer = online([listed(version, info(sender=talk)), status(821)], version)
        (m,) = list(c.messages(GROUP, 7))
        assert m.sender == "Bee" and m.group == GROUP
        assert peer.asked().content == [("GroupID", GROUP), ("MessageCount", "7")]
        assert fails(list, c.messages(GROUP)).args[0] == 821


@everyhow
def test_many_messages_one_by_one():
    many = [info("m%d" % i) for i in range(12)]  # the peer has the message as a whole
    for version in (2, 3):
        c, _ = online([listed(version, *many)], version)
        for i, m in enumerate(c.messages()):
            assert m.id == "m%d" % i
        assert i == 11


# fetching


def fetched(content, **more):
    return ("GetMessage-Response", [info(**more), ("ContentData", content)])


@everyhow
def test_fetch():
    text = "a<b> & c \u20ac\n" * 25
    c, peer = online([fetched(text), status()])
    found = b""
    for piece in c.fetch("m1"):
        assert len(piece) < 257
        found += piece
    assert found.decode() == text
    assert peer.asked(0).name == "GetMessage-Request"
    confirmed = peer.asked(1)
    assert confirmed.name == "MessageDelivered" and confirmed.mode == "Request"
    assert peer.asked(0).content == confirmed.content == [("MessageID", "m1")]
    c, _ = online([fetched(""), status()])
    assert b"".join(c.fetch("m1")) == b""
    c, _ = online([fetched("T"), status()])
    assert b"".join(c.fetch("m1")) == b"T"


def test_fetch_base64_cut_anywhere():
    content = bytes(range(200))
    coded = b2a_base64(content).decode().strip()
    lines = "\n".join([coded[i : i + 61] for i in range(0, len(coded), 61)]) + "\n"
    for how.syntax in ("wbxml", "xml"):
        for how.cut in range(1, 12):
            for data in (coded, lines):
                c, _ = online([fetched(data, encoding="BASE64"), status()], size=96)
                assert b"".join(list(c.fetch("m1"))) == content
    how.syntax = "wbxml"
    how.cut = 0


def test_fetch_base64_with_a_rest():
    c, _ = online([fetched("YWJjZ", encoding="BASE64"), status()])
    error = fails(list, c.fetch("m1"))
    assert isinstance(error, PeerError) and error.args[0] == 16


@everyhow
def test_fetch_of_nothing():
    for answer in (status(426), ("GetMessage-Response", [result(426)])):
        c, peer = online([answer, status()])
        error = fails(list, c.fetch("m9"))
        assert isinstance(error, StatusError) and error.args[0] == 426
        assert len(peer.sent) == 1  # not confirmed
        c.reject("m9")


def test_a_message_beside_the_fetched_one():
    new = ("NewMessage", [info("m2", encoding="BASE64"), ("ContentData", "aGk=")], "7", "Request")
    c, peer = online([[new, fetched("plain text")], None, status()])
    assert b"".join(list(c.fetch("m1"))) == b"plain text"
    (m,) = c.inbox
    assert m.id == "m2" and m.content == b"hi"


# what becomes of them


@everyhow
def test_reject():
    c, peer = online([status(), status(201, ("DetailedResult", [("Code", 426)]))])
    assert c.reject("m1", "m2") == []
    assert peer.asked().name == "RejectMessage-Request"
    assert peer.asked().content == [("MessageID", "m1"), ("MessageID", "m2")]
    assert c.reject("m1", "m2") == [426]


@everyhow
def test_forward():
    for version in (1, 2, 3):
        done = ("ForwardMessage-Response", [("MessageID", "m9")]) if version == 3 else status()
        c, peer = online([done, done, status(426)], version)
        assert c.forward("m1", BO) == ("m9" if version == 3 else None)
        assert peer.asked().name == "ForwardMessage-Request"
        assert peer.asked().content == [("MessageID", "m1"), ("Recipient", [user(BO)])]
        c.forward("m1", None, GROUP)
        to = [("Group", [("GroupID", GROUP)])]
        assert peer.asked().content == [("MessageID", "m1"), ("Recipient", to)]
        assert fails(c.forward, "m1", BO).args[0] == 426


@everyhow
def test_delivery_method():
    for version in (1, 2, 3):
        c, peer = online([status()] * 3 + [status(800)], version)
        c.delivery_method(False)
        assert peer.asked().name == "SetDeliveryMethod-Request"
        assert peer.asked().content == [("DeliveryMethod", "N")]
        assert c.session.push is False and c.session.content == 1024
        c.delivery_method(True, 500)
        wanted = [("DeliveryMethod", "P"), ("AcceptedContentLength", "500")]
        assert peer.asked().content == wanted
        assert c.session.push and c.session.content == 500
        c.delivery_method(False, None, GROUP, 70)
        wanted = [("DeliveryMethod", "N"), ("GroupID", GROUP)]
        assert peer.asked().content == wanted + [("GroupContentLimit", "70")] * (version == 3)
        assert c.session.push  # that was for the group
        assert fails(c.delivery_method, True, None, GROUP).args[0] == 800


if __name__ == "__main__":
    from testing import run

    run(globals())
