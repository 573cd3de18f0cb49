"""Stubs for editors and type checkers: `python -m microimps.tools.stubs --write`.

A client finds its tasks when they are called (core/operations.py), so no editor can see them. The
stubs core/__init__.pyi, client.pyi and aio.pyi have each task with the signature and docstring of
its flow in core/primitives and the types of tables/types.txt. Boards do not get them.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from microimps.primitives.areas import TASKS

from .modules import ROOT

TYPES = Path(__file__).parent / "tables" / "types.txt"
CORE = ROOT / "core"

_HEAD = '''"""Made by tools/stubs.py: do not edit."""

from collections.abc import {kinds}
from typing import Any, BinaryIO

from .known import Presence
from .message import Message
from .primitives.invite import Invitation

Entity = str | tuple[str, str] | tuple[str, str, str]

'''

_PACKAGE = '''"""Made by tools/stubs.py: do not edit."""

from .aio import AsyncClient as AsyncClient
from .client import Client as Client
from .errors import Error as Error
from .errors import LocalError as LocalError
from .errors import PeerError as PeerError
from .errors import StatusError as StatusError
'''


class StubError(Exception):
    """A task or argument without a type; the text names it."""


def _types() -> tuple[dict[str, str], dict[str, str]]:
    # of arguments, and of results
    arguments: dict[str, str] = {}
    results: dict[str, str] = {}
    for line in TYPES.read_text().splitlines():
        if line and line[0] != "#":
            mark, table = (" -> ", results) if " -> " in line else (": ", arguments)
            name, _, kind = line.partition(mark)
            table[name] = kind
    return arguments, results


def flows() -> Iterator[tuple[str, bool, ast.FunctionDef]]:
    """Each task: its name, whether it is iterated, and the function of its flow."""
    for area, names in TASKS:
        tree = ast.parse((CORE / "primitives" / f"{area}.py").read_bytes())
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for name in names.split():
            yield name.lstrip("*"), name[0] == "*", functions[name.lstrip("*")]


def _signature(task: str, function: ast.FunctionDef, arguments: dict[str, str]) -> str:
    def typed(arg: ast.arg, value: ast.expr | None = None) -> str:
        kind = arguments.get(f"{task}.{arg.arg}") or arguments.get(arg.arg)
        if kind is None:
            raise StubError(f"{TYPES.name} has no type for {task}.{arg.arg}")
        return f"{arg.arg}: {kind}" + ("" if value is None else f" = {ast.unparse(value)}")

    a = function.args
    names = a.args[1:]  # without the session
    values = [None] * (len(names) - len(a.defaults)) + list(a.defaults)
    out = ["self", *(typed(arg, value) for arg, value in zip(names, values, strict=True))]
    out += [f"*{typed(a.vararg)}"] if a.vararg else ["*"] if a.kwonlyargs else []
    out += [typed(arg, v) for arg, v in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
    out += [f"**{typed(a.kwarg)}"] if a.kwarg else []
    return ", ".join(out)


def _method(head: str, doc: str) -> str:
    return textwrap.indent(f'{head}\n    """{doc}"""\n', "    ")


def _doc(node: ast.AST) -> str:
    text = ast.get_docstring(node)  # type: ignore[arg-type]
    if not text:
        raise StubError(f"{getattr(node, 'name', node)} has no docstring")
    return textwrap.indent(text, "    ").strip() + ("\n    " if "\n" in text else "")


def _class(path: str, name: str) -> ast.ClassDef:
    tree = ast.parse((CORE / path).read_bytes())
    return next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)


def _client(path: str, name: str, waits: bool) -> str:
    arguments, results = _types()
    kinds = "AsyncIterator" if waits else "Iterator"
    own = _class(path, name)
    shared = _class("operations.py", "Operations")
    methods = {f.name: f for f in own.body if not isinstance(f, ast.Expr) and hasattr(f, "name")}
    both = {f.name: f for f in shared.body if isinstance(f, ast.FunctionDef)}
    about = f"{ast.get_docstring(own)}\n\n{ast.get_docstring(shared)}"
    out = [_HEAD.format(kinds=", ".join(sorted(["Iterable", kinds, "Mapping"])))]
    out.append(f'class {name}:\n    """{textwrap.indent(about, "    ").strip()}\n    """\n\n')
    out.append("    session: Any\n    bearer: Any\n    inbox: list[Any]\n\n")
    out.append(
        f"    def __init__({_signature('Client', both['__init__'], arguments)}) -> None: ...\n"
    )
    head = f"def move({_signature('move', both['move'], arguments)}) -> None:"
    out.append(_method(head, _doc(both["move"])))
    out.append(
        _method(f"def events(self, ms: int = -1) -> {kinds}[Any]:", _doc(methods["events"]))
    )
    wait = "async " if waits else ""
    out.append(_method(f"{wait}def close(self) -> None:", _doc(methods["close"])))
    for task, iterated, function in flows():
        if task not in results:
            raise StubError(f"{TYPES.name} has no result for {task}")
        result = f"{kinds}[{results[task]}]" if iterated else results[task]
        head = f"def {task}({_signature(task, function, arguments)}) -> {result}:"
        out.append(_method(head if iterated else wait + head, _doc(function)))
    return "".join(out)


def files() -> dict[Path, str]:
    """The stubs by path. Raises StubError."""
    found = {
        CORE / "__init__.pyi": _PACKAGE,
        CORE / "client.pyi": _client("client.py", "Client", False),
        CORE / "aio.pyi": _client("aio.py", "AsyncClient", True),
    }
    return {path: _laid_out(text) for path, text in found.items()}


def _laid_out(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "x.pyi", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise StubError(done.stderr.strip())
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m microimps.tools.stubs", description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
