"""HTTP commands of Quectel modems (EC2x and BG9x HTTP(S) Application Notes)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .at_general import Handler
from .atline import READ, SET, AtError, Command
from .webstack import Unreachable

if TYPE_CHECKING:
    from .modem import VirtualModem

_TIMEOUT, _NO_REQUEST, _NOT_ACTIVE, _NO_URL = 702, 705, 709, 712
_DNS_FAILED, _SOCKET_FAILED = 714, 716
_CONTENT_TYPES = (
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
)


def _accept(modem: VirtualModem, command: Command) -> list[str]:
    return []


def _qiact(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == READ:
        return ['+QIACT: 1,1,1,"10.0.0.2"'] if modem.http.connected else []
    modem.http.connected = True
    return []


def _qideact(modem: VirtualModem, command: Command) -> list[str]:
    modem.http.connected = False
    return []


def _cfg(modem: VirtualModem, command: Command) -> list[str]:
    fields = command.fields()
    if command.form != SET or len(fields) != 2 or not fields[0]:
        raise AtError(3)
    modem.http.parameters[fields[0]] = fields[1] or ""
    return []


async def _url(modem: VirtualModem, command: Command) -> list[str]:
    length, seconds = command.numbers(1, 2)
    if not length or length > 2048:
        raise AtError(3)
    url = await _input(modem, length, seconds or 60)
    modem.http.parameters["url"] = url.decode("latin-1")
    return []


async def _input(modem: VirtualModem, length: int, seconds: int) -> bytes:
    try:
        return await modem.body("CONNECT", length, seconds)
    except asyncio.TimeoutError:
        raise AtError(_TIMEOUT) from None


def _ready(modem: VirtualModem) -> str:
    if not modem.http.connected:
        raise AtError(_NOT_ACTIVE)
    if not modem.http.parameters.get("url"):
        raise AtError(_NO_URL)
    return modem.http.parameters["url"]


def _get(modem: VirtualModem, command: Command) -> list[str]:
    url = _ready(modem)
    modem.spawn(_run(modem, "+QHTTPGET", "GET", url, {}, b""))
    return []


async def _post(modem: VirtualModem, command: Command) -> list[str]:
    url = _ready(modem)
    length, seconds, _ = command.numbers(1, 3)
    if not length:
        raise AtError(3)
    body = await _input(modem, length, seconds or 60)
    kind = int(modem.http.parameters.get("contenttype", "0"))
    headers = {"Content-Type": _CONTENT_TYPES[min(kind, 3)]}
    if modem.http.parameters.get("requestheader") == "1":
        head, _, body = body.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        headers = {n.strip(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    modem.spawn(_run(modem, "+QHTTPPOST", "POST", url, headers, body))
    return []


async def _run(
    modem: VirtualModem, name: str, method: str, url: str, headers: dict[str, str], body: bytes
) -> None:
    modem.http.answer = b""
    try:
        status = await modem.http.request(method, url, headers, body)
        result = f"0,{status},{len(modem.http.answer)}"
    except Unreachable as error:
        result = str(_DNS_FAILED if error.dns else _SOCKET_FAILED)
    await modem.clock.sleep(modem.settings.http_delay)
    modem.indicate(f"{name}: {result}")


def _read(modem: VirtualModem, command: Command) -> list[str]:
    if not modem.http.answer:
        raise AtError(_NO_REQUEST)
    modem.line("CONNECT")
    modem.raw(modem.http.answer)
    modem.indicate("+QHTTPREAD: 0")
    return []


QUECTEL: dict[str, Handler] = {
    "+QICSGP": _accept,
    "+QIACT": _qiact,
    "+QIDEACT": _qideact,
    "+QHTTPCFG": _cfg,
    "+QHTTPURL": _url,
    "+QHTTPGET": _get,
    "+QHTTPPOST": _post,
    "+QHTTPREAD": _read,
}
