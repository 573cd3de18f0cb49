"""The HTTP face: POST of a CSP message to any path, GET for the HTTP CIR.

spec: transport.md sections 2 and 5.5
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .faults import Broken, Faults
from .incoming import Unintelligible, read
from .service import Service

_TEXT = "text/plain; charset=utf-8"


def media_type(asked: str, syntax: str, version: str) -> str:
    """Content-Type of an answer: the spelling of the request where it names the syntax.

    spec: transport.md section 2.3; PTS is application/vnd.wv.csp.sms in every version
    """
    spelled = asked.partition(";")[0].strip()
    named = "wbxml" if "wbxml" in spelled.lower() else "xml" if "xml" in spelled.lower() else ""
    if named == syntax:
        return spelled
    if syntax == "pts":
        return "application/vnd.wv.csp.sms"
    return f"application/vnd.wv.csp{'+' if version == '1.3' else '.'}{syntax}"


async def _body(request: Request, most: int) -> bytes | None:
    """The whole body, None if it is longer than `most` octets."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


class _Door:
    def __init__(self, service: Service, faults: Faults) -> None:
        self._service = service
        self._faults = faults

    async def __call__(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._post(request)
        waits = self._service.cir_asked(request.url.path)
        if waits is None:
            return PlainTextResponse("POST a CSP message\n", 405, {"Allow": "POST"})
        return Response(status_code=200 if waits else 204)

    async def _post(self, request: Request) -> Response:
        try:
            body = await _body(request, self._service.config.limits.body)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return PlainTextResponse("too long\n", 413, {"Connection": "close"})
        try:
            incoming = read(body)
        except Unintelligible as error:
            return PlainTextResponse(f"not a CSP message: {error}\n", 400, media_type=_TEXT)
        incoming.host = request.client.host if request.client else ""
        fault = self._faults.take(incoming.primitive)
        if fault == "close":
            return Broken(fault)
        if fault.isdigit():
            return Response(status_code=int(fault))
        answer = await run_in_threadpool(self._service.answer, incoming)
        if self._service.config.latency:
            await asyncio.sleep(self._service.config.latency)
        kind = media_type(request.headers.get("content-type", ""), answer.syntax, answer.version)
        if fault:
            return Broken(fault, answer.body, kind)
        return Response(answer.body, media_type=kind)


def make_app(
    service: Service,
    faults: Faults,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """The Starlette application of a service; every path is the CSP address."""
    door = _Door(service, faults)
    route = Route("/{path:path}", door.__call__, methods=["GET", "POST"])
    return Starlette(routes=[route], lifespan=lifespan)


async def keep_time(service: Service) -> None:
    """Let the service end what is too old, once a second."""
    while True:
        await asyncio.sleep(1)
        await run_in_threadpool(service.tick)
