"""Removes the files `gone`, and the folders that are empty after that, below `top`."""

import os

for path in gone:  # noqa: F821
    try:
        os.remove(path)
    except OSError:
        pass  # gone already: an earlier run was interrupted
    path = path.rpartition("/")[0]
    while len(path) > len(top):  # noqa: F821
        try:
            os.rmdir(path)
        except OSError:
            break
        path = path.rpartition("/")[0]
print(0)
