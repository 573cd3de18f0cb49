"""Presence: publishing, asking, subscribing, notifying. spec: transactions.md section 9,
presence.md section 6
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from . import addresses, authorisation
from .attributes import (
    EXTENSIONS,
    OF_CLIENT,
    read_names,
    read_values,
)
from .call import Call, Handler
from .elements import child, flag, freeze, node, number, texts
from .profiles import friendly_names
from .results import Code, Outcome, Refusal, status
from .sessions import Session
from .store import Contact, ContactList, PresenceValue, User, count
from .view import View

if TYPE_CHECKING:
    from .service import Service
_MOST_EXTENSIONS = 100  # attributes of a user that are not of CSP


def update_presence(call: Call) -> Element:
    """UpdatePresence-Request: only the attributes named change."""
    values = read_values(child(call.request, "PresenceSubList"))
    for name, value in values.items():
        if name in OF_CLIENT:
            call.session.published[name] = value
        else:
            call.db.merge(PresenceValue(owner_id=call.user.id, name=name, frozen=freeze(value)))
    call.db.flush()
    changed = frozenset(EXTENSIONS if name[:1] == EXTENSIONS else name for name in values)
    if EXTENSIONS in changed:
        extension = PresenceValue.name.startswith(EXTENSIONS)
        held = count(call.db, PresenceValue.owner_id == call.user.id, extension)
        if held > _MOST_EXTENSIONS:
            raise Refusal(Code.BAD_PRESENCE_VALUE, "too many extensions")
    call.service.presence_changed(call.session.key, changed)
    return call.done()


def _targets(call: Call, outcome: Outcome) -> list[tuple[str, str, str]]:
    """(key, address as spelled, source) of every user that a request is about.

    source is empty for a user named directly, or the key of the list that holds the user.
    """
    request, found = call.request, []
    direct = (
        texts(request, "User/UserID")
        + texts(request, "UserIDList/UserID")
        + texts(request, "UserID")
    )
    for spelled in direct:
        address = addresses.parse(spelled, call.home)
        if address.domain.lower() != call.home.lower():
            outcome.fail(Code.DOMAIN_NOT_SERVED, "UserID", spelled)
        else:
            found.append((address.key, spelled, ""))
    for spelled in list_names(request):
        row = own_list(call, spelled)
        if row is None:
            outcome.fail(Code.NO_SUCH_LIST, "ContactList", spelled)
            continue
        members = select(Contact.key, Contact.address).where(Contact.list_id == row.id)
        found.extend((key, address, row.key) for key, address in call.db.execute(members))
    return found


def list_names(request: Element) -> list[str]:
    """The contact lists that a request names, in either wrapper."""
    return texts(request, "ContactList") + texts(request, "ContactListIDList/ContactList")


def own_list(call: Call, spelled: str) -> ContactList | None:
    """The contact list with this address, if it belongs to the user."""
    key = addresses.parse(spelled, call.home).key
    return call.db.scalar(
        select(ContactList).where(ContactList.key == key, ContactList.owner_id == call.user.id)
    )


def get_presence(call: Call) -> Element:
    """GetPresence-Request: a Presence for every user, with the address just as it was given."""
    outcome = Outcome()
    names = read_names(call.request.find("PresenceSubList"))
    targets = _targets(call, outcome)
    view = View(
        call.service, call.db, call.session.key, call.version, (key for key, *_ in targets)
    )
    found = []
    for key, spelled, _ in targets:
        if key not in view.users:
            outcome.fail(Code.UNKNOWN_USER, "UserID", spelled)
            continue
        call.service.watch_log.accessed(key, call.session, call.now)
        rule = view.rule(key)
        if rule.ask and not names <= rule.names:
            authorisation.ask(call, view.users[key], names)
            outcome.fail(Code.UNANSWERED_BY_OWNER, "UserID", spelled)
        else:
            found.append(node("Presence", node("UserID", spelled), view.snapshot(key, names)))
    if outcome.details and not found:  # no Refusal, which would undo the question to the owner
        return status(outcome.code(0), call.version, details=outcome.details)
    return node("GetPresence-Response", outcome.result(len(found), call.version), *found)


def subscribe_presence(call: Call) -> Element:
    """SubscribePresence-Request: the values of now follow in a notification.

    AutoSubscribe covers those who come to the list later.
    """
    outcome = Outcome()
    names = read_names(call.request.find("PresenceSubList"))
    auto = flag(call.request, "AutoSubscribe")
    targets = _targets(call, outcome)
    for spelled in list_names(call.request) if auto else ():
        row = own_list(call, spelled)
        if row is not None:
            call.session.auto_lists[row.key] = names
    return call.done(outcome, watch(call, call.session, targets, names, outcome))


def watch(
    call: Call,
    session: Session,
    targets: list[tuple[str, str, str]],
    names: frozenset[str],
    outcome: Outcome,
) -> int:
    """Subscribe a session of the user to users that exist; how many that was."""
    view = View(call.service, call.db, session.key, session.version, (key for key, *_ in targets))
    done = 0
    for key, spelled, source in targets:
        if key not in view.users:
            outcome.fail(Code.UNKNOWN_USER, "UserID", spelled)
            continue
        rule = view.rule(key)
        if rule.ask and not names <= rule.names:
            authorisation.ask(call, view.users[key], names)
        call.service.sessions.watch(session, key, spelled, names, source)
        call.service.change(session, key, rule.names)
        call.service.watch_log.accessed(key, session, call.now)
        done += 1
    return done


def access_changed(service: Service, db: Database, owner: User) -> None:
    """Tell the watchers of a user what they see now and did not, or the reverse."""
    for session in service.sessions.watchers(owner.key):
        view = View(service, db, session.key, session.version, [owner.key])
        watch = session.watching[owner.key]
        allowed = view.rule(owner.key).names
        differing = {
            name
            for name in allowed ^ watch.shown
            if name in watch.shown or view.instances(owner.key, name)
        }
        service.change(session, owner.key, frozenset(differing))


def unsubscribe_presence(call: Call) -> Element:
    """UnsubscribePresence-Request; a user not subscribed to is done already."""
    outcome = Outcome()
    targets = _targets(call, outcome)
    for spelled in list_names(call.request):
        call.session.auto_lists.pop(addresses.parse(spelled, call.home).key, None)
    for key, _, source in targets:
        # Unsubscribing a user also ends what came from a list that holds the user.
        call.service.sessions.unwatch(call.session, key, source or None)
    return call.done(outcome, len(targets))


def notification(service: Service, db: Database, session: Session) -> Element | None:
    """PresenceNotification-Request with as many of the changes as the client can parse.

    The values are those of now, however often they changed since the last notification.
    """
    while session.changes:
        some = dict(list(session.changes.items())[: service.config.limits.presences])
        view = View(service, db, session.key, session.version, some)
        while some:
            request, sent = _notify(view, session, some), len(some)
            if not len(request):
                break
            if service.fits(session, request):
                _forget(session, some)
                return request
            if sent == 1:
                break  # larger than anything the client takes
            some = dict(list(some.items())[: sent // 2])
        _forget(session, some)
    return None


def _forget(session: Session, sent: Iterable[str]) -> None:
    for key in sent:
        del session.changes[key]


def _notify(view: View, session: Session, some: dict[str, frozenset[str]]) -> Element:
    request = Element("PresenceNotification-Request")
    for key, names in some.items():
        watch = session.watching[key]
        news = view.news(key, names, watch) if key in view.users else None
        if news is not None:
            request.append(node("Presence", node("UserID", watch.address), news))
    return request


def get_watcher_list(call: Call) -> Element:
    """GetWatcherList-Request: who is subscribed; with HistoryPeriod also who was or has asked.

    The unit of HistoryPeriod is not public; it is taken as seconds.
    """
    period = number(call.request, "HistoryPeriod")
    most = number(call.request, "MaxWatcherList")
    watchers = call.service.watch_log.watchers(call.session.key, period, call.now)
    shown = watchers[:most]
    answer = node("GetWatcherList-Response")
    if call.version == "1.1":
        for address, _ in shown:
            answer.append(node("User", node("UserID", address)))
        return answer
    if period is not None:
        answer.append(node("HistoryPeriod", period))
    is_13 = call.version == "1.3"
    if is_13:
        answer.append(node("WatcherCount", len(watchers)))
    names = friendly_names(call.db, [address for address, _ in shown]) if is_13 else {}
    for address, state in shown:
        user = node("UserID", address)
        name = names.get(address)
        answer.append(
            node(
                "Watcher",
                user if is_13 else node("User", user),
                node("FriendlyName", name) if name else None,
                node("WatcherStatus", state),
            )
        )
    return answer


HANDLERS = {
    "UpdatePresence-Request": Handler(update_presence, "UPDPR"),
    "GetPresence-Request": Handler(get_presence, "GETPR"),
    "SubscribePresence-Request": Handler(subscribe_presence),
    "UnsubscribePresence-Request": Handler(unsubscribe_presence),
    "GetWatcherList-Request": Handler(get_watcher_list, "GETWL"),
}
