"""The WBXML writer: the profile of wbxml.md section 11, through windows of every size."""

from binascii import hexlify, unhexlify

from reading import code, leaves
from writing import everywhere

from microimps.errors import LocalError
from microimps.wbxml.reader import Reader
from microimps.wbxml.writer import Writer

NUL = 43


def wire(version, write):
    return hexlify(everywhere(Writer, version, write)).decode().upper()


def hexadecimal(text):
    return text.replace(" ", "")


def test_the_example_of_the_record():
    def write(w):
        w.begin()
        w.start(0x09)
        w.start(0x2D)
        w.start(0x2E)
        w.choice(0x30, 0x11)
        for _ in range(3):
            w.end()

    assert wire(2, write) == "03116A00C90803312E3200016D6E70801101010101"


def test_every_version_has_its_identifier_and_namespaces():
    def write(w):
        w.begin()
        w.start(0x09)
        w.start(0x33)
        w.empty(0x23)
        w.end()
        w.end()

    for version, identifier, root, content, presence in (
        (1, "10", "05", "07", "06"),
        (2, "11", "08", "0A", "09"),
        (3, "12", "0B", "0D", "0C"),
    ):
        suffix = " 03 31 2E 3%d 00 01 " % version
        assert wire(version, write) == hexadecimal(
            "03" + identifier + "6A 00 C9" + root + suffix
            + "F3" + content + suffix + "A3" + presence + suffix + "01 01"
        )  # fmt: skip


def test_leaves_of_every_type():
    def write(w):
        w.begin()
        w.start(0x2D)
        w.leaf(0x2F, "a\u00fc")
        w.leaf(0x2F, b"b")
        w.leaf(0x2F, "")
        w.leaf(0x2F, None)
        w.leaf(0x61, True)
        w.leaf(0x61, False)
        for value in (0, 255, 256, 86400, 4294967295):
            w.leaf(0x0B, value)
        w.choice(0xCF, "SMS")
        w.choice(0xCF, "CARRIER PIGEON")
        w.choice(0xD0, 0xA5)
        w.end()

    assert wire(2, write) == hexadecimal(
        "03 11 6A 00 6D 6F 03 61 C3BC 00 01 6F 03 62 00 01 2F"
        "00 01 61 80 2C 01 61 80 0B 01"
        "00 00 4B C3 01 00 01 4B C3 01 FF 01 4B C3 02 0100 01 4B C3 03 015180 01"
        "4B C3 04 FFFFFFFF 01"
        "00 03 4F 80 43 01 4F 03 43 41 52 52 49 45 52 20 50 49 47 45 4F 4E 00 01"
        "50 80 81 25 01 01"
    )


def test_text_may_come_in_pieces_and_stand_beside_elements():
    def write(w):
        w.begin()
        w.start(0x12)
        w.text("ab")
        w.text(b"cd")
        w.empty(0x2D)
        w.text("e")
        w.end()

    assert wire(1, write) == hexadecimal("03 10 6A 00 52 03 61626364 00 2D 03 65 00 01")


def test_a_nul_is_refused():
    w = Writer()
    w.begin()
    w.start(0x12)
    for value in ("a\0b", b"\0", bytearray(b"a\0")):
        assert code(LocalError, w.text, value) == NUL


def test_a_writer_writes_one_message_after_another():
    w = Writer(64)
    for _ in range(2):
        w.window(0, 64)
        w.begin()
        w.leaf(0x45, "T")
        assert bytes(w.buf[: w.at]) == unhexlify("03116A000001450354000" + "1")


def test_the_reader_reads_what_was_written():
    def write(w):
        w.begin()
        w.start(0x2D)
        w.leaf(0x0D, "<&> \u20ac \U0001f600\r\n" * 20)
        w.leaf(0x4A, 7)
        w.choice(0x30, "Outband")
        w.end()

    assert leaves(Reader(64, 4, 500), everywhere(Writer, 3, write)) == [
        (0x0D, 0x2D, "<&> \u20ac \U0001f600\r\n" * 20),
        (0x4A, 0x2D, "\x07"),
        (0x30, 0x2D, "Outband"),
        (0x2D, 0),
    ]


if __name__ == "__main__":
    from testing import run

    run(globals())
