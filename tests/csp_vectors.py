"""The WBXML vectors, and messages as plain values, compared as the vectors' README says.

Nothing here uses the project's readers: XML is read by expat, so that it can judge them.
`python tests/csp_vectors.py` writes vectors/wbxml-events.txt, what core/test_vectors.py expects.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree
from xml.parsers import expat

from microimps.tools.tables import Table, table

FOLDER = Path(__file__).parent / "vectors" / "wbxml"
EVENTS = FOLDER.with_name("wbxml-events.txt")
_PLAIN = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")  # not escaped in an event
LONGEST = 400  # octets of a text that a board's test takes


class Vector(NamedTuple):
    """A row of manifest.csv with the octets and the text."""

    name: str
    version: str
    producer: str
    attributes: bool
    decoders: tuple[str, ...]
    wbxml: bytes
    xml: bytes


def _vector(row: dict[str, str]) -> Vector:
    return Vector(
        row["name"],
        row["version"],
        row["producer"],
        row["attributes_on_wire"] == "yes",
        tuple(row["decoders_agreeing"].split()),
        (FOLDER / (row["name"] + ".wbxml")).read_bytes(),
        (FOLDER / (row["name"] + ".xml")).read_bytes(),
    )


with open(FOLDER / "manifest.csv", encoding="utf-8", newline="") as _file:
    VECTORS = [_vector(row) for row in csv.DictReader(_file)]


def parse(xml: bytes) -> ElementTree.Element:
    """Read XML with expat: plain names, xmlns an attribute like any other."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(xml, True)
    return builder.close()


def shape(root: ElementTree.Element, version: str, attributes: bool = True) -> tuple:
    """Return a message as nested tuples that are equal when two messages mean the same.

    (name, attributes, text or children); names canonical, integers as numbers, text of leaves
    without the blanks around it, blank text between children left out.
    """
    return _shape(root, table(version), attributes)


def _shape(element: ElementTree.Element, names: Table, attributes: bool) -> tuple:
    name = names.aliases.get(element.tag, element.tag)
    pairs = tuple(sorted(element.attrib.items())) if attributes else ()
    if not len(element):
        return name, pairs, _value(name, (element.text or "").strip(), names)
    content: list[object] = []
    for text, child in [(element.text, None), *((child.tail, child) for child in element)]:
        if child is not None:
            content.append(_shape(child, names, attributes))
        if text and text.strip():
            content.append(text.strip())
    return name, pairs, tuple(content)


def _value(name: str, text: str, names: Table) -> object:
    if names.types.get(names.numbers.get(name, 0)) == "integer":
        try:
            return int(text, 16 if text.lower().startswith("0x") else 10)
        except ValueError:
            return text
    return text


def events() -> str:
    """Return the leaves and closes of every vector that a board's test can take.

    A line with name and version, a line for each event, an empty line. An event is the element
    number and `)` for a close, or the kind of a leaf and its value: `"` text, `#` number,
    `?` boolean, `@` date. %20 stands for a blank.
    """
    lines = []
    for vector in VECTORS:
        names = table(vector.version)
        words = list(_events(parse(vector.xml), names))
        # 05/36 is a second ContentType; to a board it is an element of its own.
        if max(map(len, words)) < LONGEST and vector.name != "hand-decode-only-tag":
            lines += [f"{vector.name} {vector.version}", *words, ""]
    return "\n".join(lines)


def _events(element: ElementTree.Element, names: Table) -> Iterator[str]:
    name = names.aliases.get(element.tag, element.tag)
    number = names.numbers.get(name, 0)
    if len(element):
        for child in element:
            yield from _events(child, names)
        yield f"{number:X})"
        return
    value = _value(name, (element.text or "").strip(), names)
    kind = {int: "#", str: '"'}[type(value)]
    if value:
        kind = {"boolean": "?", "datetime": "@"}.get(names.types.get(number, ""), kind)
    yield f"{number:X}{kind}{quote(str(value), _PLAIN)}"


if __name__ == "__main__":
    EVENTS.write_text(events(), "utf-8")
