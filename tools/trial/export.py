"""The record of a trial as CSV files, one a table, for spreadsheets and statistics."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import Any

from .figures import HOPS, Figures, Spread
from .journal import Journal

TABLES = ("run", "action", "csp", "sms", "report", "at_line", "signal", "hop")


def write_csv(record: Journal, figures: Figures, folder: Path) -> None:
    """Write the journal's tables, octets in hexadecimal, and the figures. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        rows = record.rows(f"select * from {name} order by rowid")
        columns = [row["name"] for row in record.rows(f"pragma table_info({name})")]
        _write(folder / f"{name}.csv", columns, map(tuple, rows))
    columns = "run handset action tid code name begin end tries status".split()
    _write(folder / "transactions.csv", columns, map(attrgetter(*columns), figures.transactions))
    ways = [asdict(way) for way in figures.ways]
    if ways:
        _write(folder / "ways.csv", list(ways[0]), (list(way.values()) for way in ways))
    spreads = [asdict(Spread.of(figures.hops[name])) for name in HOPS]
    lines = ([name, *each.values()] for name, each in zip(HOPS, spreads, strict=True))
    _write(folder / "hops.csv", ["hop", *spreads[0]], lines)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(columns)
        for row in rows:
            out.writerow([each.hex() if isinstance(each, bytes) else each for each in row])
