"""The alphabets: every septet, extensions, surrogates, and what is not text."""

# heap: 64K
from sms_vectors import code, received

from microimps.errors import LocalError, PeerError
from microimps.sms_bearer import text
from microimps.sms_bearer.pdu import Received

# 3GPP TS 23.038 clause 6.2.1 in code order, and 6.2.1.1; the escape's own place is a blank
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = ((10, "\x0c"), (20, "^"), (40, "{"), (41, "}"), (47, "\\")) + (
    (60, "["),
    (61, "~"),
    (62, "]"),
    (64, "|"),
    (101, "€"),
)


def pack(*septets):
    bits = 0
    for i in range(len(septets)):
        bits |= septets[i] << 7 * i
    return bits.to_bytes(len(septets) * 7 // 8 + 1, "little")


def shown(*septets):
    out = bytearray(400)
    n = text.decode7(pack(*septets), 0, 0, len(septets), out)
    return str(bytes(out[:n]), "utf-8")


def packed(string):
    out = bytearray(200)
    source = string.encode()
    n = text.encode7(source, out, 0, 0, 160)
    assert n == text.septets(source)
    return bytes(out[: n * 7 // 8 + 1])


def test_basic_table():
    for septet in range(128):
        if septet == 27:
            continue
        assert shown(septet) == TABLE[septet], septet
        assert packed(TABLE[septet]) == pack(septet), septet


def test_extension_table():
    for septet, character in EXTENSION:
        assert shown(27, septet) == character
        assert packed(character) == pack(27, septet)


def test_unknown_extensions():
    # clause 6.2.1.1: the basic character; an escaped escape is a blank
    assert shown(27, 65, 66) == "AB"
    assert shown(27, 0) == "@"
    assert shown(65, 27, 27, 66) == "A B"
    assert shown(65, 27) == "A"


def test_characters_outside():
    for character in "`çίΑ\x1b\x80\x9fа☃\U0001f600ê":
        assert text.septets(character.encode()) == -1
        assert code(LocalError, text.encode7, character.encode(), bytearray(9), 0, 0, 9) == 213


def test_counting():
    assert text.septets(b"") == 0
    assert text.septets("a€b".encode()) == 4


def test_ucs2():
    out = bytearray(40)
    for string, octets in (
        ("aéж你", "006100E904364F60"),
        ("\U0001f600!", "D83DDE000021"),
        ("\U0010ffff", "DBFFDFFF"),
        ("\uffff\ue000", "FFFFE000"),
    ):
        octets = bytes.fromhex(octets)
        n = text.encode16(string.encode(), out, 0, 40)
        assert bytes(out[:n]) == octets
        n = text.decode16(octets, 0, len(octets), out)
        assert bytes(out[:n]) == string.encode()


def test_lone_surrogates():
    out = bytearray(40)
    for octets in ("D83D", "DE00", "D83D0041", "DE00D83D", "D83DD83DDE00"):
        octets = bytes.fromhex(octets)
        n = text.decode16(octets, 0, len(octets), out)
        assert "\ufffd" in str(bytes(out[:n]), "utf-8")


def test_not_utf8():
    for octets in (
        b"\x80",
        b"\xc1\x81",
        b"\xc3",
        b"\xc3\x28",
        b"\xe2\x82",
        b"\xe0\x80\x80",
        b"\xed\xa0\xbd",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
    ):
        assert code(LocalError, text.septets, octets) == 214, octets
        assert code(LocalError, text.encode16, octets, bytearray(9), 0, 9) == 214, octets


def deliver(dcs, length, data):
    return "00040481020200" + dcs + "62304151906200" + length + data


def test_small_buffers_and_odd_lengths():
    message = Received()
    for dcs, length, data in (("00", "02", "E132"), ("04", "02", "6162"), ("08", "02", "0061")):
        received(message, deliver(dcs, length, data))
        assert code(LocalError, text.decode, message, bytearray(0)) == 210
        assert text.decode(message, bytearray(20))
    received(message, deliver("08", "03", "006100"))
    assert code(PeerError, text.text, message) == 208
    received(message, deliver("04", "02", "C328"))
    assert code(PeerError, text.text, message) == 209


def test_the_longest_text():
    message = Received()
    received(message, deliver("00", "A0", "8140201008" * 28))
    assert len(text.text(message)) == 160
    received(message, deliver("08", "8C", "4F60" * 70))
    assert text.text(message) == "你" * 70


if __name__ == "__main__":
    from testing import run

    run(globals())
