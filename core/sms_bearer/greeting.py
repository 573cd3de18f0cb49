"""HELO: tells the service where notices to a session go; loaded by unasked.py."""

from ..cir import padded
from ..const import const
from .outgoing import dispatch
from .submit import Submit
from .text import encode

_CIR = const(3716)


def hello(b, s):
    """Flow: say HELO for session s over bearer b (transport.md section 5.1)."""
    out = Submit()
    out.open(b.cir, 0)
    out.element(5, 4, _CIR, _CIR)
    encode(out, padded(b"HELO " + s.id.encode()))
    yield from dispatch(b, out)
