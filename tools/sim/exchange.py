"""One request message on its way through the service.

spec: transactions.md sections 1.1, 14 and 17
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from ..conformance.models import primitives
from ..message import EncodeError, Message, encode
from . import (
    access,
    announcements,
    attribute_lists,
    authorisation,
    blocking,
    delivery,
    group_admin,
    groups,
    invitations,
    lists,
    location,
    messaging,
    negotiation,
    notifications,
    presence,
    profiles,
    search,
    segments,
    tree,
)
from .call import Call, Handler
from .elements import node, text
from .envelope import (
    NEWEST,
    VERSIONS,
    Envelope,
    Transaction,
    build,
    discovered,
    discovery,
    first_tid,
    parse,
)
from .incoming import Incoming
from .results import Code, Refusal, result, status
from .sessions import Outgoing, Session

if TYPE_CHECKING:
    from .service import Service

HANDLERS: dict[str, Handler] = {
    **access.HANDLERS,
    **negotiation.HANDLERS,
    **lists.HANDLERS,
    **attribute_lists.HANDLERS,
    **authorisation.HANDLERS,
    **presence.HANDLERS,
    **location.HANDLERS,
    **blocking.HANDLERS,
    **messaging.HANDLERS,
    **search.HANDLERS,
    **segments.HANDLERS,
    **notifications.HANDLERS,
    **announcements.HANDLERS,
    **invitations.HANDLERS,
    **profiles.HANDLERS,
    **groups.HANDLERS,
    **group_admin.HANDLERS,
}
_POLL = "Polling-Request"
_MOST_LOGINS = 1024
_log = logging.getLogger(__name__)


def _since(name: str) -> str:
    """The version that a primitive came with; the first for one without a model."""
    return next((each for each in VERSIONS if name in primitives(each)), "1.1")


@dataclass
class Record:
    """One exchange, for a log. code: that of the answer, 0 for none; sizes in octets."""

    time: float
    user: str
    session: str
    request: str
    answer: str
    code: int
    received: int
    sent: int
    syntax: str
    version: str


class Exchange:
    """Carries out the transactions of one message and builds the answer."""

    def __init__(self, service: Service, incoming: Incoming, now: float) -> None:
        self.service = service
        self.incoming = incoming
        self.now = now
        self.version = incoming.version or NEWEST
        self.live: Session | None = None
        self._answers: list[Transaction] = []
        self._session_id = ""
        self._again = False

    def run(self) -> bytes:
        """The octets of the answer."""
        root = self.incoming.root
        if root is not None and discovery(root) is not None:
            versions = self.service.config.versions
            return self._encode(discovered(root, versions))
        try:
            envelope = self._envelope(root)
        except Refusal as refusal:
            tid = "" if root is None else first_tid(root)
            self._session_id = text(root, "Session/SessionDescriptor/SessionID")
            self._refuse(tid, refusal)
            return self._finish()
        self._session_id = envelope.session_id
        self.live = self.service.sessions.get(envelope.session_id)
        repeated = self._repeated(envelope)
        self._again = repeated is not None
        return self._fresh(envelope) if repeated is None else repeated

    def push(self, session: Session) -> bytes:
        """The next server request to a client that gets it unasked; empty where none is due."""
        self._session_id = session.id
        self.live = self.service.sessions.get(session.id)
        if self.live is None:
            if self.service.sessions.ending(session.id) != Code.NOT_LOGGED_IN:
                self._gone()
        elif not self.live.is_open(self.now):  # one at a time
            self._next_request(self.live)
        return self._finish()

    def _envelope(self, root: Element | None) -> Envelope:
        if root is None:
            raise Refusal(Code.BAD_REQUEST, self.incoming.fault)
        if self.incoming.version not in self.service.config.versions:
            raise Refusal(Code.VERSION_NOT_SUPPORTED)
        return parse(root, self.version)

    # The same request again: the answer that was given. Polls have no ID of their own.

    def _key(self, envelope: Envelope) -> str:
        first = envelope.transactions[0]
        poll = any(each.content.tag == _POLL for each in envelope.transactions)
        return "" if poll or not first.tid else f"{first.mode} {first.tid}"

    def _repeated(self, envelope: Envelope) -> bytes | None:
        body = self.incoming.body
        session, answer = self.service.logins.get(body, (None, b""))
        if session and not session.requests and self.service.sessions.get(session.id):
            return answer
        if self.live is None:
            return self.service.logouts.get(envelope.session_id, body, self.now)
        self.live.seen = self.now
        key = self._key(envelope)
        kept = self.live.replies.get(key, body, self.now) if key else None
        if kept and self.incoming.sender and envelope.transactions[0].mode == "Response":
            return b""  # what followed is sent again by itself if it was lost
        return kept

    def _keep(self, envelope: Envelope, before: Session | None, answer: bytes) -> None:
        body, service, key = self.incoming.body, self.service, self._key(envelope)
        if self.live is not None and self.live is not before:
            service.logins[body] = (self.live, answer)
            while len(service.logins) > _MOST_LOGINS:
                service.logins.popitem(last=False)
        elif before is not None and service.sessions.get(before.id) is None:
            service.logouts.put(before.id, body, self.now, answer)
        elif before is not None and key:
            before.replies.put(key, body, self.now, answer)

    # A request seen for the first time

    def _fresh(self, envelope: Envelope) -> bytes:
        before = self.live
        if before is not None:
            before.seen = self.now
            before.requests += 1
            before.version = self.version
            if before.number and not self.incoming.sender:
                before.moved()
            before.number = self.incoming.sender
            before.host = self.incoming.host or before.host
        answered = False
        for each in envelope.transactions:
            try:
                answered |= self._carry_out(each)
            except Refusal as refusal:
                self._refuse(each.tid, refusal)
            except Exception:
                _log.exception("the service failed at %s", each.content.tag)
                self._refuse(each.tid, Refusal(Code.SERVER_FAULT))
        if answered and self.live and not self._answers:
            self._next_request(self.live)
        answer = self._finish()
        self._keep(envelope, before, answer)
        return answer

    def _carry_out(self, each: Transaction) -> bool:
        """Do what a transaction asks for; whether it was the answer to a server request."""
        if each.mode == "Response" and not self._asks(each):
            return self._client_answer(each)
        if each.content.tag == _POLL:
            self._poll(each)
        else:
            self._request(each)
        return False

    def _asks(self, each: Transaction) -> bool:
        """PTS has one code for MessageDelivered, which is a request after GetMessage."""
        if self.incoming.syntax != "pts" or self.live is None:
            return False
        asked = self.live.waits_for(each.tid)
        told = text(each.content, "MessageID")
        return each.content.tag == "MessageDelivered" and told != text(
            asked, "MessageInfo/MessageID"
        )

    def _client_answer(self, each: Transaction) -> bool:
        if self.live is None:
            return False
        outgoing = self.live.answered(each.tid)
        with self.service.store.begin() as db:
            if outgoing is None:  # given up before, or answered twice
                delivery.confirm(self.service, db, self.live, each.content)
            elif outgoing.answered and outgoing.primitive is not None:
                outgoing.answered(db, outgoing.primitive, each.content)
        return True

    def _poll(self, each: Transaction) -> None:
        if self.live is not None:
            self.live.noticed = None
            self._next_request(self.live)
            return
        code = self.service.sessions.ending(self._session_id)
        if code == Code.NOT_LOGGED_IN:
            self._refuse(each.tid, Refusal(code))
        else:
            self._gone()

    def _gone(self) -> None:
        code = self.service.sessions.ending(self._session_id)
        gone = node("Disconnect", result(code, self.version))
        self._answers.append(Transaction("Request", "1", gone))

    def _next_request(self, session: Session) -> None:
        """Add the next server request: one that was not answered in time, or a new one."""
        outgoing = session.unanswered(self.now)
        with self.service.store.begin() as db:
            while outgoing is None or outgoing.primitive is None:
                outgoing = session.take()
                if outgoing is None:
                    break
                outgoing.primitive = outgoing.build(db, session)
                if outgoing.primitive is not None and session.syntax == "pts":
                    if not self.service.fits(session, outgoing.primitive):
                        outgoing.primitive = None  # there is no code for it
            if outgoing is None:
                news = presence.notification(self.service, db, session)
                if news is not None:
                    outgoing = Outgoing("presence", lambda db, session: news, primitive=news)
        if outgoing is not None and outgoing.primitive is not None:
            session.sent(outgoing, self.now)
            self._answers.append(Transaction("Request", outgoing.tid, outgoing.primitive))

    def _request(self, each: Transaction) -> None:
        with self.service.store.begin() as db:
            handler = self._handler(each.content.tag)
            call = Call(self.service, db, self.live, self.version, each.content, self.now)
            answer = handler.answer(call)
        self.live = call.live
        if self.live is not None:
            self.live.syntax = self.incoming.syntax
            self.live.number = self.incoming.sender
            self.live = self.service.sessions.get(self.live.id)
        if each.content.tag == "Login-Request":
            self._session_id = ""  # Login-Response is outside the session
            self._agree_on_codes(each.content, answer)
        self._answers.append(Transaction("Response", each.tid, answer))

    def _agree_on_codes(self, request: Element, answer: Element) -> None:
        """Private codes of PTS, where the client asks for them: docs/pts-extension.md."""
        wanted = self.incoming.syntax == "pts" and request.find("ExtendedData") is not None
        if self.live is not None and wanted and self.service.config.pts_extension:
            self.live.extension = True
            answer.append(node("ExtendedData", "1"))

    def _handler(self, name: str) -> Handler:
        handler = HANDLERS.get(name)
        if handler is not None and not handler.inband:
            return handler
        if self.live is None:
            raise Refusal(self.service.sessions.ending(self._session_id))
        agreed = self.live.agreed
        if handler is None or _since(name) > self.version:
            raise Refusal(Code.UNKNOWN_SERVICE)
        exists = handler.leaf in {leaf.name for leaf in tree.of_version(self.version)}
        if exists and handler.leaf not in self.service.offered(self.version):
            raise Refusal(Code.UNKNOWN_SERVICE)
        if exists and agreed is not None and handler.leaf not in agreed:
            raise Refusal(Code.SERVICE_NOT_AGREED)
        return handler

    # The answer

    def _refuse(self, tid: str, refusal: Refusal) -> None:
        answer = status(refusal.code, self.version, refusal.description, refusal.details)
        self._answers.append(Transaction("Response", tid, answer))

    def _finish(self) -> bytes:
        if not self._answers:
            return b""
        body = self._encode(self._message())
        largest = self.live.largest if self.live else None
        if largest is not None and len(body) > largest and self._answers[0].mode == "Response":
            self._answers = [self._small(each) for each in self._answers]
            body = self._encode(self._message())
        return body

    def _small(self, each: Transaction) -> Transaction:
        """In place of an answer that is too large: a shorter one, its first segment, or 432."""
        refusal = Transaction("Response", each.tid, status(Code.ANSWER_TOO_LARGE, self.version))
        if self.live is None or len(self._answers) != 1:
            return refusal
        if negotiation.shorten(each.content) and self.service.fits(self.live, each.content):
            return each
        if each.content.tag == "Login-Response":  # segments can be had within a session only
            return refusal
        first = segments.cut(self.live, self.version, self.incoming.syntax, each)
        return first or refusal

    def _message(self) -> Element:
        poll = None if self.live is None else self.live.is_waited_for(self.now)
        return build(Envelope(self.version, self._session_id, self._answers, poll))

    def _encode(self, root: Element) -> bytes:
        try:
            return encode(self._in_syntax(root))
        except EncodeError as error:
            self._answers = []
            self._refuse(first_tid(root), self._unwritable(error))
            return encode(self._in_syntax(self._message()))

    def _unwritable(self, error: EncodeError) -> Refusal:
        if self.incoming.syntax == "pts":  # its public codes are not for everything
            return Refusal(Code.NOT_IMPLEMENTED, str(error))
        _log.error("an answer cannot be written: %s", error)
        return Refusal(Code.SERVER_FAULT, "an answer that cannot be written")

    def _in_syntax(self, root: Element) -> Message:
        private = self.live is not None and self.live.extension
        return Message(root, self.version, self.incoming.syntax, private)

    def record(self, body: bytes) -> Record:
        """What happened."""
        first = self._answers[0].content if self._answers else None
        code = text(first, "Result/Code")
        live = self.live or self.service.sessions.get(self._session_id)
        return Record(
            self.now,
            live.address if live else "",
            live.id if live else self._session_id,
            self.incoming.primitive,
            "the same again" if self._again else "" if first is None else first.tag,
            int(code) if code.isdigit() else 0,
            len(self.incoming.body),
            len(body),
            self.incoming.syntax,
            self.version,
        )
