"""`microimps demo-sms`: two users meet over nothing but SMS, on a network that loses messages."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from microimps import Client
from microimps.errors import Error
from microimps.ports import sms as over_sms

from ..gsm import Faults, Network
from ..gsm.journal import Hop
from ..sim import Account, Config, Limits, Service
from ..sim.carriers import NetworkCarrier
from ..sim.sms import SmsFace
from ..stage import micropython_binary, stage

_BOARD = Path(__file__).with_name("board_sms.py")
_SERVICE, _ANNAS, _BOS = "+15553590", "+447700900001", "+447700900002"
_NAMES = {_SERVICE: "service", _ANNAS: "Anna", _BOS: "Bo"}
_ANNA, _BO = "wv:anna@im.example.com", "wv:bo@im.example.com"
_FEATURES = ("base", "bearers", "pts", "sms", "tty", "lists", "presence", "messaging")
_FROM_ANNA = ("Hello from the board, over SMS alone!", "Good bye, and thanks for the talk!")
_FROM_BO = ('Hello from CPython. How is the weather ("up there")?', "Good bye!")
_WAITING = 45.0  # seconds of the network until an unanswered request is sent again
_PATIENCE = 55.0  # seconds of the wall for all of it


class DemoError(Exception):
    """A step that did not happen."""


class Bo:
    """The client on CPython, in a thread of its own."""

    def __init__(self, device: str, timeout: int, console: Console) -> None:
        self.bearer = over_sms(device, _SERVICE, timeout=timeout)
        self.bearer.modem.gap_ms = 0
        self.got: list[str] = []
        self.saw: list[str] = []
        self.fault: Exception | None = None
        self._console = console
        self._client = Client(self.bearer, _BO, "secret", 3, "pts", extension=True)

    def run(self) -> None:
        """All that Bo does."""
        try:
            self._talk()
        except (Error, OSError, DemoError) as fault:
            self.fault = fault
        finally:
            self._client.close()

    def _talk(self) -> None:
        client = self._client
        client.login()
        client.create_list("friends", "Friends", True, ((_ANNA, "Anna"),))
        client.subscribe((_ANNA,), names=("OnlineStatus", "UserAvailability", "StatusText"))
        client.update_presence(
            OnlineStatus=True, UserAvailability="DISCREET", StatusText="Writing a test plan"
        )
        self._until(_FROM_ANNA[0])
        for text in _FROM_BO:
            client.send(_ANNA, text)
        self._until(_FROM_ANNA[1])
        client.logout()

    def _until(self, text: str) -> None:
        end = time.monotonic() + _PATIENCE
        while text not in self.got:
            if time.monotonic() > end:
                raise DemoError(f"the message {text!r} did not reach Bo")
            for event in self._client.events(500):
                if event.kind == "presence":
                    self.saw.append(
                        f"{event.user} {event.shown()} {event.get('StatusText') or ''}"
                    )
                    self._console.print(f"   Bo sees {self.saw[-1]}", style="green")
                elif event.kind == "message":
                    self.got.append(event.text)
                    self._console.print(f"   Bo got {event.text!r}", style="green")


class Anna:
    """The board's client in a process of its own, on MicroPython where there is one."""

    def __init__(self, device: str, timeout: int, heap: str, folder: Path) -> None:
        binary, reason = micropython_binary()
        self.lines: list[tuple[str, str]] = []
        self._arguments = [str(_BOARD), device, _SERVICE, _ANNA, "secret", _BO, str(timeout)]
        self._environment = dict(os.environ)
        if binary:
            sizes = stage(folder, _FEATURES)
            self.what = f"MicroPython, heap of {heap}, {sum(sizes.values())} octets of .mpy"
            self._command = [str(binary), "-X", f"heapsize={heap}"]
            self._environment["MICROPYPATH"] = f"{folder}:.frozen"
        else:
            self.what = f"CPython, because there is no MicroPython here: {reason}"
            self._command = [sys.executable, "-u"]

    async def run(self, console: Console) -> None:
        """All that the board does. Raises DemoError when it fails."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *self._arguments,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = []
        try:
            assert process.stdout
            while line := (await process.stdout.readline()).decode():
                said.append(line)
                step, _, rest = line.strip().partition(" ")
                self.lines.append((step, rest))
                console.print(f"   Anna's board: {line.strip()}", style="green", markup=False)
            if await process.wait():
                raise DemoError("the board's client failed:\n" + "".join(said))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def of(self, step: str) -> list[str]:
        """What was printed at this step."""
        return [rest for name, rest in self.lines if name == step]


def _print_hop(console: Console, hop: Hop) -> None:
    message = hop.message
    names = [_NAMES.get(each, each) for each in (message.sender, message.destination)]
    text = message.body.decode("latin-1")
    shown = text if len(text) < 60 else text[:59] + "…"
    cost = f", cost {hop.cost:g}" if hop.cost else ""
    style = {"accepted": "cyan", "lost": "red", "copied": "magenta"}.get(hop.name)
    if style:
        console.print(
            f"#{message.id:<3} {names[0]:>7} > {names[1]:<7} {hop.name}{cost}: {shown}",
            style=style,
            markup=False,
            no_wrap=True,
            overflow="ellipsis",
        )


async def _meet(console: Console, faults: Faults, speed: float, heap: str) -> Table:
    async with Network(faults, speed=speed, price=0.09) as network:
        timeout = int(1000 * _WAITING / speed)
        annas, bos = [await network.add_modem(number) for number in (_ANNAS, _BOS)]
        config = Config(
            users=(Account(_ANNA, "secret", "Anna"), Account(_BO, "secret", "Bo")),
            limits=Limits(sms_retransmit=_WAITING, attempts=8),
        )
        service = Service(config, network.clock.time)
        face = SmsFace(service, NetworkCarrier(network, _SERVICE), _SERVICE)
        await face.start()
        network.journal.listeners.append(lambda hop: _print_hop(console, hop))
        bo = Bo(bos.device, timeout, console)
        thread = threading.Thread(target=bo.run, daemon=True)
        try:
            with tempfile.TemporaryDirectory() as folder:
                anna = Anna(annas.device, timeout, heap, Path(folder))
                console.print(f"Anna's board is {anna.what}")
                thread.start()
                await asyncio.wait_for(anna.run(console), _PATIENCE)
            while thread.is_alive():
                await asyncio.sleep(0.05)
        except asyncio.TimeoutError:
            raise DemoError(f"the board was not done within {_PATIENCE:g} s") from None
        finally:
            await face.stop()
        _check(anna, bo)
        return _summary(network, anna, bo)


def _check(anna: Anna, bo: Bo) -> None:
    if bo.fault is not None:
        raise DemoError(f"Bo's client failed: {bo.fault}")
    got = Counter(text.partition(" ")[2] for text in anna.of("message"))
    for who, seen, sent in (("Anna", got, _FROM_BO), ("Bo", Counter(bo.got), _FROM_ANNA)):
        if seen != Counter(sent):
            raise DemoError(f"{who} got {dict(seen)}, and was sent {sent}, each once")
    missing = {"login", "contact", "presence", "cost", "done"} - {step for step, _ in anna.lines}
    if missing or not bo.saw:
        raise DemoError(f"not seen: {', '.join(sorted(missing)) or 'presence at Bo'}")


def _summary(network: Network, anna: Anna, bo: Bo) -> Table:
    totals = network.journal.totals()
    cost = totals.pop("cost")
    copies = sum(row["deliveries"] > 1 for row in network.journal.rows())
    table = Table(title="What was shown", show_header=False)
    table.add_row("contacts", "each user added the other")
    table.add_row("presence", "seen by both")
    table.add_row("messages", f"{len(_FROM_ANNA) + len(_FROM_BO)}, each exactly once")
    table.add_row(
        "SMS",
        f"{sum(totals.values()):g}: {totals.get('lost', 0):g} lost, {copies} delivered twice",
    )
    sent, received, octets, _ = anna.of("cost")[0].split()
    table.add_row("Anna's board", f"sent {sent}, received {received}, {octets} octets")
    table.add_row("Bo", f"sent {bo.bearer.sent}, received {bo.bearer.received}")
    table.add_row("cost of all SMS", f"{cost:.2f}")
    for used, size in (line.split() for line in anna.of("heap")):
        table.add_row(
            "board's heap", f"{int(used):,} octets in use at the end, {int(size):,} in all"
        )
    return table


def demo_sms(
    heap: Annotated[str, typer.Option(help="Heap of the board's MicroPython.")] = "92K",
    seed: Annotated[int, typer.Option(help="Seed of the network's faults.")] = 1,
    loss: Annotated[float, typer.Option(help="Share of SMS that get lost.")] = 0.1,
    duplicate: Annotated[float, typer.Option(help="Share that arrives twice.")] = 0.05,
    reorder: Annotated[float, typer.Option(help="Share that is overtaken.")] = 0.1,
    speed: Annotated[float, typer.Option(help="Network seconds in a second.", min=1)] = 20,
) -> None:
    """Two users add each other, see presence and chat, over SMS alone.

    A client on MicroPython with a small heap and one on CPython, each with a virtual modem; a
    service centre that loses, repeats and reorders; a simulated IMPS service. Prints every SMS
    and its cost. Exit status 0 when every message has arrived exactly once.
    """
    console = Console(highlight=False)
    begin = time.monotonic()
    try:
        faults = Faults(
            seed=seed, loss=loss, duplicate=duplicate, reorder=reorder, delay=1, jitter=2
        )
        table = asyncio.run(_meet(console, faults, speed, heap))
    except (DemoError, ValueError, OSError) as error:
        typer.echo(f"microimps demo-sms: {str(error).rstrip()}", err=True)
        raise typer.Exit(1) from None
    table.add_row("time", f"{time.monotonic() - begin:.1f} s, at {speed:g} times the speed")
    console.print(table)
