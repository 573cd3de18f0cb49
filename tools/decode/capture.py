"""Packet captures (pcap, pcapng): HTTP, WSP and CIR in them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

import dpkt  # type: ignore[import-untyped]
import h11

from ..message import DecodeError
from .layers import Layer

if TYPE_CHECKING:
    from .reading import Reader

_FRAMES = {
    dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
    dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
    dpkt.pcap.DLT_LINUX_SLL2: dpkt.sll2.SLL2,
    dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
    dpkt.pcap.DLT_LOOP: dpkt.loopback.Loopback,
}
_RAW = (dpkt.pcap.DLT_RAW, 12, 101, 228, 229)
_CUT = (b"HELO", b"WVCI", b"PING", b"OK")

Flow = tuple[str, str]


@dataclass
class _Stream:
    """One direction of a TCP connection: segments by their number."""

    begin: int | None = None
    packet: int = 0
    segments: dict[int, bytes] = field(default_factory=dict)

    def add(self, tcp: dpkt.tcp.TCP, packet: int) -> None:
        if tcp.flags & dpkt.tcp.TH_SYN:
            self.begin = tcp.seq + 1 & 0xFFFFFFFF
        if not tcp.data:
            return
        if self.begin is None:
            self.begin = tcp.seq
        self.packet = self.packet or packet
        at = tcp.seq - self.begin & 0xFFFFFFFF
        if len(tcp.data) > len(self.segments.get(at, b"")):
            self.segments[at] = tcp.data

    def octets(self) -> bytes:
        """What was sent, as far as it was captured without a gap."""
        out = bytearray()
        for at in sorted(self.segments):
            if at > len(out):
                break
            out[at : at + len(self.segments[at])] = self.segments[at]
        return bytes(out)


def _packets(data: bytes) -> Iterator[tuple[int, dpkt.Packet | None]]:
    # IP packets with their numbers, None where the capture is cut short
    try:
        source = dpkt.pcap.UniversalReader(io.BytesIO(data))
        link = source.datalink()
    except (ValueError, dpkt.Error) as error:
        raise DecodeError(f"not a capture that can be read: {error}", 0) from None
    if link not in _FRAMES and link not in _RAW:
        raise DecodeError(f"link type {link} is none that is known here", 20)
    try:
        for number, (_, octets) in enumerate(source, 1):
            try:
                packet = _FRAMES[link](octets).data if link in _FRAMES else _ip(octets)
            except dpkt.Error:
                continue  # cut short, or nothing of IP
            if isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6):
                yield number, packet
    except dpkt.Error:
        yield 0, None  # the last packet is not all there


def _ip(octets: bytes) -> dpkt.Packet:
    kind = dpkt.ip6.IP6 if octets[:1] and octets[0] >> 4 == 6 else dpkt.ip.IP
    return kind(octets)


def read(data: bytes, reader: Reader) -> list[Layer]:
    """HTTP exchanges, WSP and CIR, in the order of their first packets. Raises DecodeError."""
    found: list[tuple[int, Layer]] = []
    streams: dict[Flow, _Stream] = {}
    for number, packet in _packets(data):
        if packet is None:
            found.append((1 << 62, Layer("the end", fault="the capture is cut short")))
            break
        inner = packet.data
        if not isinstance(inner, dpkt.tcp.TCP | dpkt.udp.UDP):
            continue
        ends = (
            f"{ip_address(packet.src)}:{inner.sport}",
            f"{ip_address(packet.dst)}:{inner.dport}",
        )
        if isinstance(inner, dpkt.tcp.TCP):
            streams.setdefault(ends, _Stream()).add(inner, number)
        elif inner.data:
            found.append((number, _datagram(number, ends, inner.data, reader)))
    for ends, stream in streams.items():
        octets = stream.octets()
        if octets:
            found += [(stream.packet, each) for each in _spoken(stream, ends, octets, reader)]
    found.sort(key=lambda each: each[0])
    return [layer for _, layer in found]


def _titled(number: int, ends: Flow, what: str) -> Layer:
    return Layer(f"packet {number}: {ends[0]} to {ends[1]}, {what}")


def _datagram(number: int, ends: Flow, octets: bytes, reader: Reader) -> Layer:
    layer = _titled(number, ends, "UDP")
    layer.inner = [reader.body(octets)]
    return layer


def _spoken(stream: _Stream, ends: Flow, octets: bytes, reader: Reader) -> Iterator[Layer]:
    if octets.startswith(_CUT):
        layer = _titled(stream.packet, ends, "TCP")
        layer.inner = [reader.body(line) for line in octets.splitlines() if line.strip()]
        yield layer
        return
    answer = octets.startswith(b"HTTP/")
    if not answer and not octets.split(b"\r\n", 1)[0].rstrip().endswith(
        (b"HTTP/1.1", b"HTTP/1.0")
    ):
        layer = _titled(stream.packet, ends, "TCP")
        layer.text = f"{len(octets)} octets that are neither HTTP nor CIR"
        yield layer
        return
    while octets:
        layer, octets = _http(stream.packet, ends, octets, answer, reader)
        yield layer


def _http(
    number: int, ends: Flow, octets: bytes, answer: bool, reader: Reader
) -> tuple[Layer, bytes]:
    # one request or answer of HTTP, and the octets behind it
    connection = h11.Connection(h11.CLIENT if answer else h11.SERVER)
    if answer:  # what it answers only matters to h11: a POST, as all of CSP is
        connection.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
        connection.send(h11.EndOfMessage())
    connection.receive_data(octets)
    layer = _titled(number, ends, "HTTP")
    body = b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(b"")  # an answer may end with its connection
                if not isinstance(event := connection.next_event(), h11.EndOfMessage):
                    layer.fault = "cut short"
                    return layer, b""
                break
            if isinstance(event, h11.Data):
                body += bytes(event.data)
                continue
            if isinstance(event, h11.Request):
                what = f"{event.method.decode()} {event.target.decode()}"
            elif isinstance(event, h11.Response | h11.InformationalResponse):
                what = f"{event.status_code} {event.reason.decode('latin-1')}"
            else:
                layer.fault = "cut short"
                return layer, b""
            layer = _titled(number, ends, f"HTTP {what}")
            kinds = [v.decode("latin-1") for k, v in event.headers if k == b"content-type"]
            layer.facts |= {"content type": kinds[0]} if kinds else {}
    except h11.RemoteProtocolError as error:
        layer.fault = f"not HTTP: {error}"
        return layer, b""
    if body:
        layer.inner = [reader.body(body)]
    return layer, bytes(connection.trailing_data[0])
