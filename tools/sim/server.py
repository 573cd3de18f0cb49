"""Running the service: HTTP and CIR on their ports, in a thread or in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from microimps.errors import Error
from microimps.status import explain

from . import sms_option
from .app import keep_time, make_app
from .cir import CirServer
from .config import Config
from .faults import TRANSPORT, Faults
from .service import Service
from .sms import SmsFace

_START = 60.0  # seconds


class _Protocol(H11Protocol):
    """Gives the application its connection, so that it can break it on request."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, TRANSPORT: transport}, receive, send)

        self.app = app


class Running:
    """A service on its ports.

    url: where clients post; cir_port: of the TCP CIR, None without one; service and faults may
    be used while it runs; carrier: of short messages, None without.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        self.carrier = sms_option.make(config)
        self.faults = Faults(config.faults)
        self.service = Service(config, clock)
        self._listeners: list[socket.socket] = []
        try:
            self._listeners.append(_listen(config.host, config.port))
            if config.cir_port is not None:
                self._listeners.append(_listen(config.host, config.cir_port))
        except OSError:
            self._release()
            raise
        ports = [listener.getsockname()[1] for listener in self._listeners]
        anywhere = config.host in ("0.0.0.0", "::")
        host = config.public_host or ("127.0.0.1" if anywhere else config.host)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{ports[0]}/"
        self.cir_port: int | None = ports[1] if ports[1:] else None
        self.service.public_url = self.url
        self.service.cir_address = (host, self.cir_port or 0)
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_app(self.service, self.faults, self._lifespan),
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        cir = CirServer(self.service)
        await cir.start(self._listeners[1] if self._listeners[1:] else None)
        timer = asyncio.create_task(keep_time(self.service))
        number = self.service.config.sms_number
        face = SmsFace(self.service, self.carrier, number) if self.carrier else None
        try:
            if face:
                await face.start()
            self._ready.set()
        except (OSError, Error, ValueError) as failure:
            face = None
            system = getattr(failure, "strerror", None)
            why = explain(failure) if isinstance(failure, Error) else system or failure
            self._failure = OSError(f"sms {sms_option.shown(self.service.config.sms)!r}: {why}")
            self._server.should_exit = True
        try:
            yield
        finally:
            if face:
                await face.stop()
            timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await timer
            await cir.stop()

    def run(self, ready: Callable[[Running], None] = lambda running: None) -> None:
        """Serve in this thread until interrupted; `ready` is called when the ports are open.

        Raises OSError when short messages cannot be had.
        """

        def announce() -> None:
            if self._ready.wait(_START):
                ready(self)

        threading.Thread(target=announce, daemon=True).start()
        try:
            self._server.run(sockets=self._listeners[:1])
        finally:
            self._release()
        if self._failure is not None:
            raise self._failure

    def start(self) -> Running:
        """Serve in a thread; returns when the ports are open. Raises RuntimeError, OSError."""
        self._thread = threading.Thread(target=self._work, name="microimps-sim", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START
        while not self._ready.wait(0.02):
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.close()
                raise RuntimeError("the service did not start") from self._failure
        return self

    def _work(self) -> None:
        try:
            self._server.run(sockets=self._listeners[:1])
        except (SystemExit, OSError) as failure:
            self._failure = failure

    def close(self) -> None:
        """Stop serving and give the ports back; more than once is harmless."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_START)
        self._release()

    def _release(self) -> None:
        for listener in self._listeners:
            listener.close()
        self.service.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    return listener


@contextmanager
def serve(
    config: Config | None = None, clock: Callable[[], float] = time.time
) -> Iterator[Running]:
    """Run a service in a thread for the time of a `with` block; it is ready when that begins.

    clock: seconds since 1970, for tests that move time.
    Raises OSError when a port is taken, ConfigError for settings that cannot be.
    """
    running = Running(config or Config(), clock).start()
    try:
        yield running
    finally:
        running.close()
