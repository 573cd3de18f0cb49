"""CSP in plain text (pts.md): `Speech`, ``reader``, ``writer``, and the codes that they know.

A table is octets, six for each row: the two letters, the level at which they mean something, the
element (page, token) or value word that they mean, and how its value is written. Levels: 0
transactions, 1 parameters, 2 capabilities, 3 services, 4 presence attributes, 5 their parts,
6 value words. The last octet of a row: bits 0 to 4 the form of the value (of a transaction: how
its users are wrapped), bits 5 and 6 where the row holds (0 anywhere, 1 in requests, 2 in answers,
3 in UpdatePresence; of a transaction: what it is, 0 for one that is only read), bit 7 set for a
private row of the extension profile. Made by tools/generate_pts.py from a table with sources.
"""


class Speech:
    """A session's reader and writer in one, which makes the real ones for a message at a time.

    That is for SMS, which take seconds: a board has them in memory only while they are at work.
    size, depth, longest: limits of the Reader; codes: the table, None for a built-in one, which
    has private codes with ``extension``. ``agreed``: the service knows those.
    """

    media = b"sms"

    def __init__(self, size, depth, longest, version, extension, codes):
        if not codes and extension:
            from .extension import EXTENSION as codes
        elif not codes:
            from .codes import CODES as codes
        self.limits = (size, depth, longest, codes)
        self.version = version
        self.peer = self if extension else None
        self.agreed = False
        self.stream = -1  # of the next Reader

    def reader(self):
        """A Reader for one message."""
        from .reader import Reader

        r = Reader(*self.limits)
        r.agreed = self.agreed
        r.stream = self.stream
        return r

    def writer(self):
        """A Writer for one message."""
        from .writer import Writer

        return Writer(self.limits[0], self.version, self.limits[3], self.peer)


def speak(bearer, *limits):
    """(reader, writer) of a session over the bearer, with the limits of Speech."""
    speech = Speech(*limits)
    if bearer.pushes:
        return speech, speech
    r = speech.reader()
    if speech.peer:
        speech.peer = r
    w = speech.writer()
    w.media = speech.media
    return r, w


def find(table, key, at, where, private):
    """Offset of the first row that has the octets ``key`` from its octet ``at`` on, -1 for none.

    where: 1, 2 or 3, the kind of the message, -1 for any; private: take private rows too.
    """
    i = table.find(key)
    while i >= 0:
        if i % 6 == at:
            how = table[i - at + 5]
            place = how >> 5 & 3
            if (place == 0 or where < 0 or place == where) and (private or how < 0x80):
                return i - at
        i = table.find(key, i + 1)
    return -1


def head(buf, start, stop):
    """Reads preamble ``WVvvTTnnn`` and letters at buf[start:stop]: pts.md sections 1 and 7.

    Returns its size without letters | index of the part << 4 | index of the last part << 9 | 4000
    (hex) where it has letters; -1: too short, -2: no preamble, -7: no version. The version may be
    "xx" (discovery); letters may be of either case.
    """
    if stop - start < 7:
        return -1
    i = start
    for want in b"WV00AA":
        c = buf[i]
        if want == 0x30:
            if not 0x30 <= c <= 0x39 and c | 32 != 0x78:
                return -7
        elif c & 0xDF != want and (want != 0x41 or not 0x41 <= c & 0xDF <= 0x5A):
            return -2
        i += 1
    while i < stop and i < start + 9 and 0x30 <= buf[i] <= 0x39:
        i += 1
    size = i - start
    if size == 6:
        return -2
    if i == stop or buf[i] == 0x20:
        return size
    if i + 2 > stop or i + 2 < stop and buf[i + 2] != 0x20:
        return -2
    index = (buf[i] | 32) - 0x61
    last = (buf[i + 1] | 32) - 0x61
    return size | index << 4 | last << 9 | 0x4000 if 0 <= index <= last < 26 else -2
