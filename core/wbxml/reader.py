"""WBXML reader for CSP 1.1, 1.2 and 1.3: wbxml.md sections 1 to 8.

Needs no names: an element is its page and token. What services seldom write (string tables,
literals, entities, identifiers in words) is in ``rare.py``, loaded when it is met.
"""

from ..codec import Reader as Base
from ..const import const
from ..errors import PeerError

_NEED_MORE = const(0)
_START = const(1)
_TEXT = const(2)
_END = const(3)
_DONE = const(4)
_ATTR = const(5)  # hosts: ``ext`` is the attribute's token or -1 for a name; TEXTs follow
_ATTRS = const(6)  # hosts: the attribute list is over

_BROKEN = const(2)
_NUMBER = const(3)
_DEEP = const(4)
_LANGUAGE = const(7)
_CHARSET = const(8)

# states of an attribute list
_NAME = const(1)
_VALUE = const(2)


class Reader(Base):
    """``attributes``: report them (ATTR, TEXT, ATTRS), for hosts."""

    attributes = False

    def reset(self):
        """Forget everything read: a new message begins."""
        super().reset()
        self.page = self.attr = self.tag = 0
        self.table = None

    def next(self):
        """Next event. NEED_MORE leaves everything as it was: feed and ask again."""
        b = self.buf
        while True:
            p = self.pos
            if self.table is None:
                if not self.begin(p):
                    return _NEED_MORE
                continue
            if self.bare and not self.attr:
                t = 1
            elif self.done:
                return _DONE
            elif p >= self.end:
                return _NEED_MORE
            elif self.left:  # within an opaque, or an inline string: -1
                z = -1 if self.left > 0 else b.find(b"\0", p, self.end)
                if z >= 0:
                    self.left = 0
                    self.pos = z + 1
                else:
                    z = self.end
                    if self.left > 0:
                        z = min(z, p + self.left)
                        self.left -= z - p
                    self.pos = z
                if z == p or self.attr and not self.attributes:
                    continue
                self.src = b
                self.start = p
                self.stop = z
                self.ext = -1
                return _TEXT
            else:
                t = b[p]
                self.pos = p + 1
            if t & 0x3F > 4:
                if not self.attr:
                    return self.open(self.page & 0xFF, t)
                if t & 0x80:
                    raise PeerError(_BROKEN)  # CSP has no attribute value tokens
                if self.depth == 1 and not self.version and t in (5, 8, 11):
                    self.version = (t - 2) // 3
                self.attr = _VALUE
                self.ext = self.page >> 8 << 6 | t
                t = _ATTR
            elif t == 1:
                if self.attr:
                    if self.attr == _NAME:
                        raise PeerError(_BROKEN)  # the attribute bit with no attribute
                    self.attr = 0
                    t = _ATTRS
                else:
                    if not self.depth:
                        raise PeerError(_BROKEN)
                    self.depth = p = self.depth - 1
                    self.tag = self.at(p)
                    self.bare = False
                    self.done = not p
                    return _END
            elif t == 3 and self.depth and self.attr != _NAME:
                self.left = -1
                self.opaque = False
                continue
            else:
                t = self.other(t, p)
                if t < 0:
                    continue
                if t < _DONE:
                    return t
            if self.attributes:
                return t

    def open(self, page, t):
        """An element begins: page and tag octet. START, or PeerError for one too deep."""
        t0 = page << 6 | t & 0x3F if page < 0xFF else 0
        i = 2 * self.depth
        if i >= len(self.stack):
            raise PeerError(_DEEP)
        self.stack[i] = t0 >> 8
        self.stack[i + 1] = t0 & 0xFF
        self.depth += 1
        self.tag = t0
        self.bare = t & 0x40 == 0
        self.attr = t >> 7
        return _START

    def other(self, t, p):
        """The tokens that take a number or an octet; an event, or -1 to go on."""
        v = self.end - p - 2 if t == 0 else self.mb(p + 1)
        if v < 0:
            self.pos = p
            return _NEED_MORE
        if t == 0:
            v = self.buf[p + 1]
            self.pos = p + 2
            n = self.page
            self.page = n & 0xFF | v << 8 if self.attr else n & 0xFF00 | v
            return -1
        if t == 0x80 and self.depth and not self.attr:
            self.ext = v
            self.opaque = False
            return _TEXT
        if t == 0xC3 and self.depth and not self.attr:
            self.left = v
            self.opaque = True
            return -1
        from .rare import token

        return token(self, t, v)

    def mb(self, p):
        """Multi-byte integer at p, -1 while it is incomplete; ``pos`` goes behind it."""
        v = 0
        for i in range(p, self.end):
            c = self.buf[i]
            if i > p + 4 or v >> 25:
                raise PeerError(_NUMBER)
            v = v << 7 | c & 0x7F
            if c < 0x80:
                self.pos = i + 1
                return v
        return -1

    def begin(self, p):
        """The header: version, public identifier, charset, string table. True once read."""
        if p >= self.end:
            return False
        n = name = self.mb(p + 1)
        if n == 0:
            name = self.mb(self.pos)
        c = self.mb(self.pos) if name >= 0 and self.buf[p] else 0
        size = self.mb(self.pos) if name >= 0 and c >= 0 else -1
        if size < 0:
            self.pos = p
            return False
        if self.buf[p] > 4:
            raise PeerError(_BROKEN)
        if c not in (0, 3, 106):
            raise PeerError(_CHARSET)
        if n > 1:
            self.version = n - 15
            if not 0 < n - 15 < 4:
                raise PeerError(_LANGUAGE)
        self.table = b""
        if size or not n:
            from .rare import header

            return header(self, p, n, name, size)
        return True
