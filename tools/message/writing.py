"""A tree to octets: the recommended profile of wbxml.md section 11, XML, and PTS."""

import binascii
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from microimps.errors import LocalError
from microimps.status import explain
from microimps.wbxml.writer import Writer as WbxmlWriter
from microimps.xml.writer import Writer as XmlWriter

from ..tables import VERSIONS
from .encoder import Encoder
from .model import FORBIDDEN, SEGMENT, EncodeError, Message
from .plain import PtsEncoder

_SWITCH_PAGE, _END, _LITERAL, _OPAQUE = 0x00, 0x01, 0x04, 0xC3
_CONTENT, _ATTRIBUTES = 0x40, 0x80
_ATTRIBUTE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def encode(message: Message) -> bytes:
    """Return the octets of a message; WBXML comes in the profile of wbxml.md section 11.

    The xmlns that the tree has is written and none is added. Raises EncodeError for a tree that
    the syntax cannot carry.
    """
    if message.syntax not in _ENCODERS:
        raise EncodeError(f"no writer for the syntax {message.syntax!r}")
    encoder = _ENCODERS[message.syntax](message.version or VERSIONS[0])
    encoder.extension = message.extension
    try:
        encoder.document(message.root)
    except LocalError as error:
        raise EncodeError(explain(error)) from None
    except UnicodeEncodeError as error:
        raise EncodeError(f"a lone surrogate in {error.object!r}") from None
    return bytes(encoder.out)


def fragment(element: Element, version: str, syntax: str) -> bytes:
    """The octets of one element as they may stand in a message, from code page 0 on in WBXML.

    Raises EncodeError for one that the syntax cannot carry, or not without a string table.
    """
    encoder = _ENCODERS[syntax](version)
    encoder.begin()
    encoder.out.clear()
    if isinstance(encoder, _Wbxml) and next(encoder.literals(element), None):
        raise EncodeError("a name without a token needs a string table")
    encoder.element(element, "", 1)
    return bytes(encoder.out)


class _Wbxml(Encoder, WbxmlWriter):
    def document(self, root: Element) -> None:
        self.strings: dict[str, int] = {}  # literal name -> its offset in the string table
        names = bytearray()
        for name in self.literals(root):
            if name not in self.strings:
                self.strings[name] = len(names)
                names += name.encode() + b"\0"
        self.begin()
        self.out[-1:] = _multibyte(len(names)) + names  # instead of the empty string table
        self.element(root, "", 1)

    def literals(self, root: Element) -> Iterator[str]:
        for element in root.iter():
            if self.number_of(element) is None:
                yield element.tag
            for name, value in element.attrib.items():
                if self.token_of(name, value) is None:
                    yield name

    def number_of(self, element: Element) -> int | None:
        return self.known.numbers.get(self.known.aliases.get(element.tag, element.tag))

    def token_of(self, name: str, value: str) -> tuple[int, str] | None:
        return self.known.namespace_tokens.get(value) if name == "xmlns" else None

    def opening(self, element: Element, content: bool) -> None:
        bits = (_CONTENT if content else 0) | (_ATTRIBUTES if element.attrib else 0)
        number = self.number_of(element)
        self.cut()
        if number is None:
            self.put(bytes((_LITERAL | bits,)) + _multibyte(self.strings[element.tag]))
        else:
            if number >> 6 != self.page:
                self.page = number >> 6
                self.put(bytes((_SWITCH_PAGE, self.page)))
            self.byte(number & 0x3F | bits)
        for name, value in element.attrib.items():
            token = self.token_of(name, value)
            if token:
                self.byte(token[0])
                value = token[1]
            else:
                self.put(bytes((_LITERAL,)) + _multibyte(self.strings[name]))
            if value:
                self.text(value)
                self.cut()
        if element.attrib:
            self.byte(_END)

    def closing(self, element: Element) -> None:
        self.end()

    def mixed(self, text: str | None) -> None:
        if text and text.strip():
            self.text(text)

    def value(self, element: Element, parent: str) -> None:
        text = element.text or ""
        number = self.known.numbers.get(element.tag, 0)  # another spelling has no rules
        token = self.known.token(text, number, parent)
        if token is not None:
            self.word(token)
        elif self.known.sends.get(number) == "opaque" and _is_integer(text):
            self.number(int(text))
        elif element.tag == SEGMENT and (octets := _from_base64(text)):
            self.put(bytes((_OPAQUE,)) + _multibyte(len(octets)) + octets)
        else:
            self.text(text)


class _Xml(Encoder, XmlWriter):
    def document(self, root: Element) -> None:
        self.begin()
        self.element(root, "", 1)

    def opening(self, element: Element, content: bool) -> None:
        self.put(f"<{element.tag}".encode())
        for name, value in element.attrib.items():
            if match := FORBIDDEN.search(value):
                raise EncodeError(f"XML forbids the character U+{ord(match[0]):04X}")
            self.put(f' {name}="{value.translate(_ATTRIBUTE_ESCAPES)}"'.encode())
        self.put(b">" if content else b"/>")

    def closing(self, element: Element) -> None:
        self.put(f"</{element.tag}>".encode())

    def value(self, element: Element, parent: str) -> None:
        self.text(element.text or "")

    def mixed(self, text: str | None) -> None:
        if text:
            self.text(text)

    def text(self, value: str) -> None:
        if match := FORBIDDEN.search(value):
            raise EncodeError(f"XML forbids the character U+{ord(match[0]):04X}")
        super().text(value)


def _multibyte(value: int) -> bytes:
    """A number in the shortest form of wbxml.md section 1."""
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def _from_base64(text: str) -> bytes:
    """The octets that BASE64 text stands for, none where it is something else."""
    try:
        octets = binascii.a2b_base64(text)
    except ValueError:
        return b""
    return octets if binascii.b2a_base64(octets, newline=False) == text.encode() else b""


def _is_integer(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 1 << 32


_ENCODERS: dict[str, type[_Wbxml] | type[_Xml] | type[PtsEncoder]] = {
    "wbxml": _Wbxml,
    "xml": _Xml,
    "pts": PtsEncoder,
}
