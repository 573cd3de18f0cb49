"""The modem driver against a scripted modem: sending (core/sms_bearer/send.py).

Numbers in the names are the rows of modem-quirks.md.
"""

from modem_peer import Peer, run

from microimps.errors import PeerError
from microimps.sms_bearer import profiles
from microimps.sms_bearer.at import At
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.submit import Submit

SEND = b"AT+CMGS="


def started(step=64):
    peer = Peer(step)
    modem = Modem(At(peer.ticks_ms), profiles.SIM800)

    def do(flow):
        return run(flow, modem.at, peer)

    do(modem.start())
    peer.log = []
    return modem, do, peer


def message(octets=b"WV1234567"):
    submit = Submit()
    submit.open("+491701234567")
    submit.element(5, 4, 10000, 10001)
    submit.write(octets)
    return submit


def refused(do, modem):
    try:
        do(modem.send(message()))
    except PeerError as error:
        return error.args
    raise AssertionError("no error")


def test_send():
    modem, do, peer = started()
    assert do(modem.send(message())) == 1
    assert do(modem.send(message(b"x" * 130))) == 2
    sizes = [int(text[8:]) for text in peer.log if text.startswith(SEND)]
    assert [len(pdu) // 2 for pdu in peer.pdus] == [size + 1 for size in sizes]
    assert peer.pdus[0].startswith(b"00") and peer.pdus[0].endswith(b"575631323334353637")
    assert peer.pdus[1].endswith(b"78" * 130)


def test_reference_0_is_a_reference():
    modem, do, peer = started()
    peer.say(b"body", b"\r\n+CMGS: 0\r\n\r\nOK\r\n")
    assert do(modem.send(message())) == 0


def prompting(peer, prompt):
    """Answer AT+CMGS with this prompt."""

    def ask(text):
        peer.prompting = True
        peer.send(prompt)

    peer.say(SEND, ask)


def test_row_11_prompts():
    for prompt in (b"\r\n> ", b">", b"> \r", b">\r\n", b"\r\n>\r\n"):
        modem, do, peer = started(1)
        prompting(peer, prompt)
        assert do(modem.send(message())) == 1, prompt


def test_row_10_echo_of_command_and_message():
    modem, do, peer = started()
    submit = message()
    prompting(peer, b"AT+CMGS=%d\r\r\n> " % submit.close())
    result = b"\x1a\r\n\r\n+CMGS: 8\r\n\r\nOK\r\n"
    peer.say(b"body", lambda text: peer.send(peer.pdus[-1] + result))
    assert do(modem.send(submit)) == 8


def test_row_12_no_prompt():
    modem, do, peer = started()
    peer.say(SEND, b"")
    args = refused(do, modem)
    assert args[0] == 227 and peer.pdus == [] and peer.count(SEND) == 2
    # Only the first time:
    peer.say(SEND, b"", lambda text: peer.send(peer.usual(text)))
    assert do(modem.send(message())) == 1


def test_late_ok_instead_of_the_prompt_sends_nothing_blindly():
    modem, do, peer = started()
    peer.say(SEND, b"\r\nOK\r\n", lambda text: peer.send(peer.usual(text)))
    assert do(modem.send(message())) == 1
    assert len(peer.pdus) == 1


def test_row_15_late_answer():
    modem, do, peer = started()
    peer.say(b"body", lambda text: peer.sent(58000))
    assert do(modem.send(message())) == 1


def test_row_15_no_answer_is_unknown_and_not_repeated():
    modem, do, peer = started()
    peer.say(b"body", b"")
    assert refused(do, modem) == (226,)
    assert len(peer.pdus) == 1
    peer.script.clear()
    assert do(modem.send(message())) == 2  # and the driver goes on


def test_row_15_answer_after_the_time_limit_does_not_answer_the_next_message():
    modem, do, peer = started()
    peer.say(b"body", lambda text: peer.sent(profiles.SIM800[5] * 1000 + 300))
    assert refused(do, modem) == (226,)
    peer.say(b"body", b"\r\n+CMS ERROR: 38\r\n")
    assert refused(do, modem)[:2] == (225, 38)


def test_row_5_restart_between_message_and_answer():
    modem, do, peer = started()
    peer.say(b"body", lambda text: peer.send(b"\r\nRDY\r\n", 3000))
    at = peer.now
    assert refused(do, modem) == (226,)
    assert peer.now - at < 10000
    peer.log = []
    assert refused(do, modem) == (226,)
    assert peer.count(b"AT+CMGF=0") == 1  # configured again before the second message
    assert refused(do, modem) == (229,)
    peer.script.clear()
    do(modem.send(message()))
    assert modem.restarts == 0


def test_row_16_500_once():
    modem, do, peer = started()
    peer.say(SEND, b"\r\n+CMS ERROR: 500\r\n", lambda text: peer.send(peer.usual(text)))
    assert do(modem.send(message())) == 1


def test_row_16_500_always_is_reported_with_the_state_of_the_network():
    modem, do, peer = started()
    peer.say(SEND, b"\r\n+CMS ERROR: 500\r\n")
    peer.say(b"AT+CREG?", b"\r\n+CREG: 0,3\r\n\r\nOK\r\n")
    assert refused(do, modem) == (225, 500, 30, (21, 3, 1, 4, 1, b"+491710760000"))
    assert peer.count(SEND) == 2


def test_row_17_passing_and_permanent_errors():
    for number, code in (
        (21, 225),
        (28, 224),
        (30, 224),
        (38, 225),
        (69, 224),
        (512, 225),
        (515, 225),
        (331, 225),
        (1, 224),
        (304, 224),
        (330, 224),
    ):
        modem, do, peer = started()
        peer.say(b"body", b"\r\n+CMS ERROR: %d\r\n" % number)
        assert refused(do, modem)[:2] == (code, number)
        assert peer.count(SEND) == 1


def test_row_17_back_off_grows():
    modem, do, peer = started()
    peer.say(b"body", b"\r\n+CMS ERROR: 38\r\n")
    assert [refused(do, modem)[2] for _ in range(4)] == [30, 120, 600, 600]
    peer.script.clear()
    do(modem.send(message()))
    peer.say(b"body", b"\r\n+CMS ERROR: 38\r\n")
    assert refused(do, modem)[2] == 30


def test_row_4_bad_stored_profile():
    modem, do, peer = started()

    def reset(text):
        peer.script.pop(SEND)
        peer.send(b"\r\nOK\r\n")

    peer.say(SEND, b"\r\nERROR\r\n")
    peer.say(b"AT&F", reset)
    for _ in range(3):
        assert refused(do, modem)[0] == 225
    peer.log = []
    assert do(modem.send(message())) == 1
    assert b"AT+CMGF=0" in peer.log


def test_row_19_registered_in_one_domain_only():
    modem, do, peer = started()
    peer.say(b"AT+CREG?", b"\r\n+CREG: 0,0\r\n\r\nOK\r\n")
    peer.say(b"AT+CGSMS?", b"\r\n+CGSMS: 3\r\n\r\nOK\r\n")
    peer.say(SEND, b"\r\n+CMS ERROR: 331\r\n")
    assert refused(do, modem)[3][1:4] == (0, 1, 4)


def test_row_20_gap_between_messages():
    modem, do, peer = started()
    do(modem.send(message()))
    at = peer.now
    do(modem.send(message()))
    assert peer.now - at >= 1000


def test_news_while_sending_is_kept():
    modem, do, peer = started()
    peer.say(SEND, lambda text: peer.send(b'\r\n+CMTI: "SM",3\r\n' + peer.usual(text)))
    peer.say(b"body", lambda text: peer.send(b'\r\n+CMTI: "SM",4\r\n') or peer.sent())
    assert do(modem.send(message())) == 1
    modem.due.clear()
    assert sorted((do(modem.wait(10)), do(modem.wait(10)))) == [3, 4]


def test_the_same_message_may_be_sent_twice():
    modem, do, peer = started()
    submit = message()
    do(modem.send(submit))
    do(modem.send(submit))
    assert peer.pdus[0] == peer.pdus[1]


if __name__ == "__main__":
    from testing import run as run_tests

    run_tests(globals())
