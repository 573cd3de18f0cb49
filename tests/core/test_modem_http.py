"""HTTP through the modem's stack: SIM800, SIM7600 and Quectel (core/sms_bearer/modem_http.py)."""

# heap: 128K

from modem_peer import Peer, run

from microimps.codec import Reader, Writer
from microimps.errors import PeerError
from microimps.sms_bearer import profiles
from microimps.sms_bearer.at import At
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.modem_http import SIM800, SIM7600, ModemHttp
from microimps.sms_bearer.modem_qhttp import QUECTEL, QuectelHttp

REQUEST = b"".join([b"<%d>" % i for i in range(200)])
ANSWER = b"\r\nOK\r\n" + bytes(range(256)) * 3 + b"\r\n"


class Session:
    """What a bearer sees of a session."""

    def __init__(self, size=100):
        self.w = Writer(size)
        self.w.media = b"wbxml"
        self.r = Reader(size)

    def write(self):
        self.w.put(REQUEST)


class HttpPeer(Peer):
    """A modem with HTTP; `raw` octets are due to it as they are."""

    def __init__(self, family, step=64):
        super().__init__(step)
        self.family = family
        self.posted = []
        self.body = b""
        self.raw = 0
        self.status = 200
        self.content = ANSWER

    def write(self, octets):
        octets = bytes(octets)
        while octets:
            if self.raw:
                piece = octets[: self.raw]
                self.body += piece
                self.raw -= len(piece)
                octets = octets[len(piece) :]
                if not self.raw:
                    self.posted.append(self.body)
                    self.send(b"\r\nOK\r\n")
                    if self.family == QUECTEL and len(self.posted) & 1 == 0:
                        self.action(b"+QHTTPPOST: 0")
            else:
                super().write(octets[:1])
                octets = octets[1:]

    def action(self, name):
        self.send(b"\r\n%s,%d,%d\r\n" % (name, self.status, len(self.content)), 2000)

    def data(self, size, word):
        self.raw = size
        self.body = b""
        return b"\r\n" + word + b"\r\n"

    def usual(self, text):
        if text.startswith(b"AT+HTTPDATA="):
            return self.data(int(text[12:].split(b",")[0]), b"DOWNLOAD")
        if text.startswith(b"AT+QHTTPURL="):
            return self.data(int(text[12:].split(b",")[0]), b"CONNECT")
        if text.startswith(b"AT+QHTTPPOST="):
            return self.data(int(text[13:].split(b",")[0]), b"CONNECT")
        if text.startswith(b"AT+HTTPACTION=1"):
            self.action(b"+HTTPACTION: 1")
        if text.startswith(b"AT+HTTPREAD="):
            low, size = [int(value) for value in text[12:].split(b",")]
            piece = self.content[low : low + size]
            if self.family == SIM7600:
                head = b"+HTTPREAD: %d" if low else b"+HTTPREAD: DATA,%d"
                head = b"\r\nOK\r\n\r\n" + head % len(piece)
                return head + b"\r\n" + piece + b"\r\n+HTTPREAD: 0\r\n"
            return b"\r\n+HTTPREAD: %d\r\n%s\r\nOK\r\n" % (len(piece), piece)
        if text.startswith(b"AT+QHTTPREAD="):
            return b"\r\nCONNECT\r\n" + self.content + b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"
        return super().usual(text)


def make(family, step=64):
    peer = HttpPeer(family, step)
    modem = Modem(At(peer.ticks_ms), profiles.GENERIC)
    kind = QuectelHttp if family == QUECTEL else ModemHttp
    return kind(peer, modem, family, b"http://imps.example/csp", b"internet"), peer


def exchange(bearer, peer, session):
    """The body of the answer, as the reader got it."""
    run(bearer.exchange(session), bearer.io, peer)
    got = b""
    r = session.r
    while not bearer.over:
        run(bearer.fill(r), bearer.io, peer)
        got += bytes(r.buf[r.pos : r.end])
        r.pos = r.end
    return got


def failure(bearer, peer):
    """The error that an exchange ends with."""
    try:
        exchange(bearer, peer, Session())
    except (PeerError, OSError) as error:
        return error
    raise AssertionError("no error")


def test_exchanges():
    for family in (SIM800, SIM7600, QUECTEL):
        for step in (1, 7, 64):
            bearer, peer = make(family, step)
            session = Session()
            for _ in range(2):
                assert exchange(bearer, peer, session) == ANSWER, (family[0], step)
            assert peer.posted[-1].endswith(REQUEST)
            assert len(set(peer.posted)) == (2 if family == QUECTEL else 1)


def test_request_of_simcom():
    bearer, peer = make(SIM800)
    exchange(bearer, peer, Session())
    assert b'AT+SAPBR=3,1,"APN","internet"' in peer.log
    assert b'AT+HTTPPARA="URL","http://imps.example/csp"' in peer.log
    assert b'AT+HTTPPARA="CONTENT","application/vnd.wv.csp.wbxml"' in peer.log
    assert peer.posted == [REQUEST]
    peer.log = []
    exchange(bearer, peer, Session())
    assert peer.count(b"AT+SAPBR") == 0  # still open


def test_request_of_quectel():
    bearer, peer = make(QUECTEL)
    exchange(bearer, peer, Session())
    url, post = peer.posted
    assert url == b"http://imps.example/csp"
    head, _, body = post.partition(b"\r\n\r\n")
    assert body == REQUEST
    assert head.split(b"\r\n") == [
        b"POST /csp HTTP/1.1",
        b"Host: imps.example",
        b"Content-Type: application/vnd.wv.csp.wbxml",
        b"Content-Length: %d" % len(REQUEST),
    ]


def test_empty_answers():
    for family in (SIM800, SIM7600, QUECTEL):
        for status in (200, 204):
            bearer, peer = make(family)
            peer.status = status
            peer.content = b""
            assert exchange(bearer, peer, Session()) == b""


def test_statuses():
    for family in (SIM800, QUECTEL):
        for status, args in ((404, (22, 404)), (500, (22, 500)), (302, (21, 302))):
            bearer, peer = make(family)
            peer.status = status
            error = failure(bearer, peer)
            assert isinstance(error, PeerError) and error.args == args


def test_service_not_reached():
    bearer, peer = make(SIM800)
    peer.status = 601
    error = failure(bearer, peer)
    assert isinstance(error, OSError) and error.args[0] == 113


def test_refused_command_and_a_new_try():
    for family, command in (
        (SIM800, b"AT+HTTPINIT"),
        (SIM7600, b"AT+HTTPDATA"),
        (SIM800, b"AT+HTTPREAD"),
        (QUECTEL, b"AT+QHTTPPOST"),
    ):
        bearer, peer = make(family)
        peer.say(command, b"\r\n+CME ERROR: 4\r\n")
        error = failure(bearer, peer)
        assert isinstance(error, PeerError) and error.args == (230, 1004)
        peer.script.clear()
        assert exchange(bearer, peer, Session()) == ANSWER


def test_larger_than_allowed():
    bearer, peer = make(SIM800)
    bearer.most = 10
    error = failure(bearer, peer)
    assert isinstance(error, PeerError) and error.args[0] == 23


def test_silence_inside_the_answer():
    bearer, peer = make(SIM800)
    peer.say(b"AT+HTTPREAD", b"\r\n+HTTPREAD: 50\r\nabc")
    error = failure(bearer, peer)
    assert isinstance(error, OSError) and error.args[0] == 110
    peer.script.clear()
    assert exchange(bearer, peer, Session()) == ANSWER


def test_result_that_never_comes():
    bearer, peer = make(SIM800)
    peer.say(b"AT+HTTPACTION", b"\r\nOK\r\n")
    error = failure(bearer, peer)
    assert isinstance(error, PeerError) and error.args[0] == 230
    assert 60000 < peer.now < 100000


def test_message_indicated_during_an_exchange():
    bearer, peer = make(SIM800)
    run(bearer.modem.start(), bearer.io, peer)
    bearer.modem.due.clear()
    peer.say(b"AT+HTTPACTION", lambda text: peer.send(b'\r\n+CMTI: "SM",3\r\n' + peer.usual(text)))
    assert exchange(bearer, peer, Session()) == ANSWER
    assert run(bearer.modem.wait(10), bearer.io, peer) == 3


if __name__ == "__main__":
    from testing import run as run_tests

    run_tests(globals())
