"""TCP and TLS links: blocking sockets, and asyncio streams."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from microimps.http_bearer import HttpBearer


def context() -> ssl.SSLContext:
    """TLS that checks certificates and host names against the system's roots."""
    return ssl.create_default_context()


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    # a socket's own TimeoutError has no number
    try:
        yield
    except TimeoutError as e:
        raise TimeoutError(errno.ETIMEDOUT, "timed out") from e


class Link:
    """A blocking stream to the bearer's host. Raises OSError, 110 when time is up."""

    def __init__(self, bearer: HttpBearer) -> None:
        with _in_time():
            sock = socket.create_connection((bearer.host, bearer.number), bearer.ms / 1000)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if bearer.tls:
                    sock = bearer.tls.wrap_socket(sock, server_hostname=bearer.host)
            except BaseException:
                sock.close()
                raise
        self._sock = sock

    def readinto(self, view: memoryview, ms: int) -> int:
        """Octets read into ``view``, 0 at the end of the stream; waits at most ``ms``."""
        self._sock.settimeout(max(ms, 1) / 1000)
        with _in_time():
            return self._sock.recv_into(view)

    def write(self, view: memoryview, ms: int) -> None:
        """Send all of ``view``."""
        self._sock.settimeout(max(ms, 1) / 1000)
        with _in_time():
            self._sock.sendall(view)

    def close(self) -> None:
        """Close the stream; may be called again."""
        self._sock.close()


class AsyncLink:
    """The same for asyncio: coroutines."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    async def open(self, bearer: HttpBearer) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(
            bearer.host, bearer.number, ssl=bearer.tls
        )

    async def readinto(self, view: memoryview, ms: int) -> int:
        """Octets read into ``view``, 0 at the end of the stream. ms: the caller's to keep."""
        data = await self._reader.read(len(view))
        view[: len(data)] = data
        return len(data)

    async def write(self, view: memoryview, ms: int) -> None:
        """Send all of ``view``."""
        self._writer.write(bytes(view))
        await self._writer.drain()

    def close(self) -> None:
        """Close the stream; may be called again."""
        self._writer.close()
