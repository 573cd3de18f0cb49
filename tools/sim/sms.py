"""The SMS face: CSP in PTS, in parts, over whatever carries short messages.

A carrier takes SMS to a number and hands over those that arrive. There are three: a number of a
simulated network, an SMPP session with a service centre, and a modem on a serial port.
spec: transport.md sections 3, 5.1 and 5.2, pts.md section 7
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from microimps.cir import padded
from microimps.pts import head
from microimps.sms_bearer.segment import Assembly, plan

from .cir import PUSH, notice
from .incoming import Unintelligible, read
from .service import Answer, Service
from .sessions import Session

DATA, CIR, PUSH_PORT = 3590, 3716, 2948
ROOM = 133  # octets of an SMS behind the header with its ports
_TICK = 0.05  # seconds of the wall between looks at the service's clock
_EXPIRY = 300_000  # ms that a message may take to arrive

_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """What carries short messages. `take` is set by the face: sender, destination port (None
    when it was lost), octets."""

    take: Callable[[str, int | None, bytes], None]

    async def start(self) -> None:
        """Begin. Raises OSError."""

    async def send(self, number: str, body: bytes | str, port: int) -> None:
        """Send octets, or text in 7 bits. Raises OSError when it cannot be sent now."""

    async def stop(self) -> None:
        """End."""


def port_pair(port: int) -> tuple[int, int]:
    """Destination and source port; a push comes from 9200."""
    return port, 9200 if port == PUSH_PORT else port


def split(message: bytes, room: int = ROOM) -> list[bytes]:
    """The parts of a message. Raises LocalError for more than 26."""
    preamble, _, parameters = message.partition(b" ")
    most, count = plan(len(preamble), len(message), room)
    if count == 1:
        return [message]
    slices = [parameters[at : at + most] for at in range(0, len(parameters), most)]
    return [preamble + bytes((97 + k, 96 + count)) + b" " + each for k, each in enumerate(slices)]


class Joiner:
    """Joins the parts of messages from many senders."""

    def __init__(self, clock: Callable[[], float], most: int = 256) -> None:
        self._clock = clock
        self._assembly = Assembly(most, _EXPIRY)
        self._bodies: dict[int, bytes] = {}
        self._count = 0

    def put(self, sender: str, body: bytes) -> bytes | None:
        """The whole message if this was its last missing part. Raises ValueError: no PTS."""
        found = head(body, 0, len(body))
        if found < 0:
            raise ValueError("not a PTS message")
        if found < 0x4000:
            return body
        size = found & 15
        preamble = body[:size]
        self._count = self._count % 0x3FFFFFFF + 1
        self._bodies[self._count] = body[size + 3 :]
        now = int(self._clock() * 1000) & 0x1FFFFFFF
        self._assembly.expire(now)
        key = preamble.upper() + sender.encode()
        parts = self._assembly.put(key, "", found, self._count, now)
        while self._assembly.free:
            del self._bodies[self._assembly.free.pop()]
        if parts is None:
            return None
        return preamble + b" " + b"".join(self._bodies.pop(slot) for slot in parts.slots)


class SmsFace:
    """Serves a service's clients over a carrier; runs in the event loop that starts it.

    dropped: messages that were no PTS. number: what clients send to.
    """

    def __init__(self, service: Service, carrier: Carrier, number: str) -> None:
        self._service = service
        self._carrier = carrier
        self._joiner = Joiner(service.clock)
        self._work: asyncio.Queue[Session | tuple[str, bytes]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self.dropped = 0
        service.sms_number = number
        carrier.take = self._take

    async def start(self) -> None:
        """Begin to serve. Raises OSError."""
        loop = asyncio.get_running_loop()

        def later(session: Session) -> None:  # called from any thread
            loop.call_soon_threadsafe(self._work.put_nowait, session)

        self._service.on_sms = later
        await self._carrier.start()
        self._tasks = [asyncio.create_task(self._serve()), asyncio.create_task(self._keep_time())]

    async def stop(self) -> None:
        """Serve no longer."""
        self._service.on_sms = lambda session: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._carrier.stop()

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._service.tick()

    def _take(self, sender: str, port: int | None, body: bytes) -> None:
        words = body.strip().split()
        if port == CIR and len(words) == 2 and words[0].upper() == b"HELO":
            session = self._service.sessions.get(words[1].decode("ascii", "replace").strip("@"))
            if session is not None:
                session.cir_number = sender
                self._work.put_nowait(session)  # what waited meanwhile
            return
        try:
            if port not in (DATA, None):
                raise ValueError("not for a port of ours")
            message = self._joiner.put(sender, body)
        except ValueError:
            self.dropped += 1
            return
        if message is not None:
            self._work.put_nowait((sender, message))

    async def _serve(self) -> None:
        while True:
            work = await self._work.get()
            try:
                if isinstance(work, Session):
                    await self._push(work)
                else:
                    await self._answer(*work)
            except OSError as error:  # what is lost now is asked for, or sent, again
                _log.warning("an SMS was not sent: %s", error)
            except Exception:
                _log.exception("the SMS face failed")

    async def _answer(self, sender: str, message: bytes) -> None:
        try:
            incoming = read(message)
        except Unintelligible as error:
            _log.info("from %s: %s", sender, error)
            self.dropped += 1
            return
        incoming.sender = sender
        answer: Answer = await asyncio.to_thread(self._service.answer, incoming)
        await self._send(sender, answer.body)

    async def _push(self, session: Session) -> None:
        if session.number:
            await self._send(session.number, self._service.push(session))
        elif session.cir_number and session.is_waited_for(self._service.clock()):
            text = notice(session)
            agreed = [each for each in session.capabilities.cir if each in ("SSMS", "WAPSMS")]
            if agreed[:1] == ["WAPSMS"]:
                await self._carrier.send(session.cir_number, PUSH + text, PUSH_PORT)
            else:
                await self._carrier.send(session.cir_number, padded(text).decode(), CIR)

    async def _send(self, number: str, message: bytes) -> None:
        for part in split(message) if message else ():
            await self._carrier.send(number, part, DATA)
