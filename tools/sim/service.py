"""The service itself: octets of a request to octets of its answer, whatever carries them.

spec: transactions.md sections 1.1, 14 and 17, transport.md section 2.2
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from sqlalchemy.orm import Session as Database

from ..message import EncodeError, Message, encode
from . import access, authorisation, delivery, groups, invitations, presence, rooms, tree
from .attributes import OF_CLIENT, ONLINE
from .config import Config, ConfigError
from .envelope import Envelope, Transaction, build
from .exchange import HANDLERS, Exchange, Record
from .incoming import Incoming, read
from .results import Code
from .seeds import plant
from .sessions import Outgoing, Replies, Session, Sessions
from .store import User, open_store
from .view import WatchLog

# Leaves that no client request stands for.
_OFFERED = {handler.leaf for handler in HANDLERS.values()} | {
    "ADVSR",
    "GRCHN",
    "MDELIV",
    "NOTIF",
    "NEWM",
}
_MOST_LOGOUTS = 1024


@dataclass
class Answer:
    """What goes back; the body is empty when nothing waits."""

    body: bytes
    syntax: str
    version: str


class Service:
    """An IMPS service. `handle` may be called from several threads.

    clock: seconds since 1970; it drives every time-out. on_waiting: called with a session for
    which something waits that no answer tells of, on_sms in its place where the client is told
    over SMS. on_record: called after each exchange. sms_number: of the SMS face, if there is one.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        unknown = config.withhold - {leaf.name for leaf in tree.LEAVES}
        if unknown:
            raise ConfigError(f"withhold: no such leaf {', '.join(sorted(unknown))}")
        self.config = config
        self.clock = clock
        self.sessions = Sessions()
        self.rooms = rooms.Rooms()
        self.store = open_store(config.database)
        self.challenges: dict[tuple[str, str, str], access.Challenge] = {}
        self.logins: OrderedDict[bytes, tuple[Session, bytes]] = OrderedDict()
        self.logouts = Replies(_MOST_LOGOUTS, config.limits.reply_age)
        self.watch_log = WatchLog(self.sessions)
        self.questions: dict[str, int] = {}  # system message -> number of its answer options
        self.answers: dict[tuple[str, str], tuple[int | None, str]] = {}
        self.sms_number = ""
        self.cir_address = ("", 0)
        self.public_url = ""
        self.on_waiting: Callable[[Session], None] = lambda session: None
        self.on_sms: Callable[[Session], None] = lambda session: None
        self.on_record: Callable[[Record], None] = lambda record: None
        self._cir_secret = secrets.token_hex(8)
        self.lock = threading.RLock()  # held while anything is done
        self._alerts: set[Session] = set()
        self._ticked = 0.0
        with self.store.begin() as db:
            plant(db, config, clock())
            delivery.drop_all(db)

    # One exchange

    def answer(self, incoming: Incoming) -> Answer:
        """Carry out a request."""
        with self.lock:
            self.tick()
            now = self.clock()
            exchange = Exchange(self, incoming, now)
            body = exchange.run()
            alerts, self._alerts = self._alerts, set()
            alerts.discard(exchange.live)
            if exchange.live is not None and exchange.live.number:  # nothing polls there
                alerts.add(exchange.live)
            for session in alerts:
                self._notice(session, now)
            self.on_record(exchange.record(body))
        return Answer(body, incoming.syntax, exchange.version)

    def handle(self, body: bytes) -> Answer:
        """Read and carry out a request. Raises Unintelligible."""
        return self.answer(read(body))

    def tick(self) -> None:
        """End what is too old; called by every request, and by a timer when there is none."""
        with self.lock:
            now = self.clock()
            if abs(now - self._ticked) < 1:
                return
            self._ticked = now
            with self.store.begin() as db:
                for session in self.sessions:
                    if session.expires() <= now:
                        self.end(db, session, Code.SESSION_EXPIRED)
                delivery.expire(self, db, now)
                invitations.expire(db, now)
                rooms.expire(self, db, now)
            for pending in [p for p, each in self.challenges.items() if each.expires < now]:
                del self.challenges[pending]
            waiting = [each for each in self.sessions if each.is_waited_for(now)]
            for session in self._alerts.union(waiting):
                self._notice(session, now)
            self._alerts.clear()

    def _notice(self, session: Session, now: float) -> None:
        again = self.config.limits.cir_repeat
        if self.sessions.get(session.id) and session.is_waited_for(now):
            if session.number:
                self.on_sms(session)
            elif session.noticed is None or now - session.noticed >= again:
                session.missed = 0 if session.noticed is None else session.missed + 1
                session.noticed = now
                self.on_waiting(session)

    def push(self, session: Session) -> bytes:
        """The next request to a client that uses SMS; empty where none is due."""
        with self.lock:
            incoming = Incoming(b"", session.syntax, session.version, None)
            return Exchange(self, incoming, self.clock()).push(session)

    # For the handlers

    def send(self, session: Session, outgoing: Outgoing) -> None:
        """Queue a server request."""
        if session.push(outgoing):
            self._alerts.add(session)

    def change(self, session: Session, key: str, names: frozenset[str]) -> None:
        """A session may want to know that attributes of a user changed."""
        if session.change(key, names):
            self._alerts.add(session)

    def presence_changed(self, key: str, names: frozenset[str]) -> None:
        """Attributes of a user changed."""
        for session in self.sessions.watchers(key):
            self.change(session, key, names)

    def access_changed(self, db: Database, owner: User) -> None:
        """What others may see of a user may have changed."""
        presence.access_changed(self, db, owner)

    def logged_in(self, db: Database, session: Session) -> None:
        """A session began: tell the watchers, queue what waited for the user."""
        self.presence_changed(session.key, ONLINE)
        authorisation.put_questions(self, db, session)
        delivery.offer_stored(self, db, session)
        invitations.offer_stored(self, db, session)
        groups.auto_join(self, db, session)

    def end(self, db: Database, session: Session, code: int) -> None:
        """A session is over; a client that goes on using it is told `code`."""
        self.sessions.remove(session, code)
        if session.number and code != Code.NOT_LOGGED_IN:  # it does not poll, so it is told
            self.on_sms(session)
        rooms.session_ended(self, db, session)
        names = OF_CLIENT.intersection(session.published) | ONLINE
        self.presence_changed(session.key, names)

    def offered(self, version: str) -> frozenset[str]:
        """The leaves of the service tree that a client of this version can have."""
        exist = {leaf.name for leaf in tree.of_version(version)}
        return frozenset(exist & _OFFERED - self.config.withhold)

    def cir_methods(self) -> list[str]:
        """The CIR methods that can be agreed."""
        methods = {
            "STCP": self.cir_address[1],
            "SHTTP": self.public_url,
            "SSMS": self.sms_number,
            "WAPSMS": self.sms_number,
            "SUDP": self.public_url,
            "WAPUDP": self.public_url,
        }
        return [method for method, there in methods.items() if there]

    def cir_url(self, session: Session) -> str:
        """Where the client of a session asks by HTTP whether something waits."""
        return f"{self.public_url}cir/{self._cir_secret}/{session.id}"

    def cir_asked(self, path: str) -> bool | None:
        """Whether something waits behind the path of a cir_url, None if it is none."""
        head, _, session_id = path.rpartition("/")
        session = self.sessions.get(session_id)
        if session is None or head.rpartition("/")[2] != self._cir_secret:
            return None
        return session.is_waited_for(self.clock())

    def fits(self, session: Session, primitive: Element) -> bool:
        """Whether a server request is within the ParserSize of the client, and its syntax can
        carry it.
        """
        largest = session.largest
        if largest is None and session.syntax != "pts":
            return True
        whole = Envelope(
            session.version, session.id, [Transaction("Request", "999", primitive)], True
        )
        message = Message(build(whole), session.version, session.syntax, session.extension)
        try:
            size = len(encode(message))
        except EncodeError:
            return False
        return largest is None or size <= largest

    def close(self) -> None:
        """Let go of the store."""
        with self.lock:
            engine = self.store.kw["bind"]
            engine.dispose()
