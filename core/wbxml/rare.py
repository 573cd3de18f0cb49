"""WBXML forms that services seldom write: string tables, literals, entities.

Loaded by the reader when one is met. Source: wbxml.md sections 1, 2, 4 and 8.
"""

from ..character import character
from ..const import const
from ..errors import PeerError

_TEXT = const(2)
_ATTR = const(5)

_BROKEN = const(2)
_TABLE = const(6)
_LANGUAGE = const(7)


def header(reader, p, n, name, size):
    """The string table, and the public identifier in words when n is 0. False: need more."""
    r = reader
    i = r.pos
    if r.end - i < size:
        r.table = None
        r.pos = p
        return False
    r.table = bytes(r.buf[i : i + size])
    r.pos = i + size
    if not n:
        # "-//...CSP 1.2//EN": every name in use ends so
        entry(r, name)
        s = r.table[r.start : r.stop]
        v = s[-5] - 0x30 if s[-11:-5] == b"CSP 1." and s[-4:] == b"//EN" else 0
        if not 0 < v < 4:
            raise PeerError(_LANGUAGE)
        r.version = v
    return True


def entry(reader, n):
    """Span of the string table's entry at octet n. Raises PeerError for none."""
    reader.src = reader.table
    reader.start = n
    reader.stop = z = reader.table.find(b"\0", n)
    if z < 0:
        raise PeerError(_TABLE)


def token(reader, t, v):
    """Token t with its number v; an event, or -1 to go on."""
    r = reader
    r.ext = -1
    if t & 0x3F == 4:
        entry(r, v)
        if not r.attr:
            # a name: its number where the reader knows names (hosts), else 0
            name = bytes(r.src[r.start : r.stop])
            v = r.literal(name) if r.literal else 0
            return r.open(v >> 6, t & 0xC0 | v & 0x3F)
        if t == 4:
            r.attr = 2
            return _ATTR
    elif r.depth and r.attr != 1:
        r.opaque = False
        if t == 2:
            return character(r, v)
        if t == 0x83:
            entry(r, v)
            if r.stop == r.start or r.attr and not r.attributes:
                return -1
            return _TEXT
    raise PeerError(_BROKEN)
