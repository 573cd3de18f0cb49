"""Reads SMS-DELIVER, SMS-STATUS-REPORT and, as a modem's store lists them too, SMS-SUBMIT.

3GPP TS 23.040 clause 9.2. The hex digits of an AT line go into one fixed buffer and are read where
they lie. `submit.py` writes; `text.py` and `times.py` are for those who need text and time stamps.
"""

from ..const import const
from ..errors import PeerError

_HEX = const(200)  # not hex digits, an odd number of them, or more than the buffer holds
_SHORT = const(201)  # ends inside a field
_SIZE = const(202)  # not as long as the modem announced
_KIND = const(203)  # reserved message type
_ADDRESS = const(204)  # address of more than 20 semi-octets
_DATA = const(205)  # user data length wrong: over 140 octets, or not what follows
_HEADER = const(206)  # impossible user data header

_MOST = const(176)  # octets: service centre 12, the longest TPDU 164


def alphabet(dcs):
    """Alphabet of a TP-DCS octet: 0 GSM 7 bit, 1 octets, 2 UCS-2.

    Compressed text counts as octets, reserved codes as GSM 7 bit (3GPP TS 23.038 clause 4).
    """
    if dcs >= 0xF0:
        return dcs >> 2 & 1
    if dcs >= 0x80:
        return 2 if dcs >= 0xE0 else 0
    if dcs & 0x20:
        return 1
    return (dcs >> 2 & 3) % 3


class Received:
    """A received message; kept by its owner and filled again for each PDU.

    Call `feed` with the hex digits, then `parse`, which sets

    - ``kind`` 0 DELIVER, 1 SUBMIT, 2 STATUS-REPORT; ``flags``: the first octet;
    - ``sender[:sender_len]``: the other party in ASCII (a name in UTF-8);
    - ``stamp``: where in ``buf`` the service centre's time stamp lies (SUBMIT: TP-VP);
    - STATUS-REPORT and SUBMIT: ``mr`` message reference;
    - STATUS-REPORT: ``discharge`` like ``stamp``, ``status`` TP-ST;
    - DELIVER and SUBMIT: ``pid``, ``dcs``, ``alphabet`` (see the function), ``buf[start:stop]``
      user data without its header, ``dst`` and ``src`` ports (-1: none), place in a concatenated
      message ``ref``, ``total`` (0: none, the others then have no meaning), ``part``, ``wide``
      (16-bit reference), ``shift`` national language used (0: none; it is not applied).
    """

    def __init__(self, buf=None):
        """buf: bytearray of 176 octets or more; may be the line buffer the digits stand in."""
        self.buf = buf or bytearray(_MOST)
        self.sender = bytearray(24)
        self.fed = 0

    def feed(self, src, start, stop):
        """Append the hex digits src[start:stop]; faults are kept for `parse`."""
        n = self.fed
        for i in range(start, stop):
            c = src[i]
            if 48 <= c < 58:
                c -= 48
            elif 65 <= c < 71:
                c -= 55
            elif 97 <= c < 103:
                c -= 87
            else:
                n = -1
            if not 0 <= n >> 1 < len(self.buf):
                n = -1
                break
            if n & 1:
                self.buf[n >> 1] |= c
            else:
                self.buf[n >> 1] = c << 4
            n += 1
        self.fed = n

    def parse(self, size=-1):
        """Read the PDU fed so far and return ``kind``; the next `feed` starts a new one.

        size: TPDU octets as announced by the modem, which also tells whether a service-centre
        address stands in front; -1: not announced, one does. Raises PeerError; the object
        stays usable.
        """
        n = self.fed
        self.fed = self.pos = self.total = self.shift = 0
        self.dst = self.src = -1
        if n & 1:
            raise PeerError(_HEX)
        self.end = n >> 1
        if size != self.end:
            self._skip(self._octet())
            if size >= 0 and size != self.end - self.pos:
                raise PeerError(_SIZE)
        self.flags = self._octet()
        self.kind = n = self.flags & 3
        if n == 3:
            raise PeerError(_KIND)
        if n:
            self.mr = self._octet()
        self._address()
        if n != 2:
            self.pid = self._octet()
            self.dcs = self._octet()
        self.stamp = self._skip((0, 7, 1, 7)[self.flags >> 3 & 3] if n == 1 else 7)
        if n != 2:
            self._user_data()
        else:
            self.discharge = self._skip(7)
            self.status = self._octet()
        return n

    def _skip(self, n):
        at = self.pos
        self.pos = n = at + n
        if n > self.end:
            raise PeerError(_SHORT)
        return at

    def _octet(self):
        return self.buf[self._skip(1)]

    def _address(self):
        n = self._octet()
        toa = self._octet() >> 4 & 7
        at = self._skip((n + 1) >> 1)
        if n > 20:
            raise PeerError(_ADDRESS)
        k = 0
        if toa == 5:  # a name: n semi-octets hold n * 4 // 7 septets
            from .text import decode7

            k = decode7(self.buf, at, 0, n * 4 // 7, self.sender)
            n = 0
        elif toa == 1:
            self.sender[0] = 43  # +
            k = 1
        for i in range(n):
            c = self.buf[at + (i >> 1)] >> 4 * (i & 1) & 15
            if c < 15:  # 15: filler
                self.sender[k] = b"0123456789*#abc"[c]
                k += 1
        self.sender_len = k

    def _user_data(self):
        buf = self.buf
        self.alphabet = alphabet(self.dcs)
        n = self.units = self._octet()
        if not self.alphabet:
            n = (n * 7 + 7) >> 3
        self.ud = self.pos
        self.stop = self.end
        if n > 140 or n != self.end - self.pos:
            raise PeerError(_DATA)
        n = self._octet() + self.pos if self.flags & 0x40 else 0  # end of the header
        while self.pos < n:
            key = self._octet() << 8 | self._octet()
            p = self._skip(key & 255)
            if key == 0x0504:
                self.dst = buf[p] << 8 | buf[p + 1]
                self.src = buf[p + 2] << 8 | buf[p + 3]
            elif key == 0x0402:
                self.dst = buf[p]
                self.src = buf[p + 1]
            elif key == 0x2401 or key == 0x2501:
                self.shift = buf[p]
            elif key == 0x0003 or key == 0x0804:
                self.ref = buf[p]
                if key > 3:
                    p += 1
                    self.ref = self.ref << 8 | buf[p]
                self.wide = key > 3
                self.part = buf[p + 2]
                self.total = buf[p + 1] if 0 < self.part <= buf[p + 1] else 0
        if n and self.pos != n:
            raise PeerError(_HEADER)
        self.start = self.pos
