"""The service centre: faults by seed, order, retries, validity, reports, journal, messages."""

import sqlite3

import pytest
from gsm_wire import SERVICE, A, B, Inbox, Wire, play
from hypothesis import given
from hypothesis import strategies as st

from microimps.tools.gsm import Faults, Message, Network, Refused
from microimps.tools.gsm.message import GSM7, body_of, pack, ports_element, read_header, unpack
from microimps.tools.gsm.radio import ABSENT


def with_network(scenario, *args, **options):
    async def run():
        async with Network(*args, **{"speed": 50, **options}) as network:
            await scenario(network)

    play(run)


# faults


def fates(seed, count=200, **values):
    faults = Faults(seed=seed, **values)
    return [faults.fate(A, B) for _ in range(count)]


def test_same_seed_same_fate():
    values = {"loss": 0.2, "duplicate": 0.2, "reorder": 0.2, "jitter": 3.0}
    assert fates(1, **values) == fates(1, **values)
    assert fates(1, **values) != fates(2, **values)


def test_fate_does_not_depend_on_other_traffic():
    values = {"loss": 0.2, "duplicate": 0.2, "jitter": 3.0}
    faults = Faults(seed=1, **values)
    mixed = []
    for _ in range(200):
        faults.fate(B, A)
        mixed.append(faults.fate(A, B))
    assert mixed == fates(1, **values)


def test_shares():
    copies = fates(7, 2000, loss=0.1, duplicate=0.05)
    assert 150 < sum(not c for c in copies) < 250
    assert 60 < sum(len(c) == 2 for c in copies) < 130


@pytest.mark.parametrize("values", [{"loss": 1.5}, {"duplicate": -1}, {"order": "random"}])
def test_impossible_faults(values):
    with pytest.raises(ValueError):
        Faults(**values)


def test_delay_keeps_order_and_reordering_does_not():
    async def jitter(network):
        inbox = Inbox(network)
        sender = network.register("sender", inbox.take)
        for n in range(20):
            sender.send(SERVICE, bytes((n,)))
        await network.drain()
        assert [m.body[0] for m in inbox.messages] == list(range(20))

    async def reorder(network):
        inbox = Inbox(network)
        sender = network.register("sender", inbox.take)
        for n in range(20):
            sender.send(SERVICE, bytes((n,)))
        await network.drain()
        came = [m.body[0] for m in inbox.messages]
        assert sorted(came) == list(range(20)) and came != list(range(20))

    with_network(jitter, Faults(delay=1, jitter=10))
    with_network(reorder, Faults(reorder=0.3))


def test_losses_and_copies_are_in_the_journal():
    async def scenario(network):
        inbox = Inbox(network)
        sender = network.register("sender", inbox.take)
        for n in range(100):
            sender.send(SERVICE, bytes((n,)))
        await network.drain()
        totals = network.journal.totals()
        assert totals["lost"] + totals["delivered"] == 100
        assert totals["cost"] == 200
        copies = sum(row["deliveries"] == 2 for row in network.journal.rows())
        assert copies > 0 and len(inbox.messages) == totals["delivered"] + copies

    with_network(scenario, Faults(loss=0.1, duplicate=0.1), price=2.0)


def test_queue_limit():
    async def scenario(network):
        inbox = Inbox(network)
        inbox.application.send(A, b"1")  # waits: there is no such number, but a report is due
        sender = network.register("sender", inbox.take)
        sender.send(SERVICE, b"1")
        sender.send(SERVICE, b"2")
        with pytest.raises(Refused):
            sender.send(SERVICE, b"3")
        await network.drain()
        sender.send(SERVICE, b"4")

    with_network(scenario, Faults(delay=5, queue_limit=2))


# store and forward


def test_retry_and_report():
    async def scenario(network):
        inbox = Inbox(network)
        tries = []

        async def busy(message):
            tries.append(network.clock.time())
            if len(tries) < 3:
                raise Refused(ABSENT)

        network.register(B, busy)
        sent = inbox.application.send(B, b"WV", report=True)
        await network.drain()
        assert tries[1] - tries[0] > 9 and tries[2] - tries[1] > 19
        assert inbox.reports == [(0, sent.id)]
        assert [h["hop"] for h in network.journal.hops(sent.id)] == [
            "accepted",
            "refused",
            "refused",
            "delivered",
        ]

    with_network(scenario, retries=(10.0, 20.0))


def test_validity_runs_out():
    async def scenario(network):
        inbox = Inbox(network)

        async def away(message):
            raise Refused(ABSENT)

        network.register(B, away)
        sent = inbox.application.send(B, b"WV", report=True, validity=25.0)
        await network.drain()
        assert inbox.reports == [(0x46, sent.id)]
        assert network.journal.rows(id=sent.id)[0]["state"] == "expired"

    with_network(scenario, retries=(10.0,))


def test_no_such_number():
    async def scenario(network):
        inbox = Inbox(network)
        sent = inbox.application.send("+999", b"WV", report=True)
        await network.drain()
        assert inbox.reports == [(0x43, sent.id)]
        assert network.journal.rows(id=sent.id)[0]["state"] == "undeliverable"

    with_network(scenario)


def test_modem_that_was_off_gets_its_messages_at_once():
    async def scenario(network):
        inbox = Inbox(network)
        modem = await network.add_modem(A, pty=False)
        wire = Wire(modem)
        await wire.ask("AT+CFUN=4")
        inbox.application.send(A, b"WV")
        await network.clock.sleep(5)
        assert not modem.sim.store.used
        await wire.ask("AT+CFUN=1")
        await network.drain(20)  # far below the retry pause
        assert modem.sim.store.used == 1

    with_network(scenario, retries=(600.0,))


def test_a_failing_application_stops_nothing(caplog):
    async def scenario(network):
        inbox = Inbox(network)
        calls = []

        async def broken(message):
            calls.append(message)
            if len(calls) == 1:
                raise KeyError("bug")

        network.register(B, broken)
        inbox.application.send(B, b"WV")
        await network.drain()
        assert len(calls) == 2

    with_network(scenario, retries=(1.0,))
    assert "the receiver of message #1 failed" in caplog.text


def test_validity_of_a_submit():
    async def scenario(network):
        seen = []

        async def take(message):
            seen.append(message.validity)

        network.register(SERVICE, take)
        modem = await network.add_modem(A, pty=False)
        wire = Wire(modem)
        from microimps.tools.gsm.tpdu import submit

        message = Message("", SERVICE, b"WV")
        await wire.send(submit(message, b"\x00"))  # relative: five minutes
        await wire.send(submit(message))  # none
        await network.drain()
        assert seen == [300.0, 86400.0]

    with_network(scenario)


def test_journal_file(tmp_path):
    path = tmp_path / "sms.db"

    async def scenario(network):
        inbox = Inbox(network)
        inbox.application.send(SERVICE, b"WV", ports=(3590, 3590))
        await network.drain()

    with_network(scenario, journal=path)
    with sqlite3.connect(path) as database:
        row = database.execute("select sender, destination_port, body, state from sms").fetchone()
    assert row == (SERVICE, 3590, b"WV", "delivered")


# messages


def test_ports_and_part():
    message = Message(A, B, b"", (ports_element(3590, 49152), (0x08, b"\x01\x02\x03\x01")))
    assert message.ports == (3590, 49152)
    assert message.part == (0x0102, 3, 1)
    assert message.header_octets() == bytes.fromhex("0C05040E06C000080401020301")
    assert Message(A, B, b"", ((0x04, b"\x50\x51"), (0x00, b"\x07\x02\x02"))).ports == (80, 81)
    assert Message(A, B, b"", fields={"destination_port": 3590}).ports == (3590, 3590)


@pytest.mark.parametrize("data", [b"", b"\x05\x00\x03", b"\x03\x05\x04\x00", b"\x01\x05"])
def test_impossible_headers(data):
    with pytest.raises(ValueError):
        read_header(data)


@given(st.binary(max_size=160).map(lambda b: bytes(c & 127 for c in b)), st.integers(0, 6))
def test_septets_round_trip(septets, fill):
    assert unpack(pack(septets, fill), len(septets), fill) == septets


def test_text():
    dcs, body = body_of("Grüße {€}")
    assert dcs == GSM7 and Message(A, B, body, dcs=dcs).text == "Grüße {€}"
    dcs, body = body_of("Привет")
    assert dcs == 8 and Message(A, B, body, dcs=dcs).text == "Привет"
    with pytest.raises(ValueError, match="not in the GSM 7-bit alphabet"):
        body_of("Привет", 0)


def test_too_long():
    async def scenario(network):
        inbox = Inbox(network)
        inbox.application.send(SERVICE, b"x" * 133, ports=(3590, 3590))
        with pytest.raises(ValueError, match="longer than 140 octets"):
            inbox.application.send(SERVICE, b"x" * 134, ports=(3590, 3590))

    with_network(scenario)
