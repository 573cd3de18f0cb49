"""Notifications of what changed, to the sessions that subscribed to their type (1.3).

Who needs authorisation is told without a subscription, see authorisation.py.
spec: transactions.md section 15.3, content-models.md section 5
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from .call import Call, Handler
from .elements import child, freeze, node, nodes, texts
from .results import Code, Refusal
from .sessions import Outgoing, Session

if TYPE_CHECKING:
    from .service import Service

TYPES = frozenset(
    "AC ANU ANC AND ATCL BLC BLUC CLC CLCR CLD GC GD GLC GLUC GMAU GMG GMR GMU IA IC IR OEU PPU "
    "SPA".split()
)


def tell(
    service: Service, key: str, kind: str, *payload: Element, besides: Session | None = None
) -> None:
    """Tell the sessions of a user, but one of them, that something changed."""
    request = node("Notification-Request", node("NotificationType", kind), *payload)
    for session in service.sessions.of(key):
        if session is not besides and session.version == "1.3" and kind in session.notifications:
            name = ("notification", freeze(request))
            service.send(session, Outgoing(name, lambda db, session: request))


def lists(*addresses: str) -> Element:
    """What a notification of contact lists is about."""
    return node("ContactListIDList", *nodes("ContactList", addresses))


def _types(call: Call) -> set[str]:
    told = child(call.request, "NotificationTypeList")
    types = {each.upper() for each in texts(told, "NotificationType")}
    if not types:
        raise Refusal(Code.BAD_REQUEST, "NotificationType is missing")
    if types - TYPES:
        wrong = ", ".join(sorted(types - TYPES))
        raise Refusal(Code.BAD_PARAMETER, f"no such notification: {wrong[:80]}")
    return types


def subscribe(call: Call) -> Element:
    """SubscribeNotification-Request: in addition to what was asked for before."""
    call.session.notifications |= _types(call)
    return call.done()


def unsubscribe(call: Call) -> Element:
    """UnsubscribeNotification-Request."""
    call.session.notifications -= _types(call)
    return call.done()


HANDLERS = {
    "SubscribeNotification-Request": Handler(subscribe),
    "UnsubscribeNotification-Request": Handler(unsubscribe),
}
