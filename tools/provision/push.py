"""Settings over the air: a WAP push, in short messages or whole, and the seal on it.

spec: provisioning.md section 1.4, transport.md section 5.2. What a key is made of, and the numbers
of the parameters, are from OMA Client Provisioning as commonly implemented; Wireshark names the
latter so.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from microimps.errors import PeerError
from microimps.sms_bearer.pdu import Received

from ..decode.wsp import Cursor, media
from ..message import DecodeError
from .account import ProvisionError

PORT = 2948
SEALS = ("network PIN", "user PIN", "network and user PIN", "user PIN sent as MAC")

_ID, _PUSH = 0x01, 0x06
_MEDIA = 0x36  # application/vnd.wap.connectivity-wbxml
_NAMES = ("application/vnd.wap.connectivity-wbxml", "text/vnd.wap.connectivity-xml")
_SEC, _MAC = 0x91, 0x92


@dataclass(frozen=True)
class Push:
    """A pushed document. seal: index into `SEALS`, None for an unsigned one; mac: as it came."""

    body: bytes
    seal: int | None = None
    mac: str = ""


def unpack(octets: bytes) -> Push:
    """Read a push PDU. Raises ProvisionError for one that carries no settings."""
    if octets[1:2] != bytes((_PUSH,)):
        raise ProvisionError("not a WAP push")
    try:
        return _unpack(Cursor(octets[2:]))
    except DecodeError:
        raise ProvisionError("the push is cut short") from None


def _unpack(push: Cursor) -> Push:
    kind, head = media(Cursor(push.octets(push.uintvar())))
    if kind != _MEDIA and not (isinstance(kind, str) and kind.lstrip("\x7f").lower() in _NAMES):
        raise ProvisionError("the push carries something else than settings")
    return Push(push.rest(), *_seal(head))


def _seal(parameters: Cursor) -> tuple[int | None, str]:
    seal, mac = None, ""
    while (token := parameters.next()) in (_SEC, _MAC):
        parameters.octets(1)
        if token == _MAC:
            mac = parameters.text().lstrip("\x7f")
        elif parameters.next() < 0:
            break
        else:
            seal = parameters.octets(1)[0] & 0x7F
            if seal >= len(SEALS):
                raise ProvisionError(f"unknown kind of seal {seal}")
    return seal, mac


def pack(body: bytes, seal: int | None = None, key: bytes = b"") -> bytes:
    """A push PDU with a document in WBXML, sealed with a key if there is a seal."""
    media = bytes((_MEDIA | 0x80,))
    if seal is not None:
        media += bytes((_SEC, seal | 0x80, _MAC)) + mac(body, key).encode() + b"\0"
        length = len(media)
        media = (bytes((length,)) if length < 31 else bytes((31, length))) + media
    return bytes((_ID, _PUSH, len(media))) + media + body


def mac(body: bytes, key: bytes) -> str:
    """HMAC-SHA1 of a body, in upper-case hexadecimal."""
    return hmac.new(key, body, hashlib.sha1).hexdigest().upper()


def key_of(seal: int, pin: str = "", imsi: str = "") -> bytes:
    """What a seal's key is made of. Raises ProvisionError where it is not given."""
    if seal in (0, 2) and not imsi.isdigit():
        raise ProvisionError(f"a seal by {SEALS[seal]} needs the IMSI")
    if seal in (1, 2, 3) and not pin:
        raise ProvisionError(f"a seal by {SEALS[seal]} needs the PIN")
    digits = (("9" if len(imsi) % 2 else "1") + imsi + "F")[: (len(imsi) + 2) // 2 * 2]
    network = bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))
    return {0: network, 1: pin.encode(), 2: network + pin.encode(), 3: pin.encode()}[seal]


def sealed(push: Push, pin: str = "", imsi: str = "") -> bool:
    """Whether the seal is right. Raises ProvisionError where that cannot be said."""
    if push.seal is None:
        raise ProvisionError("the push is unsigned")
    wanted = mac(push.body, key_of(push.seal, pin, imsi))
    return hmac.compare_digest(wanted.encode(), push.mac.upper().encode("latin-1"))


def join(lines: Iterable[str]) -> bytes:
    """The push in SMS-DELIVER PDUs, as a modem lists them: hex digits with the service centre in
    front; in any order. Raises ProvisionError."""
    parts: dict[int, bytes] = {}
    total = 1
    for line in lines:
        pdu = Received()
        digits = line.strip().encode("ascii", "replace")
        pdu.feed(digits, 0, len(digits))
        try:
            pdu.parse()
        except PeerError as error:
            raise ProvisionError(f"not an SMS: {error}") from None
        if pdu.dst != PORT:
            raise ProvisionError(f"an SMS to port {pdu.dst}, not {PORT}")
        total = max(total, pdu.total)
        parts[pdu.part if pdu.total else 1] = bytes(pdu.buf[pdu.start : pdu.stop])
    missing = [str(number) for number in range(1, total + 1) if number not in parts]
    if missing:
        raise ProvisionError(f"part {', '.join(missing)} of {total} is missing")
    return b"".join(parts[number] for number in range(1, total + 1))
