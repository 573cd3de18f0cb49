"""What a measured client meets: a fresh simulated service, or the record of its answers."""

from __future__ import annotations

import importlib
import io
import select
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from ..sim import Account, Config, serve

DEVICE = Path(__file__).parent / "device"
USER = "wv:anna@example.org"
PASSWORD = "secret"
_PATIENCE = 20.0  # seconds


@contextmanager
def service(contacts: int) -> Iterator[str]:
    """URL of a service at which anna has one list of so many contacts."""
    members = tuple(f"wv:u{n:05}@example.org=User {n:05}" for n in range(contacts))
    account = Account(USER, PASSWORD, lists={"friends": members})
    with serve(Config(domain="example.org", cir_port=None, users=(account,))) as running:
        yield running.url


class Recorder:
    """A relay to a service that keeps what is answered to each request.

    url: where clients connect, one after the other. answers: one bytes for each request.
    """

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
        self._service = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
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
            data = ready.recv(65536)
            if not data:
                return False
            if ready is client:
                if not self._asking:
                    self.answers.append(b"")
                server.sendall(data)
            else:
                self.answers[-1] += data
                client.sendall(data)
            self._asking = ready is client
        return True

    def close(self) -> None:
        """Take no more clients."""
        self._listener.close()


def record(program: str, contacts: int, *arguments: str) -> bytes:
    """Answers of a real service to `program`.run(url, *arguments) of device/, run on CPython here.

    In the form that device/standin.py plays back.
    """
    with service(contacts) as url:
        recorder = Recorder(url)
        sys.path.insert(0, str(DEVICE))
        try:
            with redirect_stdout(io.StringIO()):
                importlib.import_module(program).run(recorder.url, *arguments)
        finally:
            sys.path.remove(str(DEVICE))
            recorder.close()
    return b"".join(struct.pack(">I", len(answer)) + answer for answer in recorder.answers)
