"""What the SMS bearer sends: a message in parts, and HELO; loaded by bearer.py."""

from ..cir import padded
from ..const import const
from ..errors import PeerError
from .segment import plan
from .text import encode

_ROOM = const(133)  # octets of an SMS behind the ports: transport.md section 3
_CIR = const(3716)
_LATER = const(225)  # the network refuses a message for now; args[2]: seconds to wait
_UNKNOWN = const(226)  # a message may have been sent or not


def message(b, s):
    """Flow: the session's message, in as many parts as it takes; see SmsBearer.exchange."""
    w = s.w
    w.window(0, 10)
    s.write()
    length = w.at
    size = w.buf.find(b" ", 0, min(10, length))
    most, n = plan(size, length, _ROOM)
    low = size + 1
    for k in range(n):
        b.out.open(b.service)
        b.out.element(5, 4, b.data, b.data)
        if n > 1:
            _copy(b, s, 0, size)
            b.out.write(bytes((97 + k, 96 + n, 32)))
            _copy(b, s, low, min(most, length - low))
            low += most
        else:
            _copy(b, s, 0, length)
        yield from _send(b)


def _copy(b, s, low, n):
    # octets of the session's message, which is written anew for each window
    w = s.w
    while n > 0:
        size = min(n, len(w.buf))
        w.window(low, size)
        s.write()
        b.out.write(memoryview(w.buf)[:size])
        low += size
        n -= size


def hello(b, s):
    """Flow: tell the service where notices to this session go (transport.md section 5.1)."""
    b.out.open(b.cir, 0)
    b.out.element(5, 4, _CIR, _CIR)
    encode(b.out, padded(b"HELO " + s.id.encode()))
    yield from _send(b)


def _send(b):
    # the far end drops what comes twice, so a part of which nothing is known is sent again
    left = b.tries
    while True:
        left -= 1
        b.sent += 1
        b.octets += b.out.pos - b.out.start
        try:
            yield from b.modem.send(b.out)
            return
        except PeerError as error:
            code = error.args[0]
            if not left or code != _LATER and code != _UNKNOWN:
                raise
            if code == _LATER:
                yield from b.io.wait(error.args[2] * 1000, 0)
