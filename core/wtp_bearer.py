"""CSP over connection-oriented WSP: POST methods of a session, each a transaction of WTP class 2.

Messages longer than a datagram go and come in segments (segmentation and reassembly of WTP). Those
of an answer are taken in order only, what is missing is asked for again: one datagram is all that
is ever held. Numbers are those of WAP-224-WTP, sections 6 to 9, and WAP-230-WSP, section 8.
"""

from .const import const
from .errors import LocalError, PeerError
from .wsp_bearer import WspBearer

_OPEN = const(1)
_WRITE = const(3)
_CLOSE = const(4)

_HEAD = const(20)
_LARGE = const(23)
_TOO_LONG = const(58)
_RESET = const(104)
_TIMEDOUT = const(110)
_CLOSING = const(3)  # the state of a session that logs out
_MASK = const(0x7FFF)

# first octets of PDUs, and their flags
_INVOKE = const(0x08)
_ACK = const(0x18)
_ABORT = const(0x20)  # by WTP
_CANCEL = const(0x21)  # the same by WSP
_SEGMENT = const(0x28)
_NACK = const(0x38)
_MORE = const(0x80)  # TPIs follow
_VERIFY = const(4)  # in Ack: is this TID in use, and yes, it is
_GROUP = const(4)  # the last packet of a group
_LAST = const(2)  # the last packet of the message
_PSN = const(0x19)  # a TPI with a packet sequence number
# types of PDUs, and what `next` returns in place of a number
_RESULT = const(2)
_ACKED = const(3)
_ABORTED = const(4)
_SEGMENTED = const(6)
_FOUND = const(-2)
_NOTHING = const(-1)

_INVALID_TID = const(2)
_PEER_REQUEST = const(0xE8)
_CLASS_2 = const(0x12)  # with user acknowledgement
_TID_NEW = const(0x20)  # TIDs begin anew
_MOST = const(255)  # the last segment that has a number
_WINDOW = const(128)  # most segments asked for at a time


class WtpBearer(WspBearer):
    """Arguments of ``WspBearer``, and most: octets of the largest answer that the service may
    send, at most 2,000,000. mtu: of the largest segment, either way; gateways send up to 1,404
    octets unasked. ``id``: of the WSP session, None for none."""

    def __init__(self, *args, most=100000, mtu=1472, **options):
        super().__init__(*args, mtu=mtu, **options)
        self.most = most
        self.done = True
        self.last = b""

    def exchange(self, s):
        """Flow: send the session's message and wait for the first segment of the answer.

        A WSP session that turns out to be gone is set up again once. Raises LocalError for a
        message of more than 256 segments, OSError when nobody answers or the gateway aborts,
        PeerError when the service or the gateway refuses.
        """
        while True:
            fresh = not self.up
            try:
                if fresh:
                    self.id = None
                    self.ms = self.timeout
                    yield _OPEN
                    self.up = True
                elif not self.done:  # the rest of the last answer is not wanted
                    yield from self.say(_CANCEL, self.tid, _PEER_REQUEST)
                if not self.id:
                    yield from self.open(s)
                yield from self.ask(s, self.post(s.w), s.write)
                break
            except OSError as e:
                self.up = False
                yield _CLOSE
                if fresh or e.args[:1] != (_RESET,):
                    raise
        if self.buf[self.at] != 4:
            raise PeerError(_HEAD)
        self.reply(self.at + 2, self.at + self.left)
        self.over = self.done and not self.left
        s.r.reset()
        if s.state == _CLOSING and self.done:  # Disconnect, which nobody answers
            self.tid = self.tid + 1 & _MASK
            yield from self.say(_INVOKE | _GROUP | _LAST, self.tid, 0, 5, *self.id)
            self.id = None

    def open(self, s):
        """Flow: Connect. The capabilities say what may be in one message, either way."""
        size = bytes(((self.most >> 14) + 1 | 128, 128, 0))
        yield from self.ask(s, b"\x01\x10\x0a\0\x04\x80%s\x04\x81%s" % (size, size), int)
        b = self.buf
        end = self.at + 1
        while b[end] > 127 and end < self.at + 5:
            end += 1
        if b[self.at] != 2 or end >= self.at + self.left:  # refused, or sent elsewhere
            raise PeerError(_HEAD)
        self.id = bytes(b[self.at + 1 : end + 1])

    def ask(self, s, head, write):
        """Flow: a transaction. Its message is head and what ``write()`` writes: each segment is
        sent until it is acknowledged, the last until the first of the result is here."""
        b = self.buf
        self.tid = self.tid + 1 & _MASK
        self.count = self.left = self.pos = self.end = psn = low = again = end = 0
        self.over = self.done = False
        wait = self.wait
        start = self.port.ticks_ms()
        while end < self.timeout:
            n = self.put(s.w, low - 4, head, write)
            more = n >= len(b)
            n = min(n, len(b) - 1)
            b[0] = (_SEGMENT if psn else _INVOKE) | (_GROUP if more else _LAST) | again
            b[1] = self.tid >> 8
            b[2] = self.tid & 255
            b[3] = psn or _CLASS_2 | (0 if self.tid else _TID_NEW)
            self.view = self.mv[:n]
            yield _WRITE
            end = min(end + wait, self.timeout)
            wait *= 2
            again = 1
            while True:
                found = yield from self.next(start, end)
                if found == _FOUND:
                    return
                if found == _NOTHING:
                    break
                if found == psn and not more:
                    end = self.timeout  # it is all there: the answer takes its time
                elif found == psn:
                    if psn == _MOST:
                        raise LocalError(_TOO_LONG)
                    psn += 1
                    low += n - 4
                    again = end = 0
                    wait = self.wait
                    start = self.port.ticks_ms()
                    break
        raise OSError(_TIMEDOUT)

    def next(self, start, ms):
        """Flow: what comes until ms after start. Returns -2 for the next segment of the result,
        ``left`` octets from ``at`` on; the number of ours that is acknowledged; -1: time is up.

        Raises OSError 104 when the gateway aborts, PeerError for too large a datagram."""
        b = self.buf
        while True:
            if self.pos >= self.end:
                n = yield from self.datagram(start, ms)
                if n < 0:
                    return _NOTHING
                self.pos = 0 < n < len(b) and not b[0]  # several PDUs, each behind its length
                self.end = n
            o = self.pos
            n = self.end
            if o:
                size = b[o]
                o += 1
                if size > 127:
                    size = (size & 127) << 8 | b[o]
                    o += 1
                n = o + size
            self.pos = n
            if n - o < 3 or n > self.end or b[o + 1] < 128:
                continue
            tid = (b[o + 1] & 127) << 8 | b[o + 2]
            ours = tid == self.tid
            kind = b[o] >> 3 & 15
            flags = b[o] & (_GROUP | _LAST)
            psn = b[o + 3] if kind == _SEGMENTED else 0
            at = o + 4 if kind == _SEGMENTED else o + 3
            more = b[o] & _MORE
            while more and at + 1 < n:
                more = b[at] & _MORE
                if b[at] & ~_MORE == _PSN:
                    psn = b[at + 1]
                at += 2 + b[at + 1] if b[at] & 4 else 1 + (b[at] & 3)
            if kind == _ACKED and flags & _VERIFY:
                if ours:
                    yield from self.say(_ACK | _VERIFY, tid)
                else:
                    yield from self.say(_ABORT, tid, _INVALID_TID)
            elif kind == _ACKED and ours:
                return psn
            elif kind == _ABORTED and ours:
                raise OSError(_RESET)
            elif kind == _RESULT or kind == _SEGMENTED:
                if ours and psn == self.count and at <= n:
                    if n == len(b):
                        raise PeerError(_LARGE)
                    self.count += 1
                    self.at = at
                    self.left = n - at
                    self.done = flags & _LAST
                    if flags:
                        rest = (_PSN, psn) if psn or flags == _GROUP else ()
                        yield from self.say(_ACK | (_MORE if rest else 0), tid, *rest)
                        self.last = self.view
                    return _FOUND
                if ours and flags and 0 < psn - self.count < _WINDOW:
                    missing = range(self.count, psn + 1)
                    yield from self.say(_NACK, tid, len(missing), *missing)
                elif flags and self.last[1:3] == bytes((tid >> 8, tid & 255)):
                    self.view = self.last
                    yield _WRITE

    def say(self, first, tid, *rest):
        """Flow: a short PDU."""
        self.view = bytes((first, tid >> 8, tid & 255) + rest)
        yield _WRITE

    def fill(self, r):
        """Flow: more of the answer into the reader; ``over`` tells whether there is any left."""
        start = self.port.ticks_ms()
        while not self.left and not self.done:
            if (yield from self.next(start, self.timeout)) == _NOTHING:
                raise OSError(_TIMEDOUT)
        super().fill(r)
        self.over = self.done and not self.left
