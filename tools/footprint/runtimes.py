"""The two MicroPythons that are measured: the 64-bit binary and the 32-bit WebAssembly port."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..modules import ROOT
from ..stage import micropython_binary

PORT = "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
_HERE = Path(__file__).parent
_STANDIN = _HERE / "device" / "standin.py"
_SECONDS = 60
_LARGE = "64M"  # nothing is collected while garbage is counted

_VERSION = 'import sys\nprint("%d.%d.%d" % sys.implementation[1][:3], *sys.implementation[1][3:])'
_WORDS = "import sys\nprint(64 if sys.maxsize >> 32 else 32)"


class MeasureError(Exception):
    """A measured program failed; the text is what it said last."""


@dataclass
class Step:
    """What a step of a program printed, and the octets of heap in use after it."""

    printed: str
    heap: int


def _finish(
    command: list[str | Path], text: str, variables: dict[str, str], seconds: float = _SECONDS
) -> str:
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(
            command, input=text, env=environment, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise MeasureError(f"{Path(command[0]).name}: no end after {seconds} s") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-3:]
        raise MeasureError(f"{Path(command[0]).name}: {'; '.join(last)}")
    return done.stdout


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _path(tree: Path) -> dict[str, str]:
    return {"MICROPYPATH": f"{tree}{os.pathsep}.frozen"}


class Binary:
    """MicroPython for the PC: the one of the install, or `program`. Raises MeasureError where
    there is none."""

    bits = "64"

    def __init__(self, program: Path | None = None) -> None:
        reason = ""
        if program is None:
            program, reason = micropython_binary()
        if program is None:
            raise MeasureError(reason)
        self._program = program

    def run(self, tree: Path, steps: list[str]) -> list[Step]:
        """Run the steps in one interpreter whose modules are in `tree`."""
        text = "import gc\n" + "".join(
            f"{step}\ngc.collect()\ngc.collect()\nprint('\\x1f', gc.mem_alloc(), '\\x1e')\n"
            for step in steps
        )
        command: list[str | Path] = [self._program, "-X", f"heapsize={_LARGE}", "-c", text]
        parts = _finish(command, "", _path(tree)).split("\x1e")[: len(steps)]
        found = [part.partition("\x1f") for part in parts]
        if len(found) < len(steps) or not all(heap for _, _, heap in found):
            raise MeasureError(f"{self._program.name}: it does not say what it was asked")
        return [Step(printed.strip(), int(heap)) for printed, _, heap in found]

    def passes(
        self,
        tree: Path,
        heap: int,
        module: str,
        expected: str,
        arguments: tuple[str, ...],
        variables: dict[str, str] | None = None,
        seconds: float = _SECONDS,
    ) -> bool:
        """Whether `python -m module arguments` prints `expected` in a heap of so many octets."""
        command: list[str | Path] = [
            self._program,
            "-X",
            f"heapsize={heap}",
            "-m",
            module,
            *arguments,
        ]
        try:
            printed = _finish(command, "", {**_path(tree), **(variables or {})}, seconds)
        except MeasureError:
            return False
        return printed.strip() == expected

    def version(self) -> str:
        return self.run(ROOT, [_VERSION])[0].printed.replace(" ", "-")


class Firmware(Binary):
    """MicroPython for the PC that somebody built, with microimps frozen in (manifest.py). Raises
    MeasureError where it is none."""

    def __init__(self, program: Path) -> None:
        super().__init__(program.absolute())
        try:
            (found,) = self.run(_HERE, [_WORDS])
        except (MeasureError, OSError) as error:
            raise MeasureError(f"{program} is no MicroPython: {error}") from None
        self.bits = found.printed
        if not self.has("microimps"):
            raise MeasureError(f"{program}: microimps is not frozen in: build it with manifest.py")

    def has(self, module: str) -> bool:
        """Whether a module is frozen in."""
        load = f"try:\n    import {module}\nexcept ImportError:\n    print('no')"
        return not self.run(_HERE, [load])[0].printed


class WebAssembly:
    """MicroPython under Node: words of 32 bits, heap blocks of 16 octets, as on a board.

    Raises MeasureError where Node or the package is missing.
    """

    bits = "32"

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise MeasureError("node is not installed: no 32-bit figures")
        self._node = node
        self._port = ROOT / "build" / "node" / PORT
        if not self._port.exists():
            raise MeasureError(
                "the npm package @micropython/micropython-webassembly-pyscript is missing: no "
                "32-bit figures; copy tests/node/package*.json to build/node, then "
                "npm ci --prefix build/node"
            )

    def run(self, tree: Path, steps: list[str], answers: bytes = b"") -> list[Step]:
        """Run the steps in one interpreter whose modules are in `tree`.

        answers: what device/standin.py in the tree plays back.
        """
        files = {
            "/lib/" + path.relative_to(tree).as_posix(): _encoded(path)
            for path in tree.rglob("*.mpy")
        }
        files["/lib/standin.py"] = _encoded(_STANDIN)
        files["/answers"] = base64.b64encode(answers).decode()
        each = [
            part
            for step in steps
            for part in (step, "gc.collect()", "gc.collect()\nprint(gc.mem_alloc())")
        ]
        begin = "import gc, sys\nsys.path[:] = ['/lib', '.frozen']\nimport standin"
        job = json.dumps({"files": files, "steps": [begin, *each]})
        printed = json.loads(_finish([self._node, _HERE / "wasm.mjs", self._port], job, {}))[1:]
        return [Step(printed[i], int(printed[i + 2])) for i in range(0, len(printed), 3)]

    def version(self) -> str:
        return self.run(_HERE, [_VERSION])[0].printed.strip().replace(" ", "-")
