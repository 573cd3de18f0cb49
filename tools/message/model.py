"""What a message is on a host, and what can be wrong with one."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ..tables import VERSIONS, table

MAX_DEPTH = 64
MAX_SIZE = 8 << 20  # octets of a message, and of all that it decodes to

NAME = re.compile(r"[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?")
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML

# Holds a slice of a message: text in XML; octets in WBXML, which are BASE64 in a tree.
SEGMENT = "SegmentContent"

_FREE_TEXT = {"ContentData", "Nonce", "Password", SEGMENT, "StatusText"}


class DecodeError(ValueError):
    """Octets that are no CSP message. text: what is wrong; offset: the octet where it shows."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text, offset)
        self.text = text
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.text} at octet {self.offset}"


class EncodeError(ValueError):
    """A tree that the syntax cannot carry."""


@dataclass
class Message:
    """A message as a tree.

    version: "1.1", "1.2" or "1.3", None when nothing tells it (then 1.1 is taken);
    syntax: "wbxml", "xml" or "pts", of the octets it came from or is to become;
    extension: PTS with private codes (docs/pts-extension.md), which it had or may get.
    """

    root: Element
    version: str | None = None
    syntax: str = "xml"
    extension: bool = False


def version_of(root: Element) -> str | None:
    """Return the version that the xmlns of a root element tells, else None."""
    space = root.get("xmlns")
    return next((v for v in VERSIONS if table(v).namespaces[0] == space), None)


def tidy(root: Element) -> None:
    """Take the blanks of pretty-printed XML from around numbers, identifiers and words.

    Where blanks may belong to the text it stays as it is.
    spec: addresses-and-types.md section 2; content-models.md section 9 row 1.
    """
    for element in root.iter():
        for leaf in element:
            kept = leaf.tag in _FREE_TEXT or element.tag in _FREE_TEXT
            if leaf.text and not len(leaf) and not kept:
                leaf.text = leaf.text.strip() or None
