"""What the three syntaxes share: a pull Reader and a windowed Writer.

Elements are numbers in every syntax: code page << 6 | token of wbxml.md section 2, 0 for one
without a number. A Reader owns one fixed buffer; bytes go in by ``room`` and ``feed``, events
come out as small integers, and text stays where it lies. A Writer keeps only the part of the
message that falls into its window, so one message of any length passes through a small buffer:
it is written again for each window.

A board pays about 80 octets of heap for every method: hence few, and what is seldom needed in
modules of its own.
"""

from .const import const
from .errors import PeerError

# events of next(); hosts see two more, see wbxml/reader.py
_START = const(1)
_TEXT = const(2)
_END = const(3)
# events of pull(): these, 0 for NEED_MORE, 3 for CLOSE, 4 for DONE
_LEAF = const(1)
_PIECE = const(2)

_LONG = const(5)
_UTF8 = const(10)
_TYPE = const(11)


class Reader:
    """Pull reader over a buffer of its own.

    size: octets of the buffer, the longest single token; depth: deepest nesting; longest: most
    octets of a text that is kept whole. Raises PeerError on anything malformed or over a limit.
    A syntax adds ``next()``: START, TEXT (``src[start:stop]``, or value word ``ext`` if that is
    not -1), END with ``tag``, NEED_MORE, which leaves all as it was, and DONE.
    """

    def __init__(self, size=256, depth=16, longest=128):
        self.buf = bytearray(size)
        self.mv = memoryview(self.buf)
        self.stack = bytearray(2 * depth)
        self.acc = bytearray(longest)
        self.views = {}
        self.stream = -1  # the element whose text comes in pieces instead of whole
        self.literal = None  # function that gives numbers to names that have none
        self.reset()

    def reset(self):
        """Forget everything read: a new message begins."""
        self.pos = self.end = self.depth = self.left = self.version = 0
        self.leaf = self.bare = self.done = self.opaque = False
        self.over = False  # no more octets will come: in PTS that is what ends a message

    def room(self):
        """memoryview of the free part of the buffer, at least one octet, to be filled."""
        p = self.pos
        n = self.end - p
        if n == len(self.buf) and not p:
            raise PeerError(_LONG)
        for i in range(n if p else 0):
            self.buf[i] = self.buf[p + i]
        self.pos = 0
        self.end = n
        return self.mv[n:] if n else self.mv

    def feed(self, n):
        """n octets were put into room()."""
        self.end += n

    def at(self, level):
        """Number of the open element at this level, 0 being the root's level."""
        i = 2 * level
        return self.stack[i] << 8 | self.stack[i + 1]

    def pull(self):
        """Next LEAF (element with text or nothing), CLOSE, PIECE, NEED_MORE or DONE.

        ``tag`` and ``parent`` name the element; ``text()``, ``number()``, ``flag()`` give the
        value of a leaf. With PIECE, ``src[start:stop]`` is more text of the ``stream`` element.
        """
        while True:
            ev = self.next()
            if ev == _START:
                self.leaf = True
                self.opaque = False
                self.n = 0
                self.word = -1
            elif ev == _TEXT:
                if not self.leaf:
                    continue
                n = self.n
                if self.ext >= 0 or self.word >= 0:
                    if n or self.word >= 0:
                        from .words import mix

                        mix(self)
                    else:
                        self.word = self.ext  # spelled out only if somebody asks
                elif self.tag == self.stream:
                    return _PIECE
                elif n + self.stop - self.start > len(self.acc):
                    self.n = len(self.acc) + 1  # too long to keep: an error if asked for
                else:
                    for i in range(self.start, self.stop):
                        self.acc[n] = self.src[i]
                        n += 1
                    self.n = n
            elif ev == _END:
                self.parent = self.at(self.depth - 1) if self.depth else 0
                if self.leaf:
                    self.leaf = False
                    return _LEAF
                return ev
            else:
                return ev

    def text(self):
        """The leaf as str, as it stands. Raises PeerError: too long, not UTF-8."""
        n = self.n
        if self.word >= 0:
            from .words import spell

            return str(spell(self.word, self.tag, self.version), "utf-8")
        if n > len(self.acc):
            raise PeerError(_LONG)
        v = self.views.get(n)
        if v is None:
            if len(self.views) > 15:
                self.views.clear()
            v = self.views[n] = memoryview(self.acc)[:n]
        try:
            return str(v, "utf-8")
        except UnicodeError:
            raise PeerError(_UTF8)

    def number(self):
        """The leaf as an integer: decimal text or big-endian octets, below 2**32."""
        v = 0
        if self.opaque:
            for i in range(self.n):
                v = v << 8 | self.acc[i]
        else:
            s = self.text().strip().encode()  # of octets only ASCII's are digits
            v = int(s) if s.isdigit() and len(s) < 11 else -1
        if v >> 32:
            raise PeerError(_TYPE)
        return v

    def flag(self):
        """The leaf as a boolean: T or F in any case."""
        w = self.word
        if w < 0:
            s = self.text().strip()
            w = "TtFf".find(s) if len(s) == 1 else -1
            if w >= 0:
                return w < 2
        elif w == 0x2C or w == 0x0B:
            return w == 0x2C
        raise PeerError(_TYPE)


class Writer:
    """Writes a message through a window of its output.

    size: octets of the window's buffer. version: 1, 2 or 3 for CSP 1.1, 1.2, 1.3. A syntax adds
    ``begin()``, ``start(tag)``, ``empty(tag)``, ``text(value)``, ``number(value)``,
    ``word(number)`` and ``end()``.
    """

    def __init__(self, size=256, version=2):
        self.buf = bytearray(size)
        self.version = version
        self.window(0, 0)

    def window(self, low, size):
        """Keep ``size`` octets (at most the buffer's) from ``low`` on of the message that is
        now written from its start. ``at`` counts all octets, ``size`` 0 does nothing else."""
        self.at = -low
        self.size = size

    def put(self, value):
        """Octets onto the wire as they are."""
        i = self.at
        n = self.size
        b = self.buf
        for c in value:
            if 0 <= i < n:
                b[i] = c
            i += 1
        self.at = i

    def byte(self, c):
        """One octet onto the wire."""
        i = self.at
        if 0 <= i < self.size:
            self.buf[i] = c
        self.at = i + 1

    def leaf(self, tag, value):
        """Element with a value: bool, int (0 to 2**32 - 1), str or bytes; none for None."""
        if value is None:
            return
        if not value and value != 0:  # neither 0 nor False
            self.empty(tag)
            return
        self.start(tag)
        if value is True or value is False:
            self.word(0x2C if value else 0x0B)
        elif isinstance(value, int):
            self.number(value)
        else:
            self.text(value)
        self.end()

    def choice(self, tag, value):
        """Enumeration, given as the number of a value word or as str."""
        if not isinstance(value, int):
            from .words import number

            n = number(value)
            if n < 0:
                self.leaf(tag, value)
                return
            value = n
        self.start(tag)
        self.word(value)
        self.end()
