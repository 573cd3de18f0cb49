"""Message commands: writing, sending, reading, deleting (3GPP TS 27.005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from microimps.errors import PeerError
from microimps.sms_bearer.pdu import alphabet

from . import at_text
from .at_general import Handler, Parameter
from .atline import READ, SET, TEST, AtError, Command, Ranges
from .families import Family
from .message import GSM7
from .messages import pdu
from .sim import REC_READ, REC_UNREAD, STO_SENT, STO_UNSENT, Slot
from .tpdu import read_centre, read_submit

if TYPE_CHECKING:
    from .modem import VirtualModem

_BAD_PDU, _BAD_TEXT, _NOT_ALLOWED, _NOT_SUPPORTED = 304, 305, 302, 303
_BAD_INDEX, _STORE_FULL, _NOT_EXPECTED = 321, 322, 340


def parameters(family: Family) -> dict[str, Parameter]:
    """The message commands of a family that only keep values, by name."""
    rows = (
        ("+CMGF", "(0,1)", ("0",), _NOT_ALLOWED),
        ("+CSDH", "(0,1)", ("0",), _NOT_ALLOWED),
        ("+CMMS", "(0-2)", ("0",), _NOT_ALLOWED),
        ("+CGSMS", family.cgsms, ("1",), _NOT_ALLOWED),
        ("+CSMS", family.csms, ("0",), _NOT_SUPPORTED),
        ("+CSMP", "(0-255),*,(0-255),(0-255)", ("17", "167", "0", "0"), _BAD_TEXT),
        ("+CNMI", family.cnmi, family.cnmi_default, _NOT_SUPPORTED),
    )
    return {n: Parameter(n, Ranges(text), default, code) for n, text, default, code in rows}


def _cnmi(modem: VirtualModem, command: Command) -> list[str]:
    parameter = modem.parameters["+CNMI"]
    if modem.settings.cnmi_list:
        parameter = parameter._replace(ranges=Ranges(modem.settings.cnmi_list))
    lines = parameter.handle(modem, command)
    buffered = modem.messages.buffered
    if command.form == SET and buffered and modem.values["+CNMI"][0] != "0":
        if modem.values["+CNMI"][4] == "0":
            for line in buffered:
                modem.indicate(line)
        buffered.clear()
    return lines


def _csms(modem: VirtualModem, command: Command) -> list[str]:
    lines = modem.parameters["+CSMS"].handle(modem, command)
    if command.form == SET:
        return ["+CSMS: 1,1,1"]
    return [line + ",1,1,1" if command.form == READ else line for line in lines]


def _cpms(modem: VirtualModem, command: Command) -> list[str]:
    messages, family = modem.messages, modem.family
    taken = (family.mem1, family.mem2, family.mem3)
    if command.form == TEST:
        shown = ["(" + ",".join(f'"{name}"' for name in names) + ")" for names in taken]
        return ["+CPMS: " + ",".join(shown)]
    if command.form == SET:
        fields = command.fields()
        if not 1 <= len(fields) <= 3:
            raise AtError(_NOT_ALLOWED)
        for name, names in zip(fields, taken, strict=False):
            if name is not None and name not in names:
                raise AtError(_NOT_ALLOWED)
        for position, name in enumerate(fields):
            if name is not None:
                messages.selected[position] = name
    elif command.form != READ:
        raise AtError(_NOT_ALLOWED)
    stores = [messages.store(position) for position in range(3)]
    named = command.form == READ
    counts = [(f'"{s.name}",' if named else "") + f"{s.used},{messages.size(s)}" for s in stores]
    return ["+CPMS: " + ",".join(counts)]


def _csca(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == READ:
        number = modem.sim.service_centre
        return [f'+CSCA: "{number}",{145 if number.startswith("+") else 129}']
    if command.form == SET:
        fields = command.fields()
        if not 1 <= len(fields) <= 2:
            raise AtError(_NOT_ALLOWED)
        number = fields[0] or ""
        if fields[1:] == ["145"] and not number.startswith("+"):
            number = "+" + number
        modem.sim.service_centre = number
    return []


def _cnma(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        return ["+CNMA: (0-2)"]
    waiting = modem.messages.confirmation
    if waiting is None or waiting.done():
        raise AtError(_NOT_EXPECTED)
    reply = command.numbers(1, 2)[0] if command.form == SET else 0
    waiting.set_result(reply in (0, 1))
    return []


async def _typed(modem: VirtualModem, command: Command) -> tuple[str, bytes] | None:
    """Service centre and SUBMIT typed behind a prompt, in either format; None when cancelled."""
    if modem.values["+CMGF"][0] == "1":
        fields = command.fields()
        if not fields or not fields[0]:
            raise AtError(_BAD_TEXT)
        body = await modem.prompt()
        return None if body is None else ("", at_text.submit(modem, fields[0], body))
    length = command.numbers(1, 2)[0]
    if length is None or not 2 <= length <= 176:
        raise AtError(_BAD_PDU)
    body = await modem.prompt()
    if body is None:
        return None
    try:
        centre, tpdu = read_centre(bytes.fromhex(body.decode("ascii").strip()))
        if len(tpdu) != length:
            raise AtError(_BAD_PDU)
        tpdu = _without_tail(tpdu)
        read_submit(tpdu)
    except (ValueError, IndexError, PeerError):
        raise AtError(_BAD_PDU) from None
    return centre, tpdu


def _without_tail(tpdu: bytes) -> bytes:
    """A SUBMIT without octets behind its user data: node-pdu writes one, modules do not mind."""
    coding = 5 + (tpdu[2] + 1) // 2  # TP-DCS, behind flags, reference, address and TP-PID
    at = coding + 1 + (0, 7, 1, 7)[tpdu[0] >> 3 & 3]  # TP-UDL, behind TP-VP
    octets = (tpdu[at] * 7 + 7) // 8 if alphabet(tpdu[coding]) == GSM7 else tpdu[at]
    return tpdu[: at + 1 + octets]


async def _cmgs(modem: VirtualModem, command: Command) -> list[str] | None:
    if command.form == TEST:
        return []
    if command.form != SET:
        raise AtError(_NOT_ALLOWED)
    typed = await _typed(modem, command)
    if typed is None:
        return []
    modem.power_cut("unsent")
    return await modem.messages.send("+CMGS", *typed)


async def _cmgw(modem: VirtualModem, command: Command) -> list[str] | None:
    if command.form == TEST:
        return []
    typed = await _typed(modem, command)
    if typed is None:
        return []
    status = STO_UNSENT
    if modem.values["+CMGF"][0] == "0":
        status = command.numbers(1, 2)[1] or STO_UNSENT
    index = modem.messages.put(modem.messages.store(1), Slot(status, *typed))
    if index is None:
        raise AtError(_STORE_FULL)
    return [f"+CMGW: {index}"]


async def _cmss(modem: VirtualModem, command: Command) -> list[str] | None:
    index = command.numbers(1, 1)[0]
    slot = modem.messages.store(1).slots.get(-1 if index is None else index)
    if slot is None:
        raise AtError(_BAD_INDEX)
    lines = await modem.messages.send("+CMSS", slot.service_centre, slot.tpdu)
    slot.status = STO_SENT
    return lines


def _shown(modem: VirtualModem, slot: Slot) -> tuple[str, str]:
    """Head and body of a stored message in the format selected; marks it read."""
    if modem.values["+CMGF"][0] == "1":
        shown = at_text.stored(modem, slot)
    else:
        head = f"{slot.status},,{len(slot.tpdu)}"
        shown = head, pdu(slot.service_centre, slot.tpdu)
    if slot.status == REC_UNREAD:
        slot.status = REC_READ
    return shown


def _cmgr(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        return []
    index = command.numbers(1, 1)[0]
    store = modem.messages.store(0)
    if index is None or not store.holds(index):
        raise AtError(_BAD_INDEX)
    slot = store.slots.get(index)
    if slot is None:
        if modem.family.empty_slot is None:
            return []
        raise AtError(modem.family.empty_slot)
    head, body = _shown(modem, slot)
    return [f"+CMGR: {head}\r\n{body}"]


def _cmgl(modem: VirtualModem, command: Command) -> list[str]:
    text = modem.values["+CMGF"][0] == "1"
    if command.form == TEST:
        return ["+CMGL: (" + (",".join(f'"{w}"' for w in at_text.STATUS) if text else "0-4") + ")"]
    words = at_text.STATUS if text else ("0", "1", "2", "3", "4")
    wanted = command.fields()[:1] or [words[0]]
    if wanted[0] not in words:
        raise AtError(_BAD_TEXT if text else _BAD_PDU)
    status = words.index(str(wanted[0]))
    lines = []
    for index, slot in modem.messages.store(0).listed():
        if status in (slot.status, 4):
            head, body = _shown(modem, slot)
            lines.append(f"+CMGL: {index},{head}\r\n{body}")
    return lines


# <delflag> of +CMGD: which messages go besides the one at the index.
_DELETED = {
    1: (REC_READ,),
    2: (REC_READ, STO_SENT),
    3: (REC_READ, STO_SENT, STO_UNSENT),
    4: (REC_READ, STO_SENT, STO_UNSENT, REC_UNREAD),
}


def _cmgd(modem: VirtualModem, command: Command) -> list[str]:
    store = modem.messages.store(0)
    if command.form == TEST:
        return ["+CMGD: (" + ",".join(str(i) for i, _ in store.listed()) + "),(0-4)"]
    index, flag = command.numbers(1, 2)
    if flag not in (None, 0, *_DELETED):
        raise AtError(_BAD_INDEX)
    if flag:
        indices = [i for i, slot in store.listed() if slot.status in _DELETED[flag]]
    elif index is None or not store.holds(index):
        raise AtError(_BAD_INDEX)
    else:
        indices = [index]
    modem.messages.delete(store, indices)
    return []


TABLE: dict[str, Handler] = {
    "+CMGS": _cmgs,
    "+CMGW": _cmgw,
    "+CMSS": _cmss,
    "+CMGR": _cmgr,
    "+CMGL": _cmgl,
    "+CMGD": _cmgd,
    "+CPMS": _cpms,
    "+CSCA": _csca,
    "+CNMA": _cnma,
    "+CNMI": _cnmi,
    "+CSMS": _csms,
}
