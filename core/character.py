"""A character given by its code point: entities of XML and of WBXML (wbxml.md section 4)."""

from .const import const
from .errors import PeerError

_TEXT = const(2)
_CHAR = const(9)


def character(reader, c):
    """Code point c as the reader's next TEXT. Raises PeerError for one that XML forbids."""
    if c < 0x20 and c not in (9, 10, 13) or 0xD800 <= c < 0xE000:
        raise PeerError(_CHAR)
    if 0xFFFE <= c <= 0xFFFF or c > 0x10FFFF:
        raise PeerError(_CHAR)
    reader.src = s = chr(c).encode()
    reader.start = 0
    reader.stop = len(s)
    reader.ext = -1
    return _TEXT
