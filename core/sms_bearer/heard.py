"""What a modem's driver makes of the lines it hears: answers, indications, messages."""

from binascii import crc32

from ..const import const
from ..errors import PeerError
from .pdu import Received

# Events of the engine, and two of the driver's own.
_TAIL = const(2)
_NEWS = const(16)  # something for `Modem.wait`
_RESTART = const(32)

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


def heard(m, event):
    """An event of the engine, for Modem m; returns bits to be added to it."""
    at = m.at
    k = at.key
    if event == _TAIL:
        return _message(m, k)
    if k == m.want:
        m.a = at.number(0)
        m.b = at.number(1)
        m.text = at.text()
    elif k == _CMGL:
        found(m, at.number(0))
    elif k == _CMTI or k == _CDSI or k in _FULL:
        return _stored(m, k == _CDSI, at.number(1))
    elif k in _FRESH or k in _LATE and not m.starting:
        m.ready = False
        return _NEWS | _RESTART
    elif m.next:
        return m.next(event)
    return 0


def found(m, index):
    """A message is in the selected store."""
    slot = m.store << 10 | index
    if index >= 0 and m.sums.get(slot, -1) < 0:  # unless it was read and is kept
        m.new.add(slot)


def _stored(m, report, index):
    line = m.at.line
    i = line.find(b'"') + 1
    i = _NAMES.find(bytes(line[i : i + 2]))
    store = m.home if i < 0 else i >> 1
    if 0 <= index < 1024 and not report:
        m.new.add(store << 10 | index)
        return _NEWS
    m.due.add(store)
    if report:  # its index may be that of another message: modem-quirks.md row 27
        m.due.add(_REPORTS)
    return _NEWS


def _message(m, k):
    at = m.at
    pdu = m.pdu
    if k == _CMGL:
        return 0
    if k == _CMGR:
        m.sum = crc32(memoryview(at.line)[: at.len]) & _MASK | 1
    else:
        if m.confirm:
            m.acks += 1
        pdu = m.direct = m.direct or Received(at.line)
    try:
        pdu.feed(at.line, 0, at.len)
        m.kind = pdu.parse(at.size)
    except PeerError as error:
        m.kind = -error.args[0]
    if k == _CMGR:
        return 0
    if m.kind >= 0 and m.on_direct:
        m.on_direct(pdu)
    return _NEWS
