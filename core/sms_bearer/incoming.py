"""What a received SMS is to the SMS bearer: part of a message, a notice, or none of ours."""

from ..const import const
from ..pts import head

_CIR = const(3716)
_PUSH = const(2948)

_OTHER = const(0)
_NOTHING = const(1)
_PART = const(2)


def sort(b, pdu):
    """2: a part of a message to bearer b, whose ``found`` is then its head; 1: nothing more is to
    be had of it; 0: it is for somebody else.

    The destination port decides, the source port may change on the way, and a port that was lost
    is made good by a preamble, also behind a header whose flag was lost. Notices are passed on to
    the session; strangers and garbage are counted.
    """
    if pdu.kind:
        return _NOTHING if pdu.kind == 2 else _OTHER
    port = pdu.dst
    if port == _CIR or port == _PUSH:
        from ..cir import noticed

        if not noticed(pdu, b.session, port == _PUSH):
            b.garbage += 1
        return _NOTHING
    at = pdu.start
    if port < 0 and pdu.buf[at : at + 3] == b"\6\5\4":  # ports, left in the body
        at += 7
    b.found = head(pdu.buf, at, pdu.stop) if pdu.alphabet == 1 else -1
    if port != b.data and (port >= 0 or b.found < 0):
        return _OTHER
    pdu.start = at
    if b.senders is not None and bytes(pdu.sender[: pdu.sender_len]) not in b.senders:
        b.strangers += 1
    elif b.found < 0:
        b.garbage += 1
    else:
        return _PART
    return _NOTHING
