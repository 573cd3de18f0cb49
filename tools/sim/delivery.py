"""Stored messages on their way out: pushed, notified, given up; delivery reports.

spec: transactions.md section 10
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from .elements import freeze, node, text, thaw
from .results import Code, result
from .sessions import Outgoing, Session
from .store import ByGroup, Delivery, Message, Report, Said, User, count
from .times import date_time

if TYPE_CHECKING:
    from .rooms import Seat
    from .service import Service

# Content of MessageInfo; the second line is for 1.3 only.
INFO = (
    "MessageID",
    "MessageURI",
    "ContentType",
    "ContentEncoding",
    "ContentSize",
    "ContentName",
    "Recipient",
    "Sender",
    "DateTime",
    "Font",
    "Validity",
    "ExtBlockETEM",
)
_INFO_13 = frozenset({"ContentName", "Font", "ExtBlockETEM"})


def offer(service: Service, session: Session, row: Delivery) -> None:
    """Queue a stored message in a session of its recipient, unless it is for another client."""
    if row.client in (None, session.client_key):
        identity = row.id
        service.send(
            session,
            Outgoing(
                ("message", identity),
                lambda db, session: _present(service, db, session, identity),
                lambda db, sent, answer: _taken(service, db, identity, sent, answer),
            ),
        )


def _present(service: Service, db: Database, session: Session, identity: int) -> Element | None:
    """NewMessage, or MessageNotification where the client has it so or could not take it all."""
    row = db.get(Delivery, identity)
    if row is None:
        return None
    message = message_of(db, row)
    info = message_info(message, row, session.version)
    seat = service.rooms.seat(row.by_group.group, session) if row.by_group else None
    if _pushed(session, info, message, seat):
        nothing = [node("ContentData")] if session.version == "1.1" else []  # has to be there
        push = node("NewMessage", info, *(content_of(message) or nothing))
        if service.fits(session, push):
            return push
    notification = node("MessageNotification", info)
    return notification if service.fits(session, notification) else None


def _pushed(session: Session, info: Element, message: Message, seat: Seat | None) -> bool:
    can = session.capabilities
    kind = text(info, "ContentType").partition(";")[0].strip().lower()
    limits = [can.push, can.text if kind.startswith("text/") else None]
    push = can.delivery == "P"
    if seat is not None and seat.push is not None:
        push = seat.push
    if seat is not None and seat.limit is not None:
        limits = [seat.limit]
    return (
        push
        and (not can.content_types or kind in can.content_types)
        and all(limit is None or message.size <= limit for limit in limits)
    )


def _taken(service: Service, db: Database, identity: int, sent: Element, answer: Element) -> None:
    """The client answered. After an error, or a mere notification, the message stays until it
    is fetched, rejected or too old; Status 200 does for MessageDelivered.
    """
    row = db.get(Delivery, identity)
    if row is None or sent.tag != "NewMessage":
        return
    delivered = answer.tag == "MessageDelivered"
    if delivered or text(answer, "Result/Code") == str(int(Code.OK)):
        close(service, db, row, Code.OK)


def stored(db: Database, user_id: int, message_id: str) -> Delivery | None:
    """The message with this ID, if it waits for the user."""
    return db.scalar(
        select(Delivery)
        .join(Message)
        .where(Message.message_id == message_id, Delivery.user_id == user_id)
        .limit(1)
    )


def confirm(service: Service, db: Database, session: Session, answer: Element) -> None:
    """MessageDelivered as an answer that no open request belongs to."""
    row = stored(db, session.user_id, text(answer, "MessageID"))
    if row is not None and answer.tag == "MessageDelivered":
        close(service, db, row, Code.OK)


def message_of(db: Database, row: Delivery) -> Message:
    return db.get_one(Message, row.message_row)


def message_info(message: Message, row: Delivery, version: str) -> Element:
    """MessageInfo in the form of a version, for one recipient."""
    whole = thaw(message.info)
    parties = node("Parties", node("Recipient", node("User", node("UserID", row.address))))
    if row.by_group is not None:
        parties = thaw(row.by_group.parties)
    return of_version(with_parties(whole, parties), version)


def with_parties(whole: Element, parties: Element) -> Element:
    """MessageInfo with the Recipient, and the Sender if there is one, of `parties`."""
    info = Element("MessageInfo")
    for tag in INFO:
        told = parties if parties.find(tag) is not None else whole
        info.extend(told.findall(tag))
    return info


def of_version(whole: Element, version: str) -> Element:
    """MessageInfo with what a version has of it."""
    return node("MessageInfo", *(x for x in whole if version == "1.3" or x.tag not in _INFO_13))


def content_of(message: Message | Said) -> list[Element]:
    return [node("ContentData", message.content)] if message.has_content else []


def close(service: Service, db: Database, row: Delivery, code: int) -> None:
    """The message is no longer on its way to this recipient; report it where that is wanted."""
    message = message_of(db, row)
    user = db.get_one(User, row.user_id)
    for session in service.sessions.of(user.key):
        _settle(service, db, session, row.id, code)
    if message.report and not _by_all(row) and _has_room(service, db, message.sender_id):
        report = Report(
            user_id=message.sender_id,
            code=int(code),
            at=service.clock(),
            info=freeze(message_info(message, row, "1.3")),
        )
        db.add(report)
        db.flush()
        sender = db.get_one(User, message.sender_id)
        for session in service.sessions.of(sender.key):
            offer_report(service, session, report)
    _delete(db, row)


def _has_room(service: Service, db: Database, user_id: int) -> bool:
    """Whether a user who does not fetch delivery reports has not too many of them."""
    return count(db, Report.user_id == user_id) < service.config.limits.messages


def _by_all(row: Delivery) -> bool:
    """Whether the message was for all of a group: then nobody is told who got it."""
    if row.by_group is None:
        return False
    return thaw(row.by_group.parties).find("Recipient/Group/GroupID") is not None


def _delete(db: Database, row: Delivery) -> None:
    identity = row.message_row
    db.delete(row)
    db.flush()
    drop_unawaited(db, identity)


def drop_unawaited(db: Database, identity: int) -> None:
    """Delete a message unless it waits for somebody."""
    more = db.scalar(select(Delivery.id).where(Delivery.message_row == identity).limit(1))
    if more is None:
        db.execute(delete(Message).where(Message.id == identity))


def drop_all(db: Database) -> None:
    """The service begins: nobody is in a group yet."""
    for row in db.scalars(select(Delivery).join(ByGroup)).all():
        _delete(db, row)


def drop(db: Database, group: str, session: Session) -> None:
    """Messages of a group are for those who are there: what waits for who went is gone."""
    waiting = (
        select(Delivery)
        .join(ByGroup)
        .where(ByGroup.group == group, Delivery.user_id == session.user_id)
    )
    for row in db.scalars(waiting).all():
        if row.client == session.client_key:
            _delete(db, row)


def _settle(service: Service, db: Database, session: Session, identity: int, code: int) -> None:
    """What still waits in another session: a message delivered once is pushed there too."""
    outgoing = session.waiting(("message", identity))
    if outgoing is None:
        return
    copy = _present(service, db, session, identity) if code == Code.OK else None
    if copy is None or copy.tag != "NewMessage":
        session.withdraw(outgoing)
        return
    outgoing.build = lambda db, session: copy
    outgoing.answered = None


def offer_report(service: Service, session: Session, report: Report) -> None:
    """Queue a delivery report in a session of the message's sender."""
    identity = report.id

    def build(db: Database, session: Session) -> Element | None:
        row = db.get(Report, identity)
        if row is None:
            return None
        whole, version = thaw(row.info), session.version
        info = of_version(whole, version)
        time = None if version == "1.1" else node("DeliveryTime", date_time(row.at))
        return node("DeliveryReport-Request", result(row.code, version), time, info)

    def answered(db: Database, sent: Element, answer: Element) -> None:
        db.execute(delete(Report).where(Report.id == identity))

    service.send(session, Outgoing(("report", identity), build, answered))


def offer_stored(service: Service, db: Database, session: Session) -> None:
    """Queue everything that waited for the user, who has just logged in."""
    waiting = select(Delivery).where(Delivery.user_id == session.user_id)
    for row in db.scalars(waiting.order_by(Delivery.id)):
        offer(service, session, row)
    for report in db.scalars(select(Report).where(Report.user_id == session.user_id)):
        offer_report(service, session, report)


def expire(service: Service, db: Database, now: float) -> None:
    """Give up on messages that are too old."""
    old = select(Delivery).join(Message).where(Message.expires <= now)
    for row in db.scalars(old).all():
        close(service, db, row, Code.MESSAGE_EXPIRED)
