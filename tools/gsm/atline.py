"""AT command lines: splitting one into commands (ITU-T V.250 clause 5), and their errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

EXEC, READ, TEST, SET = "exec", "read", "test", "set"

# Basic commands are one letter, maybe after "&", and a number; S has a register number of its own.
_BASIC = re.compile(r"\s*(?:S(\d+)(?:=(\d*)|(\?))|(&?[A-Z])(\d*))", re.I)
_EXTENDED = re.compile(r"\s*([+^$*#%][A-Z0-9!%\-./:_]+)", re.I)
_VALUES = re.compile(r'(?:[^;"]|"[^"]*")*')
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a comma outside quotes


class AtError(Exception):
    """A command that fails; `args[0]` is the `+CME` / `+CMS` code, or None for a bare ERROR."""

    @property
    def code(self) -> int | None:
        code: int | None = self.args[0] if self.args else None
        return code


@dataclass(frozen=True)
class Command:
    """One command of a line: its name in capitals, its form, and the text behind `=`."""

    name: str
    form: str = EXEC
    values: str = ""

    def fields(self) -> list[str | None]:
        """The comma-separated values without quotes; None for one that is left out."""
        if not self.values:
            return []
        parts = [part.strip() for part in _COMMA.split(self.values)]
        return [part.strip('"') if part else None for part in parts]

    def numbers(self, least: int, most: int) -> list[int | None]:
        """The values as numbers, padded with None to `most`; AtError when they are not that."""
        fields = self.fields()
        if not least <= len(fields) <= most:
            raise AtError(None)
        try:
            numbers = [None if field is None else int(field) for field in fields]
        except ValueError:
            raise AtError(None) from None
        return numbers + [None] * (most - len(numbers))


def split(line: str) -> list[Command]:
    """The commands of a line, given without its `AT`; a bare `AT` is one command named `AT`.

    Raises AtError where the text is no command; nothing of such a line is carried out.
    """
    if not line.strip():
        return [Command("AT")]
    commands: list[Command] = []
    at = 0
    while line[at:].strip():
        command, at = _one(line, at)
        commands.append(command)
    return commands


def _one(line: str, at: int) -> tuple[Command, int]:
    match = _EXTENDED.match(line, at)
    if match:
        return _extended(line, match)
    match = _BASIC.match(line, at)
    if match is None:
        raise AtError(None)
    end = match.end()
    if line[end : end + 1] == ";":
        end += 1
    if match[4]:
        return Command(match[4].upper(), EXEC, match[5]), end
    if match[3]:
        return Command("S" + match[1], READ), end
    return Command("S" + match[1], SET, match[2]), end


def _extended(line: str, match: re.Match[str]) -> tuple[Command, int]:
    name, at = match[1].upper(), match.end()
    body = _VALUES.match(line, at)
    text = (body[0] if body else "").strip()
    end = body.end() if body else at
    if end < len(line) and line[end] != ";":  # a quote that is never closed
        raise AtError(None)
    end += 1
    if text == "":
        return Command(name), end
    if text == "?":
        return Command(name, READ), end
    if text.replace(" ", "") == "=?":
        return Command(name, TEST), end
    if text.startswith("="):
        return Command(name, SET, text[1:].strip()), end
    raise AtError(None)


class Ranges:
    """The values a parameter command takes, read from what its test form prints.

    `(0-3),(0,2),("GSM","UCS2")` is three positions; a position without parentheses, as in
    `+IPR`, takes any value.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._sets = [_values(part) for part in re.findall(r"\([^)]*\)|\*", text)]

    def __len__(self) -> int:
        return len(self._sets)

    def takes(self, position: int, value: str) -> bool:
        allowed = self._sets[position]
        return allowed is None or value.upper() in allowed


def _values(part: str) -> set[str] | None:
    if part == "*":
        return None
    allowed: set[str] = set()
    for item in part.strip("()").split(","):
        item = item.strip().strip('"')
        low, dash, high = item.partition("-")
        if dash and low.isdigit() and high.isdigit():
            allowed.update(str(n) for n in range(int(low), int(high) + 1))
        else:
            allowed.add(item.upper())
    return allowed
