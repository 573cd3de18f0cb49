"""Prints path and size of each file at or below `top`; () where there is none."""

import os


def walk(path):
    for entry in os.ilistdir(path):
        at = path + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(at)
        else:
            print(repr((at, os.stat(at)[6])), end=",")


print("[", end="")
try:
    if os.stat(top)[0] & 0x4000:  # noqa: F821
        walk(top)  # noqa: F821
    else:
        print(repr((top, os.stat(top)[6])), end=",")  # noqa: F821
except OSError:
    pass
print("]")
