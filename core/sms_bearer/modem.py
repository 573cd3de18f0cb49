"""SMS modem driver on the AT engine, in PDU mode (3GPP TS 27.005); its methods are flows.

Nothing of the modem's state is trusted: it is set at every start and after every sign of a
restart. Messages stay in the modem's stores until `delete`; indications only make them known
sooner, listing the stores finds them in any case. A stored message is named by its *slot*:
number of the store << 10 | index in it.
"""

from ..const import const
from ..errors import PeerError
from .at import key
from .heard import found, heard
from .pdu import Received

_NEWS = const(16)  # event, see heard.py

_SILENT = const(-2)  # result of a command, see at.py

_DEAD = const(220)  # the modem does not answer
_STORE = const(228)  # the modem refuses the store that the slot is in

_NAMES = b"SMMEMTSR"  # stores
_MASK = const(0x1FFFFFFF)


class Modem:
    """One modem on the line `at`.

    profile: a tuple of profiles.py; pin and smsc: bytes, None when the SIM needs none and has
    its own; press(level): moves the power or the reset key; on_direct(received): gets what the
    modem hands over without storing it, as a rule status reports; valid during the call;
    forget(name): the port's, to let go of modules that are needed now and then.
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
        self.home = self.restarts = self.row = self.want = self.acks = 0
        self.tx = memoryview(bytearray(64))
        self.direct = None
        self.new = set()
        self._swept = self.last = at.ticks_ms()
        self.next = at.sink
        at.sink = lambda event: heard(self, event)

    def ask(self, text, ms=9000):
        """Flow: a command that may be repeated; returns its result (see at.py). Raises PeerError
        when the modem stays silent; the next call of any flow starts it again."""
        for _ in (0, 1):
            while self.acks:
                self.acks -= 1
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
            if self.acks:
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
                found(self, i)

    def _soon(self):
        self._swept = self.at.ticks_ms() - self.sweep_ms + 10000

    def read(self, slot):
        """Flow: the message in `slot`, parsed into ``pdu``; returns its kind, -1 when it is gone
        or was deleted before. Raises PeerError: store refused, PDU malformed."""
        yield from self.select(slot >> 10)
        self.sum = 0
        result = yield from self.ask(b"+CMGR=%d" % (slot & 1023))
        if result and result != 321:
            self._soon()
        if not self.sum:
            return -1
        before = self.sums.get(slot)
        self.sums[slot] = self.sum
        if before == -self.sum:
            yield from self.delete(slot)
            return -1
        if self.kind < 0:
            raise PeerError(-self.kind)
        return self.kind

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
