"""A simulated world for clients over SMS: network, service at it, modems, users."""

import asyncio
import contextlib

import gsm_wire
from gsm_wire import SERVICE, A, B
from third_party import free_ports

from microimps import Client
from microimps.ports import sms
from microimps.tools.gsm import Network
from microimps.tools.sim import Account, Config, Limits
from microimps.tools.sim.carriers import ModemCarrier, NetworkCarrier, SmppCarrier
from microimps.tools.sim.server import Running
from microimps.tools.sim.sms import SmsFace

ANNA, BO = "wv:anna@im.example.com", "wv:bo@im.example.com"
NUMBERS = {ANNA: A, BO: B}
MODEMS_OWN = "+447700900009"


class World:
    """A network, the service at it, and clients that block in threads of their own."""

    def __init__(self, network, running, face, number):
        self.network = network
        self.running = running
        self.service = running.service
        self.face = face
        self.number = number
        self.clients = []

    async def bearer(self, user, family="generic", settings=None, **options):
        number = NUMBERS[user]
        virtual = self.network.modems.get(number)
        if virtual is None:
            virtual = await self.network.add_modem(number, family, settings)
        options.setdefault("timeout", int(45000 / self.network.clock.speed))
        bearer = sms(virtual.device, self.number, **options)
        bearer.modem.gap_ms = 0
        bearer.modem.sweep_ms = int(300000 / self.network.clock.speed)
        return bearer

    async def client(self, user, version=3, kind=Client, bearer=None, **options):
        client = kind(
            bearer or await self.bearer(user),
            user,
            "secret",
            version,
            "pts",
            **{"extension": True, "retries": 8, **options},
        )
        self.clients.append(client)
        return client

    async def do(self, task, *args, **named):
        return await asyncio.to_thread(task, *args, **named)

    async def events(self, client, wanted, ms=60000):
        """Events of a client until there are as many as wanted."""

        def collect():
            got = []
            for event in client.events(int(ms / self.network.clock.speed) + 1000):
                got.append(event)
                if len(got) >= wanted:
                    break
            return got

        return await asyncio.to_thread(collect)


@contextlib.asynccontextmanager
async def world(faults=None, speed=40, carrier="network", rewriting=None, **config):
    config.setdefault("limits", Limits(sms_retransmit=45, attempts=10))
    config.setdefault("users", (Account(ANNA, "secret", "Anna"), Account(BO, "secret", "Bo")))
    async with Network(faults, rewriting, speed=speed) as network:
        running = Running(Config(**config), network.clock.time).start()
        number = SERVICE
        try:
            if carrier == "network":
                made = NetworkCarrier(network, SERVICE)
            elif carrier == "smpp":
                (port,) = free_ports(1)
                await network.serve_smpp(port)
                made = SmppCarrier("127.0.0.1", port, "imps", "secret", SERVICE)
            else:
                number = MODEMS_OWN
                made = ModemCarrier((await network.add_modem(number, carrier)).device)
                made.modem.gap_ms = 0
            face = SmsFace(running.service, made, number)
            await face.start()
            try:
                each = World(network, running, face, number)
                yield each
            finally:
                for client in each.clients:
                    if isinstance(client, Client):
                        client.close()
                    else:
                        await client.close()
                await face.stop()
        finally:
            await asyncio.to_thread(running.close)


def play(scenario, timeout=110, **options):
    async def run():
        async with world(**options) as each:
            await scenario(each)

    gsm_wire.play(run, timeout)
