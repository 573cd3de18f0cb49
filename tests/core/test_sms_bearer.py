"""The SMS bearer on a scripted modem: parts out and in, stores, buffers, strangers, garbage."""

# heap: 512K

from modem_peer import Peer, run
from test_segment import cut

from microimps.codec import Reader, Writer
from microimps.errors import LocalError, PeerError
from microimps.sms_bearer.at import At
from microimps.sms_bearer.bearer import SmsBearer
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.pdu import Received
from microimps.sms_bearer.profiles import GENERIC
from microimps.sms_bearer.submit import Submit

SERVICE = "+15553590"
PORTS = (3590, 3590)

clock = [0]  # seconds in the time stamps: a modem's driver knows a PDU that it has deleted


def deliver(body, sender=SERVICE, ports=PORTS, dcs=4, text=None):
    """Hex digits of an SMS-DELIVER as a modem stores it: made from a SUBMIT of the same."""
    submit = Submit()
    submit.flags = 0
    submit.vp = b""
    submit.open(sender, dcs)
    if ports:
        submit.element(5, 4, ports[0], ports[1])
    if text is None:
        submit.write(body)
    else:
        from microimps.sms_bearer.text import encode

        encode(submit, text)
    submit.close()
    tpdu = bytes(submit.buf[submit.base : submit.pos])
    n = 2 + (tpdu[2] + 1) // 2
    out = b"\x07\x91\x94\x71\x06\x00\x40\x34" + bytes((tpdu[0] & 0x40 | 4,)) + tpdu[2 : 2 + n]
    clock[0] += 1
    now = bytes((clock[0] % 10 << 4 | clock[0] // 10 % 6, 0))
    out += tpdu[2 + n : 4 + n] + b"\x42\x10\x10\x21\x23" + now + tpdu[4 + n :]
    return "".join(["%02X" % c for c in out]).encode()


class Speech:
    """The session's reader and writer in one."""

    def __init__(self, size):
        self.writer = lambda: Writer(size)


class Session:
    """What a bearer sees of a session."""

    def __init__(self, message=b"", size=64):
        self.message = message
        self.w = Speech(size)
        self.r = Reader(size)
        self.poll = False
        self.pending = None
        self.id = "s1"
        self.cookie = "c4f1"

    def write(self, w):
        w.put(self.message)


def make(mt=1, **options):
    """(bearer, peer, session)"""
    peer = Peer()
    modem = Modem(At(peer.ticks_ms), GENERIC)
    modem.mt = mt
    return SmsBearer(peer, modem, SERVICE, **options), peer, Session()


def store(peer, *pdus):
    """Put messages into the modem's store."""
    first = max(list(peer.stores[b"SM"]) + [0]) + 1
    for i in range(len(pdus)):
        peer.stores[b"SM"][first + i] = pdus[i]
        peer.send(b'\r\n+CMTI: "SM",%d\r\n' % (first + i))


def parts_of(message, **named):
    return [deliver(part, **named) for part in cut(message)]


def receive(b, peer, s, ms=3000, tid=None):
    """The next message as the reader gets it, None when there is none; not done with."""
    b.session = s
    if not run(b.receive(ms, tid), b.io, peer):
        return None
    s.r.reset()
    got = b""
    while not b.over:
        run(b.fill(s.r), b.io, peer)
        got += bytes(s.r.buf[s.r.pos : s.r.end])
        s.r.pos = s.r.end
    assert b.got == len(got)
    return got


def take(b, peer, s, **named):
    got = receive(b, peer, s, **named)
    if got is not None:
        run(b.done(), b.io, peer)
    return got


def bodies(peer):
    """What was sent: (body, destination port)."""
    out = []
    for pdu in peer.pdus:
        received = Received()
        received.feed(pdu, 0, len(pdu))
        received.parse()
        assert received.kind == 1 and received.sender[: received.sender_len] == SERVICE.encode()
        out.append((bytes(received.buf[received.start : received.stop]), received.dst))
    return out


LONG = b"WV13UP58 SI=s8Kd " + bytes([33 + i % 90 for i in range(400)])
LONGEST = b"WV13NM999 " + bytes([33 + i % 90 for i in range(26 * 121)])


def test_what_is_sent():
    for message in (b"WV13KA4 SI=s8Kd", b"WV12PO0", LONG[:133], LONG[:134], LONG, LONGEST):
        for size in (16, 64, 256):
            b, peer, _ = make()
            b.modem.gap_ms = 0
            run(b.exchange(Session(message, size)), b.io, peer, 20000)
            assert bodies(peer) == [(part, 3590) for part in cut(message)], (message[:9], size)
            assert b.sent == len(cut(message)) and b.octets >= len(message)


def test_what_is_too_long_is_refused_before_it_costs():
    b, peer, _ = make()
    try:
        run(b.exchange(Session(LONGEST + b"x")), b.io, peer)
    except LocalError as error:
        assert error.args[0] == 49
    else:
        raise AssertionError("27 parts")
    assert not peer.pdus and b.sent == 0
    run(b.exchange(Session(b"WV13KA4 SI=s8Kd")), b.io, peer)
    assert len(peer.pdus) == 1


def test_a_part_that_may_have_been_sent_is_sent_again():
    b, peer, _ = make(timeout=1000)
    peer.say(b"body", b"", lambda text: peer.sent())
    run(b.exchange(Session(b"WV13KA4 SI=s8Kd")), b.io, peer)
    assert b.sent == 2 and len(peer.pdus) == 2


def test_refused_for_good():
    b, peer, _ = make()
    peer.say(b"body", b"\r\n+CMS ERROR: 28\r\n")
    try:
        run(b.exchange(Session(b"WV13KA4 SI=s8Kd")), b.io, peer)
    except PeerError as error:
        assert error.args[0] == 224
    else:
        raise AssertionError("no error")
    assert b.sent == 1


def test_row_21_the_whole_queue_waits_and_keeps_its_order():
    b, peer, _ = make()
    b.modem.gap_ms = 0
    times = []

    def throttled(text):
        times.append(peer.now)
        if len(times) == 2:  # the second part, once: temporary failure
            peer.send(b"\r\n+CMS ERROR: 41\r\n")
        else:
            peer.sent()

    peer.say(b"body", throttled)
    run(b.exchange(Session(LONG)), b.io, peer, 20000)
    first, *rest = cut(LONG)
    assert [body for body, _ in bodies(peer)] == [first, rest[0]] + rest
    assert times[2] - times[1] >= 30000 and b.sent == len(times) == 5


def test_a_whole_message_and_one_in_parts_in_any_order():
    for message in (b"WV13ST4 SI=s8Kd ST=200", LONG):
        for backwards in (False, True):
            b, peer, s = make()
            pdus = parts_of(message)
            store(peer, *(reversed(pdus) if backwards else pdus))
            assert receive(b, peer, s) == message
            assert len(peer.stores[b"SM"]) == len(pdus)  # still there
            run(b.done(), b.io, peer)
            assert not peer.stores[b"SM"]
            assert take(b, peer, s) is None
            assert b.received == len(pdus)


def test_parts_stay_in_the_store_and_are_found_after_a_restart():
    b, peer, s = make()
    first, last = parts_of(LONG[:200])
    store(peer, first)
    assert take(b, peer, s) is None
    assert len(peer.stores[b"SM"]) == 1
    peer.send(b"\r\nRDY\r\n")  # the modem has restarted
    store(peer, last)
    assert take(b, peer, s) == LONG[:200]
    other, _, s = make()  # so has the board
    store(peer, first, last)
    other.io.ticks_ms = other.modem.at.ticks_ms = peer.ticks_ms
    assert take(other, peer, s) == LONG[:200]


def test_repeats_and_expiry_leave_nothing_behind():
    b, peer, s = make(expiry=60000)
    first, last = parts_of(LONG[:200])
    store(peer, first, first, first)
    assert take(b, peer, s) is None
    assert b.assembly.repeats == 2 and len(peer.stores[b"SM"]) == 1
    peer.now += 61000
    assert take(b, peer, s) is None
    assert b.assembly.expired == 1 and not peer.stores[b"SM"]
    first, last = parts_of(LONG[:200])
    store(peer, last)
    assert take(b, peer, s) is None
    store(peer, first)
    assert take(b, peer, s) == LONG[:200]


def test_own_answer_is_taken_first():
    b, peer, s = make()
    store(peer, deliver(b"WV13PN77 SI=s"), deliver(b"WV13ST4 SI=s"), deliver(b"WV13PN78 SI=s"))
    assert take(b, peer, s, tid="4") == b"WV13ST4 SI=s"
    got = [take(b, peer, s), take(b, peer, s)]
    assert sorted(got) == [b"WV13PN77 SI=s", b"WV13PN78 SI=s"]


def test_what_was_not_done_with_comes_again():
    b, peer, s = make()
    store(peer, *parts_of(LONG))
    for _ in range(2):
        assert receive(b, peer, s) == LONG
    run(b.receive(3000), b.io, peer)
    run(b.fill(s.r), b.io, peer)  # given up in the middle
    assert take(b, peer, s) == LONG
    store(peer, deliver(b"WV13ST4 SI=s"))  # but an answer that nobody wants any more does not
    assert receive(b, peer, s, tid="4") == b"WV13ST4 SI=s"
    assert take(b, peer, s) is None and not peer.stores[b"SM"]


def test_strangers_garbage_and_what_is_not_ours():
    b, peer, s = make(senders=("+15550001",))
    hello = deliver(b"Hello", ports=(5000, 3590))
    store(
        peer,
        deliver(b"WV13PN1 SI=s", sender="+15559999"),
        deliver(b"nonsense"),
        deliver(b"WV13PN1ba SI=s"),
        b"0791ZZ",
        b"07919471060040340",
        b"",
        deliver(b"\xff" * 133),
        hello,
        deliver(b"Hello, are you there?", ports=None),
        deliver(b"WV13PN2 SI=s", ports=None),
        deliver(b"WV13PN3 SI=s", ports=(3590, 9999)),
        deliver(b"WV13PN4 SI=s", sender="+15550001"),
    )
    got = []
    message = take(b, peer, s)
    while message:
        got.append(message)
        message = take(b, peer, s)
    assert sorted(got) == [b"WV13PN2 SI=s", b"WV13PN3 SI=s", b"WV13PN4 SI=s"]
    assert b.strangers == 1 and b.garbage >= 3
    left = list(peer.stores[b"SM"].values())
    assert hello in left and len(left) <= 5


def test_row_33_header_lost_or_left_in_the_body():
    b, peer, s = make()
    header = b"\x06\x05\x04\x0e\x06\x0e\x06"
    for message in (b"WV13ST4 SI=s ST=200", LONG):
        for left in (b"", header):
            parts = [left + part[: 140 - len(left)] for part in cut(message)]
            store(peer, *[deliver(part, ports=None) for part in parts])
            assert take(b, peer, s) == message
            assert not peer.stores[b"SM"]
    seen = []
    b.on_other = lambda pdu: seen.append(bytes(pdu.buf[pdu.start : pdu.stop]))
    store(peer, deliver(header + b"Hello", ports=None))
    assert take(b, peer, s) is None
    assert seen == [header + b"Hello"] and len(peer.stores[b"SM"]) == 1


def test_row_37_octets_labelled_as_text():
    """What came as text, of either alphabet, is counted and gone; the same as octets is taken."""
    b, peer, s = make()
    store(peer, deliver(None, dcs=0, text="WV13ST7 ST=200"), deliver(None, dcs=8, text="WV13ST7"))
    assert take(b, peer, s) is None
    assert b.garbage == 2 and not peer.stores[b"SM"]
    store(peer, deliver(b"WV13ST7 ST=200"))
    assert take(b, peer, s) == b"WV13ST7 ST=200"


def test_row_38_senders_that_are_the_service_too():
    b, peer, s = make(senders=("+15550000",))
    store(peer, deliver(b"WV13ST7", sender="+15550000"), deliver(b"WV13ST8", sender="+15550666"))
    assert take(b, peer, s) == b"WV13ST7"
    assert take(b, peer, s) is None and b.strangers == 1


def test_others_messages_go_to_whoever_wants_them():
    seen = []

    def on_other(pdu):
        seen.append(bytes(pdu.buf[pdu.start : pdu.stop]))
        return True

    b, peer, s = make(on_other=on_other)
    store(peer, deliver(b"Hello", ports=None))
    assert take(b, peer, s) is None
    assert seen == [b"Hello"] and not peer.stores[b"SM"]


def direct(peer, *pdus):
    for pdu in pdus:
        peer.send(b"\r\n+CMT: ,%d\r\n%s\r\n" % (len(pdu) // 2 - 8, pdu))


def test_direct_delivery_into_buffers():
    b, peer, s = make(mt=2, pool=2)
    assert take(b, peer, s, ms=300) is None
    direct(peer, *reversed(parts_of(LONG[:200])))
    assert take(b, peer, s) == LONG[:200]
    direct(peer, deliver(b"WV13PN1 SI=s"), deliver(b"WV13PN2 SI=s"))
    got = sorted([take(b, peer, s), take(b, peer, s)])
    assert got == [b"WV13PN1 SI=s", b"WV13PN2 SI=s"]
    assert b.held == [0, 0]


def test_direct_delivery_of_more_than_fits():
    b, peer, s = make(mt=2, pool=2)
    assert take(b, peer, s, ms=300) is None
    direct(peer, *parts_of(LONG))  # four parts
    assert take(b, peer, s) is None
    assert b.assembly.expired >= 1 and sum([n > 0 for n in b.held]) <= 2
    direct(peer, deliver(b"WV13PN1 SI=s"))
    assert take(b, peer, s) == b"WV13PN1 SI=s"
    direct(peer, *parts_of(LONG[:200]))
    assert take(b, peer, s) == LONG[:200]


def test_a_part_that_is_gone():
    b, peer, s = make()
    store(peer, *parts_of(LONG))
    b.session = s
    assert run(b.receive(3000), b.io, peer)
    peer.stores[b"SM"].clear()
    try:
        while not b.over:
            run(b.fill(s.r), b.io, peer)
            s.r.pos = s.r.end
    except PeerError as error:
        assert error.args[0] == 1
    else:
        raise AssertionError("no error")
    run(b.done(), b.io, peer)
    store(peer, deliver(b"WV13PN1 SI=s"))
    assert take(b, peer, s) == b"WV13PN1 SI=s"


def test_more_messages_than_are_kept_track_of():
    b, peer, s = make()
    store(peer, *[deliver(b"WV13PN%d SI=s" % i) for i in range(20)])
    assert take(b, peer, s, tid="777", ms=30000) is None
    assert len(b.ready) == 8
    got = set()
    for _ in range(20):
        message = take(b, peer, s, ms=5000)
        assert message not in got and len(b.ready) <= 8
        got.add(message)
    assert len(got) == 20 and None not in got and not peer.stores[b"SM"]


def test_repeats_do_not_keep_the_awaited_answer_out():
    b, peer, s = make()
    s.pending = ("4", 0, None)
    for _ in range(10):
        store(peer, deliver(b"WV13NM7 SI=s"))
    assert take(b, peer, s, tid="4", ms=30000) is None
    assert len(b.ready) == 1 and b.assembly.repeats == 9
    assert len(peer.stores[b"SM"]) == 1
    store(peer, *[deliver(b"WV13NM%d SI=s" % i) for i in range(10, 19)])
    store(peer, deliver(b"WV13ST4 SI=s ST=200"))
    assert take(b, peer, s, tid="4", ms=30000) == b"WV13ST4 SI=s ST=200"
    got = sorted([take(b, peer, s, ms=5000) for _ in range(10)])
    assert got == sorted([b"WV13NM%d SI=s" % i for i in [7] + list(range(10, 19))])


def test_messages_without_a_number_are_no_repeats():
    b, peer, s = make()
    store(peer, deliver(b"WV13NM0 SI=s a"), deliver(b"WV13NM0 SI=s b"))
    assert take(b, peer, s, tid="4", ms=5000) is None
    assert sorted([take(b, peer, s), take(b, peer, s)]) == [b"WV13NM0 SI=s a", b"WV13NM0 SI=s b"]


def test_buffers_of_what_is_too_much_are_free_again():
    b, peer, s = make(mt=2, pool=2)
    assert take(b, peer, s, ms=300) is None
    store(peer, *[deliver(b"WV13PN%d SI=s" % i) for i in range(8)])
    assert take(b, peer, s, tid="777", ms=30000) is None
    direct(peer, deliver(b"WV13PN8 SI=s"))
    assert take(b, peer, s, tid="777") is None
    assert len(b.ready) == 8 and b.held == [0, 0]


PASSING = ["microimps.codec", "microimps.pts.", "microimps.sms_bearer.send", "microimps.words"]


def test_reader_and_writer_come_and_go():
    from microimps.pts import Speech as Pts

    b, peer, s = make()
    gone = []
    b.session = s
    b.modem.forget = lambda *names: gone.extend(names)
    s.w = s.r = speech = Pts(64, 16, 128, 3, False, None)
    told = [True, False, None]

    def take(parts):
        while not b.over:
            yield from b.fill(s.r)
            s.r.pos = s.r.end
        s.r.agreed = told.pop(0)
        if not told:
            raise PeerError(1)

    s.take = take
    for i, parts in ((1, None), (2, "unasked"), (3, "unasked")):
        store(peer, deliver(b"WV13ST%d SI=s ST=200" % i))
        assert run(b.receive(3000), b.io, peer)
        gone.clear()
        flow = b.read(s, parts)
        if i < 3:
            run(flow, b.io, peer)
        else:
            try:
                run(flow, b.io, peer)
            except PeerError as error:
                assert error.args[0] == 1
            else:
                raise AssertionError("no error")
        assert s.r is s.w is speech and speech.agreed is True
        assert sorted(gone) == PASSING
        run(b.done(), b.io, peer)
    run(b.exchange(s), b.io, peer)
    assert "microimps.sms_bearer.outgoing" in gone and "microimps.pts." in gone


def test_notices():
    for text, wakes in (
        ("WVCI 1.2 c4f1", True),
        ("WVCI 1.2 c4f1@", True),
        ("WVCI 1.2 c4f1\r", True),
        ("WVCI 1.2 other", False),
        ("WVCI 1.2", False),
        ("Hello", False),
    ):
        b, peer, s = make()
        store(peer, deliver(b"", ports=(3716, 3716), dcs=0, text=text))
        receive(b, peer, s)
        assert s.poll == wakes, text
        assert b.garbage == (not wakes) and not peer.stores[b"SM"]


def test_push_notices():
    push = b"\x01\x06\x03\xc6\xaf\x8aWVCI 1.2 c4f1"
    for body, wakes in ((push, True), (push[:-1], False), (push[2:], False), (b"", False)):
        b, peer, s = make()
        store(peer, deliver(body, ports=(2948, 9200), sender="+15550002"))
        assert receive(b, peer, s) is None
        assert s.poll == wakes


def test_hello_once_and_a_notice_ends_listening():
    b, peer, s = make(cir=SERVICE)
    s.bearer = None  # the session's data take another way
    s.id = "s8Kdx"
    run(b.hear(s, 1000), b.io, peer)
    run(b.hear(s, 1000), b.io, peer)
    assert [port for _, port in bodies(peer)] == [3716]
    store(peer, deliver(b"", ports=(3716, 3716), dcs=0, text="WVCI 1.2 c4f1"))
    before = peer.now
    run(b.hear(s, 60000), b.io, peer)
    assert s.poll and peer.now - before < 10000


def test_line_that_breaks():
    b, peer, s = make()
    flow = b.exchange(Session(b"WV13KA4 SI=s8Kd"))
    assert next(flow) == 1 and flow.send(None) in (2, 3)
    assert flow.throw(OSError(5)) == 4 and not b.io.up
    try:
        flow.send(None)
    except OSError as error:
        assert error.args[0] == 5
    run(b.exchange(Session(b"WV13KA4 SI=s8Kd")), b.io, peer)
    assert len(peer.pdus) == 1


def test_a_flow_cut_off_in_the_middle_of_a_command():
    b, peer, s = make()
    run(b.exchange(Session(b"WV13KA4 SI=s8Kd")), b.io, peer)
    flow = b.exchange(Session(b"WV13KA5 SI=s8Kd"))
    for _ in range(3):
        next(flow)
    flow.close()
    run(b.exchange(Session(b"WV13KA6 SI=s8Kd")), b.io, peer)
    assert bodies(peer)[-1][0] == b"WV13KA6 SI=s8Kd"


def test_garbage_is_bounded():
    try:
        from gc import collect, mem_alloc
    except ImportError:
        return
    b, peer, s = make()
    peer.size = 40
    for message in (b"WV13PN1 SI=s", LONGEST):
        store(peer, *parts_of(message))
        peer.log = []
        assert len(take(b, peer, s, ms=60000)) == len(message)
        peer.log = []
        collect()
        kept = mem_alloc()
    store(peer, *parts_of(LONGEST))
    assert len(take(b, peer, s, ms=60000)) == len(LONGEST)
    peer.log = []
    collect()
    assert mem_alloc() - kept < 200


if __name__ == "__main__":
    from testing import run as run_tests

    run_tests(globals())
