"""HTTP through the modem: what the commands answer, against a real loopback server."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from gsm_wire import A, Wire, play

from microimps.tools.gsm import Network, Settings

BODY = b"\x03\x0f\x6a\x00 \r\n OK \r\nERROR\r\n"
ANSWER = bytes(range(256))
MEDIA = "application/vnd.wv.csp.wbxml"


class Echo(BaseHTTPRequestHandler):
    """Keeps what it is asked; answers all octets there are."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.asked.append(
            (self.command, self.path, self.headers["Content-Type"], self.rfile.read(length))
        )
        self.do_GET()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def with_modem(scenario, family, settings=None):
    async def run():
        async with Network(speed=20) as network:
            modem = await network.add_modem(A, family, settings, pty=False)
            wire = Wire(modem)
            await wire.ask("ATE0")
            await scenario(wire)

    play(run)


async def simcom_post(wire, url):
    for command in ("+HTTPINIT", f'+HTTPPARA="URL","{url}"', f'+HTTPPARA="CONTENT","{MEDIA}"'):
        assert await wire.ask("AT" + command) == ["OK"]
    wire.modem.feed(b"AT+HTTPDATA=%d,5000\r\n" % len(BODY))  # the LF is not data
    await wire.until(b"\r\nDOWNLOAD\r\n")
    wire.modem.feed(BODY)
    await wire.until(b"\r\nOK\r\n")
    assert await wire.ask("AT+HTTPACTION=1") == ["OK"]


def test_sim800(server):
    async def scenario(wire):
        assert (await wire.ask("AT+HTTPTERM")) == ["ERROR"]
        assert await wire.ask('AT+SAPBR=3,1,"Contype","GPRS"') == ["OK"]
        assert await wire.ask("AT+SAPBR=2,1") == ['+SAPBR: 1,3,"0.0.0.0"', "OK"]
        assert await wire.ask("AT+SAPBR=1,1") == ["OK"]
        assert await wire.ask("AT+SAPBR=2,1") == ['+SAPBR: 1,1,"10.0.0.2"', "OK"]
        await simcom_post(wire, f"http://127.0.0.1:{server.server_port}/imps?x=1")
        await wire.until(rb"\r\n\+HTTPACTION: 1,200,256\r\n")
        assert server.asked == [("POST", "/imps?x=1", MEDIA, BODY)]
        wire.modem.feed(b"AT+HTTPREAD=10,100\r")
        await wire.until(rb"\r\n\+HTTPREAD: 100\r\n" + b"(?s:.{100})\r\nOK\r\n")
        wire.modem.feed(b"AT+HTTPREAD\r")
        said = await wire.until(b"\xff\r\nOK\r\n")
        assert said.endswith(b"+HTTPREAD: 256\r\n" + ANSWER + b"\r\nOK\r\n")
        assert await wire.ask("AT+HTTPTERM") == ["OK"]

    with_modem(scenario, "sim800")


def test_sim7600(server):
    async def scenario(wire):
        await simcom_post(wire, f"http://127.0.0.1:{server.server_port}/")
        await wire.until(rb"\+HTTPACTION: 1,200,256\r\n")
        wire.modem.feed(b"AT+HTTPREAD=0,256\r")
        said = await wire.until(rb"\+HTTPREAD: 0\r\n")
        assert said == (b"\r\nOK\r\n\r\n+HTTPREAD: 256\r\n" + ANSWER + b"\r\n+HTTPREAD: 0\r\n")

    with_modem(scenario, "sim7600")


@pytest.mark.parametrize("family", ["ec2x", "bg9x"])
def test_quectel(server, family):
    async def scenario(wire):
        for command in ('+QICSGP=1,1,"apn"', "+QIACT=1", '+QHTTPCFG="contextid",1'):
            assert await wire.ask("AT" + command) == ["OK"]
        assert await wire.ask('AT+QHTTPCFG="requestheader",1') == ["OK"]
        url = f"http://127.0.0.1:{server.server_port}/imps".encode()
        wire.modem.feed(b"AT+QHTTPURL=%d,30\r" % len(url))
        await wire.until(b"\r\nCONNECT\r\n")
        wire.modem.feed(url)
        await wire.until(b"\r\nOK\r\n")
        head = f"POST /imps HTTP/1.1\r\nContent-Type: {MEDIA}\r\nContent-Length: {len(BODY)}\r\n"
        request = head.encode() + b"\r\n" + BODY
        wire.modem.feed(b"AT+QHTTPPOST=%d,30,60\r" % len(request))
        await wire.until(b"\r\nCONNECT\r\n")
        wire.modem.feed(request)
        await wire.until(rb"\r\nOK\r\n(?s:.*)\r\n\+QHTTPPOST: 0,200,256\r\n")
        assert server.asked == [("POST", "/imps", MEDIA, BODY)]
        wire.modem.feed(b"AT+QHTTPREAD=60\r")
        said = await wire.until(rb"\+QHTTPREAD: 0\r\n")
        assert said == b"\r\nCONNECT\r\n" + ANSWER + b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"

    with_modem(scenario, family)


@pytest.mark.parametrize(
    ("url", "status"), [("http://127.0.0.1:1/", 601), ("http://example.com/", 603)]
)
def test_no_connection(url, status):
    async def scenario(wire):
        await wire.ask("AT+SAPBR=1,1")
        await wire.ask("AT+HTTPINIT")
        await wire.ask(f'AT+HTTPPARA="URL","{url}"')
        await wire.ask("AT+HTTPACTION=0")
        await wire.until(rb"\+HTTPACTION: 0,%d,0" % status)

    with_modem(scenario, "sim800")


def test_no_context():
    async def scenario(wire):
        await wire.ask("AT+HTTPINIT")
        await wire.ask('AT+HTTPPARA="URL","http://127.0.0.1/"')
        await wire.ask("AT+HTTPACTION=0")
        await wire.until(rb"\+HTTPACTION: 0,601,0")

    with_modem(scenario, "sim800")


def test_strict_and_late():
    async def scenario(wire):
        await wire.ask("AT+SAPBR=1,1")
        await wire.ask("AT+HTTPINIT")
        wire.modem.feed(b"AT+HTTPDATA=4,1000\rgone")  # not waited for DOWNLOAD
        await wire.until(b"DOWNLOAD\r\n")
        wire.modem.feed(b"here")
        await wire.until(b"OK")
        assert wire.modem.http.body == b"here"
        wire.modem.feed(b"AT+HTTPDATA=4,1000\r")  # and nothing comes
        await wire.until(b"DOWNLOAD\r\n")
        await wire.until(b"ERROR")
        await wire.ask('AT+HTTPPARA="URL","http://127.0.0.1:1/"')
        await wire.ask("AT+HTTPACTION=0")
        assert b"+HTTPACTION" not in await wire.quiet(0.1)
        await wire.until(rb"\+HTTPACTION: 0,601,0")

    with_modem(scenario, "sim800", Settings(http_strict=True, http_delay=20.0))
