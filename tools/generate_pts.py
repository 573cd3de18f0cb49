"""Write the code tables of PTS: `python -m microimps.tools.generate_pts CODES.csv TABLE`.

TABLE can be put on a board or a host and loaded there with `microimps.pts.table.load`, so that
whoever knows better codes needs no other firmware; the columns of CODES.csv are told in
tools/tables/pts.py, and tools/tables/pts-codes.csv is one to begin with. With --strict the private
rows are left out. The tables that come with core, `pts/codes.py` and `pts/extension.py`, are
written by tools/generate.py, with the functions here.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from .tables.pts import TableError, extension, packed, rows

MAGIC = b"PTS1"
_ROWS_IN_A_LINE = 3

_CODES = '''"""Codes of PTS in one blob. Made by tools/generate.py: do not edit.

{about}
The rows are told in __init__.py. spec: pts.md sections 3 to 5
"""

{name} = (
{lines})
'''
_ABOUT = {
    "CODES": "Those that the public record gives.",
    "EXTENSION": "Those that the public record gives, and those of the extension profile, which\n"
    "are this project's own: docs/pts-extension.md.",
}


def _module(name: str, octets: bytes) -> str:
    """The text of a module with a table in it."""
    lines = ""
    size = 6 * _ROWS_IN_A_LINE
    for at in range(0, len(octets), size):
        text = ""
        for i in range(at, min(at + size, len(octets)), 6):
            text += octets[i : i + 2].decode()
            text += "".join(f"\\x{octet:02x}" for octet in octets[i + 2 : i + 6])
        lines += f'    b"{text}"\n'
    return _CODES.format(about=_ABOUT[name], name=name, lines=lines)


def generated(core: Path) -> Iterator[tuple[Path, str]]:
    """Yield the modules under `core` that hold tables, and their texts."""
    for name, private in (("CODES", False), ("EXTENSION", True)):
        octets = packed(extension(rows(), private))
        yield core / "pts" / f"{name.lower()}.py", _module(name, octets)


def main(arguments: list[str] | None = None) -> int:
    """Make a table file; return 1 and say why if its rows are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m microimps.tools.generate_pts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("codes", type=Path, help="the codes, as CSV")
    parser.add_argument("table", type=Path, help="the file to write")
    parser.add_argument("--strict", action="store_true", help="leave the private rows out")
    options = parser.parse_args(arguments)
    try:
        octets = packed(extension(rows(options.codes), not options.strict))
        options.table.write_bytes(MAGIC + octets)
    except (OSError, TableError) as error:
        print(f"generate_pts: {error}", file=sys.stderr)
        return 1
    print(f"wrote {len(octets) // 6} codes to {options.table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
