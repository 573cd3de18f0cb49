"""AT engine: octets of a modem line in, events out (3GPP TS 27.007 and 27.005, ITU-T V.250).

Sans-I/O: `feed` and `poll` know nothing of waiting; `wait` and `command` are flows, generators
that yield READ and WRITE to whoever owns the line. One command is in flight. Lines of its answer
and lines that come unasked go to the same `sink` and are told apart by name, so that an indication
inside an answer neither spoils it nor gets lost.

The name of a line is a small integer, its *key*: the letters before the colon, five bits each,
of which the last six count ("+CDS: 25" has 3 << 10 | 4 << 5 | 19); negative without a colon,
0 without letters.
"""

from ..const import const

_READ = const(2)
_WRITE = const(3)

# Events, a bit each; the sink may answer with bits of its own.
_LINE = const(1)  # line[:len], with its key
_TAIL = const(2)  # line[:len] is the PDU announced under `key`, `size` octets long
_FINAL = const(4)  # the command is over: `code`
_PROMPT = const(8)  # the modem asks for data

# Results of a command: OK, the number of +CMS ERROR, 1000 + the number of +CME ERROR, or
_PLAIN = const(-1)  # ERROR
_SILENT = const(-2)  # none in time
_ASKED = const(-3)  # the event asked for came first

# Keys.
_OK = const(-0x1EB)
_ERROR = const(-0x5949F2)
_CMS_ERROR = const(0x265949F2)
_CME_ERROR = const(0xA5949F2)
_TAILED = (0xDB4, 0xC93, 0x1B4F2, 0x1B4EC)  # +CMT +CDS +CMGR +CMGL: one more line follows

_WRITING = const(10000)  # ms for a write: flow control may hold it up
_PAUSE = const(20)  # ms of silence before a command: modem-quirks.md row 14
_SHORTEST = const(28)  # digits of the shortest PDU a modem can hand out


def key(text, n):
    """Key of the name that text[:n], a line or a command without AT, begins with."""
    k = 0
    for i in range(n):
        c = text[i]
        if c == 58 or c == 61 or c == 63:  # : = ?
            return k
        if c > 64:
            k = (k & 0x1FFFFFF) << 5 | c & 31
    return -k


class At:
    """One modem line. At READ the skin fills ``view``, at WRITE it writes it, within ``ms``; a
    READ of 0 octets says that nothing came in that time.

    ticks_ms: callable, milliseconds modulo 2**29; size: longest line that is kept whole (of a
    longer one the rest is dropped); chunk: octets taken in at a time.
    ``sink``: callable(event) for LINE and TAIL; bits it returns are added to the event.
    """

    def __init__(self, ticks_ms, size=384, chunk=64):
        self.ticks_ms = ticks_ms
        self.rx = self.view = memoryview(bytearray(chunk))
        self.line = bytearray(size + 1)
        self._echo = b"\r"
        self.sink = None
        self.ms = self.key = self.code = self.size = self.len = 0
        self.pos = self.end = 0  # what is left in rx
        self._args = self._tail = self._under = 0  # the tails due: key << 8 | size
        self._prompt = 0
        self._shown = False
        self.up = False  # the line is open; for those who open it

    def feed(self, n):
        """n octets were put into ``rx``; only when `poll` has given 0."""
        self.pos = 0
        self.end = n

    def poll(self):
        """Next event, 0 when everything fed is used up. ``line`` holds until the next call."""
        if self._shown:
            self._shown = False
            self.len = 0
        n = self.len
        line = self.line
        while self.pos < self.end:
            c = self.rx[self.pos]
            self.pos += 1
            if 32 < c < 127 or c == 32 and n:
                if c == 62 and not n and self._prompt:
                    self._prompt = 0
                    return _PROMPT
                if n < len(line) - 1:
                    line[n] = c
                    n += 1
            elif n and (c == 13 or c == 10):
                line[n] = 13
                self.len = n
                n = self._ended()
                if n:
                    self._shown = True
                    return n
        self.len = n
        return 0

    def _ended(self):
        # The event of a complete line, 0 for the echo of the command.
        if self.line.startswith(self._echo):
            return 0
        n = self.len
        self.key = k = key(self.line, n)
        self._args = self.line.find(b":", 0, n) + 1 or n
        if k == _OK and n == 2:
            self.code = 0
        elif k == _ERROR and n == 5:
            self.code = _PLAIN
        elif k == _CMS_ERROR or k == _CME_ERROR:
            n = self.number(0)
            self.code = _PLAIN if n < 1 else n if k == _CMS_ERROR else n + 1000
        elif k <= 0 and self._tail and n >= _SHORTEST:
            self.key = self._tail >> 8
            self.size = self._tail & 255
            self._tail = self._under
            self._under = 0
            return _TAIL
        else:
            if k in _TAILED and self.number(-1) > 0:
                # An indication may come between an answer's header and its PDU.
                self._under = self._tail
                self._tail = k << 8 | self.number(-1) & 255
            return _LINE
        return _FINAL

    def number(self, i):
        """Parameter i of the line, from 0 (-1: the last one), as an integer.

        -1 when it is missing, in quotes, or no plain number."""
        v = -1
        quoted = False
        for p in range(self._args, self.len):
            c = self.line[p]
            if c == 34:
                quoted = not quoted
                v = -2
            elif c == 44 and not quoted:
                if not i:
                    break
                i -= 1
                v = -1
            elif 48 <= c < 58 and -2 < v < 10000000:
                v = c - 48 if v < 0 else v * 10 + c - 48
            elif c != 32:
                v = -2
        return v if v >= 0 >= i else -1

    def text(self):
        """The parameters of the line, as new bytes."""
        return bytes(self.line[self._args : self.len]).strip()

    def write(self, octets):
        """Flow: octets onto the line."""
        self.view = octets
        self.ms = _WRITING
        yield _WRITE

    def wait(self, ms, events):
        """Flow: take in what comes for ms at most; returns the first event with a bit of
        `events`, 0 when there was none in time."""
        start = self.ticks_ms()
        while True:
            event = self.poll()
            if event:
                if event < _FINAL and self.sink:
                    event |= self.sink(event) or 0
                if event & events:
                    return event
                continue
            self.ms = ms - (self.ticks_ms() - start & 0x1FFFFFFF)
            if self.ms <= 0:
                return 0
            self.view = self.rx
            n = yield _READ
            if not n:
                return 0
            self.feed(n)

    def command(self, text, ms=9000, events=0):
        """Flow: send "AT", text (bytes) and CR; returns the result, see above.

        events: PROMPT for a command that asks for data, or a bit of the sink's; such an event
        ends it too. Raises OSError from the line."""
        yield from self.wait(_PAUSE, 0)
        self._echo = b"AT%s\r" % text
        yield from self.write(self._echo)
        self._prompt = events & _PROMPT
        event = yield from self.wait(ms, events | _FINAL)
        self._prompt = 0
        if event & _FINAL:
            return self.code
        return _ASKED if event else _SILENT
