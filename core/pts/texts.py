"""Texts, codes and lists as PTS writes them: pts.md section 1."""

from ..codec import Writer as Base
from . import find


class Texts(Base):
    """table: codes, see __init__.py, None for the built-in ones; peer: the Reader that hears
    whether the service knows the extension profile, None to use no private code; depth: deepest
    nesting."""

    def __init__(self, size=256, version=2, table=None, peer=None, depth=16):
        super().__init__(size, version)
        if table is None:
            from .codes import CODES as table
        self.table = table
        self.peer = peer
        self.frames = bytearray(depth)
        self.ups = bytearray(depth)  # the frame around each that is no wrapper
        self.filled = bytearray(depth)  # whether each has written anything yet

    def code(self, level, tag):
        """The letters of an element or word, b"" for none; ``form`` is the end of its row."""
        private = self.peer is not None and self.peer.agreed
        key = bytes((level, tag >> 6, tag & 0x3F))
        i = find(self.table, key, 2, self.where if level else -1, private)
        if i < 0:
            return b""
        self.form = self.table[i + 5]
        return self.table[i : i + 2]

    def emit(self, value, quoted=False):
        """A text, in quotation marks where it must be; quoted: inside of them."""
        if isinstance(value, str):
            value = value.encode()
        for c in value:
            if quoted:
                if c == 0x22:
                    self.byte(c)
                self.byte(c)
            elif c in b' "(),=&':
                self.byte(0x22)
                self.emit(value, True)
                self.byte(0x22)
                return
        if not quoted:
            self.put(value)

    def more(self, up):
        """One more in the list of frame ``up``: the bracket or the comma before it."""
        self.byte(0x2C if self.filled[up] else 0x28)
        self.filled[up] = 1

    def item(self, value):
        """One more in the list that has brackets only if it has several."""
        if self.held is None and not self.listed:
            self.held = value
            return
        if not self.listed:
            self.byte(0x28)
            self.emit(self.held)
            self.listed = True
        self.byte(0x2C)
        self.emit(value)

    def close(self):
        """The end of that list."""
        if self.listed:
            self.byte(0x29)
        elif self.held is not None:
            self.emit(self.held)
        self.held = None
        self.listed = False
        self.list = 0
