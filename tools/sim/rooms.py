"""Who is in which group at the moment, and what those who are there are told.

Only clients that are logged in are in a group: they are in memory, members are in the store.
spec: transactions.md section 12
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from . import blocking, delivery, notifications
from .elements import node, screen_name
from .group_properties import group_element, own_element
from .results import Code, result
from .sessions import Outgoing, Session
from .store import Group, Member, OwnProperties, User

if TYPE_CHECKING:
    from .service import Service

RANKS = ("", "User", "Mod", "Admin")  # "" is nobody's member
_NAMES = itertools.count(1)


@dataclass(eq=False)
class Seat:
    """One client in one group. push, limit: of messages of the group, None as elsewhere."""

    session: Session
    name: str
    notices: bool
    push: bool | None = None
    limit: int | None = None


class Rooms:
    """The seats of every group, by the key of the group."""

    def __init__(self) -> None:
        self._seats: dict[str, list[Seat]] = {}

    def seats(self, key: str) -> list[Seat]:
        """Those in a group, who came first before the others."""
        return list(self._seats.get(key, ()))

    def seat(self, key: str, session: Session) -> Seat | None:
        """The place of a session in a group."""
        return next((seat for seat in self.seats(key) if seat.session is session), None)

    def of(self, session: Session) -> list[tuple[str, Seat]]:
        """Where a session is, with the keys of the groups."""
        found = ((key, self.seat(key, session)) for key in self._seats)
        return [(key, seat) for key, seat in found if seat is not None]

    def add(self, key: str, seat: Seat) -> None:
        """Somebody came in."""
        self._seats.setdefault(key, []).append(seat)

    def remove(self, key: str, seat: Seat) -> None:
        """Somebody went out."""
        self._seats[key].remove(seat)
        if not self._seats[key]:
            del self._seats[key]


def level(db: Database, group: Group, user_id: int) -> str:
    """User, Mod or Admin, empty for one who is no member."""
    member = db.get(Member, (group.id, user_id))
    return member.level if member else ""


def own(db: Database, group: Group, user_id: int) -> dict[str, str]:
    """What a user settled for herself in a group."""
    row = db.get(OwnProperties, (group.id, user_id))
    return dict(row.values) if row else {}


def sees_users(db: Database, group: Group, user_id: int) -> bool:
    """Whether a user may see who is behind the screen names."""
    return level(db, group, user_id) in ("Mod", "Admin")


# What is told


def name_of(seat: Seat, group: Group) -> Element:
    """ScreenName of somebody in a group."""
    return screen_name(seat.name, group.address)


def mapping(db: Database, group: Group, seat: Seat, whole: bool) -> Element:
    """Mapping of a screen name, to the user too if the other may know, or the user wants it."""
    shown = whole or own(db, group, seat.session.user_id).get("ShowID") == "T"
    address = node("UserID", seat.session.address) if shown else None
    return node("Mapping", node("SName", seat.name), address)


def user_map(mappings: list[Element]) -> Element:
    return node("UserMapList", node("UserMapping", *mappings) if mappings else None)


def _tell(
    service: Service,
    group: Group,
    seat: Seat,
    parts: Callable[[Database, str], list[Element]],
) -> None:
    """Queue a GroupChangeNotice, unless the client does not want any."""
    session, address = seat.session, group.address
    agreed = session.agreed is None or "GRCHN" in session.agreed
    if not seat.notices or not agreed:
        return

    def build(db: Database, session: Session) -> Element | None:
        found = [part for part in parts(db, session.version) if len(part)]
        told = node("GroupChangeNotice", node("GroupID", address), *found)
        return told if found and service.fits(session, told) else None

    service.send(session, Outgoing(("group", next(_NAMES)), build))


def moved(service: Service, db: Database, group: Group, who: Seat, came: bool) -> None:
    """Tell the others that somebody came or went. 1.3 has a place of its own for whom the one
    who is told blocks.
    """
    others = [seat for seat in service.rooms.seats(group.key) if seat is not who]
    ids = {seat.session.user_id for seat in others}
    blocking_them = blocking.refused(db, ids, who.session.key)
    named = name_of(who, group)
    for seat in others:
        whole = sees_users(db, group, seat.session.user_id)
        mapped = mapping(db, group, who, whole)

        def parts(
            db: Database,
            version: str,
            mapped: Element = mapped,
            apart: bool = seat.session.user_id in blocking_them,
        ) -> list[Element]:
            tag = "Joined" if came else "Left"
            if apart and version == "1.3":
                return [node(tag + "Blocked", node("UserList", named))]
            if version == "1.1":
                return [node(tag, named)]
            return [node(tag, user_map([mapped]) if came else node("UserList", named))]

        _tell(service, group, seat, parts)


def changed(
    service: Service, group: Group, values: dict[str, str], note: Element | None, by: Session
) -> None:
    """Tell the others that properties of the group changed."""
    for seat in service.rooms.seats(group.key):
        if seat.session is not by:
            _tell(service, group, seat, lambda db, version: [group_element(values, note, version)])


def notify(
    service: Service, group: Group, kind: str, keys: Iterable[str], by: Session | None
) -> None:
    """Tell users by a Notification of 1.3, to which they subscribed, what became of a group."""
    for key in keys:
        about = node("GroupID", group.address)
        notifications.tell(service, key, kind, about, besides=by)


def members(db: Database, group: Group) -> list[str]:
    """Keys of the members."""
    rows = select(User.key).join(Member, Member.user_id == User.id)
    return list(db.scalars(rows.where(Member.group_id == group.id)))


def own_changed(
    service: Service, group: Group, user: User, values: dict[str, str], by: Session
) -> None:
    """Tell the clients of a user that her own properties in the group changed."""
    for seat in service.rooms.seats(group.key):
        if seat.session.key == user.key and seat.session is not by:
            _tell(service, group, seat, lambda db, version: [own_element(values, version)])


# Going out


def vacate(service: Service, db: Database, group: Group, seat: Seat, code: Code | None) -> None:
    """Somebody goes out; code: why the service wants it so, to tell the client.

    A group with AutoDelete ends with the last who leaves, not with the last who has to go: an
    administrator may be at work on it.
    """
    service.rooms.remove(group.key, seat)
    delivery.drop(db, group.key, seat.session)
    moved(service, db, group, seat, False)
    if code is not None:
        _put_out(service, group, seat, code)
    elif group.properties.get("AutoDelete") == "T" and not service.rooms.seats(group.key):
        dissolve(service, db, group, None)


def _put_out(service: Service, group: Group, seat: Seat, code: Code) -> None:
    address = group.address

    def build(db: Database, session: Session) -> Element:
        why = result(code, session.version)
        return node("LeaveGroup-Response", node("GroupID", address), why)

    service.send(seat.session, Outgoing(("group", next(_NAMES)), build))


def put_out(service: Service, db: Database, group: Group, key: str, code: Code) -> None:
    """The clients of a user have to go out."""
    for seat in service.rooms.seats(group.key):
        if seat.session.key == key:
            vacate(service, db, group, seat, code)


def dissolve(service: Service, db: Database, group: Group, by: Session | None) -> None:
    """The group is no more; all that are in it are told but the session that wanted it."""
    for seat in service.rooms.seats(group.key):
        service.rooms.remove(group.key, seat)
        delivery.drop(db, group.key, seat.session)
        if seat.session is not by:
            _put_out(service, group, seat, Code.NO_SUCH_GROUP)
    notify(service, group, "GD", members(db, group), by)
    db.delete(group)
    db.flush()


def session_ended(service: Service, db: Database, session: Session) -> None:
    """A client that is no longer logged in is in no group."""
    for key, seat in service.rooms.of(session):
        group = db.scalar(select(Group).where(Group.key == key))
        if group is not None:
            vacate(service, db, group, seat, None)


def expire(service: Service, db: Database, now: float) -> None:
    """Dissolve the groups whose Validity is over."""
    for group in db.scalars(select(Group).where(Group.expires <= now)).all():
        dissolve(service, db, group, None)


def blocked_by(db: Database, user: User, seats: list[Seat]) -> list[Seat]:
    """Those in a group whom a user blocks."""
    return [each for each in seats if blocking.refused(db, [user.id], each.session.key)]
