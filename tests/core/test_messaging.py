# heap: 256K
"""Messages, by transactions.md section 10."""

from peer import everyhow, fails, how, http, message, online, result, status

from microimps import LocalError, PeerError, StatusError

BO, ANNA = "wv:bo@d", "wv:anna@d"


def user(address):
    return ("User", [("UserID", address)])


def info(i="m1", size=5, encoding=None, sender=None, date=None, kind="text/plain"):
    return (
        "MessageInfo",
        [
            (name, value)
            for name, value in (
                ("MessageID", i),
                ("ContentType", kind),
                ("ContentEncoding", encoding),
                ("ContentSize", size),
                ("Recipient", [user(ANNA)]),
                ("Sender", [sender or user(BO)]),
                ("DateTime", date),
            )
            if value is not None
        ],
    )


def new(content, tid="77", **more):
    return ("NewMessage", [info(**more), ("ContentData", content)], tid, "Request")


def arrives(entry, version=2, **options):
    """(the one event, what the client answered)."""
    c, peer = online([entry, None, None], version, **options)
    (event,) = list(c.events(0))
    return event, peer.asked(1)


@everyhow
def test_message():
    for version in (1, 2, 3):
        m, answer = arrives(new("hello", date="20260102T030405Z"), version)
        assert m.kind == "message" and m.id == "m1" and m.sender == BO and m.group is None
        assert m.type == "text/plain" and m.size == 5 and m.date == "20260102T030405Z"
        assert m.content == b"hello" and m.text == "hello"
        assert answer.name == "MessageDelivered" and answer.content == [("MessageID", "m1")]
        assert answer.mode == "Response" and answer.tid == "77"


@everyhow
def test_text_in_pieces():
    text = "a<b> & c \u20ac\U0001f600\r\n\t " * 30
    m, _ = arrives(new(text))
    assert m.text == text
    m, _ = arrives(new(""))
    assert m.content == b"" and m.text == ""
    c, _ = online([("NewMessage", [info()], "77", "Request"), None])
    (m,) = list(c.events(0))
    assert m.text is None or m.text == ""


def test_text_that_is_a_word():
    for text in ("T", "Request", "AVAILABLE", "T and F"):
        for how.syntax in ("wbxml", "xml"):
            m, _ = arrives(new(text))
            assert m.text == text
    how.syntax = "wbxml"


@everyhow
def test_base64():
    content = bytes(range(256))
    from binascii import b2a_base64

    coded = b2a_base64(content).decode()
    lines = "\n".join([coded[i : i + 50] for i in range(0, len(coded), 50)])
    for data in (coded, coded.strip(), lines):
        for encoding in ("BASE64", "base64"):
            m, _ = arrives(new(data, encoding=encoding, kind="image/gif", size=256))
            assert m.content == content and m.type == "image/gif" and m.size == 256
    m, _ = arrives(new("YWI=", encoding="None"))
    assert m.content == b"YWI="


def test_base64_that_is_none():
    for octets in ("YWI", "Y"):
        c, peer = online([new(octets, encoding="BASE64"), None, None])
        error = fails(list, c.events(0))
        assert isinstance(error, PeerError) and error.args[0] == 16, octets
        assert list(c.events(0)) == []


def test_opaque_content():
    m = message([new("x" * 40)[:2]], "77", 2).replace(
        b"\x03" + b"x" * 40 + b"\0", b"\xc3\x28" + b"\0\xff" * 20
    )
    m = m.replace(b"\x80\x21", b"\x80\x20")  # Request
    c, peer = online([http(m), None])
    (event,) = list(c.events(0))
    assert event.content == b"\0\xff" * 20


def test_entities():
    how.syntax = "xml"
    m = message([new("XX")], "1", 2, "xml").replace(
        b"XX", b"&lt;&#8364;&#x20ac;&amp;<![CDATA[<b>&amp;]]>&quot;&apos;"
    )
    c, _ = online([http(m), None])
    (event,) = list(c.events(0))
    how.syntax = "wbxml"
    assert event.text == "<\u20ac\u20ac&<b>&amp;\"'"


@everyhow
def test_too_long_for_here():
    event, answer = arrives(new("x" * 101), content=100)
    assert event.kind == "notice" and event.content is None and event.text is None
    assert event.id == "m1" and event.sender == BO
    assert answer.name == "Status" and answer.content == [("Result", [("Code", "432")])]
    event, _ = arrives(new("x" * 100), content=100)
    assert event.kind == "message" and len(event.content) == 100
    from binascii import b2a_base64

    octets = bytes(100)
    event, _ = arrives(new(b2a_base64(octets).decode().strip(), encoding="BASE64"), content=100)
    assert event.kind == "message" and event.content == octets  # its content is not too long


def test_very_long_content_takes_no_memory():
    event, _ = arrives(new("x" * 10000), content=100)
    assert event.kind == "notice"


def test_parties():
    group = ("Group", [("ScreenName", [("SName", "Bee"), ("GroupID", "wv:bo/g@d")])])
    event, _ = arrives(new("x", sender=group))
    assert event.sender == "Bee" and event.group == "wv:bo/g@d"
    event, _ = arrives(new("x", sender=("Group", [("GroupID", "wv:bo/g@d")])))
    assert event.sender is None and event.group == "wv:bo/g@d"


def test_content_before_information():
    entry = ("NewMessage", [("ContentData", "YWI="), info(encoding="BASE64")], "1", "Request")
    event, _ = arrives(entry)
    assert event.content == b"ab"


@everyhow
def test_dates():
    event, _ = arrives(new("x", date="20260102T030405"))
    assert event.date == "20260102T030405"
    event, _ = arrives(new("x"))
    assert event.date is None


def test_date_of_six_octets():
    # wbxml.md section 6: year 12, month 4, day 5, hour 5, minute 6, second 6 bits, zone
    bits = 2026 << 26 | 1 << 22 | 2 << 17 | 3 << 12 | 4 << 6 | 5
    for zone, last in ((b"Z", "Z"), (b"\0", "")):
        octets = bits.to_bytes(5, "big") + zone
        m = message([new("hello", date="D" * 9)], "1", 2)
        m = m.replace(b"\x03" + b"D" * 9 + b"\0", b"\xc3\x06" + octets)
        event, _ = arrives(http(m))
        assert event.date == "20260102T030405" + last


@everyhow
def test_notice():
    event, answer = arrives(("MessageNotification", [info(size=90000)], "5", "Request"))
    assert event.kind == "notice" and event.id == "m1" and event.size == 90000
    assert event.content is None and answer.name == "Status"
    assert answer.content == [("Result", [("Code", "200")])]


def test_notified_and_then_whole():
    c, _ = online([("MessageNotification", [info()], "5", "Request"), None, new("hello"), None])
    assert [m.kind for _ in "ab" for m in c.events(0)] == ["notice", "message"]


@everyhow
def test_report():
    for code in (200, 538, 542):
        report = [result(code), ("DeliveryTime", "20260102T030405Z"), info()]
        event, answer = arrives(("DeliveryReport-Request", report, "5", "Request"))
        assert event.kind == "report" and event.id == "m1" and event.code == code
        assert answer.content == [("Result", [("Code", "200")])]


# sending


@everyhow
def test_send():
    for version in (1, 2, 3):
        sent = ("SendMessage-Response", [result(), ("MessageID", " m1 ")])
        c, peer = online([sent, sent, status()], version)
        assert c.send(BO, "h\u00e9 & <you>") == "m1"
        ask = peer.asked()
        flag, about, data = ask.content
        assert flag == ("DeliveryReport", "F") and data == ("ContentData", "h\u00e9 & <you>")
        assert about == (
            "MessageInfo",
            [
                ("ContentType", "text/plain"),
                ("ContentSize", "11"),  # octets, not characters
                ("Recipient", [user(BO)]),
                ("Sender", [user(ANNA)]),
            ],
        )
        c.send((BO, "wv:anna/friends@d"), "x", "text/x-vCard", True, 60)
        flag, about, data = peer.asked().content
        assert flag == ("DeliveryReport", "T")
        assert about[1][0] == ("ContentType", "text/x-vCard") and about[1][-1] == (
            "Validity",
            "60",
        )
        assert about[1][2] == ("Recipient", [user(BO), ("ContactList", "wv:anna/friends@d")])
        assert c.send(BO, "") is None
        assert peer.asked().content[2][1] in ("", [])


@everyhow
def test_send_octets():
    import io
    from binascii import a2b_base64

    content = bytes(range(256)) * 2
    for given in (content, bytearray(content), io.BytesIO(content)):
        c, peer = online([("SendMessage-Response", [result(), ("MessageID", "m1")])])
        c.send(BO, given, "image/png")
        about, data = peer.asked().content[1:]
        assert ("ContentEncoding", "BASE64") in about[1] and ("ContentSize", "512") in about[1]
        assert a2b_base64(data[1]) == content and "\n" not in data[1]


@everyhow
def test_send_refused():
    for code in (401, 531, 532, 538, 900):
        failed = ("DetailedResult", [("Code", code), ("UserID", BO)])
        for answer in (status(code, failed), ("SendMessage-Response", [result(code, failed)])):
            c, _ = online([answer, ("SendMessage-Response", [result(), ("MessageID", "m2")])])
            error = fails(c.send, BO, "x")
            assert isinstance(error, StatusError) and error.args[0] == code
            assert error.args[2] == [code, BO]
            assert c.send(BO, "x") == "m2"


def test_a_text_that_cannot_travel():
    for how.syntax, text in (("wbxml", "a\0b"), ("xml", "a\0b"), ("xml", "\x1b")):
        c, peer = online([("SendMessage-Response", [result(), ("MessageID", "m2")])])
        error = fails(c.send, BO, text)
        assert isinstance(error, LocalError) and error.args[0] == 43 and not peer.sent
        assert c.send(BO, "x") == "m2"
    how.syntax = "wbxml"


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
    from binascii import b2a_base64

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
    c, peer = online(
        [[new("aGk=", i="m2", encoding="BASE64"), fetched("plain text")], None, status()]
    )
    assert b"".join(list(c.fetch("m1"))) == b"plain text"
    (m,) = c.inbox
    assert m.id == "m2" and m.content == b"hi"


@everyhow
def test_reject():
    c, peer = online([status()])
    c.reject("m1", "m2")
    assert peer.asked().name == "RejectMessage-Request"
    assert peer.asked().content == [("MessageID", "m1"), ("MessageID", "m2")]


if __name__ == "__main__":
    from testing import run

    run(globals())
