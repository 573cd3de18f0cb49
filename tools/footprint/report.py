"""The figures as tables, for a terminal and for the README."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from .budgets import BUDGETS, octets
from .measure import ON_BOARD, Figures

_TITLES = {
    "modules": "Heap kept by each module, all loaded one after the other",
    "kept": "Heap kept after the import, and by the client after a session",
    "garbage": "Garbage of one operation in steady state",
}
_HEAPS = ("", "smallest, 64-bit binary", "board (/ 1.5)")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def budget_table(figures: Figures) -> Table:
    """Each budget with its figure; what is over stands out."""
    table = _table("Budgets, as on a 32-bit board", "", "measured", "budget", "over by")
    for budget in BUDGETS:
        value = budget.figure(figures)
        over = octets(value - budget.limit) if value is not None and budget.over(figures) else ""
        style = "red" if over else "dim" if value is None else ""
        table.add_row(budget.what, octets(value), octets(budget.limit), over, style=style)
    return table


def show(figures: Figures, console: Console) -> None:
    """All tables that have figures."""
    if figures["flash"]:
        flash = _table("Flash: .mpy of each feature, and of whole clients", "", "octets")
        for name, value in figures["flash"].items():
            flash.add_row(name, octets(value))
        console.print(flash)
    for part, title in _TITLES.items():
        table = _table(title, "", "32-bit", "64-bit")
        names = {name: None for bits in ("32", "64") for name in figures[part].get(bits, {})}
        for name in names:
            row = [octets(figures[part].get(bits, {}).get(name)) for bits in ("32", "64")]
            table.add_row(name, *row)
        if names:
            console.print(table)
    if figures["smallest"]:
        table = _table("Smallest heap in which a session passes", *_HEAPS)
        for name, value in figures["smallest"].items():
            table.add_row(name, octets(value), octets(round(value / ON_BOARD)))
        console.print(table)
    for bits, entry in figures.get("frozen", {}).items():
        title = f"Modules frozen into MicroPython {entry['version']}, {bits} bits"
        table = _table(title, "", "kept", "smallest heap")
        for name, value in entry["kept"].items():
            table.add_row(name, octets(value), octets(entry["smallest"][name]))
        console.print(table)
    console.print(parts_table(figures))
    if figures["smallest"]:
        console.print(budget_table(figures))
    console.print(where(figures), style="dim", highlight=False)


def parts_table(figures: Figures) -> Table:
    """Feature sets, and under them the peers: flash, heap kept, smallest heap."""
    title = (
        "Feature sets, each staged and run by itself, and peers: flash, heap kept after a session "
        "(32, 64-bit), smallest heap (64-bit binary, board)"
    )
    table = _table(title, "", "flash", "kept 32", "kept 64", "heap 64", "board")
    rows = list(figures["sets"].items())
    for name, entry in figures["peers"].items():
        rows.append((f"{name} {entry['version']}", entry))
        rows.append(("  only imported", {"kept": entry["imported"]}))
    for name, entry in rows:
        small = entry.get("smallest")
        row = [entry.get("flash"), entry["kept"].get("32"), entry["kept"].get("64"), small]
        board = round(small / ON_BOARD) if small else None
        table.add_row(name, *(octets(value) for value in (*row, board)))
    return table


def where(figures: Figures) -> str:
    """Date, kind of machine and versions, in a sentence; then what is missing and why."""
    names = {"64": "the 64-bit binary", "32": "the 32-bit WebAssembly port"}
    versions = " and ".join(
        f"MicroPython {version} ({names[bits]})"
        for bits, version in figures["micropython"].items()
    )
    lines = [f"Measured {figures['date']} on {figures['machine']} with {versions or 'none'}."]
    return "\n".join((*lines, *(f"Not measured: {reason}." for reason in figures["missing"])))


def markdown(figures: Figures) -> str:
    """The table of the README."""
    lines = ["| octets | measured | budget |", "|---|--:|--:|"]
    for budget in BUDGETS:
        value = octets(budget.figure(figures))
        lines.append(f"| {budget.what} | {value} | {octets(budget.limit)} |")
    return "\n".join((*lines, "", where(figures)))
