"""Any input to layers: recognise what it is, and what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from ..message import DecodeError, tidy
from ..message import decode as decode_message
from ..message import recognise as recognise_message
from ..provision import wbxml as connectivity
from ..provision.account import ProvisionError
from . import octets, short, wsp
from .layers import Layer

SYNTAXES = ("wbxml", "xml", "pts")
FORMATS = (*SYNTAXES, "sms", "wsp", "at", "pcap")

_CAPTURES = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
_AT = re.compile(rb"(?:^|[\s>:\"'])(?:AT[+&\w]|\+(?:CM|CD|CS|CP|CR)[A-Z]+:)", re.M)
_NOTICE = re.compile(rb"\s*(?:WVCI|HELO|PING|OK)\b[ -~]*\s*")
_PUSHED = b"\x03\x0b"  # WBXML of the document type of OMA Client Provisioning


@dataclass
class Reader:
    """Reads inputs; keeps parts of messages until they are whole.

    version, syntax: of CSP messages that do not tell theirs; profile: keep a message's blanks.
    """

    version: str | None = None
    syntax: str | None = None
    profile: bool = False
    parts: short.Parts = field(default_factory=short.Parts)

    def read(self, data: bytes, kind: str | None = None) -> list[Layer]:
        """What is in `data`. kind: one of FORMATS, None to recognise it. Raises DecodeError."""
        if not data:
            raise DecodeError("an empty input", 0)
        if kind in SYNTAXES:
            self.syntax = kind
            return [self.message(b"".join(octets.unpack(data)))]
        whole = kind in ("at", "pcap") or octets.TEXT.fullmatch(data) and _AT.search(data)
        units = [data] if whole else octets.unpack(data)
        return self._readers()[kind or recognise(units)](units) + self.parts.missing()

    def _readers(self) -> dict[str, Callable[[list[bytes]], list[Layer]]]:
        return {
            "csp": lambda units: [self.message(b"".join(units))],
            "sms": lambda units: [each for unit in units for each in self.sms(unit)],
            "wsp": lambda units: [self.wsp(b"".join(units))],
            "at": lambda units: self._log(b"".join(units)),
            "pcap": lambda units: self._capture(b"".join(units)),
            "other": lambda units: [self._other(b"".join(units))],
        }

    def message(self, data: bytes) -> Layer:
        """A CSP message. Raises DecodeError."""
        found = decode_message(data, self.version, self.syntax, verbatim=True)
        if not self.profile:
            tidy(found.root)
        return Layer(f"CSP {found.version or '1.1'} in {found.syntax.upper()}", message=found)

    def body(self, data: bytes) -> Layer:
        """What something carries: WSP, a message, a document, a notice, octets; never raises."""
        try:
            if wsp.looks(data):
                return self.wsp(data)
            if not data:
                return Layer("nothing")
            if _NOTICE.fullmatch(data):
                return Layer("CIR", text=data.decode("latin-1").strip())
            if data[:2] == _PUSHED or recognise_message(data):
                return self._other(data)
        except DecodeError as error:
            return Layer("body", {"octets": data.hex()}, fault=str(error))
        text = data.decode("latin-1")
        if text.isprintable():
            return Layer("text", text=text)
        return Layer("octets", text=data.hex())

    def sms(self, data: bytes) -> list[Layer]:
        """A short message, and the message that is whole with it. Raises DecodeError."""
        layer, body, part = short.read(data)
        if not body:
            return [layer]
        if part is None:
            layer.inner = [self.body(body)]
            return [layer]
        whole = self.parts.put(part, body)
        if whole is None:
            return [layer]
        return [layer, Layer(f"message of {part[2]} parts", inner=[self.body(whole)])]

    def wsp(self, data: bytes) -> Layer:
        """A PDU of WSP. Raises DecodeError."""
        layer, body = wsp.read(data)
        if body:
            layer.inner = [self.body(body)]
        return layer

    def _other(self, data: bytes) -> Layer:
        if data[:2] == _PUSHED:
            try:
                root: Element = connectivity.decode(data)
            except ProvisionError as error:
                raise DecodeError(str(error), len(data)) from None
            return Layer("OMA Client Provisioning document", document=root)
        return self.message(data)

    def _log(self, data: bytes) -> list[Layer]:
        from .log import read

        return read(data.decode("utf-8", "replace"), self)

    def _capture(self, data: bytes) -> list[Layer]:
        from .capture import read

        return read(data, self)


def recognise(units: list[bytes]) -> str:
    """What octets are: csp, sms, wsp, at, pcap, or other. Raises DecodeError for none of them."""
    data = b"".join(units)
    if data[:4] in _CAPTURES:
        return "pcap"
    if data[:2] == _PUSHED:
        return "other"
    if data[:1] in (b"\x01", b"\x02", b"\x03", b"\x04") and not _is_sms(units):
        return "wsp" if wsp.looks(data) else "csp"
    if recognise_message(data) in ("xml", "pts"):
        return "csp"
    if _AT.search(data):
        return "at"
    if wsp.looks(data) and not _is_sms(units):
        return "wsp"
    if _is_sms(units) or short.centred(data):
        return "sms"
    if recognise_message(data):
        return "csp"
    raise DecodeError("neither a message nor a PDU, a push, an AT log or a capture", 0)


def _is_sms(units: list[bytes]) -> bool:
    try:
        for unit in units:
            short.received(unit)
    except DecodeError:
        return False
    return True
