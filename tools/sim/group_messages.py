"""Messages by a group: to all who are in it, to one of them, and the history.

spec: transactions.md section 10
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from sqlalchemy import delete, func, select

from . import blocking, delivery, groups, rooms
from .call import Call
from .delivery import of_version
from .elements import freeze, node, screen_name, text, thaw
from .results import Code, Outcome, Refusal
from .rooms import Seat
from .store import ByGroup, Delivery, Group, Message, Said, many


class Target(NamedTuple):
    """Where a message goes: to one screen name in a group, or to all."""

    group: Group
    sender: Seat
    name: str
    whole: Element  # the Group of Recipient, as the service knows it


def targets(call: Call, told: Element, outcome: Outcome) -> list[Target]:
    """The groups and screen names of a Recipient that this client may write to."""
    found = []
    for each in told.findall("Group"):
        screen = each.find("ScreenName")
        spelled = text(each, "GroupID") or text(screen, "GroupID")
        name = text(screen, "SName")
        kind = "GroupID"
        value: str | Element = spelled
        if screen is not None:
            kind, value = "ScreenName", screen_name(name, spelled)
        group = groups.find(call, spelled) if spelled else None
        if group is None:
            outcome.fail(Code.NO_SUCH_GROUP, kind, value)
            continue
        sender = call.service.rooms.seat(group.key, call.session)
        seats = call.service.rooms.seats(group.key)
        if sender is None or (name and not _called(seats, name)):
            outcome.fail(Code.NOT_JOINED, kind, value)
        elif name and group.properties["PrivateMessaging"] != "T":
            outcome.fail(Code.NO_PRIVATE_MESSAGES, kind, value)
        else:
            found.append(_target(group, sender, seats, name))
    return found


def is_sender(call: Call, told: Element) -> bool:
    """Whether the client is whom a Group in Sender names."""
    spelled = text(told, "GroupID") or text(told, "ScreenName/GroupID")
    group = groups.find(call, spelled) if spelled else None
    seat = call.service.rooms.seat(group.key, call.session) if group else None
    name = text(told, "ScreenName/SName")
    return seat is not None and name.lower() in ("", seat.name.lower())


def _called(seats: list[Seat], name: str) -> list[Seat]:
    return [seat for seat in seats if seat.name.lower() == name.lower()]


def _target(group: Group, sender: Seat, seats: list[Seat], name: str) -> Target:
    to = node("GroupID", group.address)
    if name:
        to = rooms.name_of(_called(seats, name)[0], group)
    return Target(group, sender, name, node("Group", to))


def deliver(call: Call, message: Message, wanted: list[Target], outcome: Outcome) -> int:
    """Store the message for every client that is to get it; how many targets took it."""
    done = 0
    for target in wanted:
        seats = call.service.rooms.seats(target.group.key)
        seats = [seat for seat in seats if seat is not target.sender]
        if target.name:
            seats = _called(seats, target.name)
        ids = {seat.session.user_id for seat in seats}
        known_as = blocking.in_group(target.sender.name, target.group.key)
        blocking_us = blocking.refused(call.db, ids, call.session.key, known_as)
        willing = [seat for seat in seats if seat.session.user_id not in blocking_us]
        full = _full(call, ids)
        takers = [seat for seat in willing if seat.session.user_id not in full]
        if target.name and seats and not takers:
            code = Code.MESSAGE_STORE_FULL if willing else Code.BLOCKED_BY_RECIPIENT
            outcome.fail(code, "ScreenName", target.whole[0])
            continue
        done += 1
        parties = _parties(target)
        for seat in takers:
            _store(call, message, target, seat, parties)
        if not target.name and target.group.properties.get("History") == "T":
            _remember(call, message, target.group, parties)
    return done


def _full(call: Call, ids: set[int]) -> set[int]:
    """Those users for whom no more messages are stored."""
    found: set[int] = set()
    for some in many(list(ids)):
        stored = select(Delivery.user_id).where(Delivery.user_id.in_(some))
        stored = stored.group_by(Delivery.user_id).having(func.count() >= call.limits.messages)
        found.update(call.db.scalars(stored))
    return found


def _parties(target: Target) -> Element:
    sender = node("Group", rooms.name_of(target.sender, target.group))
    return node("Parties", node("Recipient", target.whole), node("Sender", sender))


def _store(call: Call, message: Message, target: Target, seat: Seat, parties: Element) -> None:
    session = seat.session
    row = Delivery(
        message_row=message.id,
        user_id=session.user_id,
        address=session.address,
        client=session.client_key,
        by_group=ByGroup(group=target.group.key, parties=freeze(parties)),
    )
    call.db.add(row)
    call.db.flush()
    delivery.offer(call.service, session, row)


def _remember(call: Call, message: Message, group: Group, parties: Element) -> None:
    """Put the message into the history; the oldest goes."""
    row = Said(
        group_id=group.id,
        message_id=message.message_id,
        info=freeze(delivery.with_parties(thaw(message.info), parties)),
        content=message.content,
        has_content=message.has_content,
        size=message.size,
    )
    call.db.add(row)
    call.db.flush()
    newest = select(Said.id).where(Said.group_id == group.id).order_by(Said.id.desc())
    kept = newest.limit(call.limits.history)
    call.db.execute(delete(Said).where(Said.group_id == group.id, Said.id.not_in(kept)))


def history(call: Call) -> list[Element]:
    """MessageInfo of what was said in the group of the request, oldest first."""
    group = groups.named(call)
    groups.seat_in(call, group)
    if group.properties.get("History") != "T":
        raise Refusal(Code.NO_HISTORY)
    rows = call.db.scalars(select(Said).where(Said.group_id == group.id).order_by(Said.id))
    return [of_version(thaw(row.info), call.version) for row in rows]


def said(call: Call, message_id: str) -> Said | None:
    """A message in the history of a group that the client is in."""
    rows = select(Said, Group).join(Group, Group.id == Said.group_id)
    for row, group in call.db.execute(rows.where(Said.message_id == message_id)):
        if call.service.rooms.seat(group.key, call.session):
            return row
    return None


def set_delivery(call: Call, push: bool, length: int | None) -> None:
    """How the messages of the group of the request come to this client."""
    seat = groups.seat_in(call, groups.named(call))
    seat.push = push
    if length is not None:
        seat.limit = length
