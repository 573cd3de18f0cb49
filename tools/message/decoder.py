"""A tree built from the events of a core reader that has the whole message in its buffer."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from microimps.errors import PeerError
from microimps.pts.reader import Reader as PtsReader
from microimps.status import explain
from microimps.wbxml.reader import Reader as WbxmlReader
from microimps.xml.reader import Reader as XmlReader

from ..tables import VERSIONS, Table, table
from .model import MAX_SIZE, NAME, DecodeError, Message

NEED_MORE, START, TEXT, END, DONE = range(5)
_ELEMENT_SIZE = 32  # what an element counts towards MAX_SIZE, besides its text

# Octets, the offset at which they stand, and 1; or 0 for what stands elsewhere or is no octets of
# the message: an entry of the string table, an entity, a value word.
Pieces = list[tuple[bytes, int, int]]


class Open:
    """An element that is being read: its number, its name as spelled, its text so far."""

    def __init__(self, element: Element, number: int, raw: str) -> None:
        self.element = element
        self.number = number
        self.raw = raw
        self.pieces: Pieces = []
        self.opaque = True  # and all of that came as OPAQUE


class Decoder:
    """Builds a tree from the events of a core reader that has the whole message in its buffer."""

    syntax: str
    root: Element
    reader: WbxmlReader | XmlReader | PtsReader

    def __init__(
        self, data: bytes, version: str | None, reader: WbxmlReader | XmlReader | PtsReader
    ):
        self.data = data
        self.version = version
        self.reader = reader
        self.open: list[Open] = []
        self.left = MAX_SIZE
        reader.room()[: len(data)] = data
        reader.feed(len(data))

    def message(self) -> Message:
        try:
            self.run()
        except PeerError as error:
            raise DecodeError(explain(error), self.reader.pos) from None
        return Message(self.root, self.version, self.syntax)

    def run(self) -> None:
        handlers = self.handlers()
        reader = self.reader
        while True:
            before = reader.pos
            event = reader.next()
            if event == DONE:
                return
            if event == NEED_MORE:
                raise DecodeError("the message ends too soon", len(self.data))
            handlers[event](before)

    def handlers(self) -> dict[int, Callable[[int], None]]:
        return {START: self.start, TEXT: self.text, END: self.end}

    @property
    def known(self) -> Table:
        return table(self.version or VERSIONS[0])

    def begin(self, name: str, number: int, raw: str) -> None:
        if not NAME.fullmatch(raw):
            raise DecodeError(f"{raw!r} is no XML name", self.reader.pos)
        self.charge(_ELEMENT_SIZE)
        element = Element(name)
        if self.open:
            self.mixed()
            self.open[-1].element.append(element)
        else:
            self.root = element
        self.open.append(Open(element, number, raw))

    def charge(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise DecodeError(f"decodes to more than {MAX_SIZE} octets", self.reader.pos)

    def piece(self, octets: bytes, before: int) -> tuple[bytes, int, int]:
        """The octets of a TEXT event; `before` is where the reader was."""
        self.charge(len(octets))
        here = self.reader.src is self.reader.buf
        return (octets, self.reader.start, 1) if here else (octets, before, 0)

    def mixed(self) -> None:
        """The text next to a child element: kept unless it is blank."""
        top = self.open[-1]
        text = self.unicode(top.pieces)
        top.pieces = []
        if text.strip():
            if len(top.element):
                top.element[-1].tail = text
            else:
                top.element.text = text

    def end(self, before: int) -> None:
        top = self.open[-1]
        if len(top.element):
            self.mixed()
        else:
            top.element.text = self.value(top) or None
        self.open.pop()

    def start(self, before: int) -> None:
        raise NotImplementedError

    def text(self, before: int) -> None:
        raise NotImplementedError

    def value(self, top: Open) -> str:
        """The text of an element that has no child elements."""
        return self.unicode(top.pieces)

    def unicode(self, pieces: Pieces) -> str:
        octets = b"".join(piece[0] for piece in pieces)
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DecodeError("text that is not UTF-8", offset(pieces, error.start)) from None


def offset(pieces: Pieces, at: int) -> int:
    """Where in the message octet `at` of the joined pieces stands."""
    n = 0
    while at >= len(pieces[n][0]):
        at -= len(pieces[n][0])
        n += 1
    return pieces[n][1] + at * pieces[n][2]
