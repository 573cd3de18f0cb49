# heap: 208K
"""Presence attributes in a namespace of one's own: octets in both syntaxes; names refused."""

from peer import Peer, fails, granted, how, negotiated, online, status

from microimps import Client, LocalError
from microimps.http_bearer import HttpBearer

SPACE = "http://example.org/pa?a=1"
PARTS = {"Size": "42", "Note": "a & b"}


def body(peer, i):
    return peer.sent[i].partition(b"\r\n\r\n")[2]


def published(syntax, values):
    """The content of PresenceSubList, the string table of WBXML, and the next request."""
    how.syntax = syntax
    try:
        c, peer = online([status(), status()])
        c.extend_presence(SPACE, **values)
        c.delete_list("x")
    finally:
        how.syntax = "wbxml"
    octets = body(peer, 0)
    if syntax == "xml":
        return octets.split(b'PA1.2">')[1].split(b"</PresenceSubList>")[0], b"", body(peer, 1)
    size = octets[3]
    return octets[4 + size :].split(b"\x031.2\0\1")[-1], octets[4 : 4 + size], body(peer, 1)


def test_xml():
    content, _, after = published("xml", {"ShoeSize": "42"})
    value = b"<Qualifier>T</Qualifier><PresenceValue>42</PresenceValue></ShoeSize>"
    assert content == b'<ShoeSize xmlns="%s">' % SPACE.encode() + value
    content, _, _ = published("xml", {"Shoe": PARTS})
    assert content.find(b"<Size>42</Size>") > 0 and content.find(b"<Note>a &amp; b</Note>") > 0
    assert content[-7:] == b"</Shoe>" and after.find(b"DeleteList-Request") > 0
    for value, text in (
        (None, b"<Qualifier>F</Qualifier></X_1>"),
        ("", b"<Qualifier>T</Qualifier><PresenceValue/></X_1>"),
        (True, b"<Qualifier>T</Qualifier><PresenceValue>T</PresenceValue></X_1>"),
    ):
        content, _, _ = published("xml", {"X_1": value})
        assert content == b'<X_1 xmlns="%s">' % SPACE.encode() + text


def test_wbxml():
    content, table, after = published("wbxml", {"ShoeSize": "42"})
    assert table == b"xmlns\0ShoeSize\0" and after[:4] == b"\x03\x11\x6a\0"
    head = b"\xc4\x06\4\0\3" + SPACE.encode() + b"\0\1"
    assert content[: len(head)] == head
    value = b"\x66\x80\x2c\1\x64\x0342\0\1\1"
    assert content[len(head) :] == value + b"\1" * 6
    content, table, _ = published("wbxml", {"Shoe": [("Size", "1"), ("Size", "2")]})
    assert table == b"xmlns\0Shoe\0Size\0"
    assert content.find(b"\x44\x0b\x031\0\1\x44\x0b\x032\0\1\1") > 0


def test_a_long_string_table():
    values = [("Part_number_%d" % i, "v") for i in range(20)]
    how.syntax = "wbxml"
    c, peer = online([status()])
    c.extend_presence(SPACE, Many=values)
    octets = body(peer, 0)
    size = (octets[3] & 127) << 7 | octets[4]
    assert octets[3] > 127 and octets[5 : 5 + size][-16:] == b"\0Part_number_19\0"
    at = octets[5 : 5 + size].find(b"Part_number_19")
    assert octets.find(bytes((0x44, at >> 7 | 128, at & 127)) + b"\3v\0\1") > 0


def test_what_is_refused():
    c, peer = online([status()])
    for name in ("StatusText", "Qualifier", "", "1st", "a b", "a<b", "\u00e9"):
        error = fails(lambda name=name: c.extend_presence(SPACE, **{name: "x"}))
        assert isinstance(error, LocalError) and error.args[0] == 45, name
    for part in ("", "a>b"):
        error = fails(lambda part=part: c.extend_presence(SPACE, X=[(part, "x")]))
        assert isinstance(error, LocalError) and error.args[0] == 45
    for space in ("", "a b", 'a"b', "a&b"):
        error = fails(lambda space=space: c.extend_presence(space, X="1"))
        assert isinstance(error, LocalError) and error.args[0] == 45, space
    assert not peer.sent
    c.extend_presence(SPACE, X="1")


def test_over_sms():
    peer = Peer([granted()] + negotiated())
    c = Client(HttpBearer(peer, "h", 80, "/x"), "anna@d", syntax="pts")
    error = fails(lambda: c.extend_presence(SPACE, X="1"))
    assert isinstance(error, LocalError) and error.args[0] == 46


if __name__ == "__main__":
    from testing import run

    run(globals())
