"""What carries the service's short messages: a simulated network, SMPP, or a modem of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from microimps.errors import Error, PeerError
from microimps.sms_bearer.at import At
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.pdu import Received
from microimps.sms_bearer.profiles import GENERIC
from microimps.sms_bearer.submit import Submit
from microimps.sms_bearer.text import decode, encode

from ..gsm import Message, Network, Refused
from .sms import port_pair

if TYPE_CHECKING:
    import smpp34

_log = logging.getLogger(__name__)

_TRIES = 5  # of a message that the network does not want now
_PAUSE = 1.0  # seconds between them
_READ, _WRITE = 2, 3  # steps of a flow, see core/sms_bearer/at.py
_LISTEN = 200  # ms between looks for something to send


def _ignore(sender: str, port: int | None, body: bytes) -> None:
    """Stands in for the face until there is one."""


def _octets(message: Message) -> bytes:
    return message.body if message.alphabet == 1 else message.text.encode()


class NetworkCarrier:
    """A number of a simulated network, with no modem between."""

    def __init__(self, network: Network, number: str) -> None:
        self.take: Callable[[str, int | None, bytes], None] = _ignore
        self._network = network
        self._number = number

    async def start(self) -> None:
        """Register the number. Raises ValueError when it is in use."""
        self._application = self._network.register(self._number, self._receive)

    async def _receive(self, message: Message) -> None:
        ports = message.ports
        self.take(message.sender, ports[0] if ports else None, _octets(message))

    async def send(self, number: str, body: bytes | str, port: int) -> None:
        """Send octets, or text in 7 bits. Raises OSError while the network refuses."""
        for _ in range(_TRIES):
            with contextlib.suppress(Refused):
                self._application.send(number, body, ports=port_pair(port))
                return
            await self._network.clock.sleep(_PAUSE)
        raise OSError("the network is throttling")

    async def stop(self) -> None:
        """The number goes with the network."""


class SmppCarrier:
    """A session with a service centre, or a gateway that acts as one, over SMPP 3.4."""

    def __init__(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        number: str,
        port_fields: str = "header",
    ) -> None:
        self.take: Callable[[str, int | None, bytes], None] = _ignore
        self._bind = host, port, system_id, password
        self._number = number
        self._port_fields = port_fields
        self._session: smpp34.Smsc | None = None

    async def start(self) -> None:
        """Bind, and bind again whenever the session is lost. Raises OSError at first."""
        import smpp34

        try:
            await self._connect()
        except smpp34.SmppError as error:
            raise OSError(f"cannot bind: {error}") from None
        self._task = asyncio.create_task(self._serve())

    async def _connect(self) -> None:
        import smpp34

        self._session = await smpp34.Client(*self._bind).connect()

    async def _serve(self) -> None:
        import smpp34

        from ..gsm.smpp import incoming

        while True:
            while self._session is None:
                try:
                    await self._connect()
                except (smpp34.SmppError, OSError):
                    await asyncio.sleep(_PAUSE)
            event = await self._session.next()
            if isinstance(event, smpp34.Disconnected):
                self._session = None
                continue
            try:
                message = incoming(event, self._port_fields)
            except (ValueError, KeyError) as error:
                _log.info("a deliver_sm that is no message: %s", error)
                continue
            ports = message.ports
            self.take(message.sender, ports[0] if ports else None, _octets(message))

    async def send(self, number: str, body: bytes | str, port: int) -> None:
        """Send octets, or text in 7 bits. Raises OSError when it is not taken."""
        import smpp34

        from ..gsm.message import body_of, ports_element
        from ..gsm.smpp import outgoing

        dcs, octets = body_of(body)
        message = Message(self._number, number, octets, (ports_element(*port_pair(port)),), dcs)
        for _ in range(_TRIES):
            if self._session is not None:
                with contextlib.suppress(smpp34.SmppError):
                    answer = await self._session.submit_sm(**outgoing(message))
                    if answer.is_success:
                        return
            await asyncio.sleep(_PAUSE)
        raise OSError("the service centre does not take messages")

    async def stop(self) -> None:
        """Unbind."""
        self._task.cancel()
        if self._session is not None:
            await self._session.unbind()


class ModemCarrier:
    """A modem on a serial port: with a second one for the client there is no operator to ask.

    url: device or URL of pyserial; profile: of core/sms_bearer/profiles.py. `modem` is the
    driver.
    """

    def __init__(
        self, url: str, profile: tuple[Any, ...] = GENERIC, pin: str | None = None
    ) -> None:
        from microimps.ports import cpython

        self.take: Callable[[str, int | None, bytes], None] = _ignore
        self._url = url
        self._at = At(cpython.ticks_ms)
        self.modem = Modem(self._at, profile, pin and pin.encode(), on_direct=self._received)
        self._submit = Submit()
        self._queue: asyncio.Queue[tuple[str, bytes | str, int, asyncio.Future[None]]] = (
            asyncio.Queue()
        )

    async def start(self) -> None:
        """Open the port and start the modem. Raises OSError, PeerError."""
        from microimps.ports.cpython.serial import AsyncLine

        self._line = AsyncLine(self._url)
        await self._do(self.modem.start())
        self._task = asyncio.create_task(self._serve())

    async def _do(self, flow: Generator[int, Any, Any]) -> Any:
        answer = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                return end.value
            answer = None
            if step == _READ:
                answer = await self._line.readinto(self._at.view, self._at.ms)
            elif step == _WRITE:
                await self._line.write(self._at.view, self._at.ms)
            else:
                await asyncio.sleep(self._at.ms / 1000)

    async def _serve(self) -> None:
        while True:
            try:
                while not self._queue.empty():
                    await self._submit_one(*self._queue.get_nowait())
                slot = await self._do(self.modem.wait(_LISTEN))
                if slot >= 0:
                    await self._fetch(slot)
            except (Error, OSError) as error:
                _log.warning("the service's modem: %s", error)
                self.modem.ready = False
                await asyncio.sleep(_PAUSE)

    async def _fetch(self, slot: int) -> None:
        try:
            if await self._do(self.modem.read(slot)) == 0:
                self._received(self.modem.pdu)
        except PeerError as error:
            _log.info("slot %d: %s", slot, error)
        await self._do(self.modem.delete(slot))

    def _received(self, pdu: Received) -> None:
        if pdu.kind == 0:
            body = bytearray(320)
            body = body[: decode(pdu, body)]
            sender = bytes(pdu.sender[: pdu.sender_len]).decode()
            self.take(sender, pdu.dst if pdu.dst >= 0 else None, bytes(body))

    async def _submit_one(
        self, number: str, body: bytes | str, port: int, done: asyncio.Future[None]
    ) -> None:
        submit = self._submit
        try:
            submit.open(number, 0 if isinstance(body, str) else 4)
            submit.element(5, 4, *port_pair(port))
            encode(submit, body)
            await self._do(self.modem.send(submit))
        except (Error, OSError) as error:
            done.set_exception(OSError(f"the modem did not send: {error}"))
        else:
            done.set_result(None)

    async def send(self, number: str, body: bytes | str, port: int) -> None:
        """Send octets, or text in 7 bits. Raises OSError when the modem does not take it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((number, body, port, done))
        await done

    async def stop(self) -> None:
        """Close the port."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._line.close()
