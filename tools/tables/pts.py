"""The code tables of PTS, read from pts-codes.csv beside this module or from a file like it.

Columns of the file:

- level: what the code is: transaction, parameter, capability, service, attribute, part (of an
  attribute), word (a value)
- code: two capital letters
- meaning: the name of the element, or the value word
- form: how the value is written (`FORMS`); of a transaction, how its users are wrapped (`USERS`)
- where: "request", "answer" or "update" (UpdatePresence): only there. Of a transaction: what it
  is; "read": an answer that is read but never written
- source: whose word it is: [A] and the like as in pts.md, or "private" for the extension profile

`packed` makes the octets that core/pts/__init__.py describes. spec: pts.md sections 3 to 5
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from . import VERSIONS, table

FILE = Path(__file__).parent / "pts-codes.csv"
PRIVATE = "private"

LEVELS = ("transaction", "parameter", "capability", "service", "attribute", "part", "word")
FORMS = (
    "text",
    "word",  # text, or the code of a value word
    "free",  # text of any length, in pieces: always quoted
    "list",  # text; repeated elements become one list
    "address",  # an element with a URL inside
    "result",  # code, or (code,description)
    "services",  # codes of services inside a WVCSPFeat
    "names",  # codes of attributes, a chosen part as (code,(part,part))
    "chosen",  # codes of those parts
    "presence",  # (user,attributes)
    "nicks",  # (nick,address) ...
    "attributes",  # (code,qualifier,value) ...
    "properties",  # (name,value) ...
    "capabilities",  # (code,value) ... with the codes of capabilities
    "parts",  # the same with those of parts
    "pairs",  # the same with those of parameters
    "users",  # the same, each UserID in a User
)
USERS = ("", "lists", "ids", "each")
WHERE = {"read": 0, "": 0, "request": 1, "answer": 2, "update": 3}


class TableError(ValueError):
    """A table of codes that cannot be used; the text says which row and why."""


class Row(NamedTuple):
    """One row of the file."""

    level: str
    code: str
    meaning: str
    form: str
    where: str
    source: str

    @property
    def private(self) -> bool:
        return self.source == PRIVATE

    def number(self) -> int:
        """Number of the element or value word. Raises KeyError for none."""
        for version in reversed(VERSIONS):
            known = table(version)
            names = known.tokens if self.level == "word" else known.numbers
            if self.meaning in names:
                return names[self.meaning]
        raise KeyError(self.meaning)

    def octets(self) -> bytes:
        """The row as six octets. Raises TableError."""
        forms = USERS if self.level == "transaction" else FORMS if self.form else ("",)
        if not re.fullmatch("[A-Z]{2}", self.code):
            raise TableError(f"{','.join(self)}: a code is two capital letters")
        for column, value, known in (
            ("level", self.level, LEVELS),
            ("form", self.form, forms),
            ("where", self.where, WHERE),
        ):
            if value not in known:
                raise TableError(f"{','.join(self)}: no {column} has the name {value!r}")
        try:
            number = self.number()
        except KeyError:
            raise TableError(f"{','.join(self)}: no such element or value word") from None
        how = forms.index(self.form) | WHERE[self.where] << 5 | self.private << 7
        return self.code.encode() + bytes(
            (LEVELS.index(self.level), number >> 6, number & 0x3F, how)
        )


def rows(file: Path = FILE) -> list[Row]:
    """The rows of a file. Raises TableError, OSError."""
    with open(file, encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != Row._fields:
            raise TableError(f"{file}: the first line is not {','.join(Row._fields)}")
        try:
            return [Row(**line) for line in reader]  # None is the name of what is too much
        except TypeError:
            raise TableError(f"{file}: line {reader.line_num} has too many columns") from None


def packed(table_rows: Iterable[Row]) -> bytes:
    """The rows as a table for core. Raises TableError, also for a code with two meanings."""
    found: dict[tuple[str, str, str], Row] = {}
    kept = sorted(table_rows, key=lambda row: row.where == "read")  # what is written comes first
    for row in kept:
        place = "" if row.level == "transaction" else row.where
        other = found.setdefault((row.level, row.code, place), row)
        if other is not row:
            raise TableError(f"{row.level} {row.code} is {other.meaning} and {row.meaning}")
    return b"".join(row.octets() for row in kept)


def extension(table_rows: Iterable[Row], wanted: bool) -> list[Row]:
    """The rows with or without the private ones."""
    return [row for row in table_rows if wanted or not row.private]
