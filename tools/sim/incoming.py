"""Reading a request: by its content, and as far as it goes when it is malformed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ..message import DecodeError, Message, decode, recognise
from .envelope import VERSIONS

_PUBLIC_IDS = {0x10: "1.1", 0x11: "1.2", 0x12: "1.3"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")


class Unintelligible(ValueError):
    """A body that is no CSP message, not even enough of one to answer it."""


@dataclass
class Incoming:
    """A request that was read. root is None when it is malformed, fault then says how; sender is
    the number that it came from over SMS, empty over HTTP; host the address over HTTP.
    """

    body: bytes
    syntax: str
    version: str | None
    root: Element | None
    fault: str = ""
    sender: str = ""
    host: str = ""

    @property
    def primitive(self) -> str:
        """Name of its (first) primitive."""
        content = None if self.root is None else self.root.find(".//TransactionContent/*")
        return "" if content is None else content.tag


def read(body: bytes) -> Incoming:
    """Recognise a request by its content. Raises Unintelligible."""
    try:
        message = _decode(body)
    except DecodeError as error:
        syntax, version = recognise(body), _version(body)
        if syntax not in ("xml", "wbxml") or version is None:
            raise Unintelligible(str(error)) from None
        return Incoming(body, syntax, version, None, str(error))
    if message.syntax == "wbxml":
        for element in message.root.iter():  # others could not be told in XML
            element.text = _FORBIDDEN.sub("", element.text or "") or None
    return Incoming(body, message.syntax, message.version, message.root)


def _decode(body: bytes) -> Message:
    """Like decode, and takes the surrogate pairs that the AOSP client writes into WBXML."""
    try:
        return decode(body)
    except DecodeError:
        repaired = _SURROGATES.sub(_character, body)
        if repaired == body:
            raise
        return decode(repaired)


def _character(pair: re.Match[bytes]) -> bytes:
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-be", "surrogatepass").decode("utf-16-be").encode()


def _version(body: bytes) -> str | None:
    """The version of a malformed message, as far as its head tells it."""
    if body[:1] in (b"\x01", b"\x02", b"\x03") and len(body) > 1:
        return _PUBLIC_IDS.get(body[1])
    head = re.sub(rb"\s+", b" ", body[:1000]).decode("latin-1")
    return next((version for version, names in VERSIONS.items() if names.csp in head), None)
