"""Hosts that nobody here wrote drive the virtual modem, sending and receiving.

Each sends plain text, a long text in parts and, where it can, a message with ports; each reads
what an application number sent to it.
"""

import asyncio
import importlib.util
import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from third_party import KANNEL_CORE, KANNEL_SMPP, Daemon, drive, free_ports, run, until

from conftest import need, unavailable
from microimps.tools.gsm import Faults, Network
from microimps.tools.gsm.families import FAMILIES

pytestmark = pytest.mark.interop

MODEM = "+447700900001"
SERVICE = "+15553590"
LONG = "A message that is too long for one SMS: " + " ".join(["0123456789"] * 20)


class Inbox:
    """What an application number received, joined where it came in parts."""

    def __init__(self, network, number=SERVICE):
        self.messages = []
        self.application = network.register(number, self.take)

    async def take(self, message):
        self.messages.append(message)

    async def wait(self, count, timeout=90):
        await until(lambda: len(self.messages) >= count, timeout)
        return self.messages

    def joined(self):
        parts = sorted((m for m in self.messages if m.part), key=lambda m: m.part[2])
        assert [m.part[2] for m in parts] == list(range(1, parts[0].part[1] + 1))
        assert len({m.part[0] for m in parts}) == 1
        return "".join(m.text for m in parts)


# gammu


@pytest.fixture(scope="module")
def gammu_runs(tmp_path_factory):
    """Family -> None, or what went wrong there. All at once: gammu spends its time waiting."""
    program = need("gammu")
    folder = tmp_path_factory.mktemp("gammu")

    async def scenario():
        runs = (gammu(program, folder, family) for family in FAMILIES)
        return await asyncio.gather(*runs, return_exceptions=True)

    return dict(zip(FAMILIES, drive(scenario), strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_gammu(gammu_runs, family):
    if gammu_runs[family] is not None:
        raise gammu_runs[family]


async def gammu(program, folder, family):
    config, batch = folder / f"{family}.rc", folder / f"{family}.batch"
    batch.write_text(
        "identify\n"
        f'sendsms TEXT {SERVICE} -text "hello imps"\n'
        f'sendsms TEXT {SERVICE} -len 400 -text "{LONG}"\n'
        f"sendsms WAPINDICATOR {SERVICE} http://a.example/ title\n"
        "getallsms\n"
    )
    async with Network() as network:
        modem = await network.add_modem(MODEM, family)
        config.write_text(f"[gammu]\ndevice = {modem.device}\nconnection = at\n")
        inbox = Inbox(network)
        inbox.application.send(MODEM, "a reply")
        inbox.application.send(MODEM, b"WV", ports=(3590, 3590))
        await network.drain()
        shown = await run(program, "-c", config, "batch", batch)
        assert modem.family.model in shown and modem.imei in shown
        assert "a reply" in shown and SERVICE in shown
        assert "2 SMS parts in" in shown  # both stores are listed, neither twice
        assert inbox.messages.pop(0).text == "hello imps"
        assert inbox.messages.pop().ports[0] == 2948
        assert inbox.joined() == LONG


# gammu-smsd


def test_gammu_smsd(tmp_path):
    daemon = need("gammu-smsd")
    inject = need("gammu-smsd-inject")
    for name in ("inbox", "outbox", "sent", "error"):
        (tmp_path / name).mkdir()

    async def scenario():
        async with Network() as network:
            modem = await network.add_modem(MODEM, "ec2x")
            inbox = Inbox(network)
            config = tmp_path / "smsdrc"
            config.write_text(
                f"[gammu]\ndevice = {modem.device}\nconnection = at\n"
                f"[smsd]\nservice = files\nlogfile = {tmp_path}/log\ncommtimeout = 1\n"
                f"inboxpath = {tmp_path}/inbox/\noutboxpath = {tmp_path}/outbox/\n"
                f"sentsmspath = {tmp_path}/sent/\nerrorsmspath = {tmp_path}/error/\n"
            )
            await run(inject, "-c", config, "TEXT", SERVICE, "-text", LONG, "-len", "400")
            inbox.application.send(MODEM, "for the inbox")
            async with Daemon(daemon, "-c", config):
                await inbox.wait(2)
                await until(lambda: list((tmp_path / "inbox").iterdir()))
                await until(lambda: not modem.stores["ME"].used)
            assert inbox.joined() == LONG
            (file,) = (tmp_path / "inbox").iterdir()
            assert file.read_text() == "for the inbox"
            assert SERVICE in file.name

    drive(scenario)


# smstools3

PORTS = "06 05 04 0E 06 0E 06"


def test_smstools(tmp_path):
    smsd = need("smsd")
    for name in ("outgoing", "checked", "sent", "failed", "incoming", "report"):
        (tmp_path / name).mkdir()

    async def scenario():
        async with Network() as network:
            modem = await network.add_modem(MODEM, "sim7600")
            inbox = Inbox(network)
            config = tmp_path / "smsd.conf"
            config.write_text(
                f"devices = GSM1\nlogfile = {tmp_path}/log\nloglevel = 7\ndelaytime = 1\n"
                f"outgoing = {tmp_path}/outgoing\nchecked = {tmp_path}/checked\n"
                f"sent = {tmp_path}/sent\nfailed = {tmp_path}/failed\n"
                f"incoming = {tmp_path}/incoming\nreport = {tmp_path}/report\n"
                f"infofile = {tmp_path}/running\npidfile = {tmp_path}/pid\n\n"
                f"[GSM1]\ndevice = {modem.device}\nincoming = yes\nreport = yes\n"
                "memory_start = 0\ninit = AT+CNMI=2,1,0,2,0\n"
            )
            (tmp_path / "outgoing" / "text").write_text(f"To: {SERVICE[1:]}\n\n{LONG}")
            (tmp_path / "outgoing" / "ports").write_bytes(
                f"To: {SERVICE[1:]}\nAlphabet: binary\nUDH: true\nUDH-DATA: {PORTS}\n\n".encode()
                + b"WV\0\x01"
            )
            inbox.application.send(MODEM, "for the folder")
            async with Daemon(smsd, "-t", f"-c{config}"):
                await inbox.wait(3)
                await until(lambda: list((tmp_path / "incoming").iterdir()))
                await until(lambda: len(list((tmp_path / "report").iterdir())) >= 1)
            assert inbox.joined() == LONG
            (binary,) = [m for m in inbox.messages if not m.part]
            assert binary.ports == (3590, 3590)
            assert binary.body == b"WV\0\x01"
            (file,) = (tmp_path / "incoming").iterdir()
            assert "for the folder" in file.read_text(errors="replace")

    drive(scenario)


# gnokii


def test_gnokii(tmp_path):
    gnokii = need("gnokii")

    async def scenario():
        async with Network() as network:
            modem = await network.add_modem(MODEM, "telit")
            inbox = Inbox(network)
            config = tmp_path / "gnokiirc"
            config.write_text(
                f"[global]\nmodel = AT\nport = {modem.device}\nconnection = serial\n"
            )
            shown = await run(gnokii, "--config", config, "--identify")
            assert modem.imei in shown and modem.family.model in shown
            await run(gnokii, "--config", config, "--sendsms", SERVICE, stdin="hello from gnokii")
            assert inbox.messages[0].text == "hello from gnokii"
            inbox.application.send(MODEM, "for gnokii")
            await network.drain()
            shown = await run(gnokii, "--config", config, "--getsms", "SM", "1", "1")
            assert "for gnokii" in shown and SERVICE in shown

    drive(scenario)


# Kannel's AT driver, with its HTTP interface in front


class Hook:
    """A loopback HTTP server that keeps the request lines it gets."""

    async def __aenter__(self):
        self.requests = []
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self, reader, writer):
        while line := (await reader.readline()).strip():
            if line.startswith(b"GET "):
                self.requests.append(line.split()[1].decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def __aexit__(self, *_):
        self.server.close()


def kannel_config(tmp_path, smsc, hook):
    admin, box, send = free_ports(3)
    config = tmp_path / "kannel.conf"
    core = KANNEL_CORE.format(admin=admin, box=box, folder=tmp_path)
    config.write_text(f"""{core}
{smsc}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
sendsms-interface = 127.0.0.1
log-file = {tmp_path}/smsbox.log
log-level = 0

group = sendsms-user
username = u
password = p
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{hook.port}/?from=%p&udh=%u&text=%b"
""")
    return config, send


async def http_get(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer.decode()


async def kannel_send(port, **values):
    values = {"username": "u", "password": "p", "from": MODEM, "to": SERVICE, **values}
    for _ in range(600):
        try:
            answer = await http_get(port, "/cgi-bin/sendsms?" + urlencode(values))
        except OSError:  # it is still starting
            await asyncio.sleep(0.1)
            continue
        assert " 202 " in answer.splitlines()[0], answer
        return
    pytest.fail("smsbox did not start")


KANNEL_MODEM = """
group = smsc
smsc = at
smsc-id = modem
modemtype = auto
device = {device}
sim-buffering = true
my-number = {number}

group = modems
id = simulated
name = "simulated"
detect-string = "EC25"
init-string = "AT+CNMI=2,1,0,1,0"
"""


def test_kannel_at(tmp_path):
    bearerbox, smsbox = need("bearerbox"), need("smsbox")

    async def scenario():
        async with Network() as network, Hook() as hook:
            modem = await network.add_modem(MODEM, "ec2x")
            inbox = Inbox(network)
            smsc = KANNEL_MODEM.format(device=modem.device, number=MODEM)
            config, port = kannel_config(tmp_path, smsc, hook)
            async with Daemon(bearerbox, config):
                await until(lambda: "+CNMI" in " ".join(modem.log))  # it is at work
                async with Daemon(smsbox, config):
                    await kannel_send(port, text=LONG)
                    header = bytes.fromhex(PORTS)
                    await kannel_send(port, text=b"WV\0\x01", udh=header, coding=1)
                    await inbox.wait(3)
                    inbox.application.send(MODEM, b"WV reply", ports=(3590, 3590))
                    await until(lambda: hook.requests)
                    await until(lambda: not modem.sim.store.used and not modem.stores["ME"].used)
            assert inbox.joined() == LONG
            (binary,) = [m for m in inbox.messages if not m.part]
            assert (binary.ports, binary.body) == ((3590, 3590), b"WV\0\x01")
            query = parse_qs(urlsplit(hook.requests[0]).query, encoding="latin-1")
            assert query["text"] == ["WV reply"]
            assert query["udh"][0].encode("latin-1") == bytes.fromhex(PORTS)

    drive(scenario)


# python-gsmmodem-new

# The library is safe only on a quiet line: of several indications in one burst it handles the
# first, one that comes while a command is under way it takes for a line of the answer, and what
# it writes because of one may land behind a prompt. So the network takes half a second for each
# message, reports are switched off before several parts go in a row, and the far end sends until
# it was heard.
GSMMODEM = """
import sys, time
from gsmmodem.modem import GsmModem

got, reports = [], []
modem = GsmModem(sys.argv[1], 115200, smsReceivedCallbackFunc=got.append,
                 smsStatusReportCallback=reports.append)
modem.connect()
print("imei", modem.imei, "model", modem.model)
modem.sendSms(sys.argv[2], "hello from python")
end = time.time() + 60
while not reports and time.time() < end:
    time.sleep(0.05)
print("report", reports[0].deliveryStatus)
modem.write("AT+CNMI=2,1,0,0")
modem.sendSms(sys.argv[2], sys.argv[3])
while not got and time.time() < end:
    time.sleep(0.05)
modem.close()
print("got", got[0].number, got[0].text)
"""


def test_python_gsmmodem(tmp_path):
    if importlib.util.find_spec("gsmmodem") is None:
        unavailable("python-gsmmodem-new is not installed")

    async def scenario():
        async with Network(Faults(delay=0.5)) as network:
            modem = await network.add_modem(MODEM, "generic")
            inbox = Inbox(network)
            script = asyncio.create_task(
                run(sys.executable, "-c", GSMMODEM, modem.device, SERVICE, LONG, timeout=80)
            )
            await until(lambda: len(inbox.messages) >= 3 or script.done())
            while not script.done():
                inbox.application.send(MODEM, "for python")
                await asyncio.wait({script}, timeout=2)
            shown = script.result()
            assert f"imei {modem.imei} model {modem.family.model}" in shown
            assert f"got {SERVICE} for python" in shown
            assert inbox.messages.pop(0).text == "hello from python"
            assert inbox.joined() == LONG
            assert "report 0\n" in shown

    drive(scenario)


# serialport-gsm

SERIALPORT_GSM = """
const gsm = require('serialport-gsm');
const [device, number, long] = process.argv.slice(1);
const modem = gsm.Modem();
const fail = e => { console.log('failed', e); process.exit(1); };
setTimeout(() => fail('too slow'), 80000);
let pending = 3;
const done = () => { if (--pending === 0) { modem.close(() => process.exit(0)); } };
modem.on('onNewMessage', m => { console.log('got', m[0].sender, m[0].message); done(); });
modem.open(device, {baudRate: 115200, enableConcatenation: true, autoDeleteOnReceive: true,
  incomingSMSIndication: true, pin: '', customInitCommand: '', logger: undefined},
  e => { if (e) fail(e); });
modem.on('open', () => modem.initializeModem((r, e) => { if (e) fail(e);
  modem.setModemMode((r, e) => { if (e) fail(e);
    modem.sendSMS(number, 'hello from node', false, (r, e) => {
      if (e) fail(e); if (r.data.recipient) done(); });
    modem.sendSMS(number, long, false, (r, e) => {
      if (e) fail(e); if (r.data.recipient) done(); });
  }, false, 20000, 'PDU');
}));
"""


def test_serialport_gsm(tmp_path, root):
    node = need("node")
    modules = [str(root / "build" / "node" / "node_modules"), os.environ.get("NODE_PATH", "")]
    if not any((Path(m) / "serialport-gsm").is_dir() for m in modules if m):
        unavailable("the npm package serialport-gsm is not installed")

    async def scenario():
        async with Network() as network:
            modem = await network.add_modem(MODEM, "sim800")
            inbox = Inbox(network)
            script = asyncio.create_task(
                run(
                    *(node, "-e", SERIALPORT_GSM, modem.device, SERVICE, LONG),
                    env={"NODE_PATH": os.pathsep.join(modules)},
                )
            )
            await inbox.wait(3)
            inbox.application.send(MODEM, "for node")
            shown = await script
            assert f"got {SERVICE[1:]} for node" in shown
            assert inbox.messages.pop(0).text == "hello from node"
            # node-pdu counts one septet too few behind a 16-bit reference, so that the last
            # character of each part lies behind the end of the user data.
            assert [m.text for m in inbox.messages] == [LONG[:132], LONG[133:-1]]
            assert [m.part[1:] for m in inbox.messages] == [(2, 1), (2, 2)]

    drive(scenario)


# Kannel over SMPP: an ESME of the simulated service centre


def test_kannel_smpp(tmp_path):
    bearerbox, smsbox = need("bearerbox"), need("smsbox")

    async def scenario():
        async with Network() as network, Hook() as hook:
            handset = Inbox(network, MODEM)
            (smpp,) = free_ports(1)
            server = await network.serve_smpp(smpp)
            config, port = kannel_config(
                tmp_path, KANNEL_SMPP.format(id="centre", port=smpp), hook
            )
            async with Daemon(bearerbox, config):
                await until(lambda: server.sessions)
                async with Daemon(smsbox, config):
                    await kannel_send(port, text=LONG, to=MODEM, **{"from": SERVICE})
                    header = bytes.fromhex(PORTS)
                    octets = {"udh": header, "coding": 1, "from": SERVICE, "to": MODEM}
                    await kannel_send(port, text=b"WV\0\x01", **octets)
                    await handset.wait(3)
                    handset.application.send(SERVICE, b"WV reply", ports=(3590, 3590))
                    await until(lambda: hook.requests)
                    await network.drain()
            assert handset.joined() == LONG
            (binary,) = [m for m in handset.messages if not m.part]
            assert (binary.ports, binary.body) == ((3590, 3590), b"WV\0\x01")
            query = parse_qs(urlsplit(hook.requests[0]).query, encoding="latin-1")
            assert query["text"] == ["WV reply"]
            assert query["udh"][0].encode("latin-1") == bytes.fromhex(PORTS)

    drive(scenario)
