"""WSP: pushes, and the requests and replies of connectionless sessions. transport.md 5.2, 8."""

from __future__ import annotations

from ..message import DecodeError
from .layers import Layer

_KINDS = {0x04: "WSP reply", 0x06: "WSP push", 0x40: "WSP get", 0x60: "WSP post"}
_REPLY, _PUSH, _GET, _POST = _KINDS

# of the well-known content types (WAP-230-WSP, assigned numbers) those that are met here
_TYPES = {
    0x03: "text/plain",
    0x2E: "application/vnd.wap.sic",
    0x36: "application/vnd.wap.connectivity-wbxml",
}


def looks(data: bytes) -> bool:
    """Whether octets may be a WSP PDU with its transaction identifier."""
    return len(data) > 2 and data[1] in _KINDS


class Cursor:
    """Reads octets of WSP one after the other. Raises DecodeError where they end too soon."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def octets(self, count: int) -> bytes:
        """The next octets."""
        if self.at + count > len(self.data):
            raise DecodeError("the WSP PDU ends too soon", len(self.data))
        self.at += count
        return self.data[self.at - count : self.at]

    def rest(self) -> bytes:
        """All octets that are left."""
        return self.octets(len(self.data) - self.at)

    def next(self) -> int:
        """The next octet, which is left where it is; -1 at the end."""
        return self.data[self.at] if self.at < len(self.data) else -1

    def uintvar(self) -> int:
        """A number of seven bits an octet, the last without the top bit."""
        value = 0
        for _ in range(5):
            octet = self.octets(1)[0]
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value
        raise DecodeError("a number of more than five octets", self.at)

    def text(self) -> str:
        """A text up to its NUL."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise DecodeError("a text without an end", len(self.data))
        return self.octets(end + 1 - self.at)[:-1].decode("latin-1")

    def value(self) -> Cursor:
        """The octets of a value that tells its length first."""
        first = self.octets(1)[0]
        return Cursor(self.octets(self.uintvar() if first == 0x1F else first))


def media(cursor: Cursor) -> tuple[int | str, Cursor]:
    """The media type at the start of headers: the number of a well-known one, or its name; and
    what stands behind it: its parameters, or the other headers where it has none of its own.

    Raises DecodeError.
    """
    inside = cursor if cursor.next() > 0x1F else cursor.value()
    kind = inside.octets(1)[0] & 0x7F if inside.next() >= 0x80 else inside.text()
    return kind, inside


def content_type(cursor: Cursor) -> str:
    """The content type at the start of headers, with its parameters in hex digits.

    Raises DecodeError.
    """
    kind, inside = media(cursor)
    if isinstance(kind, int):
        kind = _TYPES.get(kind, f"well-known content type 0x{kind:02X}")
    parameters = b"" if inside is cursor else inside.rest()
    return f"{kind}; {parameters.hex()}" if parameters else kind


def read(data: bytes) -> tuple[Layer, bytes]:
    """A PDU of WSP and the body in it. Raises DecodeError."""
    cursor = Cursor(data)
    tid, kind = cursor.octets(2)
    layer = Layer(_KINDS[kind], {"transaction": str(tid)})
    if kind == _GET:
        layer.facts["URI"] = cursor.octets(cursor.uintvar()).decode("latin-1")
        headers = Cursor(cursor.rest())
    elif kind == _POST:
        uri, size = cursor.uintvar(), cursor.uintvar()
        layer.facts["URI"] = cursor.octets(uri).decode("latin-1")
        headers = Cursor(cursor.octets(size))
    else:
        if kind == _REPLY:
            layer.facts["status"] = f"0x{cursor.octets(1)[0]:02X}"
        headers = Cursor(cursor.octets(cursor.uintvar()))
    if headers.data and kind != _GET:
        layer.facts["content type"] = content_type(headers)
    if left := headers.rest():
        layer.facts["headers"] = left.hex()
    return layer, cursor.rest()
