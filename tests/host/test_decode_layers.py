"""Anything to readable text: forms of octets, SMS, WSP, provisioning, AT logs, captures."""

import base64
import json
import random
import subprocess
from pathlib import Path

import dpkt
import pytest
from csp_vectors import VECTORS
from typer.testing import CliRunner

from conftest import need
from microimps.tools.cli import app
from microimps.tools.decode import octets, short
from microimps.tools.decode.layers import faults, lines, messages, plain
from microimps.tools.decode.reading import Reader
from microimps.tools.decode.writing import pdus
from microimps.tools.message import DecodeError, EncodeError, decode, encode

HERE = Path(__file__).parent.parent
LOGIN = next(v for v in VECTORS if v.name == "v12-login-request-profile")
LIST = next(v for v in VECTORS if v.name == "v12-getlist-response-40-profile")
PTS = [
    line.encode()
    for line in (HERE / "vectors/pts/messages.txt").read_text().splitlines()
    if line.startswith("WV")
]


def run(*arguments, data=b""):
    result = CliRunner().invoke(app, ["decode", *arguments], input=data)
    return result.exit_code, result.stdout_bytes, result.stderr


def sms(kind):
    return json.loads((HERE / f"vectors/sms/{kind}.json").read_text())


# forms of octets


def dumps(data):
    def rows(n):
        return [(i, data[i : i + n]) for i in range(0, len(data), n)]

    yield "raw", data
    yield "hex", data.hex().encode()
    yield "HEX in pairs", data.hex(" ").upper().encode() + b"\n"
    yield "colons", data.hex(":").encode()
    yield "C array", ", ".join(f"0x{octet:02x}" for octet in data).encode()
    yield "base64", base64.b64encode(data)
    yield "base64 in lines", base64.encodebytes(data)
    yield "xxd", "".join(f"{i:08x}: {row.hex(' ', -2):<39}  .\n" for i, row in rows(16)).encode()
    dump = (f"{i:08x}  {r[:8].hex(' ')}  {r[8:].hex(' ')}  |x|\n" for i, r in rows(16))
    yield "hexdump -C", "".join(dump).encode()
    yield "Wireshark", "".join(f"{i:04x}  {row.hex(' ')}\n" for i, row in rows(16)).encode()


@pytest.mark.parametrize("form", range(10))
def test_octets_are_found_in_every_form(form):
    name, data = list(dumps(LOGIN.wbxml))[form]
    assert b"".join(octets.unpack(data)) == LOGIN.wbxml, name
    (found,) = messages(Reader().read(data))
    assert found.syntax == "wbxml"
    assert encode(found) == LOGIN.wbxml


@pytest.mark.parametrize("text", [b"WV13", b"<x/>", b"hello there", b"abc", b"\xff\xfe", b" \n "])
def test_what_spells_no_octets_is_itself(text):
    assert octets.unpack(text) == [text]


# short messages


@pytest.mark.parametrize("kind", ["deliver", "submit", "status-report"])
def test_every_pdu_vector_says_what_it_says(kind):
    for vector in sms(kind):
        party = vector["address"]
        for octets_ in (bytes.fromhex(vector["pdu"]), bytes.fromhex(vector["tpdu"])):
            layer, body, part = short.read(octets_)
            facts = layer.facts
            assert party in (facts.get("sender"), facts.get("recipient")), vector["id"]
            centre = vector["smsc"] if octets_.hex().upper() == vector["pdu"] else None
            assert facts.get("service centre") == centre, vector["id"]
            if vector.get("text") is not None and vector["alphabet"] != "octets":
                assert layer.text == vector["text"] or body, vector["id"]


def listed():
    # a long message in PTS, whose TransactionIDs are numbers
    message = decode(LIST.wbxml, LIST.version)
    message.root.find(".//TransactionID").text = "7"
    message.syntax = "pts"
    return encode(message)


def test_pdus_in_parts_become_one_message_in_any_order():
    text = listed()
    lines_ = pdus(text, "+15550100", 3590)
    assert len(lines_) > 2 and all(len(line) <= 2 * 176 for line in lines_)
    for seed in range(5):
        mixed = random.Random(seed).sample(lines_, len(lines_))
        found = Reader().read("\n".join(mixed).encode())
        (whole,) = messages(found)
        assert encode(whole) == text
        assert not list(faults(found))


def test_parts_that_never_come_are_said():
    first, *_ = pdus(listed(), "+15550100", 3590)
    found = Reader().read(first.encode())
    assert list(faults(found)) == ["message in parts: 1 of its parts came, the others did not"]


@pytest.mark.parametrize("text", PTS)
def test_pts_survives_the_way_over_sms(text):
    try:
        one = decode(text)
    except DecodeError:
        pytest.skip("a vector of bad input")
    written = encode(one)
    (again,) = messages(Reader().read("\n".join(pdus(written, "+1555", 1)).encode()))
    assert encode(again) == written


def test_a_number_that_is_none_is_refused():
    with pytest.raises(EncodeError, match="number"):
        pdus(b"WV13ST1 ST=200", "nobody", 1)


@pytest.mark.parametrize(
    ("digits", "fault"),
    [
        ("0011000B91", "octet 5"),
        ("07915155010000F004", "octet 9"),
        ("040C9144770009103200006230415190620016C8", "octet"),
        ("0791", "octet"),
    ],
)
def test_a_cut_pdu_names_the_octet(digits, fault):
    with pytest.raises(DecodeError, match=fault):
        Reader().read(digits.encode())


# WSP and provisioning


def test_a_push_of_settings_is_shown_with_its_document():
    from microimps.tools.provision import document, push
    from microimps.tools.provision.account import Account

    account = Account("IM", "http://im.example.org/", "anna", "x")
    octets_ = push.pack(document.to_wbxml(document.build([account])))
    (layer,) = Reader().read(octets_)
    assert layer.title == "WSP push"
    assert "vnd.wap.connectivity-wbxml" in layer.facts["content type"]
    assert layer.inner[0].document.tag.endswith("wap-provisioningdoc")
    assert "im.example.org" in "\n".join(lines([layer]))


def test_a_notice_in_a_push_is_a_notice():
    octets_ = b"\x01\x06\x03\xc6\xaf\x8aWVCI 1.3 cookie"
    (layer,) = Reader().read(octets_)
    assert layer.inner[0].title == "CIR" and layer.inner[0].text == "WVCI 1.3 cookie"


def test_a_post_and_its_reply():
    kind = b"application/vnd.wv.csp.wbxml\0"
    url = b"http://im.example.org/"
    post = b"\x09\x60" + bytes((len(url), len(kind))) + url + kind + LOGIN.wbxml
    reply = b"\x09\x04\x20" + bytes((len(kind),)) + kind + LIST.wbxml
    for pdu, facts in ((post, {"URI": url.decode()}), (reply, {"status": "0x20"})):
        (layer,) = Reader().read(pdu)
        assert facts.items() <= layer.facts.items()
        assert layer.facts["content type"] == kind[:-1].decode()
        assert len(list(messages([layer]))) == 1
    for cut in range(3, len(post) - len(LOGIN.wbxml)):
        with pytest.raises(DecodeError):
            Reader().read(post[:cut], "wsp")


# logs


def test_a_log_keeps_its_lines_and_reads_its_pdus():
    vector = next(v for v in sms("deliver") if v["id"] == "dlv-gsm7")
    log = (
        "12:00:01 > AT+CMGF=0\r\n12:00:01 < OK\r\n"
        f"12:00:02 < +CMT: ,{vector['tpdu_len']}\r\n12:00:02 < {vector['pdu']}\r\n"
        f"+CMGR: 1,,{vector['tpdu_len']}\r\n{vector['pdu'][:-2]}\r\n+CMS ERROR: 500\r\n"
    )
    found = Reader().read(log.encode())
    assert [layer.title for layer in found][:2] == ["12:00:01 > AT+CMGF=0", "12:00:01 < OK"]
    assert found[3].inner[0].text == vector["text"]
    assert found[-1].title == "+CMS ERROR: 500"
    (fault,) = faults(found)
    assert "line 6" in fault and "octet" in fault


# captures


def frame(ends, data, seq=0, flags=0x18, udp=False):
    source, target = ends
    if udp:
        inner = dpkt.udp.UDP(sport=source[1], dport=target[1], data=data)
        inner.ulen = len(inner)
    else:
        inner = dpkt.tcp.TCP(sport=source[1], dport=target[1], seq=seq, flags=flags, data=data)
    ip = dpkt.ip.IP(src=bytes(source[0]), dst=bytes(target[0]), p=17 if udp else 6)
    ip.data = inner
    ip.len = len(ip)
    return bytes(dpkt.ethernet.Ethernet(data=ip, type=0x0800))


def post(body, kind):
    head = (
        f"POST /imps HTTP/1.1\r\nHost: im\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    )
    return head.encode() + b"\r\n\r\n" + body


def test_a_capture_is_put_in_order(tmp_path):
    here, there = ((10, 0, 0, 1), 4000), ((10, 0, 0, 2), 80)
    asked = post(LOGIN.wbxml, "application/vnd.wv.csp.wbxml") + post(LIST.xml, "text/xml")
    chunks = b"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks += b"%x\r\n%s\r\n0\r\n\r\n" % (len(LIST.wbxml), LIST.wbxml)
    frames = [frame((here, there), b"", 99, 2), frame((there, here), b"", 499, 18)]
    pieces = [(i, asked[i : i + 200]) for i in range(0, len(asked), 200)]
    random.Random(1).shuffle(pieces)
    frames += [frame((here, there), data, 100 + at) for at, data in pieces]
    frames += [frame((there, here), chunks[:50], 500), frame((there, here), chunks[40:], 540)]
    frames.append(frame((here, ((10, 0, 0, 2), 9200)), b"WVCI 1.3 abc", udp=True))
    target = tmp_path / "x.pcap"
    with target.open("wb") as out:
        writer = dpkt.pcap.Writer(out)
        for each in frames:
            writer.writepkt(each, 0)
    found = Reader().read(target.read_bytes())
    first, second, third = messages(found)
    assert (encode(first), second.syntax, encode(third)) == (LOGIN.wbxml, "xml", LIST.wbxml)
    text = "\n".join(lines(found))
    assert "HTTP POST /imps" in text and "HTTP 200 OK" in text and "WVCI 1.3 abc" in text
    assert not list(faults(found))
    status, _, complaint = run(str(target), "--to", "json")
    assert (status, complaint) == (0, "")
    cut = Reader().read(target.read_bytes()[: -len(frames[-1]) - 5])
    assert [each.syntax for each in messages(cut)] == ["wbxml", "xml", "wbxml"]
    assert list(faults(cut)) == ["the end: the capture is cut short"]


@pytest.mark.interop
def test_a_capture_that_text2pcap_wrote(tmp_path):
    need("text2pcap")
    dump = "".join(
        f"{i:06x} {LOGIN.wbxml[i : i + 16].hex(' ')}\n" for i in range(0, len(LOGIN.wbxml), 16)
    )
    (tmp_path / "in").write_text(dump)
    for option, name in (("-u", "udp.pcap"), ("-T", "tcp.pcapng")):
        command = ["text2pcap", option, "1000,2000", str(tmp_path / "in"), str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True)
        found = Reader().read((tmp_path / name).read_bytes())
        if option == "-u":
            assert [encode(each) for each in messages(found)] == [LOGIN.wbxml]
        else:
            assert "neither HTTP nor CIR" in "\n".join(lines(found))


# the command


def test_round_trips_between_the_syntaxes_and_spellings(tmp_path):
    source = tmp_path / "list.pts"
    source.write_bytes(listed())
    first = run(str(source), "--to", "xml")[1]
    for spelling in ("raw", "hex", "base64"):
        data = first
        for step in ("wbxml", "xml", "pts", "wbxml", "pts", "xml"):
            status, data, complaint = run("-", "--to", step, "--as", spelling, data=data)
            assert (status, complaint) == (0, ""), (step, spelling)
        assert data == first
    status, data, _ = run(str(source), "--to", "pdu", "--recipient", "+15557", "--port", "9")
    assert status == 0 and data.count(b"\n") > 2
    status, text, _ = run("-", data=data)
    assert status == 0 and b"recipient: +15557" in text and b"ports: to 9, from 9" in text
    assert b"<GetList-Response>" in text
    assert run("-", "--to", "pts", data=data)[1] == listed()


def test_json_has_every_layer():
    vector = next(v for v in sms("deliver") if v["id"] == "dlv-gsm7")
    status, data, _ = run("-", "--to", "json", data=vector["pdu"].encode())
    (layer,) = json.loads(data)
    assert status == 0 and layer["text"] == vector["text"]
    assert plain([]) == []


@pytest.mark.parametrize(
    ("arguments", "data", "complaint"),
    [
        ((), b"", "an empty input at octet 0"),
        ((), b"\xff\xfe\xfd" * 9, "neither a message nor a PDU"),
        (("--to", "xml"), b"WVCI 1.3 abc", "octet"),
        (("--from", "pcap"), b"abc", "not a capture that can be read"),
        (("--from", "wbxml"), b"\x03\x10\x6a\x00\x45", "octet"),
        (("--to", "wbxml"), b"AT+CSQ\r\nOK\r\n", "no CSP message in it"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, data, complaint):
    status, _, said = run("-", *arguments, data=data)
    assert status == 1 and said.count("\n") == 1
    assert said.startswith("microimps decode: -: ")
    assert complaint in said
