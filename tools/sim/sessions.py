"""Live sessions: what each client agreed, what it watches, and the requests waiting for it.

They are in memory: after a restart of the service every client logs in afresh.
spec: transport.md section 6, transactions.md sections 1.1 and 17
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from sqlalchemy.orm import Session as Database

from .config import Limits
from .results import Code

_MOST_ENDED = 4096
_MOST_SMS = 3156  # octets in 26 parts, with a TransactionID of three digits: pts.md section 7


@dataclass
class Capabilities:
    """What the client told in capability negotiation; the defaults are for one that did not.

    push, pull, text: octets of content, parser: octets of a message; None is no limit.
    """

    delivery: str = "P"
    content_types: frozenset[str] = frozenset()  # empty: any
    push: int | None = None
    pull: int | None = None
    text: int | None = None
    parser: int | None = None
    priority: int = 0
    online: str = "SERVERLOGIC"
    offline: str = "SENDSTORE"
    cir: tuple[str, ...] = ()
    udp: int = 3717


@dataclass(eq=False)
class Outgoing:
    """A server request. `build` makes the primitive when it is sent first, None withdraws it;
    `answered` takes what was sent and the client's answer. One name waits only once.
    """

    name: Hashable
    build: Callable[[Database, Session], Element | None]
    answered: Callable[[Database, Element, Element], None] | None = None
    tid: str = ""
    primitive: Element | None = None
    sent: float = 0.0
    attempts: int = 0


@dataclass
class Watch:
    """A subscription to one user. names: attributes wanted; sources: `` or keys of lists;
    shown: attributes of which the client has a value.
    """

    address: str
    names: frozenset[str]
    sources: set[str]
    shown: set[str] = field(default_factory=set)


@dataclass
class Found:
    """A search: its hits, the element that lists them, and how many go into one answer."""

    tag: str
    hits: list[str]
    page: int


class Replies:
    """The latest answers, for requests that come again with the same ID and the same octets."""

    def __init__(self, most: int, age: float) -> None:
        self._most = most
        self._age = age
        self._kept: OrderedDict[str, tuple[bytes, float, bytes]] = OrderedDict()

    def get(self, tid: str, body: bytes, now: float) -> bytes | None:
        """The answer given to this very request, if it is kept."""
        kept = self._kept.get(tid)
        if kept and kept[0] == hashlib.sha1(body).digest() and now - kept[1] < self._age:
            return kept[2]
        return None

    def put(self, tid: str, body: bytes, now: float, answer: bytes) -> None:
        """Keep an answer; the oldest goes."""
        self._kept.pop(tid, None)
        self._kept[tid] = (hashlib.sha1(body).digest(), now, answer)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


class Session:
    """One client that is logged in."""

    def __init__(
        self,
        user_id: int,
        key: str,
        address: str,
        client: Element,
        cookie: str,
        version: str,
        now: float,
        keep_alive: int,
        limits: Limits,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.user_id = user_id
        self.key = key
        self.address = address
        self.client = client
        self.client_key = client_key(client)
        self.cookie = cookie
        self.version = version
        self.syntax = "xml"
        self.extension = False  # private codes of PTS are agreed
        self.number = ""  # of the client, while it uses SMS
        self.host = ""  # where its HTTP requests come from
        self.cir_number = ""  # where it wants notices by SMS
        self.created = self.seen = now
        self.keep_alive = keep_alive
        self.requests = 0
        self.capabilities = Capabilities()
        self.negotiated = False  # capabilities
        self.agreed: frozenset[str] | None = None  # leaves of the service tree
        self.replies = Replies(limits.replies, limits.reply_age)
        self.published: dict[str, Element] = {}
        self.watching: dict[str, Watch] = {}
        self.auto_lists: dict[str, frozenset[str]] = {}
        self.changes: dict[str, frozenset[str]] = {}
        self.searches: OrderedDict[str, Found] = OrderedDict()
        self.segments: OrderedDict[str, list[str]] = OrderedDict()  # of an answer, by its ID
        self.notifications: set[str] = set()  # the types subscribed to
        self._last_search = 0
        self._limits = limits
        self._waiting: deque[Outgoing] = deque()
        self._open: dict[str, Outgoing] = {}
        self._last_tid = 0
        self.noticed: float | None = None  # when CIR told of something waiting
        self.missed = 0  # notices before that, since the client polled

    def search(self, found: Found) -> str:
        """Keep a search; its SearchID. The oldest goes."""
        self._last_search += 1
        self.searches[str(self._last_search)] = found
        while len(self.searches) > self._limits.searches:
            self.searches.popitem(last=False)
        return str(self._last_search)

    def keep_segments(self, tid: str, segments: list[str]) -> None:
        """Keep the segments of an answer until they are dropped; the oldest go."""
        self.segments[tid] = segments
        self.segments.move_to_end(tid)
        while len(self.segments) > self._limits.segmented:
            self.segments.popitem(last=False)

    def expires(self) -> float:
        """When the session ends unless the client sends something."""
        return self.seen + self.keep_alive + self._limits.grace

    @property
    def largest(self) -> int | None:
        """Octets of the largest message that the client can get, None for no limit."""
        parser = self.capabilities.parser
        return min(parser or _MOST_SMS, _MOST_SMS) if self.number else parser

    @property
    def _patience(self) -> float:
        return self._limits.sms_retransmit if self.number else self._limits.retransmit

    def is_open(self, now: float) -> bool:
        """Whether the client has a server request that it still may answer in time."""
        return any(now - each.sent < self._patience for each in self._open.values())

    def push(self, outgoing: Outgoing) -> bool:
        """Queue a server request unless it is queued or the queue is full; say whether it was."""
        if len(self._waiting) >= self._limits.queue:
            return False
        if any(each.name == outgoing.name for each in (*self._waiting, *self._open.values())):
            return False
        self._waiting.append(outgoing)
        return True

    def waiting(self, name: Hashable) -> Outgoing | None:
        """The server request of this name, if it has not been sent."""
        return next((each for each in self._waiting if each.name == name), None)

    def withdraw(self, outgoing: Outgoing) -> None:
        """Take back a server request that has not been sent."""
        self._waiting.remove(outgoing)

    def change(self, key: str, names: frozenset[str]) -> bool:
        """Note that a watched user changed; say whether the client wants to know."""
        watch = self.watching.get(key)
        wanted = names & watch.names if watch else frozenset()
        if wanted:
            self.changes[key] = self.changes.get(key, frozenset()) | wanted
        return bool(wanted)

    def unanswered(self, now: float) -> Outgoing | None:
        """The first server request whose answer is overdue; those sent too often are dropped."""
        for each in list(self._open.values()):
            if now - each.sent >= self._patience:
                if each.attempts < self._limits.attempts:
                    return each
                self._open.pop(each.tid, None)
        return None

    def moved(self) -> None:
        """The client polls now: what it was sent before is due again."""
        for each in self._open.values():
            each.sent = 0.0

    def take(self) -> Outgoing | None:
        """The next request that was never sent."""
        return self._waiting.popleft() if self._waiting else None

    def sent(self, outgoing: Outgoing, now: float) -> None:
        """The request goes out (again); its ID stays."""
        if not outgoing.tid:
            outgoing.tid = self._next_tid()
        outgoing.sent = now
        outgoing.attempts += 1
        self._open[outgoing.tid] = outgoing

    def waits_for(self, tid: str) -> Element | None:
        """The primitive of the open request with this ID."""
        outgoing = self._open.get(tid)
        return outgoing.primitive if outgoing else None

    def answered(self, tid: str) -> Outgoing | None:
        """The open request with this ID, which is now closed."""
        return self._open.pop(tid, None)

    def is_waited_for(self, now: float) -> bool:
        """Whether a poll would bring something."""
        return bool(self._waiting or self.changes) or self.unanswered(now) is not None

    def _next_tid(self) -> str:
        # 1 to 999, so that the plain text syntax can carry it.
        while True:
            self._last_tid = self._last_tid % 999 + 1
            if str(self._last_tid) not in self._open:
                return str(self._last_tid)


def client_key(client: Element | None) -> str:
    """Normal form of a ClientID, to compare."""
    parts = [] if client is None else [(each.text or "").strip().lower() for each in client]
    return " ".join(part for part in parts if part)


class Sessions:
    """All live sessions, and how the latest others ended."""

    def __init__(self) -> None:
        self._live: dict[str, Session] = {}
        self._of_user: dict[str, list[Session]] = {}
        self._watchers: dict[str, set[Session]] = {}
        self._ended: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._live.values()))

    def get(self, session_id: str) -> Session | None:
        """The live session with this ID."""
        return self._live.get(session_id)

    def of(self, key: str) -> list[Session]:
        """The sessions of a user, oldest first."""
        return list(self._of_user.get(key, ()))

    def add(self, session: Session) -> None:
        """The session is live from now on."""
        self._live[session.id] = session
        self._of_user.setdefault(session.key, []).append(session)

    def remove(self, session: Session, code: int) -> None:
        """The session is over; a client that still uses it gets `code`."""
        del self._live[session.id]
        self._of_user[session.key].remove(session)
        if not self._of_user[session.key]:
            del self._of_user[session.key]
        for key in list(session.watching):
            self.unwatch(session, key)
        self._ended[session.id] = code
        while len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)

    def ending(self, session_id: str) -> int:
        """Code for a session that is not live: 600, 601 or 604."""
        return self._ended.get(session_id, Code.NOT_LOGGED_IN)

    def watch(
        self, session: Session, key: str, address: str, names: frozenset[str], source: str
    ) -> None:
        """Subscribe a session to a user."""
        watch = session.watching.get(key)
        if watch is None:
            session.watching[key] = Watch(address, names, {source})
            self._watchers.setdefault(key, set()).add(session)
        else:
            watch.address = address
            watch.names = names
            watch.sources.add(source)

    def unwatch(self, session: Session, key: str, source: str | None = None) -> None:
        """End a subscription, or only the part of it that came from `source`."""
        watch = session.watching.get(key)
        if watch is None:
            return
        if source is not None:
            watch.sources.discard(source)
        if source is None or not watch.sources:
            del session.watching[key]
            session.changes.pop(key, None)
            watchers = self._watchers[key]
            watchers.discard(session)
            if not watchers:
                del self._watchers[key]

    def watchers(self, key: str) -> list[Session]:
        """The sessions that watch a user."""
        return list(self._watchers.get(key, ()))
