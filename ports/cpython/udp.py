"""The port with datagrams for links: what it does not have is the port's own."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Protocol

from .. import cpython as _port


class Address(Protocol):
    """What a link is told. host: the other end, empty to listen; number: of the port."""

    host: str
    number: int


def __getattr__(name: str) -> Any:
    return getattr(_port, name)


def _open(bearer: Address) -> socket.socket:
    flags = 0 if bearer.host else socket.AI_PASSIVE
    found = socket.getaddrinfo(
        bearer.host or "0.0.0.0", bearer.number, type=socket.SOCK_DGRAM, flags=flags
    )[0]
    sock = socket.socket(found[0], found[1], found[2])
    try:
        (sock.connect if bearer.host else sock.bind)(found[4])
    except BaseException:
        sock.close()
        raise
    return sock


class Link:
    """Datagrams with the bearer's host alone or, where that is empty, those that come to its
    number from anybody. Raises OSError; TimeoutError when time is up."""

    def __init__(self, bearer: Address) -> None:
        self._sock = _open(bearer)

    def readinto(self, view: memoryview, ms: int) -> int:
        """Octets of one datagram, cut off at the end of ``view``; waits at most ``ms``."""
        self._sock.settimeout(max(ms, 1) / 1000)
        return self._sock.recv_into(view)

    def write(self, view: memoryview, ms: int) -> None:
        """Send ``view`` as one datagram."""
        self._sock.settimeout(max(ms, 1) / 1000)
        self._sock.send(view)

    def close(self) -> None:
        """Let go of the port; may be called again."""
        self._sock.close()


class AsyncLink:
    """The same for asyncio: coroutines."""

    _sock: socket.socket

    async def open(self, bearer: Address) -> None:
        """Take a port; a name is looked up while the loop waits."""
        self._sock = await asyncio.to_thread(_open, bearer)
        self._sock.setblocking(False)

    async def readinto(self, view: memoryview, ms: int) -> int:
        """Octets of one datagram, cut off at the end of ``view``. ms: the caller's to keep."""
        return await asyncio.get_running_loop().sock_recv_into(self._sock, view)

    async def write(self, view: memoryview, ms: int) -> None:
        """Send ``view`` as one datagram."""
        await asyncio.get_running_loop().sock_sendall(self._sock, view)

    def close(self) -> None:
        """Let go of the port; may be called again."""
        self._sock.close()
