"""What the terminal client does without a screen: stays logged in, sends what waits, takes in."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from microimps.errors import Error, LocalError, PeerError, StatusError
from microimps.known import Presence

from .accounts import Account
from .history import DELIVERED, FAILED, NEW, SENDING, SENT, WAITING, History, Line

OFFLINE, CONNECTING, ONLINE = "offline", "connecting", "online"
INVISIBLE = "INVISIBLE"  # beside the values of UserAvailability

_ATTRIBUTES = ("OnlineStatus", "UserAvailability", "StatusText")
_TURN = 5000  # ms of listening between two looks at the session
_PAUSES = (5, 10, 20, 40, 80, 160, 300)  # s until the next try
_PARTING = 10  # s for the logout
_GROUPS = ("GR", "GM", "EC", "EG")  # invitations that lead into a group

_NO_ANSWER, _MAYBE_SENT, _PIN_REFUSED, _SESSION, _OVERTAKEN = 14, 226, 222, 40, 41
# nothing can have left the machine
_UNSENT = {
    errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENOENT,
    errno.ENODEV, errno.ENXIO, errno.EACCES,
}  # fmt: skip
_DOUBT = "it may have arrived"


def why(error: BaseException) -> str:
    """Text of an error for people."""
    if isinstance(error, OSError) and error.args and isinstance(error.args[0], int):
        if error.args[0] == errno.ETIMEDOUT:
            return "no answer in time"
        if isinstance(error, ConnectionError):  # asyncio has other words for it
            return os.strerror(error.args[0])
        return error.strerror or os.strerror(error.args[0])
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def local(address: str) -> str:
    """The short form of an address: without scheme and domain, a group without its slash."""
    return address.removeprefix("wv:").partition("@")[0].lstrip("/")


@dataclass
class Contact:
    """Somebody on a contact list. presence: what is known, None for nothing yet."""

    address: str
    nick: str = ""
    list: str = ""
    presence: Presence | None = None

    @property
    def name(self) -> str:
        return self.nick or local(self.address)

    @property
    def shown(self) -> str:
        """`available`, `busy`, `away`, `offline`, or `unknown`."""
        return self.presence.shown() if self.presence else "unknown"


@dataclass
class Room:
    """A group. name: one's own screen name; people: screen names or addresses, with levels."""

    address: str
    name: str
    inside: bool = False
    people: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Request:
    """Something that wants a yes or a no: an Invitation, or who asks to see one's presence."""

    event: Any
    user: str
    text: str


Tell = Callable[..., None]


class Engine:
    """One account at work. Make it, run `run` as a task, end with `stop`.

    tell(what, ...) is called when something changed: ("status"), ("people"), ("contact", address),
    ("line", Line), ("notice", text, bad), ("open", peer).
    """

    def __init__(self, account: Account, history: History, tell: Tell) -> None:
        self.account = account
        self.history = history
        self.tell = tell
        self.client = account.open()
        self.state = OFFLINE
        self.reason = ""
        self.since = 0.0  # of the session, on the monotonic clock
        self.jobs: list[str] = []  # what is being done, for people
        self.contacts = {key: Contact(key, nick) for key, nick in history.contacts().items()}
        self.rooms = {key: Room(key, name) for key, name in history.rooms().items()}
        self.requests: list[Request] = []
        self.lists: list[str] = []
        self.own = history.own()
        self._begun: str | None = None  # the session that was set up
        self._early: dict[str, int] = {}  # reports that came before the MessageID
        self._sendable = asyncio.Event()
        self._again = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def spent(self) -> int | None:
        """SMS sent since the start; None where none are."""
        return self.client.bearer.sent if self.account.modem else None

    def full(self, address: str, group: bool = False) -> str:
        """The address that people mean by a short one. Raises ValueError for none at all."""
        address = address.strip().removeprefix("wv:")
        if not address.strip("/@"):
            raise ValueError("give an address, such as anna@im.example.com")
        if group and "/" not in address:
            address = "/" + address
        if "@" not in address:  # at home: the domain of one's own address, or of one's lists
            known = next((x for x in (self.client.session.user, *self.lists) if "@" in x), "@")
            address += "".join(known.rpartition("@")[1:]).rstrip("@")
        return "wv:" + address.lower()

    # --- the session

    async def run(self) -> None:
        """Log in, listen and send until `stop`, however often the connection is lost."""
        self._later(self._outbox())
        tries = 0
        reason = ""
        while True:
            self._become(CONNECTING, reason and f"after: {reason}")
            final = False
            try:
                if not self.client.session.agreed or not self.client.session.id:
                    await self._login()
                    tries = 0
                async for event in self.client.events(0):
                    self._take(event)
                tries, reason = 0, ""
                self._become(ONLINE)
                self._sendable.set()
                await self._listen()
                continue  # the session is over: another one
            except StatusError as error:
                reason = why(error)
                final = not 500 <= error.args[0] < 600
            except (Error, OSError, ValueError) as error:
                reason = why(error)
                code = error.args[0] if error.args else 0
                final = isinstance(error, LocalError) or (
                    isinstance(error, PeerError) and code == _PIN_REFUSED
                )
            await self._rest(reason, None if final else _PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    async def _login(self) -> None:
        if self.client.session.id:  # half open
            with contextlib.suppress(Error, OSError):
                await self.client.logout()
        await self.client.login()
        self.since = time.monotonic()
        for room in self.rooms.values():
            room.inside = False

    async def _listen(self) -> None:
        setting: asyncio.Task[None] | None = None
        session = self.client.session
        while session.id:
            if session.id != self._begun and (setting is None or setting.done()):
                setting = self._later(self._begin(session.id))
            try:
                async for event in self.client.events(_TURN):
                    self._take(event)
            except LocalError as error:
                if error.args[0] != _OVERTAKEN:
                    raise
            if self.reason and session.id and not session.poll:
                self._become(ONLINE)
            if self.history.waiting():
                self._sendable.set()

    async def _rest(self, reason: str, seconds: int | None) -> None:
        # offline for so long, None: until the user wants to try again
        hint = "; F2 changes the account, F5 tries again"
        if seconds:
            hint = f"; next try in {seconds} s, F5 now"
        self._become(OFFLINE, reason + hint)
        self._again.clear()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._again.wait(), seconds)

    def connect(self) -> None:
        """Try again now."""
        self._again.set()

    async def stop(self) -> None:
        """Log out, within some seconds, and let go of everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Error, OSError, asyncio.TimeoutError):
            if self.client.session.id and self.state == ONLINE:
                await asyncio.wait_for(self.client.logout(), _PARTING)
        with contextlib.suppress(OSError):
            await self.client.close()

    def _become(self, state: str, reason: str = "") -> None:
        self.state, self.reason = state, reason
        self.tell("status")

    def _later(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self.tell("notice", f"defect of microimps chat: {fault!r}", True)

    async def _begin(self, session: str) -> None:
        # what a new session has to be told
        self.since = time.monotonic()
        if not self.history.contacts() or not self.account.modem:
            await self.do("reading the contacts", self._read_contacts())
        await self.do("asking for presence", self._watch())
        if self.own != ("AVAILABLE", ""):
            await self.do("telling my status", self._publish())
        for room in list(self.rooms.values()):
            await self.do(f"joining {local(room.address)}", self._enter(room))
        self._begun = session

    def start(self, what: str, work: Awaitable[object]) -> None:
        """Do a task of this class beside everything else."""
        self._later(self.do(what, work))

    async def do(self, what: str, work: Awaitable[object]) -> None:
        """Do something and tell how it failed, if it did."""
        self.jobs.append(what)
        self.tell("status")
        try:
            await work
        except (Error, OSError, ValueError) as error:
            self.tell("notice", f"{what}: {why(error)}", True)
        finally:
            self.jobs.remove(what)
            self.tell("status")

    # --- people and groups

    async def _read_contacts(self) -> None:
        self.lists = [each async for each in self.client.lists()]
        if not self.lists:
            self.lists = [await self.client.create_list("friends", "Friends", True)]
        found = {}
        for each in self.lists:
            async for address, nick in self.client.contacts(each):
                key = self.full(address)
                known = self.contacts.get(key)
                found[key] = Contact(key, nick, each, known.presence if known else None)
        self.contacts = found
        self._keep_contacts()

    async def _watch(self) -> None:
        if self.lists:
            await self.client.subscribe((), tuple(self.lists), _ATTRIBUTES, False)
        elif self.contacts:
            await self.client.subscribe(tuple(self.contacts), (), _ATTRIBUTES, False)

    async def refresh(self) -> None:
        """Read the contact lists again."""
        await self._read_contacts()
        await self._watch()

    async def add(self, address: str, nick: str) -> None:
        """Put somebody on the contact list and watch them."""
        if not self.lists:
            await self._read_contacts()
        key = self.full(address)
        failed = await self.client.add_contact(self.lists[0], key, nick)
        if failed:
            raise StatusError(failed[0], key)
        self.contacts[key] = Contact(key, nick, self.lists[0])
        self._keep_contacts()
        self.tell("open", key)
        await self.client.subscribe((key,), (), _ATTRIBUTES, False)

    async def remove(self, address: str) -> None:
        """Take somebody off the contact list."""
        if not self.lists:
            await self._read_contacts()
        contact = self.contacts[address]
        await self.client.remove_contact(contact.list or None, address)
        del self.contacts[address]
        self._keep_contacts()
        with contextlib.suppress(StatusError):  # who was not watched alone
            await self.client.unsubscribe((address,))

    def _keep_contacts(self) -> None:
        self.history.keep_contacts((key, each.nick) for key, each in self.contacts.items())
        self.tell("people")

    async def publish(self, availability: str, status: str) -> None:
        """Say how one is: a value of UserAvailability, or INVISIBLE; and in words."""
        self.own = (availability, status)
        self.history.keep_own(*self.own)
        self.tell("status")
        await self._publish()

    async def _publish(self) -> None:
        availability, status = self.own
        if availability == INVISIBLE:
            await self.client.update_presence(**dict.fromkeys(_ATTRIBUTES))
            return
        await self.client.update_presence(
            OnlineStatus=True, UserAvailability=availability, StatusText=status
        )

    async def join(self, address: str, name: str) -> None:
        """Enter a group under a screen name."""
        key = self.full(address, group=True)
        await self._enter(Room(key, name.strip() or local(self.account.address)))
        self.tell("open", key)

    async def _enter(self, room: Room) -> None:
        room.people.clear()
        async for person in self.client.enter(room.address, room.name):
            room.people[person[1] or local(person[0])] = person[2]
        room.name = self.client.session.title or room.name
        room.inside = True
        self.rooms[room.address] = room
        self.history.keep_room(room.address, room.name)
        self.tell("people")

    async def leave(self, address: str) -> None:
        """Leave a group."""
        room = self.rooms.pop(address)
        self.history.keep_room(address, None)
        self.tell("people")
        if room.inside:
            await self.client.leave(address)

    async def invite(self, address: str, group: str, text: str) -> None:
        """Invite somebody to a group."""
        await self.client.invite(self.full(address), "GR", group=group, text=text or None)
        self.tell("notice", f"{local(address)} was invited to {local(group)}", False)

    async def answer(self, request: Request, accept: bool) -> None:
        """Say yes or no, and do what follows from a yes."""
        event = request.event
        self.requests.remove(request)
        self.tell("people")
        if event.kind != "invitation":
            if accept:
                await self.client.authorise(request.user, _ATTRIBUTES)
            else:
                await self.client.refuse(request.user)
            return
        await self.client.answer_invite(event, accept)
        if accept and event.type in _GROUPS and event.group:
            await self.join(event.group, event.name or "")
        elif accept and event.type == "IM":
            self.tell("open", request.user)

    # --- messages

    def write(self, peer: str, text: str) -> Line:
        """Queue a message to a user or a group."""
        line = self.history.add(peer, "", text, WAITING)
        assert line is not None
        self._sendable.set()
        return line

    def retry(self, line: Line) -> None:
        """Queue a message again that has failed."""
        self.tell("line", self.history.mark(line.id, WAITING))
        self._sendable.set()

    async def _outbox(self) -> None:
        while True:
            await self._sendable.wait()
            self._sendable.clear()
            while self.state == ONLINE and (line := self.history.waiting()):
                if not await self._send(line):
                    break

    async def _send(self, line: Line) -> bool:
        # whether to go on with the next
        self.tell("line", self.history.mark(line.id, SENDING))
        room = self.rooms.get(line.peer)
        to = None if room else line.peer
        identity: str | None = ""
        state, reason, more = SENT, "", True
        try:
            identity = await self.client.send(
                to, line.text, report=not room, group=line.peer if room else None
            )
        except StatusError as error:
            state, reason = FAILED, why(error)
        except (Error, OSError) as error:
            state, reason, more = FAILED, why(error), isinstance(error, LocalError)
            code = error.args[0] if error.args else 0
            line_lost = isinstance(error, OSError)
            if line_lost or code == _NO_ANSWER:
                self._become(self.state, f"in doubt: {reason}")
                self.client.session.poll = True  # shows whether the line is still there
            unsent = line_lost and (code in _UNSENT or isinstance(error, socket.gaierror))
            if unsent or code == _SESSION:
                state, reason, more = WAITING, "", False
            elif line_lost or code in (_NO_ANSWER, _MAYBE_SENT):
                reason += f"; {_DOUBT}"
        except asyncio.CancelledError:
            self.history.mark(line.id, FAILED, f"not finished; {_DOUBT}")
            raise
        self.tell("line", self.history.mark(line.id, state, reason, identity or ""))
        if identity in self._early:
            self._report(identity, self._early.pop(identity))
        return more

    def _report(self, identity: str, code: int) -> None:
        line = self.history.sent(identity)
        if line is None:
            self._early = {**dict(list(self._early.items())[-20:]), identity: code}
        elif code < 300:
            self.tell("line", self.history.mark(line.id, DELIVERED, "", identity))
        else:
            reason = why(StatusError(code, ""))
            self.tell("line", self.history.mark(line.id, FAILED, reason, identity))

    # --- what comes

    def _take(self, event: Any) -> None:
        kind = event.kind
        if kind in ("message", "notice"):
            self._message(event)
        elif kind == "report":
            self._report(event.id, event.code)
        elif kind == "presence":
            contact = self.contacts.get(self.full(event.user or "?"))
            if contact:
                if contact.presence:
                    contact.presence.merge(event)
                else:
                    contact.presence = event
                self.tell("contact", contact.address)
        elif kind in ("invitation", "authorisation", "notification"):
            self._request(event)
        elif kind == "cancelled":
            self.requests = [each for each in self.requests if each.event.id != event.id]
            self.tell("people")
        elif kind in ("accepted", "rejected"):
            note = f": {event.text}" if event.text else ""
            self.tell("notice", f"{local(event.sender or '?')} {kind} the invitation{note}", False)
        elif kind in ("joined", "left", "removed"):
            self._change(event)
        elif kind == "system":
            self.tell("notice", f"the service says: {event.text}", False)

    def _message(self, event: Any) -> None:
        peer = self.full(event.group or event.sender or "?", bool(event.group))
        sender = event.sender or "?"
        if event.group and event.to:
            sender += " (to you alone)"
        if event.kind == "notice":
            self.start("fetching a message", self._fetch(event, peer, sender))
            return
        self._keep(peer, sender, _text(event, event.content), event.id)

    async def _fetch(self, event: Any, peer: str, sender: str) -> None:
        content = b"".join([piece async for piece in self.client.fetch(event.id)])
        self._keep(peer, sender, _text(event, content), event.id)

    def _keep(self, peer: str, sender: str, text: str, identity: str | None) -> None:
        line = self.history.add(peer, sender, text, NEW, identity or "")
        if line:
            self.tell("line", line)

    def _request(self, event: Any) -> None:
        if event.kind == "invitation":
            user = self.full(event.sender or "?")
            where = f" to {local(event.group)}" if event.group else f" ({event.type})"
            note = f": {event.text}" if event.text else ""
            asked = [(user, f"{local(user)} invites you{where}{note}")]
        elif event.kind == "authorisation":
            asked = [(event.user, f"{local(event.user)} asks to see your presence")]
        else:
            users = event.values.get("users", ()) if event.values.get("names") else ()
            asked = [(each, f"{local(each)} asks to see your presence") for each in users]
        for user, text in asked:
            self.requests.append(Request(event, user, text))
            self.tell("notice", text + " (F7 answers)", False)
        self.tell("people")

    def _change(self, event: Any) -> None:
        room = self.rooms.get(self.full(event.group, group=True))
        if room is None:
            return
        if event.kind == "removed":
            room.inside = False
            reason = why(StatusError(event.code, ""))
            self.tell("notice", f"out of {local(room.address)}: {reason}", True)
        elif event.kind == "joined":
            room.people[event.person[1] or local(event.person[0])] = event.person[2]
        else:
            room.people.pop(event.person[1] or local(event.person[0]), None)
        self.tell("people")


def _text(event: Any, content: bytes) -> str:
    kind = event.type or "text/plain"
    if kind.startswith("text/"):
        event.content = content
        try:
            return str(event.text)
        except (Error, ValueError):
            kind += " in an unknown charset"
    return f"[{event.name or 'content'}: {kind}, {len(content)} octets]"
