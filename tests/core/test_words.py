"""Value words as numbers and as text: wbxml.md sections 4 and 9."""

from reading import code, leaves

from microimps import PeerError
from microimps.words import number, spell

NAME = 0x01E
INVITE_TYPE = 0x142


def test_words_and_numbers():
    for word, text in (
        (0x2C, "T"),
        (0x0B, "F"),
        (0x20, "Request"),
        (0x21, "Response"),
        (0x11, "Inband"),
        (0x19, "Outband"),
        (0x07, "BASE64"),
        (0x28, "text/plain"),
        (0x0A, "DisplayName"),
        (0x5F, "AVAILABLE"),
        (0x70, "NOT_AVAILABLE"),
        (0x64, "DISCREET"),
        (0x6F, "MOBILE_PHONE"),
        (0x42, "HTTP"),
        (0x00, "AccessType"),
    ):
        assert spell(word, NAME, 2) == text.encode() and number(text) == word, text


def test_every_word_has_one_number():
    seen = 0
    for word in range(0x100):
        # IM and SMS have two
        if word not in (0x68, 0x75) and code(PeerError, spell, word, NAME, 2) is None:
            seen += 1
            assert number(spell(word, NAME, 2).decode()) == word, word
    assert seen > 80
    assert spell(0x75, NAME, 2) == b"SMS" and number("SMS") == 0x43


def test_no_such_word():
    for text in ("", "t", "AVAIL", "ABLE", "available", "wv:bo@d", "\u20ac", "HTTPS2"):
        assert number(text) == -1, text
    for word in (0xFF, 0x100, 1 << 31, 0xFE):
        assert code(PeerError, spell, word, NAME, 2) == 12


def test_numbers_with_two_readings():
    # wbxml.md section 9 rows 14 and 15
    assert spell(0x68, INVITE_TYPE, 1) == b"IM" and spell(0x68, INVITE_TYPE, 2) == b"IM"
    assert spell(0x68, INVITE_TYPE, 3) == b"AP"
    assert spell(0x3D, NAME, 3) == b"History"
    assert spell(0x3D, INVITE_TYPE, 3) != b"History" and spell(0x3D, NAME, 1) != b"History"


def test_a_word_within_a_text():
    from microimps.wbxml.reader import Reader

    def text(content):
        body = b"\x03\x11\x6a\0\x60" + content + b"\x01"  # NickName with this content
        return leaves(Reader(), body)[0][2]

    assert text(b"\x80\x2c") == "T"
    assert text(b"\x03a\0\x80\x2c\x03b\0") == "aTb"
    assert text(b"\x80\x2c\x80\x0b") == "TF"
    assert text(b"\x80\x2c\x03\0") == "T"


if __name__ == "__main__":
    from testing import run

    run(globals())
