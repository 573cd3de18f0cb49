"""What the SMS bearer sends, a message in parts; loaded by bearer.py for each."""

from ..const import const
from ..errors import PeerError
from .segment import plan
from .submit import Submit

_ROOM = const(133)  # octets of an SMS behind the ports: transport.md section 3
_LATER = const(225)  # the network refuses a message for now; args[2]: seconds to wait
_UNKNOWN = const(226)  # a message may have been sent or not


def message(b, s):
    """Flow: the session's message, in as many parts as it takes; see SmsBearer.exchange."""
    out = Submit()
    out.flags = b.flags
    told = None
    k = 0
    while not told or k < told[0]:
        if k:
            b.forget()  # either what writes is in memory or what sends
        told = _part(b, s, out, k, told)
        b.forget()
        yield from dispatch(b, out)
        k += 1


def _part(b, s, out, k, told):
    # makes ``out`` part k of the message; told: what it returns, None for the first: how many
    # there are, octets of text in each, of the preamble, and of all
    w = s.w.writer()
    if not told:
        w.window(0, 10)
        s.write(w)
        size = w.buf.find(b" ", 0, min(10, w.at))
        most, n = plan(size, w.at, _ROOM)
        told = n, most, size, w.at
    n, most, size, length = told
    out.open(b.service)
    out.element(5, 4, b.data, b.data)
    if n > 1:
        _copy(out, s, w, 0, size)
        out.write(bytes((97 + k, 96 + n, 32)))
        low = size + 1 + k * most
        _copy(out, s, w, low, min(most, length - low))
    else:
        _copy(out, s, w, 0, length)
    return told


def _copy(out, s, w, low, n):
    # octets of the session's message, which is written anew for each window
    while n > 0:
        size = min(n, len(w.buf))
        w.window(low, size)
        s.write(w)
        out.write(memoryview(w.buf)[:size])
        low += size
        n -= size


def dispatch(b, out):
    """Flow: send a part. The far end drops what comes twice, so a part of which nothing is known
    is sent again."""
    left = b.tries
    while True:
        left -= 1
        b.sent += 1
        b.octets += out.pos - out.start
        try:
            yield from b.modem.send(out)
            return
        except PeerError as error:
            code = error.args[0]
            if not left or code != _LATER and code != _UNKNOWN:
                raise
            if code == _LATER:
                yield from b.io.wait(error.args[2] * 1000, 0)
