"""Messages: sending, fetching, rejecting, forwarding.

A message is stored for each recipient until a client of the recipient has it.
spec: transactions.md section 10
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from sqlalchemy import select

from . import addresses, blocking, delivery, group_messages, handling
from .call import Call, Handler
from .delivery import INFO, content_of, message_info, message_of, of_version
from .elements import child, flag, freeze, node, number, required, sound, text, texts, thaw
from .presence import list_names, own_list
from .results import Code, Outcome, Refusal
from .sessions import client_key
from .store import Contact, Delivery, Message, Said, User, count, find_user
from .times import date_time


@dataclass
class _Recipient:
    user: User
    address: str
    client: Element | None = None


def send_message(call: Call) -> Element:
    """SendMessage-Request."""
    told = child(call.request, "MessageInfo")
    _check_sender(call, told)
    outcome = Outcome()
    wanted = child(told, "Recipient")
    targets = group_messages.targets(call, wanted, outcome)
    recipients = _recipients(call, wanted, outcome)
    content = call.request.find("ContentData")
    message = _new_message(call, told, content)
    message.report = flag(call.request, "DeliveryReport")
    done = _deliver(call, message, recipients, targets, outcome)
    answer = outcome.result(done, call.version)
    return node("SendMessage-Response", answer, node("MessageID", message.message_id))


def _check_sender(call: Call, told: Element) -> None:
    spelled = text(told, "Sender/User/UserID")
    if spelled and addresses.parse(spelled, call.home).key != call.session.key:
        raise Refusal(Code.WRONG_SENDER)
    client = told.find("Sender/User/ClientID")
    if client is not None and client_key(client) not in ("", call.session.client_key):
        raise Refusal(Code.WRONG_SENDER_CLIENT)
    group = told.find("Sender/Group")
    if group is not None and not group_messages.is_sender(call, group):
        raise Refusal(Code.WRONG_SENDER)


def _recipients(call: Call, told: Element, outcome: Outcome) -> list[_Recipient]:
    wanted: dict[tuple[str, str], tuple[str, Element | None]] = {}
    for each in told.findall("User"):
        spelled, client = required(each, "UserID"), each.find("ClientID")
        address = addresses.parse(spelled, call.home)
        if address.domain.lower() != call.home.lower():
            outcome.fail(Code.DOMAIN_NOT_SERVED, "UserID", spelled)
        else:
            wanted[address.key, client_key(client)] = (spelled, client)
    for spelled in list_names(told):
        row = own_list(call, spelled)
        if row is None:
            outcome.fail(Code.NO_SUCH_LIST, "ContactList", spelled)
            continue
        for member in call.db.scalars(select(Contact).where(Contact.list_id == row.id)):
            wanted.setdefault((member.key, ""), (member.address, None))
    if not wanted and not outcome.details and told.find("Group") is None:
        raise Refusal(Code.BAD_REQUEST, "Recipient is empty")
    found = []
    for (key, _), (spelled, client) in wanted.items():
        user = find_user(call.db, key)
        if user is None:
            outcome.fail(Code.UNKNOWN_USER, "UserID", spelled)
        else:
            found.append(_Recipient(user, spelled, client))
    return found


def _new_message(call: Call, told: Element, content: Element | None) -> Message:
    """The message with what the service knows better: sender, identity, date and size."""
    data = "" if content is None else content.text or ""
    encoding = text(told, "ContentEncoding")
    size = _size(data, encoding) if content is not None else number(told, "ContentSize") or 0
    info = Element("MessageInfo")
    identity = secrets.token_hex(6)
    sender = node("User", node("UserID", call.session.address))
    if told.find("Sender/User/ClientID") is not None:
        sender.append(call.session.client)
    validity = number(told, "Validity")
    settled = {
        "MessageID": node("MessageID", identity),
        "ContentType": node("ContentType", text(told, "ContentType", "text/plain")),
        "ContentSize": node("ContentSize", size),
        "Sender": node("Sender", sender),
        "DateTime": node("DateTime", date_time(call.now)),
    }
    for tag in INFO:
        as_told = told.findall(tag)[: None if tag == "ExtBlockETEM" else 1]
        info.extend([settled[tag]] if tag in settled else [sound(each) for each in as_told])
    life = call.limits.validity if validity is None else validity
    return Message(
        message_id=identity,
        sender_id=call.user.id,
        info=freeze(info),
        content=data,
        has_content=content is not None,
        size=size,
        report=False,
        expires=call.now + life,
    )


def _size(data: str, encoding: str) -> int:
    if encoding.upper() != "BASE64":
        return len(data.encode())
    try:
        return len(base64.b64decode(data, validate=False))
    except ValueError:  # also where it is not ASCII
        raise Refusal(Code.BAD_PARAMETER, "ContentData is not BASE64") from None


def _deliver(
    call: Call,
    message: Message,
    recipients: list[_Recipient],
    targets: list[group_messages.Target],
    outcome: Outcome,
) -> int:
    """Store the message for each recipient and queue it in the sessions; how many took it."""
    call.db.add(message)
    call.db.flush()
    ids = {recipient.user.id for recipient in recipients}
    blocking_us = blocking.refused(call.db, ids, call.session.key)
    done = 0
    for recipient in recipients:
        user = recipient.user
        stored = count(call.db, Delivery.user_id == user.id)
        sessions = call.service.sessions.of(user.key)
        code = None
        if user.id in blocking_us:
            code = Code.BLOCKED_BY_RECIPIENT
        elif stored >= call.limits.messages:
            code = Code.MESSAGE_STORE_FULL
        elif not sessions and (message.expires <= call.now or user.offline in handling.REFUSED):
            code = Code.RECIPIENT_NOT_LOGGED_IN
        if code is not None:
            outcome.fail(code, "UserID", recipient.address)
            continue
        client = client_key(recipient.client) or None
        row = Delivery(
            message_row=message.id, user_id=user.id, address=recipient.address, client=client
        )
        call.db.add(row)
        call.db.flush()
        done += 1
        for session in handling.chosen(sessions) if client is None else sessions:
            delivery.offer(call.service, session, row)
    done += group_messages.deliver(call, message, targets, outcome)
    delivery.drop_unawaited(call.db, message.id)
    return done


def _stored(call: Call, message_id: str) -> Delivery:
    row = delivery.stored(call.db, call.user.id, message_id)
    if row is None:
        raise Refusal(Code.BAD_MESSAGE_ID)
    return row


def set_delivery_method(call: Call) -> Element:
    """SetDeliveryMethod-Request, for this session, or for one group that it is in."""
    method = required(call.request, "DeliveryMethod").upper()
    if method not in ("P", "N"):
        raise Refusal(Code.BAD_PARAMETER, "DeliveryMethod is neither P nor N")
    length = number(call.request, "AcceptedContentLength")
    if text(call.request, "GroupID"):
        limit = number(call.request, "GroupContentLimit")
        group_messages.set_delivery(call, method == "P", length if limit is None else limit)
        return call.done()
    call.session.capabilities.delivery = method
    if length is not None:
        call.session.capabilities.push = length
        call.session.capabilities.text = None  # settled for all types now
    return call.done()


def get_message_list(call: Call) -> Element:
    """GetMessageList-Request: what is stored, oldest first; or the newest of a group."""
    most = number(call.request, "MessageCount")
    if text(call.request, "GroupID"):
        rows = group_messages.history(call)
        infos = rows if most is None else rows[max(0, len(rows) - most) :]
    else:
        rows = [
            message_info(message_of(call.db, row), row, call.version)
            for row in call.db.scalars(
                select(Delivery).where(Delivery.user_id == call.user.id).order_by(Delivery.id)
            )
        ]
        infos = rows[:most]
    if call.version != "1.3":
        return node("GetMessageList-Response", *infos)
    return node(
        "GetMessageList-Response",
        node("MessageInfoList", *infos),
        node("MessageTotalCount", len(rows)),
    )


def get_message(call: Call) -> Element:
    """GetMessage-Request; the message stays until MessageDelivered, one of a history anyway."""
    identity = required(call.request, "MessageID")
    said = group_messages.said(call, identity)
    message: Message | Said
    if said is not None:
        message, info = said, of_version(thaw(said.info), call.version)
    else:
        row = _stored(call, identity)
        message = message_of(call.db, row)
        info = message_info(message, row, call.version)
    limit = call.session.capabilities.pull
    if limit is not None and message.size > limit:
        raise Refusal(Code.ANSWER_TOO_LARGE)
    return node("GetMessage-Response", info, *content_of(message))


def message_delivered(call: Call) -> Element:
    """MessageDelivered as a request of its own, after GetMessage."""
    identity = required(call.request, "MessageID")
    row = delivery.stored(call.db, call.user.id, identity)
    if row is not None:
        delivery.close(call.service, call.db, row, Code.OK)
    elif group_messages.said(call, identity) is None:
        raise Refusal(Code.BAD_MESSAGE_ID)
    return call.done()


def reject_message(call: Call) -> Element:
    """RejectMessage-Request: the senders who asked hear of it."""
    outcome, done = Outcome(), 0
    wanted = texts(call.request, "MessageID")
    if not wanted:
        raise Refusal(Code.BAD_REQUEST, "MessageID is missing")
    for message_id in wanted:
        try:
            row = _stored(call, message_id)
        except Refusal:
            outcome.fail(Code.BAD_MESSAGE_ID, "MessageID", message_id)
        else:
            delivery.close(call.service, call.db, row, Code.MESSAGE_REJECTED)
            done += 1
    return call.done(outcome, done)


def forward_message(call: Call) -> Element:
    """ForwardMessage-Request: the message goes on under a new identity."""
    row = _stored(call, required(call.request, "MessageID"))
    outcome = Outcome()
    _check_sender(call, call.request)
    wanted = child(call.request, "Recipient")
    targets = group_messages.targets(call, wanted, outcome)
    recipients = _recipients(call, wanted, outcome)
    old = message_of(call.db, row)
    content = node("ContentData", old.content) if old.has_content else None
    info = thaw(old.info)
    info.remove(child(info, "Recipient"))
    info.remove(child(info, "Sender"))
    message = _new_message(call, info, content)
    done = _deliver(call, message, recipients, targets, outcome)
    answer = call.done(outcome, done)
    delivery.close(call.service, call.db, row, Code.MESSAGE_FORWARDED)
    if call.version != "1.3" or outcome.details:
        return answer
    return node("ForwardMessage-Response", node("MessageID", message.message_id))


HANDLERS = {
    "SendMessage-Request": Handler(send_message),
    "SetDeliveryMethod-Request": Handler(set_delivery_method, "SETD"),
    "GetMessageList-Request": Handler(get_message_list, "GETLM"),
    "GetMessage-Request": Handler(get_message, "GETM"),
    "MessageDelivered": Handler(message_delivered),
    "RejectMessage-Request": Handler(reject_message, "REJCM"),
    "ForwardMessage-Request": Handler(forward_message, "FWMSG"),
}
