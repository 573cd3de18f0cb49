"""Messages to octets, and to the short messages that carry them."""

from __future__ import annotations

from microimps.errors import LocalError
from microimps.pts import head
from microimps.sms_bearer.segment import plan
from microimps.sms_bearer.submit import Submit
from microimps.status import explain

from ..message import EncodeError, Message, encode

_ROOM = 133  # octets of a short message behind its ports: transport.md section 3


def octets(message: Message, syntax: str, extension: bool = False) -> bytes:
    """The message in another syntax. Raises EncodeError for one that cannot carry it."""
    message.syntax = syntax
    message.extension |= extension
    return encode(message)


def pdus(text: bytes, recipient: str, port: int) -> list[str]:
    """SUBMIT PDUs, in hex digits, that carry a message in PTS to a number and port.

    Raises EncodeError for a number that is none, and for more than 26 parts.
    """
    size = head(text, 0, min(len(text), 12)) & 15
    try:
        most, count = plan(size, len(text), _ROOM)
        out = []
        for k in range(count):
            begin = size + 1 + k * most
            slice_ = text[begin : begin + most] if count > 1 else text
            letters = bytes((97 + k, 96 + count, 32)) if count > 1 else b""
            out.append(_submit(text[:size] * (count > 1) + letters + slice_, recipient, port))
    except LocalError as error:
        raise EncodeError(explain(error)) from None
    return out


def _submit(body: bytes, recipient: str, port: int) -> str:
    submit = Submit()
    submit.open(recipient)
    submit.element(5, 4, port, port)
    submit.write(body)
    submit.close()
    digits = bytearray(2 * len(submit.buf))
    return digits[: submit.hex(digits)].decode()
