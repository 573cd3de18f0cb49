"""The AT engine: lines, final results, indications, prompts (core/sms_bearer/at.py)."""

from modem_peer import PDU, Peer, run

from microimps.sms_bearer.at import At
from microimps.sms_bearer.start import resync

LINE, TAIL, FINAL, PROMPT = 1, 2, 4, 8


def key(name):
    """The rule of at.py, written once more."""
    value = 0
    for c in name.split(":")[0]:
        if c >= "A":
            value = value * 32 + (ord(c) & 31)
    value &= 0x3FFFFFFF
    return value if ":" in name else -value


def events(octets, step=1000, prompt=False, size=384):
    """[(event, line or code)] of the octets, fed `step` at a time."""
    at = At(lambda: 0, size, max(step, 1))
    at._prompt = prompt
    found = []
    for i in range(0, len(octets), step):
        piece = octets[i : i + step]
        at.rx[: len(piece)] = piece
        at.feed(len(piece))
        while True:
            event = at.poll()
            if not event:
                break
            found.append((event, at.code if event == FINAL else bytes(at.line[: at.len])))
    return found


def both(octets, wanted, prompt=False):
    for step in (1, 2, 7, 1000):
        assert events(octets, step, prompt) == wanted, (step, events(octets, step, prompt))


def test_line_ends_of_all_kinds():
    wanted = [(LINE, b"+CSQ: 21,99"), (FINAL, 0)]
    both(b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n", wanted)
    both(b"+CSQ: 21,99\rOK\r", wanted)
    both(b"\n+CSQ: 21,99\nOK\n", wanted)
    both(b"\0\r\n+CS\0Q: 21,99\r\r\n\x80O\x07K\r\n", wanted)


def test_final_results_are_whole_lines():
    both(b"OKAY\r\n OK\r\n", [(LINE, b"OKAY"), (FINAL, 0)])
    both(b"ERROR\r\nERRORS\r\nMY ERROR\r\n", [(FINAL, -1), (LINE, b"ERRORS"), (LINE, b"MY ERROR")])


def test_error_numbers():
    both(b"\r\n+CMS ERROR: 500\r\n", [(FINAL, 500)])
    both(b"\r\n+CME ERROR: 14\r\n", [(FINAL, 1014)])
    both(b"\r\n+CME ERROR: SIM busy\r\n+CMS ERROR: 0\r\n", [(FINAL, -1), (FINAL, -1)])


def test_prompt_in_all_forms():
    for form in (b"\r\n> ", b">", b"> \r", b">\r\n", b"\r\n>\r\n"):
        both(form, [(PROMPT, b"")], True)
    wanted = [(PROMPT, b""), (LINE, b"+CMGS: 5"), (FINAL, 0)]
    both(b"\r\n> \r\n+CMGS: 5\r\n\r\nOK\r\n", wanted, True)


def test_prompt_sign_is_text_when_no_command_waits_for_it():
    both(b"\r\n> x\r\n", [(LINE, b"> x")])
    both(b"a>b\r\n", [(LINE, b"a>b")], True)


def test_pdu_follows_its_indication():
    pdu = PDU % 1
    size = len(pdu) // 2 - 8
    at = At(lambda: 0)
    octets = b"\r\n+CMT: ,%d\r\n%s\r\n" % (size, pdu)
    at.rx = memoryview(bytearray(octets))
    at.feed(len(octets))
    assert at.poll() == LINE and at.key == key("+CMT:")
    assert at.poll() == TAIL and at.key == key("+CMT:") and at.size == size
    assert bytes(at.line[: at.len]) == pdu
    assert at.poll() == 0


def test_pdu_of_digits_only():
    pdu = b"0591515510000601089151555309621112013322006211120133220000"
    both(b"+CDS: 23\r\n" + pdu + b"\r\n", [(LINE, b"+CDS: 23"), (TAIL, pdu)])


def test_pdu_cut_off_by_another_line():
    pdu = PDU % 1
    both(
        b'+CMT: "x",30\r\n+CREG: 1\r\nOK\r\n' + pdu + b"\r\n",
        [(LINE, b'+CMT: "x",30'), (LINE, b"+CREG: 1"), (FINAL, 0), (TAIL, pdu)],
    )


def test_indication_between_answer_and_its_pdu():
    one, two = PDU % 1, PDU % 2
    at = At(lambda: 0)
    octets = b"+CMGR: 0,,20\r\n+CMT: ,19\r\n" + two + b"\r\n" + one + b"\r\nOK\r\n"
    at.rx = memoryview(bytearray(octets))
    at.feed(len(octets))
    assert at.poll() == LINE and at.poll() == LINE
    assert at.poll() == TAIL and at.key == key("+CMT:") and at.size == 19
    assert at.poll() == TAIL and at.key == key("+CMGR:") and at.size == 20
    assert at.poll() == FINAL


def test_announced_without_message():
    # `+CMT: 0`, seen: no PDU is due, and a long line is not taken for one.
    long = b"A" * 40
    both(b"+CMT: 0\r\n" + long + b"\r\n", [(LINE, b"+CMT: 0"), (LINE, long)])


def test_numbers_of_a_line():
    at = At(lambda: 0)
    octets = b'+CPMS: "S,M",3,30,,-1, 07,12345678901,x5,"9"\r\n'
    at.rx = memoryview(bytearray(octets))
    at.feed(len(octets))
    assert at.poll() == LINE
    got = [at.number(i) for i in range(10)]
    assert got[:6] == [-1, 3, 30, -1, -1, 7], got
    assert got[7:] == [-1, -1, -1]
    assert at.text().startswith(b'"S,M",3')


def test_last_number():
    at = At(lambda: 0)
    octets = b"+CMGL: 3,1,,159\r\n"
    at.rx[: len(octets)] = octets
    at.feed(len(octets))
    at.poll()
    assert at.number(-1) == 159 and at.number(0) == 3 and at.number(2) == -1


def test_long_lines_are_cut_and_the_next_one_is_whole():
    assert events(b"x" * 500 + b"\r\nOK\r\n", 64, size=100) == [(LINE, b"x" * 100), (FINAL, 0)]
    pdu = b"A5" * 182
    at_most = events(b"+CMT: ,170\r\n" + pdu + b"\r\n", 64)
    assert at_most[1] == (TAIL, pdu)


def test_echo_in_its_forms():
    peer = Peer()
    at = At(peer.ticks_ms)
    seen = []
    at.sink = lambda event: seen.append(bytes(at.line[: at.len]))
    for echo in (b"AT+CSQ\r", b"AT+CSQ\r\r\n", b"AT+CSQ\r\n", b""):
        seen.clear()
        peer.say(b"AT+CSQ", echo + b"\r\n+CSQ: 5,0\r\n\r\nOK\r\n")
        assert run(at.command(b"+CSQ"), at, peer) == 0
        assert seen == [b"+CSQ: 5,0"], (echo, seen)


def test_silence_is_not_an_error_result():
    peer = Peer()
    at = At(peer.ticks_ms)
    peer.say(b"AT", b"")
    assert run(at.command(b"+CSQ", 3000), at, peer) == -2
    assert 3000 <= peer.now <= 3100


def test_chatter_does_not_prolong_a_time_limit():
    peer = Peer()
    at = At(peer.ticks_ms)
    peer.say(b"AT", b"")
    for i in range(100):
        peer.send(b"\r\nRING\r\n", i * 1000)
    assert run(at.command(b"+CSQ", 5000), at, peer) == -2
    assert peer.now <= 6000


def test_time_limit_across_the_wrap_of_the_clock():
    peer = Peer()
    peer.now = 0x1FFFFFFF - 1000
    at = At(peer.ticks_ms)
    peer.say(b"AT", lambda text: peer.send(b"OK\r\n", 4000))
    assert run(at.command(b"", 5000), at, peer) == 0


def test_late_ok_is_not_the_answer_to_the_next_command():
    # `ERROR` followed by `OK` for one command.
    peer = Peer()
    at = At(peer.ticks_ms)
    peer.say(b"AT+X", b"\r\nERROR\r\n\r\nOK\r\n")
    peer.say(b"AT+Y", b"\r\n+CME ERROR: 3\r\n")
    assert run(at.command(b"+X"), at, peer) == -1
    assert run(at.command(b"+Y"), at, peer) == 1003


def test_resync_with_garbage_and_lost_first_command():
    peer = Peer(1)
    at = At(peer.ticks_ms)
    peer.say(b"AT", b"", b"\x00\xff@#A\r", b"\r\nOK\r\n")
    assert run(resync(at), at, peer) is True
    peer.say(b"AT", b"")
    assert run(resync(at), at, peer) is False


def test_resync_leaves_a_half_entered_message():
    peer = Peer()
    at = At(peer.ticks_ms)
    peer.prompting = True
    assert run(resync(at), at, peer) is True
    assert peer.pdus == []


def test_a_modem_that_refuses_bare_at_is_alive():
    peer = Peer()
    at = At(peer.ticks_ms)
    peer.say(b"AT", b"\r\nERROR\r\n")
    assert run(resync(at), at, peer) is True


def test_line_trouble_comes_through():
    peer = Peer()
    at = At(peer.ticks_ms)
    flow = at.command(b"")
    flow.send(None)
    try:
        flow.throw(OSError(5))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("no error")


def test_steady_state_allocates_nothing():
    try:
        from gc import collect, mem_alloc
    except ImportError:  # CPython counts otherwise
        return
    at = At(lambda: 0)
    octets = b'\r\n+CMTI: "SM",3\r\n+CSQ: 21,99\r\n\r\nOK\r\n'
    at.rx[: len(octets)] = octets
    collect()
    before = mem_alloc()
    for _ in range(50):
        at.feed(len(octets))
        while at.poll():
            at.number(1)
    assert mem_alloc() - before < 100, mem_alloc() - before


if __name__ == "__main__":
    from testing import run as run_tests

    run_tests(globals())
