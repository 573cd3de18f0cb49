"""The whole way: service, SMPP, Kannel, SMPP, service centre, virtual modem, client.

Kannel is the operator's gateway between two service centres: it binds to both and passes what
comes from the one to the other. Of the messages it must keep the octets and the port header.
"""

import asyncio

import pytest
from gsm_wire import SERVICE, A
from third_party import KANNEL_CORE, KANNEL_SMPP, Daemon, drive, free_ports, until

from conftest import need
from microimps import Client
from microimps.ports import sms
from microimps.tools.gsm import Network
from microimps.tools.sim import Account, Config
from microimps.tools.sim.carriers import SmppCarrier
from microimps.tools.sim.server import Running
from microimps.tools.sim.sms import SmsFace

pytestmark = pytest.mark.interop

ANNA = "wv:anna@im.example.com"

BOXES = """
group = smsbox
bearerbox-host = 127.0.0.1

group = sms-service
keyword = default
text = ""
"""

# What comes from one centre goes to the other, and nothing else does.
PASSED_ON = """\
reroute-smsc-id = {1}
allowed-smsc-id = {0}
"""


def test_client_and_service_through_kannel(tmp_path):
    bearerbox = need("bearerbox")
    ports = dict(zip(("admin", "box", "handsets", "services"), free_ports(4), strict=True))
    config = tmp_path / "kannel.conf"
    centres = "".join(
        KANNEL_SMPP.format(id=name, port=ports[name]) + PASSED_ON.format(name, other)
        for name, other in (("handsets", "services"), ("services", "handsets"))
    )
    config.write_text(KANNEL_CORE.format(folder=tmp_path, **ports) + centres + BOXES)

    async def scenario():
        running = Running(Config(users=(Account(ANNA, "secret"),))).start()
        try:
            async with Network() as handsets, Network() as services:
                near = await handsets.serve_smpp(ports["handsets"], routes={"kannel": ("+1555",)})
                far = await services.serve_smpp(
                    ports["services"], routes={"kannel": ("+4477",), "imps": (SERVICE,)}
                )
                bind = "127.0.0.1", ports["services"], "imps", "secret"
                face = SmsFace(running.service, SmppCarrier(*bind, SERVICE), SERVICE)
                await face.start()
                modem = await handsets.add_modem(A, "sim800")
                async with Daemon(bearerbox, config):
                    await until(lambda: len(far.sessions) == 2 and near.sessions)
                    bearer = sms(modem.device, SERVICE)
                    bearer.modem.gap_ms = 0
                    try:
                        await asyncio.to_thread(talk, bearer)
                    finally:
                        await face.stop()
                rows = handsets.journal.rows()
                assert {row["destination_port"] for row in rows} == {3590}
                assert bearer.sent == sum(row["destination"] == SERVICE for row in rows)
                assert bearer.garbage == bearer.strangers == 0
        finally:
            await asyncio.to_thread(running.close)

    drive(scenario)


def talk(bearer):
    """Log in, send a message of several parts to oneself, receive it, log out."""
    client = Client(bearer, ANNA, "secret", 3, "pts", extension=True)
    try:
        client.login()
        text = 'Through Kannel & back, (twice) "over" ' * 5
        client.send(ANNA, text)
        assert next(e.text for e in client.events(60000) if e.kind == "message") == text
        client.logout()
    finally:
        client.close()
