"""A message of 26 parts is received in the same heap as one of a single part, on MicroPython."""

import asyncio
import os
import re

import pytest
from gsm_wire import SERVICE, A

from microimps.tools.gsm import Network
from microimps.tools.sim import Account, Config, Service
from microimps.tools.sim.carriers import NetworkCarrier
from microimps.tools.sim.sms import SmsFace

HEAP = "87K"  # what tools/footprint/budgets.py holds, 58 KB, on 64 bits
MOST = 98  # contacts whose list just fits into 26 parts

BOARD = (
    """
import gc, sys
gc.threshold(1024)
from microimps import Client
from microimps.ports import sms
bearer = sms(sys.argv[1], "%s", timeout=20000)
bearer.modem.gap_ms = 0
client = Client(bearer, "wv:anna@im.example.com", "secret", 3, "pts", schemes=())
client.login()
n = 0
for address, nick in client.contacts("big"):
    n += 1
assert not [name for name in sys.modules if "pts." in name or "codec" in name]
gc.collect()
print("contacts", n, gc.mem_alloc())
client.close()
"""
    % SERVICE
)


async def contacts(micropython, staged, count):
    """(contacts read, octets of heap in use then, parts of the longest message)"""
    members = tuple(f"wv:u{i:03}=Contact number {i:03}" for i in range(count))
    config = Config(users=(Account("anna", "secret", lists={"big": members}),))
    async with Network(speed=20) as network:
        device = (await network.add_modem(A, sim_size=40)).device
        service = Service(config, network.clock.time)
        face = SmsFace(service, NetworkCarrier(network, SERVICE), SERVICE)
        await face.start()
        process = await asyncio.create_subprocess_exec(
            *(micropython, "-X", f"heapsize={HEAP}", "-c", BOARD, device),
            env={**os.environ, "MICROPYPATH": f"{staged}:.frozen"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output = (await asyncio.wait_for(process.communicate(), 100))[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
            await face.stop()
            service.close()
        bodies = [row["body"] for row in network.journal.rows(destination=A)]
    found = re.search(r"^contacts (\d+) (\d+)", output, re.M)
    assert found, output
    letters = [re.match(rb"WV13ML\d+([a-z])([a-z]) ", body) for body in bodies]
    parts = max((each[2][0] - 96 for each in letters if each), default=1)
    return int(found[1]), int(found[2]), parts


@pytest.mark.parametrize("count", [1, MOST])
def test_in_the_same_heap(micropython, staged, count):
    read, used, parts = asyncio.run(contacts(micropython, staged, count))
    print(f"{read} contacts in {parts} parts: {used} octets in use")
    assert read == count
    assert parts == (1 if count == 1 else 26)
