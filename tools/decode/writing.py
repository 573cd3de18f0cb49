"""Messages to octets, and to the short messages that carry them."""

from __future__ import annotations

from microimps.errors import LocalError
from microimps.sms_bearer.submit import Submit
from microimps.status import explain

from ..message import EncodeError, Message, encode


def octets(message: Message, syntax: str, extension: bool = False) -> bytes:
    """The message in another syntax. Raises EncodeError for one that cannot carry it."""
    message.syntax = syntax
    message.extension |= extension
    return encode(message)


def pdus(text: bytes, recipient: str, port: int) -> list[str]:
    """SUBMIT PDUs, in hex digits, that carry a message in PTS to a number and port.

    Raises EncodeError for a number that is none, and for more than 26 parts.
    """
    from ..sim.sms import split

    try:
        return [_submit(part, recipient, port) for part in split(text)]
    except LocalError as error:
        raise EncodeError(explain(error)) from None


def _submit(body: bytes, recipient: str, port: int) -> str:
    submit = Submit()
    submit.open(recipient)
    submit.element(5, 4, port, port)
    submit.write(body)
    submit.close()
    digits = bytearray(2 * len(submit.buf))
    return digits[: submit.hex(digits)].decode()
