"""`microimps chat`: the terminal client on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..provision import push
from ..provision.account import ProvisionError
from ..provision.reading import read
from . import accounts
from .accounts import AccountError


def _fail(text: str) -> typer.Exit:
    typer.echo(f"microimps chat: {text}", err=True)
    return typer.Exit(1)


def _take_in(folder: Path, file: Path, pin: str, imsi: str) -> list[str]:
    # the accounts of a settings document into the file; their names
    try:
        found = read(file.read_bytes())
    except ProvisionError as error:
        raise ProvisionError(f"{file}: {error}") from None
    if found.pushed is not None and not push.sealed(found.pushed, pin, imsi):
        raise ProvisionError("the seal is wrong: do not use these settings")
    new = [accounts.imported(each) for each in found.accounts]
    if not new:
        raise ProvisionError("no account for IMPS (application wA) with an address")
    names = [each.name for each in new]
    kept = [each for each in accounts.load(folder) if each.name not in names]
    accounts.save(folder, [*kept, *new])
    return names


def chat(
    account: Annotated[
        str, typer.Option("--account", "-a", help="Name of the account to use.")
    ] = "",
    folder: Annotated[
        Path | None, typer.Option(help="Where accounts and history are kept.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--import", help="Take accounts from a settings document first."),
    ] = None,
    pin: Annotated[str, typer.Option(help="User PIN of the document's seal.")] = "",
    imsi: Annotated[str, typer.Option(help="IMSI, the network PIN of the seal.")] = "",
) -> None:
    """Chat in the terminal, over HTTP or over a modem. F1 shows the keys."""
    where = folder or Path(typer.get_app_dir("microimps"))
    try:
        if settings:
            names = _take_in(where, settings, pin, imsi)
            typer.echo(f"taken in: {', '.join(names)}")
            account = account or names[0]
        known = [each.name for each in accounts.load(where)]
    except (AccountError, ProvisionError) as error:
        raise _fail(str(error)) from None
    if account and account not in known:
        listed = ", ".join(known) or "none yet"
        raise _fail(f"no account {account!r}; there is: {listed}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _fail("needs a terminal")
    from .app import Chat

    Chat(where, account).run()
