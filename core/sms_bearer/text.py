"""The alphabets of SMS text, GSM 7 bit and UCS-2, from and to UTF-8 (3GPP TS 23.038 clause 6).

Everything works on octets in buffers of the caller: single-character strings would stay in the
board's memory for ever. National language tables (clause 6.2.1.2) are not carried.
"""

from ..const import const
from ..errors import LocalError, PeerError

_ODD = const(208)  # UCS-2 of an odd number of octets
_OCTETS = const(209)  # octets that are not text
_ROOM = const(210)  # caller: no room in the message, or in the buffer for the text
_LETTER = const(213)  # caller: character not in the GSM 7-bit alphabet
_UTF8 = const(214)  # caller: not UTF-8

# Default alphabet, one octet a septet: Latin-1, but 80..9E stand for U+0390..U+03AE and 9F for
# the euro sign. The escape's place holds a blank, which is what an escaped escape shows as.
_BASIC = (
    b"@\xa3$\xa5\xe8\xe9\xf9\xec\xf2\xc7\n\xd8\xf8\r\xc5\xe5"
    b"\x84_\x96\x83\x8b\x99\x90\x98\x93\x88\x8e \xc6\xe6\xdf\xc9"
    b" !\"#\xa4%&'()*+,-./0123456789:;<=>?"
    b"\xa1ABCDEFGHIJKLMNOPQRSTUVWXYZ\xc4\xd6\xd1\xdc\xa7"
    b"\xbfabcdefghijklmnopqrstuvwxyz\xe4\xf6\xf1\xfc\xe0"
)
_EXTENSION = b"\n\x0c\x14^({)}/\\<[=~>]@|e\x9f"  # septet after the escape, its character


def decode(message, out):
    """User data of a `pdu.Received` as UTF-8 into `out` (320 octets hold any); returns the count.

    Octets (alphabet 1) are copied. Raises LocalError when `out` is too small, PeerError when the
    data cannot be text.
    """
    start = message.start
    n = message.stop - start
    try:
        if message.alphabet == 2:
            return decode16(message.buf, start, message.stop, out)
        if message.alphabet == 0:
            start = (8 * (start - message.ud) + 6) // 7  # in septets: no fill bits to count
            return decode7(message.buf, message.ud, start, message.units, out)
        for i in range(n):
            out[i] = message.buf[start + i]
        return n
    except IndexError:
        raise LocalError(_ROOM)


def text(message):
    """The same as a str; octets that are not UTF-8 raise PeerError."""
    out = bytearray(320)
    n = decode(message, out)
    try:
        return str(memoryview(out)[:n], "utf-8")
    except ValueError:
        raise PeerError(_OCTETS)


def encode(message, src):
    """Add text, UTF-8 octets or str, to an open `submit.Submit` in the alphabet of its DCS.

    Raises LocalError, after which the message must be opened again: no room, character not in
    the alphabet, not UTF-8.
    """
    if isinstance(src, str):
        src = src.encode()
    if message.alphabet == 2:
        message.pos = encode16(src, message.buf, message.pos, message.end)
    elif message.alphabet:
        message.write(src)
    else:
        message.units = encode7(src, message.buf, message.ud, message.units, 160)
        message.pos = message.ud + (message.units * 7 + 7 >> 3)


def _put(out, n, c):
    # UTF-8 of code point c to out[n:]; returns the next n.
    size = _length(c)
    for i in range(n + size - 1, n, -1):
        out[i] = 0x80 | c & 63
        c >>= 6
    out[n] = c | (0, 0xC0, 0xE0, 0xF0)[size - 1]
    return n + size


def _length(c):
    # Octets of a code point in UTF-8.
    return 1 if c < 0x80 else 2 if c < 0x800 else 3 if c < 0x10000 else 4


def _get(src, i):
    # Code point at src[i:]; its length is _length(c), because longer forms are refused.
    c = src[i]
    if c < 0x80:
        return c
    n = 1 if c < 0xE0 else 2 if c < 0xF0 else 3
    if not 0xC2 <= c < 0xF5 or i + n >= len(src):
        raise LocalError(_UTF8)
    c &= 63 >> n
    for k in range(i + 1, i + n + 1):
        if src[k] & 0xC0 != 0x80:
            raise LocalError(_UTF8)
        c = c << 6 | src[k] & 63
    if _length(c) != n + 1 or 0xD800 <= c < 0xE000 or c > 0x10FFFF:
        raise LocalError(_UTF8)
    return c


def decode7(src, at, first, last, out):
    """Septets first..last of the packed octets at src[at:] as UTF-8; returns octets in `out`.

    Septets are counted from the first bit of src[at], a header included. Raises IndexError when
    `out` is too small (two octets a septet are enough).
    """
    n = 0
    escaped = False
    for i in range(first, last):
        bit = 7 * i & 7
        p = at + (7 * i >> 3)
        c = src[p] >> bit
        if bit > 1:
            c |= src[p + 1] << 8 - bit
        c &= 127
        if c == 27 and not escaped:
            escaped = True
            continue
        n = _put(out, n, _shown(c, escaped))
        escaped = False
    return n


def _shown(c, escaped):
    # Code point of a septet; unknown extensions show the basic character (23.038 clause 6.2.1.1).
    c = escaped and _find(c, 0) or _BASIC[c]
    return 0x20AC if c == 0x9F else c + 0x310 if 0x80 <= c < 0x9F else c


def _find(c, by):
    # Partner of c in the extension table: a character by septet (0), a septet by character (1).
    for i in range(by, len(_EXTENSION), 2):
        if _EXTENSION[i] == c:
            return _EXTENSION[i ^ 1]
    return 0


def _septet(c):
    # Septet of a code point, + 128 when it follows the escape; -1: not in the alphabet.
    if c == 0x20AC:
        c = 0x9F
    elif 0x390 <= c < 0x3AF:
        c -= 0x310
    elif c > 255 or 0x80 <= c < 0xA0:
        return -1
    for i in range(128):
        if _BASIC[(c + i) & 127] == c:  # most characters stand at their own place
            return (c + i) & 127
    c = _find(c, 1)
    return c | 128 if c else -1


def septets(src):
    """Count of septets of the UTF-8 text src (bytes-like); -1: not possible in GSM 7 bit."""
    i = n = 0
    while i < len(src):
        c = _get(src, i)
        i += _length(c)
        c = _septet(c)
        if c < 0:
            return -1
        n += 2 if c > 127 else 1
    return n


def encode7(src, out, at, index, last):
    """Pack the UTF-8 text src as septets from `index` up to at most `last`, counted from out[at].

    Returns the next index. The octet that holds bit 7 * index must be clear above it; one octet
    behind the last is written too. Raises LocalError: no room, not in the alphabet, not UTF-8.
    """
    i = 0
    while i < len(src):
        c = _get(src, i)
        i += _length(c)
        c = _septet(c)
        if c < 0:
            raise LocalError(_LETTER)
        if index + (c >> 7) >= last:
            raise LocalError(_ROOM)
        if c > 127:
            _pack(out, at, index, 27)
            index += 1
        _pack(out, at, index, c & 127)
        index += 1
    return index


def _pack(out, at, index, c):
    bit = 7 * index & 7
    at += 7 * index >> 3
    out[at] |= c << bit & 255
    out[at + 1] = c >> 8 - bit


def decode16(src, start, stop, out):
    """UCS-2 octets src[start:stop] as UTF-8; returns octets in `out`.

    Surrogate pairs become one character, a lone one U+FFFD. Raises PeerError on an odd length,
    IndexError when `out` is too small (three octets a unit are enough).
    """
    if (stop - start) & 1:
        raise PeerError(_ODD)
    n = 0
    while start < stop:
        c = src[start] << 8 | src[start + 1]
        start += 2
        if c & 0xF800 == 0xD800:
            if c < 0xDC00 and start < stop and src[start] & 0xFC == 0xDC:
                c = 0x10000 + ((c & 0x3FF) << 10 | (src[start] & 3) << 8 | src[start + 1])
                start += 2
            else:
                c = 0xFFFD
        n = _put(out, n, c)
    return n


def encode16(src, out, at, last):
    """Write the UTF-8 text src as UCS-2 to out[at:last]; returns the next position.

    Raises LocalError: no room, not UTF-8.
    """
    i = 0
    while i < len(src):
        c = _get(src, i)
        i += _length(c)
        if at + (4 if c > 0xFFFF else 2) > last:
            raise LocalError(_ROOM)
        if c > 0xFFFF:
            c -= 0x10000
            out[at] = 0xD8 | c >> 18
            out[at + 1] = c >> 10 & 255
            at += 2
            c = 0xDC00 | c & 0x3FF
        out[at] = c >> 8
        out[at + 1] = c & 255
        at += 2
    return at
