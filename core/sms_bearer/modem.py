"""SMS modem driver on the AT engine, in PDU mode (3GPP TS 27.005); its methods are flows.

Nothing of the modem's state is trusted: it is set at every start and after every sign of a
restart. Messages stay in the modem's stores until `delete`; indications only make them known
sooner, listing the stores finds them in any case. A stored message is named by its *slot*:
number of the store << 10 | index in it.
"""

from binascii import crc32

from ..const import const
from ..errors import PeerError
from .at import key
from .pdu import Received

# Events of the engine, and two of the driver's own.
_TAIL = const(2)
_NEWS = const(16)  # something for `wait`
_RESTART = const(32)

_SILENT = const(-2)  # result of a command, see at.py

_DEAD = const(220)  # the modem does not answer
_STORE = const(228)  # the modem refuses the store that the slot is in

# Keys of lines, see at.py.
_CMTI = const(0x1B689)
_CDSI = const(0x19269)
_CMGR = const(0x1B4F2)
_CMGL = const(0x1B4EC)
_FULL = (-0x1B33558C, 0x1B33558C, 0xAD3558C)  # +SMS FULL, %SMSFULL: ^SMMEMFULL:
_FRESH = (-0x4899, -0x3084899, -0x273A0654, 0x29228499)  # RDY, APP RDY, ^SYSSTART, *ATREADY:
# SMS Ready, Call Ready, SMS DONE, PB DONE, +CPIN: +CFUN: come later; some modems have no other.
_LATE = (-0x27228499, -0x19228499, -0x1B323DC5, -0x20223DC5, 0x1C12E, 0x19AAE)

_NAMES = b"SMMEMTSR"  # stores
_REPORTS = const(3)
_MASK = const(0x1FFFFFFF)


class Modem:
    """One modem on the line `at`.

    profile: a tuple of profiles.py; pin and smsc: bytes, None when the SIM needs none and has
    its own; press(level): moves the power or the reset key; on_direct(received): gets what the
    modem hands over without storing it, as a rule status reports; valid during the call;
    forget(name): the port's, to let go of the module that is needed at the start only.
    Settings: ``mt`` (1: the modem stores, 2: it hands over), ``gap_ms`` between two messages,
    ``sweep_ms`` between two listings of the home store. State: ``new`` slots that `wait` gives
    out; ``used`` of ``total`` places at home, -1: unknown; ``restarts`` in a row while sending.
    """

    def __init__(self, at, profile, pin=None, smsc=None, press=None, on_direct=None, forget=None):
        self.at = at
        self.profile = profile
        self.pin = pin
        self.smsc = smsc
        self.press = press
        self.on_direct = on_direct
        self.forget = forget
        self.mt = 1
        self.gap_ms = 1000
        self.sweep_ms = 300000
        self.used = self.total = self.store = -1
        self.ready = self.starting = self.confirm = False
        self.pdu = Received()
        self.sums = {}  # slot: check sum of the PDU read there, negative when deleted
        self.due = set()  # stores to list
        self.home = self.restarts = self.row = self.want = self._acks = 0
        self.tx = memoryview(bytearray(64))
        self._direct = None
        self.new = set()
        self._swept = self.last = at.ticks_ms()
        self._next = at.sink
        at.sink = self._line

    def _line(self, event):
        at = self.at
        k = at.key
        if event == _TAIL:
            return self._message(k)
        if k == self.want:
            self.a = at.number(0)
            self.b = at.number(1)
            self.text = at.text()
        elif k == _CMGL:
            self._found(at.number(0))
        elif k == _CMTI or k == _CDSI or k in _FULL:
            return self._stored(k == _CDSI, at.number(1))
        elif k in _FRESH or k in _LATE and not self.starting:
            self.ready = False
            return _NEWS | _RESTART
        elif self._next:
            return self._next(event)
        return 0

    def _found(self, index):
        slot = self.store << 10 | index
        if index >= 0 and self.sums.get(slot, -1) < 0:  # unless it was read and is kept
            self.new.add(slot)

    def _stored(self, report, index):
        line = self.at.line
        i = line.find(b'"') + 1
        i = _NAMES.find(bytes(line[i : i + 2]))
        store = self.home if i < 0 else i >> 1
        if 0 <= index < 1024 and not report:
            self.new.add(store << 10 | index)
            return _NEWS
        self.due.add(store)
        if report:  # its index may be that of another message: modem-quirks.md row 27
            self.due.add(_REPORTS)
        return _NEWS

    def _message(self, k):
        at = self.at
        pdu = self.pdu
        if k == _CMGL:
            return 0
        if k == _CMGR:
            self._sum = crc32(memoryview(at.line)[: at.len]) & _MASK | 1
        else:
            if self.confirm:
                self._acks += 1
            pdu = self._direct = self._direct or Received(at.line)
        try:
            pdu.feed(at.line, 0, at.len)
            self._kind = pdu.parse(at.size)
        except PeerError as error:
            self._kind = -error.args[0]
        if k == _CMGR:
            return 0
        if self._kind >= 0 and self.on_direct:
            self.on_direct(pdu)
        return _NEWS

    def ask(self, text, ms=9000):
        """Flow: a command that may be repeated; returns its result (see at.py). Raises PeerError
        when the modem stays silent; the next call of any flow starts it again."""
        for _ in (0, 1):
            while self._acks:
                self._acks -= 1
                yield from self.at.command(b"+CNMA")
            result = yield from self.at.command(text, ms)
            if result != _SILENT:
                return result
            yield from self.at.write(b"\r")  # a sleeping UART loses the first octet
        self.ready = False
        raise PeerError(_DEAD)

    def query(self, text):
        """Flow: as `ask`; the line of the same name leaves ``a`` and ``b``, its first two numbers
        (-1: none), and ``text``."""
        self.want = abs(key(text, len(text)))
        self.a = self.b = -1
        self.text = b""
        result = yield from self.ask(text)
        self.want = 0
        return result

    def start(self):
        """Flow: wake, unlock and configure the modem. Raises PeerError; may be called again."""
        from . import start

        yield from start.start(self)
        if self.forget:
            self.forget(start.__name__)

    def select(self, store):
        """Flow: make `store` (0 SM, 1 ME, 2 MT, 3 SR) the one to read; raises PeerError when the
        modem refuses. A modem without +CPMS is taken to have the home store only."""
        if not self.ready and not self.starting:
            yield from self.start()
        if store == self.store:
            return
        name = _NAMES[2 * store : 2 * store + 2]
        if (yield from self.query(b'+CPMS="%s"' % name)):
            if self.total >= 0 or store != self.home:
                raise PeerError(_STORE)
        elif store == self.home:
            self.used = self.a
            self.total = self.b
        self.store = store

    def wait(self, ms):
        """Flow: the slot of a message to be read, -1 when there is none within `ms`. Starts the
        modem again, and lists its stores, when that is due."""
        at = self.at
        start = at.ticks_ms()
        while True:
            if not self.ready:
                yield from self.start()
            if self._acks:
                yield from self.ask(b"")
            if self.new:
                return self.new.pop()
            now = at.ticks_ms()
            left = self.sweep_ms - (now - self._swept & _MASK)  # until the next sweep
            ms_left = ms - (now - start & _MASK)
            if self.ready and (self.due or left <= 0):
                yield from self.sweep()
            elif ms_left <= 0:
                return -1
            elif self.ready:
                yield from at.wait(min(left, ms_left), _NEWS)

    def sweep(self):
        """Flow: list a store that is due, the home store when none is, for `wait`."""
        store = self.due.pop() if self.due else self.home
        self._swept = self.at.ticks_ms()
        self.store = -1
        try:
            yield from self.select(store)
        except PeerError as error:
            if error.args[0] != _STORE:
                raise
            return
        if self.a and (yield from self.ask(b"+CMGL=4", 60000)):
            for i in range(max(self.b, 20) + 1):  # cannot list: look everywhere
                self._found(i)

    def _soon(self):
        self._swept = self.at.ticks_ms() - self.sweep_ms + 10000

    def read(self, slot):
        """Flow: the message in `slot`, parsed into ``pdu``; returns its kind, -1 when it is gone
        or was deleted before. Raises PeerError: store refused, PDU malformed."""
        yield from self.select(slot >> 10)
        self._sum = 0
        result = yield from self.ask(b"+CMGR=%d" % (slot & 1023))
        if result and result != 321:
            self._soon()
        if not self._sum:
            return -1
        before = self.sums.get(slot)
        self.sums[slot] = self._sum
        if before == -self._sum:
            yield from self.delete(slot)
            return -1
        if self._kind < 0:
            raise PeerError(-self._kind)
        return self._kind

    def delete(self, slot):
        """Flow: delete what was last read from `slot`; it is not shown again even if the modem
        keeps it. Raises PeerError: store refused."""
        yield from self.select(slot >> 10)
        if slot in self.sums:
            self.sums[slot] = -abs(self.sums[slot])
        if (yield from self.ask(b"+CMGD=%d" % (slot & 1023))):
            self._soon()
        elif slot >> 10 == self.home:
            self.used -= 1

    def send(self, submit):
        """Flow: send a message that is ready to `close`; returns its reference (0..255). Raises
        PeerError: refused for good or for now, not taken, or result unknown, in which case
        repeating it is safe only where the far end drops duplicates."""
        from .send import send

        return (yield from send(self, submit))
