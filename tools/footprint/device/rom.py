"""Runs the session from a ROMFS image that lies outside the heap, as it lies in flash on a board.

``micropython -m rom URL SYNTAX``; the variables of the environment are memory that the collector
does not own, so the image is read into one of them, ROMFS, made long enough by the caller. Linux.
"""

import sys

import uctypes
import vfs


def environment():
    """The octets of the environment in place: fields 50 and 51 of proc(5) stat."""
    with open("/proc/self/stat") as file:
        fields = file.read().split()
    first = int(fields[49])
    return first, uctypes.bytearray_at(first, int(fields[50]) - first)


def mount(path, image):
    """Mount the image in file ``image`` at ``path``."""
    first, octets = environment()
    at = octets.find(b"\0ROMFS=") + 7
    with open(image, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        space = uctypes.bytearray_at(first + at, size)
        if octets.find(b"\0", at) < at + size or file.readinto(space) != size:
            raise ValueError("ROMFS is too short")
    vfs.mount(vfs.VfsRom(space), path)


if __name__ == "__main__":
    mount("/rom", sys.argv[3])
    sys.path[:] = ("/rom", ".frozen")
    del environment, mount
    import job

    client, count = job.run(sys.argv[1], sys.argv[2])
    client.logout()
    client.close()
    print(count)
