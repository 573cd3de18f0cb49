"""Any tree goes through both syntaxes unchanged; any octets give a tree or the defined error."""

import random
import tracemalloc
from xml.etree.ElementTree import Element

import pytest
from csp_vectors import VECTORS, parse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reading import events

from microimps.errors import PeerError
from microimps.tools.message import DecodeError, EncodeError, Message, decode, encode
from microimps.tools.tables import VERSIONS, table
from microimps.wbxml.reader import Reader as WbxmlReader
from microimps.xml.reader import Reader as XmlReader

thorough = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SMALL = [vector for vector in VECTORS if len(vector.wbxml) < 400]

# --- trees ------------------------------------------------------------------------------------

characters = st.characters(
    codec="utf-8", exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"
).filter(lambda c: c >= " " or c in "\t\n\r")
texts = st.one_of(
    st.text(characters, max_size=40),
    st.sampled_from(sorted(table("1.3").tokens)),
    st.integers(0, 1 << 33).map(str),
    st.sampled_from(
        ["0", "007", "4294967296", "20240229T235959Z", "http://a", "&amp;", "]]>", " "]
    ),
)
literals = st.from_regex(r"[A-Za-z_][A-Za-z0-9._-]{0,8}", fullmatch=True)


@st.composite
def trees(draw, version: str, depth: int = 0) -> Element:
    known = table(version)
    spaces = st.sampled_from([*known.namespaces, "http://example.com/x", "", "a\"b<'\t\n&"])
    element = Element(draw(st.one_of(st.sampled_from(sorted(known.numbers)), literals)))
    if draw(st.integers(0, 3)) == 0:
        element.attrib = draw(st.dictionaries(st.just("xmlns") | literals, spaces, max_size=2))
    if depth == 4 or draw(st.booleans()):
        element.text = draw(texts) or None
        return element
    element.text = draw(st.none() | texts)
    for _ in range(draw(st.integers(1, 4))):
        child = draw(trees(version, depth + 1))
        child.tail = draw(st.none() | texts)
        element.append(child)
    return element


def canonical(element: Element, version: str, spaced: bool) -> tuple:
    """The tree as values; `spaced`: blank text between elements counts."""
    known = table(version)
    name = known.aliases.get(element.tag, element.tag)
    inner = [(canonical(child, version, spaced), around(child.tail, spaced)) for child in element]
    text = element.text or ""
    if inner:
        text = around(text, spaced)
    elif known.sends.get(known.numbers.get(name, 0)) == "opaque" and text.isdecimal():
        text = str(int(text))  # WBXML carries the number, not its zeros
    return name, tuple(sorted(element.attrib.items())), text, tuple(inner)


def around(text: str | None, spaced: bool) -> str:
    return text if text and (spaced or text.strip()) else ""


@thorough
@given(st.data(), st.sampled_from(VERSIONS))
def test_a_tree_goes_through_wbxml(data, version):
    root = data.draw(trees(version))
    found = decode(encode(Message(root, version, "wbxml")))
    assert found.version == version
    assert canonical(found.root, version, False) == canonical(root, version, False)


@thorough
@given(st.data(), st.sampled_from(VERSIONS))
def test_a_tree_goes_through_xml_and_expat_agrees(data, version):
    root = data.draw(trees(version))
    octets = encode(Message(root, version, "xml"))
    assert canonical(parse(octets), version, True) == canonical(root, version, True)
    found = decode(octets, version)
    if found.version == version:
        assert canonical(found.root, version, False) == canonical(root, version, False)


# --- octets -----------------------------------------------------------------------------------


def survives(octets: bytes) -> None:
    """Whatever decodes can be written; whatever does not has an octet that is to blame."""
    try:
        message = decode(octets)
    except DecodeError as error:
        assert 0 <= error.offset <= len(octets) and "\n" not in str(error)
        return
    message.syntax = "wbxml"
    if any("\0" in text for text in message.root.itertext()):  # came in as OPAQUE
        with pytest.raises(EncodeError, match="no message can carry"):
            encode(message)
    else:
        assert decode(encode(message)).root.tag == message.root.tag


@settings(thorough, max_examples=1500)
@given(st.sampled_from(SMALL), st.integers(0, 1 << 30), st.booleans())
def test_a_damaged_message_is_read_or_refused(vector, seed, binary):
    octets = bytearray(vector.wbxml if binary else vector.xml)
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(octets))
        damage = dice.randrange(4)
        if damage == 0:
            octets[at] ^= 1 << dice.randrange(8)
        elif damage == 1:
            octets[at] = dice.randrange(256)
        elif damage == 2:
            del octets[at : at + dice.randint(1, 9)]
        else:
            octets[at:at] = octets[dice.randrange(len(octets)) :][:9]
        if not octets:
            break
    survives(bytes(octets))


@settings(thorough, max_examples=500)
@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\x03\x11\x6a\x00", b"\x03\x12\x6a\x04abc\x00"])
)
@example(b"\x6d\xc3\x8f\xff\xff\xff\x7f", b"\x03\x11\x6a\x00")
@example(b"\x8f\xff\xff\xff\x7f", b"\x03\x11\x6a")
@example(b"\x02\x8f\xff\xff\xff\x7f", b"\x03\x11\x6a\x00\x6d")
def test_any_octets_are_read_or_refused(octets, head):
    survives(head + octets)


@settings(thorough, max_examples=500)
@given(st.text("<>/&;#x1![]CDAT-?' =\"aPol", max_size=40))
def test_any_markup_is_read_or_refused(text):
    survives(b"<" + text.encode())
    survives(b"<Poll>" + text.encode() + b"</Poll>")


def outcome(reader, octets: bytes, step: int) -> object:
    try:
        return events(reader, octets, step)
    except PeerError as error:
        return error.args[0]
    except UnicodeDecodeError:  # of the test's own helper: text is shown as it is
        return "not UTF-8"


@settings(thorough, max_examples=500)
@given(st.sampled_from(SMALL), st.data(), st.sampled_from(["wbxml", "xml"]))
def test_a_reader_finds_the_same_however_the_octets_come(vector, data, syntax):
    octets = bytearray(getattr(vector, syntax))
    for _ in range(data.draw(st.integers(0, 2))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    make = {"wbxml": WbxmlReader, "xml": XmlReader}[syntax]
    whole = outcome(make(4096), bytes(octets), 4096)
    for step in (1, data.draw(st.integers(2, 50))):
        assert outcome(make(4096), bytes(octets), step) == whole


@pytest.mark.parametrize("syntax", ["wbxml", "xml"])
def test_damage_cannot_make_a_message_large(syntax):
    dice = random.Random(1)
    vector = next(v for v in VECTORS if v.name == "hand-string-table")
    tracemalloc.start()
    try:
        for _ in range(300):
            octets = bytearray(getattr(vector, syntax))
            octets[dice.randrange(len(octets))] = dice.randrange(256)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            survives(bytes(octets))
            assert tracemalloc.get_traced_memory()[1] - before < 200_000
    finally:
        tracemalloc.stop()
