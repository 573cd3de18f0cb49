"""Reading PDUs: every vector, data coding groups, lengths, headers and addresses."""

# heap: 80K
from sms_vectors import cases, code, received

from microimps.errors import PeerError
from microimps.sms_bearer import text, times
from microimps.sms_bearer.pdu import Received, alphabet

ALPHABETS = ("gsm7", "8bit", "ucs2")
STAMP = "62304151906200"  # 2026-03-14T15:09:26+00:00
CENTRE = "0591515510"


def name(message):
    return str(message.sender[: message.sender_len], "utf-8")


def iso(message, at):
    year, month, day, hour, minute, second, zone = times.stamp(message.buf, at)
    sign = "-" if zone < 0 else "+"
    zone = abs(zone)
    return "%04d-%02d-%02dT%02d:%02d:%02d%s%02d:%02d" % (
        (year, month, day, hour, minute, second, sign) + (zone // 60, zone % 60)
    )


def check(message, case):
    assert name(message) == case["address"], case["id"]
    assert message.dcs == case["dcs"]
    assert ALPHABETS[message.alphabet] == case["alphabet"]
    assert message.units == case["udl"]
    if "text" in case:
        assert text.text(message) == case["text"], case["id"]
    else:
        data = bytes(message.buf[message.start : message.stop])
        assert data == bytes.fromhex(case["data"]), case["id"]
    ports = case.get("ports") or {"dst": -1, "src": -1}
    assert (message.dst, message.src) == (ports["dst"], ports["src"]), case["id"]
    concat = case.get("concat")
    assert message.total == (concat["total"] if concat else 0)
    if concat:
        assert (message.ref, message.part) == (concat["ref"], concat["part"]), case["id"]
        assert message.wide == (concat["bits"] == 16)
    assert message.shift == 0


def test_deliver_vectors():
    message = Received()
    for case in cases("deliver"):
        assert received(message, case["pdu"], case["tpdu_len"]) == 0
        check(message, case)
        assert iso(message, message.stamp) == case["scts"], case["id"]
        assert message.pid == case.get("pid", 0)
        assert bool(message.flags & 4) != bool(case.get("mms", 0))  # TP-MMS 0: more wait
        assert bool(message.flags & 0x20) == bool(case.get("sri", 0))


def test_status_report_vectors():
    message = Received()
    for case in cases("status-report"):
        assert received(message, case["pdu"], case["tpdu_len"]) == 2
        assert name(message) == case["address"]
        assert message.mr == case.get("mr", 0)
        assert message.status == case["status"]
        assert iso(message, message.stamp) == case["scts"]
        assert iso(message, message.discharge) == case["discharge"]


def test_submit_vectors_as_a_store_lists_them():
    message = Received()
    for case in cases("submit"):
        assert received(message, case["pdu"], case["tpdu_len"]) == 1
        check(message, case)
        assert message.mr == case.get("mr", 0)
        if "vp" in case:
            assert message.buf[message.stamp] == case["vp"]


def test_parts_join():
    message = Received()
    for case in cases("reassembly"):
        joined = [b""] * case["concat"]["total"]
        for i in case["arrival"]:
            received(message, case["parts"][i])
            concat = case["concat"]
            assert (message.ref, message.total) == (concat["ref"], concat["total"])
            if case["alphabet"] == "gsm7":
                out = bytearray(320)
                data = bytes(memoryview(out)[: text.decode(message, out)])
            else:
                data = bytes(message.buf[message.start : message.stop])
            joined[message.part - 1] = data
        whole = b"".join(joined)
        if case["alphabet"] == "8bit":
            assert whole == bytes.fromhex(case["result"][0]), case["id"]
            continue
        if case["alphabet"] == "ucs2":
            out = bytearray(2 * len(whole))
            whole = bytes(memoryview(out)[: text.decode16(whole, 0, len(whole), out)])
        assert str(whole, "utf-8") == case["result"][0], case["id"]


def test_fed_in_any_pieces_and_in_its_own_buffer():
    for case in cases("deliver"):
        digits = case["pdu"].lower().encode()
        message = Received()
        for i in range(len(digits)):
            message.feed(digits, i, i + 1)
        message.parse(case["tpdu_len"])
        check(message, case)
        line = bytearray(400)
        line[5 : 5 + len(digits)] = digits
        message = Received(line)
        message.feed(line, 5, 5 + len(digits))
        message.parse(case["tpdu_len"])
        check(message, case)


def test_without_service_centre():
    message = Received()
    for case in cases("deliver"):
        received(message, case["tpdu"], case["tpdu_len"])
        check(message, case)
        received(message, "00" + case["tpdu"])
        check(message, case)


def test_data_coding_groups():
    # 3GPP TS 23.038 clause 4; the last ones are what networks turn 04 into
    groups = (
        (0, (0x00, 0x01, 0x0C, 0x10, 0x13, 0x40, 0x80, 0xBF, 0xC0, 0xC8, 0xD0, 0xF0, 0xF3)),
        (2, (0x08, 0x18, 0x1B, 0x48, 0xE0, 0xE8)),
        (1, (0x20, 0x60, 0x44, 0x04, 0x14, 0x15, 0x16, 0x17, 0xF4, 0xF5, 0xF6, 0xF7)),
    )
    for want, codes in groups:
        for dcs in codes:
            assert alphabet(dcs) == want, hex(dcs)


def deliver(dcs, length, data, flags="04", address="04810202"):
    return "00" + flags + address + "00" + dcs + STAMP + length + data


def test_rewritten_data_coding_reads_the_same():
    message = Received()
    for dcs in ("04", "15", "F4", "F5", "F6", "F7"):
        received(message, deliver(dcs, "0A", "0605040E06C000" + "57563A", "44"))
        assert (message.dst, message.src) == (3590, 49152)
        assert bytes(message.buf[message.start : message.stop]) == b"WV:"


def test_unknown_elements_are_skipped():
    message = Received()
    received(message, deliver("04", "0F", "0D7001AA05040E06C0000100220042", "44"))
    assert message.dst == 3590 and message.total == 0
    assert message.buf[message.start] == 0x42
    # known elements of another length than theirs, and an impossible part: as if not there
    received(message, deliver("04", "0F", "0E05020E0600031102000003110203", "44"))
    assert message.dst == -1 and message.total == 0 and message.start == message.stop
    for part, total in ((0, 3), (4, 3), (0, 0)):
        received(message, deliver("04", "06", "05000311%02X%02X" % (total, part), "44"))
        assert message.total == 0


def test_national_language_is_reported():
    message = Received()
    for element in ("240102", "250102"):
        received(message, deliver("00", "07", "03" + element + "080A01", "44"))
        assert message.shift == 2
        assert text.text(message) == "AB"


def test_a_name_as_sender():
    message = Received()
    for toa in ("D0", "D1", "50"):
        received(message, deliver("04", "00", "", address="0D" + toa + "C926740A3ADE01"))
        assert name(message) == "IMPS Gw"
    received(message, deliver("04", "00", "", address="14D0" + "9B32" + "00" * 8))
    assert name(message) == "€@@@@@@@@@"


def test_status_report_with_optional_fields():
    message = Received()
    received(message, "00062A089151552143623041519062006230415190130000017F")
    assert (message.kind, message.status, message.mr) == (2, 0, 42)


def test_faults_have_names_and_do_no_harm():
    message = Received()
    good = next(cases("deliver"))
    full = "41" * 140
    faults = (
        (200, "0G", -1),
        (200, "00 4", -1),
        (200, "000", -1),
        (200, good["pdu"] + ":", -1),
        (200, "00" * 177, -1),
        (201, "", -1),
        (201, "00", -1),
        (201, "07", -1),
        (201, "0004", -1),
        (201, deliver("04", "", ""), -1),
        (202, good["pdu"], good["tpdu_len"] + 1),
        (202, good["pdu"], good["tpdu_len"] - 1),
        (202, good["pdu"], 0),
        (203, "00" + "03" + "00" * 20, -1),
        (204, "0004" + "1581" + "00" * 30, -1),
        (205, deliver("04", "90", full + "41" * 4), -1),  # 144 octets, as seen on the air
        (205, deliver("04", "8C", full + "41" * 4), -1),
        (205, deliver("04", "8C", full[:-2]), -1),
        (205, deliver("00", "A1", full + "41"), -1),
        (205, deliver("08", "03", "0041"), -1),
        (206, deliver("04", "07", "0505040E060000", "44"), -1),
        (201, deliver("04", "07", "0705040E060000", "44"), -1),
        (201, deliver("04", "07", "0605050E060000", "44"), -1),
        (201, deliver("04", "00", "", "44"), -1),
        (206, deliver("04", "03", "010541", "44")[:-2] + "00", -1),
    )
    for want, digits, size in faults:
        assert code(PeerError, received, message, digits, size) == want, (want, digits)
        assert received(message, good["pdu"], good["tpdu_len"]) == 0
        check(message, good)


def test_rubbish_after_a_bad_digit_is_not_a_new_message():
    message = Received()
    pdu = next(cases("deliver"))["pdu"].encode()
    message.feed(b"+CMTI", 0, 5)
    message.feed(pdu, 0, len(pdu))
    assert code(PeerError, message.parse) == 200


def test_time_stamps():
    for octets, want in (
        ("62304151906200", (2026, 3, 14, 15, 9, 26, 0)),
        ("6230415190620A", (2026, 3, 14, 15, 9, 26, -300)),
        ("9921133295956E", (2099, 12, 31, 23, 59, 59, -990)),
        ("00000000000000", (2000, 0, 0, 0, 0, 0, 0)),
    ):
        assert times.stamp(bytes.fromhex(octets), 0) == want
        assert times.absolute(want) == bytes.fromhex(octets)
    for octets in ("A2304151906200", "6A304151906200", "623041519062F0"):
        assert code(PeerError, times.stamp, bytes.fromhex(octets), 0) == 207


if __name__ == "__main__":
    from testing import run

    run(globals())
