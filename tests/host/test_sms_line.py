"""The line to the modem, through the whole chain: direct delivery (+CMT) with +CNMA, and a cable
that is pulled out in the middle of a session; clients on CPython and on MicroPython."""

import asyncio
import contextlib
import os
import sys

import pytest
from gsm_wire import SERVICE, A
from sms_world import ANNA, BO, play

from conftest import ROOT
from microimps import Client
from microimps.ports import http, sms
from microimps.tools.gsm import Settings
from microimps.tools.sim import Limits

# +CSMS=1 holds: each message needs its +CNMA, within 15 s of the wall
CONFIRMED = Settings(missing=frozenset({"+CSMS=0"}), cnma_timeout=600)
PROGRAM = ROOT / "tests" / "device" / "talk.py"


@contextlib.asynccontextmanager
async def board(command, device, mt=1):
    """The program of the device; queue of the lines that it prints, the last one empty."""
    process = await asyncio.create_subprocess_exec(
        *command,
        *(str(PROGRAM), str(device), SERVICE, ANNA, str(mt)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = asyncio.Queue()

    async def listen():
        while line := (await process.stdout.readline()).decode():
            said.put_nowait(line.strip())
        said.put_nowait("")

    listening = asyncio.create_task(listen())
    try:
        yield said
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await listening


LONG = pytest.mark.long


def on(*runtimes):
    """Run on these, on the others only among the long tests."""
    each = ("MicroPython", "CPython")
    cases = [pytest.param(name, marks=() if name in runtimes else LONG) for name in each]
    return pytest.mark.parametrize("command", cases, indirect=True)


@pytest.fixture
def command(request, monkeypatch):
    """What runs the program."""
    if request.param == "CPython":
        return [sys.executable, "-u"]
    staged = request.getfixturevalue("staged")
    monkeypatch.setenv("MICROPYPATH", f"{staged}{os.pathsep}.frozen")
    return [request.getfixturevalue("micropython"), "-X", "heapsize=128K"]


async def until(said, *wanted):
    """What was printed up to the first line that is one of those; fails where the program ends."""
    lines = []
    while not lines or lines[-1] not in wanted:
        lines.append(await said.get())
        assert lines[-1], "\n".join(lines)
    return lines


async def bo_of(each):
    bo = Client(http(each.running.url), BO, "secret", 3)
    each.clients.append(bo)
    await each.do(bo.login)
    return bo


async def texts(each, client, count):
    """Texts of so many messages, polled for, and of any more that come at once."""
    found = []
    left = 400  # looks
    while left and len(found) < count:
        left -= 1
        await asyncio.sleep(0.05)
        found += [event.text for event in await each.do(lambda: list(client.events(0)))]
    return found + [event.text for event in await each.do(lambda: list(client.events(0)))]


@on("MicroPython", "CPython")
def test_direct_delivery(command):
    """The modem stores nothing, and the network wants every message confirmed."""

    async def scenario(each):
        virtual = await each.network.add_modem(A, settings=CONFIRMED)
        bo = await bo_of(each)
        async with board(command, virtual.device, mt=2) as said:
            await until(said, "login")
            await each.do(bo.send, ANNA, "One")
            await each.do(bo.send, ANNA, "Bye")
            lines = await until(said, "done")
        assert lines == ["message One", "sent", "message Bye", "sent", "done"]
        assert await texts(each, bo, 2) == ["Got One", "Got Bye"]
        assert not virtual.stores["SM"].slots
        rows = each.network.journal.rows(destination=A)
        assert rows and all(row["deliveries"] == 1 for row in rows)  # none came again: confirmed
        taken = [r["body"].split()[0] for r in each.network.journal.rows(destination=SERVICE)]
        assert taken.count(b"WV13NX1") == 1  # an answer costs one message, and no more

    play(scenario, limits=Limits(sms_retransmit=2400))


@on("MicroPython")
def test_cable_pulled_while_listening(command, tmp_path):
    async def scenario(each):
        link = tmp_path / "modem"
        virtual = await each.network.add_modem(A, link=link)
        cable = virtual.endpoints[0]
        bo = await bo_of(each)
        async with board(command, link) as said:
            await until(said, "login")
            await each.do(bo.send, ANNA, "One")
            assert await until(said, "sent") == ["message One", "sent"]
            assert await texts(each, bo, 1) == ["Got One"]
            cable.unplug()
            broken = (await said.get()).split()
            assert broken[0] == "broken"  # an OSError
            await each.do(bo.send, ANNA, "Two")  # arrives at the modem meanwhile
            cable.plug()
            await each.do(bo.send, ANNA, "Bye")
            lines = await until(said, "done")
        told = [line for line in lines if not line.startswith("broken")]
        assert told == ["message Two", "sent", "message Bye", "sent", "done"]
        assert await texts(each, bo, 2) == ["Got Two", "Got Bye"]

    play(scenario)


@on("CPython")
def test_cable_pulled_while_sending(command, tmp_path):
    """The network has taken the message, and the client cannot know: it arrives once."""

    async def scenario(each):
        link = tmp_path / "modem"
        virtual = await each.network.add_modem(A, link=link)
        cable = virtual.endpoints[0]
        bo = await bo_of(each)
        async with board(command, link) as said:
            await until(said, "login")
            loop = asyncio.get_running_loop()
            pulled = []

            def pull(hop):
                message = hop.message
                if not pulled and hop.name == "accepted" and b"Got Bye" in message.body:
                    pulled.append(message)
                    cable.unplug()
                    loop.call_later(0.2, cable.plug)

            each.network.journal.listeners.append(pull)
            await each.do(bo.send, ANNA, "Bye")
            await until(said, "done")
        assert pulled
        assert await texts(each, bo, 1) == ["Got Bye"]
        again = [r for r in each.network.journal.rows() if b"Got Bye" in r["body"]]
        assert len(again) > 1  # sent again, under the same TransactionID
        assert len({row["body"] for row in again}) == 1

    play(scenario)


def test_no_line_at_all_is_an_error(tmp_path):
    """A task ends with OSError once its repeats are used up; the next one opens the line again."""

    async def scenario(each):
        link = tmp_path / "modem"
        virtual = await each.network.add_modem(A, link=link)
        bearer = sms(str(link), SERVICE, timeout=200)
        bearer.modem.gap_ms = 0
        anna = await each.client(ANNA, bearer=bearer, retries=1)
        await each.do(anna.login)
        cable = virtual.endpoints[0]
        cable.unplug()
        with pytest.raises(OSError):
            await each.do(anna.send, BO, "Lost?")
        cable.plug()
        bo = await bo_of(each)
        await each.do(anna.send, BO, "Not lost")
        assert await texts(each, bo, 1) == ["Not lost"]

    play(scenario)
