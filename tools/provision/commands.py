"""`microimps provision`: settings on the command line."""

from __future__ import annotations

import dataclasses
import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from . import document, management, push
from .account import Account, ProvisionError, faults, named, services, warnings
from .reading import Found, read

provision = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Read, check and write the settings of an IMPS account.",
)

File = Annotated[
    str, typer.Argument(help="The settings in any form; - for standard input.", metavar="FILE")
]
Pin = Annotated[str, typer.Option(help="User PIN of the seal.")]
Imsi = Annotated[str, typer.Option(help="IMSI, the network PIN of the seal.")]


class Form(str, Enum):
    """What can be written."""

    xml = "xml"
    wbxml = "wbxml"
    tree = "tree"
    push = "push"


def _fail(text: str) -> typer.Exit:
    typer.echo(f"microimps provision: {text}", err=True)
    return typer.Exit(1)


def _read(file: str) -> Found:
    try:
        return read(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except ProvisionError as error:
        raise _fail(f"{file}: {error}") from None


def _trust(found: Found, pin: str, imsi: str) -> tuple[bool, str]:
    # whether the settings may be used unseen, and why
    if found.pushed is None:
        return True, ""
    try:
        right = push.sealed(found.pushed, pin, imsi)
    except ProvisionError as error:
        return False, f"{error}: look at the address before you use it"
    return right, "the seal is right" if right else "the seal is wrong: do not use these settings"


@provision.command()
def show(
    file: File,
    pin: Pin = "",
    imsi: Imsi = "",
    secret: Annotated[bool, typer.Option(help="Show passwords.")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print the accounts in a document, a management tree, a settings message or a WAP push."""
    found = _read(file)
    trust = _trust(found, pin, imsi)[1]
    if trust:
        typer.echo(trust, err=True)
    for account in found.accounts:
        told = account if secret or not account.password else _hidden(account)
        if json_lines:
            typer.echo(json.dumps(dataclasses.asdict(told)))
            continue
        typer.echo(told.name)
        for name, value in dataclasses.asdict(told).items():
            if value and name != "name":
                text = value if isinstance(value, str) else ", ".join(value)
                typer.echo(f"  {name:9} {text}")
    if not found.accounts:
        raise _fail(f"{file}: no account for IMPS (application wA) with an address")


def _hidden(account: Account) -> Account:
    return dataclasses.replace(account, password="********")


@provision.command()
def check(file: File, pin: Pin = "", imsi: Imsi = "") -> None:
    """Say what is wrong with settings; status 1 where a client cannot use them."""
    found = _read(file)
    trusted, why = _trust(found, pin, imsi)
    bad = not found.accounts or not trusted
    if not found.accounts:
        typer.echo("error: no account for IMPS (application wA) with an address")
    if why:
        typer.echo(f"{'note' if trusted else 'error'}: {why}")
    for account in found.accounts:
        for text in faults(account):
            typer.echo(f"error: {account.name}: {text}")
            bad = True
        for text in warnings(account, found.form):
            typer.echo(f"warning: {account.name}: {text}")
    if bad:
        raise typer.Exit(1)
    typer.echo(f"{len(found.accounts)} usable")


@provision.command()
def write(
    file: Annotated[
        str, typer.Argument(help="Settings to begin with; - for standard input.", metavar="FILE")
    ] = "",
    to: Annotated[Form, typer.Option("--to", help="Form to write.")] = Form.xml,
    name: Annotated[str | None, typer.Option(help="Name that the user sees.")] = None,
    url: Annotated[str | None, typer.Option(help="URL of the service.")] = None,
    user: Annotated[str | None, typer.Option(help="User ID.")] = None,
    password: Annotated[str | None, typer.Option(help="Password.")] = None,
    provider: Annotated[str | None, typer.Option(help="Identity of the operator.")] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="IM, PS or GR; may be repeated.")
    ] = None,
    media: Annotated[
        list[str] | None,
        typer.Option("--type", help="Media type that is accepted; may be repeated."),
    ] = None,
    pin: Pin = "",
    imsi: Imsi = "",
    output: Annotated[
        str, typer.Option("--output", "-o", help="File; - is standard output.")
    ] = "-",
) -> None:
    """Write settings, of options or of a file whose fields the options replace."""
    found = _read(file).accounts if file else [Account()]
    texts = {"name": name, "url": url, "user": user, "password": password, "provider": provider}
    given: dict[str, object] = {key: value for key, value in texts.items() if value is not None}
    if service:
        given["services"] = services(";".join(service))
    if media:
        given["types"] = tuple(media)
    accounts = named([dataclasses.replace(each, **given) for each in found])  # type: ignore[arg-type]
    bad = [f"{each.name}: {text}" for each in accounts for text in faults(each)]
    bad += [
        f"{each.name}: by SMS alone: give --url" for each in accounts if not each.url and not bad
    ]
    if bad or not accounts:
        raise _fail("; ".join(bad) or f"{file}: no account for IMPS")
    try:
        octets = _written(accounts, to, pin, imsi)
    except ProvisionError as error:
        raise _fail(str(error)) from None
    if output == "-":
        sys.stdout.buffer.write(octets)
    else:
        Path(output).write_bytes(octets)


def _written(accounts: list[Account], to: Form, pin: str, imsi: str) -> bytes:
    if to is Form.tree:
        return management.to_xml(management.build(accounts))
    root = document.build(accounts)
    if to is Form.xml:
        return document.to_xml(root)
    body = document.to_wbxml(root)
    if to is Form.wbxml:
        return body
    seal = None if not (pin or imsi) else 2 if pin and imsi else 1 if pin else 0
    return push.pack(body, seal, b"" if seal is None else push.key_of(seal, pin, imsi))
