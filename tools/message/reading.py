"""Octets to a tree: names, types and strictness over the event readers of core."""

import binascii
import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from microimps.wbxml.reader import Reader as WbxmlReader
from microimps.xml.reader import Reader as XmlReader

from ..tables import Table
from .decoder import Decoder, Open, Pieces, offset
from .model import (
    FORBIDDEN,
    MAX_DEPTH,
    MAX_SIZE,
    NAME,
    SEGMENT,
    DecodeError,
    Message,
    version_of,
)
from .plain import PtsDecoder

_ATTR, _ATTRS = 5, 6
_LITERAL = -1  # number of an element that has only a name

_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]*(?:=\s*){0,2}")
_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*?encoding\s*=\s*[\"']([\w.-]*)")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>\"'<]+)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_CR = re.compile(rb"\r\n?")
_TAG_END = re.compile(rb"\s*/?>")
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]+));?|&")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def recognise(data: bytes) -> str | None:
    """Return "wbxml", "xml" or "pts" by the first octets, None for anything else.

    The Content-Type of real peers is not to be trusted. spec: transport.md section 2.2.
    """
    if data[:1] and data[0] <= 4:
        return "wbxml"
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:2]
    return "xml" if start[:1] == b"<" else "pts" if start == b"WV" else None


def decode(
    data: bytes, version: str | None = None, syntax: str | None = None, verbatim: bool = False
) -> Message:
    """Return the message in `data`. Raises DecodeError for anything wrong with it.

    version: that of the session, for a message that does not tell its own (wbxml.md section 1);
    syntax: None to recognise it by content; verbatim: keep the names of XML as they are spelled,
    where wbxml.md section 9 knows an element by two names.
    """
    if not data:
        raise DecodeError("an empty message", 0)
    if len(data) > MAX_SIZE:
        raise DecodeError(f"longer than {MAX_SIZE} octets", MAX_SIZE)
    decoder = _DECODERS.get(syntax or recognise(data) or "")
    if decoder is None:
        raise DecodeError("neither WBXML nor XML nor PTS", 0)
    return decoder(data, version, verbatim).message()


class _WbxmlReader(WbxmlReader):
    attributes = True
    name = b""

    def __init__(self, *limits: int) -> None:
        super().__init__(*limits)
        self.literal = self._literal

    def _literal(self, name: bytes) -> int:
        self.name = name
        return 0


class _WbxmlDecoder(Decoder):
    syntax = "wbxml"
    reader: _WbxmlReader

    def __init__(self, data: bytes, version: str | None, verbatim: bool) -> None:
        super().__init__(data, version, _WbxmlReader(len(data), MAX_DEPTH))
        self.attribute_name: str | None = None
        self.attribute_value: Pieces = []
        self.content_encoding = ""

    def handlers(self) -> dict[int, Callable[[int], None]]:
        return {**super().handlers(), _ATTR: self.attribute, _ATTRS: self.attribute_end}

    @property
    def known(self) -> Table:
        if self.reader.version:  # told by the public identifier or the root's xmlns token
            self.version = f"1.{self.reader.version}"
        return super().known

    def message(self) -> Message:
        found = super().message()
        found.version = self.version
        return found

    def start(self, before: int) -> None:
        reader, known = self.reader, self.known
        number, raw = reader.tag, ""
        if reader.name:
            raw = self.unicode([(reader.name, before, 0)])
            reader.name = b""
            number = known.numbers.get(known.aliases.get(raw, raw), _LITERAL)
        name = raw if number == _LITERAL else known.names.get(number, "")
        if not name:
            page, token = reader.page & 0xFF, self.data[reader.pos - 1] & 0x3F
            raise DecodeError(
                f"unrecognised element, page {page:02X} token {token:02X}", reader.pos - 1
            )
        reader.opaque = False
        self.begin(name, number, raw or name)

    def text(self, before: int) -> None:
        reader = self.reader
        if reader.ext >= 0:
            word = self.known.word(reader.ext, self.open[-1].number)
            if word is None:
                raise DecodeError(f"unrecognised value token {reader.ext:02X}", before)
            self.charge(len(word))
            piece = (word.encode(), before, 0)
        else:
            piece = self.piece(bytes(reader.src[reader.start : reader.stop]), before)
        if self.attribute_name is None:
            self.open[-1].pieces.append(piece)
            self.open[-1].opaque &= reader.opaque
        else:
            self.attribute_value.append(piece)

    def attribute(self, before: int) -> None:
        reader = self.reader
        self.attribute_end(before)
        if reader.ext < 0:
            name = self.unicode([(bytes(reader.src[reader.start : reader.stop]), before, 0)])
            if not NAME.fullmatch(name):
                raise DecodeError(f"{name!r} is no XML name", before)
            self.attribute_name = name
            return
        value = self.known.attributes.get(reader.ext)
        if value is None:
            raise DecodeError(f"unrecognised attribute token {reader.ext:02X}", before)
        self.attribute_name = "xmlns"
        self.attribute_value = [(value.encode(), before, 0)]

    def attribute_end(self, before: int) -> None:
        if self.attribute_name is not None:
            value = self.unicode(self.attribute_value)
            if self.open[-1].element.get(self.attribute_name) is not None:
                raise DecodeError(f"attribute {self.attribute_name} given twice", before)
            self.open[-1].element.set(self.attribute_name, value)
        self.attribute_name = None
        self.attribute_value = []

    def value(self, top: Open) -> str:
        # spec: wbxml.md sections 5 to 7
        opaque = top.opaque and self.reader.opaque
        kind = self.known.types.get(top.number)
        octets = b"".join(piece[0] for piece in top.pieces)
        if opaque and kind == "integer":
            if len(octets.lstrip(b"\0")) > 4:
                raise DecodeError("an integer of more than four octets", top.pieces[0][1])
            return str(int.from_bytes(octets, "big"))
        if opaque and kind == "datetime":
            if len(octets) != 6:
                raise DecodeError("a date that is not six octets long", self.reader.pos)
            return _date(octets)
        if opaque and kind == "binary" and self.content_encoding == "BASE64":
            self.content_encoding = ""
            if not _BASE64.fullmatch(octets):
                return binascii.b2a_base64(octets, newline=False).decode()
        if opaque and top.element.tag == SEGMENT:
            return binascii.b2a_base64(octets, newline=False).decode()
        text = self.unicode(top.pieces)
        if top.element.tag == "ContentEncoding":
            self.content_encoding = text.strip().upper()
        return text


def _date(octets: bytes) -> str:
    """Six octets as ISO 8601 basic text. spec: wbxml.md section 6."""
    packed = int.from_bytes(octets[:5], "big")
    second, minute, hour = packed & 63, packed >> 6 & 63, packed >> 12 & 31
    day, month, year = packed >> 17 & 31, packed >> 22 & 15, packed >> 26 & 4095
    zone = chr(octets[5]) if octets[5] in b"ABCDEFGHIKLMNOPQRSTUVWXYZ" else ""
    return f"{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}{zone}"


class _XmlDecoder(Decoder):
    """Takes names and attributes from the octets: the reader of core passes attributes over."""

    syntax = "xml"

    def __init__(self, data: bytes, version: str | None, verbatim: bool) -> None:
        super().__init__(data, version, XmlReader(len(data), MAX_DEPTH))
        self.verbatim = verbatim
        declared = _ENCODING.match(data)
        if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
            name = declared[1].decode("ascii", "replace")
            raise DecodeError(f"character encoding {name}, not UTF-8", declared.start(1))

    def start(self, before: int) -> None:
        end = self.reader.pos
        begin = self.data.rfind(b"<", 0, end) + 1
        raw = self.unicode([(self.data[begin:end], begin, 1)])
        attributes = self.attributes(end)
        if not self.open:
            root = Element(raw, attributes)
            self.version = version_of(root) or self.version
        name = raw if self.verbatim else self.known.aliases.get(raw, raw)
        self.begin(name, _LITERAL, raw)
        self.open[-1].element.attrib.update(attributes)

    def attributes(self, at: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while match := _ATTRIBUTE.match(self.data, at):
            name = self.unicode([(match[1], match.start(1), 1)])
            if name in found or not NAME.fullmatch(name):
                raise DecodeError(f"attribute {name} is no name or given twice", match.start(1))
            value = self.unicode([(match[2][1:-1], match.start(2) + 1, 1)])
            self.charge(len(value))
            found[name] = _ENTITY.sub(_character, re.sub(r"[\t\n]", " ", value))
            if "\0" in found[name]:
                raise DecodeError("an entity that XML does not have", match.start(2))
            at = match.end()
        if not _TAG_END.match(self.data, at):
            raise DecodeError("a malformed start tag", at)
        return found

    def text(self, before: int) -> None:
        reader = self.reader
        octets = bytes(reader.src[reader.start : reader.stop])
        self.open[-1].pieces.append(self.piece(octets, before))

    def end(self, before: int) -> None:
        at = self.data.rfind(b"<", 0, self.reader.pos)
        if self.data[at + 1 : at + 2] == b"/":
            name = self.data[at + 2 : self.reader.pos - 1].rstrip()
            if name != self.open[-1].raw.encode():
                raise DecodeError(f"an end tag where {self.open[-1].raw} is open", at)
        super().end(before)

    def unicode(self, pieces: Pieces) -> str:
        text = super().unicode(pieces)
        if match := FORBIDDEN.search(text):
            at = len(text[: match.start()].encode())
            raise DecodeError("a character that XML forbids", offset(pieces, at))
        if "\r" not in text:
            return text
        # line ends become LF, but not those that an entity stands for
        return b"".join(
            _CR.sub(b"\n", piece[0]) if piece[2] else piece[0] for piece in pieces
        ).decode()


def _character(match: re.Match[str]) -> str:
    """What an entity in an attribute stands for; NUL for none."""
    decimal, hexadecimal, name = match.groups()
    if not match[0].endswith(";"):
        return "\0"
    if name:
        return _ENTITIES.get(name, "\0")
    code = int(decimal or hexadecimal, 10 if decimal else 16)
    return "\0" if code > 0x10FFFF or FORBIDDEN.match(chr(code)) else chr(code)


_DECODERS: dict[str, Callable[[bytes, str | None, bool], Decoder]] = {
    "wbxml": _WbxmlDecoder,
    "xml": _XmlDecoder,
    "pts": PtsDecoder,
}
