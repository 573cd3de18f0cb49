"""Which elements the code names, read from its syntax trees: the client's and the service's.

The client names elements by the constants of its token blocks, or in tables of octets that spell
the names out; the service by their names. What is only a codec (core/wbxml, core/xml, core/pts)
knows every element and proves nothing.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ..modules import SOURCES
from ..tables import VERSIONS, table
from .models import models

_CODECS = {"wbxml", "xml", "pts"}
_TOKEN = re.compile(r"^(_\w+) = const\(\w+\)  # ([A-Za-z][\w-]*)(?:@1\.\d)?$", re.M)
_SPELLED = re.compile(rb"\xff[\x00-\x0a][\x05-\x3f][\x00-\x0f]?([A-Za-z][\w-]*)")  # in a table
_CLIENT_WRITES = {"start", "leaf", "choice", "empty"}
_SERVICE_WRITES = {"node", "nodes", "Element", "SubElement"}
_SERVICE = Path(__file__).parent.parent / "sim"


@dataclass
class Uses:
    """Elements that a program writes and that it looks for, each with the files that do."""

    writes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    reads: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, name: str, kind: str, file: str) -> None:
        for wanted, where in (("write", self.writes), ("read", self.reads)):
            if kind in (wanted, "both"):
                for each in (name, *_other_names().get(name, ())):
                    where[each].add(file)


@lru_cache(maxsize=None)
def _other_names() -> dict[str, set[str]]:
    """What else an element is called in a version, such as CIRHTTPAddress in 1.2."""
    found: dict[str, set[str]] = defaultdict(set)
    for version in VERSIONS:
        for other, name in table(version).aliases.items():
            found[other].add(name)
    return found


def client() -> Uses:
    """What core names."""
    uses = Uses()
    folder = SOURCES["core"]
    for path in sorted(folder.rglob("*.py")):
        file = path.relative_to(folder)
        if file.parts[0] in _CODECS:
            continue
        text = path.read_text(encoding="utf-8")
        tokens = dict(_TOKEN.findall(text))
        for node, kind in _places(ast.parse(text), _CLIENT_WRITES):
            if isinstance(node, ast.Name) and node.id in tokens:
                uses.note(tokens[node.id], kind, f"core/{file.as_posix()}")
            elif isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                for name in _SPELLED.findall(node.value):
                    uses.note(name.decode(), "both", f"core/{file.as_posix()}")
    return uses


def service() -> Uses:
    """What the simulated service names."""
    uses = Uses()
    known = {name for name, _ in models()}
    for path in sorted(_SERVICE.glob("*.py")):
        for node, kind in _places(ast.parse(path.read_text(encoding="utf-8")), _SERVICE_WRITES):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for name in known.intersection(re.split(r"[/.\s]+", node.value)):
                    uses.note(name, kind, f"sim/{path.name}")
    return uses


def _places(tree: ast.Module, writers: set[str]) -> Iterator[tuple[ast.AST, str]]:
    """Every use of a name or literal, and whether it is to write, to read or may be both."""

    def walk(node: ast.AST, kind: str) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, (ast.Constant, ast.Name)):
            if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)):
                yield node, kind
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yield from walk(node.func, kind)
            for at, each in enumerate([*node.args, *(word.value for word in node.keywords)]):
                yield from walk(each, "write" if name in writers and not at else "both")
        else:
            inner = "read" if isinstance(node, ast.Compare) else kind
            for child in ast.iter_child_nodes(node):
                yield from walk(child, inner)

    return walk(tree, "both")
