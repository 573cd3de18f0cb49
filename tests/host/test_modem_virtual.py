"""The modem driver against the virtual modems of tools/gsm, over a wire and over a pty.

Numbers in the names are the rows of modem-quirks.md; the settings are column "S should offer".
"""

import asyncio

import pytest
from gsm_wire import SERVICE, A, Inbox, Wire, play

from microimps.errors import PeerError
from microimps.ports.cpython.serial import AsyncLine
from microimps.sms_bearer import profiles
from microimps.sms_bearer.at import At
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.submit import Submit
from microimps.tools.gsm import Network, Settings

READ, WRITE = 2, 3

FAMILIES = {
    "sim800": profiles.SIM800,
    "sim7600": profiles.SIM7600,
    "ec2x": profiles.QUECTEL_EC2X,
    "bg9x": profiles.QUECTEL_BG9X,
    "sara": profiles.SARA,
    "telit": profiles.TELIT,
    "generic": profiles.GENERIC,
}


class Driver:
    """The driver on a wire to a virtual modem, on the network's time."""

    def __init__(self, network, virtual, profile=profiles.GENERIC, line=None, **settings):
        self.network = network
        self.clock = network.clock
        self.wire = line or Wire(virtual)
        self.virtual = virtual
        self.centre = Inbox(network)
        self.direct = []
        self.modem = Modem(
            At(lambda: int(self.clock.time() * 1000) & 0x1FFFFFFF),
            profile,
            on_direct=lambda received: self.direct.append(
                (received.kind, received.mr if received.kind else 0)
            ),
            **settings,
        )

    async def do(self, flow):
        at = self.modem.at
        answer = None
        try:
            while True:
                step = flow.send(answer)
                answer = None
                if step == READ:
                    answer = await self.read(at.view, at.ms)
                elif step == WRITE:
                    await self.write(bytes(at.view))
                else:
                    await self.clock.sleep(at.ms / 1000)
        except StopIteration as end:
            return end.value

    async def read(self, view, ms):
        if not isinstance(self.wire, Wire):
            return await self.wire.readinto(view, ms / self.clock.speed)
        end = self.clock.time() + ms / 1000
        while not self.wire.said:
            if self.clock.time() >= end:
                return 0
            await asyncio.sleep(0.001)
        n = min(len(view), len(self.wire.said))
        view[:n] = self.wire.said[:n]
        self.wire.said = self.wire.said[n:]
        return n

    async def write(self, octets):
        if isinstance(self.wire, Wire):
            self.virtual.feed(octets)
        else:
            await self.wire.write(octets, 1000)

    async def send(self, body=b"WV1", report=False):
        submit = Submit()
        submit.flags |= 0x20 if report else 0
        submit.open(SERVICE)
        submit.element(5, 4, 3590, 3590)
        submit.write(body)
        return await self.do(self.modem.send(submit))

    def arrive(self, *bodies):
        """The service sends these to the modem."""
        for body in bodies:
            self.centre.application.send(A, body, ports=(3590, 3590))

    async def receive(self, count, ms=600000):
        """Read and delete `count` messages; their bodies, sorted."""
        got = []
        end = self.clock.time() + ms / 1000
        while len(got) < count and self.clock.time() < end:
            slot = await self.do(self.modem.wait(5000))
            if slot >= 0 and await self.do(self.modem.read(slot)) == 0:
                pdu = self.modem.pdu
                got.append(bytes(pdu.buf[pdu.start : pdu.stop]))
                await self.do(self.modem.delete(slot))
        return sorted(got)

    async def arrived(self):
        """What the service has, when nothing is in flight any more."""
        await self.network.drain()
        return [message.body for message in self.centre.messages]


def scenario(work, family="generic", settings=None, speed=50, **options):
    async def run():
        async with Network(speed=speed) as network:
            virtual = await network.add_modem(A, family, settings, pty=False, **options)
            await work(Driver(network, virtual, FAMILIES[family]))

    play(run)


async def round_trip(driver):
    assert await driver.send(b"WVout") >= 0
    driver.arrive(b"WVin")
    assert await driver.receive(1) == [b"WVin"]
    assert await driver.arrived() == [b"WVout"]


async def refused(flow):
    with pytest.raises(PeerError) as caught:
        await flow
    return caught.value.args


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("cold", [False, True], ids=["on", "cold"])
def test_row_1_every_family(family, cold):
    async def work(driver):
        await round_trip(driver)
        await driver.clock.sleep(30)  # the last start-up lines
        await round_trip_again(driver)

    async def round_trip_again(driver):
        driver.centre.messages.clear()
        await round_trip(driver)

    scenario(work, family, cold=cold)


QUIRKS = {
    "2 SIM being read": Settings(ready_delay=20),
    "2 plain ERROR meanwhile": Settings(ready_delay=20, ready_error=None),
    "2 CMS error meanwhile": Settings(ready_delay=20, ready_error=515),
    "6 first octets lost": Settings(lose_first=5),
    "7 octet lost after a pause": Settings(lose_after_idle=3),
    "8 indication before": Settings(urc_at=frozenset({"before"})),
    "8 indication inside": Settings(urc_at=frozenset({"inside"})),
    "8 indication after": Settings(urc_at=frozenset({"after"})),
    "8 indication at the prompt": Settings(urc_at=frozenset({"prompt"})),
    "9 same prefix": Settings(urc_at=frozenset({"before", "inside"}), urc_text="+CREG: 5"),
    "10 echo with LF": Settings(echo="on", echo_end="crlf"),
    "10 echo without end": Settings(echo="on", echo_end="none"),
    "11 bare prompt": Settings(prompt_form="bare"),
    "11 prompt and CR": Settings(prompt_form="cr"),
    "11 prompt and CR LF": Settings(prompt_form="crlf-after"),
    "11 text before the prompt": Settings(text_around="Enter message"),
    "13 bad index": Settings(cmti_bad_index=True),
    "14 indication held back": Settings(urc_hold=0.5),
    "14a stray octets": Settings(noise=b"\0\xff"),
    "15 late result": Settings(cmgs_delay=55),
    "16 error 500 once": Settings(cmgs_answer="error", cmgs_times=1),
    "22 indications lost": Settings(drop_cmti_every=1),
    "23 other store": Settings(store_in="ME"),
    "24 small store": Settings(storage_size=5),
    "30 asleep": Settings(wake_every=120),
    "CR only": Settings(line_end="cr"),
    "no CR LF in front": Settings(line_end="trailing"),
    "ERROR and OK": Settings(ok_after_error=True),
    "no +CNMI": Settings(missing=frozenset({"+CNMI"})),
    "no +CPMS": Settings(missing=frozenset({"+CPMS"})),
    "no +CMGL": Settings(missing=frozenset({"+CMGL"})),
    "no +CSMS": Settings(missing=frozenset({"+CSMS"})),
    "no +CPIN": Settings(missing=frozenset({"+CPIN"})),
}


@pytest.mark.parametrize("name", QUIRKS)
def test_round_trip_in_spite_of(name):
    scenario(round_trip, settings=QUIRKS[name])


def test_row_4_bad_stored_profile():
    async def work(driver):
        for _ in range(3):
            assert (await refused(driver.send()))[0] == 225
        await driver.send(b"WV4")
        assert await driver.arrived() == [b"WV4"]

    scenario(work, settings=Settings(bad_profile=True))


@pytest.mark.parametrize(("moment", "there"), [("sent", 1), ("unsent", 0)])
def test_row_5_restart_while_sending_is_unknown(moment, there):
    async def work(driver):
        assert await refused(driver.send()) == (226,)
        assert len(await driver.arrived()) == there
        await driver.send(b"WV2")  # set up again by itself
        assert len(await driver.arrived()) == there + 1

    scenario(work, "sim800", Settings(restart_at=moment))


def test_row_12_no_prompt():
    async def work(driver):
        assert (await refused(driver.send()))[0] == 227
        driver.virtual.settings.prompt_form = "bare"
        await driver.send(b"WV2")
        assert await driver.arrived() == [b"WV2"]

    scenario(work, settings=Settings(prompt_form="none"))


@pytest.mark.parametrize(("answer", "there"), [("none", 0), ("none-but-sent", 1)])
def test_row_15_no_result_is_unknown(answer, there):
    async def work(driver):
        assert await refused(driver.send()) == (226,)
        assert len(await driver.arrived()) == there
        driver.virtual.settings.cmgs_answer = "ok"
        await driver.send(b"WV2")
        assert len(await driver.arrived()) == there + 1

    scenario(work, settings=Settings(cmgs_answer=answer))


@pytest.mark.parametrize(("number", "code"), [(500, 225), (38, 225), (69, 224), (28, 224)])
def test_rows_16_and_17_errors_are_sorted_and_reported(number, code):
    async def work(driver):
        args = await refused(driver.send())
        assert args[:2] == (code, number)
        assert args[3][1] == 1  # registered

    scenario(work, settings=Settings(cmgs_answer="error", cmgs_error=number))


def test_row_19_packet_domain_only():
    async def work(driver):
        args = await refused(driver.send())
        assert args[0] in (224, 225)
        assert args[3][1] not in (1, 5) and args[3][2] in (1, 5)

    scenario(work, "sim800", settings=Settings(domain="packet"))


def test_row_25_delete_without_effect():
    async def work(driver):
        driver.arrive(b"WV1")
        assert await driver.receive(1) == [b"WV1"]
        assert await driver.receive(1, 700000) == []  # two listings later
        driver.arrive(b"WV2")
        assert await driver.receive(1) == [b"WV2"]

    scenario(work, settings=Settings(delete_works=False), speed=200)


@pytest.mark.parametrize("style", ["direct", "stored", "stored-elsewhere"])
def test_row_27_status_reports(style):
    async def work(driver):
        await driver.do(driver.modem.start())
        reference = await driver.send(report=True)
        kinds = []
        for _ in range(20):
            slot = await driver.do(driver.modem.wait(5000))
            if slot >= 0 and await driver.do(driver.modem.read(slot)) == 2:
                kinds.append((2, driver.modem.pdu.mr))
            if kinds or driver.direct:
                break
        assert kinds + driver.direct == [(2, reference)]

    scenario(work, "ec2x", Settings(report_style=style))


def test_row_28_confirmation():
    async def work(driver):
        driver.modem.mt = 2
        await driver.do(driver.modem.start())
        driver.arrive(b"WV1", b"WV2", b"WV3")
        for _ in range(20):
            assert await driver.do(driver.modem.wait(5000)) == -1
        assert [kind for kind, _ in driver.direct] == [0, 0, 0]

    scenario(work, settings=Settings(missing=frozenset({"+CSMS=0"})))


def test_row_31_fifty_messages():
    async def work(driver):
        bodies = [b"WV%02d" % i for i in range(50)]
        driver.arrive(*bodies)
        assert await driver.receive(50) == bodies

    scenario(work, sim_size=60)


@pytest.mark.parametrize("every", [5, 9])
def test_half_lines_lose_nothing(every):
    async def work(driver):
        bodies = [b"WV%d" % i for i in range(5)]
        driver.arrive(*bodies)
        got = set()
        for _ in range(200):
            try:
                slot = await driver.do(driver.modem.wait(5000))
                if slot >= 0 and await driver.do(driver.modem.read(slot)) == 0:
                    pdu = driver.modem.pdu
                    got.add(bytes(pdu.buf[pdu.start : pdu.stop]))
            except PeerError:
                driver.modem.due.add(0)
            if len(got) == 5:
                break
        assert sorted(got) == bodies

    scenario(work, settings=Settings(truncate_every=every), speed=200)


def test_pin():
    async def work(driver):
        driver.modem.pin = b"1234"
        await round_trip(driver)

    scenario(work, pin="1234")


def test_silence():
    async def work(driver):
        assert await refused(driver.do(driver.modem.start())) == (220,)
        driver.virtual.settings.silent = frozenset()
        await round_trip(driver)

    scenario(work, settings=Settings(silent=frozenset({"*"})), speed=200)


def test_restart_at_any_moment():
    async def work(driver):
        for i in range(10):
            driver.arrive(b"WV%d" % i)
            if i % 3 == 0:
                driver.virtual.restart()
        assert await driver.receive(10) == [b"WV%d" % i for i in range(10)]

    scenario(work, "sim7600")


def test_over_a_pty():
    async def run():
        async with Network(speed=20) as network:
            virtual = await network.add_modem(A, "sim800")
            line = AsyncLine(virtual.device)
            driver = Driver(network, virtual, profiles.SIM800, line)
            await round_trip(driver)
            line.close()

    play(run)
