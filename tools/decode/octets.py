"""Octets out of the forms in which people keep them: raw, hex digits, hex dumps, Base64."""

from __future__ import annotations

import base64
import binascii
import re

TEXT = re.compile(rb"[\t\n\r\x1b -~\x80-\xff]*")
_DIGITS = re.compile(r"(?:0x)?[0-9A-Fa-f]{2,}")
_HEX = re.compile(r"[\s0-9A-Fa-f:,;xX]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
# offset, octets in twos or fours, and perhaps what they are as characters: xxd, hexdump -C,
# tcpdump -x, Wireshark
_DUMP = re.compile(
    r"\s*(?:0x)?[0-9A-Fa-f]{4,8}:?\s{1,3}((?:[0-9A-Fa-f]{2,4}\s{1,2}){0,15}[0-9A-Fa-f]{2,4})"
    r"(?:\s{2,}.*)?"
)


def unpack(data: bytes) -> list[bytes]:
    """The octets that `data` stands for: itself, or what its text spells, line by line.

    Lines of hex digits are given apart, for PDUs; whoever reads anything else joins them. Text
    that is no spelling of octets is given as it is.
    """
    if not TEXT.fullmatch(data):
        return [data]
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        return [data]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or text[:1] == "<" or text[:2].upper() == "WV":
        return [data]
    dumped = [_DUMP.fullmatch(line) for line in lines]
    if all(dumped):
        return [bytes.fromhex("".join("".join(m[1].split()) for m in dumped if m))]
    if _HEX.fullmatch(text) and _DIGITS.search(text):
        return _hex(lines) or [data]
    if _BASE64.fullmatch(text) and not len("".join(text.split())) % 4:
        try:
            return [base64.b64decode("".join(text.split()), validate=True)]
        except binascii.Error:
            return [data]
    return [data]


def _hex(lines: list[str]) -> list[bytes]:
    digits = [re.sub(r"0[xX]|[^0-9A-Fa-f]", "", line) for line in lines]
    if any(len(line) % 2 for line in digits):
        digits = ["".join(digits)]
    try:
        return [bytes.fromhex(line) for line in digits if line]
    except ValueError:
        return []
