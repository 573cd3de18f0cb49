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


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def octets(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise DecodeError("the WSP PDU ends too soon", len(self.data))
        self.at += count
        return self.data[self.at - count : self.at]

    def uintvar(self) -> int:
        value = 0
        for _ in range(5):
            octet = self.octets(1)[0]
            value = value << 7 | octet & 0x7F
            if octet < 0x80:
                return value
        raise DecodeError("a number of more than five octets", self.at)


def content_type(headers: bytes) -> tuple[str, bytes]:
    """The content type at the start of the headers, and the headers behind it.

    Raises DecodeError.
    """
    cursor = _Cursor(headers)
    first = cursor.octets(1)[0]
    if first >= 0x80:
        kind = _TYPES.get(first & 0x7F, f"well-known content type 0x{first & 0x7F:02X}")
        return kind, headers[1:]
    if first > 0x1F:
        end = headers.find(b"\0")
        if end < 0:
            raise DecodeError("a content type without an end", len(headers))
        return headers[:end].decode("latin-1"), headers[end + 1 :]
    length = cursor.uintvar() if first == 0x1F else first
    inside = cursor.octets(length)
    kind, parameters = content_type(inside)
    return (f"{kind}; {parameters.hex()}" if parameters else kind), headers[cursor.at :]


def read(data: bytes) -> tuple[Layer, bytes]:
    """A PDU of WSP and the body in it. Raises DecodeError."""
    cursor = _Cursor(data)
    tid, kind = cursor.octets(2)
    layer = Layer(_KINDS[kind], {"transaction": str(tid)})
    headers = b""
    if kind == _GET:
        layer.facts["URI"] = cursor.octets(cursor.uintvar()).decode("latin-1")
        headers = cursor.data[cursor.at :]
        cursor.at = len(data)
    elif kind == _POST:
        uri, size = cursor.uintvar(), cursor.uintvar()
        layer.facts["URI"] = cursor.octets(uri).decode("latin-1")
        headers = cursor.octets(size)
    else:
        if kind == _REPLY:
            layer.facts["status"] = f"0x{cursor.octets(1)[0]:02X}"
        headers = cursor.octets(cursor.uintvar())
    if headers and kind != _GET:
        layer.facts["content type"], headers = content_type(headers)
    if headers:
        layer.facts["headers"] = headers.hex()
    return layer, data[cursor.at :]
