"""The envelope of CSP messages: one table of versions, parsing and building.

Name spaces, the place of Poll and the form of version discovery are all that differs.
spec: transactions.md sections 0 and 1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from .elements import node, text, texts
from .results import Code, Refusal

DISCOVERY = "WV-CSP-VersionDiscovery-Request"
_DISCOVERED = "WV-CSP-VersionDiscovery-Response"
_ROOT = "WV-CSP-Message"
_MOST_TRANSACTIONS = 16
_MOST_ID = 50


class Names(NamedTuple):
    """The three name spaces of a version: root, TransactionContent, PresenceSubList."""

    csp: str
    trc: str
    pa: str


def _oma(family: str, version: str) -> Names:
    parts = ("CSP", "TRC", "PA")
    return Names(*(f"http://www.openmobilealliance.org/DTD/{family}-{p}{version}" for p in parts))


VERSIONS = {
    "1.1": Names(*(f"http://www.wireless-village.org/{part}1.1" for part in ("CSP", "TRC", "PA"))),
    "1.2": _oma("WV", "1.2"),
    "1.3": _oma("IMPS", "1.3"),
}
NEWEST = "1.3"


class Segment(NamedTuple):
    """What is announced of a primitive that comes in segments: how many, and which one this is."""

    total: int
    tid: str
    reference: int


@dataclass
class Transaction:
    """mode: `Request` or `Response`; content: the primitive, or the first segment of it."""

    mode: str
    tid: str
    content: Element
    segment: Segment | None = None


@dataclass
class Envelope:
    """session_id is empty outside a session; poll is sent only where it is not None."""

    version: str
    session_id: str = ""
    transactions: list[Transaction] = field(default_factory=list)
    poll: bool | None = None


def _transaction(element: Element) -> Transaction:
    mode = text(element, "TransactionDescriptor/TransactionMode").capitalize()
    if mode not in ("Request", "Response"):
        raise Refusal(Code.BAD_REQUEST, "TransactionMode is neither Request nor Response")
    tid = text(element, "TransactionDescriptor/TransactionID")
    if len(tid) > _MOST_ID:
        raise Refusal(Code.BAD_REQUEST, "TransactionID is too long")
    content = element.find("TransactionContent")
    if content is None or len(content) != 1:
        raise Refusal(Code.BAD_REQUEST, "TransactionContent does not hold one primitive")
    return Transaction(mode, tid, content[0])


def parse(root: Element, version: str) -> Envelope:
    """Read a message of `version`. Raises Refusal 400."""
    session = root.find("Session")
    if root.tag != _ROOT or session is None:
        raise Refusal(Code.BAD_REQUEST, "not a WV-CSP-Message with a Session")
    found = session.findall("Transaction")
    if not 1 <= len(found) <= _MOST_TRANSACTIONS:
        raise Refusal(Code.BAD_REQUEST, f"{len(found)} transactions in one message")
    session_id = text(session, "SessionDescriptor/SessionID")
    return Envelope(version, session_id, [_transaction(each) for each in found])


def first_tid(root: Element) -> str:
    """TransactionID of a message that could not be parsed, as far as there is one."""
    return text(root, "Session/Transaction/TransactionDescriptor/TransactionID")[:_MOST_ID]


def build(envelope: Envelope) -> Element:
    """The message as an element."""
    names = VERSIONS[envelope.version]
    root = Element(_ROOT, {"xmlns": names.csp})
    session = SubElement(root, "Session")
    descriptor = SubElement(session, "SessionDescriptor")
    if envelope.session_id:
        descriptor.append(node("SessionType", "Inband"))
        descriptor.append(node("SessionID", envelope.session_id))
    else:
        descriptor.append(node("SessionType", "Outband"))
    for each in envelope.transactions:
        transaction = SubElement(session, "Transaction")
        described = SubElement(transaction, "TransactionDescriptor")
        described.append(node("TransactionMode", each.mode))
        described.append(node("TransactionID", each.tid))
        if envelope.version == "1.1" and envelope.poll is not None:
            described.append(node("Poll", envelope.poll))
        if each.segment is not None:
            described.append(_segment_info(each.segment))
        content = SubElement(transaction, "TransactionContent", {"xmlns": names.trc})
        content.append(each.content)
    if envelope.version != "1.1" and envelope.poll is not None:
        session.append(node("Poll", envelope.poll))
    return root


def _segment_info(segment: Segment) -> Element:
    return node(
        "SegmentInfo",
        node("SegmentCount", segment.total),
        node(
            "SegmentID",
            node("TransactionID", segment.tid),
            node("SegmentReference", segment.reference),
        ),
    )


def discovery(root: Element) -> Element | None:
    """The version discovery request in a message: below the root, or the root itself."""
    return root if root.tag == DISCOVERY else root.find(DISCOVERY)


def discovered(root: Element, offered: Iterable[str]) -> Element:
    """Answer to version discovery, in the form of the request.

    It names the versions of `offered` that the client named, or all when it shares none.
    spec: transactions.md section 1.3
    """
    request = discovery(root)
    asked = set(texts(request, "VersionList/SessionNSName"))
    offers = [VERSIONS[version] for version in offered]
    common = [names for names in offers if names.csp in asked] or offers
    listed = Element("VersionList")
    for tag, part in (
        ("SessionNSName", 0),
        ("TransactionNSName", 1),
        ("PresenceAttributeNSName", 2),
    ):
        listed.extend(node(tag, names[part]) for names in common)
    answer = node(_DISCOVERED, listed)
    if request is root:
        return answer
    return_to = Element(_ROOT, {"xmlns": root.get("xmlns", VERSIONS[NEWEST].csp)})
    return_to.append(answer)
    return return_to
