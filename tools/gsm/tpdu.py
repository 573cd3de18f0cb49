"""The network's side of the PDU codec: reads SUBMIT, writes DELIVER and STATUS-REPORT.

3GPP TS 23.040 clause 9.2.2. Structure and lengths are judged by the device's own reader; header
elements that it skips are kept here, so that a service centre hands on what nobody understands.
A PDU is a service-centre address and a TPDU; the functions take and give TPDUs alone.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from microimps.errors import PeerError
from microimps.sms_bearer import pdu, text, times

from .message import GSM7, Message, read_header, unpack

DELIVER, SUBMIT, STATUS_REPORT = 0, 1, 2

_KIND = 203  # another message type than asked for
_TIME = 207  # impossible date
_REPORT, _HEADER = 0x20, 0x40  # TP-SRR or TP-SRI, TP-UDHI
_DIALLED = string.digits + "*#abc"
_VALIDITY_OCTETS = (0, 7, 1, 7)  # by TP-VPF


@dataclass(frozen=True)
class Report:
    """A status report: `status` (TP-ST) of message `reference` to `recipient`.

    `time` is when the service centre took the message, `discharge` when it reached the status.
    """

    recipient: str
    reference: int
    time: datetime
    discharge: datetime
    status: int


def read_submit(tpdu: bytes, sender: str = "", now: datetime | None = None) -> Message:
    """The message in a SUBMIT from `sender`. Raises PeerError.

    now: what an absolute validity is counted from, by default the present. A validity that is
    not given, or reserved, is the default of Message.
    """
    received = _parse(tpdu, SUBMIT)
    message = _message(received)
    message.sender, message.destination = sender, _party(received)
    message.reference = received.mr
    form = received.flags >> 3 & 3
    octets = bytes(received.buf[received.stamp : received.stamp + _VALIDITY_OCTETS[form]])
    validity = _validity(form, octets, now)
    if validity is not None:
        message.validity = validity.total_seconds()
    return message


def read_deliver(tpdu: bytes) -> tuple[Message, datetime]:
    """The message in a DELIVER and the service centre's time stamp. Raises PeerError."""
    received = _parse(tpdu, DELIVER)
    message = _message(received)
    message.sender = _party(received)
    return message, _stamp(received.buf, received.stamp)


def read_report(tpdu: bytes) -> Report:
    """The fields of a STATUS-REPORT. Raises PeerError."""
    received = _parse(tpdu, STATUS_REPORT)
    return Report(
        _party(received),
        received.mr,
        _stamp(received.buf, received.stamp),
        _stamp(received.buf, received.discharge),
        received.status,
    )


def submit(message: Message, validity: bytes = b"") -> bytes:
    """A SUBMIT as a module makes it in text mode; validity: nothing, or a TP-VP relative octet.

    Raises LocalError for a destination that is neither number nor name.
    """
    form = 0x10 if validity else 0
    head = bytes((SUBMIT | form | _flags(message), message.reference))
    coding = bytes((message.pid, message.dcs))
    return head + address(message.destination) + coding + validity + _user_data(message)


def deliver(message: Message, when: datetime, more: bool = False) -> bytes:
    """A DELIVER of `message`, which the service centre took at `when`; more: others wait.

    The sender is a number or a name of up to 11 characters. Lengths are written as they come out,
    so that a message longer than the standard allows can be sent on purpose. Raises LocalError.
    """
    head = bytes((DELIVER | (0 if more else 4) | _flags(message),)) + address(message.sender)
    coding = bytes((message.pid, message.dcs))
    return head + coding + timestamp(when) + _user_data(message)


def status_report(report: Report, more: bool = False) -> bytes:
    """A STATUS-REPORT; more: other messages wait. Raises LocalError."""
    head = bytes((STATUS_REPORT | (0 if more else 4), report.reference))
    moments = timestamp(report.time) + timestamp(report.discharge)
    return head + address(report.recipient) + moments + bytes((report.status,))


def message_class(tpdu: bytes) -> int | None:
    """Class 0 to 3 of a DELIVER, None without one (3GPP TS 23.038 clause 4). Raises PeerError."""
    dcs = _parse(tpdu, DELIVER).dcs
    has_class = dcs >= 0xF0 or dcs < 0x80 and dcs & 0x10
    return dcs & 3 if has_class else None


def address(number: str) -> bytes:
    """An address field: count of semi-octets, type, digits; a name goes in 7 bits.

    Raises LocalError for a name of more than 11 septets or outside the alphabet.
    """
    digits = number.removeprefix("+")
    if digits and len(digits) <= 20 and not digits.strip(_DIALLED):
        international = number.startswith("+")
        return bytes((len(digits), 0x91 if international else 0x81)) + _semi_octets(digits)
    out = bytearray(11)
    count = text.encode7(number.encode(), out, 0, 0, 11)
    octets = out[: (count * 7 + 7) // 8]
    # Of 4 letters (28 bits) other encoders count 8 semi-octets, not 7; all decoders read either.
    return bytes((min(count * 7 // 4 + 1, 2 * len(octets)), 0xD0)) + octets


def centre_octets(number: str) -> bytes:
    """The service-centre address in front of a TPDU; one zero octet for an empty number."""
    field = address(number) if number else b""
    return bytes((len(field[1:]),)) + field[1:]  # this length is in octets


def read_centre(octets: bytes) -> tuple[str, bytes]:
    """Split a PDU into service-centre number (empty: none given) and TPDU.

    Raises ValueError when the address is longer than the PDU.
    """
    end = 1 + octets[0] if octets else 1
    if end >= len(octets):
        raise ValueError("service-centre address takes up the whole PDU")
    field = octets[1:end]
    digits = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in field[1:]).rstrip("f")
    international = field and field[0] >> 4 & 7 == 1
    return ("+" if international else "") + digits, octets[end:]


def timestamp(when: datetime) -> bytes:
    """The 7 octets of a time stamp. Raises ValueError for a time without a zone."""
    offset = when.utcoffset()
    if offset is None:
        raise ValueError("time stamp without a zone: give the datetime a tzinfo")
    return times.absolute((*when.timetuple()[:6], offset // timedelta(minutes=1)))


def _parse(tpdu: bytes, kind: int) -> pdu.Received:
    received = pdu.Received()
    digits = tpdu.hex().encode()
    received.feed(digits, 0, len(digits))
    if received.parse(len(tpdu)) != kind:
        raise PeerError(_KIND)
    return received


def _message(received: pdu.Received) -> Message:
    octets = bytes(received.buf[received.ud : received.stop])
    header, start = read_header(octets) if received.flags & _HEADER else ((), 0)
    body = octets[start:]
    if received.alphabet == GSM7:
        body = unpack(octets, received.units)[(start * 8 + 6) // 7 :]
    return Message(
        "",
        "",
        body,
        header,
        dcs=received.dcs,
        pid=received.pid,
        report=bool(received.flags & _REPORT),
    )


def _party(received: pdu.Received) -> str:
    return bytes(received.sender[: received.sender_len]).decode()


def _flags(message: Message) -> int:
    return (_REPORT if message.report else 0) | (_HEADER if message.header else 0)


def _user_data(message: Message) -> bytes:
    length, octets = message.user_data()
    return bytes((length,)) + octets


def _semi_octets(digits: str) -> bytes:
    nibbles = [_DIALLED.index(digit) for digit in digits] + [15] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))


def _stamp(octets: bytes | bytearray, at: int = 0) -> datetime:
    year, month, day, hour, minute, second, minutes_east = times.stamp(octets, at)
    zone = timezone(timedelta(minutes=minutes_east))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        raise PeerError(_TIME) from None


def _validity(form: int, octets: bytes, now: datetime | None) -> timedelta | None:
    """TP-VP by its form: 0 none, 1 enhanced, 2 relative, 3 absolute."""
    if form == 3:
        return _stamp(octets) - (now or datetime.now(timezone.utc))
    if form == 2:
        return _relative(octets[0])
    return _enhanced(octets) if form else None


def _relative(octet: int) -> timedelta:
    if octet < 144:
        return timedelta(minutes=5 * (octet + 1))
    if octet < 168:
        return timedelta(minutes=720 + 30 * (octet - 143))
    return timedelta(days=octet - 166) if octet < 197 else timedelta(weeks=octet - 192)


def _enhanced(octets: bytes) -> timedelta | None:
    """Clause 9.2.3.12.3: an indicator, more of them while bit 7 is set, then the period."""
    at = 1
    while at < len(octets) and octets[at - 1] & 0x80:
        at += 1
    first, *rest = octets[at : at + 3].ljust(3, b"\0")
    form = octets[0] & 7
    if form == 1:
        return _relative(first)
    if form == 2:
        return timedelta(seconds=first)
    if form == 3:
        hours, minutes, seconds = ((o & 15) * 10 + (o >> 4) for o in (first, *rest))
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return None
