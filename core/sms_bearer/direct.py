"""What the modem hands over without storing it; loaded by bearer.py when that happens."""

from ..const import const
from .incoming import sort
from .joined import POOL

_OTHER = const(0)
_PART = const(2)


def direct(b, pdu):
    """Keep a part for bearer b in one of its buffers. Where all are full the oldest message begun
    gives way, then the oldest that waits: its sender has no answer and repeats it."""
    if b.held is None:
        b.held = [0] * b.pool
        b.pool = [bytearray(140) for _ in range(b.pool)]
    what = sort(b, pdu)
    if what == _OTHER and b.on_other:
        b.on_other(pdu)
    while what == _PART:
        for i in range(len(b.pool)):
            if not b.held[i]:
                b.held[i] = n = pdu.stop - pdu.start
                b.pool[i][:n] = memoryview(pdu.buf)[pdu.start : pdu.stop]
                b.put(pdu, POOL + i)
                b.modem.new.add(POOL + i)  # wakes `receive`
                return
        if b.assembly.begun:
            b.assembly.drop(0)
        elif b.ready:
            b.assembly.free.extend(b.ready.pop(0).slots)
        else:
            return
        free = b.assembly.free
        b.assembly.free = [slot for slot in free if slot < POOL]
        for slot in free:
            if slot >= POOL:
                b.held[slot - POOL] = 0
