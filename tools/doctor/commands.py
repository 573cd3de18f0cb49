"""`microimps doctor`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.markup import escape

from microimps.ports.cpython.serial import Line

from ..flash.board import FlashError, choose
from ..flash.settings import among, asked, from_account, from_secrets
from . import device, modem, service
from .finding import BAD, GOOD, SKIPPED, UNSURE, Finding, bad

_MARKS = {
    GOOD: "[green]ok[/green]  ",
    UNSURE: "[yellow]look[/yellow]",
    BAD: "[red]bad[/red] ",
    SKIPPED: "[dim]-[/dim]   ",
}

_EPILOG = (
    "Exit status: 0 nothing is bad; 1 something is, or nothing could be looked at; 2 wrong usage; "
    "130 interrupted."
)

doctor = typer.Typer(add_completion=False)


@doctor.command("doctor", epilog=_EPILOG)
def _doctor(
    line: Annotated[
        str, typer.Option("--modem", help="A modem's serial line: a device, a pyserial URL.")
    ] = "",
    baud: Annotated[int, typer.Option(help="Speed of the serial line.")] = 115200,
    url: Annotated[str, typer.Option(help="A service's URL.")] = "",
    user: Annotated[str, typer.Option(help="Log in as this user.")] = "",
    account: Annotated[
        Optional[Path], typer.Option(help="Settings in any form of provisioning.")
    ] = None,
    secrets: Annotated[
        Optional[Path], typer.Option(help="TOML file with password; asked for without one.")
    ] = None,
    version: Annotated[int, typer.Option(help="1, 2 or 3: CSP 1.x.", min=1, max=3)] = 2,
    syntax: Annotated[str, typer.Option(help="wbxml or xml.")] = "wbxml",
    board: Annotated[bool, typer.Option("--board", help="Look at a board as well.")] = False,
    port: Annotated[str, typer.Option(help="The board's serial port; implies --board.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Look at a modem, a service, a board, or all of them, and say what to do.

    Sends no message, enters no PIN and changes nothing; logs in and out again where a user is
    given. See docs/doctor.md.
    """
    try:
        given = from_account(account) if account else {}
        url, user = url or given.get("url", ""), user or given.get("user", "")
        if not (line or url or board or port):
            raise FlashError("nothing to look at: give --modem, --url or --board", 2)
        among("--syntax", syntax, ("wbxml", "xml"))
        password = given.get("password", "")
        if secrets:
            password = from_secrets(secrets).get("password", "")
        elif url and user and not password:
            password = asked("password")
        where = choose(port) if board or port else ""
    except FlashError as error:
        typer.echo(f"microimps doctor: {error}", err=True)
        raise typer.Exit(2 if error.status == 2 else 1) from None
    findings = []
    for finding in _findings(line, baud, url, (user, password, version, syntax), where):
        findings.append(finding)
        if not as_json:
            _show(finding)
    wrong = sum(finding.state == BAD for finding in findings)
    if as_json:
        checks = [dataclasses.asdict(finding) for finding in findings]
        typer.echo(json.dumps({"good": not wrong, "checks": checks}, indent=2))
    else:
        typer.echo(f"{wrong} of {len(findings)} bad" if wrong else "nothing is bad")
    if wrong:
        raise typer.Exit(1)


def _findings(
    line: str, baud: int, url: str, credentials: tuple[str, str, int, str], port: str
) -> Iterator[Finding]:
    if line:
        yield from _modem(line, baud)
    if url:
        yield from service.check(url, *credentials)
    if port:
        yield from device.check(port, baud)


def _modem(name: str, baud: int) -> Iterator[Finding]:
    try:
        wire = Line(name, baud)
    except (OSError, ValueError) as error:
        cure = "is it plugged in, free, and may you open it (on Linux: the group dialout)?"
        yield bad("modem's line", f"{name}: {getattr(error, 'strerror', '') or error}", cure)
        return
    try:
        yield from modem.check(modem.Talk(wire))
    except OSError as error:
        yield bad("modem's line", f"it broke: {error}", "check the cable and the modem's power")
    finally:
        wire.close()


def _show(finding: Finding) -> None:
    console = Console(highlight=False)
    text = f"{_MARKS[finding.state]}  {finding.check}: {escape(finding.found)}"
    console.print(text, soft_wrap=True)
    if finding.cure:
        console.print(f"          {escape(finding.cure)}", soft_wrap=True)
