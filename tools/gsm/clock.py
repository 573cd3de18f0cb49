"""The network's clock: real time, or time compressed by a factor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timezone


class Clock:
    """Network time that runs `speed` times as fast as the wall clock.

    Every delay of the simulated network (delivery, retries, validity, a modem's boot, a slow
    answer) is given in network seconds and waited for through this class.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        """`start` is the POSIX time at which the network begins, now by default."""
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._wall = time.monotonic()
        self._start = time.time() if start is None else start

    def time(self) -> float:
        """Network time as POSIX seconds."""
        return self._start + (time.monotonic() - self._wall) * self.speed

    def now(self) -> datetime:
        """Network time in UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)

    async def sleep(self, seconds: float) -> None:
        """Wait for that many network seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def sleep_until(self, moment: float) -> None:
        """Wait for a network time; return at once when it has passed."""
        await self.sleep(moment - self.time())

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back in that many network seconds; the handle can be cancelled."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds) / self.speed, callback)
