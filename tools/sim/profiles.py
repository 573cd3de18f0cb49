"""Public profiles. spec: transactions.md section 15.4, content-models.md section 7"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from . import addresses, notifications
from .call import Call, Handler
from .elements import child, flag, is_decimal, node, property_of, text, texts
from .results import Code, Outcome, Refusal
from .store import PUBLIC, User, UserProperty, find_user, many


def get_public_profile(call: Call) -> Element:
    """GetPublicProfile-Request: one PublicProfile for every user, maybe an empty one."""
    outcome, found = Outcome(), []
    for spelled in texts(call.request, "UserID"):
        user = find_user(call.db, addresses.user_key(spelled, call.home))
        if user is None:
            outcome.fail(Code.UNKNOWN_USER, "UserID", spelled)
            continue
        rows = call.db.scalars(
            select(UserProperty)
            .where(UserProperty.owner_id == user.id, UserProperty.name.in_(PUBLIC))
            .order_by(UserProperty.name)
        )
        properties = (property_of(row.name, row.value) for row in rows)
        found.append(node("PublicProfile", node("UserID", spelled), *properties))
    if not found and not outcome.details:
        raise Refusal(Code.BAD_REQUEST, "UserID is missing")
    return node("GetPublicProfile-Response", outcome.result(len(found), call.version), *found)


def update_public_profile(call: Call) -> Element:
    """UpdatePublicProfile-Request: T clears all before; an empty value clears one."""
    old = delete(UserProperty).where(UserProperty.owner_id == call.user.id)
    if flag(call.request, "ClearPublicProfile"):
        call.db.execute(old.where(UserProperty.name.in_(PUBLIC)))
    if call.request.find("PublicProfile") is not None:
        told = child(call.request, "PublicProfile")
        owner = text(told, "UserID")
        if owner and addresses.user_key(owner, call.home) != call.session.key:
            raise Refusal(Code.FORBIDDEN, "the profile of somebody else")
        for each in told.findall("Property"):
            name, value = text(each, "Name").upper(), text(each, "Value")
            if name not in PUBLIC or name == "PP_AGE" and value and not is_decimal(value, 3):
                raise Refusal(Code.BAD_USER_PROPERTY, f"{name[:40]} {value[:40]!r}")
            call.db.execute(old.where(UserProperty.name == name))
            if value:
                call.db.add(UserProperty(owner_id=call.user.id, name=name, value=value))
    mine = call.session.key
    about = node("UserList", node("User", node("UserID", call.session.address)))
    for key in {mine, *(each.key for each in call.service.sessions.watchers(mine))}:
        notifications.tell(call.service, key, "PPU", about, besides=call.session)
    return call.done()


def friendly_names(db: Database, users: list[str]) -> dict[str, str]:
    """The friendly names of those users who have one, by address."""
    names: dict[str, str] = {}
    for some in many(users):
        rows = db.execute(
            select(User.address, UserProperty.value)
            .join(UserProperty)
            .where(UserProperty.name == "PP_FRIENDLY_NAME", User.address.in_(some))
        )
        names.update({row.address: row.value for row in rows})
    return names


HANDLERS = {
    "GetPublicProfile-Request": Handler(get_public_profile),
    "UpdatePublicProfile-Request": Handler(update_public_profile),
}
