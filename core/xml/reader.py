"""XML reader: the elements, texts, entities and CDATA of a CSP message.

Comments, processing instructions and the DOCTYPE are passed over, and no entity but the five of
XML and characters by number exists: nothing is ever fetched (content-models.md section 9 row 3).
Attributes are passed over too, except that the root's tell the version.
"""

from ..codec import Reader as Base
from ..const import const
from ..errors import PeerError
from .names import ALIASES, NAMES

_NEED_MORE = const(0)
_START = const(1)
_TEXT = const(2)
_END = const(3)
_DONE = const(4)

_BROKEN = const(2)
_DEEP = const(4)
_CHAR = const(9)

# what the reader is in the middle of; 0 is content
_TAG = const(1)
_DOCTYPE = const(2)
_COMMENT = const(3)
_PI = const(4)
_CDATA = const(5)

_ENDS = (b"-->", b"?>", b"]]>")


def number(name):
    """Number of the element with this name (bytes), 0 for an unknown one."""
    if name.find(b"\xff") < 0:
        for table in (NAMES, ALIASES):
            i = 0
            while i >= 0:
                i = table.find(name + b"\xff", i + 1)
                if i > 2 and table[i - 3] == 0xFF:
                    return table[i - 2] << 6 | table[i - 1]
    return 0


class Reader(Base):
    """``left`` holds what the reader is in the middle of, ``quote`` an open quotation mark."""

    def reset(self):
        """Forget everything read: a new message begins."""
        super().reset()
        self.quote = self.last = self.tag = 0
        self.ext = -1

    def next(self):
        """Next event. NEED_MORE leaves everything as it was: feed and ask again."""
        while True:
            p = self.pos
            if self.bare:
                return self.pop(self.tag)
            if self.done:
                return _DONE
            if p >= self.end:
                return _NEED_MORE
            if self.left == 0:
                ev = self.content(p)
            elif self.left <= _DOCTYPE:
                ev = self.inside(p)
            else:
                ev = self.until(p, _ENDS[self.left - _COMMENT])
            if ev >= 0:
                return ev

    def content(self, p):
        """Text, an entity or the beginning of markup at p; an event, or -1 to go on."""
        b = self.buf
        e = self.end
        c = b[p]
        if c == 0x26:
            z = b.find(b";", p, min(e, p + 12))
            if z < 0:
                if e - p < 12:
                    return _NEED_MORE
                raise PeerError(_CHAR)
            self.pos = z + 1
            return self.entity(bytes(b[p + 1 : z]))
        if c != 0x3C:
            z = b.find(b"<", p, e)
            z = e if z < 0 else z
            i = b.find(b"&", p, z)
            self.pos = i if i >= 0 else z
            return self.span(p, self.pos)
        if e - p < 2:
            return _NEED_MORE
        c = b[p + 1]
        if c == 0x3F:
            self.left = _PI
            self.pos = p + 2
        elif c == 0x21:
            if e - p < 9:
                return _NEED_MORE
            self.quote = 0
            if b[p + 2] == 0x2D:
                self.left = _COMMENT
                self.pos = p + 4
            elif b[p + 2] == 0x5B:
                self.left = _CDATA
                self.pos = p + 9
            else:
                self.left = _DOCTYPE
                self.pos = p + 2
        else:
            return self.named(p + 1, c == 0x2F)
        return -1

    def named(self, p, closing):
        """A start or end tag whose name begins behind p."""
        p += closing
        i = p
        while i < self.end and self.buf[i] not in b" \t\r\n/>":
            i += 1
        if i >= self.end:
            return _NEED_MORE
        name = bytes(self.buf[p:i])
        tag = number(name)
        if not tag and self.literal:
            tag = self.literal(name)
        if closing:
            z = self.buf.find(b">", i, self.end)
            if z < 0:
                return _NEED_MORE
            self.pos = z + 1
            return self.pop(tag)
        self.pos = i
        k = 2 * self.depth
        if i == p or k >= len(self.stack):
            raise PeerError(_BROKEN if i == p else _DEEP)
        self.stack[k] = tag >> 8
        self.stack[k + 1] = tag & 0xFF
        self.depth += 1
        self.tag = tag
        self.left = _TAG
        self.last = 0
        return _START

    def pop(self, tag):
        """The innermost element ends; its name must be the one it began with."""
        self.depth -= 1
        self.bare = False
        if self.depth < 0 or self.at(self.depth) != tag:
            raise PeerError(_BROKEN)
        self.tag = tag
        self.done = not self.depth
        return _END

    def inside(self, p):
        """The rest of a tag or of the DOCTYPE, as far as the buffer has it."""
        for i in range(p, self.end):
            c = self.buf[i]
            if self.quote:
                if c == self.quote:
                    self.quote = 0
                    if self.depth == 1 and not self.version and self.last >> 8 == 0x312E:
                        self.version = self.last & 3
            elif c == 0x22 or c == 0x27:
                self.quote = c
            elif c == 0x5B and self.left == _DOCTYPE:
                self.quote = 0x5D
            elif c == 0x3E:
                self.bare = self.left == _TAG and self.last & 0xFF == 0x2F
                self.left = 0
                self.pos = i + 1
                return -1
            self.last = (self.last << 8 | c) & 0xFFFFFF
        self.pos = self.end
        return -1

    def until(self, p, end):
        """Pass over, or hand out when it is CDATA, what comes before ``end``."""
        z = self.buf.find(end, p, self.end)
        more = z < 0
        if more:
            z = max(p, self.end - len(end) + 1)
        cdata = self.left == _CDATA
        if more and z == p:
            return _NEED_MORE
        self.pos = z if more else z + len(end)
        if not more:
            self.left = 0
        return self.span(p, z) if cdata else -1

    def span(self, p, z):
        """Octets p to z as TEXT; outside the root only blanks and the mark of UTF-8 may be."""
        if not self.depth:
            for i in range(p, z):
                if self.buf[i] not in b" \t\r\n\xef\xbb\xbf":
                    raise PeerError(_BROKEN)
            return -1
        self.src = self.buf
        self.start = p
        self.stop = z
        return _TEXT if z > p else -1

    def entity(self, name):
        """The character that an entity stands for, as TEXT."""
        from ..character import character

        c = {b"lt": 60, b"gt": 62, b"amp": 38, b"quot": 34, b"apos": 39}.get(name, 0)
        try:
            if name[:2] == b"#x":
                c = int(name[2:], 16)
            elif name[:1] == b"#":
                c = int(name[1:])
        except ValueError:
            c = 0
        if not self.depth:
            raise PeerError(_BROKEN)
        return character(self, c)
