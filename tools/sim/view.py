"""What watchers see of users, and who watches whom. spec: presence.md sections 1, 2 and 6"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from . import authorisation
from .attributes import ALL, EXTENSIONS, OF_CLIENT, hidden, in_version, shape
from .elements import node, text, thaw
from .envelope import VERSIONS
from .sessions import Session, Sessions, Watch
from .store import PresenceValue, User, many

if TYPE_CHECKING:
    from .service import Service


class View:
    """What one watcher sees of some users, read from the store at once."""

    def __init__(
        self, service: Service, db: Database, watcher: str, version: str, keys: Iterable[str]
    ) -> None:
        self.version = version
        self._service = service
        self.users: dict[str, User] = {}
        for some in many(list(keys)):
            rows = db.scalars(select(User).where(User.key.in_(some)))
            self.users.update({user.key: user for user in rows})
        policy = service.config.presence
        self._rules = authorisation.rules(db, self.users.values(), watcher, policy)
        self._values: dict[int, dict[str, Element]] = {}
        for ids in many([user.id for user in self.users.values()]):
            found = select(PresenceValue).where(PresenceValue.owner_id.in_(ids))
            for row in db.scalars(found):
                self._values.setdefault(row.owner_id, {})[row.name] = thaw(row.frozen)

    def rule(self, key: str) -> authorisation.Rule:
        """What the watcher may see of a user."""
        return self._rules[self.users[key].id]

    def instances(self, key: str, name: str) -> list[Element]:
        """The values of an attribute: in 1.3 one for each client, before that at most one."""
        if name == "OnlineStatus":
            return self._online(key)
        if name == EXTENSIONS:
            values = self._values.get(self.users[key].id, {})
            return [value for each, value in values.items() if each[:1] == EXTENSIONS]
        if name not in OF_CLIENT:
            value = self._values.get(self.users[key].id, {}).get(name)
            return [] if value is None else [shape(value, self.version)]
        sessions = [each for each in self._ranked(key) if name in each.published]
        if self.version != "1.3":
            sessions = sessions[:1]
        return [shape(each.published[name], self.version, each.client) for each in sessions]

    def _ranked(self, key: str) -> list[Session]:
        sessions = self._service.sessions.of(key)
        return sorted(sessions, key=lambda each: (-each.capabilities.priority, -each.created))

    def _online(self, key: str) -> list[Element]:
        # The service makes this one: T while logged in, unless the client says otherwise.
        online = [each for each in self._ranked(key) if is_online(each)]
        value = node("OnlineStatus", node("Qualifier", True), node("PresenceValue", bool(online)))
        if self.version != "1.3" or not online:
            return [shape(value, self.version)]
        return [shape(value, self.version, each.client) for each in online]

    def snapshot(self, key: str, names: frozenset[str]) -> Element:
        """Answer to GetPresence: attributes named but not to be seen have Qualifier F.

        Alias is always there: a client is known that looks for it.
        """
        allowed = self.rule(key).names
        sub_list = self._sub_list()
        for name in in_version(names, self.version):
            values = self.instances(key, name) if name in allowed else []
            if not values and (names != ALL or name == "Alias"):
                values = self._hidden(key, name)
            sub_list.extend(values)
        return sub_list

    def news(self, key: str, names: frozenset[str], watch: Watch) -> Element | None:
        """The attributes of a notification; Qualifier F takes back what was shown before."""
        allowed = self.rule(key).names
        sub_list = self._sub_list()
        for name in in_version(names, self.version):
            values = self.instances(key, name) if name in allowed else []
            if values:
                watch.shown.add(name)
            elif name in watch.shown:
                watch.shown.discard(name)
                values = self._hidden(key, name)
            sub_list.extend(values)
        return sub_list if len(sub_list) else None

    def _hidden(self, key: str, name: str) -> list[Element]:
        if name != EXTENSIONS:
            return [hidden(name)]
        return [hidden(each.tag, each.get("xmlns")) for each in self.instances(key, name)]

    def _sub_list(self) -> Element:
        return Element("PresenceSubList", {"xmlns": VERSIONS[self.version].pa})


def is_online(session: Session) -> bool:
    """Whether others see this client online."""
    published = session.published.get("OnlineStatus")
    if published is None:
        return True
    value = text(published, "PresenceValue", "T").upper()
    return text(published, "Qualifier", "T").upper() == "T" and value == "T"


class WatchLog:
    """Who watches whom, and who did: one entry for each pair, in memory."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._seen: dict[str, dict[str, tuple[str, float, bool]]] = {}

    def accessed(self, key: str, watcher: Session, now: float) -> None:
        """The watcher read or subscribed to the presence of the user with `key`."""
        if key == watcher.key:
            return
        seen = self._seen.setdefault(key, {})
        subscribed = key in watcher.watching or seen.get(watcher.key, ("", 0, False))[2]
        seen[watcher.key] = (watcher.address, now, subscribed)

    def watchers(self, key: str, period: int | None, now: float) -> list[tuple[str, str]]:
        """(address, WatcherStatus): subscribers first, then those of the last `period` seconds."""
        current = {
            each.key: each.address for each in self._sessions.watchers(key) if each.key != key
        }
        found = [(address, "CURRENT_SUBSCRIBER") for address in current.values()]
        for watcher, (address, at, subscribed) in self._seen.get(key, {}).items():
            if period is not None and watcher not in current and now - at <= period:
                state = "FORMER_SUBSCRIBER" if subscribed else "PRESENCE_ACCESS"
                found.append((address, state))
        return found
