"""The programs in examples/, run as a reader would: with the values at their top changed.

Those for a board run on MicroPython, from source, as they would be copied to it.
"""

import asyncio
import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from gsm_wire import SERVICE, A
from sms_world import ANNA, BO, world

from conftest import ROOT
from microimps import Client
from microimps.ports import http as over_http
from microimps.tools.sim import Account, Config, Room, serve

EXAMPLES = ROOT / "examples"
DOMAIN = "@im.example.com"
NAMES = ("anna", "bo", "greenhouse", "bot", "bridge")
SECONDS = 60
HEAP = "160K"  # MicroPython compiles the source itself

# what stands in for a board's pins: the door is open
MACHINE = """
class Pin:
    IN = OUT = PULL_UP = 0

    def __init__(self, *args):
        pass

    def value(self):
        return 0
"""


def changed(name, folder, **values):
    """A copy of an example in which these constants have other values."""
    text = (EXAMPLES / name).read_text()
    for constant, value in values.items():
        text, n = re.subn(rf"(?m)^{constant} = .*$", lambda _: f"{constant} = {value!r}", text)  # noqa: B023
        assert n == 1, f"{name} has no line for {constant}"
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture
def board(micropython, staged, tmp_path):
    """Start an example on MicroPython."""
    (tmp_path / "machine.py").write_text(MACHINE)
    path = os.pathsep.join((str(tmp_path), str(staged), ".frozen"))

    def start(name, **values):
        return subprocess.Popen(
            [micropython, "-X", f"heapsize={HEAP}", changed(name, tmp_path, **values)],
            env={**os.environ, "MICROPYPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def desktop(tmp_path):
    """Start an example on CPython, and end it."""
    with contextlib.ExitStack() as running:

        def start(name, **values):
            process = subprocess.Popen(
                [sys.executable, changed(name, tmp_path, **values)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        yield start


@pytest.fixture(scope="module")
def service():
    users = tuple(Account("wv:" + name + DOMAIN, "secret") for name in NAMES)
    with serve(Config(users=users, groups=(Room("/chess", {"Name": "Chess"}),))) as running:
        yield running


@contextlib.contextmanager
def person(service, name):
    """A client, and a function that waits for an event that a test is true of."""
    client = Client(over_http(service.url), name + DOMAIN, "secret", 3)
    client.login()
    waiting = []

    def until(test):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            waiting.extend(client.events(0))
            for event in waiting:
                if test(event):
                    waiting.remove(event)
                    return event
            time.sleep(0.03)
        raise AssertionError(f"not among {[each.kind for each in waiting]}")

    yield client, until
    client.logout()
    client.close()


def message(text):
    return lambda event: event.kind == "message" and event.text == text


def ended(process):
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    return output


def test_every_example_is_listed_and_tested():
    tests = (ROOT / "tests" / "host" / "test_examples.py").read_text()
    listed = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f"({path.name})" in listed and f'"{path.name}"' in tests


def test_messenger(service, board):
    with person(service, "bo") as (bo, until):
        process = board("messenger.py", URL=service.url)
        assert process.stdout.readline() == "online; an empty line ends\n"
        process.stdin.write("Is it raining?\n")
        process.stdin.flush()
        assert until(message("Is it raining?")).sender == ANNA
        bo.send(ANNA, "Not at all")
        process.stdin.write("Then let us go\n")  # its answer brings what waits
        process.stdin.flush()
        until(message("Then let us go"))
        assert process.stdout.readline() == f"{BO} says Not at all\n"
        process.stdin.write("\n")
        assert ended(process) == "offline\n"


def test_beacon(service, board):
    with person(service, "bo") as (bo, until):
        address = "wv:greenhouse" + DOMAIN
        bo.subscribe((address,))
        process = board("beacon.py", URL=service.url, EVERY=1, TIMES=2)
        seen = until(lambda event: event.kind == "presence" and event.get("StatusText"))
        assert seen.user == address and seen.shown() == "available"
        assert re.fullmatch(r"\d+ s up", seen.get("StatusText"))
        assert ended(process) == ""
        until(lambda event: event.kind == "presence" and event.shown() == "offline")


def test_alarm_over_sms(board):
    async def scenario():
        users = (Account(ANNA, "secret"), Account("wv:barn" + DOMAIN, "secret"))
        async with world(speed=40, users=users) as there:
            modem = await there.network.add_modem(A)
            values = {"MODEM": modem.device, "SERVICE": SERVICE, "LINE": {}, "TIMES": 1}
            process = board("alarm_sms.py", **values)
            assert await asyncio.to_thread(ended, process) == "alarm\ntold\n"
            anna = Client(over_http(there.running.url), ANNA, "secret", 3)
            await there.do(anna.login)
            (event,) = await there.events(anna, 1)
            assert event.text == "The door of the barn is open"
            await there.do(anna.logout)
            await there.do(anna.close)

    asyncio.run(asyncio.wait_for(scenario(), 110))


def test_group_bot(service, desktop):
    with person(service, "bo") as (bo, until):
        process = desktop("group_bot.py", URL=service.url)
        group = "wv:/chess" + DOMAIN
        assert process.stdout.readline() == f"in {group}\n"
        bo.join(group, "Bobby")
        until(message("Hello Bobby!"))
        for said, text in (("!echo a b", "Bobby: a b"), ("!help", "Bobby: I know dice, echo, ")):
            bo.send(None, said, group=group)
            until(lambda event: event.kind == "message" and event.text.startswith(text))  # noqa: B023


def test_webhook_bridge(service, desktop):
    hooked = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            hooked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook,
        person(service, "bo") as (bo, until),
    ):
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        process = desktop(
            "webhook.py",
            URL=service.url,
            LISTEN=("127.0.0.1", 0),
            HOOK=f"http://127.0.0.1:{hook.server_port}/",
        )
        port = int(process.stdout.readline().rsplit(" ", 1)[1])

        def post(to, text, token="change-me"):
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/{to}",
                text.encode(),
                {"Authorization": f"Bearer {token}"},
            )
            try:
                with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        assert post(BO, "Build 7 failed é")[0] == 200
        assert until(message("Build 7 failed é")).sender == "wv:bridge" + DOMAIN
        assert post(BO, "x", "guess")[0] == 401
        assert post(BO, "")[0] == 413
        status, text = post("wv:nobody" + DOMAIN, "x")
        assert status == 502 and "UNKNOWN_USER" in text
        bo.send("wv:bridge" + DOMAIN, "Try again")
        end = time.monotonic() + SECONDS
        while not hooked and time.monotonic() < end:
            time.sleep(0.03)
        assert hooked == [{"from": BO, "group": None, "text": "Try again"}]
        hook.shutdown()
