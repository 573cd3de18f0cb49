"""Settings of any form, recognised by their content."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import document, management, push, settings, wbxml
from .account import Account, ProvisionError

_HEX = re.compile(rb"[0-9A-Fa-f\s]+")


@dataclass(frozen=True)
class Found:
    """What was read. form: `document`, `tree` or `settings`; pushed: what it came in, if any."""

    accounts: list[Account]
    form: str
    pushed: push.Push | None = None


def read(octets: bytes) -> Found:
    """Accounts in a document or an older settings message (XML, WBXML), a management tree, a WAP
    push, or the SMS of one, one a line in hex digits; WBXML and a push may be hex digits too.
    Raises ProvisionError."""
    if not octets.strip():
        raise ProvisionError("nothing in it")
    if _HEX.fullmatch(octets):
        octets = _from_hex(octets.decode())
    if octets[1:2] == b"\x06":
        pushed = push.unpack(octets)
        inner = read(pushed.body)
        return Found(inner.accounts, inner.form, pushed)
    if octets[:1] in (b"\x01", b"\x02", b"\x03"):
        if settings.is_one(octets):
            return Found(settings.accounts(settings.decode(octets)), "settings")
        return Found(document.accounts(wbxml.decode(octets)), "document")
    if octets.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] != b"<":
        raise ProvisionError(
            "neither XML nor WBXML, a WAP push or its short messages in hex digits"
        )
    root = document.parse(octets)
    if root.tag == settings.ROOT:
        return Found(settings.accounts(root), "settings")
    if root.tag.endswith("MgmtTree"):
        return Found(management.accounts(root), "tree")
    return Found(document.accounts(root), "document")


def _from_hex(text: str) -> bytes:
    lines = [line for line in text.split("\n") if line.strip()]
    joined = "".join("".join(lines).split())
    if len(joined) % 2:
        raise ProvisionError("an odd number of hex digits")
    octets = bytes.fromhex(joined)
    if octets[1:2] == b"\x06" or octets[:2] == b"\x03\x0b" or settings.is_one(octets):
        return octets
    return push.join(["".join(line.split()) for line in lines])
