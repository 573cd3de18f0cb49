"""`microimps gsm`: a simulated GSM network from the command line."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .families import FAMILIES
from .faults import Faults
from .journal import Hop
from .net import Network
from .rewriting import Rewriting
from .settings import Settings

_NUMBERS = ("+447700900001", "+447700900002")
_COLOURS = {
    "delivered": "green",
    "lost": "red",
    "expired": "red",
    "undeliverable": "red",
    "refused": "yellow",
    "throttled": "yellow",
    "copied": "magenta",
}
_TABLES = {"faults", "rewriting", "modem", "smpp", "uplink"}
_VALUES = {"speed", "journal", "price", "service_centre", "retries"}


class ConfigError(Exception):
    """A configuration that cannot be used; the text says why."""


def gsm(
    config: Annotated[Optional[Path], typer.Option(help="TOML file; options override it.")] = None,
    modem: Annotated[
        Optional[list[str]],
        typer.Option(help="NUMBER or NUMBER:FAMILY; may be repeated. " + ", ".join(FAMILIES)),
    ] = None,
    link: Annotated[
        Optional[Path], typer.Option(help="Directory for names of the ptys: modem-NUMBER.")
    ] = None,
    seed: Annotated[Optional[int], typer.Option(help="Seed of all faults.")] = None,
    loss: Annotated[Optional[float], typer.Option(help="Share of messages lost, 0 to 1.")] = None,
    duplicate: Annotated[
        Optional[float], typer.Option(help="Share of messages that come twice.")
    ] = None,
    reorder: Annotated[
        Optional[float], typer.Option(help="Share of messages held back and overtaken.")
    ] = None,
    delay: Annotated[
        Optional[float], typer.Option(help="Seconds from sender to recipient.")
    ] = None,
    jitter: Annotated[Optional[float], typer.Option(help="Seconds more, at random.")] = None,
    speed: Annotated[
        Optional[float], typer.Option(help="How much faster than the clock the network runs.")
    ] = None,
    price: Annotated[Optional[float], typer.Option(help="Cost of one message.")] = None,
    journal: Annotated[
        Optional[Path], typer.Option(help="SQLite file for every message and its hops.")
    ] = None,
    smpp: Annotated[
        Optional[int],
        typer.Option(help="Port on which gateways bind over SMPP 3.4.", min=1, max=65535),
    ] = None,
    quiet: Annotated[bool, typer.Option(help="Do not print each message.")] = False,
) -> None:
    """Run a simulated GSM network: virtual modems on ptys, a service centre, SMPP.

    Without modems in the configuration there are two of them. Ends on Ctrl-C.
    """
    console = Console()
    try:
        table = _read(config) if config else {}
        faults = {"seed": seed, "loss": loss, "duplicate": duplicate, "reorder": reorder}
        faults.update(delay=delay, jitter=jitter)
        top = {"speed": speed, "price": price, "journal": journal and str(journal)}
        table.update({name: value for name, value in top.items() if value is not None})
        chosen = {name: value for name, value in faults.items() if value is not None}
        table["faults"] = table.get("faults", {}) | chosen
        if modem or not table.get("modem"):
            table["modem"] = [_modem(text, link) for text in modem or _NUMBERS]
        if smpp is not None:
            table["smpp"] = table.get("smpp", {}) | {"port": smpp}
        asyncio.run(_run(table, console, quiet))
    except ModuleNotFoundError as missing:
        typer.echo(f"gsm needs {missing.name}: pip install 'microimps[tools]'", err=True)
        raise typer.Exit(1) from None
    except (ConfigError, ValueError, TypeError) as error:
        typer.echo(f"microimps gsm: {error}", err=True)
        raise typer.Exit(1) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib  # type: ignore[no-redef]
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8: give a TOML file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    unknown = table.keys() - _TABLES - _VALUES
    if unknown:
        known = ", ".join(sorted(_TABLES | _VALUES))
        raise ConfigError(f"{path}: unknown key {', '.join(sorted(unknown))}; known: {known}")
    return table


def _modem(text: str, link: Path | None) -> dict[str, Any]:
    number, _, family = text.partition(":")
    if not number.lstrip("+").isdigit():
        raise ConfigError(f"--modem {text!r}: {number!r} is no telephone number")
    modem = {"number": number, "family": family or "generic"}
    if link is not None:
        link.mkdir(parents=True, exist_ok=True)
        modem["link"] = str(link / f"modem-{number.lstrip('+')}")
    return modem


def _make(kind: Callable[..., Any], table: dict[str, Any], name: str) -> Any:
    known = {f.name for f in dataclasses.fields(kind) if f.init}  # type: ignore[arg-type]
    unknown = table.keys() - known
    if unknown:
        raise ConfigError(
            f"[{name}] has no {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    return kind(**table)


async def build(table: dict[str, Any]) -> Network:
    """The network that a configuration describes; raises ConfigError, ValueError or OSError."""
    rewriting = dict(table.get("rewriting", {}))
    if "dcs_map" in rewriting:  # TOML keys are text
        rewriting["dcs_map"] = {int(k, 0): v for k, v in rewriting["dcs_map"].items()}
    network = Network(
        _make(Faults, table.get("faults", {}), "faults"),
        _make(Rewriting, rewriting, "rewriting"),
        **{name: table[name] for name in _VALUES & table.keys()},
    )
    try:
        for entry in table.get("modem", []):
            await _add_modem(network, dict(entry))
        if "smpp" in table:
            await network.serve_smpp(**table["smpp"])
        if "uplink" in table:
            network.connect_smpp(**table["uplink"])
    except BaseException:
        await network.close()
        raise
    return network


async def _add_modem(network: Network, entry: dict[str, Any]) -> None:
    if "number" not in entry:
        raise ConfigError("[[modem]] needs a number")
    settings = Settings.from_table(entry.pop("settings", {}))
    number, kind = entry.pop("number"), entry.pop("family", "generic")
    await network.add_modem(number, kind, settings, **entry)


async def _run(table: dict[str, Any], console: Console, quiet: bool) -> None:
    network = await build(table)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        console.print(_modems(network))
        if "smpp" in table:
            console.print(f"SMPP 3.4 on port {table['smpp']['port']}")
        if not quiet:
            network.journal.listeners.append(lambda hop: console.print(_line(hop)))
        await stop.wait()
        console.print(_totals(network))
    finally:
        await network.close()


def _modems(network: Network) -> Table:
    table = Table("number", "family", "device", title="modems")
    for number, modem in network.modems.items():
        names = [str(getattr(e, "link", None) or e.name) for e in modem.endpoints]
        table.add_row(number, modem.family.name, "\n".join(names))
    return table


def _line(hop: Hop) -> Text:
    """One line of live traffic."""
    message = hop.message
    what = f"{message.sender} > {message.destination}"
    if message.ports:
        what += f" port {message.ports[0]}"
    if message.part:
        _, total, part = message.part
        what += f" part {part}/{total}"
    time = datetime.fromtimestamp(hop.time, timezone.utc)
    octets = len(message.user_data()[1])
    line = Text(f"{time:%H:%M:%S} #{message.id:<4} {what}, {octets} octets: ")
    line.append(hop.name, _COLOURS.get(hop.name, "cyan"))
    if hop.kind == "report":
        line.append(" (status report)")
    if hop.cost:
        line.append(f", cost {hop.cost:g}")
    if hop.detail:
        line.append(f", {hop.detail}")
    return line


def _totals(network: Network) -> Table:
    table = Table("state", "messages", title="totals")
    totals = network.journal.totals()
    cost = totals.pop("cost")
    for state, count in sorted(totals.items()):
        table.add_row(state, f"{count:g}")
    table.add_row("cost", f"{cost:g}", style="bold")
    return table
