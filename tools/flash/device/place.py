"""Gives the file `part` the name `path`, in place of what may be there; FAT renames onto none."""

import os

try:
    os.rename(part, path)  # noqa: F821
except OSError:
    os.remove(path)  # noqa: F821
    os.rename(part, path)  # noqa: F821
print(0)
