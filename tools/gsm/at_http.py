"""HTTP commands of SIMCom modems (SIM800 and SIM7600 Series AT Command Manuals).

The two differ in how an answer is read and in the numbers for a connection that fails.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .at_general import Handler
from .atline import READ, SET, AtError, Command
from .webstack import Unreachable

if TYPE_CHECKING:
    from .modem import VirtualModem

_NOT_ALLOWED = 3
_METHODS = ("GET", "POST", "HEAD")
_ADDRESS = "10.0.0.2"
_NO_CONNECTION, _NO_HOST = 601, 603
_SOCKET_FAILED, _DNS_FAILED = 714, 713


def _sapbr(modem: VirtualModem, command: Command) -> list[str]:
    fields = command.fields()
    if command.form != SET or len(fields) < 2:
        raise AtError(_NOT_ALLOWED)
    if fields[0] == "2":
        state = f'1,"{_ADDRESS}"' if modem.http.connected else '3,"0.0.0.0"'
        return [f"+SAPBR: {fields[1]},{state}"]
    if fields[0] in ("0", "1"):
        opening = fields[0] == "1"
        if modem.http.connected == opening:
            raise AtError(_NOT_ALLOWED)
        modem.http.connected = opening
    elif fields[0] != "3":
        raise AtError(_NOT_ALLOWED)
    return []


def _init(modem: VirtualModem, command: Command) -> list[str]:
    if modem.http.open:
        raise AtError(_NOT_ALLOWED)
    modem.http.open = True
    modem.http.parameters.clear()
    modem.http.body = b""
    return []


def _term(modem: VirtualModem, command: Command) -> list[str]:
    _opened(modem)
    modem.http.open = False
    return []


def _opened(modem: VirtualModem) -> None:
    if not modem.http.open:
        raise AtError(_NOT_ALLOWED)


def _para(modem: VirtualModem, command: Command) -> list[str]:
    _opened(modem)
    fields = command.fields()
    if command.form != SET or len(fields) != 2 or not fields[0]:
        raise AtError(_NOT_ALLOWED)
    modem.http.parameters[fields[0].upper()] = fields[1] or ""
    return []


async def _data(modem: VirtualModem, command: Command) -> list[str]:
    _opened(modem)
    length, ms = command.numbers(2, 2)
    if not length or not ms or length > 319488 or not 1000 <= ms <= 120000:
        raise AtError(_NOT_ALLOWED)
    try:
        modem.http.body = await modem.body("DOWNLOAD", length, ms / 1000)
    except asyncio.TimeoutError:
        raise AtError(_NOT_ALLOWED) from None
    return []


def _action(modem: VirtualModem, command: Command) -> list[str]:
    _opened(modem)
    method = command.numbers(1, 1)[0]
    if method not in (0, 1, 2) or "URL" not in modem.http.parameters:
        raise AtError(_NOT_ALLOWED)
    modem.spawn(_run(modem, method))
    return []


async def _run(modem: VirtualModem, method: int) -> None:
    http, old = modem.http, modem.family.http == "sim800"
    headers = {"Content-Type": http.parameters["CONTENT"]} if "CONTENT" in http.parameters else {}
    http.answer = b""
    try:
        if old and not http.connected:
            raise Unreachable(dns=False)
        body = http.body if method == 1 else b""
        status = await http.request(_METHODS[method], http.parameters["URL"], headers, body)
    except Unreachable as error:
        numbers = (_NO_CONNECTION, _NO_HOST) if old else (_SOCKET_FAILED, _DNS_FAILED)
        status = numbers[error.dns]
    await modem.clock.sleep(modem.settings.http_delay)
    modem.indicate(f"+HTTPACTION: {method},{status},{len(http.answer)}")


def _piece(modem: VirtualModem, command: Command) -> bytes:
    _opened(modem)
    if command.form != SET:
        return modem.http.answer
    start, length = command.numbers(2, 2)
    if start is None or length is None:
        raise AtError(_NOT_ALLOWED)
    return modem.http.answer[start : start + length]


def _read(modem: VirtualModem, command: Command) -> list[str]:
    piece = _piece(modem, command)
    modem.line(f"+HTTPREAD: {len(piece)}")
    modem.raw(piece)
    return []


def _read_after(modem: VirtualModem, command: Command) -> list[str] | None:
    if command.form == READ:
        return [f"+HTTPREAD: LEN,{len(modem.http.answer)}"]
    piece = _piece(modem, command)
    modem.line("OK")
    modem.line(f"+HTTPREAD: {len(piece)}")
    modem.raw(piece)
    modem.line("+HTTPREAD: 0")
    return None


_COMMON: dict[str, Handler] = {
    "+HTTPINIT": _init,
    "+HTTPTERM": _term,
    "+HTTPPARA": _para,
    "+HTTPDATA": _data,
    "+HTTPACTION": _action,
}
SIM800 = _COMMON | {"+SAPBR": _sapbr, "+HTTPREAD": _read}
SIM7600 = _COMMON | {"+HTTPREAD": _read_after}
