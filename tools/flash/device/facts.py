"""Prints what the board has: a dict. Nothing is given."""

import gc
import hashlib
import os
import sys

gc.collect()
lib = [p for p in sys.path if p.endswith("/lib") and not p.startswith("/rom")]
found = {
    "mpy": getattr(sys.implementation, "_mpy", 0),
    "machine": getattr(sys.implementation, "_machine", ""),
    "free": gc.mem_free(),
    "heap": gc.mem_free() + gc.mem_alloc(),
    "lib": lib[0] if lib else "",
    "hashes": hasattr(hashlib, "sha1") and hasattr(hashlib, "md5"),
}
if lib:
    at = lib[0].rstrip("/").rpartition("/")[0] or "/"
    fs = os.statvfs(at)
    found["block"], found["room"] = fs[0], fs[0] * fs[3]
try:
    import vfs

    dev = vfs.rom_ioctl(2, 0) if vfs.rom_ioctl(1) > 0 else -1
    if not isinstance(dev, int):
        found["rom"] = (
            dev.ioctl(4, 0) * dev.ioctl(5, 0) if hasattr(dev, "ioctl") else len(dev),
            bytes(memoryview(dev)[:8]),
        )
        found["roms"] = os.listdir("/rom")
except (ImportError, AttributeError, OSError):
    pass  # no ROMFS, or nothing in it
print(repr(found))
