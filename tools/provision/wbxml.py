"""The WBXML form of a provisioning document: octets to an element and back.

spec: provisioning.md section 1.4
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from .account import ProvisionError
from .tokens import START_OF, STARTS, TAG_OF, TAGS, VALUE_OF, VALUES

_HEADER = b"\x03\x0b\x6a\x00"  # version 1.3, PROV 1.0, UTF-8, no string table
_SWITCH, _END, _ENTITY, _STR_I, _LITERAL, _STR_T, _OPAQUE = (
    0x00,
    0x01,
    0x02,
    0x03,
    0x04,
    0x83,
    0xC3,
)
_CHARSETS = {106: "utf-8", 3: "ascii", 4: "latin-1", 0: "utf-8"}
_DEEPEST = 16


class _Reader:
    def __init__(self, octets: bytes, tags: dict[int, str]) -> None:
        self._octets = octets
        self._tags = tags
        self._at = 1
        self._page = 0  # of attributes; it stays until it is switched again
        public = self._number()
        index = self._number() if public == 0 else -1
        charset = self._number()
        if charset not in _CHARSETS:
            raise ProvisionError(f"charset {charset}: UTF-8, US-ASCII or ISO-8859-1 is read")
        self._charset = _CHARSETS[charset]
        size = self._number()
        self._table = self._take(size)
        named = self._shared(index) if index >= 0 else ""
        if tags is TAGS and public not in (0x0B, 0x01) and "PROV" not in named:
            raise ProvisionError(f"public id {public:#x} is not that of a provisioning document")

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._octets):
            raise ProvisionError("the document ends in the middle")
        found = self._octets[self._at : end]
        self._at = end
        return found

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        value = 0
        for _ in range(5):
            octet = self._byte()
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value
        raise ProvisionError("a number of more than five octets")

    def _text(self, octets: bytes) -> str:
        try:
            return octets.decode(self._charset)
        except UnicodeDecodeError:
            raise ProvisionError(f"a text that is not {self._charset}") from None

    def _string(self, octets: bytes, start: int) -> tuple[str, int]:
        end = octets.find(b"\0", start)
        if end < 0 or start > len(octets):
            raise ProvisionError("a string without an end")
        return self._text(octets[start:end]), end + 1

    def _shared(self, index: int) -> str:
        return self._string(self._table, index)[0]

    def _inline(self) -> str:
        found, self._at = self._string(self._octets, self._at)
        return found

    def _literal(self, token: int) -> str | None:
        """Text of a token that is one whatever the page."""
        if token == _STR_I:
            return self._inline()
        if token == _STR_T:
            return self._shared(self._number())
        if token == _ENTITY:
            number = self._number()
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                raise ProvisionError("an entity that is no character")
            return chr(number)
        if token == _OPAQUE:
            return self._text(self._take(self._number()))
        return None

    def document(self, wanted: str) -> Element:
        """The root element."""
        root = self._element(self._next(), 0)
        if root.tag != wanted:
            raise ProvisionError(f"the root is {root.tag}, not {wanted}")
        return root

    def _next(self) -> int:
        token = self._byte()
        while token == _SWITCH:
            self._byte()  # of tags, which are all read as of the first
            token = self._byte()
        return token

    def _element(self, token: int, depth: int) -> Element:
        if depth > _DEEPEST:
            raise ProvisionError("nested too deep")
        bare = token & 0x3F
        if bare == _LITERAL:
            tag = self._shared(self._number())
        else:
            tag = self._tags.get(bare, f"tag-{bare:02x}")
        element = Element(tag)
        if token & 0x80:
            self._attributes(element)
        if token & 0x40:
            while (token := self._next()) != _END:
                if (text := self._literal(token)) is not None:
                    element.text = (element.text or "") + text
                else:
                    element.append(self._element(token, depth + 1))
        return element

    def _attributes(self, element: Element) -> None:
        name = ""
        while (token := self._byte()) != _END:
            if token == _SWITCH:
                self._page = self._byte()
            elif token == _LITERAL:
                name = self._shared(self._number())
                element.set(name, "")
            elif (text := self._literal(token)) is not None:
                element.set(name, element.get(name, "") + text)
            elif token < 0x80:
                unknown = ("name", f"token-{self._page}-{token:02x}")
                name, value = STARTS.get(self._page, {}).get(token, unknown)
                element.set(name, value)
            else:
                value = VALUES.get(self._page, {}).get(token, f"token-{self._page}-{token:02x}")
                element.set(name, element.get(name, "") + value)


def decode(octets: bytes, tags: dict[int, str] = TAGS, root: str = TAGS[5]) -> Element:
    """The document with this root as an element. Raises ProvisionError for anything else.

    Unknown tokens become `token-PAGE-NN`: what is not about IMPS may be newer than this reader.
    """
    if octets[:1] not in (b"\x01", b"\x02", b"\x03"):
        raise ProvisionError("not a WBXML document")
    return _Reader(octets, tags).document(root)


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray(_HEADER)
        self._page = 0

    def _token(self, page: int, token: int) -> None:
        if page != self._page:
            self.out += bytes((_SWITCH, page))
            self._page = page
        self.out.append(token)

    def _string(self, text: str) -> None:
        if "\0" in text:
            raise ProvisionError("a value with a zero octet")
        if text:
            self.out += bytes((_STR_I,)) + text.encode() + b"\0"

    def element(self, element: Element) -> None:
        """Write one element."""
        if element.tag not in TAG_OF:
            raise ProvisionError(f"<{element.tag}> is not of a provisioning document")
        attributes = list(element.items())
        kind = TAG_OF[element.tag] | (0x80 if attributes else 0) | (0x40 if len(element) else 0)
        self.out.append(kind)
        for name, value in attributes:
            self._attribute(name, value)
        if attributes:
            self.out.append(_END)
        for child in element:
            self.element(child)
        if len(element):
            self.out.append(_END)

    def _attribute(self, name: str, value: str) -> None:
        if (name, value) in START_OF:
            self._token(*START_OF[name, value])
            return
        if (name, "") not in START_OF:
            raise ProvisionError(f"attribute {name} is not of a provisioning document")
        page, token = START_OF[name, ""]
        if name in ("name", "value", "type"):
            page = self._page  # on both pages
        self._token(page, token)
        if name == "value" and value in VALUE_OF:
            self._token(*VALUE_OF[value])
        else:
            self._string(value)


def encode(root: Element) -> bytes:
    """The document in WBXML, without a string table. Raises ProvisionError."""
    writer = _Writer()
    writer.element(root)
    return bytes(writer.out)
