"""The clock: 29 bits of milliseconds, as on a board."""

import time


def ticks_ms() -> int:
    """Milliseconds of a clock that only goes forward, modulo 2**29."""
    return time.monotonic_ns() // 1_000_000 & 0x1FFFFFFF


def sleep_ms(ms: int) -> None:
    """Wait."""
    time.sleep(ms / 1000)
