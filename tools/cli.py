"""The `microimps` command. Each tool is imported when it is run, not before."""

from __future__ import annotations

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
    "decode": ("decode.commands:decode", "Turn any IMPS message into readable XML, or back."),
    "demo": ("demo.commands:demo", "Run the service and two clients, one on MicroPython."),
    "demo-sms": (
        "demo.sms:demo_sms",
        "The same over SMS alone, on a network that loses messages.",
    ),
    "footprint": (
        "footprint.commands:footprint",
        "Measure flash, heap and garbage.",
    ),
    "gsm": ("gsm.commands:gsm", "Run a simulated GSM network with modems on ptys."),
    "sim": ("sim.commands:sim", "Run the simulated IMPS service."),
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


class Tools(TyperGroup):
    """A group that knows its commands' help without importing them."""

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
