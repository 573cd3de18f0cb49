"""Text mode (`+CMGF=1`): messages as 27.005 clause 3 shows them instead of as PDUs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from microimps.errors import LocalError, PeerError
from microimps.sms_bearer.pdu import alphabet

from . import tpdu as codec
from .atline import AtError
from .message import GSM7, OCTETS, Message, body_of
from .sim import STO_UNSENT, Slot

if TYPE_CHECKING:
    from .modem import VirtualModem

STATUS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")

_BAD_TEXT = 305


def submit(modem: VirtualModem, number: str, typed: bytes) -> bytes:
    """The SUBMIT for a number and a body typed in the character set of `+CSCS`."""
    first, validity, pid, dcs = modem.values["+CSMP"]
    try:
        dcs_value, body = body_of(_content(modem, typed, int(dcs)), int(dcs))
        message = Message("", _number(modem, number), body, dcs=dcs_value, pid=int(pid))
        message.report = bool(int(first) & 0x20)
        if message.too_long:
            raise AtError(_BAD_TEXT)
        period = bytes((int(validity) & 255,)) if validity.isdigit() else b""
        return codec.submit(message, period)
    except (ValueError, LocalError):
        raise AtError(_BAD_TEXT) from None


def _content(modem: VirtualModem, typed: bytes, dcs: int) -> str | bytes:
    charset = modem.values["+CSCS"][0].upper()
    if alphabet(dcs) == OCTETS:
        return bytes.fromhex(typed.decode("ascii"))
    if charset == "UCS2":
        return bytes.fromhex(typed.decode("ascii")).decode("utf-16-be")
    if charset == "HEX":
        return bytes.fromhex(typed.decode("ascii")).decode("latin-1")
    return typed.decode("latin-1").replace("\r", "\n")


def _number(modem: VirtualModem, number: str) -> str:
    if modem.values["+CSCS"][0].upper() == "UCS2" and len(number) % 4 == 0:
        try:
            return bytes.fromhex(number).decode("utf-16-be")
        except ValueError:
            return number
    return number


def _coded(modem: VirtualModem, text: str) -> str:
    """A text in the host's character set."""
    charset = modem.values["+CSCS"][0].upper()
    if charset == "UCS2":
        return text.encode("utf-16-be").hex().upper()
    if charset == "HEX":
        return text.encode("latin-1", "replace").hex().upper()
    return text


def _stamp(when: datetime) -> str:
    quarters = (when.utcoffset() or timedelta()) // timedelta(minutes=15)
    return when.strftime("%y/%m/%d,%H:%M:%S") + f"{quarters:+03}"


def _body(modem: VirtualModem, message: Message) -> str:
    if message.header or message.alphabet != GSM7:
        return message.user_data()[1].hex().upper()
    return _coded(modem, message.text)


def stored(modem: VirtualModem, slot: Slot) -> tuple[str, str]:
    """Head (without an index) and body of a stored message."""
    status = STATUS[slot.status]
    if slot.status >= STO_UNSENT:
        message = codec.read_submit(slot.tpdu)
        return f'"{status}","{_coded(modem, message.destination)}",', _body(modem, message)
    if slot.tpdu[0] & 3 == codec.STATUS_REPORT:
        return f'"{status}",{_report(modem, slot.tpdu)}', ""
    message, when = codec.read_deliver(slot.tpdu)
    sender = _coded(modem, message.sender)
    return f'"{status}","{sender}",,"{_stamp(when)}"', _body(modem, message)


def direct(modem: VirtualModem, name: str, tpdu: bytes, centre: str) -> str:
    """The indication of a message that goes to the host at once."""
    if tpdu[0] & 3 == codec.STATUS_REPORT:
        return f"{name}: {_report(modem, tpdu)}"
    try:
        message, when = codec.read_deliver(tpdu)
    except PeerError:  # what a module cannot read it shows in digits
        return f"{name}: ,{len(tpdu)}\r\n{tpdu.hex().upper()}"
    return (
        f'{name}: "{_coded(modem, message.sender)}",,"{_stamp(when)}"\r\n{_body(modem, message)}'
    )


def _report(modem: VirtualModem, tpdu: bytes) -> str:
    report = codec.read_report(tpdu)
    recipient = _coded(modem, report.recipient)
    kind = 145 if report.recipient.startswith("+") else 129
    return (
        f'{tpdu[0]},{report.reference},"{recipient}",{kind},"{_stamp(report.time)}",'
        f'"{_stamp(report.discharge)}",{report.status}'
    )
