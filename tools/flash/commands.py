"""`microimps flash`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version as release
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..footprint.romfs import image
from . import deploy
from .board import Board, Facts, FlashError, choose
from .contents import MORE, Choice, chosen, compiled, features
from .selftest import selftest
from .settings import SECRETS, Settings, among, asked, from_account, from_secrets, pins

_EPILOG = (
    "Exit status: 0 done; 1 failed; 2 wrong usage; 3 no board, or several, or the port cannot be "
    "opened; 4 the board is unfit: version, heap, ROMFS; 5 its file system is full; 6 the board "
    "was lost on the way: run again; 7 the self-test failed; 130 interrupted. Each with one line "
    "on standard error that says why."
)

flash = typer.Typer(add_completion=False)


@flash.command("flash", epilog=_EPILOG)
def _flash(
    port: Annotated[str, typer.Option(help="Serial port; not needed with one board.")] = "",
    baud: Annotated[int, typer.Option(help="Speed of a UART bridge.")] = 115200,
    bearer: Annotated[
        str, typer.Option(help="http, sms or wsp; more with commas, the first is used.")
    ] = "http",
    more: Annotated[
        str, typer.Option("--with", help=f"More features, with commas: {', '.join(MORE)}.")
    ] = "",
    less: Annotated[
        str, typer.Option("--without", help="Of lists, presence, messaging: what to leave out.")
    ] = "",
    syntax: Annotated[str, typer.Option(help="wbxml or xml.")] = "wbxml",
    debug: Annotated[
        bool, typer.Option(help="Line numbers and full names in tracebacks; larger.")
    ] = False,
    to: Annotated[
        str, typer.Option(help="auto, rom (ROMFS, replacing what is there) or files.")
    ] = "auto",
    account: Annotated[
        Optional[Path], typer.Option(help="Settings in any form of provisioning.")
    ] = None,
    url: Annotated[str, typer.Option(help="URL of the service.")] = "",
    user: Annotated[str, typer.Option(help="Address of the user.")] = "",
    version: Annotated[int, typer.Option(help="1, 2 or 3: CSP 1.x.", min=1, max=3)] = 2,
    gateway: Annotated[str, typer.Option(help="WAP gateway, for wsp.")] = "",
    number: Annotated[str, typer.Option(help="Number of the service, for sms.")] = "",
    uart: Annotated[str, typer.Option(help="UART of the modem.")] = "1",
    pin_numbers: Annotated[str, typer.Option("--pins", help="Such as tx=17,rx=16,power=4.")] = "",
    modem: Annotated[str, typer.Option(help="Profile, such as SIM800; see docs/boards.md.")] = (
        "GENERIC"
    ),
    smsc: Annotated[str, typer.Option(help="Service centre, if not the SIM's own.")] = "",
    sim_pin: Annotated[bool, typer.Option("--sim-pin", help="The SIM wants a PIN.")] = False,
    wifi: Annotated[str, typer.Option(help="Name of the network to join.")] = "",
    secrets: Annotated[
        Optional[Path],
        typer.Option(help="TOML file with password, pin, wifi_key; asked for without one."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    erase: Annotated[bool, typer.Option("--erase", help="Remove the client instead.")] = False,
    test: Annotated[bool, typer.Option(help="Run the self-test.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Put the client on a MicroPython board, and check that it works there.

    Copies what changed, into ROMFS where the firmware has it. With settings the board gets a
    module imps, whose client() is ready to log in. See docs/flash.md.
    """
    try:
        among("--to", to, ("auto", "rom", "files"))
        choice = Choice(_words(bearer), _words(more), _words(less), syntax, debug)
        settings = None
        if not erase and (url or user or number or wifi or account):
            given = {"bearer": choice.bearers[0], "url": url, "user": user, "number": number}
            given |= {"gateway": gateway, "uart": uart, "profile": modem, "smsc": smsc}
            given |= {"wifi": wifi}
            settings = _settings(given, account, secrets, sim_pin, pin_numbers, version, syntax)
        report = _run(choose(port), baud, choice, settings, to, dry_run, erase, test)
    except FlashError as error:
        typer.echo(f"microimps flash: {error}", err=True)
        raise typer.Exit(error.status) from None
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _show(report)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _settings(
    given: dict[str, Any],
    account: Path | None,
    secrets: Path | None,
    sim_pin: bool,
    pin_numbers: str,
    version: int,
    syntax: str,
) -> Settings:
    # options win over the account's file; what is secret comes from a file or is asked for
    found = {"syntax": syntax, **(from_account(account) if account else {})}
    found |= {name: value for name, value in given.items() if value}
    found |= from_secrets(secrets) if secrets else {}
    for name, wanted in zip(SECRETS, (found.get("user"), sim_pin, found.get("wifi")), strict=True):
        if wanted and name not in found:
            found[name] = asked(name)
    settings = Settings(**found, pins=pins(pin_numbers), version=version)
    settings.check()
    return settings


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda n: progress.advance(task, n)


def _run(
    port: str,
    baud: int,
    choice: Choice,
    settings: Settings | None,
    to: str,
    dry_run: bool,
    erase: bool,
    test: bool,
) -> dict[str, Any]:
    with Board(port, baud) as board, tempfile.TemporaryDirectory() as folder:
        board.reset()
        facts = board.facts()
        if not facts.lib:
            raise FlashError("the board has no folder lib on sys.path: see docs/flash.md")
        report = _about(board, facts)
        report |= {"dry_run": dry_run, "settings": settings.shown() if settings else {}}
        if erase:
            plan, wanted, modules = deploy.compare_erased(board, facts), [], []
        else:
            wanted = features(choice, facts)
            modules = chosen(wanted, facts)
            with Console(stderr=True).status("compiling"):
                files = compiled(modules, facts, Path(folder), choice.debug)
            octets = image(Path(folder))
            use_rom, report["note"] = deploy.wanted_rom(facts, octets, to)
            about = {"microimps": release("microimps"), "features": wanted}
            text = settings.module(facts) if settings else None
            plan = deploy.compare(board, facts, files, text, about, octets if use_rom else None)
        report |= _planned(plan, wanted)
        deploy.check_room(facts, plan)
        if dry_run:
            return report
        with _bar("copying", plan.work) as told:
            deploy.apply(board, plan, told)
        if test and not erase:
            with Console(stderr=True).status("testing on the board"):
                free = selftest(board, modules, plan.home, choice, settings)
            report["heap"]["with_client"] = free
            report["selftest"] = "passed"
        board.reset()
        after = board.facts()
        report["heap"]["after"], report["flash"]["after"] = after.free, after.room
        report["rom"]["used"] = after.rom_image
        return report


def _about(board: Board, facts: Facts) -> dict[str, Any]:
    return {
        "port": board.port,
        "board": {
            "machine": facts.machine,
            "micropython": facts.version,
            "platform": facts.platform,
            "architecture": facts.architecture,
        },
        "heap": {"size": facts.heap, "before": facts.free},
        "flash": {"folder": facts.lib, "before": facts.room},
        "rom": {"size": facts.rom, "used": facts.rom_image},
        "selftest": "not run",
        "note": "",
    }


def _planned(plan: deploy.Plan, wanted: list[str]) -> dict[str, Any]:
    return {
        "features": wanted,
        "home": plan.home,
        "copied": sorted(plan.send),
        "rom_written": len(plan.rom) if plan.rom is not None else 0,
        "unchanged": len(plan.same),
        "removed": plan.gone,
        "octets": plan.work,
    }


def _files(names: list[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def _show(report: dict[str, Any]) -> None:
    board, heap, room, rom = (report[name] for name in ("board", "heap", "flash", "rom"))
    table = Table(show_header=False)
    table.add_row("board", f"{board['machine']}, MicroPython {board['micropython']}")
    table.add_row("port", report["port"])
    if report["features"]:
        table.add_row("features", ", ".join(report["features"]))
        where = "ROMFS, run from flash" if report["home"] == "/rom" else report["home"]
        table.add_row("modules", where)
    verbs = ("would copy", "would remove") if report["dry_run"] else ("copied", "removed")
    copied = _files(report["copied"])
    if report["rom_written"]:
        full = report["home"] == "/rom"
        copied += f", ROMFS image of {report['rom_written']:,}" if full else ", ROMFS emptied"
    table.add_row(verbs[0], f"{copied}; {report['octets']:,} octets; {report['unchanged']} as is")
    table.add_row(verbs[1], _files(report["removed"]))
    if report["settings"]:
        shown = ", ".join(f"{name} {value}" for name, value in report["settings"].items())
        table.add_row("settings", f"imps.py: {shown}")
    if "after" in heap:
        beside = f", {heap['with_client']:,} beside a client" if heap.get("with_client") else ""
        table.add_row("free heap", f"{heap['before']:,} before, {heap['after']:,} after{beside}")
        table.add_row("free flash", f"{room['before']:,} before, {room['after']:,} after")
        if rom["size"]:
            table.add_row("ROMFS", f"{rom['used']:,} of {rom['size']:,}")
        table.add_row("self-test", report["selftest"])
    console = Console()
    console.print(table)
    if report["note"]:
        console.print(f"ROMFS is not used: {report['note']}")
