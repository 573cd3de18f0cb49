"""Compares what a board has with what it should have, and brings it there.

Ours are `lib`/microimps, `lib`/imps.py, `lib`/microimps.json (the manifest) and a ROMFS image with
nothing but microimps in it. A file is written under another name, read back by its hash and then
renamed; the manifest goes first and comes last. So a run that was cut short leaves whole files
and no manifest, and the next run finds out by hashes which files are done.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..footprint.romfs import EMPTY
from .board import FULL, LOST, UNFIT, Board, Facts, FlashError

PACKAGE, SETTINGS, MANIFEST, PART = "microimps", "imps.py", "microimps.json", "microimps.part"
_FOLDER = 2  # blocks that littlefs gives a folder


@dataclass
class Plan:
    """What to do. Paths are the board's.

    rom: image to write, None to leave the partition alone; send: what to write; gone: what to
    remove; same: what is right already; manifest: its new text, None after an erase; home: where
    modules come from then; there: sizes of the files of ours before, `part` left out.
    """

    lib: str
    home: str
    rom: bytes | None = None
    send: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    manifest: bytes | None = None
    there: dict[str, int] = field(default_factory=dict)
    stale: bool = True  # the manifest has to be written or removed

    @property
    def work(self) -> int:
        """Octets to transfer."""
        return sum(map(len, self.send.values())) + len(self.rom or b"")

    @property
    def idle(self) -> bool:
        """Whether the board is as it should be."""
        return not (self.send or self.gone or self.stale or self.rom is not None)


def _hash(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()[:16]


def wanted_rom(facts: Facts, octets: bytes, to: str) -> tuple[bool, str]:
    """Whether to use the ROMFS partition, and why not. to: `auto`, `rom` or `files`.

    Raises FlashError where it is wanted and cannot be.
    """
    foreign = [name for name in facts.roms if name != PACKAGE]
    if to == "files":
        return False, ""
    if not facts.rom:
        why = "the firmware has no ROMFS partition"
    elif len(octets) > facts.rom:
        why = f"the image takes {len(octets)} octets, the ROMFS partition has {facts.rom}"
    elif foreign and to == "auto":
        why = f"the ROMFS partition holds something else ({', '.join(foreign)}); --to rom replaces"
    else:
        return True, ""
    if to == "rom":
        raise FlashError(why, FULL if facts.rom else UNFIT)
    return False, why


def manifest(board: Board, lib: str) -> dict[str, Any]:
    """The manifest that is on the board, empty without one. Raises FlashError."""
    path = f"{lib}/{MANIFEST}"
    if not board.tree(path):
        return {}
    try:
        found = json.loads(board.read(path))
        return found if isinstance(found.get("files"), dict) else {}
    except (ValueError, AttributeError):
        return {}  # not ours or damaged: hashes tell


def compare(
    board: Board,
    facts: Facts,
    files: Mapping[str, bytes],
    settings: bytes | None,
    about: Mapping[str, Any],
    rom: bytes | None = None,
) -> Plan:
    """The way from what is on the board to `files` (path below lib -> octets) and `settings`.

    settings: of imps.py, None to keep what is there; about: what else the manifest tells; rom:
    the image that has the modules in place of `files`.
    """
    lib = facts.lib
    plan = Plan(lib, "/rom" if rom is not None else lib, _rom(board, facts, rom))
    old = manifest(board, lib)
    plan.there = board.tree(f"{lib}/{PACKAGE}") | board.tree(f"{lib}/{SETTINGS}")
    there = plan.there | board.tree(f"{lib}/{PART}")
    hashes = {}
    wanted = dict(files if rom is None else {})
    if settings is not None:
        wanted[SETTINGS] = settings
    for name, octets in wanted.items():
        path = f"{lib}/{name}"
        hashes[name] = _hash(octets)
        told = old.get("files", {}).get(name)
        if there.get(path) != len(octets) or told not in (None, hashes[name]):
            plan.send[path] = octets
        elif told or board.digest(path) == hashlib.sha256(octets).digest():
            plan.same.append(path)
        else:
            plan.send[path] = octets
    kept = {f"{lib}/{name}" for name in wanted}
    if settings is None and f"{lib}/{SETTINGS}" in there:
        kept.add(f"{lib}/{SETTINGS}")
    plan.gone = sorted(set(there) - kept)
    new = {**about, "files": hashes, "rom": _hash(rom) if rom is not None else ""}
    plan.stale = old != new
    plan.manifest = json.dumps(new, separators=(",", ":")).encode()
    return plan


def _rom(board: Board, facts: Facts, rom: bytes | None) -> bytes | None:
    if rom is None:
        # modules in two places would hide each other
        return EMPTY if set(facts.roms) == {PACKAGE} else None
    same = facts.rom_image == len(rom)
    if same and board.rom_digest(len(rom)) == hashlib.sha256(rom).digest():
        return None
    return rom


def compare_erased(board: Board, facts: Facts) -> Plan:
    """The way to a board with nothing of ours on it."""
    plan = Plan(facts.lib, facts.lib, _rom(board, facts, None))
    for name in (PACKAGE, SETTINGS, MANIFEST, PART):
        plan.gone += sorted(board.tree(f"{facts.lib}/{name}"))
    plan.stale = False
    return plan


def check_room(facts: Facts, plan: Plan) -> None:
    """Raise FlashError when the file system is too small, before anything is written."""

    def blocks(size: int) -> int:
        return -(-size // facts.block)

    freed = sum(blocks(plan.there.get(path, 0)) for path in [*plan.send, *plan.gone])
    sizes = [blocks(len(octets)) for octets in plan.send.values()]
    folders = {path.rpartition("/")[0] for path in plan.send} - {
        path.rpartition("/")[0] for path in plan.there
    }
    # the largest is there twice, for the time of its writing
    needed = sum(sizes) + max(sizes, default=0) + _FOLDER * len(folders) - freed
    needed += blocks(len(plan.manifest or b""))
    if needed * facts.block > facts.room:
        raise FlashError(
            f"the board's file system has {facts.room} octets free, {needed * facts.block} are "
            "needed: choose fewer features (--without), or remove files of your own",
            FULL,
        )


def apply(board: Board, plan: Plan, told: Callable[[int], None]) -> None:
    """Do what the plan says; told(n) is called after each n octets. Raises FlashError."""
    lib = plan.lib
    if plan.idle:
        return
    board.run("prune", "removing old files", top=lib, gone=[f"{lib}/{MANIFEST}", *plan.gone])
    if plan.rom is not None:
        _write_rom(board, plan.rom, told)
    if plan.manifest is None:
        return
    for folder in _folders(lib, plan.send):
        board.mkdir(folder)
    for path, octets in plan.send.items():
        _write(board, lib, path, octets, told)
    _write(board, lib, f"{lib}/{MANIFEST}", plan.manifest, lambda n: None)


def _folders(lib: str, paths: Mapping[str, bytes]) -> list[str]:
    found = {lib}
    for path in paths:
        while len(path := path.rpartition("/")[0]) > len(lib):
            found.add(path)
    return sorted(found)


def _write(board: Board, lib: str, path: str, octets: bytes, told: Callable[[int], None]) -> None:
    part = f"{lib}/{PART}"
    board.write(part, octets, told)
    if board.digest(part) != hashlib.sha256(octets).digest():
        raise FlashError(f"{path} arrived damaged: is the line disturbed? Run again", LOST)
    board.run("place", f"renaming to {path}", part=part, path=path)


def _write_rom(board: Board, octets: bytes, told: Callable[[int], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "microimps.romfs")
        path.write_bytes(octets)
        board.write_rom(str(path), told)
    if board.rom_digest(len(octets)) != hashlib.sha256(octets).digest():
        raise FlashError("the ROMFS image arrived damaged: run again", LOST)
