"""The two ends of a test over real sockets: a script of tests/device, a client in this process."""

import os
import subprocess
import sys
import time

import pytest
from watch import watch

from conftest import BUILD, ROOT
from microimps import Client
from microimps.ports import http
from microimps.tools.stage import compile_file

DEVICE = ROOT / "tests" / "device"
SECONDS = 90


def scripts():
    """Folder with the scripts of tests/device as .mpy; their names are those of the modules now
    on the board, so that none of an earlier run may stay.
    """
    folder = BUILD / "device" / "scripts"
    for source in DEVICE.glob("*.py"):
        out = folder / (source.stem + ".mpy")
        out.unlink(missing_ok=True)
        compile_file(source, out, source.name, opt=3)
    return folder


@pytest.fixture(scope="module")
def board(micropython, staged):
    """Start a script of tests/device on MicroPython, as .mpy: board(heap, name, *arguments)."""
    folder = scripts()
    path = os.pathsep.join((str(staged), str(folder), ".frozen"))

    def start(heap, name, *arguments):
        watch.elsewhere = True
        return subprocess.Popen(
            [micropython, "-X", f"heapsize={heap}", "-m", name, *map(str, arguments)],
            env={**os.environ, "MICROPYPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture(scope="module")
def desktop():
    """The same on CPython."""

    def start(heap, name, *arguments):
        watch.elsewhere = True
        return subprocess.Popen(
            [sys.executable, DEVICE / f"{name}.py", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def printed(process, seconds=SECONDS):
    """What the script printed; it must have ended well."""
    try:
        output, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
    assert process.returncode == 0, output
    return output.splitlines()


@pytest.fixture
def login(service):
    """Log in users at the module's service; they are logged out when the test is over."""
    clients = []

    def start(user, version, syntax, **options):
        options = {"client": user, "extension": syntax == "pts", **options}
        c = Client(http(service.url), user, "kestrel55", version, syntax, **options)
        clients.append(c)
        c.login()
        return c

    yield start
    for c in clients:
        list(c.events(0))
        c.logout()
        c.close()


class Friend:
    """A client on CPython in this process, at the other end of what a script does."""

    def __init__(self, url, address, version, syntax):
        self.client = Client(http(url), address, "kestrel55", version=version, syntax=syntax)
        self.client.login()
        self.waiting = []

    def next(self, kind, process):
        """The next event of this kind."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self.waiting += self.client.events(0)
            for event in self.waiting:
                if event.kind == kind:
                    self.waiting.remove(event)
                    return event
            assert process.poll() in (None, 0), process.communicate()
            time.sleep(0.03)
        process.kill()
        raise AssertionError(f"no {kind}: {process.communicate()}")
