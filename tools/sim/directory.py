"""Which groups a search finds, and which there are. spec: transactions.md sections 5 and 7

Only groups with Searchable T are found, and who is in one only where she shows it (ShowID).
"""

from __future__ import annotations

from sqlalchemy import select

from . import addresses, groups, rooms
from .call import Call
from .store import Group, User, find_user

_PROPERTIES = {"GROUP_NAME": "Name", "GROUP_TOPIC": "Topic"}
ELEMENTS = (
    "GROUP_ID",
    *_PROPERTIES,
    "GROUP_USER_ID_JOINED",
    "GROUP_USER_ID_OWNER",
    "GROUP_USER_ID_AUTOJOIN",
)


def matching(call: Call, element: str, value: str) -> set[str]:
    """Addresses of the groups that a search element finds."""
    found = [row for row in call.db.scalars(select(Group)) if _is_searchable(row)]
    if element == "GROUP_ID" or element in _PROPERTIES:
        return {row.address for row in found if _is_called(row, element, value)}
    user = find_user(call.db, addresses.user_key(value, call.home)) if found else None
    if user is None:
        return set()
    return {row.address for row in found if _concerns(call, row, element, user)}


def _is_searchable(group: Group) -> bool:
    return group.properties.get("Searchable") == "T"


def _is_called(group: Group, element: str, value: str) -> bool:
    if element == "GROUP_ID":
        wanted = value.lower().removeprefix("wv:")
        name = group.key.removeprefix("wv:")
        return wanted == name if "@" in wanted else wanted in name.rpartition("@")[0]
    return value.casefold() in group.properties.get(_PROPERTIES[element], "").casefold()


def _concerns(call: Call, group: Group, element: str, user: User) -> bool:
    if element == "GROUP_USER_ID_OWNER":
        return group.owner_id == user.id
    own = rooms.own(call.db, group, user.id)
    if user != call.user and own.get("ShowID") != "T":
        return False
    if element == "GROUP_USER_ID_AUTOJOIN":
        return own.get("AutoJoin") == "T"
    return any(seat.session.key == user.key for seat in call.service.rooms.seats(group.key))


def has_screen_name(call: Call, spelled: str, name: str) -> bool:
    """Whether somebody in a group has this screen name."""
    group = groups.find(call, spelled)
    seats = call.service.rooms.seats(group.key) if group else []
    return any(seat.name.lower() == name.lower() for seat in seats)
