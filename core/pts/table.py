"""A code table from a file, in place of the built-in one."""

from ..const import const
from ..errors import LocalError

_TABLE = const(47)
_MAGIC = b"PTS1"


def load(path):
    """The table in a file written by tools/generate_pts.py: bytes, for Reader and Writer.

    Raises LocalError 47 for another file, OSError for none.
    """
    with open(path, "rb") as file:
        table = file.read()
    if table[:4] != _MAGIC or (len(table) - 4) % 6:
        raise LocalError(_TABLE)
    return table[4:]
