"""A short message inside the network, between its TPDUs and the gateways."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

from microimps.sms_bearer.pdu import alphabet
from microimps.sms_bearer.text import decode7, encode7, septets

GSM7, OCTETS, UCS2 = 0, 1, 2

PORTS8, PORTS16, CONCAT8, CONCAT16 = 0x04, 0x05, 0x00, 0x08

_MOST_OCTETS = 140

Element = tuple[int, bytes]


@dataclass
class Message:
    """One short message.

    `header` is the user data header as (identifier, data) pairs, empty for none. `body` is what
    follows it: octets, or for the GSM alphabet one septet per octet. `reference` is the sender's
    TP-MR. `validity` and the times are network seconds; `time` is when the service centre took
    it. `fields` holds what travels beside the message over SMPP, such as ports.
    """

    sender: str
    destination: str
    body: bytes = b""
    header: tuple[Element, ...] = ()
    dcs: int = 4
    pid: int = 0
    reference: int = 0
    report: bool = False
    validity: float = 86400.0
    time: float = 0.0
    id: int = 0
    fields: dict[str, int] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """When the service centre took it, as a time in UTC."""
        return datetime.fromtimestamp(self.time, timezone.utc)

    @property
    def alphabet(self) -> int:
        """GSM7, OCTETS or UCS2 (3GPP TS 23.038 clause 4)."""
        number: int = alphabet(self.dcs)
        return number

    @property
    def ports(self) -> tuple[int, int] | None:
        """Destination and source port from the header, or from the fields beside it."""
        for identifier, data in self.header:
            if identifier == PORTS16 and len(data) == 4:
                return int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
            if identifier == PORTS8 and len(data) == 2:
                return data[0], data[1]
        if "destination_port" in self.fields:
            port = self.fields["destination_port"]
            return port, self.fields.get("source_port", port)
        return None

    @property
    def part(self) -> tuple[int, int, int] | None:
        """Reference, total and number of a concatenated message's part."""
        for identifier, data in self.header:
            if identifier == CONCAT8 and len(data) == 3:
                return data[0], data[1], data[2]
            if identifier == CONCAT16 and len(data) == 4:
                return int.from_bytes(data[:2], "big"), data[2], data[3]
        return None

    @property
    def text(self) -> str:
        """The body as text; octets are read as UTF-8, as far as they are."""
        if self.alphabet == UCS2:
            return self.body.decode("utf-16-be", "replace")
        if self.alphabet == OCTETS:
            return self.body.decode("utf-8", "replace")
        out = bytearray(3 * len(self.body))
        count = decode7(pack(self.body) + b"\0", 0, 0, len(self.body), out)
        return out[:count].decode()

    def header_octets(self) -> bytes:
        """The user data header with its length octet; empty without elements."""
        if not self.header:
            return b""
        data = b"".join(bytes((i, len(d))) + d for i, d in self.header)
        return bytes((len(data),)) + data

    def user_data(self) -> tuple[int, bytes]:
        """TP-UDL and TP-UD."""
        header = self.header_octets()
        if self.alphabet != GSM7:
            return len(header) + len(self.body), header + self.body
        fill = -8 * len(header) % 7
        return (8 * len(header) + fill) // 7 + len(self.body), header + pack(self.body, fill)

    @property
    def too_long(self) -> bool:
        """Whether header and body do not fit into one short message."""
        return len(self.user_data()[1]) > _MOST_OCTETS


def ports_element(destination: int, source: int) -> Element:
    """The application port header element, 16 bit (3GPP TS 23.040 clause 9.2.3.24.4)."""
    return PORTS16, destination.to_bytes(2, "big") + source.to_bytes(2, "big")


def read_header(data: bytes) -> tuple[tuple[Element, ...], int]:
    """Elements of a user data header at the start of `data`, and its length in octets.

    Raises ValueError when the lengths in it do not add up.
    """
    if not data or data[0] >= len(data) + (data[0] == 0):
        raise ValueError("user data header longer than the user data")
    end, at = 1 + data[0], 1
    elements: list[Element] = []
    while at < end:
        if at + 2 > end or at + 2 + data[at + 1] > end:
            raise ValueError("user data header element runs over the header's end")
        elements.append((data[at], data[at + 2 : at + 2 + data[at + 1]]))
        at += 2 + data[at + 1]
    return tuple(elements), end


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets, one per octet, packed behind `fill` zero bits (3GPP TS 23.038 clause 6.1.2.1)."""
    bits = sum(septet << (fill + 7 * n) for n, septet in enumerate(septets))
    return bits.to_bytes((fill + 7 * len(septets) + 7) // 8, "little")


def unpack(data: bytes, count: int, fill: int = 0) -> bytes:
    """`count` septets out of packed octets, one per octet."""
    bits = int.from_bytes(data, "little") >> fill
    return bytes(bits >> (7 * n) & 0x7F for n in range(count))


def body_of(content: bytes | str, dcs: int | None = None) -> tuple[int, bytes]:
    """Data coding and body for octets or text; ValueError for text that the coding cannot carry.

    dcs: None chooses 4 for octets, 0 for text and 8 for text that 7 bits cannot carry.
    """
    if isinstance(content, bytes):
        return 4 if dcs is None else dcs, content
    count = septets(content.encode())
    if dcs is None:
        dcs = 8 if count < 0 else 0
    if alphabet(dcs) == UCS2:
        return dcs, content.encode("utf-16-be")
    if alphabet(dcs) == OCTETS:
        return dcs, content.encode()
    if count < 0:
        raise ValueError("text has a character that is not in the GSM 7-bit alphabet")
    out = bytearray(count + 2)
    encode7(content.encode(), out, 0, 0, count)
    return dcs, unpack(bytes(out), count)
