"""`microimps sim`: the service on the command line."""

from __future__ import annotations

import dataclasses
import json
import logging
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .config import Account, Config, ConfigError, Limits, load
from .exchange import Record
from .server import Running
from .sms_option import WAYS, shown

DEFAULT_PORT = 8080
DEFAULT_CIR_PORT = 3171


class Presence(str, Enum):
    """Who sees the presence of a user who settled nothing for them."""

    everybody = "everybody"
    ask = "ask"
    nobody = "nobody"


class Challenge(str, Enum):
    """Code of the answer that carries a nonce."""

    c401 = "401"
    c200 = "200"


def sim(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="TOML file with users and settings; options override it.",
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    public_host: Annotated[
        str | None,
        typer.Option(
            help="Name or address that clients are told for CIR, where it differs.",
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="HTTP port, 0 for any free one.", min=0, max=65535)
    ] = None,
    cir_port: Annotated[
        int | None,
        typer.Option(
            help="TCP CIR port, 0 for any free one, -1 for no TCP CIR.",
            min=-1,
            max=65535,
        ),
    ] = None,
    sms: Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            help="Serve SMS too: "
            + WAYS
            + "; the last is a network of its own with these modems.",
        ),
    ] = None,
    sms_number: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Number of the service for SMS.")
    ] = None,
    sms_profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Profile of the service's own modem.")
    ] = None,
    sms_pin: Annotated[
        str | None, typer.Option(metavar="PIN", help="PIN of the service's own modem.")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Home domain of the users.")] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="SQLite file, or a database URL of SQLAlchemy; in memory without it.",
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:PASSWORD",
            help="Add a user; may be repeated.",
        ),
    ] = None,
    contacts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USER=N",
            help="Give a user a list `friends` of N contacts; may be repeated.",
        ),
    ] = None,
    register: Annotated[
        bool | None,
        typer.Option(
            "--register/--no-register",
            help="Make unknown users at their first login.",
        ),
    ] = None,
    digest_only: Annotated[
        bool | None,
        typer.Option(
            "--digest-only/--plain",
            help="Refuse plain passwords.",
        ),
    ] = None,
    challenge: Annotated[
        Challenge | None,
        typer.Option(
            help="Code of the answer to the first phase of a 4-way login.",
        ),
    ] = None,
    network_authenticated: Annotated[
        bool | None,
        typer.Option(
            "--network-authenticated/--no-network-authenticated",
            help="Take the first phase of a 4-way login of a known user as a login.",
        ),
    ] = None,
    presence: Annotated[
        Presence | None,
        typer.Option(
            help="Who sees the presence of a user who settled nothing for them.",
        ),
    ] = None,
    versions: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Versions to speak, such as 1.1,1.2.",
        ),
    ] = None,
    withhold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LEAF",
            help="Do not offer this leaf of the service tree, such as GETLM; may be repeated.",
        ),
    ] = None,
    latency: Annotated[float | None, typer.Option(help="Seconds until an answer is sent.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[:PRIMITIVE[:COUNT]]",
            help="Break answers: close, drop, cut, stall or an HTTP status; COUNT 0 is for ever; "
            "may be repeated.",
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N",
            help="Change a limit, such as contacts=500; may be repeated.",
        ),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="One line for each transaction.",
        ),
    ] = False,
    json_lines: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON object a line on standard output instead of text.",
        ),
    ] = False,
) -> None:
    """Run the simulated IMPS service until interrupted."""
    options: dict[str, Any] = {
        "host": host,
        "public_host": public_host,
        "port": port,
        "sms": sms,
        "sms_number": sms_number,
        "sms_profile": sms_profile,
        "sms_pin": sms_pin,
        "domain": domain,
        "database": _database(database),
        "register": register,
        "digest_only": digest_only,
        "network_authenticated": network_authenticated,
        "latency": latency,
        "presence": presence and presence.value,
        "challenge_code": challenge and int(challenge.value),
        "versions": versions and tuple(each.strip() for each in versions.split(",")),
        "withhold": withhold and frozenset(withhold),
        "faults": fault and tuple(fault),
    }
    console = Console(highlight=False)
    try:
        settings = load(config) if config else Config(port=DEFAULT_PORT, cir_port=DEFAULT_CIR_PORT)
        given = {name: value for name, value in options.items() if value is not None}
        given.update(_additions(settings, user or [], contacts or [], limit or []))
        if cir_port is not None:
            given["cir_port"] = None if cir_port < 0 else cir_port
        running = Running(dataclasses.replace(settings, **given))
    except ConfigError as error:
        typer.echo(f"microimps sim: {error}", err=True)
        raise typer.Exit(1) from None
    if json_lines:
        running.service.on_record = lambda record: _print_json(console, record)
    elif verbose:
        running.service.on_record = lambda record: _print_line(console, record)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    running.run(lambda ready: _announce(console, ready, json_lines))


def _database(given: str | None) -> str | None:
    return given if given is None or "://" in given else f"sqlite:///{given}"


def _pairs(option: str, texts: list[str], separator: str) -> list[tuple[str, str]]:
    pairs = [
        text.rpartition(separator) if separator == "=" else text.partition(separator)
        for text in texts
    ]
    for (left, found, right), text in zip(pairs, texts, strict=True):
        if not (left and found and right):
            raise ConfigError(f"{option} {text!r}: two parts with {separator!r} between them")
    return [(left, right) for left, _, right in pairs]


def _numbers(option: str, texts: list[str]) -> dict[str, int]:
    pairs = _pairs(option, texts, "=")
    for _, value in pairs:
        if not value.isdigit():
            raise ConfigError(f"{option}: {value!r} is not a number")
    return {name: int(value) for name, value in pairs}


def _additions(
    settings: Config, users: list[str], contacts: list[str], limits: list[str]
) -> dict[str, Any]:
    accounts = [Account(name, word) for name, word in _pairs("--user", users, ":")]
    plain: dict[str, Any] = _numbers("--limit", limits)
    known = {each.name for each in dataclasses.fields(Limits)} - {"keep_alive"}
    if set(plain) - known:
        wrong = ", ".join(sorted(set(plain) - known))
        raise ConfigError(f"--limit {wrong}: choose from {', '.join(sorted(known))}")
    return {
        "users": (*settings.users, *accounts),
        "contacts": {**settings.contacts, **_numbers("--contacts", contacts)},
        "limits": dataclasses.replace(settings.limits, **plain),
    }


def _announce(console: Console, running: Running, json_lines: bool) -> None:
    config = running.service.config
    if json_lines:
        ready: dict[str, Any] = {
            "url": running.url,
            "cir_port": running.cir_port,
            "domain": config.domain,
        }
        if running.carrier:
            ready["sms"] = {"number": config.sms_number, "modems": _devices(running)}
        console.print_json(json.dumps({"ready": ready}), indent=None)
        return
    cir = f"TCP CIR on port {running.cir_port}" if running.cir_port else "no TCP CIR"
    service = f"[bold]IMPS service for {config.domain}[/]"
    console.print(f"{service} at {running.url}, {cir}", soft_wrap=True)
    if running.carrier:
        console.print(f"SMS to {config.sms_number}, through {shown(config.sms)}", soft_wrap=True)
    for number, device in _devices(running).items():
        console.print(f"modem {number} at {device}", soft_wrap=True)
    console.print("Ctrl-C stops it.", style="dim")


def _devices(running: Running) -> dict[str, str]:
    return getattr(running.carrier, "devices", {})


def _print_json(console: Console, record: Record) -> None:
    console.print_json(json.dumps(dataclasses.asdict(record)), indent=None)


def _print_line(console: Console, record: Record) -> None:
    at = datetime.fromtimestamp(record.time).strftime("%H:%M:%S")
    good = record.code in (0, 200, 201)
    code = f" [{'green' if good else 'red'}]{record.code}[/]" if record.code else ""
    console.print(
        f"[dim]{at}[/] {record.user or '-':24} {record.request or '?'} [dim]->[/] "
        f"{record.answer or 'nothing'}{code} [dim]{record.received}/{record.sent} octets, "
        f"{record.syntax} {record.version}[/]",
        soft_wrap=True,
    )
