"""The chunked transfer coding of HTTP/1.1 (RFC 9112 section 7.1), taken out of a reader's buffer.

Loaded when a service uses it.
"""

from .const import const
from .errors import PeerError

_HEAD = const(20)
_LARGE = const(23)

_SIZE = const(0)
_EXTENSION = const(1)
_DATA = const(2)
_LAST = const(3)  # at the start of a trailer's line
_TRAILER = const(4)


def unchunk(bearer, r, e):
    """Octets r.end to e are chunks, the first perhaps begun: leave only what they hold there.

    bearer: keeps the state between calls: ``stage``, ``left`` (octets of the chunk to come),
    ``over``. Returns how many octets they hold. Raises PeerError for a size that is none or too
    large.
    """
    b = r.buf
    p = z = r.end
    left = bearer.left
    stage = bearer.stage
    while p < e and not bearer.over:
        c = b[p]
        if stage == _DATA and left:
            n = min(left, e - p)
            r.mv[z : z + n] = r.mv[p : p + n]
            z += n
            p += n
            left -= n
            continue
        p += 1
        if stage == _SIZE and c not in b" \t;\r\n":
            d = c - 0x30 if c < 0x3A else (c | 0x20) - 0x57
            if not 0 <= d < 16 or c > 0x39 and d < 10:
                raise PeerError(_HEAD)
            left = left << 4 | d
            if left > bearer.most:
                raise PeerError(_LARGE)
        elif stage < _DATA:
            stage = _EXTENSION if c != 10 else _DATA if left else _LAST
        elif stage == _DATA:  # the end of the data's line
            stage = _SIZE if c == 10 else _DATA
        elif stage == _LAST and c == 10:  # an empty line ends it all
            bearer.over = True
        else:
            stage = _LAST if c == 10 else stage if c == 13 else _TRAILER
    bearer.left = left
    bearer.stage = stage
    return z - r.end
