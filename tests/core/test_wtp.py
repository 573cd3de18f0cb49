# heap: 768K
"""CSP over connection-oriented WSP: transactions of WTP, segments, losses, WSP sessions."""

from peer import Peer, fails, granted, negotiated, result

from microimps import Client, LocalError, PeerError
from microimps.wtp_bearer import WtpBearer

URL = "http://imps.example.org/csp"
SENT = ("SendMessage-Response", [result(), ("MessageID", "m1")])
DONE = ("Status", [result()])
REPLY = b"\4\x20\x01\x83"
INVOKE, RESULT, ACK, ABORT, SEGMENT, SEGMENTED, NACK = 1, 2, 3, 4, 5, 6, 7


class Gateway(Peer):
    """A Peer behind a gateway that speaks WTP as responder.

    size: of the segments it sends, three to a group; lose, double: numbers of its packets that
    get lost, or come twice; drop: of the client's; session: what it answers to Connect; verify,
    hold: it asks for the TID, it tells that the answer takes its time; gone: transactions that it
    aborts; several: it puts its packets into one datagram.
    """

    size = 1400
    lose = double = drop = ()
    session = b"\2\x81\7\0\0"
    verify = hold = gone = several = 0

    def link(self, bearer):
        self.opened += 1
        if self.opened == 1:
            self.pdus, self.packets, self.came, self.told = [], 0, 0, {}
        self.queue, self.parts, self.tid, self.final = [], {}, None, -1
        return self

    def close(self):
        self.closed += 1
        self.queue = []

    def write(self, view, ms):
        pdu = bytes(view)
        self.pdus.append(pdu)
        self.came += 1
        if self.came - 1 in self.drop:
            return
        kind, flags, tid = pdu[0] >> 3 & 15, pdu[0] & 6, pdu[1] << 8 | pdu[2]
        assert tid < 0x8000
        if kind == INVOKE and pdu[3] & 3 == 0:
            assert pdu[4:] == b"\5" + self.session[1:3]
        elif kind == INVOKE or kind == SEGMENT:
            self.invoked(kind, flags, tid, pdu)
        elif kind == ACK and tid == self.tid:
            self.acked(pdu, flags)
        elif kind == NACK and tid == self.tid:
            assert pdu[3] == len(pdu) - 4
            for psn in pdu[4:]:
                self.send(psn, 1)
        elif kind == ABORT:
            self.told[tid] = pdu[0] & 7, pdu[3]

    def invoked(self, kind, flags, tid, pdu):
        if tid != self.tid and kind == INVOKE:
            self.tid, self.parts, self.out, self.final = tid, {}, None, -1
        if tid != self.tid:
            return
        psn = pdu[3] if kind == SEGMENT else 0
        if kind == INVOKE:
            assert pdu[3] & 0x1F == 0x12 and bool(pdu[3] & 0x20) == (tid == 0)
        self.parts[psn] = pdu[4:]
        if flags == 4:
            self.say(b"\x98", b"\x19" + bytes((psn,)))
        elif self.verify and self.out is None:
            self.say(b"\x1c")
        elif self.out is None:
            self.do()
        elif self.hold:
            self.say(b"\x18")

    def do(self):
        if self.gone:
            self.gone -= 1
            self.say(b"\x21", b"\xe1")
            return
        if self.hold:
            self.say(b"\x18")
        octets = b"".join([self.parts[i] for i in range(len(self.parts))])
        if octets[0] == 1:
            assert octets == b"\x01\x10\x0a\0\x04\x80\x87\x80\x00\x04\x81\x87\x80\x00"
            self.out = self.session
        else:
            size, head = octets[1], octets[2]
            assert octets[0] == 0x60 and octets[3 : 3 + size] == URL.encode()
            self.sent.append(b"POST\r\n\r\n" + octets[3 + size + head :])
            answer = Peer.say(self, self.script.pop(0)).partition(b"\r\n\r\n")[2]
            self.out = REPLY + answer
        self.acked(b"\x18\0\0\x19\xff", 0)

    def acked(self, pdu, flags):
        if flags & 4:  # the TID is in use
            if self.out is None:
                self.do()
            return
        psn = pdu[4] if pdu[0] & 0x80 else 0
        psn = -1 if pdu[1:] == b"\0\0\x19\xff" else psn
        last = (len(self.out) - 1) // self.size
        if psn == last:
            self.final = -1
            return
        if psn != self.final and self.final >= 0:
            return
        self.final = min(psn + 3, last)
        for i in range(psn + 1, self.final + 1):
            self.send(i, 0)

    def send(self, psn, again):
        if psn == (len(self.out) - 1) // self.size:
            again |= 2
        elif psn % 3 == 2:
            again |= 4
        data = self.out[psn * self.size : (psn + 1) * self.size]
        if psn:
            self.say(bytes((0x30 | again,)), bytes((psn,)) + data)
        else:
            self.say(bytes((0x10 | again,)), data)

    def say(self, first, rest=b""):
        if not isinstance(first, bytes) or first[:1] == b"H":
            return Peer.say(self, first)
        octets = first + bytes((self.tid >> 8 | 0x80, self.tid & 255)) + rest
        self.packets += 1
        if self.packets - 1 in self.lose:
            return None
        for _ in range(1 + (self.packets - 1 in self.double)):
            self.queue.append(octets)
        return None

    def readinto(self, view, ms):
        if not self.queue:
            if self.final >= 0 and ms >= 7000:  # it sends the last packet of its group again
                self.now += 7000
                self.send(self.final, 1)
            else:
                self.now += ms
                raise OSError(110)
            if not self.queue:
                return self.readinto(view, ms - 7000)
        datagram = self.queue.pop(0)
        if self.several:
            while self.queue:
                datagram = self.joined(datagram, self.queue.pop(0))
        n = min(len(view), len(datagram))
        view[:n] = datagram[:n]
        return n

    def joined(self, one, two):
        """Both in one datagram."""
        out = one if not one[0] else b"\0" + length(one) + one
        return out + length(two) + two


def length(octets):
    n = len(octets)
    return bytes((n,)) if n < 128 and n % 2 else bytes((0x80 | n >> 8, n & 255))


def start(script, mtu=1472, **options):
    peer = Gateway(script)
    bearer = WtpBearer(peer, "gw", 9201, URL, mtu=mtu)
    bearer.tid = 0x10
    return Client(bearer, "anna@d", "kestrel55", schemes=(), **options), peer


def online(script, mtu=1472, **options):
    c, peer = start([granted()] + negotiated() + list(script), mtu, **options)
    c.login()
    peer.sent, peer.pdus = [], []
    peer.came = peer.packets = 0
    return c, peer


def contacts(count):
    """An answer with so many contacts."""
    nicks = [
        ("NickName", [("Name", "Number %d" % i), ("UserID", "wv:n%d@im.example.org" % i)])
        for i in range(count)
    ]
    return ("ListManage-Response", [result(), ("NickList", nicks)])


def read(c, count):
    assert [a for a, _ in c.contacts("wv:anna/x@d")] == [
        "wv:n%d@im.example.org" % i for i in range(count)
    ]


def test_octets():
    c, peer = start([granted()] + negotiated() + [SENT, DONE])
    c.login()
    connect, ack, post = peer.pdus[:3]
    assert connect[:4] == b"\x0a\x00\x11\x12" and ack == b"\x18\x00\x11"
    assert connect[4:] == b"\x01\x10\x0a\0\x04\x80\x87\x80\x00\x04\x81\x87\x80\x00"
    kind = b"application/vnd.wv.csp.wbxml\0\x80\x80"
    assert post[:7] == b"\x0a\x00\x12\x12" + bytes((0x60, len(URL), len(kind)))
    assert post[7 : 7 + len(URL) + len(kind)] == URL.encode() + kind
    assert c.bearer.id == b"\x81\7"
    assert c.send("wv:bo@d", "x") == "m1"
    c.logout()
    assert [p[0] for p in peer.pdus[2:]] == [0x0A, 0x18] * 5 + [0x0E]
    assert peer.pdus[-1][3:] == b"\0\5\x81\7" and c.bearer.id is None
    peer.script = [granted()] + negotiated()
    c.login()  # a new WSP session on the same socket
    assert peer.opened == 1 and c.bearer.id == b"\x81\7"
    c.close()


def test_what_the_service_is_told():
    c, peer = start([granted()] + negotiated())
    c.login()
    told = dict(dict(peer.asked(1).content)["CapabilityList"])
    assert told["ParserSize"] == "100000" and told["SupportedBearer"] == "WSP"


def test_answers_in_segments():
    for size in (1400, 576, 97):
        c, peer = online([contacts(60), DONE])
        peer.size = size
        read(c, 60)
        c.delete_list("x")
        groups = (len(peer.out) - 1) // size  # of the last answer: one
        assert groups == 0 and peer.pdus[-1][0] == 0x18
    c, peer = online([contacts(60)])
    peer.size = 576
    read(c, 60)
    last = (len(peer.out) - 1) // 576
    acks = [pdu[3:] for pdu in peer.pdus if pdu[0] == 0x98]
    assert acks == [bytes((0x19, i)) for i in list(range(2, last, 3)) + [last]]


def test_requests_in_segments():
    text = "x" * 3000
    c, peer = online([SENT, DONE], mtu=600)
    assert c.send("wv:bo@d", text) == "m1"
    assert dict(peer.asked().content)["ContentData"] == text
    sent = [pdu for pdu in peer.pdus if pdu[0] & 0x78 in (0x08, 0x28)]
    assert [pdu[0] for pdu in sent] == [0x0C] + [0x2C] * (len(sent) - 2) + [0x2A]
    assert [pdu[3] for pdu in sent[1:]] == list(range(1, len(sent)))
    assert all(len(pdu) == 600 for pdu in sent[:-1])
    c.delete_list("x")


def test_every_packet_lost_once():
    size = 200
    for number in range(30):
        for which in ("lose", "drop", "double"):
            c, peer = online([contacts(24), SENT], mtu=300)
            peer.size = size
            setattr(peer, which, (number,))
            read(c, 24)
            assert c.send("wv:bo@d", "y" * 500) == "m1", (number, which)
            assert len(peer.sent) == 2 and not peer.slept and peer.opened == 1
            assert peer.now < 50000
    assert max(peer.packets, peer.came) < 30  # each was


def test_many_packets_lost():
    c, peer = online([contacts(40), SENT], mtu=300)
    peer.size = 120
    peer.lose = {i for i in range(200) if i * 7 % 5 < 2}
    peer.double = set(range(0, 200, 3))
    read(c, 40)
    assert c.send("wv:bo@d", "y" * 700) == "m1" and len(peer.sent) == 2


def test_repeats():
    c, peer = online([SENT])
    peer.drop = (0, 1)
    begin = peer.now
    assert c.send("wv:bo@d", "x") == "m1"
    first, again, third = peer.pdus[:3]
    assert again == third and first[0] == 0x0A and again[0] == 0x0B and first[1:] == again[1:]
    assert peer.now - begin == 4000 + 8000


def test_nobody_answers():
    c, peer = online([SENT], retries=0)
    peer.drop = range(100)
    begin = peer.now
    error = fails(c.send, "wv:bo@d", "x")
    assert isinstance(error, OSError) and error.args[0] == 110
    assert peer.now - begin == 45000 and peer.closed == 1
    peer.drop = ()
    peer.out = None
    assert c.send("wv:bo@d", "x") == "m1" and peer.opened == 2


def test_an_answer_that_stops():
    c, peer = online([contacts(60), SENT])
    peer.size = 200
    peer.lose = range(5, 100)
    error = fails(list, c.contacts("wv:anna/x@d"))
    assert isinstance(error, OSError) and error.args[0] == 110
    peer.lose = ()
    assert c.send("wv:bo@d", "x") == "m1"
    assert list(peer.told.values()) == [(1, 0xE8)]  # the gateway was told that it is over


def test_an_answer_that_nobody_reads():
    c, peer = online([contacts(60), SENT])
    peer.size = 200
    for _ in c.contacts("wv:anna/x@d"):
        break
    assert c.send("wv:bo@d", "x") == "m1"
    assert list(peer.told.values()) == [(1, 0xE8)]


def test_tid_verification():
    c, peer = online([SENT])
    peer.verify = 1
    assert c.send("wv:bo@d", "x") == "m1"
    tid = peer.pdus[0][1:3]
    assert peer.pdus[1] == b"\x1c" + tid and peer.pdus[2] == b"\x18" + tid
    c, peer = online([SENT, SENT])
    peer.queue = [b"\x1c\x80\x03"]  # after a packet that came very late
    assert c.send("wv:bo@d", "x") == "m1"
    assert peer.pdus[1] == b"\x20\x00\x03\x02"


def test_tids_begin_anew():
    c, peer = online([DONE] * 3)
    c.bearer.tid = 0x7FFE
    for _ in range(3):
        c.delete_list("x")
    assert [p[1:4] for p in peer.pdus[::2]] == [b"\x7f\xff\x12", b"\0\0\x32", b"\0\1\x12"]


def test_answers_that_take_their_time():
    c, peer = online([SENT])
    peer.hold = 1
    peer.lose = (1,)  # the answer itself, which comes again 7 s later
    assert c.send("wv:bo@d", "x") == "m1"
    assert [p[0] for p in peer.pdus] == [0x0A, 0x18] and peer.now == 7000


def test_a_session_that_is_gone():
    c, peer = online([SENT])
    peer.gone = 1
    assert c.send("wv:bo@d", "x") == "m1"
    assert peer.opened == 2 and not peer.slept and c.bearer.id
    c, peer = online([SENT], retries=1)
    peer.gone = 3
    error = fails(c.send, "wv:bo@d", "x")
    assert isinstance(error, OSError) and error.args[0] == 104
    assert peer.slept == [5000]
    assert c.send("wv:bo@d", "x") == "m1"


def test_a_gateway_that_refuses():
    for reply in (b"\5\1", b"\3\0\0", b"\2", b"\2\x81", b"\4\x20\0"):
        c, peer = start([granted()] + negotiated())
        peer.session = reply
        error = fails(c.login)
        assert isinstance(error, PeerError) and error.args[0] == 20, reply
        peer.session = Gateway.session
        c.login()


def test_status():
    for code, number in ((0x44, 404), (0x62, 502)):
        c, peer = online([SENT, SENT], retries=0)

        def do(self=peer, code=code, real=peer.do):
            real()
            self.queue[-1] = self.queue[-1][:4] + bytes((code,)) + self.queue[-1][5:]

        peer.do = do
        error = fails(c.send, "wv:bo@d", "x")
        assert isinstance(error, PeerError) and error.args == (22, number), (code, error)
        del peer.do
        assert c.send("wv:bo@d", "x") == "m1" and not peer.told


def test_too_long():
    c, peer = start([granted()] + negotiated() + [SENT], mtu=24)
    peer.size = 16
    c.login()
    error = fails(c.send, "wv:bo@d", "x" * 5200)
    assert isinstance(error, LocalError) and error.args[0] == 58
    assert c.send("wv:bo@d", "x") == "m1"
    c, peer = online([contacts(60), SENT], mtu=300)
    error = fails(list, c.contacts("wv:anna/x@d"))
    assert isinstance(error, PeerError) and error.args[0] == 23
    peer.size = 200
    assert c.send("wv:bo@d", "x") == "m1"


def test_several_packets_in_a_datagram():
    for size in (97, 128, 300):
        c, peer = online([contacts(20), SENT])
        peer.several = peer.hold = 1
        peer.size = size
        read(c, 20)
        assert c.send("wv:bo@d", "x") == "m1"


def test_packets_of_others_and_broken_ones():
    c, peer = online([contacts(30), SENT])
    tid = bytes((c.bearer.tid + 1 >> 8 | 0x80, c.bearer.tid + 1 & 255))
    own = bytes((tid[0] & 0x7F, tid[1]))
    peer.size = 200
    long = [b"\0\xff\xff", b"\x90" + tid + b"\x87\xff", b"\x90" + tid + b"\x84\xff\x84"]
    short = [b"", b"\0", b"\0\0\0\0", b"\0\x03\x18", b"\0\xff", b"\x18", b"\x10\x80"]
    wrong = [b"\x30" + tid, b"\x36" + tid + b"\xff", b"\x32" + tid + b"\x09zz"]
    ours = [b"\x21" + own + b"\xe1", b"\x0a" + own + b"\x12\5", b"\x0a\x7f\0\0\5\1"]
    peer.queue = long + short + wrong + ours + [b"\x38" + tid + b"\1\0", b"\x78" + tid]
    read(c, 30)
    assert c.send("wv:bo@d", "x") == "m1"


if __name__ == "__main__":
    from testing import run

    run(globals())
