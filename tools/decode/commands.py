"""The command line of `microimps decode`."""

import base64
import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated
from xml.etree.ElementTree import indent

import typer

from ..message import DecodeError, EncodeError, Message
from .layers import faults, lines, messages, plain
from .reading import FORMATS, Reader
from .writing import octets, pdus


class Form(str, Enum):
    """What can be written."""

    text = "text"
    json = "json"
    xml = "xml"
    wbxml = "wbxml"
    pts = "pts"
    pdu = "pdu"


# What a terminal would obey instead of showing it.
_UNSEEN = {n: f"\\x{n:02x}" for n in (*range(9), *range(11, 32), *range(127, 160))}

Format = Enum("Format", {name: name for name in FORMATS}, type=str)  # type: ignore[misc]


class Version(str, Enum):
    """A version of CSP."""

    v11 = "1.1"
    v12 = "1.2"
    v13 = "1.3"


class Spelling(str, Enum):
    """How octets are printed."""

    raw = "raw"
    hex = "hex"
    base64 = "base64"


def decode(
    file: Annotated[str, typer.Argument(help="The input; - for standard input.", metavar="FILE")],
    to: Annotated[
        Form | None,
        typer.Option(
            "--to",
            help="What to write: text or JSON of all layers, or the messages themselves in a "
            "syntax; pdu for the short messages that carry them. By default XML of a message "
            "that stands alone, else text.",
        ),
    ] = None,
    source: Annotated[
        Format | None,
        typer.Option("--from", help="What the input is; recognised by content if not given."),
    ] = None,
    version: Annotated[
        Version | None,
        typer.Option(help="CSP version of a message that does not name its own (else 1.1)."),
    ] = None,
    spelling: Annotated[
        Spelling, typer.Option("--as", help="How WBXML and PTS are printed.")
    ] = Spelling.raw,
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
    recipient: Annotated[str, typer.Option(help="Number that PDUs go to.")] = "+15550100",
    port: Annotated[int, typer.Option(help="Port that PDUs go to.", min=0, max=65535)] = 3590,
) -> None:
    """Turn anything of IMPS into readable text, and messages into another syntax.

    Reads CSP messages in WBXML, XML and PTS; SMS PDUs with what they carry, in parts too; WSP
    pushes, requests and replies; client provisioning; logs of AT commands; packet captures. As
    they are, in hex digits, as a hex dump, or in Base64.

    What cannot be read or written ends with status 1 and one line on standard error: the fault,
    and the octet where it shows. Of several things in one input the others are still shown.
    """
    reader = Reader(version and version.value, profile=profile)
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        found = reader.read(data, source and source.value)
        bare = len(found) == 1 and found[0].message is not None
        to = to or (Form.xml if bare else Form.text)
        if to in (Form.text, Form.json):
            if to is Form.text:
                text = "\n".join(lines(found)).translate(_UNSEEN)
            else:
                text = json.dumps(plain(found), indent=1)
            sys.stdout.buffer.write(text.encode() + b"\n")
        else:
            all_ = list(messages(found))
            if not all_:
                fail(f"{file}: no CSP message in it that could be written; see --to text")
            for message in all_:
                if indented:
                    indent(message.root)  # blanks between elements: WBXML leaves them out
                output = written(message, to, extension, recipient, port)
                sys.stdout.buffer.write(spelt(output, to, spelling, len(all_) > 1))
    except (DecodeError, EncodeError) as error:
        fail(f"{file}: {error}")
    bad = list(faults(found))
    if bad:
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        fail(f"{file}: {bad[0]}{more}")


def written(message: Message, to: Form, extension: bool, recipient: str, port: int) -> bytes:
    """The message as `to` says. Raises EncodeError."""
    if to is Form.pdu:
        text = octets(message, "pts", extension)
        return "".join(line + "\n" for line in pdus(text, recipient, port)).encode()
    output = octets(message, to.value, extension)
    return output.replace(b"?>", b"?>\n", 1) + b"\n" if to is Form.xml else output


def spelt(output: bytes, to: Form, spelling: Spelling, several: bool) -> bytes:
    """Octets as they are to be printed, each message on a line of its own where it is text."""
    if to in (Form.xml, Form.pdu):
        return output
    if spelling is Spelling.hex:
        return output.hex().encode() + b"\n"
    if spelling is Spelling.base64:
        return base64.b64encode(output) + b"\n"
    return output + b"\n" if several and to is Form.pts else output


def fail(text: str) -> None:
    """Say why on standard error, in one line, and end with status 1."""
    typer.echo(f"microimps decode: {text}", err=True)
    raise typer.Exit(1)
