"""The `microimps` command. Each tool is imported when it is run, not before."""

from __future__ import annotations

import errno
import importlib
from importlib.metadata import version
from typing import Any

try:
    import typer
    from typer.core import TyperCommand, TyperGroup
    from typer.main import get_command
except ImportError as missing:
    raise SystemExit(
        f"microimps: {missing.name} is not installed; the command line and its tools come with\n"
        "    pip install 'microimps[tools]'"
    ) from None

# Name -> (module below microimps.tools and its function or Typer app, one line of help).
TOOLS = {
    "chat": ("chat.commands:chat", "Chat in the terminal, over HTTP or over a modem."),
    "decode": (
        "decode.commands:decode",
        "Show what is in a message, an SMS, a push, a log, a capture.",
    ),
    "demo": ("demo.commands:demo", "Run the service and two clients, one on MicroPython."),
    "demo-sms": (
        "demo.sms:demo_sms",
        "The same over SMS alone, on a network that loses messages.",
    ),
    "doctor": ("doctor.commands:doctor", "Check a set-up and say what to do about it."),
    "flash": ("flash.commands:flash", "Put the client on a MicroPython board."),
    "footprint": (
        "footprint.commands:footprint",
        "Measure flash, heap and garbage.",
    ),
    "gsm": ("gsm.commands:gsm", "Run a simulated GSM network with modems on ptys."),
    "provision": (
        "provision.commands:provision",
        "Read, check and write the settings of an account.",
    ),
    "sim": ("sim.commands:sim", "Run the simulated IMPS service."),
    "trial": ("trial.commands:trial", "Run a field trial over SMS, and report on it."),
}

EPILOG = (
    "Exit status: 0 done; 1 the tool failed, with one line on standard error that says why; "
    "2 wrong usage; 130 interrupted."
)


def load(name: str) -> Any:
    """Import the tool `name`; where a package that it needs is missing, name the cure, exit 1."""
    where, function = TOOLS[name][0].split(":")
    try:
        target = getattr(importlib.import_module(f"{__package__}.{where}"), function)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("microimps"):
            raise
        typer.echo(f"{name} needs {missing.name}: pip install 'microimps[tools]'", err=True)
        raise typer.Exit(1) from None
    if isinstance(target, typer.Typer):
        tool = target
    else:
        tool = typer.Typer(add_completion=False)
        tool.command(name)(target)
    return get_command(tool)


def reason(error: OSError) -> str:
    """What the system says, behind the name of the file, device or address it is about."""
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename else text


class Tools(TyperGroup):
    """A group that knows its commands' help without importing them.

    What a tool does not explain itself, a file or port that cannot be used, is one line here.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader has seen enough, as with `| head`
                raise
            typer.echo(f"microimps {ctx.invoked_subcommand}: {reason(error)}", err=True)
            raise typer.Exit(1) from None

    def list_commands(self, ctx: Any) -> list[str]:
        return list(TOOLS)

    def get_command(self, ctx: Any, name: str) -> Any:
        return TyperCommand(name, help=TOOLS[name][1]) if name in TOOLS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


app = typer.Typer(
    cls=Tools, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="rich", add_completion=True
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"microimps {version('microimps')}")
        raise typer.Exit


@app.callback()
def main(
    show: bool = typer.Option(
        False, "--version", help="Print the version and exit.", callback=_version, is_eager=True
    ),
) -> None:
    """Tools around microimps, the OMA IMPS client for MicroPython and CPython."""
