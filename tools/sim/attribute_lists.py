"""Attribute lists: what somebody lets others see. spec: transactions.md section 9.1"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from sqlalchemy import delete, select

from . import addresses
from .attributes import ALL, empty_list, named
from .authorisation import split
from .call import Call, Handler
from .elements import child, flag, node, texts
from .envelope import VERSIONS
from .results import Code, Outcome, Refusal
from .store import AttributeList, Authorisation, Contact, ContactList, count


def _scopes(call: Call, outcome: Outcome) -> list[tuple[str, str, str]]:
    """(scope, key, address) of everything that a request is about, in either wrapper."""
    request, found = call.request, []
    users = texts(request, "UserID") + texts(request, "UserIDList/UserID")
    for spelled in users + texts(request, "User/UserID"):
        found.append(("user", addresses.user_key(spelled, call.home), spelled))
    lists = texts(request, "ContactList") + texts(request, "ContactListIDList/ContactList")
    for spelled in lists:
        key = addresses.parse(spelled, call.home).key
        own = select(ContactList.id).where(
            ContactList.key == key, ContactList.owner_id == call.user.id
        )
        if call.db.scalar(own) is None:
            outcome.fail(Code.NO_SUCH_LIST, "ContactList", spelled)
        else:
            found.append(("list", key, spelled))
    if flag(request, "DefaultList"):
        found.append(("default", "", ""))
    return found


def _selected(call: Call, scope: str, key: str) -> AttributeList | None:
    return call.db.scalar(
        select(AttributeList).where(
            AttributeList.owner_id == call.user.id,
            AttributeList.scope == scope,
            AttributeList.key == key,
        )
    )


def _answered(call: Call, scope: str, key: str) -> None:
    """Questions about those in a scope have their answer now."""
    questions = delete(Authorisation).where(Authorisation.owner_id == call.user.id)
    if scope == "user":
        call.db.execute(questions.where(Authorisation.key == key))
        return
    pending = questions.where(Authorisation.state == "PENDING")
    if scope == "list":
        members = select(Contact.key).join(ContactList, Contact.list_id == ContactList.id)
        pending = pending.where(Authorisation.key.in_(members.where(ContactList.key == key)))
    call.db.execute(pending.execution_options(synchronize_session=False))


def create_attribute_list(call: Call) -> Element:
    """CreateAttributeList-Request: takes the place of what was there."""
    outcome = Outcome()
    names = " ".join(sorted(named(child(call.request, "PresenceSubList"))))
    switches = {"user": "UserNotify", "list": "ContactListNotify", "default": "DefaultNotify"}
    held = count(call.db, AttributeList.owner_id == call.user.id)
    scopes = _scopes(call, outcome)
    for scope, key, address in scopes:
        row = _selected(call, scope, key)
        if row is None:
            held += 1
            if held > call.limits.attribute_lists:
                raise Refusal(Code.TOO_MANY_ATTRIBUTE_LISTS)
            row = AttributeList(owner_id=call.user.id, scope=scope, key=key)
            call.db.add(row)
        row.address, row.names = address, names
        row.notify = flag(call.request, switches[scope])
        call.db.flush()
        _answered(call, scope, key)
    call.service.access_changed(call.db, call.user)
    return call.done(outcome, len(scopes))


def delete_attribute_list(call: Call) -> Element:
    """DeleteAttributeList-Request; what is not there is deleted already."""
    outcome = Outcome()
    scopes = _scopes(call, outcome)
    for scope, key, _ in scopes:
        row = _selected(call, scope, key)
        if row is not None:
            call.db.delete(row)
    call.db.flush()
    call.service.access_changed(call.db, call.user)
    return call.done(outcome, len(scopes))


def get_attribute_list(call: Call) -> Element:
    """GetAttributeList-Request: those named; without any name, all."""
    outcome = Outcome()
    scopes = _scopes(call, outcome)
    if not scopes and not outcome.details:
        rows = list(
            call.db.scalars(select(AttributeList).where(AttributeList.owner_id == call.user.id))
        )
    else:
        rows = [row for row in (_selected(call, *each[:2]) for each in scopes) if row]
    answer = node("GetAttributeList-Response", outcome.result(len(scopes), call.version))
    namespace = VERSIONS[call.version].pa
    is_13 = call.version == "1.3"
    tags = {"user": ("UserID", "UserNotify"), "list": ("ContactList", "ContactListNotify")}
    for row in sorted(rows, key=lambda each: each.scope != "default"):
        names = empty_list(split(row.names), call.version, namespace)
        if row.scope == "default":
            notify = node("DefaultNotify", row.notify) if is_13 else None
            answer.append(node("DefaultAttributeList", notify, names))
        else:
            tag, switch = tags[row.scope]
            notify = node(switch, row.notify) if is_13 else None
            answer.append(node("Presence", node(tag, row.address), notify, names))
    return answer


def grant(call: Call, keys: Iterable[tuple[str, str]]) -> None:
    """Let users (key, address) see everything, where nothing else was settled for them."""
    for key, address in keys:
        if _selected(call, "user", key) is None:
            call.db.add(
                AttributeList(
                    owner_id=call.user.id,
                    scope="user",
                    key=key,
                    address=address,
                    names=" ".join(sorted(ALL)),
                )
            )
    call.db.flush()
    call.service.access_changed(call.db, call.user)


HANDLERS = {
    "CreateAttributeList-Request": Handler(create_attribute_list, "CALI"),
    "DeleteAttributeList-Request": Handler(delete_attribute_list, "DALI"),
    "GetAttributeList-Request": Handler(get_attribute_list, "GALS"),
}
