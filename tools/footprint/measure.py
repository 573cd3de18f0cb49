"""Measures everything: one nested dict of figures, in octets."""

from __future__ import annotations

import ast
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..join import parts
from ..modules import FEATURES, HOST, Module, modules
from ..stage import compile_file, stage
from . import floor, peers, romfs, sets
from .runtimes import Binary, MeasureError, Step, WebAssembly
from .sets import AREAS, SETS, Set
from .surroundings import DEVICE, PLACES, Recorder, network, record, service, tape

Figures = dict[str, Any]
Runtime = Binary | WebAssembly

PTS = "pts"
CLIENT = "whole client, HTTP + WBXML"
OVER_SMS = "whole client, SMS + PTS"
WHOLE = {
    CLIENT: ("wbxml", "http", *AREAS),
    "whole client, HTTP + XML": ("xml", "http", *AREAS),
    "the same with asyncio": ("wbxml", "http", *AREAS, "async"),
    OVER_SMS: (PTS, "sms", "bearers", *AREAS),
}
CODECS = {"WBXML reader + writer": "wbxml", "XML reader + writer": "xml"}
# The sets that are these clients, whose figures need not be taken twice.
SAME = {
    Set("http", "wbxml", AREAS): CLIENT,
    Set("sms", PTS, AREAS): OVER_SMS,
}
ON_BOARD = 1.5  # a heap of the 64-bit binary that suffices, to that of a board
SHORT = 10
LONG = 10_000
ROUNDS = 30
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
_OVER_SMS = (64 << 10, _MOST, 2048, 1)  # takes seconds, and reads come line by line
# what firmware has, loaded before the first look at the heap
_FIRMWARE = "import micropython, socket, select, hashlib"
_NAMES = "micropython.qstr_info()"
# what sessions that are played back are told, in the place of a service
_WHERE: dict[str, str | int] = {"http": "http://service/", "wsp": "service", "sms": 0}


def flash(sizes: dict[str, int]) -> dict[str, int]:
    """Octets of .mpy by feature, and of whole clients."""

    def total(found: list[Module]) -> int:
        # one that is joined to another has no file of its own
        return sum(sizes.get(module.target.removesuffix("py") + "mpy", 0) for module in found)

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
        for node in ast.parse(module.source.read_bytes()).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                name = module.source_of(node)
                if name in by_name and name != module.name:
                    visit(by_name[name])
        order.append(module)

    for module in found:
        visit(module)
    return order


def by_module(runtime: Runtime, tree: Path) -> dict[str, int]:
    """Heap that each module keeps when all that boards may have are loaded one by one."""
    found = [module for module in in_load_order(modules()) if parts(module)]
    found = [module for module in found if module.name not in _UNLOADED]
    steps = runtime.run(tree, ["", *(f"import {module.name}" for module in found)])
    heaps = [step.heap for step in steps]
    return {module.name: heaps[i + 1] - heaps[i] for i, module in enumerate(found)}


def kept(runtime: Runtime, tree: Path) -> dict[str, int]:
    """Heap that is in use after an import, and after a session by its client."""
    out = {}
    for name, syntax in CODECS.items():
        out[name] = _of_syntax(runtime, tree, syntax)
    first, last = session(runtime, tree, "job", SHORT, "wbxml")
    out[CLIENT] = last.heap - first.heap
    out[f"{CLIENT}: its interned names"] = interned(last) - interned(first)
    return out


def _of_syntax(runtime: Runtime, tree: Path, syntax: str) -> int:
    first, last = runtime.run(tree, ["import microimps", f"import microimps.{syntax}"])
    return last.heap - first.heap


def floors(runtime: Runtime, tree: Path, empty: Path) -> dict[str, int]:
    """Heap that is in use when the modules are loaded which clients always have, and a syntax.
    empty: where they are with every function empty."""
    out = {"WBXML reader + writer: functions empty": _of_syntax(runtime, empty, "wbxml")}
    for client, syntax in ((CLIENT, "wbxml"), (OVER_SMS, PTS)):
        out[f"{client}: its modules"] = floor.loaded(runtime, tree, syntax)
        out[f"{client}: the same, functions empty"] = floor.loaded(runtime, empty, syntax)
    return out


def interned(step: Step) -> int:
    """Octets of heap in interned names, which are never given back."""
    found = re.search(r"n_total_bytes=(\d+)", step.printed)
    if found is None:
        raise MeasureError(f"no count of interned names: {step.printed}")
    return int(found[1])


def churn(runtime: Runtime, tree: Path) -> dict[str, float]:
    """Octets of garbage that each operation makes."""
    return _counted(session(runtime, tree, "churn", CHURNED)[1])


def _counted(step: Step) -> dict[str, float]:
    # name, octets and times of each operation, as device/churn.py prints them
    found = re.findall(r"^(\w.*) (\d+) (\d+)$", step.printed, re.M)
    return {name: round(int(taken) / int(times), 1) for name, taken, times in found}


def over_sms(runtime: Runtime, tree: Path) -> tuple[dict[str, int], dict[str, float]]:
    """Heap kept by a client over SMS after its session, and garbage of messages after that."""
    garbage = "import churn; churn.over_sms(result[0])"
    first, last, after = session(runtime, tree, "job", SHORT, PTS, bearer="sms", then=(garbage,))
    names = interned(last) - interned(first)
    kept = {OVER_SMS: last.heap - first.heap, f"{OVER_SMS}: its interned names": names}
    return kept, _counted(after)


def session(
    runtime: Runtime,
    tree: Path,
    program: str,
    contacts: int,
    *arguments: str,
    bearer: str = "http",
    then: tuple[str, ...] = (),
    source: str = "",
) -> list[Step]:
    """Steps: `program` of device/, or the one with this source, loaded, its run(where, *arguments)
    done, whose `result` the steps `then` may use.

    Where there are no sockets and no serial lines the answers are played back that a service gave
    a moment ago.
    """
    load = f"from {program} import run"

    def steps(where: str | int) -> list[str]:
        return [f"result = run({', '.join(map(repr, (where, *arguments)))})", *then]

    def looked_at(where: str | int) -> list[str]:
        return [f"{each}\n{_NAMES}" for each in (f"{_FIRMWARE}\n{load}", *steps(where))]

    if isinstance(runtime, WebAssembly):
        answers = record(bearer, contacts, lambda url: [source or load, *steps(url)])
        return runtime.run(tree, looked_at(_WHERE[bearer]), answers)
    with PLACES[bearer](contacts) as place:
        return runtime.run(tree, looked_at(place))


def of_set(runtime: Runtime, tree: Path, wanted: Set) -> int | None:
    """Heap that a client keeps after a session with what is in the set; None where it cannot be
    had: the asyncio of the WebAssembly port is JavaScript's."""
    if isinstance(runtime, WebAssembly) and sets.ASYNC in wanted.features:
        return None
    first, last = session(
        runtime, tree, sets.PROGRAM, SHORT, bearer=wanted.bearer, source=wanted.source()
    )[:2]
    return last.heap - first.heap


def of_peer(runtime: Runtime, tree: Path, peer: peers.Peer) -> dict[str, int]:
    """Heap that a peer keeps: `imported`, and `kept` after its session where it can be had."""
    load = f"from {peer.program} import run"
    steps = [f"{_FIRMWARE}{peer.begin}\n{load}", f"import {peer.module}"]
    if isinstance(runtime, WebAssembly):
        answers = b""
        if peer.alike:
            with peers.serving(peer) as where:
                recorder = Recorder(f"tcp://{where}")
                try:
                    place = recorder.url.removeprefix("tcp://")
                    Binary().run(tree, [f"{load}\nrun({place!r})"])
                finally:
                    recorder.close()
            answers = tape(recorder.answers)
            steps.append("result = run('service:80')")
        found = runtime.run(tree, steps, answers)
    else:
        with peers.serving(peer) as where:
            found = runtime.run(tree, [*steps, f"result = run({where!r})"])
    heaps = [step.heap - found[0].heap for step in found[1:]]
    return dict(zip(("imported", "kept"), heaps, strict=False))


@dataclass(frozen=True)
class Trial:
    """A whole session with so many contacts and rounds, tried in heaps of different sizes."""

    runtime: Binary
    tree: Path
    contacts: int
    syntax: str
    image: Path | None = None
    rounds: int = 1

    def passes(self, heap: int) -> bool:
        """Whether it passes in this heap, at a service of its own."""
        expected = str(self.contacts)
        over_sms = self.syntax == PTS
        with network(self.contacts) if over_sms else service(self.contacts) as url:
            if self.image is None:
                arguments: tuple[str, ...] = (url, self.syntax, str(self.rounds))
                return self.runtime.passes(self.tree, heap, "job", expected, arguments)
            space = {"ROMFS": "x" * (self.image.stat().st_size + 1)}
            arguments = (url, self.syntax, str(self.image))
            return self.runtime.passes(self.tree, heap, "rom", expected, arguments, space)


def smallest(
    works: Callable[[int], bool],
    least: int = _LEAST,
    most: int = _MOST,
    grain: int = _GRAIN,
    times: int = _TIMES,
) -> int:
    """The least heap that passes, to `grain` octets. Raises MeasureError where `most` fails.

    least: one that is too small, such as what the client keeps. The edge is not sharp: how a heap
    falls to pieces depends on how many octets each read brings. A heap passes that suffices so
    many times running.
    """

    def passes(heap: int) -> bool:
        return all(works(heap) for _ in range(times))

    least = least // grain * grain
    enough = min(2 * least, most)
    while not passes(enough):
        if enough == most:
            raise MeasureError(f"the session fails in {most} octets of heap")
        least, enough = enough, min(2 * enough, most)
    while enough - least > grain:
        middle = (least + enough) // 2 // grain * grain
        if passes(middle):
            enough = middle
        else:
            least = middle
    return enough


def working_heaps(
    runtime: Binary, tree: Path, image: Path, kept: dict[str, int]
) -> dict[str, int]:
    """The smallest heaps of the 64-bit binary in which whole sessions over HTTP pass.

    image: where to write one of ROMFS; kept: what the clients keep, which is always too small.
    """
    out = {}
    short = smallest(Trial(runtime, tree, SHORT, "wbxml").passes, kept[CLIENT])
    out[CLIENT] = short
    long = Trial(runtime, tree, LONG, "wbxml")
    # what grows with the list never passes here, whatever the edge is like
    same = any(long.passes(short) for _ in range(_TIMES))
    out[f"{CLIENT}, {LONG} contacts"] = short if same else smallest(long.passes, short)
    on = Trial(runtime, tree, SHORT, "wbxml", rounds=ROUNDS)
    out[f"{CLIENT}, {ROUNDS} rounds"] = smallest(on.passes, short)
    if sys.platform == "linux":
        image.write_bytes(romfs.image(tree))
        trial = Trial(runtime, tree, SHORT, "wbxml", image)
        out[f"{CLIENT}, from ROMFS"] = smallest(trial.passes, 4 * _LEAST)
    return out


def heap_of_set(runtime: Binary, tree: Path, wanted: Set, kept: int) -> int:
    """The smallest heap of the 64-bit binary in which a set's session passes."""

    def passes(heap: int) -> bool:
        with PLACES[wanted.bearer](SHORT) as where:
            return runtime.passes(tree, heap, sets.PROGRAM, "done", (where,))

    options = _OVER_SMS[1:] if wanted.bearer == "sms" else ()
    return smallest(passes, kept, *options)


def heap_of_peer(runtime: Binary, tree: Path, peer: peers.Peer, kept: int) -> int:
    """The smallest heap of the 64-bit binary in which a peer's session passes."""
    with peers.serving(peer) as where:
        return smallest(
            lambda heap: runtime.passes(
                tree, heap, peer.program, "done", (where,), seconds=peer.seconds
            ),
            kept,
            times=peer.times,
        )


@dataclass(frozen=True)
class Staged:
    """What is measured, compiled. tree: all modules and the programs of device/, none where only
    sets are asked for; sets, releases: each with a tree of its own."""

    work: Path
    tree: Path | None
    sets: list[tuple[Set, Path]]
    releases: list[tuple[peers.Release, Path]]


def _staged(work: Path, wanted: Iterable[Set], folder: Path, whole: bool, out: Figures) -> Staged:
    # compiles, and puts what is known from that into the figures
    tree = work / "mpy" if whole else None
    if tree:
        out["flash"] = flash(stage(tree))
        for program in ("job", "churn", "rom"):
            compile_file(DEVICE / f"{program}.py", tree / f"{program}.mpy", f"{program}.py", 3)
        floor.stage_empty(work / "empty")
    found = Staged(work, tree, [], [])
    for i, each in enumerate(wanted):
        out["sets"][each.name] = {"kept": {}}
        if whole and each in SAME:
            out["sets"][each.name]["flash"] = out["flash"][SAME[each]]
        else:
            place = work / f"set{i}"
            if tree:  # so that nothing is compiled twice
                shutil.copytree(tree, place)
            out["sets"][each.name]["flash"] = sets.build(each, place)
            found.sets.append((each, place))
    for release in peers.find(folder):
        name = release.peer.name
        size = peers.build(release, work / name)
        out["peers"][name] = {
            "version": release.version,
            "flash": size,
            "imported": {},
            "kept": {},
        }
        found.releases.append((release, work / name))
    return found


def _whole(runtime: Runtime, staged: Staged, out: Figures, say: Callable[[str], None]) -> None:
    # the figures of whole clients
    bits, tree = runtime.bits, staged.tree
    if tree is None:
        return
    say(f"heap kept, {bits} bits")
    out["modules"][bits] = by_module(runtime, tree)
    out["kept"][bits] = kept(runtime, tree)
    say(f"garbage, {bits} bits")
    out["garbage"][bits] = churn(runtime, tree)
    say(f"over SMS, {bits} bits")
    kept_over_sms, garbage = over_sms(runtime, tree)
    out["kept"][bits].update(kept_over_sms)
    out["kept"][bits].update(floors(runtime, tree, staged.work / "empty"))
    out["garbage"][bits].update(garbage)
    for each, name in SAME.items():
        if each.name in out["sets"]:
            out["sets"][each.name]["kept"][bits] = out["kept"][bits][name]
    if isinstance(runtime, Binary):
        say("smallest heap")
        image = staged.work / "romfs.img"
        out["smallest"].update(working_heaps(runtime, tree, image, out["kept"][bits]))


def _parts(
    runtime: Runtime, staged: Staged, heaps: bool, out: Figures, say: Callable[[str], None]
) -> None:
    # the figures of sets and peers
    bits = runtime.bits
    for wanted, tree in staged.sets:
        say(f"{wanted.name}, {bits} bits")
        entry = out["sets"][wanted.name]
        value = of_set(runtime, tree, wanted)
        if value is not None:
            entry["kept"][bits] = value
            if heaps and isinstance(runtime, Binary):
                entry["smallest"] = heap_of_set(runtime, tree, wanted, value)
    for release, tree in staged.releases:
        peer = release.peer
        say(f"{peer.name}, {bits} bits")
        entry = out["peers"][peer.name]
        for part, value in of_peer(runtime, tree, peer).items():
            entry[part][bits] = value
        if isinstance(runtime, Binary):
            entry["smallest"] = heap_of_peer(runtime, tree, peer, entry["kept"][bits])


def measure(
    say: Callable[[str], None] = lambda text: None,
    wanted: Iterable[Set] = SETS,
    folder: Path = peers.FOLDER,
    whole: bool = True,
    heaps: bool = False,
) -> Figures:
    """All figures. say: called with what is being done; wanted: the sets; folder: where peers may
    be; whole: measure what the budgets hold as well; heaps: the smallest heap of each set, too.

    date, machine; missing: reasons for figures that are not there; micropython: version by "64"
    and "32"; flash: octets by feature or client; modules, kept, garbage: by "64" and "32", octets
    by name; smallest: octets of heap of the 64-bit binary by session; sets: by name, flash, kept
    by bits, smallest; peers: by name, version, flash, imported and kept by bits, smallest.
    """
    figures: Figures = {"date": date.today().isoformat(), "machine": platform.machine()}
    parts = ("micropython", "flash", "modules", "kept", "smallest", "garbage", "sets", "peers")
    figures.update({"missing": [], **{name: {} for name in parts}})
    # while one waits for a modem another works
    with tempfile.TemporaryDirectory(prefix="microimps-") as name, ThreadPoolExecutor(3) as pool:
        say("compiling")
        staged = _staged(Path(name), wanted, folder, whole, figures)
        jobs: list[Future[Any]] = []
        for kind in (Binary, WebAssembly):
            try:
                runtime = kind()
            except MeasureError as error:
                figures["missing"].append(str(error))
                continue
            figures["micropython"][runtime.bits] = runtime.version()
            jobs.append(pool.submit(_lane, runtime, staged, heaps, figures, say))
            if staged.tree and isinstance(runtime, Binary):
                trial = Trial(runtime, staged.tree, SHORT, PTS)
                sms = pool.submit(smallest, trial.passes, *_OVER_SMS)
                jobs.append(sms)
        for job in jobs:
            job.result()
        if staged.tree and "64" in figures["micropython"]:
            figures["smallest"][OVER_SMS] = sms.result()
        for same, title in SAME.items():
            if same.name in figures["sets"] and title in figures["smallest"]:
                figures["sets"][same.name]["smallest"] = figures["smallest"][title]
    return figures


def _lane(
    runtime: Runtime, staged: Staged, heaps: bool, out: Figures, say: Callable[[str], None]
) -> None:
    _whole(runtime, staged, out, say)
    _parts(runtime, staged, heaps, out, say)
