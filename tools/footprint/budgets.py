"""What the client may cost on a board, in octets, and where each figure is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .measure import CLIENT, LONG, ON_BOARD, OVER_SMS, ROUNDS, Figures


@dataclass(frozen=True)
class Budget:
    """A limit. path: keys of the figure; less: keys of one to be taken from it."""

    what: str
    limit: int
    path: tuple[str, ...]
    less: tuple[str, ...] = ()
    divisor: float = 1.0

    def figure(self, figures: Figures) -> float | None:
        """The figure that is held against the limit, None where it was not measured."""
        value = _at(figures, self.path)
        less = _at(figures, self.less) if self.less else 0
        if value is None or less is None:
            return None
        value = (value - less) / self.divisor
        return round(value, 1) if value < 1024 else round(value)

    def over(self, figures: Figures) -> bool:
        """Whether the figure was measured and is too large."""
        value = self.figure(figures)
        return value is not None and value > self.limit

    def said(self, figures: Figures) -> str:
        """Its name, the figure and the limit."""
        return f"{self.what}: {octets(self.figure(figures))} octets, limit {octets(self.limit)}"


def octets(value: float | None) -> str:
    """1234567 as 1 234 567."""
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0").replace(",", " ")


CURE = (
    "make it smaller (`microimps footprint` shows what each module and feature costs), or raise "
    "the limit in tools/footprint/budgets.py and say why in docs/footprint.md"
)

# What is held today. docs/footprint.md has the first targets beside it, and why they are not met.
BUDGETS = (
    Budget("WBXML reader and writer, heap kept", 5800, ("kept", "32", "WBXML reader + writer")),
    Budget("whole client over HTTP and WBXML, heap kept", 27 << 10, ("kept", "32", CLIENT)),
    Budget("the same, smallest working heap", 33 << 10, ("smallest", CLIENT), divisor=ON_BOARD),
    Budget(
        f"the same in a session that goes on ({ROUNDS} rounds)",
        38 << 10,
        ("smallest", f"{CLIENT}, {ROUNDS} rounds"),
        divisor=ON_BOARD,
    ),
    Budget(
        "the same from ROMFS, smallest working heap",
        25_000,
        ("smallest", f"{CLIENT}, from ROMFS"),
        divisor=ON_BOARD,
    ),
    Budget(
        f"more heap for a list of {LONG} contacts than for one of 10",
        0,
        ("smallest", f"{CLIENT}, {LONG} contacts"),
        ("smallest", CLIENT),
    ),
    Budget("whole client over SMS and PTS, heap kept", 41 << 10, ("kept", "32", OVER_SMS)),
    Budget(
        "the same, smallest working heap over SMS",
        53 << 10,
        ("smallest", OVER_SMS),
        divisor=ON_BOARD,
    ),
    Budget(
        "garbage per message sent over SMS", 23 << 10, ("garbage", "32", "message sent over SMS")
    ),
    Budget(
        "garbage per message received over SMS",
        18 << 10,
        ("garbage", "32", "message received over SMS"),
    ),
    Budget("garbage per received contact", 96, ("garbage", "32", "contact received")),
    Budget("flash, whole client over HTTP and WBXML", 29 << 10, ("flash", CLIENT)),
)


def _at(figures: Figures, path: tuple[str, ...]) -> float | None:
    found: Any = figures
    for key in path:
        if key not in found:
            return None
        found = found[key]
    return float(found)
