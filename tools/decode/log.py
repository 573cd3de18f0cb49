"""Logs of what was said to a modem and by it: every line, and the PDUs in it read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..message import DecodeError
from .layers import Layer

if TYPE_CHECKING:
    from .reading import Reader

# A PDU stands alone on the line after one of these, or behind the prompt.
_ANNOUNCED = re.compile(r"\+(?:CMT|CMGL|CMGR|CDS|CMGS|CMGW)\b", re.I)
_PDU = re.compile(r"(?:^|[\s>\"':])((?:[0-9A-Fa-f]{2}){10,200})(?=\W|$)")


def read(text: str, reader: Reader) -> list[Layer]:
    """Each line of the log, with what its PDU says below it. What is no PDU is left as it is."""
    layers = []
    expected = False
    for number, line in enumerate(text.splitlines(), 1):
        shown = line.strip("\x1a\0\r ")
        if not shown:
            continue
        layer = Layer(shown)
        layers.append(layer)
        match = _PDU.search(shown)
        if match:
            try:
                layer.inner = reader.sms(bytes.fromhex(match[1]))
            except DecodeError as error:
                if expected:
                    layer.fault = f"line {number}: {error}"
            expected = False
        elif _ANNOUNCED.search(shown):
            expected = True
    return layers
