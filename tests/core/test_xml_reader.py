"""The XML reader: forms, faults and limits. The vectors are in test_vectors.py."""

from reading import code, events, leaf, leaves

from microimps.errors import PeerError
from microimps.xml.reader import Reader, number

BROKEN, DEEP, LONG, CHARACTER = 2, 4, 5, 9


def everywhere(text, found):
    """The same events, whole and in pieces of every size."""
    data = text.encode()
    for step in (1000, 7, 2, 1):
        assert events(Reader(), data, step) == found, step


def refused(text, *limits):
    data = text.encode()
    whole = code(PeerError, events, Reader(*limits), data)
    assert code(PeerError, events, Reader(*limits), data, 1) == whole
    return whole


def test_names_are_numbers():
    assert number(b"WV-CSP-Message") == 0x009
    assert number(b"Name") == 0x01E  # also the end of DisplayName, SName and others
    assert number(b"ReactiveAuthState") == number(b"AnswerOptionText") == 0x24B
    assert number(b"BlockUser-Request") == number(b"BlockEntity-Request") == 0x186
    for name in (b"", b"name", b"N", b"ame", b"\x00\x1eName", b"Name\xff", b"\xff", b"Thing"):
        assert number(name) == 0, name


def test_a_whole_document():
    text = (
        "\ufeff<?xml version='1.0' encoding=\"UTF-8\"?>\n"
        '<!DOCTYPE WV-CSP-Message PUBLIC "-//OMA//DTD WV-CSP 1.2//EN" "x>y" [\n'
        "<!ENTITY a '\">'> <!ELEMENT b (c)>\n]>\n<!-- <Session> -- -->\n"
        '<WV-CSP-Message xmlns="http://www.openmobilealliance.org/DTD/WV-CSP1.2">\n'
        "  <Session ><SessionID\n>&lt;a&#98;&#x1F600;<![CDATA[<&]]]]><![CDATA[>]]></SessionID>"
        "<?pi <Poll>?><Poll/><CIR a='/>' /></Session>\n</WV-CSP-Message>\n<!-- end -->"
    )
    everywhere(
        text,
        ["<9", "'\n  ", "<2D", "<2F", "'<ab\U0001f600<&]]>", ">", "<21", ">", "<245", ">", ">"]
        + ["'\n", ">"],
    )
    reader = Reader()
    assert leaves(reader, text.encode()) == [
        (0x2F, 0x2D, "<ab\U0001f600<&]]>"),
        (0x21, 0x2D, ""),
        (0x245, 0x2D, ""),
        (0x2D, 0x09),
        (0x09, 0),
    ]
    assert reader.version == 2


def test_a_document_cut_anywhere_is_not_done():
    text = (
        '<WV-CSP-Message a="b>"><!-- - --><?p ?>'
        "<Poll>&amp;<![CDATA[]]]></Poll><CIR/></WV-CSP-Message>"
    )
    assert events(Reader(), text.encode())[-1] == ">"
    for n in range(len(text)):
        for step in (1000, 1):
            assert events(Reader(), text[:n].encode(), step)[-1:] == ["..."], n


def test_an_empty_element_has_two_forms():
    text = "<Session><Poll/><Poll></Poll><Poll /></Session>"
    everywhere(text, ["<2D"] + ["<21", ">"] * 3 + [">"])


def test_unknown_elements_are_passed_over():
    text = "<Session><X y='1'><Poll>T</Poll></X><Z/></Session>"
    everywhere(text, ["<2D", "<0", "<21", "'T", ">", ">", "<0", ">", ">"])


def test_blanks_stay_in_text_and_do_not_matter_to_values():
    reader = leaf(Reader(), b"<Code>\n 200\r\n</Code>")
    assert reader.text() == "\n 200\r\n" and reader.number() == 200
    assert leaf(Reader(), b"<Poll>\n T </Poll>").flag() is True
    assert leaf(Reader(), b"<Poll>f</Poll>").flag() is False
    for text in (
        b"<Code/>",
        b"<Code>2 00</Code>",
        b"<Code>4294967296</Code>",
        b"<Code>0x1</Code>",
    ):
        assert code(PeerError, leaf(Reader(), text).number) == 11, text
    for text in (b"<Poll/>", b"<Poll>TRUE</Poll>", b"<Poll>1</Poll>", b"<Poll>Tt</Poll>"):
        assert code(PeerError, leaf(Reader(), text).flag) == 11, text


def test_the_text_of_one_element_can_stream():
    reader = Reader(32)
    reader.stream = 0x0D
    text = "0123456789&amp;" * 20
    data = "<Session><ContentData>" + text + "</ContentData></Session>"
    found = leaves(reader, data.encode())
    assert "".join(found[:-2]) == text.replace("&amp;", "&")
    assert found[-2:] == [(0x0D, 0x2D, ""), (0x2D, 0)]


def test_the_root_tells_the_version():
    for version, space in (
        (1, "http://www.wireless-village.org/CSP1.1"),
        (2, "http://www.openmobilealliance.org/DTD/WV-CSP1.2"),
        (3, "http://www.openmobilealliance.org/DTD/IMPS-CSP1.3"),
        (0, "http://example.com/"),
    ):
        for quote in "'\"":
            reader = Reader(32)
            start = "<?xml version='1.0'?><WV-CSP-Message xmlns=" + quote + space + quote
            events(reader, start.encode() + b"><Poll a='1.1'/>", 5)
            assert reader.version == version, space


def test_what_is_malformed_is_refused():
    for fault, text in (
        (BROKEN, "x<Poll/>"),
        (BROKEN, "</Poll>"),
        (BROKEN, "<Session></Poll>"),
        (BROKEN, "<Session><Poll></Session>"),
        (BROKEN, "<Session>< Poll/></Session>"),
        (BROKEN, "<Session><></></Session>"),
        (BROKEN, "<![CDATA[x]]><Poll/>"),
        (BROKEN, "&lt;<Poll/>"),
        (CHARACTER, "<Poll>&nbsp;</Poll>"),
        (CHARACTER, "<Poll>&;</Poll>"),
        (CHARACTER, "<Poll>a & b, and so on</Poll>"),
        (CHARACTER, "<Poll>&#0;</Poll>"),
        (CHARACTER, "<Poll>&#xD800;</Poll>"),
        (CHARACTER, "<Poll>&#x110000;</Poll>"),
        (CHARACTER, "<Poll>&#xZ;</Poll>"),
        (CHARACTER, "<Poll>&#-5;</Poll>"),
    ):
        assert refused(text) == fault, text


def test_an_entity_of_the_document_is_never_used():
    entities = '<!ENTITY x "T"><!ENTITY y SYSTEM "file:///etc/passwd">'
    text = "<!DOCTYPE Poll [" + entities + "]><Poll>&%s;</Poll>"
    assert refused(text % "x") == CHARACTER
    assert refused(text % "y") == CHARACTER


def test_limits():
    assert refused("<Session>" * 5, 64, 4) == DEEP
    assert refused("<" + "x" * 100 + "/>", 64) == LONG
    # what is only passed over may be of any length
    filling = "y" * 300
    text = "<!--" + filling + "--><?" + filling + "?><Poll a='" + filling + "'>T</Poll>"
    assert events(Reader(64), text.encode()) == ["<21", "'T", ">"]


def test_a_reader_is_usable_after_a_fault():
    reader = Reader()
    assert code(PeerError, events, reader, b"<Poll a='") is None
    reader.reset()
    assert code(PeerError, events, reader, b"</Poll>") == BROKEN
    reader.reset()
    assert leaves(reader, b"<Poll>T</Poll>") == [(0x21, 0, "T")]


if __name__ == "__main__":
    from testing import run

    run(globals())
