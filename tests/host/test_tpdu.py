"""The network's side of the PDU codec against the vectors, and against the device's side."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from microimps.errors import LocalError, PeerError
from microimps.sms_bearer import pdu, submit, text, times
from microimps.tools.gsm import tpdu
from microimps.tools.gsm.message import GSM7, OCTETS, UCS2, Message

FOLDER = Path(__file__).parents[1] / "vectors" / "sms"
ALPHABETS = {"gsm7": GSM7, "8bit": OCTETS, "ucs2": UCS2}
NOON = datetime(2026, 3, 14, 12, tzinfo=timezone.utc)


def cases(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def vectors(name):
    return pytest.mark.parametrize("case", cases(name), ids=lambda case: case["id"])


def same_content(message: Message, case: dict) -> None:
    assert message.alphabet == ALPHABETS[case["alphabet"]]
    assert message.dcs == case["dcs"]
    if "text" in case:
        assert message.text == case["text"]
    else:
        assert message.body.hex().upper() == case["data"]
    elements = [{"iei": f"{i:02X}", "data": d.hex().upper()} for i, d in message.header]
    assert elements == case.get("ies", [])
    ports = case.get("ports")
    assert message.ports == (ports and (ports["dst"], ports["src"]))
    concat = case.get("concat")
    assert message.part == (concat and (concat["ref"], concat["total"], concat["part"]))


@vectors("submit")
def test_reads_submit(case):
    centre, octets = tpdu.read_centre(bytes.fromhex(case["pdu"]))
    assert centre == (case["smsc"] or "")
    assert len(octets) == case["tpdu_len"]
    message = tpdu.read_submit(octets, "+1")
    same_content(message, case)
    assert (message.sender, message.destination) == ("+1", case["address"])
    assert message.reference == case.get("mr", 0)
    assert message.report == bool(case.get("srr"))
    assert message.validity == case.get("vp_seconds", Message("", "").validity)


@vectors("submit")
def test_writes_submit(case):
    octets = bytes.fromhex(case["tpdu"])
    period = bytes((case["vp"],)) if "vp" in case else b""
    written = tpdu.submit(tpdu.read_submit(octets), period)
    assert written[0] == octets[0] & ~4  # a module in text mode does not ask for TP-RD
    assert written[1:] == octets[1:]


@vectors("deliver")
def test_deliver_both_ways(case):
    octets = bytes.fromhex(case["tpdu"])
    message, when = tpdu.read_deliver(octets)
    same_content(message, case)
    assert message.sender == case["address"]
    assert when.isoformat() == case["scts"]
    assert message.report == bool(case.get("sri"))
    assert tpdu.deliver(message, when, bool(case.get("mms"))) == octets
    assert tpdu.centre_octets(case["smsc"]) + octets == bytes.fromhex(case["pdu"])


@vectors("status-report")
def test_status_report_both_ways(case):
    octets = bytes.fromhex(case["tpdu"])
    report = tpdu.read_report(octets)
    assert (report.recipient, report.reference) == (case["address"], case.get("mr", 0))
    assert report.status == case["status"]
    assert report.time.isoformat() == case["scts"]
    assert report.discharge.isoformat() == case["discharge"]
    assert tpdu.status_report(report) == octets


def sent(flags: int, vp: bytes) -> bytes:
    """A SUBMIT as the device writes it."""
    message = submit.Submit()
    message.flags, message.vp = flags, vp
    message.open("2020")
    message.write(b"WV")
    length = message.close()
    return bytes(message.buf[1 : 1 + length])


@pytest.mark.parametrize(
    ("flags", "vp", "seconds"),
    [
        (0x00, b"", 86400),
        (0x10, times.relative(90), 5400),
        (0x10, times.relative(751), 13 * 3600),
        (0x18, times.absolute((2026, 3, 14, 13, 30, 0, 60)), 1800),
        (0x18, times.absolute((2026, 3, 14, 4, 30, 0, -480)), 1800),
        (0x08, times.enhanced(3 * 3600 + 25 * 60 + 45), 12345),
        (0x08, bytes((0x42, 200, 0, 0, 0, 0, 0)), 200),  # seconds, single shot
        (0x08, bytes((0x81, 0, 11, 0, 0, 0, 0)), 3600),  # one more indicator, relative
        (0x08, bytes(7), 86400),  # no period
        (0x08, b"\xff" * 7, 86400),  # nothing but indicators
    ],
)
def test_validity(flags, vp, seconds):
    assert tpdu.read_submit(sent(flags, vp), now=NOON).validity == seconds


def test_impossible_dates():
    with pytest.raises(PeerError) as raised:
        tpdu.read_submit(sent(0x18, times.absolute((2026, 13, 1, 0, 0, 0, 0))), now=NOON)
    assert raised.value.args[0] == 207
    with pytest.raises(ValueError, match="zone"):
        tpdu.timestamp(datetime(2026, 3, 14))


def test_other_types_are_refused():
    deliver = tpdu.deliver(Message("2020", "", b""), NOON)
    for read in (tpdu.read_submit, tpdu.read_report):
        with pytest.raises(PeerError) as raised:
            read(deliver)
        assert raised.value.args[0] == 203


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        ("2020", "04810202"),
        ("70707", "05810707F7"),
        ("*100#", "05811A00FB"),
        ("IMPS Gw", "0DD0C926740A3ADE01"),
        ("Chat", "08D04374980E"),
        ("Gateway-001", "14D0C730BD7C0FE75B30580C"),
    ],
)
def test_addresses(number, octets):
    assert tpdu.address(number).hex().upper() == octets
    received, _ = tpdu.read_deliver(tpdu.deliver(Message(number, ""), NOON))
    assert received.sender == number


def test_names_too_long_or_strange():
    for name in ("Gateway-0012", "Ж", "[12345678901]"):
        with pytest.raises(LocalError):
            tpdu.address(name)


def test_centre_longer_than_the_pdu():
    for octets in (b"", b"\0", b"\x07\x91\x51", b"\x02\x91\x51"):
        with pytest.raises(ValueError, match="service-centre"):
            tpdu.read_centre(octets)


def test_message_class():
    classes = {0x00: None, 0x04: None, 0x10: 0, 0x15: 1, 0x5A: 2, 0xC8: None, 0xF7: 3, 0x90: None}
    for dcs, expected in classes.items():
        assert tpdu.message_class(tpdu.deliver(Message("1", "", dcs=dcs), NOON)) == expected


def test_a_message_too_long_is_written_and_refused_by_the_device():
    octets = tpdu.deliver(Message("2020", "", bytes(144)), NOON)
    message = pdu.Received()
    digits = octets.hex().encode()
    message.feed(digits, 0, len(digits))
    with pytest.raises(PeerError) as raised:
        message.parse(len(octets))
    assert raised.value.args[0] == 205


def test_the_device_reads_what_the_network_hands_on():
    handed_in = submit.Submit()
    handed_in.open("2020", 0)
    handed_in.element(5, 4, 3590, 49152)
    handed_in.element(0x70, 1, 0, 0x55)  # nobody knows it
    text.encode(handed_in, "seven bits {€}")
    length = handed_in.close()
    message = tpdu.read_submit(bytes(handed_in.buf[1 : 1 + length]), "+447700900123")
    when = NOON.astimezone(timezone(timedelta(hours=-5)))
    octets = tpdu.deliver(message, when)
    received = pdu.Received()
    digits = octets.hex().encode()
    received.feed(digits, 0, len(digits))
    received.parse(len(octets))
    assert text.text(received) == "seven bits {€}"
    assert (received.dst, received.src) == (3590, 49152)
    assert bytes(received.sender[: received.sender_len]) == b"+447700900123"
    assert times.stamp(received.buf, received.stamp) == (2026, 3, 14, 7, 0, 0, -300)
    assert bytes.fromhex("70 01 55") in octets
