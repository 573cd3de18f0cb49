"""Measures everything: one nested dict of figures, in octets."""

from __future__ import annotations

import ast
import platform
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..modules import FEATURES, HOST, Module, modules
from ..stage import compile_file, stage
from . import romfs
from .runtimes import Binary, MeasureError, Step, WebAssembly
from .surroundings import DEVICE, record, service

Figures = dict[str, Any]
Runtime = Binary | WebAssembly

AREAS = ("lists", "presence", "messaging")
WHOLE = {
    "whole client, HTTP + WBXML": ("wbxml", "http", *AREAS),
    "whole client, HTTP + XML": ("xml", "http", *AREAS),
    "the same with asyncio": ("wbxml", "http", *AREAS, "async"),
}
CODECS = {"WBXML reader + writer": "wbxml", "XML reader + writer": "xml"}
SYNTAXES = {"whole client, HTTP + WBXML": "wbxml", "whole client, HTTP + XML": "xml"}
SHORT = 10
LONG = 10_000
CHURNED = 500

# Not loaded one by one: const is folded away; the others import what only a board or a PC has.
_UNLOADED = {
    "microimps.const",
    "microimps.ports.micropython.tls",
    "microimps.ports.micropython.uart",
}
_LEAST = 4 << 10
_MOST = 256 << 10
_GRAIN = 256
_TIMES = 3


def flash(sizes: dict[str, int]) -> dict[str, int]:
    """Octets of .mpy by feature, and of whole clients."""

    def total(found: list[Module]) -> int:
        return sum(sizes[module.target.removesuffix("py") + "mpy"] for module in found)

    everything = modules()
    out = {
        name: total([module for module in everything if module.feature == name])
        for name in FEATURES
        if name != HOST
    }
    return {**out, **{name: total(modules(features)) for name, features in WHOLE.items()}}


def in_load_order(found: list[Module]) -> list[Module]:
    """The modules with each behind those that it imports when it is loaded."""
    by_name = {module.name: module for module in found}
    order: list[Module] = []

    def visit(module: Module) -> None:
        if module in order:
            return
        inside = module.path.endswith("__init__.py")
        package = module.name if inside else module.name.rpartition(".")[0]
        for node in ast.parse(module.source.read_bytes()).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                name = f"{parent}.{node.module}" if node.module else parent
                if name in by_name and name != module.name:
                    visit(by_name[name])
        order.append(module)

    for module in found:
        visit(module)
    return order


def by_module(runtime: Runtime, tree: Path) -> dict[str, int]:
    """Heap that each module keeps when all that boards may have are loaded one by one."""
    found = [module for module in in_load_order(modules()) if module.name not in _UNLOADED]
    steps = runtime.run(tree, ["", *(f"import {module.name}" for module in found)])
    heaps = [step.heap for step in steps]
    return {module.name: heaps[i + 1] - heaps[i] for i, module in enumerate(found)}


def kept(runtime: Runtime, tree: Path) -> dict[str, int]:
    """Heap that is in use after an import, and after a session by its client."""
    out = {}
    for name, syntax in CODECS.items():
        load = f"import microimps.{syntax}.reader, microimps.{syntax}.writer"
        first, last = runtime.run(tree, ["import microimps", load])
        out[name] = last.heap - first.heap
    for name, syntax in SYNTAXES.items():
        first, last = session(runtime, tree, "job", SHORT, syntax)
        out[name] = last.heap - first.heap
        out[f"{name}: its interned names"] = interned(last) - interned(first)
    return out


def interned(step: Step) -> int:
    """Octets of heap in interned names, which are never given back."""
    found = re.search(r"n_total_bytes=(\d+)", step.printed)
    if found is None:
        raise MeasureError(f"no count of interned names: {step.printed}")
    return int(found[1])


def churn(runtime: Runtime, tree: Path) -> dict[str, float]:
    """Octets of garbage that each operation makes."""
    out = {}
    for line in session(runtime, tree, "churn", CHURNED)[1].printed.splitlines():
        if found := re.fullmatch(r"(.+) (\d+) (\d+)", line.strip()):
            out[found[1]] = round(int(found[2]) / int(found[3]), 1)
    return out


def session(
    runtime: Runtime, tree: Path, program: str, contacts: int, *arguments: str
) -> list[Step]:
    """Two steps: `program` of device/ loaded, and its run(url, *arguments) done.

    Where there are no sockets the answers are played back that a service gave a moment ago.
    """
    names = "micropython.qstr_info()"
    begin = f"import micropython, socket, select, hashlib, {program}\n{names}"

    def call(url: str) -> str:
        return f"result = {program}.run({', '.join(map(repr, (url, *arguments)))})\n{names}"

    if isinstance(runtime, WebAssembly):
        answers = record(program, contacts, *arguments)
        return runtime.run(tree, [begin, call("http://service/")], answers)
    with service(contacts) as url:
        return runtime.run(tree, [begin, call(url)])


@dataclass(frozen=True)
class Trial:
    """A whole session with so many contacts, tried in heaps of different sizes."""

    runtime: Binary
    tree: Path
    contacts: int
    syntax: str
    image: Path | None = None

    def passes(self, heap: int) -> bool:
        """Whether it passes in this heap, at a service of its own."""
        expected = str(self.contacts)
        with service(self.contacts) as url:
            if self.image is None:
                arguments: tuple[str, ...] = (url, self.syntax)
                return self.runtime.passes(self.tree, heap, "job", expected, arguments)
            space = {"ROMFS": "x" * (self.image.stat().st_size + 1)}
            arguments = (url, self.syntax, str(self.image))
            return self.runtime.passes(self.tree, heap, "rom", expected, arguments, space)


def smallest(works: Callable[[int], bool], least: int = _LEAST, most: int = _MOST) -> int:
    """The least heap that passes, to _GRAIN octets. Raises MeasureError where none does.

    The edge is not sharp: how a heap falls to pieces depends on how many octets each read brings.
    A heap passes that suffices _TIMES times running.
    """

    def passes(heap: int) -> bool:
        return all(works(heap) for _ in range(_TIMES))

    if not passes(most):
        raise MeasureError(f"the session fails in {most} octets of heap")
    while most - least > _GRAIN:
        middle = (least + most) // 2 // _GRAIN * _GRAIN
        if passes(middle):
            most = middle
        else:
            least = middle
    return most


def working_heaps(runtime: Binary, tree: Path, work: Path) -> dict[str, int]:
    """The smallest heaps of the 64-bit binary in which whole sessions pass."""
    out = {}
    for name, syntax in SYNTAXES.items():
        out[name] = smallest(Trial(runtime, tree, SHORT, syntax).passes)
    name, syntax = next(iter(SYNTAXES.items()))
    short = out[name]
    long = Trial(runtime, tree, LONG, syntax)
    # what grows with the list never passes here, whatever the edge is like
    same = any(long.passes(short) for _ in range(_TIMES))
    out[f"{name}, {LONG} contacts"] = short if same else smallest(long.passes, short)
    if sys.platform == "linux":
        image = work / "romfs.img"
        image.write_bytes(romfs.image(tree))
        out[f"{name}, from ROMFS"] = smallest(Trial(runtime, tree, SHORT, syntax, image).passes)
    return out


def measure(say: Callable[[str], None] = lambda text: None) -> Figures:
    """All figures. say: called with what is being done.

    date, machine; missing: reasons for figures that are not there; micropython: version by "64"
    and "32"; flash: octets by feature or client; modules, kept, garbage: by "64" and "32", octets
    by name; smallest: octets of heap of the 64-bit binary by session.
    """
    figures: Figures = {"date": date.today().isoformat(), "machine": platform.machine()}
    for name in ("missing", "micropython", "flash", "modules", "kept", "smallest", "garbage"):
        figures[name] = [] if name == "missing" else {}
    with tempfile.TemporaryDirectory(prefix="microimps-") as folder:
        work = Path(folder)
        tree = work / "mpy"
        say("compiling")
        figures["flash"] = flash(stage(tree))
        for program in ("job", "churn", "rom"):
            compile_file(DEVICE / f"{program}.py", tree / f"{program}.mpy", f"{program}.py", 3)
        for kind in (Binary, WebAssembly):
            try:
                runtime = kind()
            except MeasureError as error:
                figures["missing"].append(str(error))
                continue
            bits = runtime.bits
            say(f"heap kept, {bits} bits")
            figures["micropython"][bits] = runtime.version()
            figures["modules"][bits] = by_module(runtime, tree)
            figures["kept"][bits] = kept(runtime, tree)
            say(f"garbage, {bits} bits")
            figures["garbage"][bits] = churn(runtime, tree)
            if isinstance(runtime, Binary):
                say("smallest heap")
                figures["smallest"] = working_heaps(runtime, tree, work)
    return figures
