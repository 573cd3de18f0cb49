"""SMPP: the simulated centre with its own client as the gateway, and message by message."""

import asyncio

import pytest
import smpp34
from gsm_wire import SERVICE, A, Inbox, play
from third_party import free_ports

from microimps.tools.gsm import Faults, Message, Network
from microimps.tools.gsm.message import CONCAT16, ports_element
from microimps.tools.gsm.smpp import address, incoming, number, outgoing

PORTS = bytes.fromhex("0605040E060E06")


async def until(condition, timeout=60.0):
    for _ in range(int(timeout / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("still waiting")


def with_gateway(scenario, faults=None, **options):
    """Run a scenario with a network, a bound gateway's session and handset A's inbox."""

    async def run():
        (port,) = free_ports(1)
        async with Network(faults, speed=20, retries=(5.0,)) as network:
            server = await network.serve_smpp(port, **options)
            client = smpp34.Client("127.0.0.1", port, "gateway", "secret")
            gateway = await client.connect()
            await until(lambda: server.sessions)
            await scenario(network, gateway, Inbox(network, A))
            await gateway.unbind()

    play(run)


async def submit(gateway, body, **values):
    return await gateway.submit_sm(
        A[1:], body, dest_addr_ton=1, source_addr=SERVICE[1:], source_addr_ton=1, **values
    )


def field(name, value):
    return smpp34.Tlv(getattr(smpp34, f"TLV_{name}"), value)


def test_header_in_the_body():
    async def scenario(network, gateway, inbox):
        answer = await submit(gateway, PORTS + b"WV", esm_class=0x40, data_coding=4)
        assert answer.is_success and answer.message_id == "1"
        await network.drain()
        (message,) = inbox.messages
        assert (message.sender, message.ports, message.body) == (SERVICE, (3590, 3590), b"WV")

    with_gateway(scenario)


@pytest.mark.parametrize(
    ("port_fields", "header", "fields"),
    [
        ("header", PORTS, {}),
        ("fields", b"", {"destination_port": 3590, "source_port": 3590}),
        ("ignore", b"", {}),
    ],
)
def test_ports_in_fields(port_fields, header, fields):
    async def scenario(network, gateway, inbox):
        tlvs = [field("DESTINATION_PORT", b"\x0e\x06"), field("SOURCE_PORT", b"\x0e\x06")]
        await submit(gateway, b"WV", data_coding=4, tlvs=tlvs)
        await network.drain()
        (message,) = inbox.messages
        assert (message.header_octets(), message.fields, message.body) == (header, fields, b"WV")

    with_gateway(scenario, port_fields=port_fields)


def test_segments_and_payload_in_fields():
    async def scenario(network, gateway, inbox):
        tlvs = [
            field("SAR_MSG_REF_NUM", b"\x01\x02"),
            field("SAR_TOTAL_SEGMENTS", b"\x03"),
            field("SAR_SEGMENT_SEQNUM", b"\x02"),
            field("MESSAGE_PAYLOAD", b"the body"),
        ]
        await submit(gateway, b"", data_coding=4, tlvs=tlvs)
        await network.drain()
        (message,) = inbox.messages
        assert message.header == ((CONCAT16, b"\x01\x02\x03\x02"),)
        assert message.body == b"the body"

    with_gateway(scenario)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"short_message": b"x" * 141}, smpp34.ESME_RINVMSGLEN),
        ({"short_message": b"\x20\x05", "esm_class": 0x40}, smpp34.ESME_RINVMSGLEN),
    ],
)
def test_refused(values, status):
    async def scenario(network, gateway, inbox):
        answer = await submit(gateway, values.pop("short_message"), data_coding=4, **values)
        assert answer.command_status == status

    with_gateway(scenario)


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (Faults(rate_limit=0.001, rate_window=1000), smpp34.ESME_RTHROTTLED),
        (Faults(queue_limit=1, delay=20), smpp34.ESME_RMSGQFUL),
    ],
)
def test_21_throttling(faults, status):
    async def scenario(network, gateway, inbox):
        assert (await submit(gateway, b"1")).is_success
        assert (await submit(gateway, b"2")).command_status == status
        await network.drain()

    with_gateway(scenario, faults)


def test_delivery_and_receipt():
    async def scenario(network, gateway, inbox):
        inbox.application.send(SERVICE, b"WV", ports=(3590, 3590))
        event = await asyncio.wait_for(gateway.next(), 60)
        assert (event.esm_class, event.short_message) == (0x40, PORTS + b"WV")
        assert (event.source_addr, event.source_addr_ton) == (A[1:], 1)
        await submit(gateway, b"WV", registered_delivery=1)
        event = await asyncio.wait_for(gateway.next(), 60)
        assert event.esm_class == 4
        text = event.short_message.decode()
        assert text.startswith("id:1 sub:001 dlvrd:001 ") and " stat:DELIVRD err:000" in text
        states = {tlv.tag: tlv.value for tlv in event.tlvs}
        assert states[smpp34.TLV_MESSAGE_STATE] == b"\x02"

    with_gateway(scenario)


def test_messages_wait_for_a_gateway():
    async def scenario():
        (port,) = free_ports(1)
        async with Network(speed=20, retries=(600.0,)) as network:
            await network.serve_smpp(port)
            inbox = Inbox(network, A)
            inbox.application.send(SERVICE, b"WV")
            await asyncio.sleep(0.1)
            gateway = await smpp34.Client("127.0.0.1", port, "late", "x").connect()
            event = await asyncio.wait_for(gateway.next(), 60)
            assert event.short_message == b"WV"
            await gateway.unbind()

    play(scenario)


def test_routes():
    async def scenario(network, gateway, inbox):
        inbox.application.send("+15551", b"mine")
        inbox.application.send("+4400", b"nobody's")
        event = await asyncio.wait_for(gateway.next(), 60)
        assert event.short_message == b"mine"
        await until(lambda: network.journal.totals().get("undeliverable"))

    with_gateway(scenario, routes={"gateway": ("+1555",)})


def test_two_networks():
    """One network's client bound to the other's server: the way to a real service centre."""

    async def scenario():
        (port,) = free_ports(1)
        async with Network(speed=20, retries=(5.0,)) as far, Network(speed=20) as near:
            there, here = Inbox(far, A), Inbox(near, SERVICE)
            near.connect_smpp("127.0.0.1", port, "near", "x")
            await far.serve_smpp(port)
            sent = here.application.send(A, b"WV", ports=(3590, 3590), report=True)
            await until(lambda: there.messages)
            assert there.messages[0].ports == (3590, 3590)
            await until(lambda: here.reports)
            assert here.reports == [(0, sent.id)]
            there.application.send(SERVICE, b"back")
            await until(lambda: here.messages)
            assert (here.messages[0].sender, here.messages[0].body) == (A, b"back")

    play(scenario)


@pytest.mark.parametrize(
    ("text", "fields"),
    [("+1555", ("1555", 1, 1)), ("3590", ("3590", 0, 1)), ("IMPS", ("IMPS", 5, 0))],
)
def test_addresses(text, fields):
    assert address(text) == fields
    assert number(fields[0], fields[1]) == text


def test_fields_survive():
    message = Message(A, SERVICE, b"WV", (ports_element(3590, 3590),), 4, report=True)
    pdu = smpp34.decode(smpp34.SubmitSm(**outgoing(message)).encode())
    assert incoming(pdu) == message
