"""Well-known clients of other projects, measured beside this one where their sources are present.

Nothing of them is here: ``find`` looks for their releases in a folder of the user's.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from ..modules import ROOT
from ..stage import compile_source
from .surroundings import DEVICE

FOLDER = ROOT / "build" / "peers"


class Broker(StreamRequestHandler):
    """As much of MQTT 3.1.1 as one client needs: what it publishes comes back to it."""

    def handle(self) -> None:
        while head := self.rfile.read(1):
            size = shift = 0
            more = True
            while more:
                octet = self.rfile.read(1)[0]
                size |= (octet & 127) << shift
                shift += 7
                more = octet > 127
            self.wfile.write(self.answer(head, self.rfile.read(size)))

    @staticmethod
    def answer(head: bytes, body: bytes) -> bytes:
        """To one packet: CONNACK, SUBACK, the PUBLISH itself at QoS 0, PINGRESP, or nothing."""
        return {
            0x10: b"\x20\x02\x00\x00",
            0x80: b"\x90\x03" + body[:2] + b"\x00",
            0x30: head + bytes((len(body),)) + body,
            0xC0: b"\xd0\x00",
        }.get(head[0] & 0xF0, b"")


class Page(StreamRequestHandler):
    """An HTTP server with one short page."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHello")


@dataclass(frozen=True)
class Peer:
    """path: of its source in a release; program: of device/, which has run(where) and ends with
    "done"; server: what it meets; needs: names of files of device/ that it cannot do without on
    a PC; alike: whether its session can be played back at 32 bits; times: tries of a heap, each
    of so many seconds, after which it has failed without an end.
    """

    name: str
    path: str
    program: str
    server: type[StreamRequestHandler]
    needs: tuple[str, ...] = ()
    alike: bool = True
    times: int = 3
    seconds: float = 60.0

    @property
    def module(self) -> str:
        """Its import name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def begin(self) -> str:
        """Source that loads what a board has in its firmware."""
        return "".join(f"\nimport {name}" for name in self.needs)


PEERS = (
    Peer("umqtt.simple", "umqtt/simple.py", "peer_umqtt", Broker),
    Peer("requests", "requests/__init__.py", "peer_requests", Page),
    # It waits a second for the Wi-Fi, and for ever where a task ran out of heap. The asyncio of
    # the WebAssembly port is JavaScript's.
    Peer("mqtt_as", "mqtt_as/__init__.py", "peer_mqtt_as", Broker, ("radio",), False, 1, 15.0),
)


@dataclass(frozen=True)
class Release:
    """A peer with its source and the version that it says."""

    peer: Peer
    source: Path
    version: str


def find(folder: Path) -> list[Release]:
    """The peers whose sources are anywhere below `folder`: checkouts, unpacked archives."""
    found = []
    for peer in PEERS:
        for source in sorted(folder.rglob(peer.path), key=lambda path: len(path.parts))[:1]:
            package = source.parents[peer.path.count("/")]
            texts = [source.read_text("utf-8")]
            if (package / "manifest.py").is_file():
                texts.insert(0, (package / "manifest.py").read_text("utf-8"))
            found.append(Release(peer, source, _version(texts)))
    return found


def _version(texts: list[str]) -> str:
    for text in texts:
        said = re.search(r'\bversion="([^"]+)"|^VERSION = \(([\d, ]+)\)', text, re.M)
        if said:
            return said[1] or said[2].replace(", ", ".")
    return "of unknown version"


def build(release: Release, tree: Path) -> int:
    """Compile a peer and its program into `tree`; returns octets of flash of the peer."""
    peer = release.peer
    out = tree / peer.path.replace(".py", ".mpy")
    # as it was released: names.py shortens those of microimps only
    sources = {out: release.source}
    sources |= {tree / f"{n}.mpy": DEVICE / f"{n}.py" for n in (peer.program, *peer.needs)}
    for target, source in sources.items():
        compile_source(source.read_bytes(), source, target, source.name, 3)
    return out.stat().st_size


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client: object) -> None:
        """A client that ran out of heap has gone: nobody needs to know."""


@contextmanager
def serving(peer: Peer) -> Iterator[str]:
    """Host and port of what the peer meets."""
    with _Server(("127.0.0.1", 0), peer.server) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
