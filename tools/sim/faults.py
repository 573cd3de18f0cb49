"""Faults on request: what a client has to survive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .config import ConfigError

KINDS = {
    "close": "the connection is closed and the request is not carried out",
    "drop": "the request is carried out and the connection closed without an answer",
    "cut": "the connection is closed after half of the answer",
    "stall": "nothing comes after half of the answer",
}
TRANSPORT = "microimps.transport"  # key of the ASGI scope


@dataclass
class _Fault:
    kind: str
    primitive: str
    left: int


class Faults:
    """The faults that are due. They may be added while the service runs."""

    def __init__(self, texts: tuple[str, ...] = ()) -> None:
        self._due: list[_Fault] = []
        for each in texts:
            self.add_text(each)

    def add(self, kind: str, primitive: str = "", count: int = 1) -> None:
        """Break the answers to the next `count` requests of this primitive (any when empty).

        kind: a key of KINDS, or an HTTP status code as text; count 0 is without end.
        Raises ConfigError for another kind.
        """
        if kind not in KINDS and not (kind.isdigit() and 400 <= int(kind) <= 599):
            raise ConfigError(
                f"fault {kind!r}: choose from {', '.join(KINDS)} or an HTTP status 400 to 599"
            )
        self._due.append(_Fault(kind, primitive, count or -1))

    def add_text(self, text: str) -> None:
        """Add KIND[:PRIMITIVE[:COUNT]]. Raises ConfigError."""
        kind, _, rest = text.partition(":")
        primitive, _, count = rest.partition(":")
        if count and not count.isdigit():
            raise ConfigError(f"fault {text!r}: the count is not a number")
        self.add(kind, primitive, int(count or 1))

    def take(self, primitive: str) -> str:
        """The kind of fault for this request, empty for none; it is used up."""
        for each in self._due:
            if each.primitive in ("", primitive):
                each.left -= 1
                if not each.left:
                    self._due.remove(each)
                return each.kind
        return ""


class Broken(Response):
    """An answer that goes wrong on its way as `kind` says."""

    def __init__(self, kind: str, content: bytes = b"", media_type: str | None = None) -> None:
        super().__init__(content, media_type=media_type)
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope[TRANSPORT]
        if self._kind in ("close", "drop"):
            transport.abort()
        else:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": self.raw_headers,
                }
            )
            half = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            if self._kind == "cut":
                transport.close()
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()
        await asyncio.sleep(0)
