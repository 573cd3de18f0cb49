"""`microimps footprint`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..stage import StageError
from .budgets import BUDGETS, CURE
from .frozen import measure as of_frozen
from .measure import Figures, measure
from .peers import FOLDER
from .report import budget_table, markdown, show
from .runtimes import Firmware, MeasureError
from .sets import BEARERS, SETS, USES, SetError, chosen


def footprint(
    bearer: Annotated[
        str, typer.Option(help=f"Only clients over these: {', '.join(BEARERS)}.")
    ] = "",
    features: Annotated[
        str, typer.Option(help=f"Only a client with these: {', '.join(USES)}, xml.")
    ] = "",
    heaps: Annotated[
        bool, typer.Option("--heaps", help="The smallest heap of every set, too: minutes.")
    ] = False,
    peers: Annotated[
        Path,
        typer.Option(
            file_okay=False, help="Folder with sources of umqtt.simple, requests, mqtt_as."
        ),
    ] = FOLDER,
    frozen: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A MicroPython for this PC with microimps frozen in."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Draw a chart into this file.")
    ] = None,
    budget: Annotated[
        bool, typer.Option("--budget", help="Only the budgets; status 1 if one is exceeded.")
    ] = False,
    readme: Annotated[
        bool, typer.Option("--readme", help="The README's table, in Markdown.")
    ] = False,
    figures_from: Annotated[
        Path | None,
        typer.Option(
            "--from", exists=True, dir_okay=False, help="Measure nothing: what --json wrote."
        ),
    ] = None,
) -> None:
    """Measure flash, heap and garbage of the client, on the spot.

    Sessions against the simulated service on MicroPython for the PC (64-bit), and against the
    record of one on its WebAssembly port under Node (32-bit, as a board). See docs/footprint.md.
    """
    part = bool(bearer or features)
    if part and (budget or readme):
        raise typer.BadParameter("budgets are of whole clients: leave --bearer and --features out")
    if peers != FOLDER and not peers.is_dir():
        raise typer.BadParameter(f"--peers {peers}: no such folder")
    try:
        wanted = chosen(_words(bearer) or ["http"], _words(features)) if part else list(SETS)
    except SetError as error:
        raise typer.BadParameter(str(error)) from None
    progress = Console(stderr=True)
    try:
        if figures_from:
            figures = _read(figures_from)
        else:
            firmware = Firmware(frozen) if frozen else None
            with progress.status("measuring") as status:

                def say(text: str) -> None:
                    status.update(f"measuring: {text}")

                figures = measure(say, wanted, peers, not part, heaps or part)
                if firmware:
                    figures["frozen"] = of_frozen(firmware, say)
    except (MeasureError, StageError) as error:
        typer.echo(f"microimps footprint: {error}", err=True)
        raise typer.Exit(1) from None
    if svg:
        from .chart import chart  # matplotlib takes a second to load

        svg.write_text(chart(figures), "utf-8")
    _print(figures, as_json, readme, budget)
    for reason in figures["missing"]:
        typer.echo(f"microimps footprint: {reason}", err=True)
    over = [each for each in BUDGETS if budget and each.over(figures)]
    for each in over:
        typer.echo(f"microimps footprint: budget exceeded: {each.said(figures)}", err=True)
    if over:
        typer.echo(f"microimps footprint: {CURE}", err=True)
        raise typer.Exit(1)


def _read(path: Path) -> Figures:
    try:
        figures: Figures = json.loads(path.read_text("utf-8"))
        figures["sets"], figures["peers"]
    except (ValueError, KeyError, TypeError):
        raise typer.BadParameter(f"--from {path}: not what --json writes") from None
    return figures


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _print(figures: Figures, as_json: bool, readme: bool, budget: bool) -> None:
    console = Console()
    if as_json:
        typer.echo(json.dumps(figures, indent=2))
    elif readme:
        typer.echo(markdown(figures))
    elif budget:
        console.print(budget_table(figures))
    else:
        show(figures, console)
