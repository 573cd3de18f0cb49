"""Block and grant lists: who may reach a user at all. spec: transactions.md section 11"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session as Database

from . import addresses, notifications
from .call import Call, Handler
from .elements import flag, freeze, node, screen_name, text, thaw
from .results import Code, Outcome, Refusal
from .store import Contact, ContactList, Entity, User, count, many

_LISTS = ("BlockList", "GrantList")
_KINDS = ("UserID", "ScreenName", "GroupID", "ContactList", "ApplicationID")
_KINDS_12 = _KINDS[:3]
_PARTS = ("EntityList", "AddList", "RemoveList")

_Name = tuple[str, str]  # kind and key of an entity


def get_blocked_list(call: Call) -> Element:
    """GetBlockedList-Request, answered in the form of the version."""
    answer = node("GetBlockedList-Response")
    kinds = _KINDS if call.version == "1.3" else _KINDS_12
    in_use = {"BlockList": call.user.block_in_use, "GrantList": call.user.grant_in_use}
    for which in _LISTS:
        rows = call.db.scalars(
            select(Entity)
            .where(Entity.owner_id == call.user.id, Entity.which == which)
            .order_by(Entity.id)
        ).all()
        entities = [thaw(row.frozen) for kind in kinds for row in rows if row.kind == kind]
        listed = node("EntityList", *entities)
        if call.version == "1.3":
            answer.extend((node(which, listed), node(which + "InUse", in_use[which])))
        else:
            answer.append(node(which, node("InUse", in_use[which]), listed))
    return answer


def block_entity(call: Call) -> Element:
    """BlockEntity-Request, by its older name BlockUser-Request too; either wrapper of InUse."""
    outcome = Outcome()
    done = 0
    news: list[tuple[str, Element | None]] = []
    for which in _LISTS:
        changes = call.request.find(which)
        news += _set_use(call, which, changes)
        if changes is None:
            continue
        if any(changes.find(part) is not None for part in _PARTS):
            news.append((which[0] + "LC", None))
        if changes.find("EntityList") is not None:
            call.db.execute(
                delete(Entity).where(Entity.owner_id == call.user.id, Entity.which == which)
            )
        done += _add(call, which, changes.findall("EntityList/*"), outcome)
        done += _add(call, which, changes.findall("AddList/*"), outcome)
        done += _remove(call, which, changes.findall("RemoveList/*"))
    call.service.access_changed(call.db, call.user)
    answer = call.done(outcome, done)
    for kind, about in news:  # the user's other sessions stay up to date
        payload = [] if about is None else [about]
        notifications.tell(call.service, call.session.key, kind, *payload, besides=call.session)
    return answer


def _set_use(call: Call, which: str, changes: Element | None) -> list[tuple[str, Element | None]]:
    """Switch a list on or off where that is wanted; what there is to tell of it."""
    column = "block_in_use" if which == "BlockList" else "grant_in_use"
    before = getattr(call.user, column)
    setting = flag(changes, "InUse", flag(call.request, which + "InUse", before))
    setattr(call.user, column, setting)
    return [(which[0] + "LUC", node(which + "InUse", setting))] if setting != before else []


def _key(call: Call, entity: Element) -> str:
    if entity.tag not in _KINDS:
        raise Refusal(Code.BAD_REQUEST, f"{entity.tag[:40]} in a list of entities")
    if entity.tag == "ScreenName":
        group = addresses.parse(text(entity, "GroupID"), call.home)
        return f"{text(entity, 'SName').lower()} {group.key}"
    if entity.tag == "ApplicationID":
        return (entity.text or "").strip().lower()
    return addresses.parse(entity.text or "", call.home).key


def _plain(entity: Element) -> Element:
    """An entity without what does not belong into it."""
    if entity.tag == "ScreenName":
        return screen_name(text(entity, "SName"), text(entity, "GroupID"))
    return node(entity.tag, text(entity, "."))


def in_group(name: str, group: str) -> list[_Name]:
    """What a sender in a group also goes by: the group, whose key it is, and a screen name."""
    return [("GroupID", group), ("ScreenName", f"{name.lower()} {group}")]


def _add(call: Call, which: str, told: list[Element], outcome: Outcome) -> int:
    """Put entities on a list; how many are there now."""
    entities: dict[_Name, Element] = {}
    for each in told:
        entities.setdefault((each.tag, _key(call, each)), each)
    local = [
        key for kind, key in entities if kind == "UserID" and key.endswith("@" + call.home.lower())
    ]
    known: set[str] = set()
    for some in many(local):
        known.update(call.db.scalars(select(User.key).where(User.key.in_(some))))
    for key in [each for each in local if each not in known]:
        unknown = entities.pop(("UserID", key))
        outcome.fail(Code.UNKNOWN_USER, "UserID", (unknown.text or "").strip())
    present = _present(call, which, list(entities))
    new = [
        {
            "owner_id": call.user.id,
            "which": which,
            "kind": kind,
            "key": key,
            "frozen": freeze(_plain(entity)),
        }
        for (kind, key), entity in entities.items()
        if (kind, key) not in present
    ]
    held = count(call.db, Entity.owner_id == call.user.id, Entity.which == which)
    if held + len(new) > call.limits.contacts:
        raise Refusal(Code.TOO_MANY_CONTACTS)
    if new:
        call.db.execute(insert(Entity), new)
    return len(entities)


def _remove(call: Call, which: str, told: list[Element]) -> int:
    """Take entities off a list; how many were named."""
    rows = _present(call, which, [(each.tag, _key(call, each)) for each in told])
    for some in many(list(rows.values())):
        call.db.execute(delete(Entity).where(Entity.id.in_(some)))
    return len(told)


def _present(call: Call, which: str, wanted: list[_Name]) -> dict[_Name, int]:
    """Those of some entities that are on a list, with the IDs of their rows."""
    found: dict[_Name, int] = {}
    for some in map(set, many(wanted)):
        rows = call.db.execute(
            select(Entity.kind, Entity.key, Entity.id).where(
                Entity.owner_id == call.user.id,
                Entity.which == which,
                Entity.key.in_([key for _, key in some]),
            )
        )
        found.update({(row.kind, row.key): row.id for row in rows if (row.kind, row.key) in some})
    return found


def refused(
    db: Database, owner_ids: Iterable[int], key: str, others: Iterable[_Name] = ()
) -> set[int]:
    """Those owners who do not let the user with this key reach them.

    others: what else the sender goes by: kind and key, such as of a ScreenName and its GroupID.
    The block list wins over the grant list; a user always reaches herself.
    """
    ids = list(owner_ids)
    names = [("UserID", key), *others]
    found: set[int] = set()
    lists = (
        select(ContactList.key)
        .join(Contact, Contact.list_id == ContactList.id)
        .where(Contact.key == key, ContactList.owner_id == Entity.owner_id)
    )
    for some in many(ids):
        users = db.execute(
            select(User.id, User.block_in_use, User.grant_in_use, User.key).where(
                User.id.in_(some)
            )
        ).all()
        rows = db.execute(
            select(Entity.owner_id, Entity.which).where(
                Entity.owner_id.in_(some),
                or_(
                    *((Entity.kind == kind) & (Entity.key == each) for kind, each in names),
                    (Entity.kind == "ContactList") & Entity.key.in_(lists),
                ),
            )
        ).all()
        entries = {(row.owner_id, row.which) for row in rows}
        for user in users:
            blocked = user.block_in_use and (user.id, "BlockList") in entries
            unlisted = user.grant_in_use and (user.id, "GrantList") not in entries
            if user.key != key and (blocked or unlisted):
                found.add(user.id)
    return found


HANDLERS = {
    "GetBlockedList-Request": Handler(get_blocked_list, "GLBLU"),
    "BlockEntity-Request": Handler(block_entity, "BLENT"),
    "BlockUser-Request": Handler(block_entity, "BLENT"),
}
