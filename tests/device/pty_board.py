"""Boots MicroPython for the PC as a board: littlefs in a file of the host, ROMFS in another.

Arguments: file of the file system, of octets as large as it is; file of the ROMFS partition, as
large as it is, or "" for firmware without one. What a soft reset keeps is in these files.
"""

import os
import sys

import vfs
from rom import environment  # of tools/footprint/device
from uctypes import bytearray_at

_BLOCK = 512
_ROM_BLOCK = 4096


class Flash:
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.count = self.file.seek(0, 2) // _BLOCK

    def readblocks(self, block, octets, offset=0):
        self.file.seek(block * _BLOCK + offset)
        self.file.readinto(octets)

    def writeblocks(self, block, octets, offset=0):
        self.file.seek(block * _BLOCK + offset)
        self.file.write(octets)
        self.file.flush()

    def ioctl(self, op, argument):
        return {4: self.count, 5: _BLOCK}.get(op, 0)


class Vfs:
    """The module vfs, with the partition that the PC build lacks, as memory outside the heap."""

    def __init__(self, path):
        self.path = path
        self.mount = vfs.mount
        self.umount = vfs.umount
        first, octets = environment()
        with open(path, "r+b") as file:
            self.memory = bytearray_at(first + octets.find(b"\0ROMFS=") + 7, file.seek(0, 2))
            file.seek(0)
            file.readinto(self.memory)

    def rom_ioctl(self, op, *arguments):
        if op == 1:
            return 1
        if op == 2:
            return memoryview(self.memory)
        if op == 3:
            start, size = arguments[1:] if arguments[2:] else (0, arguments[1])
            self.memory[start : start + size] = b"\xff" * size
            return 16
        if op == 4:
            self.memory[arguments[1] : arguments[1] + len(arguments[2])] = arguments[2]
            with open(self.path, "r+b") as file:
                file.write(self.memory)
        return _ROM_BLOCK if op == 6 else 0


def boot(flash, rom):
    device = Flash(flash)
    try:
        vfs.mount(device, "/flash")
    except OSError:
        vfs.VfsLfs2.mkfs(device)
        vfs.mount(vfs.VfsLfs2(device), "/flash")
    sys.path[:] = ["", ".frozen", "/flash/lib"]
    if rom:
        sys.modules["vfs"] = own = Vfs(rom)
        if own.memory[:3] == b"\xd2\xcd\x31":
            vfs.mount(vfs.VfsRom(memoryview(own.memory)), "/rom")
            sys.path.insert(2, "/rom")
    os.chdir("/flash")


if __name__ == "__main__":
    boot(sys.argv[1], sys.argv[2])
    del boot
