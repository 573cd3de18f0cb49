"""A board on a pseudo-terminal: MicroPython for the PC, its raw REPL, soft reset and a cable."""

import contextlib
import os
import select
import subprocess
import threading
import time
import tty
from pathlib import Path

import pytest

from microimps.tools.flash import contents

_ROOT = Path(__file__).resolve().parent.parent
_BOOT = _ROOT / "tests" / "device" / "pty_board.py"
_PATIENCE = 30.0


class PtyBoard:
    """`device` is the port. The cable is pulled once the host has sent `cut` octets more."""

    def __init__(self, micropython, folder, heap="160K", flash=256 << 10, rom=0):
        self.flash = folder / "flash"
        self.flash.write_bytes(bytes(flash))
        self.rom = folder / "rom"
        self.rom.write_bytes(b"\xff" * rom)
        self._command = [micropython, "-i", "-X", f"heapsize={heap}", _BOOT, self.flash]
        self._command.append(self.rom if rom else "")
        self._environment = {
            **os.environ,
            "MICROPYPATH": str(_ROOT / "tools" / "footprint" / "device"),
            "ROMFS": "x" * (rom + 1),
        }
        self.cut = self.received = 0
        self._thread = None

    def __enter__(self):
        self.plug()
        return self

    def __exit__(self, *_):
        self.pull()

    def plug(self):
        """Connect the cable; the board has been without power."""
        self._host, board = os.openpty()
        tty.setraw(board)
        self.device = os.ttyname(board)
        self._board = board  # kept open: a pty without a reader loses what is written
        self._stop, self._wake = os.pipe()
        self._start()
        self._thread = threading.Thread(target=self._bridge, daemon=True)
        self._thread.start()

    def pull(self):
        """Pull the cable; nothing when it is out."""
        if self._thread:
            with contextlib.suppress(OSError):
                os.write(self._wake, b"x")
            self._thread.join(_PATIENCE)
            self._thread = None
            os.close(self._stop)
            os.close(self._wake)

    def _start(self):
        self._line, side = os.openpty()
        tty.setraw(side)
        self._process = subprocess.Popen(
            self._command,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            env=self._environment,
        )
        os.close(side)
        end, seen = time.monotonic() + _PATIENCE, b""
        while not seen.endswith(b">>> "):
            assert time.monotonic() < end and self._process.poll() is None, seen
            if select.select([self._line], [], [], 0.1)[0]:
                seen += os.read(self._line, 100)
        assert b"Traceback" not in seen, seen

    def _bridge(self):
        try:
            while self._pass_on():
                pass
        finally:
            self._process.kill()
            self._process.wait()
            for fd in (self._line, self._host, self._board):
                os.close(fd)

    def _pass_on(self):
        ready = select.select([self._line, self._host, self._stop], [], [])[0]
        if self._stop in ready:
            return False
        if self._line in ready:
            try:
                octets = os.read(self._line, 4096)
            except OSError:
                octets = b""
            if octets:
                os.write(self._host, octets)
            else:  # the process ended: that was a soft reset
                self._process.wait()
                os.close(self._line)
                self._start()
                os.write(self._host, b"OK\r\nMPY: soft reboot\r\n")
                os.write(self._line, b"\x01")
        if self._host in ready:
            octets = os.read(self._host, 4096)
            self.received += len(octets)
            if self.cut and self.received >= self.cut:
                return False
            os.write(self._line, octets)
        return True


@pytest.fixture
def compiled_before(monkeypatch, staged):
    """What boards get by default is not compiled anew: it is taken from the staged tree."""
    real = contents.compile_module

    def compile_module(module, out, opt):
        made = staged / module.target.replace(".py", ".mpy")
        if opt != 3:
            return real(module, out, opt)
        if made.exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(made.read_bytes())
        return made.exists()

    monkeypatch.setattr(contents, "compile_module", compile_module)
