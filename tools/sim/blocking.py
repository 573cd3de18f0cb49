"""Block and grant lists: who may reach a user at all. spec: transactions.md section 11"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session as Database

from . import addresses
from .call import Call, Handler
from .elements import flag, freeze, node, text, thaw
from .results import Code, Outcome, Refusal
from .store import Contact, ContactList, Entity, User, many

_LISTS = ("BlockList", "GrantList")
_KINDS = ("UserID", "ScreenName", "GroupID", "ContactList", "ApplicationID")
_KINDS_12 = _KINDS[:3]


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
    for which in _LISTS:
        changes = call.request.find(which)
        _set_use(call, which, changes)
        if changes is None:
            continue
        whole = changes.find("EntityList")
        if whole is not None:
            call.db.execute(
                delete(Entity).where(Entity.owner_id == call.user.id, Entity.which == which)
            )
        for part in (whole, changes.find("AddList")):
            for entity in () if part is None else part:
                done += _add(call, which, entity, outcome)
        for entity in changes.findall("RemoveList/*"):
            _remove(call, which, entity)
            done += 1
    call.service.access_changed(call.db, call.user)
    return call.done(outcome, done)


def _set_use(call: Call, which: str, changes: Element | None) -> None:
    column = "block_in_use" if which == "BlockList" else "grant_in_use"
    setting = flag(
        changes, "InUse", flag(call.request, which + "InUse", getattr(call.user, column))
    )
    setattr(call.user, column, setting)


def _key(call: Call, entity: Element) -> str:
    if entity.tag not in _KINDS:
        raise Refusal(Code.BAD_REQUEST, f"{entity.tag[:40]} in a list of entities")
    if entity.tag == "ScreenName":
        return f"{text(entity, 'SName')} {text(entity, 'GroupID')}".lower()
    if entity.tag == "ApplicationID":
        return (entity.text or "").strip().lower()
    return addresses.parse(entity.text or "", call.home).key


def _add(call: Call, which: str, entity: Element, outcome: Outcome) -> int:
    key = _key(call, entity)
    if entity.tag == "UserID" and key.endswith("@" + call.home.lower()):
        if call.db.scalar(select(User.id).where(User.key == key)) is None:
            outcome.fail(Code.UNKNOWN_USER, "UserID", (entity.text or "").strip())
            return 0
    if _found(call, which, entity.tag, key) is None:
        call.db.add(
            Entity(
                owner_id=call.user.id, which=which, kind=entity.tag, key=key, frozen=freeze(entity)
            )
        )
        call.db.flush()
    return 1


def _remove(call: Call, which: str, entity: Element) -> None:
    row = _found(call, which, entity.tag, _key(call, entity))
    if row is not None:
        call.db.delete(row)


def _found(call: Call, which: str, kind: str, key: str) -> Entity | None:
    return call.db.scalar(
        select(Entity).where(
            Entity.owner_id == call.user.id,
            Entity.which == which,
            Entity.kind == kind,
            Entity.key == key,
        )
    )


def refused(db: Database, owner_ids: Iterable[int], key: str) -> set[int]:
    """Those owners who do not let the user with this key reach them.

    The block list wins over the grant list; a user always reaches herself.
    """
    ids = list(owner_ids)
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
                    (Entity.kind == "UserID") & (Entity.key == key),
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
