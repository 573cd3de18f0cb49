# heap: 256K
"""Messages, by transactions.md section 10."""

from peer import everyhow, fails, how, http, message, online, result, status, user

from microimps import LocalError, PeerError, StatusError

BO, ANNA = "wv:bo@d", "wv:anna@d"


def info(i="m1", size=5, encoding=None, sender=None, date=None, kind="text/plain", to=None):
    return (
        "MessageInfo",
        [
            (name, value)
            for name, value in (
                ("MessageID", i),
                ("ContentType", kind),
                ("ContentEncoding", encoding),
                ("ContentSize", size),
                ("Recipient", [to or user(ANNA)]),
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
    event, _ = arrives(new("x", sender=group, to=("Group", [("GroupID", "wv:bo/g@d")])))
    assert event.sender == "Bee" and event.to is None  # all of the group have it
    event, _ = arrives(new("x", sender=group, to=group))
    assert event.to == "Bee" and event.group == "wv:bo/g@d"


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
def test_what_more_a_message_tells():
    about = info()[1] + [("Validity", 60)]
    about.insert(1, ("MessageURI", "http://h/x"))
    about.insert(5, ("ContentName", "a b.txt"))
    font = [("Size", "Huge"), ("Style", "Italic"), ("Style", "Bold"), ("Color", "Aqua")]
    about.insert(-1, ("Font", font))
    entry = ("NewMessage", [("MessageInfo", about), ("ContentData", "hi")], "7", "Request")
    m, _ = arrives(entry, 3)
    assert m.uri == "http://h/x" and m.name == "a b.txt" and m.validity == 60
    assert m.font == ("Huge", "Italic", "Bold", "Aqua") and m.to == ANNA
    m, _ = arrives(new("hi"))
    assert m.uri is m.name is m.validity is None and m.font == ()


def test_charsets():
    def shown(octets, kind):
        from binascii import b2a_base64

        m, _ = arrives(new(b2a_base64(octets).decode(), encoding="BASE64", kind=kind))
        assert m.type == kind and m.content == octets
        return m.text

    euro = "h\u00e9 \u20ac\U0001f600"
    high = b"\0h\0\xe9\0 \x20\xac\xd8\x3d\xde\x00"
    low = b"h\0\xe9\0 \0\xac\x20\x3d\xd8\x00\xde"
    for octets, kind, text in (
        (b"h\xe9 \x80", "text/plain; charset=ISO-8859-1", "h\u00e9 \x80"),
        (b"h\xe9", 'text/plain;Charset="iso-8859-1"; format=flowed', "h\u00e9"),
        (euro.encode(), "text/plain; charset=utf-8", euro),
        (b"hi", "text/plain; charset=us-ascii", "hi"),
        (b"hi", "text/plain; format=flowed", "hi"),
        (high, "text/plain; charset=utf-16", euro),
        (high, "text/plain; charset=UTF-16BE", euro),
        (b"\xfe\xff" + high, "text/plain; charset=utf-16le", euro),
        (b"\xff\xfe" + low, "text/plain; charset=utf-16", euro),
        (low, "text/plain; charset=utf-16le", euro),
        (b"\xde\0\0!\0", "text/plain; charset=utf-16", "\ufffd!"),
    ):
        assert shown(octets, kind) == text, kind
    for octets, kind, code in (
        (b"x", "text/plain; charset=koi8-r", 8),
        (b"\xff", "a=b", 10),
        (b"\x89PNG", "image/png", 10),
    ):
        error = fails(shown, octets, kind)
        assert isinstance(error, PeerError) and error.args[0] == code


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
        report = [
            result(code),
            ("DeliveryTime", "20260102T030405Z"),
            info(date="20250101T000000Z"),
        ]
        event, answer = arrives(("DeliveryReport-Request", report, "5", "Request"))
        assert event.kind == "report" and event.id == "m1" and event.code == code
        assert event.to == ANNA and event.sender == BO and event.date == "20260102T030405Z"
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


@everyhow
def test_recipients():
    g = "wv:/chess@d"
    bee = ("Group", [("ScreenName", [("SName", "Bee"), ("GroupID", g)])])
    friends, cy = "wv:anna/friends@d", "wv:cy@d"
    for version in (1, 2, 3):
        sent = ("SendMessage-Response", [result(), ("MessageID", "m1")])
        c, peer = online([sent] * 6, version)
        for to, group, wanted in (
            # in the order of the wire: users, then lists
            ((friends, BO, cy), None, [user(BO), user(cy), ("ContactList", friends)]),
            (friends, None, [("ContactList", friends)]),
            (None, g, [("Group", [("GroupID", g)])]),
            ((), g, [("Group", [("GroupID", g)])]),
            ("Bee", g, [bee]),
            (
                ("Bee", "a/b"),
                g,
                [bee, ("Group", [("ScreenName", [("SName", "a/b"), ("GroupID", g)])])],
            ),
        ):
            c.send(to, "x", group=group)
            about = dict(peer.asked().content[1][1])
            assert about["Recipient"] == wanted and about["Sender"] == [user(ANNA)]


@everyhow
def test_an_own_message_to_a_group_that_comes_back():
    def echo(i):
        return new("hi", i, i=i, sender=("Group", [("GroupID", "wv:/chess@d")]))

    sent = ("SendMessage-Response", [result(), ("MessageID", "m5")])
    c, _ = online([sent, echo("m5"), None, echo("m6"), None])
    c.send(None, "hi", group="wv:/chess@d")
    assert list(c.events(0)) == []
    assert [m.id for m in c.events(0)] == ["m6"]
    c, _ = online([sent, new("hi", i="m5"), None])
    c.send(ANNA, "hi")  # to herself: that is one to read
    assert [m.id for m in c.events(0)] == ["m5"]


@everyhow
def test_send_what_1_3_has():
    for version in (1, 2, 3):
        c, peer = online([("SendMessage-Response", [result()])], version)
        more = {"name": "a.txt", "font": ("Red", "Bold", "Tiny", "Underline"), "uri": "http://h/x"}
        c.send(BO, "x", validity=9, **more)
        about = peer.asked().content[1][1]
        font = [("Size", "Tiny"), ("Style", "Bold"), ("Style", "Underline"), ("Color", "Red")]
        assert about == [("MessageURI", "http://h/x"), ("ContentType", "text/plain")] + [
            each
            for each in (
                ("ContentSize", "1"),
                ("ContentName", "a.txt"),
                ("Recipient", [user(BO)]),
                ("Sender", [user(ANNA)]),
                ("Font", font),
                ("Validity", "9"),
            )
            if version == 3 or each[0] not in ("ContentName", "Font")
        ]


def test_a_font_that_is_none():
    c, peer = online([("SendMessage-Response", [result(), ("MessageID", "m2")])], 3)
    error = fails(lambda: c.send(BO, "x", font=("Bold", "Loud")))
    assert isinstance(error, LocalError) and error.args == (50, "Loud") and not peer.sent
    assert c.send(BO, "x") == "m2"


if __name__ == "__main__":
    from testing import run

    run(globals())
