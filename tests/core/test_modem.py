"""The modem driver against a scripted modem: start-up and receiving (modem.py,
start.py, state.py).

Numbers in the names are the rows of modem-quirks.md.
"""

# heap: 208K

from modem_peer import PDU, REPORT, Peer, run

from microimps.errors import LocalError, PeerError
from microimps.sms_bearer import profiles
from microimps.sms_bearer.at import At
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.state import status

SM, ME, SR = 0, 1 << 10, 3 << 10
READY = b"\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\nCall Ready\r\n\r\nSMS Ready\r\n"


def driver(peer=None, profile=profiles.SIM800, **settings):
    """(driver, flow runner, peer)"""
    peer = peer or Peer()
    modem = Modem(At(peer.ticks_ms), profile, **settings)

    def do(flow):
        return run(flow, modem.at, peer)

    return modem, do, peer


def started(**settings):
    modem, do, peer = driver(**settings)
    do(modem.start())
    modem.due.clear()
    peer.log = []
    return modem, do, peer


def refused(do, flow, error=PeerError):
    """The arguments of the error that the flow ends with."""
    try:
        do(flow)
    except error as caught:
        return caught.args
    raise AssertionError("no error")


def listener(kinds):
    return lambda received: kinds.append(received.kind)


def drain(modem, do, ms=1000):
    """Slots that are reported within `ms`."""
    found = []
    while True:
        slot = do(modem.wait(ms))
        if slot < 0:
            return sorted(found)
        found.append(slot)


# Start-up.


def test_start_configures_everything():
    modem, do, peer = driver()
    do(modem.start())
    for command in (b"ATE0", b"AT+CMEE=1", b"AT+CPIN?", b"AT+CMGF=0", b"AT+CNMI=2,1,0,1"):
        assert peer.count(command) == 1, command
    assert b'AT+CPMS="SM","SM","SM"' in peer.log
    assert modem.ready and (modem.used, modem.total) == (0, 10)


def test_module_of_the_start_is_let_go():
    forgotten = []
    modem, do, peer = driver(forget=forgotten.append)
    do(modem.start())
    assert forgotten == ["microimps.sms_bearer.start"]


def test_row_1_start_up_lines_are_no_answers_and_later_mean_a_restart():
    modem, do, peer = driver()
    for i, line in enumerate(READY.split(b"\r\n\r\n")):
        peer.send(b"\r\n" + line + b"\r\n", 100 + 130 * i)
    do(modem.start())
    assert drain(modem, do, 30000) == []
    for line in (b"RDY", b"SMS Ready", b"SMS DONE", b"PB DONE", b"*ATREADY: 1", b"APP RDY"):
        peer.log = []
        peer.send(b"\r\n" + line + b"\r\n", 1000)
        assert drain(modem, do, 5000) == []
        assert peer.count(b"AT+CMGF=0") == 1, (line, peer.log)
    assert modem.ready


def test_row_2_message_commands_refused_while_the_sim_is_read():
    for error in (b"+CMS ERROR: 314", b"+CMS ERROR: 515", b"+CME ERROR: 14", b"ERROR"):
        modem, do, peer = driver()
        busy = b"\r\n" + error + b"\r\n"
        peer.say(b"AT+CMGF", busy, busy, busy, b"\r\nOK\r\n")
        do(modem.start())
        assert modem.ready and peer.count(b"AT+CMGF=0") == 4
    modem, do, peer = driver()
    peer.say(b"AT+CMGF", b"\r\n+CMS ERROR: 314\r\n")
    assert refused(do, modem.start()) == (223, 314)
    assert 55000 < peer.now < 90000 and not modem.ready


def test_row_3_settings_are_made_again_after_a_restart():
    modem, do, peer = started()
    peer.send(READY, 50)
    drain(modem, do)
    assert peer.count(b"ATE0") == 1 and peer.count(b"AT+CNMI=") == 1
    assert peer.count(b"AT+CMGL=4") == 0  # the store is empty


def test_row_6_first_commands_lost_or_garbled():
    modem, do, peer = driver(Peer(1))
    peer.say(b"AT", b"", b"\xfe\x00\x7f~x", lambda text: peer.send(peer.usual(text)))
    do(modem.start())
    assert modem.ready


def test_row_7_first_octet_after_a_pause_is_lost():
    modem, do, peer = started()
    peer.stores[b"SM"][4] = PDU % 4
    peer.send(b'\r\n+CMTI: "SM",4\r\n', 50)
    assert do(modem.wait(1000)) == 4
    peer.say(b"AT+CMGR", b"", lambda text: peer.send(peer.usual(text)))
    assert do(modem.read(4)) == 0
    assert peer.count(b"AT+CMGR=4") == 2


def test_silent_modem_ladder():
    pressed = []
    modem, do, peer = driver(press=pressed.append)
    peer.say(b"AT", b"")
    assert refused(do, modem.start()) == (220,)
    assert pressed == [1, 0, 1, 0]
    assert peer.count(b"AT&F") == 1 and peer.count(b"AT+CFUN=1,1") == 1
    # It lives again: so does the driver.
    peer.script.clear()
    do(modem.start())
    assert modem.ready


def test_silence_in_the_middle_restarts_at_the_next_call():
    modem, do, peer = started()
    peer.say(b"AT+CMGD", b"")
    assert refused(do, modem.delete(1)) == (220,)
    assert peer.count(b"AT+CMGD") == 2 and not modem.ready
    peer.script.clear()
    assert do(modem.wait(100)) == -1
    assert modem.ready


def test_power_key_wakes_a_modem_that_is_off():
    peer = Peer()
    peer.say(b"AT", b"")

    def press(level):
        if not level:
            peer.script.clear()
            peer.send(READY, 4000)

    modem, do, _ = driver(peer, press=press)
    do(modem.start())
    assert modem.ready


def test_modem_that_restarts_for_ever():
    modem, do, peer = started()
    peer.say(b"AT+CPIN?", b"\r\nRDY\r\n\r\nOK\r\n")
    peer.send(b"\r\nRDY\r\n", 10)
    at = peer.now
    assert do(modem.wait(20000)) == -1
    assert peer.now - at < 40000 and not modem.ready


def test_pin():
    def unlock(text):
        peer.script.pop(b"AT+CPIN?")
        peer.send(b"\r\nOK\r\n")

    modem, do, peer = driver(pin=b"1234")
    peer.say(b"AT+CPIN?", b"\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n")
    peer.say(b'AT+CPIN="1234"', unlock)
    do(modem.start())
    assert modem.ready and peer.count(b"AT+CPIN=") == 1


def test_pin_missing_refused_or_blocked():
    modem, do, peer = driver()
    peer.say(b"AT+CPIN?", b"\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n")
    assert refused(do, modem.start(), LocalError) == (221,)
    modem.pin = b"0000"
    peer.say(b"AT+CPIN=", b"\r\n+CME ERROR: 16\r\n")
    assert refused(do, modem.start()) == (222,)
    assert refused(do, modem.start(), LocalError) == (221,)
    assert peer.count(b"AT+CPIN=") == 1
    peer.say(b"AT+CPIN?", b"\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n")
    assert refused(do, modem.start()) == (223, b"SIM PUK")


def test_modem_that_lacks_half_of_the_commands():
    # at-transcripts.md section 7: carry on with what there is.
    modem, do, peer = driver()
    for command in (b"AT+CNMI", b"AT+CPMS", b"AT+CMGL", b"AT+CSMS", b"AT+CPIN", b"AT+CSCLK"):
        peer.say(command, b"\r\nERROR\r\n")
    peer.stores[b"SM"][7] = PDU % 7
    do(modem.start())
    slots = drain(modem, do)
    assert 7 in slots and len(slots) > 10
    kinds = [do(modem.read(slot)) for slot in slots]
    assert kinds.count(0) == 1 and kinds[slots.index(7)] == 0
    do(modem.delete(7))
    assert peer.stores[b"SM"] == {}


def test_row_18_service_centre_override():
    modem, do, peer = driver(smsc=b"+491710760000")
    do(modem.start())
    assert b'AT+CSCA="+491710760000"' in peer.log


def test_row_26_indication_settings_of_other_modems():
    def strict(modes, reports):
        def answer(text):
            mode, mt, bm, ds = text[8:].split(b",")
            ok = mode in modes and mt in b"1" and ds in reports
            if ok:
                peer.say(b"AT+CNMI?", b"\r\n+CNMI: %s,1,0,%s,1\r\n\r\nOK\r\n" % (mode, ds))
            peer.send(b"\r\nOK\r\n" if ok else b"\r\n+CMS ERROR: 303\r\n")

        return answer

    for modes, reports in ((b"2", b"1"), (b"1", b"02"), (b"3", b"0")):
        modem, do, peer = driver()
        peer.say(b"AT+CNMI=", strict(modes, reports))
        do(modem.start())
        set_to = [text for text in peer.log if text.startswith(b"AT+CNMI=")][-1]
        assert set_to[8:9] in modes and set_to[-1:] in reports and peer.log.count(b"AT+CNMI?") == 1


def test_row_26_setting_that_did_not_take_is_noticed():
    modem, do, peer = driver()
    peer.say(
        b"AT+CNMI?",
        b"\r\n+CNMI: 2,0,0,0,0\r\n\r\nOK\r\n",
        b"\r\n+CNMI: 1,1,0,1,0\r\n\r\nOK\r\n",
    )
    do(modem.start())
    assert [t for t in peer.log if b"+CNMI=" in t] == [b"AT+CNMI=2,1,0,1", b"AT+CNMI=1,1,0,1"]


def test_profiles_are_accepted():
    for name in ("GENERIC", "SIM800", "SIM7600", "QUECTEL_EC2X", "QUECTEL_BG9X", "SARA", "TELIT"):
        modem, do, peer = driver(profile=getattr(profiles, name))
        do(modem.start())
        assert modem.ready
        for command in getattr(profiles, name)[1].split():
            assert b"AT" + command in peer.log


# The line.


def test_row_8_indication_anywhere_in_an_answer():
    news = b'\r\n+CMTI: "SM",3\r\n'
    pdu = PDU % 5
    answer = [b"\r\n+CMGR: 0,,%d\r\n" % (len(pdu) // 2 - 8), pdu + b"\r\n", b"\r\nOK\r\n"]
    for place in range(3):
        modem, do, peer = started()
        peer.say(b"AT+CMGR", b"".join(answer[:place] + [news] + answer[place:]))
        assert do(modem.read(5)) == 0, place
        assert drain(modem, do) == [3], place


def test_row_8_direct_message_inside_an_answer():
    modem, do, peer = started()
    got = []
    modem.on_direct = listener(got)
    one, two = PDU % 1, REPORT % 9
    size = len(one) // 2 - 8
    peer.say(
        b"AT+CMGR",
        b"\r\n+CMGR: 0,,%d\r\n+CDS: %d\r\n%s\r\n" % (size, len(two) // 2 - 8, two)
        + one
        + b"\r\n\r\nOK\r\n",
    )
    assert do(modem.read(1)) == 0
    assert bytes(modem.pdu.buf[modem.pdu.start : modem.pdu.stop]) == b"WV"
    assert got == [2]


def test_row_9_same_prefix_as_answer_and_indication():
    for answer in (
        b"+CREG: 1,5\r\n",
        b"+CREG: 5\r\n+CREG: 1,5\r\n",
        b"+CREG: 1,5\r\n+CREG: 5\r\n",
        b'+CREG: 2,5,"00C3","0F12"\r\n+CREG: 5,"00C3","0F12"\r\n',
    ):
        modem, do, peer = started()
        peer.say(b"AT+CREG?", b"\r\n" + answer + b"\r\nOK\r\n")
        assert do(status(modem))[:4] == (21, 5, 1, 4), answer


def test_status():
    modem, do, peer = started()
    assert do(status(modem)) == (21, 1, 1, 4, 1, b"+491710760000")
    for command in (b"AT+CSQ", b"AT+CEREG", b"AT+CSCA", b"AT+CGSMS", b"AT+CREG", b"AT+CGREG"):
        peer.say(command, b"\r\nERROR\r\n")
    assert do(status(modem)) == (-1, -1, -1, -1, -1, b"")


def test_row_13_indications_without_a_message():
    for line in (b"+CMTI: ,-1", b"+CMTI: x", b'+CMTI: "SM"', b'+CMTI: "SM",99999'):
        modem, do, peer = started()
        peer.stores[b"SM"][2] = PDU % 2
        peer.send(b"\r\n" + line + b"\r\n", 50)
        assert drain(modem, do) == [2], line
    modem, do, peer = started()
    peer.send(b"\r\n+CMT: 0\r\n\r\n\r\n+CREG: 1\r\n", 50)
    assert drain(modem, do) == []


def test_row_13_message_cut_by_another_line():
    modem, do, peer = started()
    got = []
    modem.on_direct = listener(got)
    pdu = PDU % 3
    size = len(pdu) // 2 - 8
    peer.send(b'\r\n+CMT: "me",%d\r\n+CREG: 1\r\n%s\r\n' % (size, pdu), 50)
    drain(modem, do)
    assert got == [0]


def test_row_14_line_is_quiet_before_a_command():
    modem, do, peer = started()
    at = peer.now
    run(modem.at.command(b"+CSQ"), modem.at, peer)
    assert peer.now - at >= 20
    # What the modem held back and says 10 ms after OK is not lost.
    peer.say(b"AT+CSQ", b"\r\n+CSQ: 3,0\r\n\r\nOK\r\n")
    peer.say(
        b"AT+CGSMS",
        lambda text: peer.send(b"\r\nOK\r\n") or peer.send(b'\r\n+CMTI: "SM",6\r\n', 10),
    )
    do(modem.ask(b"+CGSMS?"))
    do(modem.ask(b"+CSQ"))
    assert drain(modem, do) == [6]


def test_row_14a_stray_octets():
    modem, do, peer = started()
    pdu = PDU % 5
    spoilt = b"\0".join([pdu[i : i + 7] for i in range(0, len(pdu), 7)])
    size = len(pdu) // 2 - 8
    peer.say(b"AT+CMGR", b"\r\n\0+CMGR: 0,,%d\x80\r\n%s\r\n\r\n\0OK\r\n" % (size, spoilt))
    assert do(modem.read(1)) == 0


def test_garbage_and_half_lines():
    modem, do, peer = started()
    peer.send(b"\xff" * 1000 + b"+CMGR: 1,,2\r\n+CMT: ,30\r\n" + b"Z" * 900 + b"\r\n+CMTI", 10)
    assert drain(modem, do) == []
    peer.stores[b"SM"][1] = PDU % 1
    peer.send(b'\r\n+CMTI: "SM",1\r\n', 10)
    assert drain(modem, do) == [1] and do(modem.read(1)) == 0


# Receiving.


def test_messages_from_before_the_start():
    modem, do, peer = driver()
    peer.stores[b"SM"] = {1: PDU % 1, 4: PDU % 4}
    peer.stores[b"ME"] = {9: PDU % 9}
    assert drain(modem, do) == [SM | 1, SM | 4, ME | 9]


def test_row_22_lost_indication_is_made_up_for():
    modem, do, peer = started()
    peer.stores[b"SM"][3] = PDU % 3
    assert do(modem.wait(60000)) == -1
    assert do(modem.wait(300000)) == 3
    assert peer.now < 400000


def test_row_22_list_again_after_an_error():
    modem, do, peer = started()
    peer.stores[b"SM"][3] = PDU % 3
    peer.say(b"AT+CMGR", b"\r\n+CMS ERROR: 500\r\n", lambda text: peer.send(peer.usual(text)))
    assert do(modem.read(3)) == -1
    assert do(modem.wait(15000)) == 3
    assert do(modem.read(3)) == 0


def test_row_23_message_in_another_store():
    modem, do, peer = started()
    peer.stores[b"ME"][2] = PDU % 2
    peer.send(b'\r\n+CMTI: "ME",2\r\n', 50)
    slot = do(modem.wait(1000))
    assert slot == ME | 2 and do(modem.read(slot)) == 0
    do(modem.delete(slot))
    assert peer.stores[b"ME"] == {}


def test_row_23_ok_without_data_is_not_a_message():
    modem, do, peer = started()
    peer.say(b"AT+CMGR", b"\r\nOK\r\n")
    assert do(modem.read(1)) == -1
    peer.say(b"AT+CMGR", b"\r\n+CMS ERROR: 321\r\n")
    assert do(modem.read(1)) == -1
    assert do(modem.wait(20000)) == -1 and peer.count(b"AT+CMGL") == 0


def test_store_that_is_refused_is_not_read_from_elsewhere():
    modem, do, peer = started()
    peer.stores[b"SM"][1] = PDU % 1
    peer.stores.pop(b"ME")
    assert refused(do, modem.read(ME | 1)) == (228,)
    assert refused(do, modem.delete(ME | 1)) == (228,)
    assert 1 in peer.stores[b"SM"]


def test_row_24_full_store_is_seen_and_listed():
    modem, do, peer = started()
    for i in range(1, 11):
        peer.stores[b"SM"][i] = PDU % i
    for line in (b'^SMMEMFULL: "SM"', b"+SMS FULL", b"SMS FULL", b'%SMSFULL: "SM"'):
        modem.due.clear()
        modem.sums.clear()
        peer.send(b"\r\n" + line + b"\r\n", 50)
        assert drain(modem, do) == list(range(1, 11)), line
    assert modem.used == modem.total == 10
    do(modem.delete(1))
    assert modem.used == 9


def test_row_25_delete_without_effect():
    for answer in (b"\r\nOK\r\n", b"\r\nERROR\r\n"):
        modem, do, peer = started()
        peer.stores[b"SM"][1] = PDU % 1
        peer.say(b"AT+CMGD", answer)
        modem.due.add(0)
        assert drain(modem, do) == [1]
        assert do(modem.read(1)) == 0
        do(modem.delete(1))
        for _ in range(3):
            modem.due.add(0)
            assert drain(modem, do) == [1]
            assert do(modem.read(1)) == -1  # a repeat; deleting was tried again
        assert peer.count(b"AT+CMGD=1") == 4
        peer.stores[b"SM"][1] = PDU % 2  # another message in the same place
        assert do(modem.read(1)) == 0


def test_parts_that_are_kept_are_not_shown_again():
    modem, do, peer = started()
    peer.stores[b"SM"] = {1: PDU % 1, 2: PDU % 2}
    modem.due.add(0)
    assert drain(modem, do) == [1, 2]
    do(modem.read(1))
    modem.due.add(0)
    assert drain(modem, do) == [2]
    peer.send(READY, 10)  # after a restart everything is shown: the SIM may be another
    assert drain(modem, do) == [1, 2]


def test_row_27_report_indication_of_the_wrong_place():
    modem, do, peer = started()
    peer.stores[b"SM"][0] = PDU % 1
    peer.stores[b"SR"][0] = REPORT % 5
    peer.send(b'\r\n+CDSI: "SM",0\r\n', 50)
    slots = drain(modem, do)
    assert slots == [SM, SR]
    assert [do(modem.read(slot)) for slot in slots] == [0, 2]
    assert peer.count(b"AT+CMGD") == 0
    assert modem.pdu.mr == 5


def test_row_28_direct_messages_are_confirmed_where_the_modem_wants_it():
    for service, times in ((0, 0), (1, 2)):
        modem, do, peer = driver()
        got = []
        modem.on_direct = listener(got)
        peer.say(b"AT+CSMS=0", b"\r\n+CMS ERROR: 303\r\n")
        peer.say(b"AT+CSMS?", b"\r\n+CSMS: %d,1,1,1\r\n\r\nOK\r\n" % service)
        do(modem.start())
        pdu = PDU % 3
        size = len(pdu) // 2 - 8
        peer.send(b"\r\n+CMT: ,%d\r\n%s\r\n\r\n+CDS: 99\r\n%s\r\n" % (size, pdu, pdu), 50)
        drain(modem, do)
        assert got == [0] and peer.count(b"AT+CNMA") == times


def test_direct_mode():
    modem, do, peer = driver()
    modem.mt = 2
    peer.say(b"AT+CNMI?", b"\r\n+CNMI: 2,2,0,1,0\r\n\r\nOK\r\n")
    do(modem.start())
    assert b"AT+CNMI=2,2,0,1" in peer.log


def test_row_31_long_list():
    modem, do, peer = started()
    peer.size = 50
    peer.stores[b"SM"] = {i: PDU % i for i in range(1, 51)}
    modem.due.add(0)
    assert drain(modem, do) == list(range(1, 51))


def test_row_35_and_39_malformed_message_is_named_and_can_be_deleted():
    modem, do, peer = started()
    peer.stores[b"SM"] = {1: (PDU % 1)[:-8], 2: b"Z" * 60, 3: PDU % 3}
    args = refused(do, modem.read(1))
    assert 200 <= args[0] < 210
    refused(do, modem.read(2))
    assert do(modem.read(3)) == 0
    do(modem.delete(1))
    assert sorted(peer.stores[b"SM"]) == [2, 3]


def test_longest_message():
    modem, do, peer = started()
    head = b"07919471060040344414D0" + b"C1" * 10 + b"00F510102123000000"
    peer.stores[b"SM"][1] = head + b"8C06050423F023F0" + b"41" * 133
    assert do(modem.read(1)) == 0
    assert modem.pdu.stop - modem.pdu.start == 133 and modem.pdu.dst == 0x23F0


def test_other_lines_go_to_the_next_owner():
    peer = Peer()
    at = At(peer.ticks_ms)
    seen = []
    at.sink = lambda event: seen.append(bytes(at.line[: at.len]))
    modem = Modem(at, profiles.GENERIC)
    run(modem.start(), at, peer)
    seen.clear()
    peer.send(b"\r\n+HTTPACTION: 0,200,5\r\n", 10)
    run(modem.wait(100), at, peer)
    assert seen == [b"+HTTPACTION: 0,200,5"]


if __name__ == "__main__":
    from testing import run as run_tests

    run_tests(globals())
