"""The self-test: every module is loaded on the board, and its client is refused by a service."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import fromstring

from ..join import parts
from ..message import Message, encode
from ..modules import Module
from ..tables import VERSIONS, table
from .board import UNFIT, WRONG, Board, FlashError
from .contents import Choice
from .settings import Settings

_REFUSAL = (
    '<WV-CSP-Message xmlns="{0}"><Session><SessionDescriptor><SessionType>Outband</SessionType>'
    "</SessionDescriptor><Transaction><TransactionDescriptor><TransactionMode>Response"
    "</TransactionMode><TransactionID>1</TransactionID></TransactionDescriptor>"
    '<TransactionContent xmlns="{1}"><Status><Result><Code>409</Code></Result></Status>'
    "</TransactionContent></Transaction></Session></WV-CSP-Message>"
)


def refusal(version: int, syntax: str) -> bytes:
    """The HTTP answer of a service that takes the password of the first request for wrong."""
    name = VERSIONS[version - 1]
    root = fromstring(_REFUSAL.replace("xmlns", "space").format(*table(name).namespaces))
    for element in root.iter():  # ElementTree would put the namespaces into the names
        if "space" in element.attrib:
            element.set("xmlns", element.attrib.pop("space"))
    body = encode(Message(root, name, syntax))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.wv.csp.{syntax}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def selftest(
    board: Board, found: Iterable[Module], home: str, choice: Choice, settings: Settings | None
) -> int:
    """Octets of heap that are free beside a client, 0 where none could be made.

    The exchange is tried over HTTP only; over the others the client is made. Raises FlashError
    when something is wrong.
    """
    bearer = settings.bearer if settings else choice.bearers[0]
    version = settings.version if settings else 2
    syntax = settings.syntax if settings else choice.syntax
    board.reset()
    free, wrong = board.run(
        "selftest",
        "testing the client",
        # all that have a file of their own there
        names=sorted(module.name for module in found if choice.debug or parts(module)),
        home=home,
        settings=settings is not None,
        syntax=syntax,
        answer=refusal(version, syntax) if bearer == "http" else b"",
    )
    if wrong.startswith("memory: "):
        raise FlashError(
            f"{wrong[8:]}: choose fewer features (--without), or a board with more memory", UNFIT
        )
    if wrong:
        raise FlashError(f"the self-test failed: {wrong}", WRONG)
    return int(free)
