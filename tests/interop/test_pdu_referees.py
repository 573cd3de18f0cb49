"""PDUs against programs written by others: they read what we write, we read what they write.

Where a referee is known to be wrong, KNOWN says which messages, and why; an entry that no longer
applies fails too. See also tests/vectors/sms/README.md.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from conftest import ROOT, need, unavailable
from microimps.sms_bearer import pdu, submit, text, times
from microimps.tools.gsm import tpdu
from microimps.tools.gsm.message import Message, body_of, ports_element

NODE_MODULES = ROOT / "build" / "node" / "node_modules"
CENTRE = "+15550100"
WHEN = datetime(2026, 3, 14, 15, 9, 26, tzinfo=timezone(timedelta(hours=5, minutes=30)))

CONTENTS: dict[str, str | bytes] = {
    "text": "Hello [€] {x} ~ \\ ^ | done",
    "at-last": "1234567@",
    "accents": "ÄÖÑÜ äöñüà éèùìò ΔΦΓΛΩΠΨΣΘΞ Ææßɤ"[:-1],
    "section": "clause § 7",
    "long": "The longest text that still has room for every header: " + "0123456789" * 8,
    "ucs2": "привет 日本語",
    "surrogates": "smile \U0001f600!",
    "octets": bytes(range(64)) + b"\xff\x80",
    "full": b"WV" * 60,
}
HEADERS: dict[str, tuple[tuple[int, int] | None, tuple[int, int, int] | None, bool]] = {
    "plain": (None, None, False),
    "ports": ((3590, 49152), None, False),
    "parts": (None, (33, 3, 2), False),
    "parts16": (None, (8482, 3, 2), True),
    "ports-parts": ((3716, 3590), (90, 2, 1), False),
    "ports-parts16": ((3590, 3590), (51966, 2, 1), True),
}
NUMBERS = ("+447700900123", "2020", "70707", "+15551234567")
SENDERS = (*NUMBERS, "IMPS Gw", "Chat", "Gateway-001")


@dataclass(frozen=True)
class Sample:
    """A message and its PDU as we write it."""

    kind: str
    content_name: str
    header_name: str
    party: str
    pdu: bytes

    @property
    def id(self) -> str:
        return "-".join((self.kind, self.content_name, self.header_name))

    @property
    def content(self) -> str | bytes:
        return CONTENTS[self.content_name]

    @property
    def seven_bit(self) -> bool:
        return isinstance(self.content, str) and text.septets(self.content.encode()) >= 0

    @property
    def header(self) -> bytes:
        return elements(self.header_name)

    def meaning(self) -> dict:
        ports, parts, _ = HEADERS[self.header_name]
        return {
            "party": self.party,
            "content": self.content,
            "header": self.header.hex().upper(),
            "ports": ports,
            "parts": parts,
        }


def elements(name: str) -> bytes:
    """The whole header, written down here once more."""
    ports, parts, wide = HEADERS[name]
    octets = b""
    if ports:
        octets += bytes((5, 4)) + ports[0].to_bytes(2, "big") + ports[1].to_bytes(2, "big")
    if parts:
        ref, total, part = parts
        octets += bytes((8, 4) if wide else (0, 3)) + ref.to_bytes(2 if wide else 1, "big")
        octets += bytes((total, part))
    return bytes((len(octets),)) + octets if octets else b""


def write_submit(content: str | bytes, header: str, to: str) -> bytes:
    """By the device's writer."""
    ports, parts, wide = HEADERS[header]
    dcs = 4
    if isinstance(content, str):
        dcs = 8 if text.septets(content.encode()) < 0 else 0
    message = submit.Submit()
    message.centre = CENTRE
    message.open(to, dcs)
    if ports:
        message.element(5, 4, *ports)
    if parts:
        message.element(8 if wide else 0, 4 if wide else 3, parts[0], parts[1] << 8 | parts[2])
    if isinstance(content, str):
        text.encode(message, content)
    else:
        message.write(content)
    message.close()
    chunk = bytearray(64)
    digits = b""
    while n := message.hex(chunk):
        digits += chunk[:n]
    return bytes.fromhex(digits.decode())


def write_deliver(content: str | bytes, header: str, sender: str) -> bytes:
    """By the simulated network's writer."""
    ports, parts, wide = HEADERS[header]
    dcs, body = body_of(content)
    made = (ports_element(*ports),) if ports else ()
    if parts:
        data = parts[0].to_bytes(2 if wide else 1, "big") + bytes(parts[1:])
        made += ((8 if wide else 0, data),)
    message = Message(sender, "", body, made, dcs=dcs)
    return tpdu.centre_octets(CENTRE) + tpdu.deliver(message, WHEN)


def samples() -> Iterator[Sample]:
    n = 0
    for content in CONTENTS:
        for header in HEADERS:
            to, sender = NUMBERS[n % len(NUMBERS)], SENDERS[n % len(SENDERS)]
            n += 1
            octets = write_submit(CONTENTS[content], header, to)
            yield Sample("submit", content, header, to, octets)
            octets = write_deliver(CONTENTS[content], header, sender)
            yield Sample("deliver", content, header, sender, octets)


SAMPLES = list(samples())


# Decoders: each gives, for every sample, the parts of its meaning that it reports, or None for
# a message of a kind that it does not read.


def flat(pairs: list) -> dict:
    """tshark's JSON repeats keys: keep all values of each, from all levels."""
    found: dict[str, list] = {}
    for key, value in pairs:
        if isinstance(value, dict):
            for name, values in value.items():
                found.setdefault(name, []).extend(values)
        else:
            found.setdefault(key, []).append(value)
    return found


def dissect(octets: list[tuple[str, bytes]], folder) -> list[dict]:
    """tshark's fields of each (kind, TPDU)."""
    tshark, text2pcap = need("tshark"), need("text2pcap")
    dump = "".join(
        f"{'I' if kind == 'submit' else 'O'}\n0000 {data.hex(' ')}\n\n" for kind, data in octets
    )
    (folder / "pdus.txt").write_text(dump)
    subprocess.run(
        [text2pcap, "-q", "-D", "-P", "gsm_sms", folder / "pdus.txt", folder / "pdus.pcapng"],
        check=True,
        timeout=60,
    )
    done = subprocess.run(
        [tshark, "-r", folder / "pdus.pcapng", "-o", "gsm_sms.reassemble:FALSE", "-T", "json"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    packets = json.loads(done.stdout, object_pairs_hook=flat)
    assert len(packets) == len(octets)
    return packets


def by_tshark(chosen: list[Sample], folder) -> list[dict | None]:
    packets = dissect([(s.kind, tpdu.read_centre(s.pdu)[1]) for s in chosen], folder)
    results: list[dict | None] = []
    for packet in packets:
        assert "_ws.malformed" not in packet and "_ws.expert" not in packet, packet
        party = packet.get("gsm_sms.tp-da", packet.get("gsm_sms.tp-oa"))[0]
        if packet["gsm_sms.dis_field_addr.num_type"] == ["1"]:
            party = "+" + party
        content: str | bytes = packet.get("gsm_sms.sms_text", [""])[0]
        if "gsm_sms.sms_body" in packet:
            content = bytes.fromhex(packet["gsm_sms.sms_body"][0].replace(":", ""))
        ports = parts = None
        if "gsm_sms.destination_port" in packet:
            names = ("destination_port", "originator_port")
            ports = tuple(int(packet["gsm_sms." + name][0]) for name in names)
        if "gsm_sms.udh.mm.msg_id" in packet:
            names = ("msg_id", "msg_parts", "msg_part")
            parts = tuple(int(packet["gsm_sms.udh.mm." + name][0], 0) for name in names)
        results.append({"party": party, "content": content, "ports": ports, "parts": parts})
    return results


def module(name: str):
    try:
        return __import__(name, fromlist=["*"])
    except ImportError:
        unavailable(f"Python package {name} is not installed")


def by_gammu(chosen: list[Sample], folder) -> list[dict | None]:
    gammu = module("gammu")
    results: list[dict | None] = []
    for sample in chosen:
        read = gammu.DecodePDU(sample.pdu)
        header = read["UDH"]["Text"].hex().upper()
        assert read["SMSC"]["Number"] == CENTRE
        if sample.kind == "deliver":
            assert read["DateTime"].replace(tzinfo=None) == WHEN.replace(tzinfo=None)
        content = read["Text"]
        if isinstance(content, str):  # behind extension characters comes the rest of its buffer
            content = content.split("\0")[0]
        results.append({"party": read["Number"], "content": content, "header": header})
    return results


def by_smspdudecoder(chosen: list[Sample], folder) -> list[dict | None]:
    fields = module("smspdudecoder.fields")
    results: list[dict | None] = []
    for sample in chosen:
        kind = fields.SMSDeliver if sample.kind == "deliver" else fields.SMSSubmit
        read = kind.decode(fields.StringIO(sample.pdu.hex().upper()))
        party = read["sender" if sample.kind == "deliver" else "recipient"]
        if sample.kind == "deliver":
            assert read["scts"] == WHEN
        parts = None
        for element in (read["user_data"]["header"] or {"elements": ()})["elements"]:
            if element["iei"] in (0, 8):
                names = ("reference", "parts_count", "part_number")
                parts = tuple(element["data"][name] for name in names)
        plus = "+" if party["toa"]["ton"] == "international" else ""
        content = read["user_data"]["data"]
        results.append({"party": plus + party["number"], "content": content, "parts": parts})
    return results


def by_messaging(chosen: list[Sample], folder) -> list[dict | None]:
    sms = module("messaging.sms")
    results: list[dict | None] = []
    for sample in chosen:
        if sample.kind == "submit":
            results.append(None)
            continue
        read = sms.SmsDeliver(sample.pdu.hex().upper()).data
        parts = (read["ref"], read["cnt"], read["seq"]) if read.get("cnt") else None
        results.append({"party": read["number"], "content": read["text"], "parts": parts})
    return results


def node(jobs: list[dict]) -> list:
    program = need("node")
    if not (NODE_MODULES / "node-pdu").is_dir():
        unavailable("npm package node-pdu is not installed in build/node")
    done = subprocess.run(
        [program, ROOT / "tests" / "node" / "pdu.cjs"],
        input=json.dumps(jobs).encode(),
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def by_node_pdu(chosen: list[Sample], folder) -> list[dict | None]:
    results: list[dict | None] = []
    answers = node([{"decode": sample.pdu.hex().upper()} for sample in chosen])
    for sample, read in zip(chosen, answers, strict=True):
        content = read.get("text")
        if isinstance(sample.content, bytes):
            content = bytes.fromhex(read.get("data", ""))
        results.append({"party": read.get("party"), "content": content, "header": read["header"]})
    return results


DECODERS = {
    "tshark": by_tshark,
    "gammu": by_gammu,
    "smspdudecoder": by_smspdudecoder,
    "python-messaging": by_messaging,
    "node-pdu": by_node_pdu,
}


@dataclass(frozen=True)
class Known:
    """A mistake of a referee: in which messages, in which part of the meaning."""

    referee: str
    part: str
    when: Callable[[Sample], bool]
    why: str


KNOWN = (
    *(
        Known(
            referee,
            "party",
            lambda s: s.party == "IMPS Gw",
            "reads 13 semi-octets as 14 and so an eighth character",
        )
        for referee in ("smspdudecoder", "python-messaging")
    ),
    Known(
        "python-messaging",
        "content",
        lambda s: s.content_name == "surrogates",
        "leaves a surrogate pair as two characters",
    ),
    Known(
        "node-pdu",
        "content",
        lambda s: s.content_name == "section",
        "has a grave accent in the place of the section sign",
    ),
)


@pytest.mark.parametrize("name", DECODERS)
def test_they_read_what_we_write(name, tmp_path):
    known = [entry for entry in KNOWN if entry.referee == name]
    used, wrong = set(), []
    for sample, read in zip(SAMPLES, DECODERS[name](SAMPLES, tmp_path), strict=True):
        if read is None:
            continue
        meaning = sample.meaning()
        for part, value in read.items():
            if value == meaning[part]:
                continue
            reasons = [e for e in known if e.part == part and e.when(sample)]
            used.update(reasons)
            if not reasons:
                wrong.append((sample.id, part, value, meaning[part], sample.pdu.hex()))
    assert not wrong
    assert set(known) == used, "a known mistake that is none any more"


REPORT = tpdu.Report("+15551234567", 43, WHEN, WHEN + timedelta(seconds=34), 0x20)
REPORT_PDU = tpdu.centre_octets(CENTRE) + tpdu.status_report(REPORT)


def test_tshark_reads_status_reports(tmp_path):
    (packet,) = dissect([("report", tpdu.read_centre(REPORT_PDU)[1])], tmp_path)
    assert packet["gsm_sms.tp-ra"] == [REPORT.recipient[1:]]
    assert packet["gsm_sms.tp-mr"] == [str(REPORT.reference)]
    assert packet["gsm_sms.scts.minutes"] == ["9", "10"]
    assert packet["gsm_sms.scts.seconds"] == ["26", "0"]
    assert packet["gsm_sms.scts.timezone"] == ["22", "22"]  # quarters of an hour
    assert "_ws.malformed" not in packet


def test_node_pdu_reads_status_reports():
    (read,) = node([{"decode": REPORT_PDU.hex().upper()}])
    assert read["party"] == REPORT.recipient
    assert (read["reference"], read["status"]) == (REPORT.reference, REPORT.status)
    assert read["times"] == [[when.timestamp(), 330] for when in (REPORT.time, REPORT.discharge)]


def test_messaging_reads_status_reports():
    read = module("messaging.sms").SmsDeliver(REPORT_PDU.hex().upper())
    assert read.sr["recipient"] == REPORT.recipient
    assert read.sr["dt"] == REPORT.discharge.replace(tzinfo=None)  # it drops the zone


# Encoders


def read_by_device(octets: bytes) -> pdu.Received:
    message = pdu.Received()
    digits = octets.hex().encode()
    message.feed(digits, 0, len(digits))
    message.parse()
    return message


def party(message: pdu.Received) -> str:
    return bytes(message.sender[: message.sender_len]).decode()


def content_of(message: pdu.Received) -> str | bytes:
    if message.alphabet == 1:
        return bytes(message.buf[message.start : message.stop])
    return text.text(message)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_we_read_what_gammu_writes(sample):
    gammu = module("gammu")
    fields = gammu.DecodePDU(sample.pdu)  # a complete set, to be filled anew
    coding = "Default" if sample.seven_bit else "Unicode"
    octets = isinstance(sample.content, bytes)
    fields.update(
        Number=sample.party,
        Text=sample.content,
        Coding="8bit" if octets else coding + "_No_Compression",
        DateTime=WHEN,
    )
    written = gammu.EncodePDU(fields, sample.kind.capitalize())
    read = read_by_device(written)
    assert (party(read), content_of(read)) == (sample.party, sample.content)
    ports, parts, wide = HEADERS[sample.header_name]
    assert (read.dst, read.src) == (ports or (-1, -1))
    assert read.total == (parts[1] if parts else 0)
    if parts:
        assert (read.ref, read.total, read.part, read.wide) == (*parts, wide)


TEXTS = {name: value for name, value in CONTENTS.items() if isinstance(value, str)}


def test_we_read_what_node_pdu_writes():
    texts = [TEXTS[name] for name in TEXTS if name != "section"]  # see KNOWN
    jobs: list[dict] = [
        {"encode": kind, "number": number, "text": content, "when": WHEN.isoformat(), "zone": 330}
        for kind in ("submit", "deliver")
        for number in NUMBERS
        for content in (*texts, "x" * 400)
    ]
    for job in jobs:
        if job["encode"] == "submit":
            del job["when"]
    for job, written in zip(jobs, node(jobs), strict=True):
        joined = ""
        for at, digits in enumerate(written):
            read = read_by_device(bytes.fromhex(digits))
            assert party(read) == job["number"]
            if len(written) > 1:
                assert (read.total, read.part, read.wide) == (len(written), at + 1, True)
            if read.kind == 0:
                assert times.stamp(read.buf, read.stamp) == (2026, 3, 14, 15, 9, 26, 330)
            joined += text.text(read)
        assert joined == job["text"]


def test_we_read_what_messaging_writes():
    sms = module("messaging.sms")
    texts = [TEXTS[name] for name in TEXTS if name != "surrogates"]  # written as five digits
    for number in NUMBERS:
        for content in (*texts, "x" * 400, "ж" * 200):
            message = sms.SmsSubmit(number, content)
            message.csca = CENTRE
            written = message.to_pdu()
            joined = ""
            for at, one in enumerate(written):
                read = read_by_device(bytes.fromhex(one.pdu))
                assert party(read) == number
                if len(written) > 1:
                    assert (read.total, read.part) == (len(written), at + 1)
                joined += text.text(read)
            assert joined == content
