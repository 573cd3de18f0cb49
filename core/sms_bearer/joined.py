"""Reads a message whose parts are all there, part after part, into a reader: pts.md section 7."""

from ..const import const
from ..errors import PeerError
from ..pts import head
from .incoming import sort

POOL = const(0x4000)  # slots from here on are buffers of the bearer

_TRUNCATED = const(1)
_PART = const(2)


def fill(b, r):
    """Flow: more of bearer b's current message into the reader; see SmsBearer.fill."""
    if b.at == b.stop:
        yield from _load(b, b.current.slots[b.part])
        b.part += 1
    room = r.room()
    n = min(len(room), (b.gap if b.at < b.gap else b.stop) - b.at)
    room[:n] = memoryview(b.buf)[b.at : b.at + n]
    r.feed(n)
    b.got += n
    b.at += n
    if b.at == b.gap:
        b.at += 2
    b.over = b.at == b.stop and b.part == len(b.current.slots)


def _load(b, slot):
    # the part in a slot: its octets from ``at`` to ``stop``, without the letters at ``gap``
    at = b.gap = 0
    if slot >= POOL:
        b.buf = b.pool[slot - POOL]
        b.stop = b.held[slot - POOL]
    else:
        pdu = b.modem.pdu
        if b.loaded != slot:
            b.loaded = slot
            kind = yield from b.modem.read(slot)
            if kind or sort(b, pdu) != _PART:
                raise PeerError(_TRUNCATED)
        b.buf = pdu.buf
        b.stop = pdu.stop
        at = pdu.start
    found = head(b.buf, at, b.stop)
    if found >> 4 & 31 != b.part:
        raise PeerError(_TRUNCATED)
    if b.part:
        at += (found & 15) + 3
    elif found & 0x4000:
        b.gap = at + (found & 15)
    b.at = at
