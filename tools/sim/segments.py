"""Answers larger than the client's ParserSize, in segments (1.3).

How a primitive is cut is not public. Here a segment is a slice of the primitive as the syntax of
the answer writes it: text in XML, octets in WBXML. The first one takes the place of the primitive,
and its descriptor says how many there are; SegmentReference counts from 1.
spec: transactions.md section 15.1, content-models.md section 4
"""

from __future__ import annotations

import binascii
from xml.etree.ElementTree import Element

from ..message import EncodeError, Message, encode, fragment
from .call import Call, Handler
from .elements import child, node, number, required
from .envelope import Envelope, Segment, Transaction, build
from .results import Code, Refusal
from .sessions import Session

LEAF = "SGMNT"
_FIRST = 1
_LEAST = 16  # octets of a primitive that a message has room for, or it is not cut
_ESCAPED = {"&": 5, "<": 4, ">": 4, "\r": 5}  # octets of a character in XML


def cut(session: Session, version: str, syntax: str, whole: Transaction) -> Transaction | None:
    """The first segment of an answer that is too large; the others are kept in the session.

    None where the client has not agreed to segments, or has no room for any.
    """
    largest = session.largest
    if version != "1.3" or syntax == "pts" or LEAF not in (session.agreed or ()) or not largest:
        return None
    try:
        octets = fragment(whole.content, version, syntax)
    except EncodeError:
        return None
    room = largest - _overhead(session, version, syntax, whole.tid)
    if room < _LEAST:
        return None
    slices = _text_slices(octets, room) if syntax == "xml" else _slices(octets, room)
    session.keep_segments(whole.tid, slices)
    segment = Segment(len(slices), whole.tid, _FIRST)
    return Transaction(whole.mode, whole.tid, _content(slices[0]), segment)


def _overhead(session: Session, version: str, syntax: str, tid: str) -> int:
    # Of the message around a segment, at its longest.
    segment = Segment(0xFFFFFF, tid, _FIRST)
    around = Transaction("Response", tid.rjust(3, "0"), _content("AA=="), segment)
    root = build(Envelope(version, session.id, [around], True))
    return len(encode(Message(root, version, syntax))) + 2  # the length of OPAQUE


def _content(slice_: str) -> Element:
    return node("GetSegment-Response", node("SegmentContent", slice_))


def _slices(octets: bytes, room: int) -> list[str]:
    parts = (octets[at : at + room] for at in range(0, len(octets), room))
    return [binascii.b2a_base64(part, newline=False).decode() for part in parts]


def _text_slices(octets: bytes, room: int) -> list[str]:
    slices, size, start = [], 0, 0
    text = octets.decode()
    for at, character in enumerate(text):
        more = _ESCAPED.get(character) or len(character.encode())
        if size + more > room:
            slices.append(text[start:at])
            size, start = 0, at
        size += more
    return [*slices, text[start:]]


def _named(call: Call) -> tuple[str, int]:
    identity = child(call.request, "SegmentID")
    reference = number(identity, "SegmentReference")
    if reference is None:
        raise Refusal(Code.BAD_REQUEST, "SegmentReference is missing")
    tid = required(identity, "TransactionID")
    if not _FIRST <= reference < _FIRST + len(call.session.segments.get(tid, ())):
        raise Refusal(Code.BAD_PARAMETER, "no such segment")
    return tid, reference


def get_segment(call: Call) -> Element:
    """GetSegment-Request: any segment, any number of times."""
    tid, reference = _named(call)
    return _content(call.session.segments[tid][reference - _FIRST])


def drop_segment(call: Call) -> Element:
    """DropSegment-Request: all segments of the answer go."""
    tid, _ = _named(call)
    del call.session.segments[tid]
    return call.done()


HANDLERS = {
    "GetSegment-Request": Handler(get_segment, LEAF),
    "DropSegment-Request": Handler(drop_segment, LEAF),
}
