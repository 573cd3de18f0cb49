"""The TCP and UDP CIR: tells clients to poll. spec: transport.md sections 4, 5.2 to 5.4,
more-pts-and-transport.md section 5
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial

from .service import Service
from .sessions import Session

_LONGEST_LINE = 256
_OK = b"OK\r\n"
PUSH = b"\x01\x06\x03\xc6\xaf\x8a"  # push of a CIR text to the IMPS application


class CirServer:
    """Listens for HELO and PING, sends WVCI: over TCP where the client is connected, else by the
    first agreed method that can be; when no poll followed, the next time by the method after
    that. Runs in the event loop that started it.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self, listener: socket.socket | None) -> None:
        """Serve the connections that come to `listener`, if there is one."""
        self._loop = asyncio.get_running_loop()
        self._service.on_waiting = self.notice
        if listener is not None:
            self._server = await asyncio.start_server(
                self._connected, sock=listener, limit=_LONGEST_LINE
            )

    async def stop(self) -> None:
        """Close the port and every connection."""
        self._service.on_waiting = lambda session: None
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def notice(self, session: Session) -> None:
        """Tell the client of a session that something waits; callable from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._write_notice, session)

    def _write_notice(self, session: Session) -> None:
        ways = self._ways(session)
        if ways:
            ways[session.missed % len(ways)]()

    def _ways(self, session: Session) -> list[Callable[[], object]]:
        """What tells a session: its connection, then the agreed methods in their order."""
        text, told = notice(session), session.capabilities
        port = self._service.config.push_port
        ways: list[Callable[[], object]] = []
        writer = self._writers.get(session.id)
        if writer is not None and not writer.is_closing():
            ways.append(partial(writer.write, text + b"\r\n"))
        targets = {"SUDP": (text, told.udp), "WAPUDP": (PUSH + text, port)}
        for method in (*told.cir, "SSMS"):  # HELO by SMS is enough, agreed on or not
            if method in targets and session.host:
                ways.append(partial(_send, session.host, *targets[method]))
            if method in ("SSMS", "WAPSMS") and session.cir_number:
                ways.append(partial(self._service.on_sms, session))
        return ways

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        limits = self._service.config.limits
        if task is None or len(self._tasks) >= limits.cir_connections:
            writer.close()
            return
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass  # gone, a line without end, or no HELO in time: close
        except asyncio.CancelledError:
            pass  # the service stops
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limits = self._service.config.limits
        line = await asyncio.wait_for(reader.readline(), limits.cir_login)
        command, _, rest = line.decode("ascii", "replace").strip().partition(" ")
        session = self._service.sessions.get(rest.strip())
        if command.upper() != "HELO" or session is None or session.id in self._writers:
            return  # an unknown session and a second connection are closed without a word
        self._writers[session.id] = writer
        try:
            await self._attend(session, reader, writer)
        finally:
            del self._writers[session.id]

    async def _attend(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line = b"HELO"
        while line and self._service.sessions.get(session.id) is session:
            writer.write(_OK)
            if session.is_waited_for(self._service.clock()):
                writer.write(notice(session) + b"\r\n")
            await writer.drain()
            line = await reader.readline()


def notice(session: Session) -> bytes:
    """The text that tells a session to poll."""
    return f"WVCI {session.version} {session.cookie}".encode()


def _send(host: str, datagram: bytes, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.setblocking(False)
        sock.sendto(datagram, (host, port))  # what gets lost is sent again while it is due
