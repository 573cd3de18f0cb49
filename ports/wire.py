"""The port of a client whose bearer goes over a serial line."""

from . import port


class Wire:
    """The port, with a serial line in place of connections.

    where: the line, as the port names it; named: more arguments of its Line.
    """

    def __init__(self, where, named):
        self.where = where
        self.named = named
        self.line = None

    def __getattr__(self, name):
        return getattr(port, name)

    def Link(self, bearer):
        self.line = port.lines(self.where).Line(self.where, **self.named)
        return self.line

    def AsyncLink(self):
        self.line = port.lines(self.where).AsyncLine(self.where, **self.named)
        return self.line

    def press(self, level):
        self.line.press(level)
