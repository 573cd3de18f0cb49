"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, UNSURE, BAD, SKIPPED = "good", "unsure", "bad", "skipped"


@dataclass(frozen=True)
class Finding:
    """check: what was looked at; state: one of the four; found: what is; cure: what to do."""

    check: str
    state: str
    found: str
    cure: str = ""


def good(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check, GOOD, found)


def unsure(check: str, found: str, cure: str) -> Finding:
    """It works, or it cannot be told; the cure is worth a try."""
    return Finding(check, UNSURE, found, cure)


def bad(check: str, found: str, cure: str) -> Finding:
    """It does not work, and nothing that needs it will."""
    return Finding(check, BAD, found, cure)


def skipped(check: str, why: str) -> Finding:
    """It was not looked at."""
    return Finding(check, SKIPPED, why)
