"""A whole simulated network in one object: clock, faults, service centre, journal, modems."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import Clock
from .endpoints import Pty, Tcp
from .families import Family, family
from .faults import Faults
from .journal import Journal
from .message import Message, body_of, ports_element
from .modem import VirtualModem
from .rewriting import Rewriting
from .settings import Settings
from .sim import Sim
from .smsc import ServiceCentre
from .tpdu import Report, deliver, status_report

if TYPE_CHECKING:
    from .smpp import SmppClient, SmppServer


class Network:
    """A simulated GSM network; use it as `async with Network(...) as network`.

    Times given to it and to its parts are network seconds: `speed` 60 makes a minute pass in a
    second; `start` is the POSIX time at which it begins, now by default. The same `faults.seed`
    and the same traffic give the same losses.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        rewriting: Rewriting | None = None,
        *,
        speed: float = 1.0,
        journal: str | Path = "",
        price: float = 1.0,
        service_centre: str = "+15550100",
        retries: tuple[float, ...] = (30.0, 120.0, 600.0),
        start: float | None = None,
    ) -> None:
        self.clock = Clock(speed, start)
        self.journal = Journal(journal)
        self.centre = ServiceCentre(
            self.clock,
            self.journal,
            faults,
            rewriting,
            number=service_centre,
            price=price,
            retries=retries,
        )
        self.modems: dict[str, VirtualModem] = {}
        self._closers: list[Callable[[], Awaitable[None]]] = []

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Switch everything off."""
        for modem in self.modems.values():
            await modem.stop()
        await self.centre.stop()
        for close in reversed(self._closers):
            await close()
        self._closers.clear()
        self.journal.close()

    async def add_modem(
        self,
        number: str,
        kind: str | Family = "generic",
        settings: Settings | None = None,
        *,
        pin: str = "",
        sim_size: int = 30,
        service_centre: str | None = None,
        pty: bool = True,
        link: str | os.PathLike[str] = "",
        tcp: int | None = None,
        cold: bool = False,
    ) -> VirtualModem:
        """Add a modem that is on: already for long, or `cold`, with its start-up lines to come.

        `number` is the SIM's; `service_centre` what its `+CSCA` says, if not the truth; `kind` a
        family or its name; `link` a symbolic name for the pty; `tcp` a port to listen on, 0 for
        a free one. `modem.device` is what a host opens.
        """
        chosen = family(kind) if isinstance(kind, str) else kind
        centre = self.centre
        on_card = centre.number if service_centre is None else service_centre
        sim = Sim(number, pin=pin, service_centre=on_card, size=sim_size)
        imei = "35000000" + number.lstrip("+")[-7:].rjust(7, "0")
        modem = VirtualModem(sim, centre, self.clock, chosen, settings, imei=imei)

        async def take(message: Message) -> None:
            await modem.messages.deliver(deliver(message, message.moment), centre.number)

        async def take_report(report: Report, message: Message) -> None:
            await modem.messages.deliver(status_report(report), centre.number)

        centre.subscribe(number, take, take_report)
        self.modems[number] = modem
        if pty:
            line = Pty(modem.feed, link)
            modem.endpoints.append(line)
            self._closers.append(line.close)
        if tcp is not None:
            socket = Tcp(modem.feed)
            await socket.listen(tcp)
            modem.endpoints.append(socket)
            self._closers.append(socket.close)
        modem.start(cold)
        return modem

    def register(
        self,
        number: str,
        receive: Callable[[Message], Awaitable[None]],
        reports: Callable[[Report, Message], Awaitable[None]] | None = None,
    ) -> Application:
        """Give an application a number (or a name of up to 11 characters).

        `receive` gets each message for it, `reports` each status report with its message; raising
        Refused makes the service centre keep the message and try again.
        """
        self.centre.subscribe(number, receive, reports)
        return Application(self.centre, number)

    async def serve_smpp(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        routes: dict[str, tuple[str, ...]] | None = None,
        port_fields: str = "header",
    ) -> SmppServer:
        """Let gateways bind over SMPP 3.4; see `SmppServer`."""
        from .smpp import SmppServer

        server = SmppServer(self.centre, routes=routes, port_fields=port_fields)
        await server.start(port, host)
        self._closers.append(server.stop)
        return server

    def connect_smpp(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        *,
        prefixes: tuple[str, ...] = ("",),
        port_fields: str = "header",
    ) -> SmppClient:
        """Send what is for those prefixes to a real service centre; see `SmppClient`."""
        from .smpp import SmppClient

        client = SmppClient(
            *(self.centre, host, port, system_id, password),
            prefixes=prefixes,
            port_fields=port_fields,
        )
        client.start()
        self._closers.append(client.stop)
        return client

    async def drain(self, timeout: float = 600.0) -> None:
        """Wait until nothing is in flight; TimeoutError after that many network seconds."""
        end = self.clock.time() + timeout
        while self.centre.in_flight:
            if self.clock.time() > end:
                raise TimeoutError(f"{self.centre.in_flight} messages are still in flight")
            await self.clock.sleep(min(0.02 * self.clock.speed, timeout))


class Application:
    """A number without a modem, such as the service's; made by `Network.register`."""

    def __init__(self, centre: ServiceCentre, number: str) -> None:
        self.centre = centre
        self.number = number

    def send(
        self,
        destination: str,
        content: bytes | str,
        *,
        ports: tuple[int, int] | None = None,
        dcs: int | None = None,
        report: bool = False,
        validity: float = 86400.0,
    ) -> Message:
        """Send octets or text as one short message.

        `ports` are destination and source port. Raises LocalError or ValueError when it does
        not fit into one message, Refused when the network is throttling.
        """
        dcs, body = body_of(content, dcs)
        header = (ports_element(*ports),) if ports else ()
        message = Message(
            self.number, destination, body, header, dcs, report=report, validity=validity
        )
        return self.send_message(message)

    def send_message(self, message: Message) -> Message:
        """Send a message as it is, with this number as its sender."""
        return self.centre.submit(replace(message, sender=self.number))
