# heap: 208K
"""CIR on the client: cookies, bursts, pings, back-off, the order of methods; transport.md 5."""

from peer import Peer, client, fails, granted, online, result, status

from microimps.cir_client import Cir

STCP, SUDP, SHTTP = 0x44, 0x45, 0xA5
NOTICE = b"WVCI 1.2 c00kie"


class Web:
    def __init__(self, url):
        self.host, self.number, self.tls = "web", 81, None


class Session:
    """What a Cir sees of a session that is on."""

    id = "s1"
    cookie = "c00kie"
    poll = False
    least = gap = 30000
    polled = sent = 0


class Line:
    """Port, clock and link. says: what comes, each with the ms until then; OSError: trouble."""

    def __init__(self, says=(), refuse=0):
        self.now = 100000
        self.says = list(says)
        self.refuse = refuse
        self.opened, self.written, self.slept, self.closed = [], [], [], 0

    def ticks_ms(self):
        return self.now & 0x1FFFFFFF

    def close(self):
        self.closed += 1

    def step(self, c, op):
        if op == 1:
            self.opened.append((c.host, c.number))
            if self.refuse:
                self.refuse -= 1
                raise OSError(111)
            c.link = self
        elif op == 3:
            self.written.append(bytes(c.view))
        elif op == 5:
            self.now += c.ms
            self.slept.append(c.ms)
        else:
            wait, octets = self.says[0] if self.says else (1 << 27, b"")
            if wait > c.ms:
                if self.says:
                    self.says[0] = (wait - c.ms, octets)
                self.now += c.ms
                raise OSError(110)
            self.now += wait
            self.says.pop(0)
            if isinstance(octets, OSError):
                raise octets
            c.view[: len(octets)] = octets
            return len(octets)
        return None


def drive(c, s, line, ms):
    """Let it hear for ms of its clock, with a poll whenever it says so; ticks of the polls."""
    end = line.now + ms
    polls = []
    while line.now < end and not s.poll:
        flow = c.hear(s, end - line.now)
        value = fault = None
        try:
            while True:
                op = flow.throw(fault) if fault else flow.send(value)
                value = fault = None
                try:
                    value = line.step(c, op)
                except OSError as e:
                    fault = e
        except StopIteration:
            pass
        if s.poll:
            s.poll = False
            s.polled = line.now
            polls.append(line.now - end + ms)
    return polls


def agreed(line, *methods, **options):
    s = Session()
    c = Cir(line, methods, line, Web, **options)
    c.found = list(c.methods)
    c.address, c.far, c.url = "tcp", 3171, "http://web:81/cir?x=/1"
    return c, s


def test_unknown_methods():
    for methods in (("TCP",), ("STCP", ""), ("SUDP",), ("SSMS",), ("SHTTP",)):
        try:
            Cir(Line(), methods)
            assert 0, methods
        except ValueError as error:
            assert error.args[0][:10] == "CIR method"


def test_line():
    line = Line([(0, b"OK\r\n"), (5000, NOTICE + b"\r\n")])
    c, s = agreed(line, "STCP")
    assert drive(c, s, line, 20000) == [0, 5000]
    assert line.opened == [("tcp", 3171)] and line.written == [b"HELO s1\r\n"]
    assert c.method == STCP and s.least == s.gap == 1200000
    c.drop(s)
    assert s.least == s.gap == 30000 and line.closed == 1 and not c.up


def test_lines_that_come_in_pieces():
    octets = b"ok\n" + NOTICE + b"\n"
    line = Line([(0, octets[i : i + 1]) for i in range(len(octets))])
    c, s = agreed(line, "STCP")
    assert len(drive(c, s, line, 20000)) == 2
    line = Line([(0, b"x" * 128), (0, b"x" * 50 + b"\r\nOK\r\n"), (0, b"HTTP/1.1 400\r\n")])
    c, s = agreed(line, "STCP")
    assert len(drive(c, s, line, 9000)) == 1 and c.up


def test_notices_for_others_are_ignored():
    for text in (
        b"WVCI 1.2 other",
        b"WVCI 1.2",
        b"WVCI 1.2 c00kie more",
        b"XVCI 1.2 c00kie",
        b"WVCI 1.2 C00KIE",
        b"",
        b"\xff\0",
    ):
        line = Line([(0, b"OK\r\n"), (2000, text + b"\r\n")])
        c, s = agreed(line, "STCP")
        assert drive(c, s, line, 20000) == [0], text
        for method, frame in (("SUDP", b""), ("WAPUDP", b"\1\6\3\xc6\xaf\x8a")):
            line = Line([(2000, frame + text)])
            c, s = agreed(line, method)
            assert drive(c, s, line, 20000) == [0] and not c.proven


def test_one_poll_for_a_burst():
    burst = [(0, NOTICE + b"\r\n")] * 20
    line = Line([(0, b"OK\r\n"), (5000, NOTICE + b"\r\n")] + burst + [(3000, NOTICE + b"\r\n")])
    c, s = agreed(line, "STCP")
    assert drive(c, s, line, 20000) == [0, 5000, 6000, 8000]


def test_ping():
    says = [(0, b"OK\r\n"), (900001, b"OK\r\n"), (400000, b"OK\r\n")]
    line = Line(says)
    c, s = agreed(line, "STCP")
    drive(c, s, line, 1300100)
    assert line.written == [b"HELO s1\r\n", b"PING\r\n"]
    drive(c, s, line, 900000)
    assert line.written[2:] == [b"PING\r\n"] and c.up
    drive(c, s, line, 11000)  # nobody answers
    assert not c.up and line.closed == 1 and s.least == 30000
    line.says = [(0, b"OK\r\n")]
    assert len(drive(c, s, line, 5000)) == 1 and c.proven  # again, after 3 s


def test_the_flag_asks_for_a_ping():
    line = Line([(0, b"OK\r\n")])
    c, s = agreed(line, "STCP")
    drive(c, s, line, 5000)
    c.due = line.now  # what Envelope.event does
    line.says = [(0, b"OK\r\n")]
    assert drive(c, s, line, 5000) == [] and c.up
    assert line.written == [b"HELO s1\r\n", b"PING\r\n"]


def test_no_answer_to_helo():
    line = Line()
    c, s = agreed(line, "STCP", timeout=7000)
    drive(c, s, line, 7000)
    assert c.up
    drive(c, s, line, 100)
    assert not c.up and not c.proven and s.least == 30000


def test_back_off():
    line = Line(refuse=4)
    c, s = agreed(line, "STCP")
    drive(c, s, line, 39100)
    assert line.slept[:3] == [3000, 9000, 27000] and len(line.opened) == 4
    line.says = [(0, b"OK\r\n")]
    assert drive(c, s, line, 299000) == [] and len(line.opened) == 4
    assert len(drive(c, s, line, 2000)) == 1 and c.proven


def test_trouble_on_the_line():
    for trouble in (OSError(104), b""):
        line = Line([(0, b"OK\r\n"), (1000, trouble), (0, b"OK\r\n"), (0, NOTICE + b"\r\n")])
        c, s = agreed(line, "STCP")
        assert drive(c, s, line, 20000) == [0, 4000, 5000]
        assert len(line.opened) == 2 and line.closed == 1


def test_order_of_methods():
    line = Line(refuse=4)
    c, s = agreed(line, "STCP", "SHTTP", "SUDP")
    line.says = [(0, b"HTTP/1.1 503 No\r\n")] * 4
    assert drive(c, s, line, 100000) == [78000]
    assert [host for host, _ in line.opened] == ["tcp"] * 4 + ["web"] * 4 + [""]
    assert c.method == SUDP and c.up and not c.proven and s.least == 30000
    line.says = [(0, NOTICE)]
    assert drive(c, s, line, 1000) == [0] and s.least == 1200000
    drive(c, s, line, 1200000)
    line.says = [(0, b"OK\r\n")]
    assert drive(c, s, line, 1000) == [0] and c.method == STCP  # the best works again


def test_what_was_not_agreed_is_not_used():
    line = Line([(2000, NOTICE)])
    c, s = agreed(line, "STCP", "SHTTP", "SUDP")
    c.address = c.url = None
    drive(c, s, line, 1000)
    assert c.method == SUDP and line.opened == [("", 3717)]
    c, s = agreed(line, "STCP", "SHTTP", "SUDP")
    c.found = []
    assert drive(c, s, line, 5000) == [] and c.method == 0 and not c.up


def test_a_new_session():
    line = Line([(0, b"OK\r\n")])
    c, s = agreed(line, "STCP")
    drive(c, s, line, 5000)
    s.id = "s2"
    line.says = [(0, b"OK\r\n")]
    drive(c, s, line, 5000)
    assert line.written == [b"HELO s1\r\n", b"HELO s2\r\n"] and line.closed == 1


def test_web():
    line = Line([(0, b"HTTP/1.1 204 N"), (0, b"HTTP/1.1 "), (0, b"200 OK\r\n")])
    c, s = agreed(line, "SHTTP", every=6000)
    assert drive(c, s, line, 6100) == [0, 6000]
    assert line.opened == [("web", 81)] * 2 and line.closed == 2
    assert line.written[0] == b"GET /cir?x=/1 HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"


def test_web_while_the_data_channel_is_in_use():
    line = Line([(0, b"HTTP/1.1 204 N")] * 3)
    c, s = agreed(line, "SHTTP", every=6000)
    drive(c, s, line, 100)
    begin = line.now
    s.sent = begin + 3000  # a message
    drive(c, s, line, 8800)
    assert len(line.opened) == 1
    drive(c, s, line, 300)
    assert len(line.opened) == 2 and line.now - begin < 9300


class Sms:
    """An SmsBearer that listens for s1: a notice after 4 s."""

    cir = None
    grace = 1

    def __init__(self, line):
        self.io = self.port = line
        self.ms = 0

    def hear(self, s, ms):
        self.io.now += min(ms, 4000)
        s.poll = ms >= 4000
        return
        yield


def test_sms():
    line = Line()
    c, s = agreed(line, "SSMS", sms=Sms(line))
    assert drive(c, s, line, 3000) == [] and not c.proven and s.least == 30000
    assert drive(c, s, line, 5000) == [4000] and c.proven and s.least == 1200000
    assert c.io is line and c.grace == 1 and not line.opened
    c.drop(s)
    assert not line.closed  # the modem's line has other uses
    line.now += (1 << 28) + 5000  # days later
    assert drive(c, s, line, 5000) == [4000]


def test_address_for_helo_by_sms():
    line = Line()
    sms = Sms(line)
    told = [("CIRSMSAddress", "+15553716"), ("SupportedCIRMethod", "SSMS")]
    answers = [
        ("ClientCapability-Response", [("AgreedCapabilityList", told)]),
        ("Service-Response", []),
    ]
    peer = Peer([granted()] + answers, 3)
    notices = Cir(line, ("SSMS",), sms=sms)
    client(peer, cir=notices).login()
    assert sms.cir == "+15553716" and len(notices.found) == 1


def test_datagrams():
    for method, frame in (("SUDP", b""), ("WAPUDP", b"\7\6\3\xc6\xaf\x8a")):
        line = Line([(3000, frame + NOTICE), (500, frame + NOTICE), (0, frame + NOTICE)])
        c, s = agreed(line, method, listen=4001, push=4002)
        assert drive(c, s, line, 20000) == [0, 3000, 4000]
        assert line.opened == [("", 4001 if method == "SUDP" else 4002)]
        assert s.least == 1200000 and not line.written


def test_after_days():
    # ticks wrap at 2**29 ms
    line = Line()
    line.now = (1 << 29) - 1000
    line.says = [(0, b"OK\r\n"), (5000, NOTICE + b"\r\n")]
    c, s = agreed(line, "STCP")
    assert drive(c, s, line, 20000) == [0, 5000]


def test_negotiation():
    for version in (1, 2, 3):
        line = Line()
        notices = Cir(line, ("STCP", "SHTTP", "SUDP"), line, Web, listen=4001)
        name = "CIRHTTPAddress" if version == 3 else "CIRURL"
        address = [(name, [("URL", "http://web/1")])]
        told = (address if version > 1 else []) + [
            ("ServerPollMin", 20),
            ("SupportedCIRMethod", "STCP"),
            ("SupportedCIRMethod", "SHTTP"),
            ("TCPAddress", "far"),
            ("TCPPort", 4000),
        ]
        name = "CapabilityList" if version == 1 else "AgreedCapabilityList"
        answers = [("ClientCapability-Response", [(name, told)]), ("Service-Response", [])]
        peer = Peer([granted()] + answers + [("Status", [result()])], version)
        c = client(peer, cir=notices)
        c.login()
        if len(peer.sent) > 2:  # 1.3 may tell all at login
            asked = dict(peer.asked(1).content)["CapabilityList"]
            assert [v for n, v in asked if n == "SupportedCIRMethod"] == ["STCP", "SHTTP", "SUDP"]
            assert dict(asked)["UDPPort"] == "4001"
        assert notices.address == "far" and notices.far == 4000
        assert notices.found == [STCP, SHTTP] and c.session.least == 20000
        assert notices.url == ("http://web/1" if version > 1 else None)
        notices.begin(c.session)
        notices.prove(c.session)
        c.session.poll = False
        assert c.session.least == 1200000
        assert fails(c.logout) is None and c.session.least == 20000


def test_flag_in_an_answer():
    for value in (True, False):
        line = Line()
        notices = Cir(line, ("STCP",))
        c, peer = online([[status(), ("CIR", value)], None], cir=notices)
        notices.due = -1
        c.delete_list("x")
        assert c.session.poll and notices.due >= 0


if __name__ == "__main__":
    from testing import run

    run(globals())
