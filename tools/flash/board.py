"""A MicroPython board on a serial line, through mpremote's transport.

Whatever goes wrong on the line or on the board is a FlashError that names the cure.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.resources
import io
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mpremote.commands import CommandError, do_resume, do_romfs
from mpremote.main import State
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

try:
    from termios import error as _LineError
except ImportError:  # Windows
    _LineError = OSError  # type: ignore[misc, assignment]

FAILED, NO_BOARD, UNFIT, FULL, LOST, WRONG = 1, 3, 4, 5, 6, 7  # exit statuses

LEAST = (1, 24)  # MicroPython
_PATIENCE = 3.0  # seconds that the board may stay silent where it has no work to do

# also for firmware that is too old
_VERSION = """
import sys
print((sys.implementation[0], tuple(sys.implementation[1]), sys.platform))
"""
_ARCHITECTURES = (
    ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")
    + ("xtensa", "xtensawin", "rv32imc", "rv64imc")
)  # fmt: skip


class FlashError(Exception):
    """What went wrong and what to do about it. status: of the command."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Facts:
    """What a board is and has. Sizes in octets.

    mpy: version of .mpy files it takes; lib: folder for modules, on a file system with `room`
    in blocks of `block`; rom: size of the ROMFS partition, 0 without one; rom_image: octets that
    an image in it takes, 0 without one; roms: names at its top; hashes: whether it has SHA-1 and
    MD5 of its own.
    """

    version: str
    platform: str
    machine: str
    architecture: str
    mpy: int
    heap: int
    free: int
    lib: str
    block: int
    room: int
    rom: int
    rom_image: int
    roms: tuple[str, ...]
    hashes: bool

    @property
    def hosted(self) -> bool:
        """Whether it is MicroPython for the PC, whose serial lines are devices, not UARTs."""
        return self.platform in ("linux", "darwin", "win32")


def candidates() -> list[tuple[str, str]]:
    """(device, what it calls itself) of each serial port on USB."""
    found = [port for port in list_ports.comports() if port.vid is not None]
    return sorted((port.device, port.description or "") for port in found)


def choose(port: str = "") -> str:
    """The port to use: the one given, or the only one there is. Raises FlashError."""
    if port:
        return port
    found = candidates()
    if not found:
        raise FlashError(
            "no board: no serial port on USB. Plug it in with a cable that carries data; in a "
            "virtual machine pass the device through; or name it with --port",
            NO_BOARD,
        )
    if len(found) > 1:
        listed = "".join(f"\n  {device}  {text}" for device, text in found)
        raise FlashError(f"{len(found)} serial ports; choose one with --port:{listed}", NO_BOARD)
    return found[0][0]


@contextlib.contextmanager
def _told(doing: str) -> Iterator[None]:
    # what the transport and the serial line raise, in words; mpremote prints before it raises
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except TransportExecError as error:
        last = (error.error_output.strip().splitlines() or ["nothing"])[-1]
        if "ENOSPC" in last or last == "OSError: 28":
            raise FlashError(f"the board's file system is full while {doing}", FULL) from None
        if "MemoryError" in last:
            raise FlashError(f"the board's heap is too small for {doing}", UNFIT) from None
        raise FlashError(f"the board refuses while {doing}: {last}") from None
    except (TransportError, CommandError, OSError, _LineError, struct.error) as error:
        raise FlashError(
            f"lost the board while {doing} ({error}): check cable and power, then run the same "
            "command again; it goes on where it stopped",
            LOST,
        ) from None
    except (SyntaxError, ValueError) as error:
        raise FlashError(f"the board's answer is garbled while {doing}: {error}", LOST) from None


def _open(port: str, baudrate: int) -> SerialTransport:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            # a pty is read without looking first; then nothing may block for ever
            return SerialTransport(port, baudrate, timeout=_PATIENCE)
    except (TransportError, OSError, _LineError, ValueError):
        if "://" not in port and os.name == "posix" and not os.path.exists(port):
            why = "there is no such device"
        elif "://" not in port and os.name == "posix" and not os.access(port, os.R_OK | os.W_OK):
            why = "no permission: on Linux add yourself to the group dialout and log in again"
        elif "://" not in port and os.name == "posix" and not Path(port).is_char_device():
            why = "it is no serial port"
        else:
            why = "is it in use by another program?"
        raise FlashError(f"cannot open {port}: {why}", NO_BOARD) from None


def _script(name: str) -> str:
    # a program of device/ without its comments, which the board would have to hold
    source = importlib.resources.files(f"{__package__}.device").joinpath(f"{name}.py").read_text()
    tree = ast.parse(source)
    del tree.body[0]
    return ast.unparse(tree)


class _Offsets(io.StringIO):
    # mpremote prints how far it is

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__()
        self._told = told
        self._at = 0

    def write(self, text: str) -> int:
        head, _, offset = text.rpartition(" ")
        if head.strip() == "Writing at offset":
            self._told(int(offset) - self._at)
            self._at = int(offset)
        return len(text)


class Board:
    """One board, in its raw REPL; a context manager.

    Raises FlashError when it is not there or is no MicroPython of a sufficient version.
    """

    def __init__(self, port: str, baudrate: int = 115200) -> None:
        self.port = port
        self._transport = _open(port, baudrate)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        with _told("looking for MicroPython"):
            try:
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_PATIENCE)
            except TransportError:
                raise FlashError(
                    f"{self.port} does not answer as MicroPython does: is it another device, such "
                    "as a modem? Is the firmware installed? Press reset and try again",
                    NO_BOARD,
                ) from None
        name, version, platform = self.evaluated(_VERSION, "asking for its version")
        shown = ".".join(str(part) for part in version[:3])
        if name != "micropython" or tuple(version[:2]) < LEAST:
            least = ".".join(map(str, LEAST))
            raise FlashError(
                f"the board runs {name} {shown}; microimps needs MicroPython {least} or later: "
                "get it from https://micropython.org/download and flash that first",
                UNFIT,
            )
        self.version, self.platform = shown, platform

    def close(self) -> None:
        """Leave the board at its prompt and close the line; may be called again."""
        with contextlib.suppress(OSError, _LineError, TransportError):
            if self._transport.in_raw_repl:
                self._transport.exit_raw_repl()
        with contextlib.suppress(OSError, _LineError):
            self._transport.close()

    def reset(self) -> None:
        """Soft reset: an empty heap, main.py does not run."""
        with _told("restarting it"):
            self._transport.enter_raw_repl(soft_reset=True)

    def evaluated(self, source: str, doing: str, seconds: float = 10) -> Any:
        """Run a program that may take so long; the literal that it prints."""
        with _told(doing):
            printed = self.exchange(source, doing, seconds).decode().strip()
            return ast.literal_eval(printed or "None")

    def run(self, script: str, doing: str, **given: Any) -> Any:
        """Run device/`script`.py with these names set; the literal that it prints."""
        values = "".join(f"{name} = {value!r}\n" for name, value in given.items())
        return self.evaluated(values + _script(script), doing)

    def facts(self) -> Facts:
        """Ask the board what it has. Raises FlashError."""
        found = self.run("facts", "asking what it has")
        mpy = found["mpy"]
        architecture = mpy >> 10 & 0x0F
        size, head = found.get("rom", (0, b""))
        known = architecture < len(_ARCHITECTURES)
        return Facts(
            version=self.version,
            platform=self.platform,
            machine=found["machine"],
            architecture=_ARCHITECTURES[architecture] if known else str(architecture),
            mpy=mpy & 0xFF,
            heap=found["heap"],
            free=found["free"],
            lib=found["lib"],
            block=found.get("block", 1),
            room=found.get("room", 0),
            rom=size,
            rom_image=image_size(head),
            roms=tuple(found.get("roms", ())),
            hashes=found["hashes"],
        )

    def tree(self, top: str) -> dict[str, int]:
        """Size of each file at or below `top`, by path."""
        return dict(self.run("tree", f"listing {top}", top=top))

    def read(self, path: str) -> bytes:
        """The file's content. Raises FlashError."""
        with _told(f"reading {path}"):
            return bytes(self._transport.fs_readfile(path))

    def digest(self, path: str) -> bytes:
        """SHA-256 of a file."""
        with _told(f"checking {path}"):
            return bytes(self._transport.fs_hashfile(path, "sha256"))

    def rom_digest(self, size: int) -> bytes:
        """SHA-256 of the first octets of the ROMFS partition."""
        source = (
            "import hashlib, vfs\nh = hashlib.sha256(memoryview(vfs.rom_ioctl(2, 0))"
            f"[:{size}])\nprint(h.digest())"
        )
        return bytes(self.evaluated(source, "checking the ROMFS partition"))

    def write(self, path: str, octets: bytes, told: Callable[[int], None]) -> None:
        """Write a file; told(n) is called after each n octets."""
        done = 0

        def progress(written: int, size: int) -> None:
            nonlocal done
            told(written - done)
            done = written

        with _told(f"writing {path}"):
            self._transport.fs_writefile(path, octets, progress_callback=progress)

    def mkdir(self, path: str) -> None:
        """Make a folder, unless it is there."""
        with _told(f"making {path}"):
            if not self._transport.fs_exists(path):
                self._transport.fs_mkdir(path)

    def write_rom(self, image: str, told: Callable[[int], None]) -> None:
        """Write the image in that file into the ROMFS partition; told as in `write`."""
        state = State()
        state.transport = self._transport
        do_resume(state)
        given = SimpleNamespace(command=["deploy"], path=image, partition=0, mpy=False)
        with _told("writing the ROMFS partition"), contextlib.redirect_stdout(_Offsets(told)):
            do_romfs(state, given)

    def exchange(self, source: str, doing: str, seconds: float) -> bytes:
        """Run a program that may take so long; what it prints."""
        with _told(doing):
            out, fault = self._transport.exec_raw(source, timeout=seconds)
            if fault:
                raise TransportExecError(out, fault.decode())
            return bytes(out)


def image_size(head: bytes) -> int:
    """Octets of the ROMFS image that begins so, 0 where none does."""
    if not head.startswith(b"\xd2\xcd\x31"):
        return 0
    size = 0
    for count, octet in enumerate(head[3:], 4):
        size = size << 7 | octet & 0x7F
        if not octet & 0x80:
            return count + size
    return 0
