"""What stands around the handsets: nothing but their devices, or a whole simulated network."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from concurrent.futures import Future

from ..gsm import Faults, Network
from ..gsm.journal import Hop
from ..sim import Account, Config, Limits, Service
from ..sim.carriers import NetworkCarrier
from ..sim.sms import SmsFace
from .journal import Journal
from .plan import Plan, Simulation

_FADES = 600.0  # network seconds between two changes of the signal
_DRAIN = 60.0  # network seconds at the end for what is on its way


class RealWorld:
    """Modems that are there, a network and a service of somebody else's."""

    speed = 1.0

    def __init__(self, plan: Plan) -> None:
        self.devices = {each.number: each.device for each in plan.handsets}

    def clock(self) -> float:
        """POSIX seconds."""
        return time.time()

    def start(self) -> None:
        """Nothing: it is there."""

    def stop(self) -> None:
        """Nothing: it stays."""


class SimulatedWorld:
    """A network with a modem for each handset, and a service, in a thread of their own.

    Its time goes on where an earlier run of the journal ended; so do neither its faults nor what
    the service knows. devices: of each number, once started.
    """

    def __init__(self, plan: Plan, journal: Journal) -> None:
        assert plan.simulation
        self._plan = plan
        self._simulation: Simulation = plan.simulation
        self._journal = journal
        self.speed = plan.simulation.speed
        self.devices: dict[str, str] = {}
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    def clock(self) -> float:
        """The network's time, as POSIX seconds."""
        return self.network.clock.time()

    def start(self) -> None:
        """Switch everything on. Raises OSError, ValueError."""
        self._thread.start()
        self._ready.result()

    def stop(self) -> None:
        """Switch everything off."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _live(self) -> None:
        simulation, plan = self._simulation, self._plan
        names = ("loss", "duplicate", "duplicate_delay", "reorder", "reorder_delay", "delay")
        faults = Faults(
            seed=plan.trial.seed + self._journal.run - 1,
            jitter=simulation.jitter,
            **{name: getattr(simulation, name) for name in names},
        )
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        last = self._journal.latest()
        start = None if last is None else max(last + 1, time.time())
        try:
            async with Network(faults, speed=self.speed, price=0, start=start) as self.network:
                await self._serve()
        except BaseException as fault:
            if self._ready.done():
                raise
            self._ready.set_exception(fault)

    async def _serve(self) -> None:
        plan, network = self._plan, self.network
        for each in plan.handsets:
            modem = await network.add_modem(each.number, each.modem, pin=each.pin)
            self.devices[each.number] = modem.device
        network.journal.listeners.append(self._note)
        limits = Limits(sms_retransmit=plan.service.timeout, attempts=8)
        users = tuple(Account(each.user, each.password) for each in plan.handsets)
        service = Service(Config(users=users, limits=limits), network.clock.time)
        number = plan.service.number
        face = SmsFace(service, NetworkCarrier(network, number), number)
        await face.start()
        fading = asyncio.create_task(self._fade())
        self._ready.set_result(None)
        try:
            await self._stop.wait()
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await network.drain(_DRAIN)
        finally:
            fading.cancel()
            await asyncio.gather(fading, return_exceptions=True)
            await face.stop()

    async def _fade(self) -> None:
        chance = random.Random(self._plan.trial.seed)
        mean, swing = self._simulation.signal, self._simulation.fading
        while True:
            for modem in self.network.modems.values():
                level = min(31, max(0, mean + chance.randint(-swing, swing)))
                modem.settings.extra["+CSQ"] = f"+CSQ: {level},0"
            await self.network.clock.sleep(_FADES)

    def _note(self, hop: Hop) -> None:
        if hop.kind != "message":
            return
        message = hop.message
        self._journal.add(
            "hop",
            hop.time,
            sms=message.id,
            name=hop.name,
            detail=hop.detail,
            sender=message.sender,
            destination=message.destination,
            mr=message.reference,
            user_data=message.body,
        )


World = RealWorld | SimulatedWorld


def world(plan: Plan, journal: Journal) -> World:
    """The world that a plan asks for; not started yet."""
    return SimulatedWorld(plan, journal) if plan.simulation else RealWorld(plan)
