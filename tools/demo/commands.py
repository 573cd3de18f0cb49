"""`microimps demo`: the whole chain on this machine, with real bytes and no hardware."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from microimps import Client
from microimps.ports import http

from ..sim import Account, Config, Running, serve
from ..stage import micropython_binary, stage

_BOARD = Path(__file__).with_name("board.py")
_DOMAIN = "im.example.com"
_ANNA = f"wv:anna@{_DOMAIN}"
_BO = f"wv:bo@{_DOMAIN}"
_PATIENCE = 60.0  # seconds that the board may take altogether


class Syntax(str, Enum):
    """A syntax that goes over HTTP."""

    wbxml = "wbxml"
    xml = "xml"


class DemoError(Exception):
    """A step that did not happen."""


class Board:
    """The board's client in a process of its own, on MicroPython where there is one."""

    def __init__(self, url: str, heap: str, syntax: str, version: str, folder: Path) -> None:
        binary, reason = micropython_binary()
        arguments = [str(_BOARD), url, _ANNA, "secret", _BO, syntax, version]
        environment = dict(os.environ)
        if binary:
            sizes = stage(
                folder, ("base", "wbxml", "xml", "http", "lists", "presence", "messaging")
            )
            self.what = f"MicroPython, heap of {heap}, {sum(sizes.values())} octets of .mpy"
            command = [str(binary), "-X", f"heapsize={heap}", *arguments]
            environment["MICROPYPATH"] = f"{folder}:.frozen"
        else:
            self.what = f"CPython, because there is no MicroPython here: {reason}"
            command = [sys.executable, "-u", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )

    def lines(self) -> Iterator[tuple[str, str]]:
        """(step, what of it) for each line that it prints. Raises DemoError if it fails."""
        assert self.process.stdout
        said = []
        for line in self.process.stdout:
            said.append(line)
            step, _, rest = line.strip().partition(" ")
            yield step, rest
        if self.process.wait(_PATIENCE):
            raise DemoError("the board's client failed:\n" + "".join(said))

    def stop(self) -> None:
        """End the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def _play(console: Console, running: Running, board: Board, bo: Client) -> dict[str, str]:
    """Run both clients side by side; what was seen, by step."""
    seen: dict[str, str] = {}
    bo.login()
    bo.update_presence(
        OnlineStatus=True, UserAvailability="DISCREET", StatusText="Writing a test plan"
    )
    bo.subscribe((_ANNA,))
    console.print(f"Bo, on CPython, is logged in: session {bo.session.id}")
    for step, rest in board.lines():
        seen[step] = rest
        if step == "login":
            console.print(f"Anna's board is logged in: session {rest}")
        elif step == "contacts":
            console.print(f"Anna's board has read a contact list of {int(rest):,} members")
        elif step == "sent":
            _answer(console, bo, seen)
        elif step == "presence":
            console.print(f"Anna's board sees presence: {rest}")
        elif step == "message":
            console.print(f"Anna's board got a message: {rest}")
    _await(console, bo, seen, "Good bye!")
    bo.logout()
    bo.close()
    missing = {"login", "contacts", "presence", "message", "done", "Good bye!"} - set(seen)
    if missing:
        raise DemoError(f"not seen: {', '.join(sorted(missing))}")
    return seen


def _answer(console: Console, bo: Client, seen: dict[str, str]) -> None:
    _await(console, bo, seen, "Hello from the board!")
    bo.send(_ANNA, "Hello from CPython!")


def _await(console: Console, bo: Client, seen: dict[str, str], text: str) -> None:
    # what arrives at Bo, up to the message with this text
    deadline = time.monotonic() + _PATIENCE
    while text not in seen:
        if time.monotonic() > deadline:
            raise DemoError(f"the message {text!r} did not reach Bo")
        for event in bo.events(0):
            if event.kind == "presence":
                note = event.get("StatusText") or ""
                console.print(f"Bo sees presence: {event.user} {event.shown()} {note}")
            elif event.kind == "message":
                console.print(f"Bo got a message: {event.sender} {event.text}")
                seen[event.text] = event.sender
        time.sleep(0.1)


def demo(
    heap: Annotated[str, typer.Option(help="Heap of the board's MicroPython.")] = "64K",
    contacts: Annotated[
        int, typer.Option(help="Members of Anna's contact list.", min=1, max=20000)
    ] = 10000,
    syntax: Annotated[Syntax, typer.Option(help="Of the messages.")] = Syntax.wbxml,
    version: Annotated[int, typer.Option(help="1, 2 or 3: CSP 1.x.", min=1, max=3)] = 3,
) -> None:
    """Log in, read a long contact list, see presence, and chat: a board and a desktop.

    A client on MicroPython with a small heap and one on CPython meet at a simulated IMPS
    service, over HTTP on the loopback interface. Exit status 0 when everything was seen.
    """
    console = Console()
    begin = time.monotonic()
    config = Config(
        domain=_DOMAIN,
        users=(Account(_ANNA, "secret", "Anna"), Account(_BO, "secret", "Bo")),
        contacts={_ANNA: contacts},
    )
    with (
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as progress,
        tempfile.TemporaryDirectory() as folder,
    ):
        task = progress.add_task("starting the simulated service")
        with serve(config) as running:
            console.print(f"The simulated IMPS service listens at {running.url}")
            progress.update(task, description="two clients meet")
            board = Board(running.url, heap, syntax.value, str(version), Path(folder))
            console.print(f"Anna's board is {board.what}")
            bo = Client(http(running.url), _BO, "secret", version, syntax.value)
            try:
                seen = _play(console, running, board, bo)
            except (DemoError, OSError) as error:
                typer.echo(f"microimps demo: {str(error).rstrip()}", err=True)
                raise typer.Exit(1) from None
            finally:
                board.stop()
    table = Table(title="What was shown", show_header=False)
    table.add_row("CSP", f"1.{version} in {syntax.value.upper()} over HTTP")
    table.add_row("contact list", f"{int(seen['contacts']):,} members, one in memory at a time")
    table.add_row("presence", "both ways, as notifications")
    table.add_row("messages", "3, each exactly once")
    if "heap" in seen:
        used, size = seen["heap"].split()
        table.add_row(
            "board's heap", f"{int(used):,} octets in use at the end, {int(size):,} in all"
        )
    table.add_row("time", f"{time.monotonic() - begin:.1f} s")
    console.print(table)
