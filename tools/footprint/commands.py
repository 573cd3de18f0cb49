"""`microimps footprint`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from ..stage import StageError
from .budgets import BUDGETS
from .measure import measure
from .report import budget_table, markdown, show
from .runtimes import MeasureError


def footprint(
    as_json: Annotated[
        bool, typer.Option("--json", help="All figures as one JSON object.")
    ] = False,
    budget: Annotated[
        bool, typer.Option("--budget", help="Only the budgets; status 1 if one is exceeded.")
    ] = False,
    readme: Annotated[
        bool, typer.Option("--readme", help="The README's table, in Markdown.")
    ] = False,
) -> None:
    """Measure flash, heap and garbage of the client, on the spot.

    Sessions against the simulated service on MicroPython for the PC (64-bit), and against the
    record of one on its WebAssembly port under Node (32-bit, as a board). See docs/footprint.md.
    """
    progress = Console(stderr=True)
    try:
        with progress.status("measuring") as status:
            figures = measure(lambda text: status.update(f"measuring: {text}"))
    except (MeasureError, StageError) as error:
        typer.echo(f"microimps footprint: {error}", err=True)
        raise typer.Exit(1) from None
    console = Console()
    if as_json:
        typer.echo(json.dumps(figures, indent=2))
    elif readme:
        typer.echo(markdown(figures))
    elif budget:
        console.print(budget_table(figures))
    else:
        show(figures, console)
    for reason in figures["missing"]:
        typer.echo(f"microimps footprint: {reason}", err=True)
    if budget and any(each.over(figures) for each in BUDGETS):
        raise typer.Exit(1)
