"""What the client costs when its modules are frozen into a firmware, which somebody has built."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from ..stage import compile_file
from .measure import CLIENT, OVER_SMS, PTS, SHORT, Figures, Trial, session, smallest
from .runtimes import Firmware
from .surroundings import DEVICE

# client -> syntax, bearer, and how its smallest heap is looked for: grain and times
_CLIENTS = {CLIENT: ("wbxml", "http", 256, 3), OVER_SMS: (PTS, "sms", 512, 1)}


def measure(firmware: Firmware, say: Callable[[str], None]) -> Figures:
    """By the program's bits ("32" or "64"): version, kept and smallest, octets by client.

    say: called with what is being done. Clients whose bearer is not frozen in are left out.
    Raises MeasureError where a session fails.
    """
    kept: dict[str, int] = {}
    heaps: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="microimps-") as name:
        tree = Path(name)
        compile_file(DEVICE / "job.py", tree / "job.mpy", "job.py", 3)
        for client, (syntax, bearer, grain, times) in _CLIENTS.items():
            if not firmware.has(f"microimps.{bearer}_bearer"):
                continue
            say(f"{client}, frozen")
            first, last = session(firmware, tree, "job", SHORT, syntax, bearer=bearer)
            kept[client] = last.heap - first.heap
            passes = Trial(firmware, tree, SHORT, syntax).passes
            heaps[client] = smallest(passes, kept[client], grain=grain, times=times)
    return {firmware.bits: {"version": firmware.version(), "kept": kept, "smallest": heaps}}
