"""CSP over WSP through Kannel's WAP gateway, in front of the simulated service.

Kannel takes WSP at port 9200 of an address: each run has one of its own in 127/8. A second
referee, Wireshark, reads the datagrams that went to it.
"""

import asyncio
import os
import socket
import struct
import subprocess
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from ends import Friend, board, printed
from peer import Peer, granted, negotiated, result
from test_wtp import SENT, URL, contacts, start
from third_party import Daemon, drive, free_ports

from conftest import need
from microimps import Client, PeerError, StatusError
from microimps.ports import cir, wsp
from microimps.tools.sim.config import Account, Config
from microimps.tools.sim.server import serve
from microimps.wsp_bearer import WspBearer

__all__ = ("board",)  # a fixture

pytestmark = pytest.mark.interop

HEAP = "160K"
LONG = 1000  # contacts: several messages of many segments
TEXT = "through the gateway: h\u00e9 <you> & \U0001f600 " * 4
ONE, TWO = "wv:anna@im.example.com", "wv:bo@im.example.com"


@asynccontextmanager
async def gateway(folder):
    """Address of a running gateway."""
    bearerbox, wapbox = need("bearerbox"), need("wapbox")
    pid = os.getpid()
    address = f"127.{77 + pid // 65536 % 100}.{pid // 256 % 256}.{pid % 254 + 1}"
    admin, box = free_ports(2)
    config = folder / "kannel.conf"
    config.write_text(f"""
group = core
admin-port = {admin}
admin-password = secret
admin-interface = 127.0.0.1
wapbox-port = {box}
wdp-interface-name = "{address}"
box-allow-ip = 127.0.0.1
log-file = {folder}/bearerbox.log

group = wapbox
bearerbox-host = 127.0.0.1
log-file = {folder}/wapbox.log
""")
    async with Daemon(bearerbox, config):
        await opened(box)
        async with Daemon(wapbox, config):
            await answers(address)
            yield address


async def opened(port):
    """Wait until something listens at a port; a connection that says nothing ends bearerbox."""
    for _ in range(600):
        if f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text():
            return
        await asyncio.sleep(0.1)
    pytest.fail("bearerbox did not start")


async def answers(address):
    """Wait until the gateway answers a GET of an impossible URL."""
    url = b"http://127.0.0.1:1/"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((address, 9200))
        sock.settimeout(0.3)
        for _ in range(200):
            try:
                sock.send(b"\x01\x40" + bytes((len(url),)) + url)
                if await asyncio.to_thread(sock.recv, 2000):
                    return
            except OSError:
                await asyncio.sleep(0.1)
    pytest.fail("wapbox does not answer")


def converse(url, address, version, syntax, session=False):
    """Two clients, one behind the gateway."""
    bo = Friend(url, TWO, version, syntax).client
    # the machine may be slow, nothing gets lost
    bearer = wsp(address, url, session=session, wait=10000)
    anna = Client(
        bearer, ONE, "kestrel55", version=version, syntax=syntax, cir=cir("STCP", calm=50)
    )
    anna.login()
    name = anna.create_list("friends", "Friends", True, ((TWO, "Bo"),))
    assert name in list(anna.lists())
    assert len(list(anna.contacts())) == 1
    assert anna.send(TWO, TEXT)
    assert [event.text for event in bo.events(0)] == [TEXT]
    bo.send(ONE, TEXT)
    for event in anna.events(60000):  # the notice comes over TCP, the message over WSP
        assert event.text == TEXT
        break
    else:
        pytest.fail("no message")
    assert list(anna.events(0)) == []
    anna.delete_list("friends")
    anna.logout()
    anna.close()
    bo.logout()
    bo.close()


def refused(address):
    """The gateway answers for a service that is not there."""
    client = Client(wsp(address, "http://127.0.0.1:1/"), ONE, "kestrel55", retries=0)
    with pytest.raises(PeerError) as error:
        client.login()
    assert error.value.args[0] == 22 and error.value.args[1] >= 500


def too_long(running, address):
    """An answer that no datagram takes is refused by the service, which was told so."""
    client = Client(wsp(address, running.url, wait=10000), "many", "kestrel55")
    client.login()
    with pytest.raises(StatusError) as error:
        list(client.contacts())
    assert error.value.args[0] == 432
    client.logout()
    wide = wsp(address, running.url, wait=10000, mtu=20000)
    client = Client(wide, "many", "kestrel55")
    client.login()
    assert len(list(client.contacts())) == 100
    client.logout()
    client.close()


def in_segments(running, address, length=LONG):
    """What no datagram takes, either way, is cut up; the longest lists into messages first."""
    bo = Friend(running.url, TWO, 2, "wbxml").client
    for version, name, most, count in ((2, "many", 100000, 100), (3, "long", 30000, length)):
        bearer = wsp(address, running.url, session=True, wait=10000, most=most)
        client = Client(bearer, name, "kestrel55", version=version)
        client.login()
        found = list(client.contacts())
        assert len({address for address, _ in found}) == len(found) == count
        assert client.send(TWO, TEXT * 50)
        client.logout()
        client.close()
    events = list(bo.events(0))
    assert [event.text for event in events] == [None] * 2  # more than is kept
    bo.logout()
    bo.close()


class Relay:
    """Between a client and a gateway: loses and doubles datagrams.

    lose: called with the octets of a datagram, says whether it is lost; every third of the others
    comes twice. ``lost``: how many."""

    def __init__(self, address, lose):
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12")
        self.near.bind(("127.0.0.1", 0))
        self.far.connect((address, 9201))
        self.port = self.near.getsockname()[1]
        self.lose = lose
        self.seen = self.lost = 0
        self.client = None
        self.threads = [threading.Thread(target=run) for run in (self.out, self.back)]

    def out(self):
        while True:
            octets, self.client = self.near.recvfrom(4096)
            if not octets:
                return
            self.carry(octets, self.far.send)

    def back(self):
        while octets := self.far.recv(4096):
            self.carry(octets, lambda octets: self.near.sendto(octets, self.client))

    def carry(self, octets, send):
        if self.lose(octets):
            self.lost += 1
            return
        self.seen += 1
        for _ in range(2 if self.seen % 3 == 0 else 1):
            with suppress(OSError):  # one side has gone
                send(octets)

    @contextmanager
    def running(self):
        for thread in self.threads:
            thread.start()
        yield f"127.0.0.1:{self.port}"
        for sock in (self.near, self.far):  # an empty datagram ends a thread
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                if sock is self.far:
                    sock.shutdown(socket.SHUT_RDWR)
                else:
                    end.sendto(b"", ("127.0.0.1", self.port))
        for thread in self.threads:
            thread.join()
        self.near.close()
        self.far.close()


def mended(each):
    """Loses the first of what a client mends by itself: its own requests, and segments that are
    not the last of their group. What only the gateway repeats takes Kannel 7 s each time."""
    count = 0

    def lose(octets):
        nonlocal count
        kind, trailer = octets[0] >> 3 & 15, octets[0] & 6
        first = not octets[0] & 1 and (kind in (1, 5) or kind == 6 and not trailer)
        count += first
        return first and count % each == 0

    return lose


def lossy(running, address, lose, wait):
    """A client whose datagrams get lost and come twice."""
    relay = Relay(address, lose)
    with relay.running() as near:
        bearer = wsp(near, running.url, session=True, wait=wait, timeout=90000)
        client = Client(bearer, "many", "kestrel55", retries=0)
        client.login()
        for _ in range(2):
            assert len(list(client.contacts())) == 100
            assert client.send(TWO, TEXT * 30)
        client.logout()
        client.close()
    assert relay.lost > 4


def echo(running, address, start, skin, methods="STCP", used="68 True"):
    """The client on MicroPython."""
    bo = Friend(running.url, TWO, 2, "wbxml")
    process = start(HEAP, "echo", skin, ONE, address, running.url, methods, 0, 0)
    try:
        for text in ("a", TEXT, "b"):
            bo.client.send(ONE, text)
            assert bo.next("message", process).text == text
        bo.client.send(ONE, "stop")
        assert printed(process) == ["heard 4 method " + used, "done"]
    finally:
        process.kill()
        bo.client.logout()
        bo.client.close()


def test_wapbox(tmp_path, board):
    accounts = tuple(Account(name, "kestrel55") for name in ("anna", "bo", "many"))

    async def scenario():
        with serve(Config(users=accounts, contacts={"many": 100})) as running:
            async with gateway(tmp_path) as address:
                for version, syntax in ((1, "wbxml"), (2, "xml"), (3, "wbxml")):
                    await asyncio.to_thread(converse, running.url, address, version, syntax)
                for skin in ("sync", "async"):
                    await asyncio.to_thread(echo, running, address, board, skin)
                await asyncio.to_thread(refused, address)
                await asyncio.to_thread(too_long, running, address)

    drive(scenario)


def test_sessions(tmp_path, board):
    """Connection-oriented: a session of WSP, transactions of WTP."""
    accounts = tuple(Account(name, "kestrel55") for name in ("anna", "bo", "many", "long"))
    contacts = {"many": 100, "long": LONG}

    async def scenario():
        with serve(Config(users=accounts, contacts=contacts)) as running:
            async with gateway(tmp_path) as address:
                for version, syntax in ((1, "xml"), (3, "wbxml")):
                    await asyncio.to_thread(converse, running.url, address, version, syntax, True)
                for skin in ("sync", "async"):
                    at = address + ":9201"
                    await asyncio.to_thread(echo, running, at, board, skin, "-", "None None")
                await asyncio.to_thread(in_segments, running, address)
                await asyncio.to_thread(lossy, running, address, mended(3), 100)

    drive(scenario)


@pytest.mark.long
def test_sessions_lose_anything(tmp_path):
    accounts = tuple(Account(name, "kestrel55") for name in ("bo", "many", "long"))
    contacts = {"many": 100, "long": 10000}
    seen = iter(range(1, 1000000))

    def lose(octets):
        return next(seen) % 7 == 0

    async def scenario():
        with serve(Config(users=accounts, contacts=contacts)) as running:
            async with gateway(tmp_path) as address:
                await asyncio.to_thread(in_segments, running, address, 10000)
                await asyncio.to_thread(lossy, running, address, lose, 2000)

    drive(scenario)


class Recorder(Peer):
    """A port whose requests are kept; nobody answers."""

    pdus = ()

    def write(self, view, ms):
        self.pdus += (bytes(view),)

    def readinto(self, view, ms):
        self.now += ms
        raise OSError(110)


def test_wireshark_reads_the_requests(tmp_path):
    """The dissector of a program that nobody here wrote finds method, URL and media type."""
    tshark = need("tshark")
    port = Recorder([])
    url = "http://imps.example.org/" + "x" * 150  # a length of two octets
    for version, syntax in ((2, "wbxml"), (3, "xml")):
        bearer = WspBearer(port, "gw", 9200, url, timeout=100)
        client = Client(bearer, ONE, "kestrel55", version=version, syntax=syntax, retries=0)
        with pytest.raises(OSError):
            client.login()
    shown = dissected(tshark, tmp_path, port.pdus, 9200, WSP_FIELDS)
    assert [line[:3] for line in shown] == [["0x60", url, "*/*"]] * 2
    assert [line[3].rpartition(":wsp:")[2] for line in shown] == ["wbxml", "xml"]


WSP_FIELDS = ("wsp.pdu_type", "wsp.uri", "wsp.header.accept", "frame.protocols")
WTP_FIELDS = ("wtp.pdu_type", "wtp.RID", "wtp.TID", "wtp.inv.transaction_class", "wtp.ack.tvetok")
WTP_FIELDS += (
    "wtp.tpi.psn",
    "wtp.abort.reason.user",
    "wsp.pdu_type",
    "wtp.header.missing_packets",
)
WTP_FIELDS += ("wsp.uri", "wtp.reassembled.length", "_ws.malformed")


def dissected(tshark, folder, pdus, number, fields):
    """What Wireshark says of these fields in datagrams to a gateway."""
    capture = folder / "requests.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for pdu in pdus:
            udp = struct.pack(">HHHH", 40000, number, 8 + len(pdu), 0) + pdu
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
            packet = head + bytes((127, 0, 0, 1, 127, 0, 0, 2)) + udp
            file.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)
    done = subprocess.run(
        [tshark, "-r", capture, "-T", "fields", *(each for f in fields for each in ("-e", f))],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_wireshark_reads_the_transactions(tmp_path):
    """Every kind of PDU of the session layer and the transaction layer; a message put together."""
    tshark = need("tshark")
    client, port = start([granted(), *negotiated(), contacts(60), SENT])
    port.size, port.verify, port.lose, port.drop = 500, 1, (10,), (0,)
    client.login()
    assert len(list(client.contacts("wv:anna/x@d"))) == 60
    port.script.insert(0, contacts(60))
    for _ in client.contacts("wv:anna/x@d"):
        break
    assert client.send(TWO, "x" * 3000) == "m1"
    port.script = [("Status", [result()])]
    client.logout()
    shown = dissected(tshark, tmp_path, port.pdus, 9201, WTP_FIELDS)
    assert not any(line[-1] for line in shown)  # malformed
    kinds = [line[:2] for line in shown]
    assert shown[0][:4] == ["0x01", "0", "0x0011", "0x02"] and shown[0][7] == "0x01"
    assert kinds[1] == ["0x01", "1"] and shown[2][0::4][:2] == ["0x03", "1"]
    assert [line[5] for line in shown if line[5]] == ["2", "4"]  # groups of segments
    assert [line[8] for line in shown if line[0] == "0x07"] == ["2"]  # so many missing
    assert [line[6] for line in shown if line[0] == "0x04"] == ["0xe8"]
    assert [line[9:11] for line in shown if line[0] == "0x05"] == [["", ""], [URL, "3181"]]
    assert shown[-1][3] == "0x00" and shown[-1][7] == "0x05"
