"""Programs that nobody here wrote, started and stopped by tests."""

import asyncio
import os
import signal
import socket
import subprocess

import pytest

# Kannel's bearerbox with an smsbox, in its configuration.
KANNEL_CORE = """
group = core
admin-port = {admin}
admin-password = secret
admin-interface = 127.0.0.1
smsbox-port = {box}
smsbox-interface = 127.0.0.1
log-file = {folder}/bearerbox.log
log-level = 0
box-allow-ip = 127.0.0.1
"""

# A service centre that Kannel binds to over SMPP, in its configuration.
KANNEL_SMPP = """
group = smsc
smsc = smpp
smsc-id = {id}
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = kannel
smsc-password = secret
system-type = ""
source-addr-autodetect = true
interface-version = 34
"""


def drive(scenario, *args):
    """Result of an async scenario; nothing here may take longer than two minutes."""

    async def bounded():
        return await asyncio.wait_for(scenario(*args), 115)

    return asyncio.run(bounded())


async def run(*argv, timeout=90, env=None, stdin=""):
    """Run a program to its end and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode()), timeout)
    except asyncio.TimeoutError:
        process.kill()
        out, _ = await process.communicate()
        pytest.fail(f"{argv[0]} did not end in {timeout} s; it printed\n{out.decode()}")
    text = out.decode(errors="replace")
    assert process.returncode == 0, f"{argv} ended {process.returncode}:\n{text}"
    return text


async def until(condition, timeout=90):
    """Wait until condition() holds; fails after `timeout` seconds."""
    for _ in range(int(timeout / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"still waiting after {timeout} s")


class Daemon:
    """A program that runs until it is told to stop."""

    def __init__(self, *argv):
        self.argv = [str(a) for a in argv]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
