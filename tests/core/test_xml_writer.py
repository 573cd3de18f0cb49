"""The XML writer: names, namespaces and escapes, through windows of every size."""

from reading import code, leaves
from writing import everywhere

from microimps.errors import LocalError
from microimps.xml.reader import Reader, number
from microimps.xml.writer import Writer, name

CONTROL = 43
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def wire(version, write):
    text = everywhere(Writer, version, write).decode()
    assert text.startswith(DECLARATION)
    return text[len(DECLARATION) :]


def test_a_number_has_its_newest_name():
    assert name(0x009) == b"WV-CSP-Message"
    assert name(0x24B) == b"AnswerOptionText"
    for text in (b"Name", b"SName", b"Poll", b"ContactListIDList", b"GetSegment-Response"):
        assert name(number(text)) == text


def test_every_version_has_its_namespaces():
    def write(w):
        w.begin()
        w.start(0x09)
        w.start(0x33)
        w.empty(0x23)
        w.end()
        w.end()

    for version, home in (
        (1, "http://www.wireless-village.org/"),
        (2, "http://www.openmobilealliance.org/DTD/WV-"),
        (3, "http://www.openmobilealliance.org/DTD/IMPS-"),
    ):
        csp, trc, pa = ['xmlns="%s%s1.%d"' % (home, k, version) for k in ("CSP", "TRC", "PA")]
        assert wire(version, write) == (
            "<WV-CSP-Message %s><TransactionContent %s><PresenceSubList %s/>"
            "</TransactionContent></WV-CSP-Message>" % (csp, trc, pa)
        )


def test_leaves_of_every_type():
    def write(w):
        w.begin()
        w.start(0x2D)
        w.leaf(0x2F, "a\u00fc")
        w.leaf(0x2F, b"b")
        w.leaf(0x2F, "")
        w.leaf(0x2F, None)
        w.leaf(0x21, True)
        w.leaf(0x21, False)
        w.leaf(0x0B, 0)
        w.leaf(0x0B, 4294967295)
        w.choice(0xCF, "SMS")
        w.choice(0xCF, "CARRIER PIGEON")
        w.choice(0xD0, 0xA5)
        w.end()

    assert wire(2, write) == (
        "<Session><SessionID>a\u00fc</SessionID><SessionID>b</SessionID><SessionID/>"
        "<Poll>T</Poll><Poll>F</Poll>"
        "<Code>0</Code><Code>4294967295</Code><SupportedBearer>SMS</SupportedBearer>"
        "<SupportedBearer>CARRIER PIGEON</SupportedBearer>"
        "<SupportedCIRMethod>SHTTP</SupportedCIRMethod></Session>"
    )


def test_text_is_escaped():
    def write(w):
        w.begin()
        w.start(0x12)
        w.text("a<b>&amp;\t\n")
        w.text(b"\r\"'")
        w.empty(0x2D)
        w.text("]]>")
        w.end()

    assert wire(1, write) == (
        "<Description>a&lt;b&gt;&amp;amp;\t\n&#13;\"'<Session/>]]&gt;</Description>"
    )


def test_a_control_character_is_refused():
    w = Writer()
    w.begin()
    w.start(0x12)
    for value in ("a\0", "\x08", b"\x1f"):
        assert code(LocalError, w.text, value) == CONTROL


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
        (0x4A, 0x2D, "7"),
        (0x30, 0x2D, "Outband"),
        (0x2D, 0),
    ]


if __name__ == "__main__":
    from testing import run

    run(globals())
