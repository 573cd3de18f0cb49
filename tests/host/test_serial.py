"""Serial lines: devices, pyserial's URL ports and unplugging; and the UART port on a fake UART."""

import asyncio
import importlib
import os
import socket
import sys
import threading
import time
import tty
import types

import pytest
import serial
from serial import rfc2217

from microimps.ports.cpython.serial import AsyncLine, Line
from microimps.sms_bearer.at import At

READ, WRITE = 2, 3


@pytest.fixture
def device():
    """(far end, name) of a pseudo-terminal."""
    far, near = os.openpty()
    tty.setraw(near)
    name = os.ttyname(near)
    yield far, name
    for fd in (near, far):
        try:
            os.close(fd)
        except OSError:
            pass  # the test has unplugged it


def reads(line, size=64, ms=2000):
    buffer = bytearray(size)
    return bytes(buffer[: line.readinto(memoryview(buffer), ms)])


def later(seconds, function, *args):
    timer = threading.Timer(seconds, function, args)
    timer.daemon = True
    timer.start()
    return timer


def test_device(device):
    far, name = device
    line = Line(name)
    line.write(memoryview(b"AT\r"), 1000)
    assert os.read(far, 10) == b"AT\r"
    os.write(far, b"\r\nOK\r\n")
    assert reads(line) == b"\r\nOK\r\n"
    os.write(far, b"0123456789")
    assert reads(line, 4) == b"0123" and reads(line, 1) == b"4" and reads(line) == b"56789"
    line.close()
    line.close()


def test_silence_is_0_octets_in_time(device):
    line = Line(device[1])
    start = time.monotonic()
    assert reads(line, ms=100) == b""
    assert time.monotonic() - start > 0.09
    later(0.05, os.write, device[0], b"x")
    assert reads(line, ms=2000) == b"x"
    line.close()


def test_unplugged_while_reading(device):
    far, name = device
    line = Line(name)
    later(0.1, os.close, far)
    with pytest.raises(OSError):
        reads(line, ms=5000)
    line.close()


def test_device_that_is_not_there():
    with pytest.raises(OSError):
        Line("/dev/does-not-exist")


def test_loop():
    line = Line("loop://")
    line.write(memoryview(b"abc"), 1000)
    assert reads(line) == b"abc"
    line.close()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def test_socket_and_its_end(listener):
    line = Line(f"socket://127.0.0.1:{listener.getsockname()[1]}")
    peer, _ = listener.accept()
    peer.sendall(b"\r\nRDY\r\n")
    assert reads(line).startswith(b"\r")
    peer.close()
    with pytest.raises(OSError):
        for _ in range(20):
            reads(line, ms=200)
    line.close()


def serve_rfc2217(listener):
    """A serial port server: pyserial's port manager before a port that is a loop."""
    peer, _ = listener.accept()
    with peer, serial.serial_for_url("loop://", timeout=0.01) as port:
        manager = rfc2217.PortManager(port, types.SimpleNamespace(write=peer.sendall))
        peer.settimeout(0.01)
        while True:
            data = port.read(100)
            if data:
                peer.sendall(b"".join(manager.escape(data)))
            try:
                data = peer.recv(100)
            except TimeoutError:
                continue
            if not data:
                return
            port.write(b"".join(manager.filter(data)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning:serial.rfc2217")
def test_rfc2217(listener):
    server = threading.Thread(target=serve_rfc2217, args=(listener,), daemon=True)
    server.start()
    line = Line(f"rfc2217://127.0.0.1:{listener.getsockname()[1]}", 9600)
    line.write(memoryview(b"AT\r"), 1000)
    got = b""
    while len(got) < 3:
        got += reads(line)
    assert got == b"AT\r"
    line.close()
    server.join(5)
    assert not server.is_alive()


def answer(far, script):
    """A modem that answers each command line with the next entry."""
    for reply in script:
        heard = b""
        while not heard.endswith(b"\r"):
            heard += os.read(far, 100)
        os.write(far, reply)


def test_at_command_over_a_device(device):
    far, name = device
    threading.Thread(target=answer, args=(far, [b"\r\nOK\r\n"]), daemon=True).start()
    line = Line(name)
    at = At(lambda: int(time.monotonic() * 1000) & 0x1FFFFFFF)
    flow = at.command(b"", 3000)
    value = None
    with pytest.raises(StopIteration) as end:
        while True:
            step = flow.send(value)
            value = None
            if step == READ:
                value = line.readinto(at.view, at.ms)
            else:
                assert step == WRITE
                line.write(at.view, at.ms)
    assert end.value.value == 0
    line.close()


def test_asyncio(device):
    far, name = device

    async def use():
        line = AsyncLine(name)
        ticks = 0

        async def other():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        task = asyncio.create_task(other())
        await line.write(memoryview(b"AT\r"), 1000)
        assert os.read(far, 10) == b"AT\r"
        view = memoryview(bytearray(64))
        assert await line.readinto(view, 400) == 0
        assert ticks > 2  # others ran meanwhile
        os.write(far, b"OK\r")
        assert await line.readinto(view, 1000) == 3 and view[:3] == b"OK\r"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(line.readinto(view, 60000), 0.05)
        os.write(far, b"x")
        assert await line.readinto(view, 1000) == 1  # nothing was swallowed
        os.close(far)
        with pytest.raises(OSError):
            await line.readinto(view, 5000)
        task.cancel()
        line.close()

    asyncio.run(use())


# machine.UART, on a fake one.


class Uart:
    RTS, CTS = 1, 2

    def __init__(self, number, baudrate, **settings):
        self.number, self.baudrate, self.settings = number, baudrate, settings
        self.octets = b""
        self.sent = b""
        self.space = 100

    def any(self):
        return len(self.octets)

    def readinto(self, view):
        n = min(len(view), len(self.octets))
        view[:n] = self.octets[:n]
        self.octets = self.octets[n:]
        return n or None

    def write(self, octets):
        n = min(len(octets), self.space)
        self.space -= n
        self.sent += bytes(octets[:n])
        return n or None

    def deinit(self):
        self.sent = b"closed"


class Pin:
    def __init__(self):
        self.levels = []

    def value(self, level):
        self.levels.append(int(level))


@pytest.fixture
def uart(monkeypatch):
    """The port's module, on a fake UART and a clock that only waiting moves."""
    clock = types.SimpleNamespace(now=0x1FFFFFF0, uart=None)

    def sleep_ms(ms):
        clock.now += ms
        if clock.uart:
            clock.uart(clock.now)

    monkeypatch.setitem(sys.modules, "machine", types.SimpleNamespace(UART=Uart))
    monkeypatch.setattr(time, "sleep_ms", sleep_ms, raising=False)

    async def pause(ms):
        sleep_ms(ms)

    monkeypatch.setattr(asyncio, "sleep_ms", pause, raising=False)
    monkeypatch.setattr(time, "ticks_ms", lambda: clock.now, raising=False)
    for name in ("", ".uart"):
        monkeypatch.delitem(sys.modules, "microimps.ports.micropython" + name, raising=False)
    module = importlib.import_module("microimps.ports.micropython.uart")
    module.fake = clock
    yield module
    for name in ("", ".uart"):
        sys.modules.pop("microimps.ports.micropython" + name, None)


def test_uart_reads_and_waits(uart):
    line = uart.Line(1, tx=17, rx=16)
    assert line.uart.settings == {"timeout": 0, "rxbuf": 512, "tx": 17, "rx": 16}
    assert reads(line, ms=100) == b""
    assert 100 <= uart.fake.now - 0x1FFFFFF0 <= 104
    line.uart.octets = b"\r\nOK\r\n"
    assert reads(line, 4) == b"\r\nOK" and reads(line) == b"\r\n"


def test_uart_flow_control(uart):
    line = uart.Line(1, 460800, rts=3, cts=4)
    assert line.uart.settings["flow"] == 3 and line.uart.baudrate == 460800
    assert uart.Line(1, rts=3).uart.settings["flow"] == 1


def test_uart_writes_through_a_small_buffer(uart):
    line = uart.Line(1)
    line.uart.space = 5
    uart.fake.uart = lambda now: setattr(line.uart, "space", 3)
    line.write(memoryview(b"0123456789"), 1000)
    assert line.uart.sent == b"0123456789"


def test_uart_held_up_by_flow_control(uart):
    line = uart.Line(1, cts=4)
    line.uart.space = 0
    with pytest.raises(OSError) as caught:
        line.write(memoryview(b"x"), 500)
    assert caught.value.args[0] == 110


def test_uart_keys(uart):
    power, reset = Pin(), Pin()
    line = uart.Line(1, power=power, reset=reset)
    line.press(1)
    line.press(0)
    assert power.levels == [0] and reset.levels == [0, 1, 0]
    low = Pin()
    line = uart.Line(1, power=low, active=0)
    line.press(1)
    line.press(0)
    assert low.levels == [1, 0, 1]
    uart.Line(1).press(1)  # without a key: nothing


def test_uart_asyncio(uart):
    line = uart.AsyncLine(1)

    async def use():
        view = memoryview(bytearray(8))
        assert await line.readinto(view, 10) == 0
        line.uart.octets = b"OK"
        assert await line.readinto(view, 10) == 2
        await line.write(memoryview(b"AT\r"), 10)
        assert line.uart.sent == b"AT\r"

    asyncio.run(use())
    line.close()
    assert line.uart.sent == b"closed"
