"""Short messages: the PDU, what it carries, and messages that came in parts."""

from __future__ import annotations

from datetime import timedelta

from microimps.errors import PeerError
from microimps.pts import head
from microimps.sms_bearer.pdu import Received
from microimps.status import explain

from ..gsm import tpdu
from ..gsm.message import OCTETS, Message
from ..message import DecodeError
from .layers import Layer

_NAMES = ("SMS-DELIVER", "SMS-SUBMIT", "SMS-STATUS-REPORT")
_ALPHABETS = ("GSM 7 bit", "octets", "UCS-2")

Part = tuple[object, int, int]  # what its message is known by, its place from 0, their count


def centred(data: bytes) -> bool:
    """Whether a service-centre address may stand before the TPDU.

    A modem says so by the length that it announces. Here the first octets have to: none of an
    address, or at most 12, and a type of an ISDN or unknown numbering plan.
    """
    if not data or data[0] > 12:
        return False
    return not data[0] or len(data) > data[0] + 1 and data[1] & 0x8E == 0x80


def received(data: bytes) -> tuple[Received, bytes]:
    """The PDU as a device reads it, and its TPDU. Raises DecodeError with the octet."""
    if not data:
        raise DecodeError("no octets of a PDU", 0)
    pdu = Received(bytearray(max(len(data), 176)))
    digits = data.hex().encode()
    fault = None
    for front in (True, False) if centred(data) else (False,):
        pdu.feed(digits, 0, len(digits))
        try:
            pdu.parse(-1 if front else len(data))
        except PeerError as error:
            fault = fault or DecodeError(explain(error), min(pdu.pos, len(data)))
        else:
            return pdu, data[data[0] + 1 if front else 0 :]
    raise fault or AssertionError


def read(data: bytes) -> tuple[Layer, bytes, Part | None]:
    """A PDU, the octets of its user data, and its place if it is part of a message.

    The octets are empty where the user data is text. Raises DecodeError.
    """
    pdu, octets = received(data)
    layer = Layer(_NAMES[pdu.kind])
    facts = layer.facts
    if len(octets) < len(data) - 1:  # not just an empty address
        facts["service centre"] = tpdu.read_centre(data)[0]
    if pdu.kind == tpdu.STATUS_REPORT:
        report = tpdu.read_report(octets)
        facts |= {
            "recipient": report.recipient,
            "reference": str(report.reference),
            "sent": report.time.isoformat(),
            "discharged": report.discharge.isoformat(),
            "status": f"0x{report.status:02X} {_state(report.status)}",
        }
        return layer, b"", None
    if pdu.kind == tpdu.SUBMIT:
        message = tpdu.read_submit(octets)
        facts["recipient"] = message.destination
        facts["reference"] = str(message.reference)
        facts["validity"] = str(timedelta(seconds=message.validity))
        if message.report:
            facts["status report"] = "wanted"
    else:
        message, time = tpdu.read_deliver(octets)
        facts["sender"] = message.sender
        facts["time"] = time.isoformat()
    facts["coding"] = f"0x{message.dcs:02X}, {_ALPHABETS[message.alphabet]}"
    if message.ports:
        facts["ports"] = f"to {message.ports[0]}, from {message.ports[1]}"
    if message.part:
        facts["part"] = "{1} of {2}, reference {0}".format(
            message.part[0], message.part[2], message.part[1]
        )
    if message.alphabet != OCTETS:
        layer.text = message.text
        return layer, b"", None
    return layer, message.body, _part(message, layer)


def _state(status: int) -> str:
    # 3GPP TS 23.040 clause 9.2.3.15
    if status < 0x20:
        return "delivered"
    return "still trying" if status < 0x40 else "given up"


def _part(message: Message, layer: Layer) -> Part | None:
    party = message.sender or message.destination
    if message.part and message.part[1] > 1:
        reference, count, number = message.part
        return (party, message.ports, reference, count), number - 1, count
    found = head(message.body, 0, min(len(message.body), 12))
    if found > 0 and found & 0x4000:
        index, last = found >> 4 & 31, found >> 9 & 31
        layer.facts["PTS part"] = f"{index + 1} of {last + 1}"
        preamble = message.body[: found & 15].upper()
        return (party, preamble, last), index, last + 1
    return None


class Parts:
    """Messages in parts, put together as their parts come in any order."""

    def __init__(self) -> None:
        self._begun: dict[object, dict[int, bytes]] = {}

    def put(self, part: Part, body: bytes) -> bytes | None:
        """The whole message's octets with its last part, None before."""
        key, index, count = part
        parts = self._begun.setdefault(key, {})
        parts[index] = body
        if len(parts) < count:
            return None
        del self._begun[key]
        first = parts[0]
        found = head(first, 0, min(len(first), 12))
        if found < 0 or not found & 0x4000:
            return b"".join(parts[i] for i in range(count))
        size = (found & 15) + 3  # the preamble, two letters and a blank stand in each
        return first[: size - 3] + b" " + b"".join(parts[i][size:] for i in range(count))

    def missing(self) -> list[Layer]:
        """What was begun and never came whole."""
        return [
            Layer(
                "message in parts",
                fault=f"{len(parts)} of its parts came, the others did not",
                text="\n".join(_shown(parts[i]) for i in sorted(parts)),
            )
            for parts in self._begun.values()
        ]


def _shown(octets: bytes) -> str:
    return octets.decode("latin-1") if octets[:2].upper() == b"WV" else octets.hex()
