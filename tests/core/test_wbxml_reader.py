"""The WBXML reader: forms, faults and limits. The vectors are in test_vectors.py."""

from binascii import unhexlify

from reading import code, events, leaf, leaves

from microimps.errors import PeerError
from microimps.wbxml.reader import Reader

BROKEN, NUMBER, DEEP, LONG, TABLE, LANGUAGE, CHARSET, CHARACTER = 2, 3, 4, 5, 6, 7, 8, 9
UTF8, TYPE, UNKNOWN = 10, 11, 12

# the example of wbxml.md section 2
EXAMPLE = "03116A00C90803312E3200016D6E70801101010101"


def octets(text):
    return unhexlify(text.replace(" ", ""))


def message(body, table="00"):
    return octets("03 11 6A" + table + body)


def refused(text, *limits):
    return code(PeerError, events, Reader(*limits), octets(text))


def test_the_example_of_the_record():
    found = ["<9", "<2D", "<2E", "<30", "'{11}", ">", ">", ">", ">"]
    for step in (1000, 2, 1):
        assert events(Reader(), octets(EXAMPLE), step) == found
    reader = Reader()
    assert leaves(reader, octets(EXAMPLE)) == [
        (0x30, 0x2E, "Inband"),
        (0x2E, 0x2D),
        (0x2D, 0x09),
        (0x09, 0),
    ]
    assert reader.version == 2


def test_every_kind_of_text():
    # STR_I, STR_T into an entry, ENTITY beyond the BMP, OPAQUE, value word, all in one element
    body = "52 03 61 00 83 01 02 87EC00 C3 02 3C26 80 2C 01"
    data = message(body, "04 78797A00")
    for step in (1000, 1):
        assert events(Reader(), data, step) == ["<12", "'ayz\U0001f600<&{2C}", ">"]
        assert leaves(Reader(), data, step) == [(0x12, 0, "ayz\U0001f600<&T")]


def test_a_message_cut_anywhere_is_not_done():
    body = "6D C4 00 04 00 03 62 00 01 83 00 02 81 00 C3 03 616263 80 81 24 01 01"
    whole = message(body, "02 7800")
    assert events(Reader(), whole)[-1] == ">"
    for n in range(len(whole)):
        for step in (1000, 1):
            assert events(Reader(), whole[:n], step)[-1] == "...", n


def test_pages_hold_until_the_next_change():
    # page 1, then back to 0 twice, a change before END; attribute pages are another state
    body = "6D 0001 5D 0000 0000 7A 03 78 00 01 0001 01 61 01 01"
    assert events(Reader(), message(body)) == [
        "<2D", "<5D", "<3A", "'x", ">", ">", "<61", ">", ">",
    ]  # fmt: skip
    assert events(Reader(), message("C9 0001 08 03 312E32 00 01 2D 01")) == ["<9", "<2D", ">", ">"]


def test_a_literal_is_an_element_without_a_number():
    table = "08 6162630078797A00"
    body = "6D 04 00 44 04 03 71 00 01 84 00 04 04 01 C4 00 04 04 03 72 00 01 03 73 00 01 01"
    assert events(Reader(), message(body, table)) == [
        "<2D", "<0", ">", "<0", "'q", ">", "<0", ">", "<0", "'s", ">", ">",
    ]  # fmt: skip


def test_numbers():
    for value, wire in (
        (0, "C3 00"),
        (0, "C3 01 00"),
        (531, "C3 02 0213"),
        (531, "C3 05 0000000213"),
        (531, "03 353331 00"),
        (531, "03 0A20353331 0A 00"),
        (4294967295, "C3 04 FFFFFFFF"),
        (4294967295, "03 34323934393637323935 00"),
    ):
        assert leaf(Reader(), message("4B" + wire + "01")).number() == value
    for wire in (
        "C3 05 0100000000",
        "C3 0C FFFFFFFFFFFFFFFFFFFFFFFF",
        "03 34323934393637323936 00",
        "03 00",
        "03 3132 20 33 00",
        "03 2D31 00",
    ):
        reader = leaf(Reader(), message("4B" + wire + "01"))
        assert code(PeerError, reader.number) == TYPE, wire


def test_booleans():
    for value, wire in (
        (True, "80 2C"),
        (False, "80 0B"),
        (True, "03 54 00"),
        (False, "03 20660A 00"),
    ):
        assert leaf(Reader(), message("61" + wire + "01")).flag() is value
    for wire in ("80 2D", "03 5454 00", "03 00", "03 31 00"):
        reader = leaf(Reader(), message("61" + wire + "01"))
        assert code(PeerError, reader.flag) == TYPE, wire


def test_words_that_need_their_place_or_version():
    def word(version, tag, wire):
        data = octets("03" + version + "6A00" + tag + "80" + wire + "01")
        return leaf(Reader(), data).text()

    assert word("10", "4A", "68") == "IM"
    assert word("11", "4A", "68") == "IM"
    assert word("12", "4A", "68") == "AP"
    assert word("12", "4A", "3D") == "GROUP_ID"
    assert word("12", "5E", "3D") == "History"
    assert word("11", "5E", "3D") == "GROUP_ID"
    assert word("11", "4A", "8125") == "SHTTP"
    for wire in ("8173", "817F", "8F7F"):
        assert code(PeerError, word, "12", "4A", wire) == UNKNOWN


def test_the_text_of_one_element_can_stream():
    reader = Reader(16)
    reader.stream = 0x0D
    text = "0123456789" * 20
    found = leaves(reader, message("6D 4D 03") + text.encode() + octets("00 01 01"))
    assert "".join(found[:-2]) == text and len(found) > 10
    assert found[-2:] == [(0x0D, 0x2D, ""), (0x2D, 0)]


def test_a_text_too_long_to_keep_is_an_error_only_when_asked_for():
    data = message("6D 52 03" + "61" * 33 + "00 01 52 03" + "62" * 32 + "00 01 01")
    reader = leaf(Reader(128, 4, 32), data)
    assert code(PeerError, reader.text) == LONG
    found = leaf(reader, b"")
    assert found.text() == "b" * 32


def test_bad_utf_8_is_an_error_only_when_asked_for():
    for wire in ("03 C3 00", "03 C341 00", "C3 02 E282", "C3 01 FF", "C3 01 80"):
        reader = leaf(Reader(), message("52" + wire + "01"))
        assert code(PeerError, reader.text) == UTF8, wire


def test_literal_public_identifiers():
    for version, name in (
        (1, "-//WIRELESSVILLAGE//DTD CSP 1.1//EN"),
        (1, "-//OMA//DTD WV-CSP 1.1//EN"),
        (2, "-//OMA//DTD WV-CSP 1.2//EN"),
        (2, "-//OMA//DTD IMPS-CSP 1.2//EN"),
        (3, "-//OMA//DTD IMPS-CSP 1.3//EN"),
    ):
        table = b"x\0" + name.encode() + b"\0"
        reader = Reader()
        data = b"\x03\0\x02\x6a" + bytes((len(table),)) + table + b"\x2d"
        assert events(reader, data) == ["<2D", ">"]
        assert reader.version == version
    for name in ("", "x", "-//SYNCML//DTD SyncML 1.1//EN", "-//OMA//DTD IMPS-CSP 1.4//EN"):
        table = name.encode() + b"\0"
        data = b"\x03\0\0\x6a" + bytes((len(table),)) + table + b"\x2d"
        assert code(PeerError, events, Reader(), data) == LANGUAGE, name


def test_what_is_malformed_is_refused():
    for fault, text in (
        (BROKEN, "05 11 6A 00 2D"),  # WBXML 1.5
        (LANGUAGE, "03 0F 6A 00 2D"),  # CSP 1.0
        (LANGUAGE, "03 04 6A 00 2D"),  # WML 1.1
        (CHARSET, "03 11 04 00 2D"),  # ISO 8859-1
        (NUMBER, "03 11 8080808080 6A 00 2D"),
        (NUMBER, "03 11 6A 00 6D 83 9080808000 01"),
        (BROKEN, "03 11 6A 00 01"),  # END of nothing
        (BROKEN, "03 11 6A 00 03 61 00"),  # text before the root
        (BROKEN, "03 11 6A 00 80 2C"),
        (BROKEN, "03 11 6A 00 C3 01 61"),
        (BROKEN, "03 11 6A 00 AD 01"),  # the attribute bit without an attribute
        (BROKEN, "03 11 6A 00 AD 03 61 00 01"),  # a value without a name
        (BROKEN, "03 11 6A 00 AD 08 85 01"),  # attribute value token
        (BROKEN, "03 11 6A 00 6D 40 61 00 01"),  # EXT_I_0
        (BROKEN, "03 11 6A 00 6D 81 05 01"),  # EXT_T_1
        (BROKEN, "03 11 6A 00 6D C0 05 01"),  # EXT_0
        (TABLE, "03 11 6A 00 6D 83 00 01"),  # no string table
        (TABLE, "03 11 6A 02 7800 6D 83 02 01"),  # past its end
        (TABLE, "03 11 6A 02 7879 6D 83 00 01"),  # an entry without an end
        (CHARACTER, "03 11 6A 00 6D 02 00 01"),
        (CHARACTER, "03 11 6A 00 6D 02 83B000 01"),  # a surrogate
        (CHARACTER, "03 11 6A 00 6D 02 C48000 01"),  # above 10FFFF
        (CHARACTER, "03 11 6A 00 6D 02 8FFFFFFF7F 01"),
    ):
        assert refused(text) == fault, text


def test_limits():
    assert refused("03 11 6A 00" + "6D" * 5, 64, 4) == DEEP
    assert refused("03 11 6A 8F FF FF FF 7F" + "61" * 100, 64) == LONG  # a table of 4 GB
    assert refused("03 11 6A 00 6D C3 8F FF FF FF 7F" + "61" * 100, 64) is None  # waits for more


def test_a_reader_is_usable_after_a_fault():
    reader = Reader()
    assert code(PeerError, events, reader, octets("03 11 6A 00 6D C0 05 01")) == BROKEN
    reader.reset()
    assert len(leaves(reader, octets(EXAMPLE))) == 4


if __name__ == "__main__":
    from testing import run

    run(globals())
