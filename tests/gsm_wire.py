"""A host without a serial line: talks AT to a virtual modem directly."""

import asyncio
import re
import time

import pytest

A, B, SERVICE = "+447700900001", "+447700900002", "+15553590"

FINAL = re.compile(rb"(?:^|[\r\n])(OK|ERROR|\+CM[ES] ERROR: [^\r\n]*)\r")
PROMPT = re.compile(rb">[ \r\n]*$")


class Wire:
    """Attach to a modem; `said` is everything it has said and nobody has taken yet."""

    name = "wire"

    def __init__(self, modem):
        self.modem = modem
        self.said = b""
        modem.endpoints.insert(0, self)

    def write(self, data):
        self.said += data

    async def until(self, pattern, timeout=60.0):
        """Take what the modem says up to a match of the pattern."""
        pattern = re.compile(pattern) if isinstance(pattern, bytes) else pattern
        for _ in range(int(timeout / 0.005)):
            if match := pattern.search(self.said):
                said, self.said = self.said[: match.end()], self.said[match.end() :]
                return said
            await asyncio.sleep(0.005)
        raise AssertionError(f"no {pattern.pattern!r} in {self.said!r}")

    async def ask(self, command, timeout=60.0):
        """Give a command; the lines of its answer, without echo and empty lines."""
        self.said = self.said.lstrip(b"\r\n")
        self.modem.feed(command.encode("latin-1") + b"\r")
        said = (await self.until(FINAL, timeout)).decode("latin-1")
        lines = [line for line in re.split("[\r\n]+", said) if line]
        return [line for line in lines if line != command]

    async def send(self, tpdu, timeout=60.0, cancel=False):
        """Send a TPDU in PDU mode; the lines of the answer."""
        self.modem.feed(b"AT+CMGS=%d\r" % len(tpdu))
        await self.until(PROMPT, timeout)
        self.modem.feed(b"\x1b" if cancel else b"00" + tpdu.hex().encode() + b"\x1a")
        said = (await self.until(FINAL, timeout)).decode()
        return [line for line in re.split("[\r\n]+", said) if line][-2:]

    async def quiet(self, seconds=0.1):
        """Wait; what the modem said meanwhile."""
        await asyncio.sleep(seconds)
        said, self.said = self.said, b""
        return said


class Inbox:
    """An application number that keeps its messages and reports."""

    def __init__(self, network, number=SERVICE):
        self.messages = []
        self.reports = []
        self.application = network.register(number, self.take, self.take_report)

    async def take(self, message):
        self.messages.append(message)

    async def take_report(self, report, message):
        self.reports.append((report.status, message.id))


def play(scenario, timeout=110):
    """Run an async scenario to its end, or fail."""

    async def bounded():
        await asyncio.wait_for(scenario(), timeout)

    asyncio.run(bounded())


def wait_for(path, process):
    """Wait until the link to a modem is there, which a process makes."""
    for _ in range(1200):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"no {path}")
