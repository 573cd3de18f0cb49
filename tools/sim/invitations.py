"""Invitations between users: kept until answered, withdrawn or too old.

spec: transactions.md section 6
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session as Database

from . import addresses, blocking, groups, notifications
from .attributes import empty_list, named
from .call import Call, Handler
from .elements import child, flag, freeze, node, number, required, sound, text, texts, thaw
from .envelope import VERSIONS
from .presence import list_names, own_list
from .results import Code, Outcome, Refusal
from .sessions import Outgoing, Session
from .store import Contact, Invitation, User, count, find_user

if TYPE_CHECKING:
    from .service import Service

_TYPES = ("GR", "IM", "PR", "SC")
_TYPES_13 = (*_TYPES, "GM", "AP", "EC", "EG")
# what a type needs, and the code of the answer without it
_NEEDED = {
    "GR": ("GroupID", Code.BAD_GROUP_ID),
    "EC": ("GroupID", Code.BAD_GROUP_ID),
    "AP": ("ApplicationID", Code.BAD_APPLICATION_ID),
    "PR": ("PresenceSubList", Code.BAD_REQUEST),
    "SC": ("URLList", Code.BAD_REQUEST),
}
# states: what the service has to tell next, and to whom
_OPEN, _TOLD, _CANCELLED, _ANSWERED = "open", "told", "cancelled", "answered"
# children in the order of 1.3; earlier versions have those without a mark
_REQUEST = (
    "InviteID InviteType Sender Recipient:1.3 ApplicationID:1.3 GroupID PresenceSubList URLList "
    "InviteNote ScreenName:1.3 Validity"
)
_CANCEL = (
    "InviteID Sender Recipient:1.3 InviteNote ApplicationID:1.3 GroupID:1.3 PresenceSubList:1.3 "
    "URLList ScreenName:1.3"
)
_RESPONSE = "InviteID Acceptance Sender Recipient:1.3 ResponseNote ScreenName:1.3"
_PARTIES = ("Sender", "Recipient")
_KEPT = sorted(
    {each.partition(":")[0] for each in f"{_REQUEST} {_CANCEL} {_RESPONSE}".split()}.difference(
        _PARTIES
    )
)


def invite(call: Call) -> Element:
    """Invite-Request: every invited user gets an InviteUser-Request."""
    request = call.request
    identity, kind = required(request, "InviteID"), required(request, "InviteType").upper()
    _check_sender(call)
    if kind not in (_TYPES_13 if call.version == "1.3" else _TYPES):
        raise Refusal(Code.BAD_PARAMETER, f"InviteType {kind[:40]}")
    needed, code = _NEEDED.get(kind, ("InviteID", Code.BAD_REQUEST))
    if request.find(needed) is None:
        raise Refusal(code, f"{needed} is missing")
    if request.find("PresenceSubList") is not None:
        named(child(request, "PresenceSubList"))
    mine = select(Invitation.id).where(
        Invitation.inviter_id == call.user.id, Invitation.invite_id == identity
    )
    if call.db.scalar(mine.limit(1)):
        raise Refusal(Code.BAD_INVITATION_ID, "this InviteID is in use")
    outcome = Outcome()
    invited = _invited(call, child(request, "Recipient"), outcome)
    held = count(call.db, Invitation.inviter_id == call.user.id)
    if held + len(invited) > call.limits.messages:
        raise Refusal(Code.MESSAGE_STORE_FULL)
    validity = number(request, "Validity")
    life = call.limits.validity if validity is None else validity
    for user in invited:
        open_one(call, request, user, call.now + life)
    return call.done(outcome, len(invited))


def open_one(call: Call, told: Element, user: User, expires: float) -> None:
    """Keep an invitation of this user for another, and offer it. told: its Invite-Request."""
    row = Invitation(
        invite_id=required(told, "InviteID"),
        inviter_id=call.user.id,
        invited_id=user.id,
        state=_OPEN,
        frozen=freeze(_whole(call, told, call.session.address, user.address)),
        expires=expires,
    )
    call.db.add(row)
    call.db.flush()
    _offer(call.service, user, row)


def _check_sender(call: Call) -> None:
    spelled = text(call.request, "Sender/User/UserID")
    if spelled and addresses.parse(spelled, call.home).key != call.session.key:
        raise Refusal(Code.WRONG_SENDER)


def _person(tag: str, address: str) -> Element:
    return node(tag, node("User", node("UserID", address)))


def _whole(call: Call, told: Element, sender: str, recipient: str) -> Element:
    """What to tell, with sender and recipient as the service knows them."""
    kept = (sound(each) for each in map(told.find, _KEPT) if each is not None)
    return node(told.tag, *kept, _person("Sender", sender), _person("Recipient", recipient))


def _named(call: Call, told: Element, outcome: Outcome) -> dict[str, str]:
    """Whom a Recipient names, by themselves, in contact lists or in groups: key -> address."""
    wanted: dict[str, str] = {}
    for spelled in texts(told, "User/UserID"):
        address = addresses.parse(spelled, call.home)
        if address.domain.lower() != call.home.lower():
            outcome.fail(Code.DOMAIN_NOT_SERVED, "UserID", spelled)
        else:
            wanted[address.key] = spelled
    for spelled in list_names(told):
        listed = own_list(call, spelled)
        if listed is None:
            outcome.fail(Code.NO_SUCH_LIST, "ContactList", spelled)
            continue
        for row in call.db.scalars(select(Contact).where(Contact.list_id == listed.id)):
            wanted.setdefault(row.key, row.address)
    for each in told.findall("Group"):
        spelled = text(each, "GroupID") or required(each, "ScreenName/GroupID")
        group = groups.find(call, spelled)
        if group is None:
            outcome.fail(Code.NO_SUCH_GROUP, "GroupID", spelled)
            continue
        name = text(each, "ScreenName/SName").lower()
        for seat in call.service.rooms.seats(group.key):
            if seat.session.key != call.session.key and name in ("", seat.name.lower()):
                wanted.setdefault(seat.session.key, seat.session.address)
    return wanted


def _invited(call: Call, told: Element, outcome: Outcome) -> list[User]:
    """The users that a Recipient names and who can be invited."""
    wanted = _named(call, told, outcome)
    if not wanted and not outcome.details:
        raise Refusal(Code.BAD_REQUEST, "Recipient is empty")
    found = {key: find_user(call.db, key) for key in wanted}
    ids = [user.id for user in found.values() if user is not None]
    closed = blocking.refused(call.db, ids, call.session.key)
    for key, user in found.items():
        if user is None:
            outcome.fail(Code.UNKNOWN_USER, "UserID", wanted[key])
        elif user.id in closed:
            outcome.fail(Code.BLOCKED_BY_RECIPIENT, "UserID", wanted[key])
    return [user for user in found.values() if user is not None and user.id not in closed]


def answer(call: Call) -> Element:
    """InviteUser-Response: the inviter gets an Invite-Response."""
    identity, accepted = required(call.request, "InviteID"), required(call.request, "Acceptance")
    flag(call.request, "Acceptance")
    _check_sender(call)
    rows = call.db.scalars(
        select(Invitation)
        .where(Invitation.invite_id == identity, Invitation.invited_id == call.user.id)
        .where(Invitation.state.in_((_OPEN, _TOLD)))
        .order_by(Invitation.id.desc())
    ).all()
    to = text(call.request, "Recipient/User/UserID")
    wanted = addresses.user_key(to, call.home) if to else ""
    for row in rows:  # two inviters may have chosen the same InviteID
        inviter = call.db.get_one(User, row.inviter_id)
        if wanted in ("", inviter.key):
            break
    else:
        raise Refusal(Code.BAD_INVITATION_ID)
    invitation = thaw(row.frozen)
    if text(invitation, "InviteType").upper() == "GM" and flag(call.request, "Acceptance"):
        groups.take_member(call, text(invitation, "GroupID"), inviter)
    child(call.request, "Acceptance").text = accepted.upper()
    told = _whole(call, call.request, call.session.address, inviter.address)
    row.state, row.frozen = _ANSWERED, freeze(told)
    call.db.flush()
    _offer(call.service, inviter, row)
    _notify(call, "IA" if flag(told, "Acceptance") else "IR", identity, inviter)
    return call.done()


def cancel(call: Call) -> Element:
    """CancelInvite-Request: who was told of the invitation is told of its end."""
    identity = required(call.request, "InviteID")
    _check_sender(call)
    rows = call.db.scalars(
        select(Invitation)
        .where(Invitation.invite_id == identity, Invitation.inviter_id == call.user.id)
        .where(Invitation.state.in_((_OPEN, _TOLD)))
    ).all()
    told = call.request.find("Recipient")
    if told is not None and len(told):
        chosen = {user.id for user in _invited(call, told, Outcome())}
        rows = [row for row in rows if row.invited_id in chosen]
    if not rows:
        raise Refusal(Code.BAD_INVITATION_ID)
    for row in rows:
        invited = call.db.get_one(User, row.invited_id)
        if row.state == _OPEN:
            call.db.delete(row)
            continue
        whole = _whole(call, call.request, call.session.address, invited.address)
        row.state, row.frozen = _CANCELLED, freeze(whole)
        call.db.flush()
        _offer(call.service, invited, row)
        _notify(call, "IC", identity, invited)
    call.db.flush()
    return call.done()


def _notify(call: Call, kind: str, identity: str, other: User) -> None:
    """Tell the other clients of both users that subscribed to it."""
    for key in {call.session.key, other.key}:
        about = node("InviteID", identity)
        notifications.tell(call.service, key, kind, about, besides=call.session)


# To the clients

_PRIMITIVES = {
    _OPEN: ("InviteUser-Request", _REQUEST),
    _CANCELLED: ("CancelInviteUser-Request", _CANCEL),
    _ANSWERED: ("Invite-Response", _RESPONSE),
}


def _offer(service: Service, user: User, row: Invitation) -> None:
    """Queue what is to be told in every session of a user; the first that has it ends that."""
    identity, state = row.id, row.state

    def build(db: Database, session: Session) -> Element | None:
        row = db.get(Invitation, identity)
        if row is None or row.state != state:
            return None
        primitive = _present(thaw(row.frozen), state, session.version)
        return primitive if primitive is not None and service.fits(session, primitive) else None

    def answered(db: Database, sent: Element, answer: Element) -> None:
        row = db.get(Invitation, identity)
        if row is not None and row.state == state == _OPEN:
            row.state = _TOLD
        elif row is not None and row.state == state:
            db.delete(row)

    for session in service.sessions.of(user.key):
        service.send(session, Outgoing(("invitation", identity, state), build, answered))


def _present(whole: Element, state: str, version: str) -> Element | None:
    """The primitive in a version; None where that has no such type of invitation."""
    name, parts = _PRIMITIVES[state]
    kind = text(whole, "InviteType", "IM").upper()
    if version != "1.3" and kind not in _TYPES:
        return None
    found = node(name)
    for part in parts.split():
        tag, _, since = part.partition(":")
        if version < (since or "1.1"):
            continue
        for each in whole.findall(tag):
            if tag == "PresenceSubList":
                each = empty_list(named(each), version, VERSIONS[version].pa)
            found.append(each)
    return found


def offer_stored(service: Service, db: Database, session: Session) -> None:
    """Queue what waited for the user, who has just logged in."""
    user = db.get_one(User, session.user_id)
    for row in db.scalars(
        select(Invitation).where(
            or_(
                (Invitation.invited_id == user.id) & Invitation.state.in_((_OPEN, _CANCELLED)),
                (Invitation.inviter_id == user.id) & (Invitation.state == _ANSWERED),
            )
        )
    ):
        _offer(service, user, row)


def expire(db: Database, now: float) -> None:
    """Forget invitations that are too old, and what became of them."""
    db.execute(delete(Invitation).where(Invitation.expires <= now))


HANDLERS = {
    "Invite-Request": Handler(invite, "INVIT"),
    "InviteUser-Response": Handler(answer, "INVIT"),
    "CancelInvite-Request": Handler(cancel, "CAINV"),
}
