"""Writes SMS-SUBMIT, what a device sends (3GPP TS 23.040 clause 9.2.2.2), as hex digits."""

from ..const import const
from ..errors import LocalError
from .pdu import alphabet

_ROOM = const(210)  # no room in the message, or octets into a 7-bit one
_NUMBER = const(211)  # not a telephone number of 1 to 20 digits
_ORDER = const(212)  # header element after data

_MOST = const(177)  # octets: service centre 12, TPDU 164, the spare one for `text.encode7`


class Submit:
    """One message to send, in one fixed buffer; kept by its owner and opened again for each.

    `open`, then `element` for ports and parts, then `write` (``end - pos`` octets still fit: 133
    behind ports) or `text.encode`, then `close`, whose result is the length for ``AT+CMGS=``, then
    `hex` until it gives 0; `close` again to repeat the PDU. After a LocalError open again.
    Settings, kept between messages:

    - ``flags``: TP-RD 04, TP-SRR 20 (status report wanted), TP-RP 80 and, in bits 18, the form
      of ``vp``: 00 none, 10 relative, 18 absolute, 08 enhanced;
    - ``vp``: TP-VP, bytes of 0, 1 or 7 octets; `times.py` makes them;
    - ``mr``: message reference; ``centre``: service-centre number, None: the modem's own.
    """

    def __init__(self, buf=None):
        """buf: bytearray of 177 octets or more."""
        self.buf = buf or bytearray(_MOST)
        self.flags = 0x10
        self.vp = b"\xa7"  # 24 h
        self.mr = 0
        self.centre = None

    def open(self, to, dcs=4):
        """Begin a message. to: number, str or bytes, with "+" in front when international;
        dcs: TP-DCS octet (4: 8-bit data). Raises LocalError."""
        self.pos = 0
        self.end = len(self.buf)
        self._put(0)
        if self.centre:
            self.pos = 0
            self._address(self.centre)
            self.buf[0] = self.pos - 1  # here the length is in octets
        self.base = self.pos
        self._put(1 | self.flags)
        self._put(self.mr)
        self._address(to)
        self._put(0)
        self._put(dcs)
        for c in self.vp:
            self._put(c)
        self.alphabet = alphabet(dcs)
        self._put(0)
        self.ud = self.start = self.pos
        self.end = self.pos + 140
        self.units = self.buf[self.pos] = 0

    def _put(self, c):
        if self.pos >= self.end:
            raise LocalError(_ROOM)
        self.buf[self.pos] = c
        self.pos += 1

    def _address(self, number):
        if isinstance(number, str):
            number = number.encode()
        n = len(number)
        i = 1 if n and number[0] == 43 else 0
        n -= i
        if not 0 < n <= 20:
            raise LocalError(_NUMBER)
        self._put(n)
        self._put(0x91 if i else 0x81)
        for k in range(n):
            c = number[i + k] - 48
            if not 0 <= c <= 9:
                raise LocalError(_NUMBER)
            if k & 1:
                self.buf[self.pos - 1] &= 15 | c << 4
            else:
                self._put(0xF0 | c)

    def element(self, iei, size, high, low):
        """Add a header element: the `size` (1..4) low octets of high << 16 | low.

        Ports: ``element(5, 4, dst, src)`` (spec: more-pts-and-transport.md section 2);
        concatenation: ``element(0, 3, ref, total << 8 | part)``, with a 16-bit reference
        ``element(8, 4, ref, total << 8 | part)``. Raises LocalError.
        """
        if self.pos != self.start:
            raise LocalError(_ORDER)
        ud = self.ud
        if self.pos == ud:
            self.buf[self.base] |= 0x40
            self._put(0)
        self._put(iei)
        self._put(size)
        while size:
            size -= 1
            self._put((high if size > 1 else low) >> 8 * (size & 1) & 255)
        self.start = self.pos
        n = self.pos - ud
        self.buf[ud] = n - 1
        self.buf[self.pos] = 0
        if not self.alphabet:
            self.units = (n * 8 + 6) // 7

    def write(self, data):
        """Add octets (bytes-like) as they are and return their count.

        Raises LocalError: no room, or a 7-bit message, which takes text only.
        """
        n = len(data)
        if n > self.end - self.pos or not self.alphabet:
            raise LocalError(_ROOM)
        self.buf[self.pos : self.pos + n] = data
        self.pos += n
        return n

    def close(self):
        """Complete the message and go to its first digit. Returns the TPDU's length in octets."""
        if self.units:  # septets
            self.pos = self.ud + (self.units * 7 + 7 >> 3)
        self.buf[self.ud - 1] = self.units or self.pos - self.ud
        self.sent = 0
        return self.pos - self.base

    def hex(self, out):
        """Next hex digits of the PDU into `out` (bytearray); returns their count, 0 at the end."""
        n = 0
        while n + 1 < len(out) and self.sent < self.pos:
            c = self.buf[self.sent]
            self.sent += 1
            out[n] = b"0123456789ABCDEF"[c >> 4]
            out[n + 1] = b"0123456789ABCDEF"[c & 15]
            n += 2
        return n
