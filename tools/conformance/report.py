"""Write docs/conformance.md: `python -m microimps.tools.conformance.report` (`make conformance`).

An element counts as sent or read in a version when the code names it and the tests have seen it on
the wire in that version: tested.csv holds what they saw. What the client neither sends nor reads
needs a word in reasons.csv, which goes when it is not needed any more. requirements.csv lists
what the specification asks of a client, unknown.csv what it leaves open. With --check nothing is
written and the exit status tells whether the page is current.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ..modules import ROOT
from ..tables import VERSIONS
from ..tables import table as tokens
from . import code
from .models import FILE, models, primitives

PAGE = ROOT / "docs" / "conformance.md"
TESTED, REASONS, UNKNOWN = (
    FILE.with_name(f"{name}.csv") for name in ("tested", "reasons", "unknown")
)
_WHO = ("client sends", "client reads", "service sends", "service reads")
_CLIENT = _WHO[:2]

_HEAD = """\
# Conformance

Made by `make conformance`: do not edit. Every element of the token tables and every primitive, in
the versions that have it. A version stands in a column when the code names the element and a test
has seen it on the wire in that version; the test named is one of them. *all* means every version
of the element. The models that every message of client and service is held against while the
tests run are in `tools/conformance/content-models.txt`.

"""
_ASKED = """\
## What the specification asks of a client

The numbered items of the enabler's static conformance tables are not in the public record. These
requirements are taken from the pages on the protocol that are; the state follows from the tables
above, or from the tests named.

| Area | Requirement | Source | State | Proof |
| --- | --- | --- | --- | --- |
"""
_OPEN = """\
## What the public record leaves open

How each point is handled here, in which module alone, and what sets it otherwise.

| Open | Page of the record | Here | Module | Set by |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Row:
    """An element: where it is used. seen: who -> versions; syntaxes: in which; proof: a test."""

    element: str
    versions: tuple[str, ...]
    seen: dict[str, tuple[str, ...]]
    syntaxes: str
    proof: str
    reason: str

    def empty(self) -> tuple[str, ...]:
        """Versions in which the client neither sends nor reads it."""
        used = {version for who in _CLIENT for version in self.seen[who]}
        return tuple(version for version in self.versions if version not in used)

    def __str__(self) -> str:
        cells = [self._cell(self.seen[who]) for who in _WHO]
        versions = " ".join(self.versions)
        return _line([f"`{self.element}`", versions, *cells, self.syntaxes or "–", self._note()])

    def _cell(self, versions: tuple[str, ...]) -> str:
        return "all" if versions == self.versions else " ".join(versions) or "–"

    def _note(self) -> str:
        return ". ".join(filter(None, (f"`{self.proof}`" if self.proof else "", self.reason)))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def reasons() -> dict[tuple[str, str], str]:
    """Why the client neither sends nor reads an element in a version, or wherever it does not."""
    found: dict[tuple[str, str], str] = {}
    for row in _rows(REASONS):
        for element in row["elements"].split():
            for version in row["versions"].split() or _versions(element):
                found.setdefault((element, version), row["reason"])
    return found


@lru_cache(maxsize=None)
def _wanted() -> dict[str, set[str]]:
    """The versions in which a parent wants an element."""
    found: dict[str, set[str]] = defaultdict(set)
    for (_, version), model in models().items():
        for name in model.names:
            found[name].add(version)
    return found


def _versions(element: str) -> tuple[str, ...]:
    """The versions that have an element; a leaf has those in which a parent wants it."""
    inside = _wanted().get(element, set())
    known = {v for v in VERSIONS if (element, v) in models() and element in tokens(v).numbers}
    top = any(element in primitives(v) for v in VERSIONS) or not inside
    return tuple(v for v in VERSIONS if v in (known if top else inside))


@lru_cache(maxsize=None)
def table() -> dict[str, Row]:
    """The row of each element."""
    uses = {"client": code.client(), "service": code.service()}
    tested = {(row["element"], row["who"]): row for row in _rows(TESTED)}
    why = reasons()
    found = {}
    for element in dict.fromkeys(name for name, _ in models() if "/" not in name):
        versions = _versions(element)
        seen, syntaxes, proof = {}, set(), ""
        for who in _WHO:
            program, verb = who.split()
            named = getattr(uses[program], "writes" if verb == "sends" else "reads")
            told = tested.get((element, who), {}) if element in named else {}
            seen[who] = tuple(version for version in versions if told.get(version))
            syntaxes |= {each for version in versions for each in told.get(version, "").split()}
            proof = proof or told.get("test", "")
        full = Row(element, versions, seen, " ".join(sorted(syntaxes)), proof, "")
        lacking = dict.fromkeys(why[element, v] for v in full.empty() if (element, v) in why)
        found[element] = replace(full, reason=". ".join(lacking))
    return found


def faults() -> list[str]:
    """Rows that are empty without a reason, and tests and modules that are not there."""
    empty = {(row.element, version) for row in table().values() for version in row.empty()}
    return [
        *(
            f"{each} {v}: neither sent nor read, no reason"
            for each, v in sorted(empty - {*reasons()})
        ),
        *(f"{each}: a reason that is not needed" for each in sorted(_needless())),
        *_lost_tests(),
        *(
            f"{module}: no such module"
            for row in _rows(UNKNOWN)
            for module in row["module"].split()
            if not (ROOT / module).exists()
        ),
    ]


def _needless() -> set[str]:
    """Elements of reasons.csv of which no row is empty, or that are none."""
    rows = table()
    named = {element for row in _rows(REASONS) for element in row["elements"].split()}
    return {each for each in named if each not in rows or not rows[each].empty()}


def prune() -> None:
    """Take out of reasons.csv what is not needed."""
    needless = _needless()
    kept = []
    for row in _rows(REASONS):
        row["elements"] = " ".join(
            each for each in row["elements"].split() if each not in needless
        )
        kept += [row] if row["elements"] else []
    with open(REASONS, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, ("elements", "versions", "reason"), lineterminator="\n")
        out.writeheader()
        out.writerows(kept)


def _lost_tests() -> Iterator[str]:
    named = {row["test"] for row in _rows(TESTED)}
    named |= {each for row in _requirements() for each in row["proof"].split() if "::" in each}
    for name in sorted(named):
        file, _, test = name.partition("::")
        path = ROOT / "tests" / file
        if not path.exists() or not re.search(rf"\bdef {test}\(", path.read_text("utf-8")):
            yield f"{name}: no such test"


# The page


def _sections() -> Iterator[tuple[str, list[str]]]:
    """The headings of content-models.txt with their elements."""
    title = ""
    elements: list[str] = []
    for line in FILE.read_text(encoding="utf-8").split("\n\n", 1)[1].splitlines():
        if line.startswith("# "):
            yield title, elements
            title, elements = line[2:], []
        elif line and not line.startswith(" ") and ":" not in line:
            elements.append(line)
    yield title, elements


def _elements() -> Iterator[str]:
    told = set()
    for title, elements in _sections():
        here = [name for name in elements if name in table()]
        told.update(here)
        if here:
            yield from _table(title, here)
    rest = [name for name in table() if name not in told]
    yield from _table("Elements without children", sorted(rest))


def _table(title: str, elements: list[str]) -> Iterator[str]:
    yield f"\n## {title}\n"
    head = ("Element", "Versions", *(who.capitalize() for who in _WHO), "Syntaxes", "Test, reason")
    yield _line(head)
    yield _line(["---"] * len(head))
    for name in elements:
        yield str(table()[name])


def _summary() -> Iterator[str]:
    head = ("", *VERSIONS)
    yield _line(head)
    yield _line(["---"] * len(head))
    for title, kept in (("Primitives", True), ("Other elements", False)):
        for who in _WHO:
            cells = []
            for version in VERSIONS:
                rows = [
                    row
                    for row in table().values()
                    if version in row.versions and (row.element in primitives(version)) is kept
                ]
                cells.append(f"{sum(version in row.seen[who] for row in rows)} of {len(rows)}")
            yield _line([f"{title}: {who}", *cells])


def _requirements() -> list[dict[str, str]]:
    return _rows(FILE.with_name("requirements.csv"))


def _state(proof: str) -> str:
    """`yes`, `partly` or `no`: what the client does with the elements; tests are there."""
    if not proof:
        return "no"
    rows = [table()[each] for each in proof.split() if "::" not in each]
    if not any(row.empty() for row in rows):
        return "yes"
    return "partly" if any(row.empty() != row.versions for row in rows) else "no"


def page() -> str:
    """The text of docs/conformance.md."""
    lines = [_HEAD.rstrip(), "", *_summary(), *_elements(), "", _ASKED.rstrip()]
    for row in _requirements():
        proof = ", ".join(f"`{each}`" for each in row["proof"].split())
        state = _state(row["proof"])
        cells = (row["area"], row["requirement"], row["source"], state, proof or "–")
        lines.append(_line(cells))
    lines += ["", _OPEN.rstrip()]
    for row in _rows(UNKNOWN):
        where = ", ".join(f"`{each}`" for each in row["module"].split())
        lines.append(_line((row["fact"], row["record"], row["here"], where, row["setting"])))
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with --check compare it. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args(arguments).check
    if not check:
        prune()
    current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
    if not check:
        PAGE.write_text(page(), encoding="utf-8")
    elif not current:
        print(f"{PAGE.name} is not current: make conformance")
    wrong = faults()
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong or check and not current else 0


if __name__ == "__main__":
    sys.exit(main())
