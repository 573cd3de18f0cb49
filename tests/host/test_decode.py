"""Messages on a host: every vector in both directions, every fault with its octet, the command."""

from binascii import unhexlify
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from csp_vectors import EVENTS, VECTORS, Vector, events, parse, shape
from typer.testing import CliRunner

from microimps.tools import message as messages
from microimps.tools.cli import app
from microimps.tools.message import DecodeError, EncodeError, Message, decode, encode, recognise

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
PROFILE = [vector for vector in VECTORS if vector.name.endswith("-profile")]


def meaning(vector: Vector) -> tuple:
    return shape(parse(vector.xml), vector.version, vector.attributes)


def test_the_events_for_boards_are_what_the_xml_says():
    assert EVENTS.read_text("utf-8") == events()


@each_vector
def test_a_vector_decodes_to_its_message(vector):
    from_wbxml = decode(vector.wbxml, vector.version)
    assert (from_wbxml.version, from_wbxml.syntax) == (vector.version, "wbxml")
    assert shape(from_wbxml.root, vector.version, vector.attributes) == meaning(vector)
    from_xml = decode(vector.xml, vector.version)
    assert (from_xml.version, from_xml.syntax) == (vector.version, "xml")
    assert shape(from_xml.root, vector.version, vector.attributes) == meaning(vector)


@each_vector
@pytest.mark.parametrize("syntax", ["wbxml", "xml"])
def test_a_vector_survives_every_round_trip(vector, syntax):
    for octets in (vector.wbxml, vector.xml):
        first = decode(octets, vector.version)
        again = decode(encode(Message(first.root, first.version, syntax)), first.version)
        assert again.syntax == syntax
        assert shape(again.root, vector.version) == shape(first.root, vector.version)


@pytest.mark.parametrize("vector", PROFILE, ids=lambda vector: vector.name)
def test_the_profile_comes_out_octet_for_octet(vector):
    message = decode(vector.xml, vector.version, verbatim=True)
    message.syntax = "wbxml"
    assert encode(message) == vector.wbxml


def test_all_the_profile_vectors_were_there():
    assert len(PROFILE) == 74 and len(VECTORS) == 206


@each_vector
def test_a_vector_cut_anywhere_is_rejected(vector):
    for syntax, octets, every in (("wbxml", vector.wbxml, 300), ("xml", vector.xml.rstrip(), 60)):
        # every cut of a small one, so many of a large one
        for end in range(0, len(octets), len(octets) // every + 1):
            with pytest.raises(DecodeError) as caught:
                decode(octets[:end], vector.version, syntax)
            assert 0 <= caught.value.offset <= end


# --- reading WBXML ----------------------------------------------------------------------------


def wbxml(body: str, table: bytes = b"", identifier: int = 0x11) -> bytes:
    return bytes((3, identifier, 0x6A, len(table))) + table + unhexlify(body.replace(" ", ""))


def text_of(octets: bytes, version: str | None = None) -> str:
    return tostring(decode(octets, version).root, encoding="unicode")


@pytest.mark.parametrize(
    "body, found",
    [
        ("4B C3 00 01", "<Code>0</Code>"),
        ("4B C3 06 0000 00015180 01", "<Code>86400</Code>"),
        ("4B 03 3078 3130 00 01", "<Code>0x10</Code>"),
        ("4B 03 31 00 C3 01 32 01", "<Code>12</Code>"),  # octets among text are text
        ("52 C3 02 C3BC 01", "<Description>\u00fc</Description>"),
        ("51 C3 06 1F46A69C9F5A 01", "<DateTime>20011019T095031Z</DateTime>"),
        ("51 C3 06 1F46A69C9F00 01", "<DateTime>20011019T095031</DateTime>"),
        ("51 C3 06 1F46A69C9F4A 01", "<DateTime>20011019T095031</DateTime>"),  # J is no zone
        ("51 C3 06 1F57FFFFFFFF 01", "<DateTime>20051531T316363</DateTime>"),  # spoilt, not fatal
        ("77 80 0E 03 61 00 80 30 01", "<URL>http://awww.wireless-village.org</URL>"),
        ("0009 4B 80 35 01", "<ReactiveAuthState>GRANTED</ReactiveAuthState>"),
        ("0009 4F 03 78 00 01", "<WatcherStatus>x</WatcherStatus>"),  # 1.3 only
        ("52 80 37 01", "<Description>ShowID</Description>"),
        ("6D 04 00 01", "<Session><A /></Session>"),
        ("6D 44 02 C3 01 C8 01 01", "<Session><Code>200</Code></Session>"),
        ("6D C4 02 04 00 03 78 00 01 C3 01 C8 01 01", '<Session><Code A="x">200</Code></Session>'),
    ],
)
def test_forms_of_wbxml(body, found):
    assert text_of(wbxml(body, b"A\0Code\0")) == found


@pytest.mark.parametrize(
    "encoding, octets, found",
    [
        ("80 07", b"aGk=", "aGk="),
        ("80 07", b"\x89PNG", "iVBORw=="),
        ("03 62 61 73 65 36 34 00", b"\xff\x00", "/wA="),
        ("80 16", b"\xc3\xbc", "\u00fc"),
    ],
)
def test_content_in_octets(encoding, octets, found):
    body = f"0006 57 53 0000 4E {encoding} 01 01 4D C3 {len(octets):02X} {octets.hex()} 01 01"
    assert decode(wbxml(body)).root.findtext("ContentData") == found


def test_raw_octets_without_an_encoding_are_no_text():
    with pytest.raises(DecodeError, match="not UTF-8 at octet 8"):
        decode(wbxml("4D C3 02 61FF 01"))


@pytest.mark.parametrize(
    "octets, version",
    [
        (wbxml("2D", identifier=1), None),  # nothing tells it
        (wbxml("89 0B 03 312E33 00 01", identifier=1), "1.3"),
        (wbxml("89 08 03 312E32 00 01", identifier=0x12), "1.3"),  # the identifier counts
        (b"<Session/>", None),
        (b'<WV-CSP-Message xmlns="http://www.wireless-village.org/CSP1.1"/>', "1.1"),
        (b'<WV-CSP-Message xmlns="http://example.com/1.1"/>', None),
    ],
)
def test_where_the_version_comes_from(octets, version):
    assert decode(octets).version == version
    assert decode(octets, "1.2").version == (version or "1.2")


def test_an_element_is_read_in_its_version():
    assert decode(wbxml("0009 0B", identifier=0x12)).root.tag == "AnswerOptionText"
    assert decode(wbxml("0009 0B", identifier=0x11)).root.tag == "ReactiveAuthState"
    assert decode(wbxml("0009 0B", identifier=1), "1.2").root.tag == "ReactiveAuthState"
    assert decode(wbxml("0009 0B", identifier=1)).root.tag == "AnswerOptionText"


@pytest.mark.parametrize(
    "octets, text, offset",
    [
        (b"", "empty", 0),
        (b"hello", "neither WBXML nor XML", 0),
        (b"hello", "neither WBXML nor XML nor PTS", 0),
        (b"WV12HI", "ends in the middle", 0),
        (wbxml("00 0C 05"), "unrecognised element, page 0C token 05", 6),
        (wbxml("6D 00 FF 2D 01"), "unrecognised element, page FF token 2D", 7),
        (wbxml("52 80 8173 01"), "unrecognised value token F3", 5),
        (wbxml("AD 0E 01"), "unrecognised attribute token 0E", 5),
        (wbxml("52 03 61C328 00 01"), "not UTF-8", 7),
        (wbxml("52 03 61 00 C3 02 62FF 01"), "not UTF-8", 11),
        (wbxml("4B C3 05 0100000000 01"), "more than four octets", 7),
        (wbxml("51 C3 05 1F46A69C9F 01"), "not six octets", 13),
        (wbxml("04 00", b"1a\0"), "no XML name", 9),
        (wbxml("AD 04 00 01", b"a b\0"), "no XML name", 9),
        (wbxml("AD 04 00 04 00 01", b"a\0"), "given twice", 11),
        (wbxml("6D 2D"), "ends too soon", 6),
        (b"<a>\xc3", "ends too soon", 4),
        (b"<Poll>\xc3(</Poll>", "not UTF-8", 6),
        (b"<Poll>a&amp;\x02</Poll>", "XML forbids", 12),
        (b"<Thing></thing>", "end tag where Thing is open", 7),
        (b"<CName></Cname>", "end tag where CName is open", 7),
        (b"<Poll a='1' a='2'/>", "given twice", 12),
        (b"<Poll a=1/>", "malformed start tag", 5),
        (b"<Poll a='&x;'/>", "entity", 8),
        (b"<Poll a='&'/>", "entity", 8),
        (b"<1/>", "no XML name", 2),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><Poll/>", "encoding ISO-8859-1", 30),
    ],
)
def test_a_fault_is_named_with_its_octet(octets, text, offset):
    with pytest.raises(DecodeError) as caught:
        decode(octets)
    assert text in caught.value.text
    assert caught.value.offset == offset
    assert str(caught.value) == f"{caught.value.text} at octet {offset}"


# --- limits -----------------------------------------------------------------------------------


def test_depth():
    deep = messages.MAX_DEPTH
    for start, end, head in ((b"\x6d", b"\x01", wbxml("")), (b"<Session>", b"</Session>", b"")):
        found = decode(head + start * deep + end * deep)
        with pytest.raises(DecodeError):
            decode(head + start * (deep + 1) + end * (deep + 1))
        root = Element("Session")
        root.append(found.root)
        for syntax in ("wbxml", "xml"):
            assert encode(Message(found.root, "1.2", syntax))
            with pytest.raises(EncodeError, match=f"deeper than {deep}"):
                encode(Message(root, "1.2", syntax))


def test_a_long_message_is_refused_unread():
    with pytest.raises(DecodeError, match=f"longer than {messages.MAX_SIZE} octets"):
        decode(b"<" + b"a" * messages.MAX_SIZE)


def test_a_string_table_cannot_multiply_a_message():
    table = b"x" * 100_000 + b"\0"
    head = bytes((3, 0x11, 0x6A, 0x86, 0x8D, 0x21))
    assert len(table) == 0x06 << 14 | 0x0D << 7 | 0x21
    with pytest.raises(DecodeError, match=f"decodes to more than {messages.MAX_SIZE} octets"):
        decode(head + table + b"\x6d" + b"\x83\x00" * 1000 + b"\x01")


def test_elements_count_too():
    with pytest.raises(DecodeError, match="decodes to more than"):
        decode(wbxml("6D") + b"\x21" * (messages.MAX_SIZE // 32) + b"\x01")


# --- other XML, recognising, writing ----------------------------------------------------------


def test_attributes_and_line_ends_of_xml():
    text = (
        b"<Session  a = '1\t2' b=\"&lt;&#65;&#x42;'\"\n>x\r\ny\rz&#13;<![CDATA[\r\n]]></Session >"
    )
    root = decode(text).root
    assert root.attrib == {"a": "1 2", "b": "<AB'"}
    assert root.text == "x\ny\nz\r\n" == parse(text.strip()).text


def test_other_spellings_become_names_unless_asked_not_to():
    text = (
        b'<WV-CSP-Message xmlns="http://www.openmobilealliance.org/DTD/WV-CSP1.2">'
        b"<Extended-Data/><CIRHTTPAddress/></WV-CSP-Message>"
    )
    assert [child.tag for child in decode(text).root] == ["ExtendedData", "CIRURL"]
    verbatim = decode(text, verbatim=True)
    assert [child.tag for child in verbatim.root] == ["Extended-Data", "CIRHTTPAddress"]
    verbatim.syntax = "wbxml"
    assert [child.tag for child in decode(encode(verbatim)).root] == ["ExtendedData", "CIRURL"]


@pytest.mark.parametrize(
    "octets, syntax",
    [
        (b"\x03\x11", "wbxml"),
        (b"\x00", "wbxml"),
        (b"\x05", None),
        (b"", None),
        (b"<a/>", "xml"),
        (b"\xef\xbb\xbf\r\n <a/>", "xml"),
        (b"WV12LR", "pts"),
        (b"{}", None),
    ],
)
def test_a_syntax_is_recognised_by_content(octets, syntax):
    assert recognise(octets) == syntax


def test_namespaces_go_by_token_where_the_version_has_one():
    root = Element("ExtBlock", {"xmlns": "http://www.openmobilealliance.org/DTD/IMPS-TRC1.3"})
    SubElement(root, "Thing", {"xmlns": "http://www.wireless-village.org/CSP1.1", "b": ""})
    octets = encode(Message(root, "1.3", "wbxml"))
    assert octets == unhexlify(
        "03126A0E" + b"Thing\0xmlns\0b\0".hex() + "0009C70D03312E330001"
        "84000406"
        + "03"
        + b"http://www.wireless-village.org/CSP1.1".hex()
        + "00"
        + "040C"
        + "0101"
    )
    assert decode(octets).root[0].attrib == root[0].attrib


@pytest.mark.parametrize("syntax", ["wbxml", "xml"])
@pytest.mark.parametrize(
    "tag, text, attributes, fault",
    [
        ("a b", "", {}, "no XML name"),
        ("", "", {}, "no XML name"),
        ("{http://example.com}a", "", {}, "no XML name"),
        ("a", "", {"1": ""}, "no XML name"),
        ("a", "\0", {}, "."),
        ("a", "\ud800", {}, "."),
        ("a", "", {"b": "\0"}, "."),
        ("a", "", {"b": "\udfff"}, "."),
    ],
)
def test_a_tree_that_cannot_be_written_is_refused(syntax, tag, text, attributes, fault):
    root = Element(tag, attributes)
    root.text = text
    with pytest.raises(EncodeError, match=fault):
        encode(Message(root, "1.2", syntax))


def test_xml_refuses_what_it_has_no_character_for():
    message = decode(wbxml("52 03 61 1F 00 01"))
    message.syntax = "xml"
    with pytest.raises(EncodeError, match=r"XML forbids the character U\+001F"):
        encode(message)


def test_an_unknown_syntax_is_refused():
    with pytest.raises(EncodeError, match="no writer for the syntax 'json'"):
        encode(Message(Element("Session"), "1.2", "json"))


def test_tidy_leaves_free_text_alone():
    root = parse(
        b"<a> <Code>\n1\n</Code><ContentData> x </ContentData><Poll> </Poll>"
        b"<StatusText><PresenceValue> y </PresenceValue></StatusText> </a>"
    )
    messages.tidy(root)
    assert [leaf.text for leaf in root.iter() if not len(leaf)] == ["1", " x ", None, " y "]


# --- the command ------------------------------------------------------------------------------


def run(*arguments: str, given: bytes | None = None):
    return CliRunner().invoke(app, ["decode", *arguments], input=given)


@pytest.mark.parametrize("vector", PROFILE[::5], ids=lambda vector: vector.name)
def test_the_command_writes_the_other_syntax(vector, tmp_path):
    source = tmp_path / "message"
    source.write_bytes(vector.xml)
    done = run("--from", "xml", "--to", "wbxml", "--profile", str(source))
    assert (done.exit_code, done.stdout_bytes) == (0, vector.wbxml)
    done = run("--from", "wbxml", "--to", "xml", "-", given=vector.wbxml)
    assert done.exit_code == 0 and done.stdout_bytes.endswith(b">\n")
    assert shape(parse(done.stdout_bytes), vector.version) == meaning(vector)


def test_the_command_recognises_indents_and_tidies():
    pretty = b"<Session>\n <Status>\n  <Result>\n <Code>\n200\n</Code></Result></Status></Session>"
    done = run("--to", "wbxml", "-", given=pretty)
    assert done.stdout_bytes == wbxml("6D 71 6A 4B C3 01 C8 01 01 01 01", identifier=0x10)
    done = run("--to", "wbxml", "--profile", "--version", "1.3", "-", given=pretty)
    exact = wbxml("6D 71 6A 4B 03 0A3230300A 00 01 01 01 01", identifier=0x12)
    assert done.stdout_bytes == exact
    done = run("--indent", "-", given=exact)
    assert done.stdout.splitlines()[:5] == [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<Session>",
        "  <Status>",
        "    <Result>",
        "      <Code>200</Code>",
    ]


@pytest.mark.parametrize(
    "arguments, given, line",
    [
        (["-"], b"\x03\x11\x6a\x00\x6d", "-: the message ends too soon at octet 5"),
        (["--from", "wbxml", "-"], b"<a/>", "-: "),
        (["--to", "wbxml", "-"], b"<a>&#0;</a>", " at octet 7"),
        (["absent.xml"], None, "absent.xml: No such file or directory"),
        (["-"], wbxml("52 03 01 00 01"), "XML forbids the character U+0001"),
    ],
)
def test_a_fault_ends_the_command_with_one_line(arguments, given, line):
    done = run(*arguments, given=given)
    assert done.exit_code == 1
    assert done.stdout_bytes == b""
    assert done.stderr.startswith("microimps decode: ") and done.stderr.count("\n") == 1
    assert line in done.stderr


def test_what_a_terminal_would_obey_is_shown_and_not_sent():
    done = CliRunner().invoke(app, ["decode", "-"], input=b"AT+CMGS=1\r\nERR\x1b[2J\x9b\tOK\r\n")
    assert done.exit_code == 0 and b"\x1b" not in done.stdout_bytes
    assert "ERR\\x1b[2J" in done.stdout and "\tOK" in done.stdout
