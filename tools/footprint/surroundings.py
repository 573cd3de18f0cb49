"""What a measured client meets: a fresh simulated service, or the record of its answers."""

from __future__ import annotations

import asyncio
import io
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from queue import Queue
from urllib.request import Request, urlopen

from ..decode.wsp import Cursor
from ..gsm import Network
from ..sim import Account, Config, Service, serve
from ..sim.carriers import NetworkCarrier
from ..sim.sms import SmsFace

DEVICE = Path(__file__).parent / "device"
USER = "wv:anna@example.org"
PASSWORD = "secret"
NUMBER = "+15553590"  # of the service, for short messages
_MODEM = "+447700900001"
_PATIENCE = 20.0  # seconds


def _config(contacts: int) -> Config:
    # anna has one list of so many contacts
    members = tuple(f"wv:u{n:05}@example.org=User {n:05}" for n in range(contacts))
    account = Account(USER, PASSWORD, lists={"friends": members})
    return Config(domain="example.org", cir_port=None, users=(account,))


@contextmanager
def service(contacts: int) -> Iterator[str]:
    """URL of a service at which anna has one list of so many contacts."""
    stack = ExitStack()
    try:
        yield stack.enter_context(serve(_config(contacts))).url
    finally:
        # its end takes longer than a session, and nobody waits for it
        threading.Thread(target=stack.close).start()


@contextmanager
def network(contacts: int, tcp: bool = False) -> Iterator[str]:
    """Device of a modem, or its pyserial URL, in a network without faults in which the same
    service has a number."""
    ready: Queue[tuple[str, Callable[[], object]]] = Queue()

    async def work() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with Network() as net:
            modem = await net.add_modem(_MODEM, pty=not tcp, tcp=0 if tcp else None)
            face = SmsFace(Service(_config(contacts)), NetworkCarrier(net, NUMBER), NUMBER)
            await face.start()
            ready.put((modem.device, lambda: loop.call_soon_threadsafe(over.set)))
            await over.wait()
            await face.stop()

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    device, end = ready.get(timeout=_PATIENCE)
    try:
        yield device
    finally:
        end()
        thread.join(_PATIENCE)


class Gateway:
    """A WAP gateway to one service, for connectionless WSP: POST PDUs, and replies whose only
    header is the type (WAP-230 section 8.2).

    url: where clients send to; answers: what was replied, as to a client whose TIDs begin at 1.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.url = "127.0.0.1:%d" % self._socket.getsockname()[1]
        self.answers: list[bytes] = []
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while True:
            pdu, client = self._socket.recvfrom(65536)
            if not pdu:  # closed
                return
            cursor = Cursor(pdu)
            cursor.octets(2)  # TID and type
            size, heads = cursor.uintvar(), cursor.uintvar()
            cursor.octets(size)  # the address
            kind = cursor.octets(heads).partition(b"\0")[0]
            request = Request(self._service, cursor.rest(), {"Content-Type": kind.decode()})
            with urlopen(request, timeout=_PATIENCE) as answer:
                head = answer.headers["Content-Type"].encode() + b"\0"
                reply = b"\x04\x20" + bytes((len(head),)) + head + answer.read()
            self.answers.append(bytes((len(self.answers) + 1 & 255,)) + reply)
            self._socket.sendto(pdu[:1] + reply, client)

    def close(self) -> None:
        """Take no more requests."""
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(_PATIENCE)
        self._socket.close()


@contextmanager
def gateway(contacts: int) -> Iterator[str]:
    """Host and port of a WAP gateway to a service of `contacts`."""
    with service(contacts) as url:
        found = Gateway(url)
        try:
            yield found.url
        finally:
            found.close()


PLACES = {"http": service, "sms": network, "wsp": gateway}


class Recorder:
    """A relay to a service, or to a modem, that keeps what is answered to each request.

    url: where clients connect, one after the other. ends: octets each of which ends a request;
    none: whatever is sent before an answer comes is one. answers: one bytes for each request.
    """

    def __init__(self, url: str, ends: bytes = b"") -> None:
        scheme, _, place = url.rstrip("/").partition("://")
        host, _, port = place.rpartition(":")
        self._service = (host, int(port))
        self._ends = ends
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.answers: list[bytes] = []
        self._asking = False
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:  # closed
                return
            with client, socket.create_connection(self._service, _PATIENCE) as server:
                self._asking = False
                while self._pass_on(client, server):
                    pass

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        for ready in select.select([client, server], [], [], _PATIENCE)[0]:
            try:
                data = ready.recv(65536)
            except ConnectionResetError:  # it went without reading everything
                data = b""
            if not data:
                return False
            if ready is client:
                begun = sum(c in self._ends for c in data) if self._ends else not self._asking
                self.answers += [b""] * begun
                server.sendall(data)
            else:
                self.answers[-1] += data
                client.sendall(data)
            self._asking = ready is client
        return True

    def close(self) -> None:
        """Take no more clients."""
        self._listener.close()


def record(bearer: str, contacts: int, steps: Callable[[str], list[str]]) -> bytes:
    """Answers of a real service, over "http", "wsp" or "sms", to steps(where), made on CPython
    here; those of its modem to each line with "sms".

    In the form that device/standin.py plays back.
    """
    with network(contacts, tcp=True) if bearer == "sms" else service(contacts) as url:
        recorder: Gateway | Recorder
        if bearer == "wsp":
            recorder = Gateway(url)
        else:
            recorder = Recorder(url, b"\r\x1a" if bearer == "sms" else b"")
        sys.path.insert(0, str(DEVICE))
        try:
            with redirect_stdout(io.StringIO()):
                space: dict[str, object] = {}
                for step in steps(recorder.url):
                    exec(step, space)
        finally:
            sys.path.remove(str(DEVICE))
            recorder.close()
    return tape(recorder.answers)


def tape(answers: list[bytes]) -> bytes:
    """Answers in the form that device/standin.py plays back."""
    return b"".join(struct.pack(">I", len(answer)) + answer for answer in answers)
