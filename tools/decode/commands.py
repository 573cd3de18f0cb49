"""The command line of `microimps decode`."""

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated
from xml.etree.ElementTree import indent

import typer

from ..message import DecodeError, EncodeError, encode, tidy
from ..message import decode as decode_message


class Syntax(str, Enum):
    """A syntax of CSP."""

    wbxml = "wbxml"
    xml = "xml"
    pts = "pts"


class Version(str, Enum):
    """A version of CSP."""

    v11 = "1.1"
    v12 = "1.2"
    v13 = "1.3"


def decode(
    file: Annotated[str, typer.Argument(help="The message; - for standard input.")],
    to: Annotated[Syntax, typer.Option("--to", help="Syntax to write.")] = Syntax.xml,
    source: Annotated[
        Syntax | None,
        typer.Option("--from", help="Syntax to read; recognised by content if not given."),
    ] = None,
    version: Annotated[
        Version | None,
        typer.Option(help="CSP version of a message that does not name its own (else 1.1)."),
    ] = None,
    profile: Annotated[
        bool,
        typer.Option(
            help="Write the recommended profile of what stands there, octet for octet. Without it "
            "blanks around numbers, identifiers and words, as in pretty-printed XML, are left out."
        ),
    ] = False,
    extension: Annotated[
        bool, typer.Option(help="Write PTS with the private codes of docs/pts-extension.md.")
    ] = False,
    indented: Annotated[bool, typer.Option("--indent", help="Indent XML for reading.")] = False,
) -> None:
    """Turn an IMPS message into readable XML, or into WBXML or PTS, on standard output.

    A message that cannot be read or written ends with status 1 and one line on standard error:
    the error, and the octet of the message where it shows.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        message = decode_message(
            data, version and version.value, source and source.value, verbatim=True
        )
        if not profile:
            tidy(message.root)
        message.syntax = to.value
        message.extension |= extension
        if indented:
            indent(message.root)  # blanks between elements: WBXML leaves them out
        output = encode(message)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except (DecodeError, EncodeError) as error:
        fail(f"{file}: {error}")
    if to is Syntax.xml:
        output = output.replace(b"?>", b"?>\n", 1) + b"\n"
    sys.stdout.buffer.write(output)


def fail(text: str) -> None:
    """Say why on standard error, in one line, and end with status 1."""
    typer.echo(f"microimps decode: {text}", err=True)
    raise typer.Exit(1)
