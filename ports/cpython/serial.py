"""Serial lines by pyserial: devices, and its URL ports (socket://, rfc2217://, loop://, spy://)."""

from __future__ import annotations

import asyncio
import os
import time

import serial

_STEP = 0.01  # s between two looks at the line
_WRITING = 10  # s


class _Port:
    def __init__(
        self, url: str, baudrate: int = 115200, rtscts: bool = False, patience: float = _STEP
    ) -> None:
        # The time-outs stay as they are: to set one later is a negotiation with an RFC 2217 host.
        try:
            self._serial = serial.serial_for_url(
                url,
                baudrate,
                rtscts=rtscts,
                timeout=patience,
                write_timeout=None if "://" in url else _WRITING,  # RFC 2217 ports refuse one
            )
        except serial.SerialException as error:
            if not error.errno:
                raise
            raise OSError(error.errno, os.strerror(error.errno), url) from None

    def _take(self, view: memoryview) -> int:
        data = self._serial.read(1)
        if data and len(view) > 1:
            data += self._serial.read(min(self._serial.in_waiting, len(view) - 1))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the line; may be called again."""
        self._serial.close()


class Line(_Port):
    """A blocking line to a modem.

    url: device name or pyserial URL; rtscts: hardware flow control. Raises OSError: cannot be
    opened, later unplugged or disconnected.
    """

    def readinto(self, view: memoryview, ms: int) -> int:
        """Octets read into ``view``, 0 when none came within ``ms``. Raises OSError."""
        end = time.monotonic() + ms / 1000
        while True:
            n = self._take(view)
            if n or time.monotonic() >= end:
                return n

    def write(self, view: memoryview, ms: int) -> None:
        """Send all of ``view``. Raises OSError; a device may be held up for 10 s at most."""
        self._serial.write(view)


class AsyncLine(_Port):
    """The same for asyncio; its coroutines may be cancelled."""

    def __init__(self, url: str, baudrate: int = 115200, rtscts: bool = False) -> None:
        super().__init__(url, baudrate, rtscts, 0)

    async def open(self, bearer: object) -> None:
        """Nothing is left to do: it is open."""

    async def readinto(self, view: memoryview, ms: int) -> int:
        """Octets read into ``view``, 0 when none came within ``ms``. Raises OSError."""
        end = time.monotonic() + ms / 1000
        while True:
            n = self._take(view)
            if n or time.monotonic() >= end:
                return n
            await asyncio.sleep(_STEP)

    async def write(self, view: memoryview, ms: int) -> None:
        """Send all of ``view``. Raises OSError."""
        await asyncio.to_thread(self._serial.write, bytes(view))
