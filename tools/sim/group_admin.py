"""Running a group: members and their levels, properties, the reject list, notices, and the talk
of two that becomes a group.

spec: transactions.md sections 12 and 15.5
"""

from __future__ import annotations

import secrets
from xml.etree.ElementTree import Element

from sqlalchemy import select

from . import addresses, groups, invitations, rooms
from .call import Call, Handler
from .elements import flag, node, required, texts
from .group_properties import (
    group_element,
    group_values,
    own_element,
    own_values,
    shown_note,
    welcome_note,
)
from .results import Code, Outcome, Refusal, result
from .rooms import RANKS
from .store import Group, Member, Rejected, User, find_user

# Where a request has users: 1.3 has another wrapper, real clients use either
_USERS = ("UserList/User/UserID", "UserIDList/UserID", "UserList/UserID")


def _users(call: Call, parent: Element | None, outcome: Outcome, *paths: str) -> list[User]:
    """The users that are named at the paths; those who do not exist are noted."""
    found: dict[int, User] = {}
    for path in paths or _USERS:
        for spelled in texts(parent, path):
            user = find_user(call.db, addresses.user_key(spelled, call.home))
            if user is None:
                outcome.fail(Code.UNKNOWN_USER, "UserID", spelled)
            else:
                found[user.id] = user
    return list(found.values())


def add_group_members(call: Call) -> Element:
    """AddGroupMembers-Request, of a moderator or administrator."""
    group = groups.named(call)
    groups.need(call, group, "Mod")
    outcome = Outcome()
    added = _users(call, call.request, outcome)
    new = [user for user in added if not rooms.level(call.db, group, user.id)]
    before = rooms.members(call.db, group)
    for user in new:
        call.db.add(Member(group_id=group.id, user_id=user.id, level="User"))
    groups.members_changed(call, group, "GMG", [user.key for user in new], before)
    return call.done(outcome, len(added))


def remove_group_members(call: Call) -> Element:
    """RemoveGroupMembers-Request: who may be there as a member only has to go."""
    group = groups.named(call)
    groups.need(call, group, "Mod")
    outcome, removed = Outcome(), []
    for user in _users(call, call.request, outcome):
        code = _fixed(call, group, user)
        if code is not None:
            outcome.fail(code, "UserID", user.address)
            continue
        call.db.delete(call.db.get_one(Member, (group.id, user.id)))
        removed.append(user.key)
        if group.properties["Accesstype"] != "Open":
            rooms.put_out(call.service, call.db, group, user.key, Code.NOT_A_MEMBER)
    call.db.flush()
    groups.members_changed(call, group, "GMR", removed, rooms.members(call.db, group))
    return call.done(outcome, len(removed))


def _fixed(call: Call, group: Group, user: User) -> Code | None:
    """Why the membership of somebody cannot be changed by this user."""
    level = rooms.level(call.db, group, user.id)
    mine = rooms.level(call.db, group, call.user.id)
    if not level:
        return Code.NOT_A_MEMBER
    if user.id == group.owner_id or RANKS.index(level) > RANKS.index(mine):
        return Code.PRIVILEGE_TOO_LOW
    return None


def member_access(call: Call) -> Element:
    """MemberAccess-Request, of an administrator; the owner stays one."""
    group = groups.named(call)
    groups.need(call, group, "Admin")
    outcome, done = Outcome(), 0
    wanted = [
        ("Admin", call.request.find("Admin")),
        ("Mod", call.request.find("Mod")),
        ("User", call.request.find("Users")),
        ("User", call.request),
    ]
    for level, told in wanted:
        for user in _users(call, told, outcome):
            code = _fixed(call, group, user)
            if code is not None:
                outcome.fail(code, "UserID", user.address)
                continue
            call.db.get_one(Member, (group.id, user.id)).level = level
            told_own = {"PrivilegeLevel": level}
            rooms.own_changed(call.service, group, user, told_own, call.session)
            rooms.notify(call.service, group, "GMAU", [user.key], call.session)
            done += 1
    return call.done(outcome, done)


# Properties


def get_group_props(call: Call) -> Element:
    """GetGroupProps-Request, of anybody who is not rejected."""
    group = groups.named(call)
    if call.db.get(Rejected, (group.id, call.user.key)) is not None:
        raise Refusal(Code.REJECTED_FROM_GROUP)
    seats = call.service.rooms.seats(group.key)
    values = {
        **group.properties,
        "Type": "Private" if group.owner_id else "Public",
        "ActiveUsers": str(len(seats)),
    }
    level = rooms.level(call.db, group, call.user.id)
    mine = {
        **rooms.own(call.db, group, call.user.id),
        "IsMember": "T" if level else "F",
        "PrivilegeLevel": level or "User",
    }
    return node(
        "GetGroupProps-Response",
        group_element(values, shown_note(group.note), call.version),
        own_element(mine, call.version),
    )


def set_group_props(call: Call) -> Element:
    """SetGroupProps-Request: those of the group by administrators, one's own by anybody."""
    group = groups.named(call)
    told = call.request.find("GroupProperties")
    settled = own_values(call.request.find("OwnProperties"), call.version)
    if told is not None:
        groups.need(call, group, "Admin")
        _change(call, group, told)
    if settled:
        if not rooms.level(call.db, group, call.user.id):
            groups.seat_in(call, group)
        groups.settle(call.db, group, call.user.id, settled)
        rooms.own_changed(call.service, group, call.user, settled, call.session)
    return call.done()


def _change(call: Call, group: Group, told: Element) -> None:
    values = group_values(told, call.version)
    note = welcome_note(told)
    whole = {**group.properties, **values}
    groups.check_searchable(whole)
    group.properties = whole
    if "Validity" in values:
        group.expires = groups.expiry(values, call.now)
    if note is not None:
        group.note = note or None
    shown = shown_note(note)
    if values or shown is not None:
        rooms.changed(call.service, group, values, shown, call.session)


# The reject list


def reject_list(call: Call) -> Element:
    """RejectList-Request, of a moderator or administrator: who is there has to go."""
    group = groups.named(call)
    groups.need(call, group, "Mod")
    outcome, done = Outcome(), 0
    for user in _users(call, call.request, outcome, "AddList/UserID"):
        if rooms.level(call.db, group, user.id) in ("Mod", "Admin"):
            outcome.fail(Code.PRIVILEGE_TOO_LOW, "UserID", user.address)
            continue
        call.db.merge(Rejected(group_id=group.id, key=user.key, address=user.address))
        done += 1
        rooms.put_out(call.service, call.db, group, user.key, Code.REJECTED_FROM_GROUP)
    for spelled in texts(call.request, "RemoveList/UserID"):
        listed_now = call.db.get(Rejected, (group.id, addresses.user_key(spelled, call.home)))
        done += 1
        if listed_now is not None:
            call.db.delete(listed_now)
    call.db.flush()
    if outcome.details:
        return call.done(outcome, done)
    rows = select(Rejected).where(Rejected.group_id == group.id).order_by(Rejected.key)
    listed = [node("User", node("UserID", row.address)) for row in call.db.scalars(rows)]
    return node("RejectList-Response", node("UserList", *listed) if listed else None)


# Notices


def subscribe_group_notice(call: Call) -> Element:
    """SubscribeGroupNotice-Request: G asks, S and U switch."""
    seat = groups.seat_in(call, groups.named(call))
    kind = required(call.request, "SubscribeType").upper()
    if kind == "G":
        return node("SubscribeGroupNotice-Response", node("Value", seat.notices))
    if kind not in ("S", "U"):
        raise Refusal(Code.BAD_PARAMETER, "SubscribeType is neither G, S nor U")
    seat.notices = kind == "S"
    return call.done()


# Talks that become a group


def extend_conversation(call: Call) -> Element:
    """ExtendConversation-Request: a group for members only, to which the others are invited."""
    identity = required(call.request, "ExtendConversationID")
    outcome = Outcome()
    paths = ("ExtendConversationUser/UserID", *_USERS)
    others = [each for each in _users(call, call.request, outcome, *paths) if each != call.user]
    if not others:
        outcome.result(0, call.version)
        raise Refusal(Code.BAD_REQUEST, "nobody to talk to")
    name = f"talk-{secrets.token_hex(4)}"
    address = addresses.parse(call.session.address, call.home)._replace(resource=name)
    values = {"Name": name, "Accesstype": "Restricted", "AutoDelete": "T"}
    note = welcome_note(call.request)
    group = groups.make(call.db, address, values, note, call.now, call.user)
    for user in others:
        call.db.add(Member(group_id=group.id, user_id=user.id, level="User"))
    call.db.flush()
    groups.take_seat(call, group, flag(call.request, "SubscribeNotification"))
    told = node(
        "Invite-Request",
        node("InviteID", identity),
        node("InviteType", "EC"),
        node("GroupID", group.address),
    )
    for user in others:
        invitations.open_one(call, told, user, call.now + call.limits.validity)
    return node(
        "ExtendConversation-Response",
        node("ExtendConversationID", identity),
        node("GroupID", group.address),
        result(outcome.code(len(others)), call.version, details=outcome.details),
    )


HANDLERS = {
    "AddGroupMembers-Request": Handler(add_group_members, "ADDGM"),
    "RemoveGroupMembers-Request": Handler(remove_group_members, "RMVGM"),
    "MemberAccess-Request": Handler(member_access, "MBRAC"),
    "GetGroupProps-Request": Handler(get_group_props, "GETGP"),
    "SetGroupProps-Request": Handler(set_group_props, "SETGP"),
    "RejectList-Request": Handler(reject_list, "REJEC"),
    "SubscribeGroupNotice-Request": Handler(subscribe_group_notice, "SUBGCN"),
    "ExtendConversation-Request": Handler(extend_conversation, "EXCON"),
}
