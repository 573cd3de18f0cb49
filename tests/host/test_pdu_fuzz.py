"""PDUs under hypothesis: what is written is read back; what is broken raises PeerError only."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from microimps.errors import LocalError, PeerError
from microimps.sms_bearer import pdu, submit, text, times
from microimps.tools.gsm import tpdu
from microimps.tools.gsm.message import GSM7, Message

FOLDER = Path(__file__).parents[1] / "vectors" / "sms"
PDUS = [
    bytes.fromhex(case["pdu"])
    for name in ("deliver", "status-report", "submit")
    for case in json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
]

octet = st.integers(0, 255)
word = st.integers(0, 0xFFFF)
numbers = st.from_regex(r"\A\+?[0-9]{1,20}\Z")
data = st.binary(max_size=133)
letters = st.text(st.sampled_from("@£$Δ_ÉabzÑ§ à\n\r{}[]~|\\^€\x0c"), max_size=70)
wide = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
zones = st.integers(-79, 79).map(lambda q: timezone(timedelta(minutes=15 * q)))
moments = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=zones).map(
    lambda when: when.replace(microsecond=0)
)
elements = st.lists(st.tuples(octet, st.binary(max_size=4)), max_size=6).map(tuple)


def read(octets: bytes, size: int = -1) -> pdu.Received:
    message = pdu.Received()
    digits = octets.hex().encode()
    message.feed(digits, 0, len(digits))
    message.parse(size)
    return message


def digits_of(message: submit.Submit) -> str:
    chunk = bytearray(50)
    whole = b""
    while n := message.hex(chunk):
        whole += chunk[:n]
    return whole.decode()


@given(numbers, numbers, word, word, octet, data)
def test_submit_of_octets(to, centre, dst, src, mr, content):
    message = submit.Submit()
    message.centre, message.mr = centre, mr
    message.open(to)
    message.element(5, 4, dst, src)
    message.write(content)
    size = message.close()
    octets = bytes.fromhex(digits_of(message))
    assert tpdu.read_centre(octets)[0] == centre
    received = read(octets, size)
    assert (received.dst, received.src, received.mr) == (dst, src, mr)
    assert bytes(received.buf[received.start : received.stop]) == content
    assert bytes(received.sender[: received.sender_len]).decode() == to


@given(letters | wide, st.integers(0, 3), octet, st.integers(1, 255))
def test_submit_of_text(content, headers, ref, total):
    message = submit.Submit()
    message.open("2020", 8 if text.septets(content.encode()) < 0 else 0)
    if headers & 1:
        message.element(5, 4, 3590, 3590)
    if headers & 2:
        message.element(0, 3, ref, total << 8 | total)
    text.encode(message, content)
    message.close()
    received = read(bytes.fromhex(digits_of(message)))
    assert text.text(received) == content
    assert (received.dst == 3590) == bool(headers & 1)
    if headers & 2:
        assert (received.ref, received.total, received.part) == (ref, total, total)


@given(numbers, letters.filter(lambda s: 0 < text.septets(s.encode()) <= 11), elements, data)
def test_deliver_keeps_every_element(to, name, header, content):
    message = Message(name, to, content[:100], header)
    received, _ = tpdu.read_deliver(tpdu.deliver(message, datetime.now(timezone.utc)))
    assert (received.header, received.body) == (header, content[:100])
    if name.strip("0123456789*#abc+"):  # otherwise it goes as a number
        assert received.sender == name


@given(st.lists(st.integers(0, 127), max_size=130), elements)
def test_septets_behind_any_header(septets, header):
    message = Message("1", "", bytes(septets), header, dcs=0)
    if message.too_long:
        return
    received, _ = tpdu.read_deliver(tpdu.deliver(message, datetime.now(timezone.utc)))
    assert received.alphabet == GSM7
    assert (received.header, received.body) == (header, bytes(septets))


@given(moments, moments, numbers, octet, octet)
def test_reports(time, discharge, to, mr, status):
    report = tpdu.Report(to, mr, time, discharge, status)
    assert tpdu.read_report(tpdu.status_report(report)) == report


@given(st.integers(1, 63 * 10080))
def test_relative_validity_is_never_too_short(minutes):
    message = submit.Submit()
    message.vp = times.relative(minutes)
    message.open("1")
    size = message.close()
    seconds = tpdu.read_submit(bytes(message.buf[1 : 1 + size])).validity
    assert seconds >= minutes * 60
    if message.vp[0]:  # and one step less would be
        message.vp = bytes((message.vp[0] - 1,))
        message.open("1")
        size = message.close()
        assert tpdu.read_submit(bytes(message.buf[1 : 1 + size])).validity < minutes * 60


def only_peer_errors(octets: bytes, size: int) -> None:
    """Read in every way there is; the object must then read a good one."""
    message = pdu.Received()
    out = bytearray(320)
    digits = octets.hex().encode()
    message.feed(digits, 0, len(digits))
    try:
        if message.parse(size) != 2:
            assert 0 <= message.start <= message.stop <= len(message.buf)
            text.decode(message, out)
        else:
            times.stamp(message.buf, message.discharge)
        times.stamp(message.buf, message.stamp)
        bytes(message.sender[: message.sender_len]).decode()
    except PeerError as error:
        assert 200 <= error.args[0] <= 209
    good = PDUS[0].hex().encode()
    message.feed(good, 0, len(good))
    assert message.parse() == 0 and message.total == 0
    for network in (tpdu.read_submit, tpdu.read_deliver, tpdu.read_report):
        try:
            network(octets[1:])
        except PeerError as error:
            assert 200 <= error.args[0] <= 209


@settings(max_examples=300)
@given(st.sampled_from(PDUS), st.data())
def test_mutations(octets, draw):
    mutant = bytearray(octets)
    for _ in range(draw.draw(st.integers(1, 4))):
        mutant[draw.draw(st.integers(0, len(mutant) - 1))] = draw.draw(octet)
    only_peer_errors(bytes(mutant), draw.draw(st.sampled_from((-1, len(mutant) - 1))))


def test_truncations_and_bit_flips():
    for octets in PDUS[:12]:
        for end in range(len(octets)):
            only_peer_errors(octets[:end], -1)
        for bit in range(8 * min(len(octets), 40)):
            mutant = bytearray(octets)
            mutant[bit >> 3] ^= 1 << (bit & 7)
            only_peer_errors(bytes(mutant), -1)


@given(st.binary(max_size=200), st.integers(-1, 200))
def test_any_octets(octets, size):
    only_peer_errors(octets, size)


@given(st.binary(max_size=40))
def test_any_line(line):
    message = pdu.Received()
    message.feed(line, 0, len(line))
    try:
        message.parse()
    except PeerError as error:
        assert 200 <= error.args[0] <= 209


@given(st.text(max_size=24))
def test_any_number(number):
    message = submit.Submit()
    try:
        message.open(number)
    except LocalError as error:
        assert error.args[0] == 211
    else:
        assert number.removeprefix("+").isdecimal()


@given(st.binary(max_size=30))
def test_any_text(octets):
    try:
        known = octets.decode()
    except UnicodeDecodeError:
        known = None
    try:
        text.septets(octets)
        encoded = bytearray(2 * len(octets) + 4)
        end = text.encode16(octets, encoded, 0, len(encoded))
    except LocalError as error:
        assert error.args[0] == 214 and known is None
    else:
        assert encoded[:end].decode("utf-16-be") == known
