"""Segmentation of PTS over SMS by the letters of its preamble: pts.md section 7.

A part is named by a *slot*, a number of whoever keeps its octets; no octets are kept here.
"""

from ..const import const
from ..errors import LocalError

MOST = const(26)  # parts of a message

_PARTS = const(49)  # caller: message of more parts than there are letters

_MASK = const(0x1FFFFFFF)


def plan(size, length, room):
    """(octets of a slice, count of parts) of a message, (length, 1) where it goes whole.

    size: octets of its preamble; length: of all of it; room: of one SMS. Raises LocalError for
    more than 26 parts.
    """
    if length <= room:
        return length, 1
    most = room - size - 3
    n = (length - size - 2) // most + 1
    if n > MOST:
        raise LocalError(_PARTS)
    return most, n


class Parts:
    """A message in parts: ``tid`` its TransactionID, ``slots`` of its parts in order, -1 for one
    that is ``missing``; ``given``: items of it that the application has."""

    def __init__(self, key, tid, count, now):
        self.key = key
        self.tid = tid
        self.born = now
        self.missing = count
        self.given = 0
        self.slots = [-1] * count


class Assembly:
    """Collects parts in any order; they belong together by sender, preamble and last letter.

    most: messages begun at a time, of which the oldest gives way; expiry: ms that one may take.
    ``free``: slots of parts that are not needed, to be taken out; ``repeats``, ``expired``: parts
    that came twice, messages given up.
    """

    def __init__(self, most=8, expiry=300000):
        self.most = most
        self.expiry = expiry
        self.begun = []
        self.free = []
        self.repeats = self.expired = 0

    def put(self, key, tid, found, slot, now):
        """A part has come: returns its Parts if that completes them, None if it does not.

        key: bytes, the same for all parts of a message; found: what `pts.head` says; now: ms.
        """
        last = found >> 9 & 31
        index = found >> 4 & 31
        key += bytes((last,))
        parts = None
        for each in self.begun:
            if each.key == key:
                parts = each
        if parts is None:
            parts = Parts(key, tid, last + 1, now)
            self.begun.append(parts)
        before = parts.slots[index]
        if before < 0:
            parts.missing -= 1
        elif before != slot:
            self.repeats += 1
            self.free.append(before)
        parts.slots[index] = slot
        if parts.missing:
            if len(self.begun) > self.most:
                self.drop(0)
            return None
        self.begun.remove(parts)
        return parts

    def expire(self, now):
        """Give up what is too old."""
        while self.begun and now - self.begun[0].born & _MASK > self.expiry:
            self.drop(0)

    def drop(self, i):
        """Give up the i-th message begun."""
        self.expired += 1
        self.free.extend([slot for slot in self.begun.pop(i).slots if slot >= 0])
