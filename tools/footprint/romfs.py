"""A ROMFS image of a folder, the read-only file system that MicroPython executes in place.

Every record is kind, length, payload; numbers are in base 128, most significant group first. A
file's record holds its name and a record with its content, a folder's its name and its entries.
"""

from __future__ import annotations

from pathlib import Path

_MAGIC = b"\xd2\xcd\x31"
_VERBATIM = 2
_FOLDER = 4
_FILE = 5


def _number(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.insert(0, 0x80 | value & 0x7F)
    return bytes(octets)


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _entries(folder: Path) -> bytes:
    found = b""
    for path in sorted(folder.iterdir()):
        name = path.name.encode()
        begin = _number(len(name)) + name
        if path.is_dir():
            found += _record(_FOLDER, begin + _entries(path))
        elif path.suffix == ".mpy":
            found += _record(_FILE, begin + _record(_VERBATIM, path.read_bytes()))
    return found


EMPTY = _MAGIC + _number(0)


def image(folder: Path) -> bytes:
    """The .mpy files below `folder` as an image."""
    payload = _entries(folder)
    return _MAGIC + _number(len(payload)) + payload
