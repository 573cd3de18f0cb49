"""Who may see which presence attributes: attribute lists and reactive authorisation.

The user's own attribute list comes first, then what the owner answered when asked, the lists of
contacts, the default list, and last the policy of the service.
spec: transactions.md sections 9.1 and 9.2; 1.3 asks by Notification-Request, section 15.3
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Database

from . import addresses, blocking, notifications
from .attributes import ALL, empty_list, named
from .call import Call, Handler
from .elements import flag, node, required, texts
from .envelope import VERSIONS
from .results import Code, Refusal
from .sessions import Outgoing, Session
from .store import AttributeList, Authorisation, Contact, ContactList, User, many

if TYPE_CHECKING:
    from .service import Service

_SCOPES = ("user", "list", "default")
# The NotificationType that tells of a question, by the scope of the list that wants it asked.
_TYPES = {"user": "ANU", "list": "ANC", "default": "AND"}


@dataclass
class Rule:
    """What one watcher may see of one owner; ask: the owner wants to be asked for more.

    scope: of the attribute list that says so, with lists the addresses of contact lists.
    """

    names: frozenset[str]
    ask: bool = False
    scope: str = "user"
    lists: tuple[str, ...] = ()


def split(names: str) -> frozenset[str]:
    """Names of attributes as the store has them."""
    return frozenset(names.split())


def rules(db: Database, owners: Iterable[User], watcher: str, policy: str) -> dict[int, Rule]:
    """The rule of every owner (by row) for the watcher with this key."""
    owners = list(owners)
    ids = [owner.id for owner in owners]
    lists, answers = _lists(db, ids, watcher), _answers(db, ids, watcher)
    closed = blocking.refused(db, ids, watcher)
    usual = Rule(ALL if policy == "everybody" else frozenset(), policy == "ask")
    found = {}
    for owner in owners:
        if owner.key == watcher:
            found[owner.id] = Rule(ALL)
        elif owner.id in closed:
            found[owner.id] = Rule(frozenset())
        else:
            found[owner.id] = _rule(lists.get(owner.id, []), answers.get(owner.id), usual)
    return found


def _rule(lists: list[AttributeList], answer: Authorisation | None, usual: Rule) -> Rule:
    for scope in _SCOPES:
        if scope == "list" and answer is not None and answer.state != "PENDING":
            granted = answer.state == "GRANTED"
            return Rule(split(answer.names) if granted else frozenset())
        some = [each for each in lists if each.scope == scope]
        if some:
            names = split(" ".join(each.names for each in some))
            asking = tuple(each.address for each in some if each.notify)
            return Rule(names, bool(asking), scope, asking)
    return usual


def _lists(db: Database, ids: list[int], watcher: str) -> dict[int, list[AttributeList]]:
    holding = (
        select(ContactList.key)
        .join(Contact, Contact.list_id == ContactList.id)
        .where(Contact.key == watcher, ContactList.owner_id == AttributeList.owner_id)
    )
    found: dict[int, list[AttributeList]] = {}
    for some in many(ids):
        for row in db.scalars(
            select(AttributeList).where(
                AttributeList.owner_id.in_(some),
                or_(
                    AttributeList.scope == "default",
                    (AttributeList.scope == "user") & (AttributeList.key == watcher),
                    (AttributeList.scope == "list") & AttributeList.key.in_(holding),
                ),
            )
        ):
            found.setdefault(row.owner_id, []).append(row)
    return found


def _answers(db: Database, ids: list[int], watcher: str) -> dict[int, Authorisation]:
    found = {}
    for some in many(ids):
        rows = select(Authorisation).where(
            Authorisation.owner_id.in_(some), Authorisation.key == watcher
        )
        found.update({row.owner_id: row for row in db.scalars(rows)})
    return found


# Asking the owner


def ask(call: Call, owner: User, names: frozenset[str]) -> None:
    """Ask an owner to let the user of the session see these attributes, at most once."""
    row = _answer(call.db, owner.id, call.session.key)
    if row is not None:
        return
    row = Authorisation(
        owner_id=owner.id,
        key=call.session.key,
        address=call.session.address,
        state="PENDING",
        names=" ".join(sorted(names)),
    )
    call.db.add(row)
    call.db.flush()
    for session in call.service.sessions.of(owner.key):
        _put_question(call.service, call.db, session, owner, row)


def put_questions(service: Service, db: Database, session: Session) -> None:
    """Ask a user who has just logged in about everybody who waits for an answer."""
    owner = db.get_one(User, session.user_id)
    for row in db.scalars(
        select(Authorisation).where(
            Authorisation.owner_id == session.user_id, Authorisation.state == "PENDING"
        )
    ):
        _put_question(service, db, session, owner, row)


def _put_question(
    service: Service, db: Database, session: Session, owner: User, row: Authorisation
) -> None:
    asker, names = row.address, split(row.names)
    rule = rules(db, [owner], row.key, service.config.presence)[owner.id]

    def build(db: Database, session: Session) -> Element:
        wanted = empty_list(names, session.version, VERSIONS[session.version].pa)
        if session.version == "1.3":
            return node(
                "Notification-Request",
                node("NotificationType", _TYPES[rule.scope]),
                wanted,
                node("UserIDList", node("UserID", asker)),
                notifications.lists(*rule.lists) if rule.scope == "list" else None,
                node("DefaultList", True) if rule.scope == "default" else None,
            )
        some = None if names >= ALL else wanted  # no list is all
        return node("PresenceAuth-Request", node("UserID", asker), some)

    service.send(session, Outgoing(("authorise", row.key), build))


def _answer(db: Database, owner_id: int, key: str) -> Authorisation | None:
    return db.scalar(
        select(Authorisation).where(Authorisation.owner_id == owner_id, Authorisation.key == key)
    )


def presence_auth_user(call: Call) -> Element:
    """PresenceAuth-User: the owner's answer; clients of 1.3 are seen to send it too."""
    asker = required(call.request, "UserID")
    key = addresses.user_key(asker, call.home)
    if call.db.scalar(select(User.id).where(User.key == key)) is None:
        raise Refusal(Code.UNKNOWN_USER)
    accepted = flag(call.request, "Acceptance")
    required(call.request, "Acceptance")
    granted = call.request.find("PresenceSubList")
    row = _answer(call.db, call.user.id, key)
    if row is None:
        row = Authorisation(
            owner_id=call.user.id, key=key, address=asker, names=" ".join(sorted(ALL))
        )
        call.db.add(row)
    row.state = "GRANTED" if accepted else "DENIED"
    if granted is not None and len(granted):
        row.names = " ".join(sorted(named(granted)))
    call.db.flush()
    call.service.access_changed(call.db, call.user)
    return call.done()


def cancel_auth(call: Call) -> Element:
    """CancelAuth-Request: the user has to ask again."""
    key = addresses.user_key(required(call.request, "UserID"), call.home)
    row = _answer(call.db, call.user.id, key)
    if row is None:
        raise Refusal(Code.UNKNOWN_USER)
    call.db.delete(row)
    call.db.flush()
    call.service.access_changed(call.db, call.user)
    return call.done()


def get_reactive_auth_status(call: Call) -> Element:
    """GetReactiveAuthStatus-Request: of the users named, or of all."""
    keys = {addresses.user_key(each, call.home) for each in texts(call.request, "UserID")}
    rows = call.db.scalars(select(Authorisation).where(Authorisation.owner_id == call.user.id))
    namespace = VERSIONS[call.version].pa
    return node(
        "GetReactiveAuthStatus-Response",
        node(
            "ReactiveAuthStatusList",
            *(
                node(
                    "ReactiveAuthStatus",
                    node("UserID", row.address),
                    node("ReactiveAuthState", row.state),
                    empty_list(split(row.names), call.version, namespace),
                )
                for row in rows
                if not keys or row.key in keys
            ),
        ),
    )


HANDLERS = {
    "PresenceAuth-User": Handler(presence_auth_user, "REACT"),
    "CancelAuth-Request": Handler(cancel_auth, "CAAUT"),
    "GetReactiveAuthStatus-Request": Handler(get_reactive_auth_status, "GETAUT"),
}
