"""Time stamps and validity periods of an SMS (3GPP TS 23.040 clauses 9.2.3.11 and 9.2.3.12)."""

from ..const import const
from ..errors import LocalError, PeerError

_TIME = const(207)  # time stamp digit over 9
_VALIDITY = const(215)  # caller: validity period that the form cannot express


def stamp(buf, at):
    """The 7 octets at buf[at:] as (year, month, day, hour, minute, second, zone).

    zone: minutes east of Greenwich; the time is local to it. Raises PeerError when a digit is
    none; a service centre without a clock sends zeros, which come out as they are.
    """
    out = [0] * 7
    for i in range(7):
        c = buf[at + i]
        low = c & 7 if i == 6 else c & 15  # bit 3 of the zone is its sign
        if low > 9 or c >> 4 > 9:
            raise PeerError(_TIME)
        out[i] = low * 10 + (c >> 4)
    out[0] += 2000
    out[6] *= -15 if buf[at + 6] & 8 else 15
    return tuple(out)


def absolute(time):
    """The inverse of `stamp` as 7 octets: TP-VP absolute (Submit.flags bits 18)."""
    out = bytearray(7)
    for i in range(7):
        c = abs(time[i]) // 15 if i == 6 else time[i] % 100
        out[i] = c % 10 << 4 | c // 10
    if time[6] < 0:
        out[6] |= 8
    return bytes(out)


def relative(minutes):
    """TP-VP relative (Submit.flags bits 10), 1 octet: the first step not below `minutes`.

    Raises LocalError outside 1 minute to 63 weeks.
    """
    if minutes <= 720:
        n = (minutes + 4) // 5 - 1
    elif minutes <= 1440:
        n = 143 + (minutes - 691) // 30
    elif minutes <= 43200:
        n = 166 + (minutes + 1439) // 1440
    else:
        n = 192 + (minutes + 10079) // 10080
    if not 0 <= n <= 255:
        raise LocalError(_VALIDITY)
    return bytes((n,))


def enhanced(seconds):
    """TP-VP enhanced (Submit.flags bits 08) in hours, minutes and seconds, 7 octets.

    Raises LocalError outside 1 second to 99 h 59 min 59 s.
    """
    if not 0 < seconds < 360000:
        raise LocalError(_VALIDITY)
    out = bytearray(7)
    out[0] = 3
    for i in range(3, 0, -1):
        c = seconds % 60 if i > 1 else seconds
        seconds //= 60
        out[i] = c % 10 << 4 | c // 10
    return bytes(out)
