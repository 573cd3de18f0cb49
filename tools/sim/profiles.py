"""Public profiles. spec: transactions.md section 15.4, content-models.md section 7"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sqlalchemy import delete, select

from . import addresses, notifications
from .call import Call, Handler
from .elements import child, flag, node, text, texts
from .results import Code, Outcome, Refusal
from .store import PUBLIC, User, UserProperty


def get_public_profile(call: Call) -> Element:
    """GetPublicProfile-Request: one PublicProfile for every user, maybe an empty one."""
    outcome, found = Outcome(), []
    for spelled in texts(call.request, "UserID"):
        key = addresses.user_key(spelled, call.home)
        user = call.db.scalar(select(User).where(User.key == key))
        if user is None:
            outcome.fail(Code.UNKNOWN_USER, "UserID", spelled)
            continue
        rows = call.db.scalars(
            select(UserProperty)
            .where(UserProperty.owner_id == user.id, UserProperty.name.in_(PUBLIC))
            .order_by(UserProperty.name)
        )
        properties = (
            node("Property", node("Name", row.name), node("Value", row.value)) for row in rows
        )
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
            if name not in PUBLIC or name == "PP_AGE" and value and not _is_age(value):
                raise Refusal(Code.BAD_USER_PROPERTY, f"{name[:40]} {value[:40]!r}")
            call.db.execute(old.where(UserProperty.name == name))
            if value:
                call.db.add(UserProperty(owner_id=call.user.id, name=name, value=value))
    mine = call.session.key
    about = node("UserList", node("User", node("UserID", call.session.address)))
    for key in {mine, *(each.key for each in call.service.sessions.watchers(mine))}:
        notifications.tell(call.service, key, "PPU", about, besides=call.session)
    return call.done()


def _is_age(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 4


HANDLERS = {
    "GetPublicProfile-Request": Handler(get_public_profile),
    "UpdatePublicProfile-Request": Handler(update_public_profile),
}
