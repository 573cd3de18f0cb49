"""Sends through a modem; loaded by modem.py when it is needed."""

from ..const import const
from ..errors import PeerError

_FINAL = const(4)
_PROMPT = const(8)
_RESTART = const(32)

# Results of +CMGS, see at.py, and one more.
_PLAIN = const(-1)
_SILENT = const(-2)
_ASKED = const(-3)
_LOST = const(-4)  # the PDU is handed over, and no result came

# The first three with result of +CMGS, seconds to wait and what `status` says as args[1:].
_REFUSED = const(224)  # message refused for good
_LATER = const(225)  # message refused for now
_NO_PROMPT = const(227)  # the modem does not take messages; nothing was sent
_UNKNOWN = const(226)  # message may have been sent or not
_POWER = const(229)  # as _UNKNOWN, and the third restart in a row: a weak power supply?

_CMGS = const(0x1B4F3)
_MASK = const(0x1FFFFFFF)

# What passes by itself, besides +CMS ERROR from 500 on: 24.011 annex E-2, 23.040 clause
# 9.2.3.22, 27.005 clause 3.2.5, 27.007 clause 9.2.
_PASSING = (21, 27, 38, 41, 42, 47, 127, 192, 194, 300, 314, 320, 322, 331, 332, 1014, 1030, 1031)
_BACK_OFF = (30, 120, 600)


def send(modem, submit):
    """Flow: see Modem.send."""
    at = modem.at
    if not modem.ready:
        yield from modem.start()
    yield from at.wait(modem.gap_ms - (at.ticks_ms() - modem.last & _MASK), 0)
    result = yield from _submit(modem, submit)
    if result == 500 or result == _PLAIN or result == _ASKED:
        yield from at.wait(5000, 0)
        yield from modem.ask(b"+CMGF=0")
        result = yield from _submit(modem, submit)
    modem.last = at.ticks_ms()
    if result:
        yield from _failed(modem, result)
    modem.row = modem.restarts = 0
    return modem.a


def _submit(modem, submit):
    modem.want = _CMGS
    modem.a = -1
    result = yield from modem.at.command(b"+CMGS=%d" % submit.close(), 10000, _PROMPT)
    if result == _SILENT:
        from .start import resync

        yield from resync(modem.at)
        return _ASKED
    if result == _ASKED:
        return (yield from _deliver(modem, submit))
    return result or _PLAIN


def _deliver(modem, submit):
    at = modem.at
    n = submit.hex(modem.tx)
    while n:
        yield from at.write(modem.tx[:n])
        n = submit.hex(modem.tx)
    yield from at.write(b"\x1a")
    for _ in (0, 1):  # the first OK may be that of an earlier command
        event = yield from at.wait(modem.profile[5] * 1000, _FINAL | _RESTART)
        if event & _RESTART:
            modem.restarts += 1
        if not event & _FINAL:
            break
        if at.code or modem.a >= 0:
            return at.code
    return _LOST


def _failed(modem, result):
    if result == _LOST:
        modem.ready = False
        raise PeerError(_POWER if modem.restarts > 2 else _UNKNOWN)
    modem.row += 1
    from .state import status

    state = yield from status(modem)
    if not modem.row % 3:  # its stored profile may be the fault: modem-quirks.md row 4
        yield from modem.ask(b"&F")
        modem.ready = False
    if result == _ASKED:
        raise PeerError(_NO_PROMPT, result, 0, state)
    if result in _PASSING or result == _PLAIN or 500 <= result < 1000:
        raise PeerError(_LATER, result, _BACK_OFF[min(modem.row, 3) - 1], state)
    raise PeerError(_REFUSED, result, 0, state)
