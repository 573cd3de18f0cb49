"""Groups: made, joined, left, and who is in them. spec: transactions.md section 12"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from . import addresses, rooms
from .call import Call, Handler
from .elements import child, flag, node, required, text
from .group_properties import group_values, own_values, shown_note, welcome_note
from .results import Code, Refusal, result
from .rooms import RANKS, Seat
from .sessions import Session
from .store import Group, Member, OwnProperties, Rejected, User, count

if TYPE_CHECKING:
    from .service import Service


def find(call: Call, spelled: str) -> Group | None:
    """The group with this address."""
    key = addresses.parse(spelled, call.home).key
    return call.db.scalar(select(Group).where(Group.key == key))


def named(call: Call) -> Group:
    """The group that a request is about. Raises Refusal 429, 901 or 800."""
    spelled = text(call.request, "GroupID")
    if not spelled:
        raise Refusal(Code.BAD_GROUP_ID)
    group = find(call, spelled)
    if group is None:
        raise Refusal(Code.NO_SUCH_GROUP)
    return group


def seat_in(call: Call, group: Group) -> Seat:
    """Where the client is in a group. Raises Refusal 808."""
    seat = call.service.rooms.seat(group.key, call.session)
    if seat is None:
        raise Refusal(Code.NOT_JOINED)
    return seat


def need(call: Call, group: Group, level: str) -> None:
    """Raises Refusal 816 unless the user has at least this level in the group."""
    has = rooms.level(call.db, group, call.user.id)
    if RANKS.index(has) < RANKS.index(level):
        raise Refusal(Code.PRIVILEGE_TOO_LOW)


def create_group(call: Call) -> Element:
    """CreateGroup-Request: below the own address; public groups are the service's own."""
    spelled = required(call.request, "GroupID")
    address = addresses.parse(spelled, call.home)
    told = child(call.request, "GroupProperties")
    if not address.resource or not address.user:
        raise Refusal(Code.BAD_GROUP, "a group of a user is wv:user/group@domain")
    if address.owner.key != call.session.key:
        raise Refusal(Code.FORBIDDEN, "below the address of somebody else")
    if find(call, spelled) is not None:
        raise Refusal(Code.GROUP_EXISTS)
    if count(call.db, Group.owner_id == call.user.id) >= call.limits.groups:
        raise Refusal(Code.TOO_MANY_GROUPS)
    values = {"Name": address.resource, **group_values(told, call.version)}
    settled = own_values(call.request.find("OwnProperties"), call.version)
    group = make(call.db, address, values, welcome_note(told), call.now, call.user)
    if settled:
        call.db.add(OwnProperties(group_id=group.id, user_id=call.user.id, values=settled))
    call.db.flush()
    if flag(call.request, "JoinGroup"):
        take_seat(call, group, flag(call.request, "SubscribeNotification"))
    rooms.notify(call.service, group, "GC", [call.session.key], call.session)
    return call.done()


def make(
    db: Database,
    address: addresses.Address,
    values: dict[str, str],
    note: str | None,
    now: float,
    owner: User | None,
) -> Group:
    """Add a group to the store, with its owner as administrator. Raises Refusal 822."""
    check_searchable(values)
    defaults = {"Accesstype": "Open", "PrivateMessaging": "T", "Searchable": "F"}
    group = Group(
        owner_id=None if owner is None else owner.id,
        key=address.key,
        address=str(address),
        properties={**defaults, **values},
        note=note or None,
        expires=expiry(values, now),
    )
    db.add(group)
    db.flush()
    if owner is not None:
        db.add(Member(group_id=group.id, user_id=owner.id, level="Admin"))
        db.flush()
    return group


def check_searchable(values: dict[str, str]) -> None:
    """Raises Refusal 822 for a group that could be found by nothing."""
    if values.get("Searchable") == "T" and not (values.get("Name") or values.get("Topic")):
        raise Refusal(Code.NEEDS_NAME_OR_TOPIC)


def expiry(values: dict[str, str], now: float) -> float | None:
    """When a group with these properties ends; 0 is never."""
    life = int(values.get("Validity", "0"))
    return now + life if life else None


def delete_group(call: Call) -> Element:
    """DeleteGroup-Request, of an administrator."""
    group = named(call)
    need(call, group, "Admin")
    rooms.dissolve(call.service, call.db, group, call.session)
    return call.done()


# Coming and going


def join_group(call: Call) -> Element:
    """JoinGroup-Request: Status where there is nothing to tell."""
    group = named(call)
    if call.service.rooms.seat(group.key, call.session) is not None:
        raise Refusal(Code.JOINED_ALREADY)
    _check_admission(call.service, call.db, group, call.user)
    settled = own_values(call.request.find("OwnProperties"), call.version)
    seat = take_seat(call, group, flag(call.request, "SubscribeNotification"))
    if settled:
        settle(call.db, group, call.user.id, settled)
    answer = node("JoinGroup-Response")
    if flag(call.request, "JoinedRequest"):
        answer.append(_present(call, group))
    if call.version == "1.3":
        answer.append(rooms.name_of(seat, group))
    note = shown_note(group.note)
    if note is not None:
        answer.append(note)
    return answer if len(answer) else call.done()


def settle(db: Database, group: Group, user_id: int, values: dict[str, str]) -> None:
    """Change own properties in a group; those that are not named stay."""
    whole = {**rooms.own(db, group, user_id), **values}
    db.merge(OwnProperties(group_id=group.id, user_id=user_id, values=whole))
    db.flush()


def _check_admission(service: Service, db: Database, group: Group, user: User) -> None:
    rank = RANKS.index(rooms.level(db, group, user.id))
    access = group.properties["Accesstype"]
    only_members = access == "Restricted" or group.properties.get("RequireInvitation") == "T"
    if db.get(Rejected, (group.id, user.key)) is not None:
        raise Refusal(Code.REJECTED_FROM_GROUP)
    if access == "Closed" and rank < RANKS.index("Admin"):
        raise Refusal(Code.GROUP_CLOSED)
    if only_members and not rank:
        raise Refusal(Code.PRIVILEGE_TOO_LOW)
    most = int(group.properties.get("MaxActiveUsers", "0")) or service.config.limits.joined
    if len(service.rooms.seats(group.key)) >= min(most, service.config.limits.joined):
        raise Refusal(Code.TOO_MANY_JOINED)


def take_member(call: Call, spelled: str, inviter: User) -> None:
    """The user accepts an invitation of type GM: a member now, if the inviter may add members."""
    group = find(call, spelled) if spelled else None
    if group is None or rooms.level(call.db, group, call.user.id):
        return
    if RANKS.index(rooms.level(call.db, group, inviter.id)) >= RANKS.index("Mod"):
        others = rooms.members(call.db, group)
        call.db.add(Member(group_id=group.id, user_id=call.user.id, level="User"))
        call.db.flush()
        members_changed(call, group, "GMG", [call.user.key], others)


def members_changed(
    call: Call, group: Group, kind: str, concerned: list[str], others: list[str]
) -> None:
    """Tell new or former members by a notification of `kind`, and the other members."""
    if concerned:
        rooms.notify(call.service, group, kind, concerned, call.session)
        rooms.notify(call.service, group, "GMU", others, call.session)


def take_seat(call: Call, group: Group, notices: bool) -> Seat:
    """Let the client in; the others are told. Raises Refusal 811."""
    wanted = text(call.request, "ScreenName/SName")
    return _sit(call.service, call.db, group, call.session, wanted, notices)


def _sit(
    service: Service, db: Database, group: Group, session: Session, wanted: str, notices: bool
) -> Seat:
    seat = Seat(session, _screen_name(service, db, group, session, wanted), notices)
    service.rooms.add(group.key, seat)
    rooms.moved(service, db, group, seat, True)
    return seat


def _screen_name(
    service: Service, db: Database, group: Group, session: Session, wanted: str
) -> str:
    """The name asked for, else the usual one, else one made from the address. Raises Refusal
    811 where it is somebody else's.
    """
    taken = {
        seat.name.lower()
        for seat in service.rooms.seats(group.key)
        if seat.session.key != session.key
    }
    usual = rooms.own(db, group, session.user_id).get("ScreenName", "")
    if wanted and wanted.lower() in taken:
        raise Refusal(Code.SCREEN_NAME_TAKEN)
    plain = addresses.parse(session.address, service.config.domain).user
    name, number = wanted or usual or plain, 1
    while name.lower() in taken:
        number += 1
        name = f"{plain}{number}"
    return name


def auto_join(service: Service, db: Database, session: Session) -> None:
    """Take a user who has just logged in to the groups that she wants to be in."""
    rows = select(OwnProperties, Group).join(Group, Group.id == OwnProperties.group_id)
    user = db.get_one(User, session.user_id)
    for row, group in db.execute(rows.where(OwnProperties.user_id == user.id)).all():
        if row.values.get("AutoJoin") != "T":
            continue
        try:
            _check_admission(service, db, group, user)
        except Refusal:
            continue
        _sit(service, db, group, session, "", True)


def leave_group(call: Call) -> Element:
    """LeaveGroup-Request."""
    group = named(call)
    seat = seat_in(call, group)
    address = group.address
    rooms.vacate(call.service, call.db, group, seat, None)
    done = result(Code.OK, call.version)
    return node("LeaveGroup-Response", node("GroupID", address), done)


# Who is there


def _present(call: Call, group: Group) -> Element:
    """Those who are in the group, in the form that JoinGroup-Response has for them."""
    seats = call.service.rooms.seats(group.key)
    if call.version == "1.1":
        return node("UserList", *(rooms.name_of(each, group) for each in seats))
    whole = rooms.sees_users(call.db, group, call.user.id)
    listed = rooms.user_map([rooms.mapping(call.db, group, each, whole) for each in seats])
    return listed if call.version == "1.2" else node("Joined", listed)


def get_joined_users(call: Call) -> Element:
    """GetJoinedUsers-Request: moderators and administrators see by level who is who."""
    group = named(call)
    seat_in(call, group)
    seats = call.service.rooms.seats(group.key)
    apart: list[Element] = []
    if call.version == "1.3":
        blocked = rooms.blocked_by(call.db, call.user, seats)
        apart = [rooms.name_of(each, group) for each in blocked]
        seats = [each for each in seats if each not in blocked]
    whole = rooms.sees_users(call.db, group, call.user.id)
    maps: dict[str, list[Element]] = {"Admin": [], "Mod": [], "User": []}
    for each in seats:
        level = rooms.level(call.db, group, each.session.user_id) if whole else "User"
        maps[level or "User"].append(rooms.mapping(call.db, group, each, whole))
    found = [node(f"{level}Mapping", *some) for level, some in maps.items() if some]
    return node(
        "GetJoinedUsers-Response",
        node("AdminMapList" if whole else "UserMapList", *found),
        node("JoinedBlocked", node("UserList", *apart)) if apart else None,
    )


def get_group_members(call: Call) -> Element:
    """GetGroupMembers-Request, of members and those who are in the group."""
    group = named(call)
    if call.service.rooms.seat(group.key, call.session) is None:
        need(call, group, "User")
    lists: dict[str, list[Element]] = {"Admin": [], "Mod": [], "User": []}
    rows = (
        select(User.address, Member.level)
        .join(Member, Member.user_id == User.id)
        .where(Member.group_id == group.id)
        .order_by(User.id)
    )
    for address, level in call.db.execute(rows):
        lists[level].append(node("User", node("UserID", address)))
    found = [
        node(each, node("UserList", *lists[each])) for each in ("Admin", "Mod") if lists[each]
    ]
    ordinary = node("UserList", *lists["User"])
    if lists["User"]:
        found.append(ordinary if call.version == "1.3" else node("Users", ordinary))
    return node("GetGroupMembers-Response", *found)


HANDLERS = {
    "CreateGroup-Request": Handler(create_group, "CREAG"),
    "DeleteGroup-Request": Handler(delete_group, "DELGR"),
    "JoinGroup-Request": Handler(join_group),
    "LeaveGroup-Request": Handler(leave_group),
    "GetJoinedUsers-Request": Handler(get_joined_users, "GETJU"),
    "GetGroupMembers-Request": Handler(get_group_members, "GETGM"),
}
