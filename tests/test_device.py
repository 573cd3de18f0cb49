"""Every file of tests/core on MicroPython, as .mpy, in a small heap.

A file that needs another heap than the default says so near its top: `# heap: 48K`.
"""

import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT
from microimps.tools.stage import compile_file

CORE_TESTS = sorted((ROOT / "tests" / "core").glob("test_*.py"))
DEFAULT_HEAP = "96K"
SECONDS = 110


def heap_of(path):
    head = path.read_text().split("\n")[:15]
    found = re.search(r"^# heap: (\d+K)$", "\n".join(head), re.M)
    return found[1] if found else DEFAULT_HEAP


@pytest.fixture(scope="module")
def compiled():
    """build/device/core with the tests as .mpy, asserts kept, beside a link to the vectors."""
    folder = BUILD / "device"
    for source in (ROOT / "tests" / "core").glob("*.py"):
        compile_file(source, folder / "core" / (source.stem + ".mpy"), source.name, opt=0)
    vectors = folder / "vectors"
    if not vectors.is_symlink():
        vectors.symlink_to(ROOT / "tests" / "vectors")
    return folder / "core"


@pytest.fixture(scope="session")
def staged():
    """All modules with their own names: the tests call private functions, which -O3 renames."""
    from microimps.tools.stage import stage

    target = BUILD / "mpy-named"
    stage(target, opt=2)
    return target


def run(micropython, staged, compiled, name, heap):
    path = os.pathsep.join((str(staged), str(compiled), ".frozen"))
    return subprocess.run(
        [micropython, "-X", f"heapsize={heap}", "-m", name],
        cwd=ROOT,
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def test_core_tests_are_there():
    assert CORE_TESTS


@pytest.mark.parametrize("path", CORE_TESTS, ids=lambda path: path.stem)
def test_on_micropython(micropython, staged, compiled, path):
    done = run(micropython, staged, compiled, path.stem, heap_of(path))
    output = done.stdout + done.stderr
    counts = re.search(r"^(\d+) passed, 0 failed$", done.stdout, re.M)
    assert done.returncode == 0 and counts and int(counts[1]) > 0, output


def test_a_failing_test_is_seen(micropython, staged, compiled, tmp_path):
    source = tmp_path / "bad.py"
    source.write_text(
        "def test_bad():\n    assert 1 == 2\n\n"
        "def test_good():\n    assert 1\n\n"
        "from testing import run\nrun(globals())\n"
    )
    compile_file(source, tmp_path / "bad.mpy", "bad.py", opt=0)
    (tmp_path / "testing.mpy").write_bytes((compiled / "testing.mpy").read_bytes())
    done = run(micropython, staged, tmp_path, "bad", DEFAULT_HEAP)
    assert done.returncode == 1
    assert "1 passed, 1 failed" in done.stdout
