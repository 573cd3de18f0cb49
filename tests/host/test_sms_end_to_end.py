"""Clients and service over SMS: virtual modems on ptys, a network with faults, all carriers."""

import asyncio
import os

import pytest
from gsm_wire import SERVICE, A
from sms_world import ANNA, BO, play

from microimps import AsyncClient, Client, LocalError, StatusError
from microimps.ports import cir, http
from microimps.sms_bearer.modem_http import SIM800, ModemHttp
from microimps.tools.gsm import Faults, Message, Rewriting, Settings
from microimps.tools.gsm.message import ports_element
from microimps.tools.sim.sms import Joiner, split

NAMES = ("OnlineStatus", "UserAvailability", "StatusText")


async def chat(each, count=2):
    """Two users add each other, see presence and talk; everything arrives exactly once."""
    anna, bo = await each.client(ANNA), await each.client(BO)
    await asyncio.gather(each.do(anna.login), each.do(bo.login))
    await each.do(anna.create_list, "friends", "Friends", True, ((BO, "Bo"),))
    await each.do(bo.create_list, "friends", "Friends", True, ((ANNA, "Anna"),))
    assert await each.do(lambda: list(anna.contacts())) == [(BO, "Bo")]
    await each.do(anna.subscribe, (BO,), names=NAMES)
    await each.do(
        bo.update_presence,
        OnlineStatus=True,
        UserAvailability="DISCREET",
        StatusText='At "work", (busy)',
    )
    sent = [f'Message {i} over SMS, with a, b = (c) & "quotes" é' for i in range(count)]
    for text in sent:
        await each.do(bo.send, ANNA, text)
    got, presence = [], []
    while len(got) < count or "busy" not in presence:
        for event in await each.events(anna, 1, 600000):
            if event.kind == "message":
                got.append(event.text)
                assert event.sender == BO
            elif event.kind == "presence":
                presence.append(event.shown())
    assert sorted(got) == sent
    assert [e for e in await each.events(anna, 1, 60000) if e.kind == "message"] == []
    await each.do(anna.send, BO, "Good bye")
    assert [e.text for e in await each.events(bo, 1, 600000) if e.kind == "message"] == [
        "Good bye"
    ]
    await asyncio.gather(each.do(anna.logout), each.do(bo.logout))
    assert not each.service.sessions.of(ANNA)
    return anna, bo


def test_two_users_meet():
    async def scenario(each):
        anna, bo = await chat(each)
        rows = each.network.journal.rows()
        assert {row["destination_port"] for row in rows} == {3590}
        assert all(row["octets"] <= 140 for row in rows)
        assert anna.bearer.sent + bo.bearer.sent == sum(r["destination"] == SERVICE for r in rows)
        assert anna.bearer.garbage == anna.bearer.strangers == 0

    play(scenario)


@pytest.mark.parametrize("version", [2, 3])
def test_public_codes_alone(version):
    async def scenario(each):
        anna = await each.client(ANNA, version, extension=False)
        await each.do(anna.login)
        made = await each.do(anna.create_list, "friends", "Friends", True, ((BO, "Bo"),))
        assert made == "wv:anna/friends@im.example.com"  # answered by Status, in 1.3 too
        assert await each.do(lambda: list(anna.contacts())) == [(BO, "Bo")]
        with pytest.raises(LocalError) as caught:
            await each.do(anna.send, BO, "Hello")
        assert caught.value.args[0] == 46
        await each.do(anna.logout)

    play(scenario)


LONG = pytest.mark.long  # the same again with other settings: `make test ARGS="-m long"`


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=LONG), pytest.param(3, marks=LONG)])
def test_loss_duplicates_and_reordering(seed):
    faults = Faults(
        seed=seed, loss=0.1, duplicate=0.1, reorder=0.2, delay=1, jitter=3, reorder_delay=8
    )

    async def scenario(each):
        await chat(each)

    play(scenario, faults=faults)


@pytest.mark.parametrize("order", ["reversed", pytest.param("shuffled", marks=LONG)])
def test_order_of_arrival(order):
    async def scenario(each):
        await chat(each, 1)

    play(scenario, faults=Faults(seed=5, order=order, order_window=3))


@pytest.mark.parametrize(
    "rewriting",
    [
        Rewriting(ports="drop"),
        Rewriting(ports="as-fields"),
        Rewriting(ports="rewrite-source", source_port=9999),
        Rewriting(dcs_map={4: 0xF5}),
        pytest.param(Rewriting(dcs_map={4: 0x15}), marks=LONG),
    ],
    ids=[
        "ports dropped",
        "ports as fields",
        "source port changed",
        "class changed",
        "coding group changed",
    ],
)
def test_what_gateways_rewrite(rewriting):
    async def scenario(each):
        await chat(each, 1)

    play(scenario, rewriting=rewriting)


def test_withheld_part_is_asked_for_again():
    async def scenario(each):
        await chat(each, 1)
        assert each.network.journal.totals()["lost"] >= 2

    play(scenario, faults=Faults(withhold_part=4))


@pytest.mark.parametrize("carrier", ["smpp", "sim800"])
def test_carriers(carrier):
    async def scenario(each):
        await chat(each, 1)

    play(scenario, carrier=carrier)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(storage_size=5),
        pytest.param(Settings(drop_cmti_every=2), marks=LONG),
        Settings(delete_works=False),
    ],
    ids=["small store", "indications lost", "delete without effect"],
)
def test_modems(settings):
    async def scenario(each):
        for user in (ANNA, BO):
            await each.bearer(user, "sim800", settings)
        await chat(each, 1)

    play(scenario, speed=20)


def test_login_over_sms_then_http():
    async def scenario(each):
        anna = await each.client(ANNA)
        bo = Client(http(each.running.url), BO, "secret", 3)
        each.clients.append(bo)
        await each.do(anna.login)
        await each.do(bo.login)
        identity = anna.session.id
        before = len(each.network.journal.rows())
        anna.move(http(each.running.url), "wbxml")
        await each.do(bo.send, ANNA, "Now over HTTP")
        (event,) = await each.events(anna, 1)
        assert event.text == "Now over HTTP"
        await each.do(anna.send, BO, "Indeed")
        assert anna.session.id == identity
        live = each.service.sessions.get(identity)
        assert live.number == "" and live.syntax == "wbxml"
        await each.do(anna.logout)
        # the message that was on its way when the client moved, in two parts
        assert len(each.network.journal.rows()) <= before + 2

    play(scenario)


def test_forced_out():
    async def scenario(each):
        anna = await each.client(ANNA)
        await each.do(anna.login)
        other = Client(http(each.running.url), ANNA, "secret", 3)
        each.clients.append(other)
        await each.do(other.login)
        with pytest.raises(StatusError) as caught:
            await each.events(anna, 1)
        assert caught.value.args[0] == 601

    play(scenario)


def test_spoofed_and_malformed_messages_change_nothing():
    async def scenario(each):
        anna = await each.client(ANNA)
        await each.do(anna.login)
        spoof = f"WV13DI5 SI={anna.session.id} ST=601".encode()
        header = (ports_element(3590, 3590),)
        for sender, body in (
            ("+15550666", spoof),
            (SERVICE, b"WV13"),
            (SERVICE, b"\0" * 133),
            (SERVICE, b"WV13NM7 SI=((("),
            (SERVICE, b"WV13PN8ab "),
            (SERVICE, b"WV13QQ9 ZZ=1"),
        ):
            each.network.centre.submit(Message(sender, A, body, header))
        await each.events(anna, 1, 30000)
        assert anna.bearer.strangers == 1 and anna.bearer.garbage >= 3
        await each.do(anna.send, ANNA, "Still here")
        (event,) = await each.events(anna, 1)
        assert event.text == "Still here"

    play(scenario)


def test_malformed_requests_do_not_stop_the_service():
    async def scenario(each):
        for body in (b"", b"WV13", b"WV13LR9", b"WV13LR9 UI=((", b"WV13ZZ5 A", b"\xff" * 133):
            each.network.centre.submit(Message(A, SERVICE, body, (ports_element(3590, 3590),)))
        anna = await each.client(ANNA)
        await each.do(anna.login)
        await each.do(anna.logout)

    play(scenario)


def test_too_long_is_refused_before_it_costs():
    async def scenario(each):
        anna = await each.client(ANNA)
        await each.do(anna.login)
        sent = anna.bearer.sent
        with pytest.raises(Exception) as caught:
            await each.do(anna.send, BO, "x" * 4000)
        assert caught.value.args[0] == 49 and anna.bearer.sent == sent
        await each.do(anna.logout)

    play(scenario)


def test_asyncio_client_sends_while_it_listens():
    async def scenario(each):
        anna = await each.client(ANNA, kind=AsyncClient)
        bo = await each.client(BO)
        await anna.login()
        await each.do(bo.login)
        got = []

        async def listen():
            async for event in anna.events():
                if event.kind == "message":
                    got.append(event.text)

        listening = asyncio.create_task(listen())
        await anna.send(BO, "One")
        assert [e.text for e in await each.events(bo, 1)] == ["One"]
        await each.do(bo.send, ANNA, "Two")
        for _ in range(2000):
            if got:
                break
            await asyncio.sleep(0.02)
        assert got == ["Two"]
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await anna.logout()

    play(scenario)


def test_notices_over_sms_for_http_through_the_modem():
    async def scenario(each):
        ear = await each.bearer(ANNA, "sim800", cir=SERVICE)
        bearer = ModemHttp(
            ear.port, ear.modem, SIM800, each.running.url.encode(), b"internet", ear=ear
        )
        anna = Client(bearer, ANNA, "secret", 2, "wbxml")
        bo = Client(http(each.running.url), BO, "secret", 2)
        each.clients += [anna, bo]
        await each.do(anna.login)
        await each.do(bo.login)
        anna.session.gap = anna.session.least = 86400000  # nothing but a notice makes it poll

        def listen():
            return next(iter(anna.events(20000)))

        listening = asyncio.create_task(asyncio.to_thread(listen))
        await asyncio.sleep(1.5)
        await each.do(bo.send, ANNA, "Wake up")
        assert (await listening).text == "Wake up"
        texts = [row for row in each.network.journal.rows() if row["destination_port"] == 3716]
        assert {row["destination"] for row in texts} == {SERVICE, A}

    play(scenario, speed=20)


@pytest.mark.parametrize("version, method, port", [(3, "SSMS", 3716), (2, "WAPSMS", 2948)])
def test_notices_over_sms_are_offered_and_agreed(version, method, port):
    async def scenario(each):
        number = SERVICE if version < 3 else None  # from 1.3 on the service tells it
        ear = await each.bearer(ANNA, "ec2x", cir=number)
        bearer = http(each.running.url)
        anna = Client(bearer, ANNA, "secret", version, cir=cir(method, sms=ear))
        bo = Client(http(each.running.url), BO, "secret", version)
        each.clients += [anna, bo]
        await each.do(anna.login)
        await each.do(bo.login)
        live = each.service.sessions.get(anna.session.id)
        assert live.capabilities.cir == (method,) and not live.cir_number
        anna.session.gap = anna.session.least = 86400000  # nothing but a notice makes it poll
        listening = asyncio.create_task(each.events(anna, 1, 2400000))
        while not live.cir_number:  # HELO came
            await asyncio.sleep(0.02)
        await each.do(bo.send, ANNA, "Wake up")
        assert [event.text for event in await listening] == ["Wake up"]
        assert ear.cir == SERVICE
        rows = each.network.journal.rows()
        assert {(r["destination"], r["destination_port"]) for r in rows} == {
            (SERVICE, 3716),
            (A, port),
        }

    play(scenario)


def test_split_and_join():
    message = b"WV13UP58 " + os.urandom(700).replace(b" ", b"_")
    parts = split(message)
    assert max(map(len, parts)) == 133 and len(parts) == 6
    joiner = Joiner(lambda: 0.0)
    for part in (*parts[3:], *parts[:2], parts[4], parts[4]):
        assert joiner.put("a", part) is None
        assert joiner.put("b", part) is None
    assert joiner.put("a", parts[2]) == message
    with pytest.raises(ValueError):
        joiner.put("a", b"Hello")
