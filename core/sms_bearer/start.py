"""Brings a modem from any state to work; loaded by modem.py for that time only."""

from ..const import const
from ..errors import LocalError, PeerError

_SLEEP = const(5)

_FINAL = const(4)
_SILENT = const(-2)
_PLAIN = const(-1)

_DEAD = const(220)  # the modem does not answer, whatever was tried
_PIN = const(221)  # caller: the SIM wants a PIN
_PIN_REFUSED = const(222)  # the SIM refused the PIN; it is not tried again
_SIM = const(223)  # no SIM, or it is locked; args[1]: what it wants or the command's result

_READING = (314, 515, 1014)  # the SIM is being read; some say plain ERROR then
_REST = const(2000)  # ms between tries, of which there are
_TRIES = const(30)


def start(modem):
    """Flow: wake, unlock and configure. Raises PeerError, LocalError when a PIN is missing."""
    yield from _wake(modem)
    modem.ready = modem.starting = True
    modem.store = modem.total = -1
    modem.sums = {slot: n for slot, n in modem.sums.items() if n < 0}
    done = False
    try:
        yield from modem.ask(b"E0")
        yield from modem.ask(b"+CMEE=1")
        yield from _unlock(modem)
        for text in modem.profile[1].split():
            yield from modem.ask(text)
        yield from modem.ask(b"+CSMS=0")
        yield from modem.query(b"+CSMS?")
        modem.confirm = modem.a == 1
        yield from _stores(modem)
        yield from _indications(modem)
        if modem.smsc:
            yield from modem.ask(b'+CSCA="%s"' % modem.smsc)
        done = True
    finally:
        modem.starting = False
        modem.ready = modem.ready and done


def _wake(modem):
    # The ladder: resync, factory settings, reset command, power key (twice: it may have been on).
    at = modem.at
    boot = modem.profile[4] * 1000
    for text in (b"&F", modem.profile[2]):
        if (yield from resync(at)):
            return
        yield from at.command(text, boot)
    for _ in (0, 1):
        if (yield from resync(at)):
            return
        if modem.press:
            modem.press(1)
            at.ms = modem.profile[3]
            yield _SLEEP
            modem.press(0)
            yield from at.wait(boot, 0)
    if not (yield from resync(at)):
        raise PeerError(_DEAD)


def resync(at):
    """Flow: leave a half-entered message, skip what is on its way and garbage of a modem that is
    still measuring the speed; returns whether the modem answers at all."""
    yield from at.write(b"\x1b\r")
    yield from at.wait(500, _FINAL)
    for _ in range(5):
        if (yield from at.command(b"", 1000)) != _SILENT:
            yield from at.wait(300, 0)
            return True
    return False


def _unlock(modem):
    for _ in range(_TRIES):
        result = yield from modem.query(b"+CPIN?")
        if modem.text == b"SIM PIN":
            yield from _pin(modem)
        elif modem.text and modem.text != b"READY":
            raise PeerError(_SIM, modem.text)
        result = yield from modem.ask(b"+CMGF=0")
        if not result:
            result = yield from modem.ask(b"+CPMS?")
            if result not in _READING:
                return
        elif result != _PLAIN and result not in _READING:
            break
        yield from modem.at.wait(_REST, 0)
    raise PeerError(_SIM, result)


def _pin(modem):
    if modem.pin is None:
        raise LocalError(_PIN)
    if (yield from modem.ask(b'+CPIN="%s"' % modem.pin)):
        modem.pin = None  # one more wrong try might be the last
        raise PeerError(_PIN_REFUSED)


def _stores(modem):
    # Home is the first store that the modem takes; all of the profile are listed once.
    modem.due.clear()
    for store in modem.profile[0]:
        modem.due.add(store)
        if modem.total < 0:
            modem.home = store
            name = b',"%s"' % b"SMMEMTSR"[2 * store : 2 * store + 2]
            yield from modem.ask(b"+CPMS=" + (name * 3)[1:])
            yield from modem.select(store)
    if modem.total < 0:
        modem.home = modem.store = modem.profile[0][0]
        modem.due = {modem.home}


def _indications(modem):
    # Values differ per modem and a wrong one leaves everything off; ask back what holds.
    for report in (1, 2, 0):
        for mode in (2, 1, 3):
            text = b"+CNMI=%d,%d,0,%d" % (mode, modem.mt, report)
            if not (yield from modem.ask(text)):
                if (yield from modem.query(b"+CNMI?")) or modem.b == modem.mt:
                    return
