"""Contact lists. spec: transactions.md section 8"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from sqlalchemy import delete, insert, select

from . import addresses, attribute_lists, notifications, presence
from .call import Call, Handler
from .elements import flag, node, property_of, required, text, texts
from .results import Code, Outcome, Refusal
from .store import AttributeList, Contact, ContactList, User, count, many

_Member = tuple[str, str, str]  # key, address, nick


def get_list(call: Call) -> Element:
    """GetList-Request. The default list is named in DefaultContactList only."""
    rows = call.db.scalars(
        select(ContactList).where(ContactList.owner_id == call.user.id).order_by(ContactList.id)
    ).all()
    others = [node("ContactList", row.address) for row in rows if not row.is_default]
    default = [node("DefaultContactList", row.address) for row in rows if row.is_default]
    if call.version == "1.3":
        others = [node("ContactListIDList", *others)] if others else []
    return node("GetList-Response", *others, *default)


def create_list(call: Call) -> Element:
    """CreateList-Request, answered by CreateList-Response from 1.3 on, but in PTS without private
    codes by Status in every version (pts.md section 8).
    """
    spelled = required(call.request, "ContactList")
    address = addresses.parse(spelled, call.home)
    if not address.resource:
        raise Refusal(Code.BAD_ADDRESS, "a contact list is wv:user/list@domain")
    if address.owner.key != call.session.key:
        raise Refusal(Code.FORBIDDEN, "the list of somebody else")
    if call.db.scalar(select(ContactList.id).where(ContactList.key == address.key)):
        raise Refusal(Code.LIST_EXISTS)
    held = count(call.db, ContactList.owner_id == call.user.id)
    if held >= call.limits.lists:
        raise Refusal(Code.TOO_MANY_LISTS)
    row = ContactList(
        owner_id=call.user.id,
        key=address.key,
        address=spelled,
        display_name=address.resource,
        is_default=held == 0,
    )
    call.db.add(row)
    call.db.flush()
    _set_properties(call, row, call.request.find("ContactListProperties"))
    outcome = Outcome()
    _add(call, row, _members(call, call.request.find("NickList")), outcome)
    _tell(call, "CLCR", row)
    uncoded = call.session.syntax == "pts" and not call.session.extension
    if outcome.details or call.version != "1.3" or uncoded:
        return call.done(outcome)
    return node("CreateList-Response", node("ContactList", row.address), _properties(row))


def delete_list(call: Call) -> Element:
    """DeleteList-Request; another list becomes the default one."""
    row = _selected(call)
    call.db.execute(
        delete(AttributeList).where(
            AttributeList.owner_id == call.user.id, AttributeList.key == row.key
        )
    )
    members = call.db.scalars(select(Contact.key).where(Contact.list_id == row.id)).all()
    for session in call.service.sessions.of(call.session.key):
        session.auto_lists.pop(row.key, None)
        for key in members:
            call.service.sessions.unwatch(session, key, row.key)
    call.db.delete(row)
    call.db.flush()
    if row.is_default:
        heir = call.db.scalar(
            select(ContactList)
            .where(ContactList.owner_id == call.user.id)
            .order_by(ContactList.id)
            .limit(1)
        )
        if heir is not None:
            heir.is_default = True
    call.service.access_changed(call.db, call.user)
    _tell(call, "CLD", row)
    return call.done()


def list_manage(call: Call) -> Element:
    """ListManage-Request: change a list, read it, or both; 1.1 always gets the list back."""
    row = _selected(call)
    request, outcome = call.request, Outcome()
    properties = request.find("ContactListProperties")
    _set_properties(call, row, properties)
    added = _add(call, row, _members(call, request.find("AddNickList")), outcome)
    removed = texts(request, "RemoveNickList/UserID")
    removed += texts(request, "RemoveNickList/NickName/UserID")
    if removed:
        _remove(call, row, removed)
    if added and flag(request, "AuthorizeAndGrant"):
        attribute_lists.grant(call, ((key, address) for key, address, _ in added))
    if properties is not None or added or removed:
        _tell(call, "CLC", row)
    wanted = flag(request, "ReceiveList", call.version == "1.1")
    result = outcome.result(len(added) + len(removed), call.version)
    if not wanted:
        return node("ListManage-Response", result)
    return node("ListManage-Response", result, _nick_list(call, row), _properties(row))


def _tell(call: Call, kind: str, row: ContactList) -> None:
    """Keep the user's other sessions up to date with the contact lists."""
    listed = notifications.lists(row.address)
    notifications.tell(call.service, call.session.key, kind, listed, besides=call.session)


def _selected(call: Call) -> ContactList:
    row = presence.own_list(call, required(call.request, "ContactList"))
    if row is None:
        raise Refusal(Code.NO_SUCH_LIST)
    return row


def _nick_list(call: Call, row: ContactList) -> Element:
    listed = Element("NickList")
    members = select(Contact.address, Contact.nick).where(Contact.list_id == row.id)
    for address, nick in call.db.execute(members.order_by(Contact.id)):
        parent = listed
        if nick:
            parent = SubElement(listed, "NickName")
            SubElement(parent, "Name").text = nick
        SubElement(parent, "UserID").text = address
    return listed


def _properties(row: ContactList) -> Element:
    pairs = (("DisplayName", row.display_name), ("Default", "T" if row.is_default else "F"))
    return node("ContactListProperties", *(property_of(name, value) for name, value in pairs))


def _set_properties(call: Call, row: ContactList, told: Element | None) -> None:
    for each in () if told is None else told.findall("Property"):
        name, value = text(each, "Name").lower(), text(each, "Value")
        if name == "displayname":
            row.display_name = value
        elif name != "default" or value.upper() not in ("T", "F"):
            raise Refusal(Code.BAD_LIST_PROPERTY, f"{text(each, 'Name')[:40]} {value[:40]!r}")
        elif value.upper() == "T":  # F alone would leave no default list
            for other in call.db.scalars(
                select(ContactList).where(ContactList.owner_id == call.user.id)
            ):
                other.is_default = other is row


def _members(call: Call, told: Element | None) -> list[_Member]:
    """Those named in a NickList or AddNickList; the AOSP client puts a User into NickName."""
    found = {}
    for each in () if told is None else told:
        if each.tag == "NickName":
            spelled, nick = text(each, "UserID") or text(each, "User/UserID"), text(each, "Name")
        else:
            spelled, nick = (each.text or "").strip() or text(each, "UserID"), ""
        if spelled:
            key = addresses.user_key(spelled, call.home)
            found[key] = (key, spelled, nick)
    return list(found.values())


def _add(call: Call, row: ContactList, members: list[_Member], outcome: Outcome) -> list[_Member]:
    """Put users on a list, or change their nicks; who was put there."""
    keys = [key for key, *_ in members]
    known: set[str] = set()
    present: set[str] = set()
    for some in many(keys):
        known.update(call.db.scalars(select(User.key).where(User.key.in_(some))))
        present.update(
            call.db.scalars(
                select(Contact.key).where(Contact.list_id == row.id, Contact.key.in_(some))
            )
        )
    room = call.limits.contacts - count(call.db, Contact.list_id == row.id)
    added: list[_Member] = []
    new: list[dict[str, str | int]] = []
    for member in members:
        key, address, nick = member
        code = _fault(call, key, known, len(new) < room or key in present)
        if code is not None:
            outcome.fail(code, "UserID", address)
            continue
        added.append(member)
        if key not in present:
            new.append({"list_id": row.id, "key": key, "address": address, "nick": nick})
        elif nick:
            call.db.query(Contact).filter_by(list_id=row.id, key=key).update({"nick": nick})
    if new:
        call.db.execute(insert(Contact), new)
        _follow(call, row, added)
        if "/~" in row.key:  # of phone software: addresses-and-types.md section 1.4
            return added
        owner = node("UserList", node("User", node("UserID", call.session.address)))
        for each in new:
            notifications.tell(call.service, str(each["key"]), "ATCL", owner)
    return added


def _fault(call: Call, key: str, known: set[str], room: bool) -> Code | None:
    if not key.endswith("@" + call.home.lower()):
        return Code.DOMAIN_NOT_SERVED
    if key not in known:
        return Code.UNKNOWN_USER
    return None if room else Code.TOO_MANY_CONTACTS


def _follow(call: Call, row: ContactList, added: list[_Member]) -> None:
    """Subscribe the sessions of the owner that asked for it to those who are new."""
    targets = [(key, address, row.key) for key, address, _ in added]
    for session in call.service.sessions.of(call.session.key):
        if row.key in session.auto_lists:
            presence.watch(call, session, targets, session.auto_lists[row.key], Outcome())
    call.service.access_changed(call.db, call.user)


def _remove(call: Call, row: ContactList, spelled: list[str]) -> None:
    keys = [addresses.user_key(each, call.home) for each in spelled]
    for some in many(keys):
        call.db.execute(delete(Contact).where(Contact.list_id == row.id, Contact.key.in_(some)))
    for session in call.service.sessions.of(call.session.key):
        for key in keys:
            call.service.sessions.unwatch(session, key, row.key)
    call.service.access_changed(call.db, call.user)


HANDLERS = {
    "GetList-Request": Handler(get_list, "GCLI"),
    "CreateList-Request": Handler(create_list, "CCLI"),
    "DeleteList-Request": Handler(delete_list, "DCLI"),
    "ListManage-Request": Handler(list_manage, "MCLS"),
}
