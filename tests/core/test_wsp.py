# heap: 192K
"""CSP over connectionless WSP: octets of the PDUs, repeats, replies that are not ours."""

from peer import Peer, fails, granted, http, message, negotiated, result

from microimps import Client, LocalError, PeerError
from microimps.wsp_bearer import WspBearer

URL = "http://imps.example.org/csp"
ANSWER = ("SendMessage-Response", [result(), ("MessageID", "m1")])


class Gateway(Peer):
    """A Peer behind a WAP gateway. lose: requests that get lost; before: datagrams that come
    before each reply; code: of the replies, as WSP has it; head: their headers."""

    lose = 0
    code = 0x20
    head = b"application/vnd.wv.csp.wbxml\0\x8d\x80"
    before = ()

    def write(self, view, ms):
        pdu = bytes(view)
        self.pdus.append(pdu)
        self.queue = []
        if self.lose:
            self.lose -= 1
            return
        size, at = pdu[2], 4
        assert pdu[1] == 0x60 and pdu[4 : 4 + size] == URL.encode()
        body = pdu[at + size + pdu[3] :]
        self.sent.append(b"POST\r\n\r\n" + body)
        answer = self.say(self.script.pop(0)).partition(b"\r\n\r\n")[2]
        reply = bytes((pdu[0], 4, self.code, len(self.head))) + self.head + answer
        self.queue = list(self.before) + [reply]

    def link(self, bearer):
        self.opened += 1
        if not hasattr(self, "pdus"):
            self.pdus = []
        self.queue = []
        return self

    def readinto(self, view, ms):
        if not self.queue:
            self.now += ms
            raise OSError(110)
        datagram = self.queue.pop(0)
        n = min(len(view), len(datagram))
        view[:n] = datagram[:n]
        return n


def online(script, mtu=1400, **options):
    peer = Gateway([granted()] + negotiated() + list(script))
    bearer = WspBearer(peer, "gw", 9200, URL, mtu=mtu)
    c = Client(bearer, "anna@d", "kestrel55", schemes=(), **options)
    c.login()
    peer.sent = []
    peer.pdus = []
    return c, peer


def test_octets_of_a_request():
    c, peer = online([("Status", [result()])])
    c.delete_list("x")
    pdu = peer.pdus[0]
    kind = b"application/vnd.wv.csp.wbxml\0\x80\x80"
    assert pdu[1:4] == bytes((0x60, len(URL), len(kind)))
    assert pdu[4 : 4 + len(URL) + len(kind)] == URL.encode() + kind
    assert peer.asked().name == "DeleteList-Request"


def test_parser_size_is_what_a_datagram_holds():
    for mtu in (700, 1400):
        peer = Gateway([granted()] + negotiated())
        c = Client(WspBearer(peer, "gw", 9200, URL, mtu=mtu), "anna@d", schemes=())
        c.login()
        told = dict(dict(peer.asked(1).content)["CapabilityList"])
        assert told["ParserSize"] == str(mtu - 160) and told["SupportedBearer"] == "WSP"


def test_a_new_transaction_has_a_new_tid():
    c, peer = online([("Status", [result()])] * 3)
    c.bearer.tid = 253
    for _ in range(3):
        c.delete_list("x")
    assert [pdu[0] for pdu in peer.pdus] == [254, 255, 0]


def test_lost_requests_are_repeated_as_they_were():
    c, peer = online([ANSWER])
    peer.lose = 2
    start = peer.now
    assert c.send("wv:bo@d", "x") == "m1"
    assert len(peer.pdus) == 3 and peer.pdus[0] == peer.pdus[1] == peer.pdus[2]
    assert peer.now - start == 4000 + 8000 and not peer.slept


def test_the_login_is_repeated_too():
    peer = Gateway([granted()] + negotiated())
    peer.lose = 1
    Client(WspBearer(peer, "gw", 9200, URL), "anna@d", schemes=()).login()
    assert peer.pdus[0] == peer.pdus[1]


def test_nobody_answers():
    c, peer = online([ANSWER], retries=0)
    peer.lose = 100
    start = peer.now
    error = fails(c.send, "wv:bo@d", "x")
    assert isinstance(error, OSError) and error.args[0] == 110
    assert peer.now - start == 45000 and len(peer.pdus) == 4
    peer.lose = 0
    assert c.send("wv:bo@d", "x") == "m1"


def test_replies_of_others_are_ignored():
    c, peer = online([ANSWER])
    tid = (c.bearer.tid + 1) % 256
    other = bytes(((tid + 1) % 256, 4, 0x40, 0))
    push = bytes((tid, 6, 3)) + b"\xc6\xaf\x8aWVCI 1.2 x"
    peer.before = (other, push, b"", b"\0", bytes((tid, 4)))
    assert c.send("wv:bo@d", "x") == "m1" and len(peer.pdus) == 1


def test_status():
    for code, kind, number in (
        (0x31, 21, 301),
        (0x40, 22, 400),
        (0x44, 22, 404),
        (0x46, 22, 406),
        (0x50, 22, 416),
        (0x10, 21, 100),
    ):
        c, peer = online([ANSWER, ("Status", [result()])])
        peer.code = code
        error = fails(c.send, "wv:bo@d", "x")
        assert isinstance(error, PeerError) and error.args == (kind, number), (code, error)
        peer.code = 0x20
        c.delete_list("x")
    c, peer = online([ANSWER, ANSWER])
    peer.code = 0x62  # a service that is away is asked again
    c.session.retries = 1
    error = fails(c.send, "wv:bo@d", "x")
    assert error.args == (22, 502) and peer.slept == [5000]


def test_no_content():
    c, peer = online([None, None])
    peer.code = 0x24
    assert list(c.events(0)) == []


def test_too_long_for_a_datagram():
    c, peer = online([ANSWER, ANSWER], mtu=700)
    assert c.send("wv:bo@d", "x" * 200) == "m1"
    error = fails(c.send, "wv:bo@d", "x" * 700)
    assert isinstance(error, LocalError) and error.args[0] == 58
    assert len(peer.pdus) == 1
    assert c.send("wv:bo@d", "x") == "m1"


def test_a_reply_that_was_cut_off():
    c, peer = online([http(b"\x03" + b"y" * 1400), ANSWER])
    error = fails(c.send, "wv:bo@d", "x")
    assert isinstance(error, PeerError) and error.args[0] == 23
    assert c.send("wv:bo@d", "x") == "m1"


def test_a_reply_of_every_size_of_head():
    for n in (0, 1, 126, 127):
        c, peer = online([ANSWER])
        peer.head = b"h" * n
        assert c.send("wv:bo@d", "x") == "m1", n
    c, peer = online([ANSWER])

    def far(pdu):
        return bytes((pdu[0], 4, 0x20, 0x81, 0x00)) + b"h" * 128

    whole = message([ANSWER], "4")
    real = peer.write

    def write(view, ms):
        real(view, ms)
        peer.queue = [far(bytes(view)) + whole]

    peer.write = write
    assert c.send("wv:bo@d", "x") == "m1"


def test_a_head_longer_than_the_reply():
    for tail in (b"\x05", b"\xff\xff", b"\xff" * 1396):
        c, peer = online([ANSWER, ("Status", [result()])])
        real = peer.write

        def write(view, ms, real=real, peer=peer, tail=tail):
            real(view, ms)
            peer.queue = [bytes((view[0], 4, 0x20)) + tail]

        peer.write = write
        error = fails(c.send, "wv:bo@d", "x")
        assert isinstance(error, PeerError) and error.args[0] == 20, error
        peer.write = real
        c.delete_list("x")


def test_a_port_that_is_closed():
    c, peer = online([ANSWER, ANSWER])
    link = peer.readinto

    def refused(view, ms):
        peer.readinto = link
        raise OSError(111)

    peer.readinto = refused
    assert c.send("wv:bo@d", "x") == "m1"
    assert peer.opened == 2 and peer.slept == [5000]


if __name__ == "__main__":
    from testing import run

    run(globals())
