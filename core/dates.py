"""Date and time as CSP carries them: addresses-and-types.md section 3, wbxml.md section 6."""

from .const import const
from .errors import PeerError

_TYPE = const(11)


def date(reader):
    """The reader's leaf as text; the six octets of WBXML become yyyymmddThhmmss and a zone letter.

    Raises PeerError for octets of another length.
    """
    if not reader.opaque:
        return reader.text().strip()
    if reader.n != 6:
        raise PeerError(_TYPE)
    b = reader.acc
    return "%04d%02d%02dT%02d%02d%02d%s" % (
        (b[0] & 0x3F) << 6 | b[1] >> 2,
        (b[1] & 3) << 2 | b[2] >> 6,
        b[2] >> 1 & 0x1F,
        (b[2] & 1) << 4 | b[3] >> 4,
        (b[3] & 15) << 2 | b[4] >> 6,
        b[4] & 0x3F,
        chr(b[5]) if b[5] else "",
    )
