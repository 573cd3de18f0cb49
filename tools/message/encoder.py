"""A tree walked into the calls of a core writer, all of whose octets are kept."""

from xml.etree.ElementTree import Element

from microimps.codec import Writer

from ..tables import table
from .model import MAX_DEPTH, NAME, EncodeError


class Encoder(Writer):
    """Walks a tree; stands before a writer of core and collects all octets instead of a window."""

    extension = False  # PTS: private codes may be used

    def __init__(self, version: str) -> None:
        super().__init__(0, int(version[2]))
        self.known = table(version)
        self.out = bytearray()

    def put(self, value: bytes) -> None:
        self.out += value

    def byte(self, value: int) -> None:
        self.out.append(value)

    def element(self, element: Element, parent: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise EncodeError(f"nested deeper than {MAX_DEPTH}")
        for name in (element.tag, *element.attrib):
            if not NAME.fullmatch(name):
                raise EncodeError(f"{name!r} is no XML name")
        if not len(element) and not element.text:
            self.opening(element, False)
            return
        self.opening(element, True)
        if len(element):
            self.mixed(element.text)
        else:
            self.value(element, parent)
        for child in element:
            self.element(child, element.tag, depth + 1)
            self.mixed(child.tail)
        self.closing(element)

    def opening(self, element: Element, content: bool) -> None:
        """The element up to its content."""
        raise NotImplementedError

    def closing(self, element: Element) -> None:
        raise NotImplementedError

    def value(self, element: Element, parent: str) -> None:
        """The text of an element that has no child elements."""
        raise NotImplementedError

    def mixed(self, text: str | None) -> None:
        """Text next to a child element."""
        raise NotImplementedError
