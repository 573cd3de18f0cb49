"""Provisioning documents against libwbxml, both ways, and the push against Wireshark."""

import struct
import subprocess
from xml.etree.ElementTree import Element, SubElement, fromstring

import pytest

from conftest import need
from microimps.tools.provision import document, push, tokens, wbxml
from microimps.tools.provision.account import Account

pytestmark = pytest.mark.interop

MISSPELT = {"TRETRA-SDS": "TETRA-SDS", "TRETRA-PACKET": "TETRA-PACKET"}  # by libwbxml
ACCOUNT = Account(
    "Caf\u00e9 \u20ac & <chat>",
    "https://imps.example.org/csp",
    "ann@example.org",
    "secret",
    "operator",
    ("IM", "PS"),
    ("application/vnd.wv.csp.wbxml",),
    ("INET",),
    ("PROXY",),
)


def everything():
    """A document with every token of the tables."""
    root = Element("wap-provisioningdoc", {"version": "1.0"})
    starts = [start for page in (0, 1) for start in tokens.STARTS[page].values()]
    for attribute, value in starts:
        if attribute == "type" and value:
            inner = SubElement(root, "characteristic", {"type": value})
            SubElement(inner, "parm", {"name": "NAME", "value": value})
    rest = SubElement(root, "characteristic", {"type": "OTHER"})
    for attribute, value in starts:
        if attribute == "name" and value:
            SubElement(rest, "parm", {"name": value, "value": "\u00fc"})
    for page in (0, 1):
        for value in tokens.VALUES[page].values():
            SubElement(rest, "parm", {"name": "BEARER", "value": value})
    return root


def shape(root):
    return [
        (each.tag, {name: MISSPELT.get(value, value) for name, value in each.items()}, len(each))
        for each in root.iter()
    ]


def theirs(tmp_path, octets, program, suffix):
    source, target = tmp_path / "in", tmp_path / f"out.{suffix}"
    source.write_bytes(octets)
    done = subprocess.run(
        [need(program), "-o", target, source], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


@pytest.mark.parametrize("root", [everything(), document.build([ACCOUNT, ACCOUNT])])
def test_libwbxml(tmp_path, root):
    wanted = shape(root)
    assert shape(fromstring(theirs(tmp_path, wbxml.encode(root), "wbxml2xml", "xml"))) == wanted
    assert shape(wbxml.decode(theirs(tmp_path, document.to_xml(root), "xml2wbxml", "wbxml"))) == [
        (tag, each, count) for tag, each, count in wanted
    ]


def test_what_is_on_both_pages(tmp_path):
    """Names that have a token on the second page too: written by hand, read by both."""
    octets = b"\x03\x0b\x6a\x00\xc5\x46\x01\xc6\x00\x01\x55\x01"
    both = [token for token in tokens.STARTS[1] if 6 < token < 0x2E]
    for token in both:
        octets += bytes((0x87, token, 0x06, 0x03)) + b"x\0\x01"
    octets += b"\x01\xc6\x53\x01\x01\x01"
    ours = shape(wbxml.decode(octets))
    assert len(ours) == 3 + len(both) and len(both) == 6
    assert shape(fromstring(theirs(tmp_path, octets, "wbxml2xml", "xml"))) == ours


def test_wireshark_reads_the_push(tmp_path):
    body = document.to_wbxml(document.build([ACCOUNT]))
    key = push.key_of(1, "1234")
    capture = tmp_path / "push.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        pdu = push.pack(body, 1, key)
        udp = struct.pack(">HHHH", 9200, 2948, 8 + len(pdu), 0) + pdu
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
        packet = head + bytes((127, 0, 0, 1, 127, 0, 0, 2)) + udp
        file.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)
    shown = subprocess.run(
        [need("tshark"), "-r", capture, "-d", "udp.port==2948,wsp", "-V"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "Push (0x06)" in shown and "application/vnd.wap.connectivity-wbxml" in shown
    assert "USERPIN" in shown and push.mac(body, key) in shown
    assert "https://imps.example.org/csp" in shown
