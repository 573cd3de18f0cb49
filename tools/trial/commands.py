"""The command line of `microimps trial`."""

from __future__ import annotations

import dataclasses
import json
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from .figures import Figures, compute
from .journal import Journal, JournalError
from .plan import Plan, PlanError, load
from .run import Outcome, Progress, progress, run
from .schedule import Action, actions, estimate

_TEMPLATE = Path(__file__).with_name("plan.toml")
_STATUS = {"complete": 0, "failed": 1, "budget": 3, "interrupted": 130}
_REFUSED = 4

_EPILOG = (
    "Exit status: 0 done; 1 failed, with one line on standard error that says why; 2 wrong usage; "
    "3 stopped at the budget; 4 spending was not confirmed; 130 interrupted. After 1, 3 and 130 "
    "the same command goes on where it stopped."
)

trial = typer.Typer(
    help="Run a field trial of the SMS bearer, and report on it.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
)

PlanFile = Annotated[Path, typer.Argument(help="The plan, a TOML file.", metavar="PLAN")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def _fail(why: object) -> NoReturn:
    typer.echo(f"microimps trial: {why}", err=True)
    raise typer.Exit(1)


@trial.command()
def new(
    file: Annotated[Path, typer.Argument(help="The plan to write.", metavar="PLAN")] = Path(
        "plan.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a plan with comments, of a simulated trial, to be changed."""
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(_TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError:
        _fail(f"{file} is there: give another name, or --force")
    typer.echo(f"{file} is written: change it, then microimps trial check {file}")


@trial.command()
def check(plan: PlanFile, as_json: Json = False) -> None:
    """Read a plan, and say what it will do and cost; sends nothing."""
    try:
        read = load(plan)
    except PlanError as error:
        _fail(error)
    left = actions(read)
    if as_json:
        table = dataclasses.asdict(estimate(read, left))
        typer.echo(json.dumps(table | {"currency": read.cost.currency}))
        return
    Console(highlight=False).print(_estimated(read, left))


def _estimated(plan: Plan, left: list[Action]) -> Table:
    found = estimate(plan, left)
    table = Table(title=plan.trial.name, show_header=False)
    table.add_row("network", "simulated" if plan.simulation else "real: this costs money")
    for each in plan.handsets:
        table.add_row("handset", f"{each.number} {each.user} {each.device}".rstrip())
    table.add_row("actions", str(found.actions))
    table.add_row("SMS sent", f"about {found.sent}, without repeats")
    table.add_row("SMS received", f"about {found.received}")
    table.add_row("cost", f"about {found.cost:.2f} {plan.cost.currency}")
    limits = [f"{plan.cost.budget:.2f} {plan.cost.currency}"] if plan.cost.budget else []
    limits += [f"{plan.cost.sms_limit} SMS"] if plan.cost.sms_limit else []
    table.add_row("stops at", " or ".join(limits) or "no budget is set")
    return table


@trial.command("run")
def run_(
    plan: PlanFile,
    journal: Annotated[
        Path | None,
        typer.Option(help="SQLite file of the record; PLAN with .sqlite unless told otherwise."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Run a trial, or go on with one: what the journal has is not done again.

    Before real SMS are sent it says what they will cost and asks.
    """
    console = Console(highlight=False, stderr=as_json)
    record = None
    try:
        read = load(plan)
        record = Journal(journal or plan.with_suffix(".sqlite"))
        left = actions(read)
        if not record.empty:
            record.agree(read)
            left = record.planned()
        _confirm(read, record, left, console, yes)
        if record.empty:
            record.create(read, left)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        outcome = _shown(read, record, console)
    except (PlanError, JournalError, ValueError, sqlite3.Error) as error:
        _fail(error)
    except KeyboardInterrupt:
        outcome = Outcome("interrupted")
    assert record
    _tell(record, outcome, as_json, console)
    if outcome.reason != "interrupted":  # then a thread may still be writing to it
        record.close()
    raise typer.Exit(_STATUS[outcome.reason])


def _confirm(plan: Plan, record: Journal, left: list[Action], console: Console, yes: bool) -> None:
    """Say what is left and what it costs; ask before it costs real money."""
    if not record.empty:
        sms, cost = record.spent()
        console.print(
            f"going on: {len(left)} actions left, {sms} SMS sent, "
            f"{cost:.2f} {plan.cost.currency} spent"
        )
    if plan.simulation or yes or not left:
        return
    console.print(_estimated(plan, left))
    if not sys.stdin.isatty():
        typer.echo("microimps trial: nobody to ask: give --yes to spend that", err=True)
        raise typer.Exit(_REFUSED)
    if not typer.confirm("Send these SMS?", err=True):
        raise typer.Exit(_REFUSED)


def _shown(plan: Plan, record: Journal, console: Console) -> Outcome:
    """Run with a progress bar."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    spent = TextColumn("{task.fields[sms]} SMS, {task.fields[cost]}")
    with Bar(*columns, spent, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task(plan.trial.name, total=None, sms=0, cost="")

        def show(now: Progress) -> None:
            cost = f"{now.cost:.2f} {plan.cost.currency}"
            bar.update(task, completed=now.done, total=now.actions, sms=now.sms, cost=cost)

        return run(plan, record, show)


def _tell(record: Journal, outcome: Outcome, as_json: bool, console: Console) -> None:
    now = progress(record)
    figures: dict[str, Any] = {"reason": outcome.reason, "why": outcome.why}
    figures |= {"actions": record.counts(), "sms": now.sms, "cost": round(now.cost, 4)}
    figures |= {"currency": record.about("currency"), "journal": str(record.path)}
    if as_json:
        typer.echo(json.dumps(figures))
        return
    if outcome.reason == "failed":
        typer.echo(f"microimps trial: {outcome.why}: see microimps doctor", err=True)
    console.print(
        f"{outcome.reason}{': ' if outcome.why else ''}{outcome.why}: {now.done} of {now.actions} "
        f"actions, {now.sms} SMS, {now.cost:.2f} {figures['currency']}\n"
        f"microimps trial report {record.path}",
        soft_wrap=True,
    )


@trial.command()
def report(
    journal: Annotated[Path, typer.Argument(help="The record of a trial.", metavar="JOURNAL")],
    out: Annotated[
        Path | None, typer.Option(help="The page; JOURNAL with .html unless told otherwise.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the record as CSV files too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write one HTML page about a trial, which may still be running."""
    from .export import write_csv
    from .report import page

    out = out or journal.with_suffix(".html")
    try:
        journal.stat()  # a journal that is missing is not to be made
        record = Journal(journal)
        if record.empty:
            raise JournalError(f"{journal}: nothing in it: give a journal of microimps trial run")
        figures = compute(record)
        out.write_text(page(figures), encoding="utf-8")
        if csv:
            write_csv(record, figures, csv)
        record.close()
    except (JournalError, sqlite3.Error) as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(figures.summary()))
        return
    _print(figures)
    typer.echo(f"{out} is written" + (f", CSV files are in {csv}" if csv else ""))


def _print(figures: Figures) -> None:
    table = Table(title=figures.name, show_header=False)
    for name, value in figures.headlines():
        table.add_row(name, value)
    Console(highlight=False).print(table)
