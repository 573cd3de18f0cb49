"""The preamble, texts, brackets and codes of PTS: pts.md section 1."""

from ..codec import Reader as Base
from ..const import const
from ..errors import PeerError
from . import find

_NEED_MORE = const(0)
_START = const(1)
_TEXT = const(2)
_END = const(3)
_AGAIN = const(-1)
_OPEN = const(0x28)

_TRUNCATED = const(1)
_BROKEN = const(2)
_DEEP = const(4)
_LANGUAGE = const(7)

# what next() is in the middle of
_BARE = const(1)
_QUOTED = const(2)
_SKIP = const(3)
_SKIP_QUOTED = const(4)
_BEGIN = const(5)

_HEAD = const(12)  # octets of the longest preamble, its letters and the blank
_WORD = const(1)  # the form of a value that may be a coded word
_WORDS = const(6)  # their level
_ANY = const(-1)


def preamble(b, p, e):
    """Number of octets of ``WVvvTTnnn`` at p in b[:e]. Raises PeerError: 1, 2, 7 (version)."""
    if e - p < 7:
        raise PeerError(_TRUNCATED)
    if b[p] != 0x57 or b[p + 1] != 0x56:
        raise PeerError(_BROKEN)
    if b[p + 2] != 0x31 or not 0x31 <= b[p + 3] <= 0x33:
        raise PeerError(_LANGUAGE)
    for i in (p + 4, p + 5):
        if not 0x41 <= b[i] & 0xDF <= 0x5A:
            raise PeerError(_BROKEN)
    n = 6
    while n < 9 and p + n < e and 0x30 <= b[p + n] <= 0x39:
        n += 1
    if n == 6:
        raise PeerError(_BROKEN)
    return n


class Scanner(Base):
    """size: at least 16; table: codes, see __init__.py, None for the built-in ones.

    A Reader adds ``message()``, the generator of all events but texts and what ends them; ``next``
    resumes it when it has octets enough to decide anything.
    """

    def __init__(self, size=256, depth=16, longest=128, table=None):
        if table is None:
            from .codes import CODES as table
        self.table = table
        self.agreed = False
        super().__init__(size, depth, longest)

    def reset(self):
        """Forget everything read: a new message begins."""
        super().reset()
        self.want = _HEAD
        self.single = False
        self.nest = self.users = self.where = self.tag = 0
        self.src = self.buf
        self.events = self.message()

    def next(self):
        """Next event. NEED_MORE leaves everything as it was: feed and ask again."""
        while True:
            if self.end - self.pos < self.want and not self.over:
                return _NEED_MORE
            if self.left:
                ev = self.piece()
            elif self.single:
                self.single = False
                ev = self.shut()
            else:
                ev = next(self.events)
            if ev >= 0:
                return ev

    def piece(self):
        """More of a text: TEXT, or of what is passed over: -1."""
        b = self.buf
        p = i = self.pos
        e = self.end
        c = self.peek(0)
        ends = b",)" if self.nest else b" "
        if self.left == _BEGIN:  # what kind of text begins here
            self.ext = -1
            self.left = _BARE
            if c == 0x28:
                self.drop(ends)
            elif c == 0x22:
                self.left = _QUOTED
                self.pos += 1
            elif self.form == _WORD:
                n = self.code(_WORDS)
                if n:
                    self.left = 0
                    self.ext = n
                    return _TEXT
            return _AGAIN
        if self.left == _QUOTED:
            i = b.find(b'"', p, e)
            if i == p:  # the end of it, or one that is doubled and stands for one
                self.pos = i = p + 1
                if self.peek(0) == 0x22:
                    self.pos += 1
                else:
                    self.left = 0
                    if self.peek(0) not in b",) ":
                        raise PeerError(_BROKEN)
                    return _AGAIN
            else:
                i = self.pos = e if i < 0 else i
        elif self.left == _BARE:
            while i < e and b[i] not in ends:
                i += 1
            if i < e or self.over:
                self.left = 0
            self.pos = i
        else:
            return self.skip()
        if i == p:
            if self.left:
                raise PeerError(_TRUNCATED)
            return _AGAIN
        self.src = b
        self.start = p
        self.stop = i
        return _TEXT

    def skip(self):
        # pass over a value; ``deep`` counts the lists open in it
        p = self.pos
        while p < self.end:
            c = self.buf[p]
            if c == 0x22:
                self.left ^= _SKIP ^ _SKIP_QUOTED
            elif self.left == _SKIP:
                if not self.deep and c in self.ends:
                    self.left = 0
                    break
                self.deep += (c == 0x28) - (c == 0x29)
            p += 1
        self.pos = p
        if self.left and self.over and p == self.end:
            if self.deep or self.left != _SKIP:
                raise PeerError(_TRUNCATED)
            self.left = 0
        return _AGAIN

    def peek(self, i):
        """The octet i places on; a blank behind the end."""
        i += self.pos
        return self.buf[i] if i < self.end else 0x20

    def open(self, tag):
        """An element begins: START, or PeerError for one too deep."""
        i = 2 * self.depth
        if i >= len(self.stack):
            raise PeerError(_DEEP)
        self.stack[i] = tag >> 8
        self.stack[i + 1] = tag & 0xFF
        self.depth += 1
        self.tag = tag
        return _START

    def shut(self):
        """The innermost element ends: END."""
        self.depth -= 1
        self.tag = self.at(self.depth)
        return _END

    def atom(self, tag, form=0):
        """The value here is the text of element ``tag``: START; its text and end follow."""
        self.left = _BEGIN
        self.form = form
        self.single = True
        return self.open(tag)

    def drop(self, ends=b""):
        """Pass over the value here, or with b")" the rest of a list."""
        self.deep = 0
        self.left = _SKIP
        self.ends = ends or (b",)" if self.nest else b" ")
        return _AGAIN

    def code(self, level):
        """What the two letters here mean at this level, and pass over them; 0 for nothing."""
        p = self.pos
        if self.end - p > 1 and self.peek(2) & 0xC0 != 0x40:
            key = bytes((self.buf[p] & 0xDF, self.buf[p + 1] & 0xDF, level))
            i = find(self.table, key, 0, self.where if level else _ANY, True)
            if i >= 0:
                self.pos = p + 2
                self.form = self.table[i + 5]
                return self.table[i + 3] << 6 | self.table[i + 4]
        return 0

    def mark(self, c):
        """Pass over the ( or , here: whether there is one."""
        if self.peek(0) != c:
            return False
        self.pos += 1
        self.nest += c == _OPEN
        return True

    def more(self):
        """Pass over the , or the ) behind an item: whether another follows."""
        c = self.peek(0)
        if not self.nest or c != 0x2C and c != 0x29:
            raise PeerError(_TRUNCATED if self.pos == self.end else _BROKEN)
        self.pos += 1
        if c == 0x29:
            self.nest -= 1
        return c == 0x2C
