"""Lines between a virtual modem and its host: a pseudo-terminal, or TCP."""

from __future__ import annotations

import asyncio
import os
import select
import tty
from collections.abc import Callable
from pathlib import Path

_LOOK_FOR_HOST = 0.02  # wall seconds between looks while no host has the pty open
_CHUNK = 4096
_MOST_WAITING = 1 << 20


class Pty:
    """A pseudo-terminal whose slave side is what a host opens as its serial device.

    As on a serial line, what the modem says while no host has it open is lost. `name` is the
    device; `link`, when given, a symbolic name for it that is removed at the end.
    """

    def __init__(
        self, receive: Callable[[bytes], None], link: str | os.PathLike[str] = ""
    ) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._attached = False
        self._plugged = False
        self._waiting = bytearray()
        self.link = Path(link) if link else None
        self.plug()

    def plug(self) -> None:
        """Put the cable in again after `unplug`: with another `name`, under the same link."""
        self._master, slave = os.openpty()
        self.name = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        if self.link is not None:
            self._make_link(self.link)
        self._plugged = True
        self._look()

    def _make_link(self, link: Path) -> None:
        if link.is_symlink():  # of a network that was killed
            link.unlink()
        try:
            link.symlink_to(self.name)
        except OSError:
            os.close(self._master)
            raise

    @property
    def attached(self) -> bool:
        """Whether a host has the device open."""
        return self._attached

    def _look(self) -> None:
        if any(events & select.POLLHUP for _, events in self._poll.poll(0)):
            self._timer = self._loop.call_later(_LOOK_FOR_HOST, self._look)
            return
        self._timer = None
        self._attached = True
        self._loop.add_reader(self._master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: the host has closed its side
            self._detach()
            return
        self._receive(data)

    def _detach(self) -> None:
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        self._waiting.clear()
        self._attached = False
        self._timer = self._loop.call_later(_LOOK_FOR_HOST, self._look)

    def write(self, data: bytes) -> None:
        """Send to the host as fast as it reads; beyond 1 MB not yet read it is lost."""
        if self._plugged and self._timer is not None:
            self._timer.cancel()
            self._look()
        if not self._attached or len(self._waiting) + len(data) > _MOST_WAITING:
            return
        self._waiting += data
        self._flush()

    def _flush(self) -> None:
        try:
            del self._waiting[: os.write(self._master, self._waiting)]
        except BlockingIOError:
            pass
        except OSError:  # the host is closing its side
            self._waiting.clear()
        if self._waiting:
            self._loop.add_writer(self._master, self._flush)
        else:
            self._loop.remove_writer(self._master)

    def unplug(self) -> None:
        """Pull the cable out while the host uses it: the device is gone, and what is said lost."""
        if not self._plugged:
            return
        self._plugged = self._attached = False
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        self._waiting.clear()
        os.close(self._master)
        if self.link is not None and self.link.is_symlink():
            self.link.unlink()

    async def close(self) -> None:
        """Close the line and remove the symbolic name."""
        self.unplug()


class Tcp:
    """A listening socket; every host that connects talks to the same modem.

    `name` is the URL that pyserial opens: socket://host:port.
    """

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._hosts: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._server: asyncio.Server | None = None
        self.name = ""

    async def listen(self, port: int, host: str = "127.0.0.1") -> None:
        """Begin to listen; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.name = f"socket://{host}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hosts[writer] = asyncio.current_task()
        try:
            while data := await reader.read(_CHUNK):
                self._receive(data)
        except ConnectionError:
            pass
        finally:
            del self._hosts[writer]
            writer.close()

    def write(self, data: bytes) -> None:
        """Send to every host that is connected."""
        for writer in self._hosts:
            if not writer.is_closing():
                writer.write(data)

    async def close(self) -> None:
        """Stop listening and hang up on every host."""
        if self._server is not None:
            self._server.close()
        serving = [task for task in self._hosts.values() if task]
        for writer in self._hosts:
            writer.close()
        await asyncio.gather(*serving, return_exceptions=True)
