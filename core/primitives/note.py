"""A text of any length, as much of it as the client keeps: notes, descriptions, announcements."""

from ..const import const
from ..errors import PeerError

_UTF8 = const(10)


def note(r, body, most):
    """str of a streamed text at its leaf. body: its pieces; most: octets that are kept.

    What is longer is cut, but not within a character. Raises PeerError for one that is not UTF-8.
    """
    if r.n or r.word >= 0:  # a value word, alone or in the text
        body += r.text().encode()
    n = min(len(body), most)
    while n < len(body) and body[n] & 0xC0 == 0x80:
        n -= 1
    try:
        return str(body[:n], "utf-8")
    except UnicodeError:
        raise PeerError(_UTF8)
