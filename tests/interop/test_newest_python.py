"""The core on the newest CPython that the project is for, which few machines have: Pyodide's."""

import re
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, need, unavailable
from microimps.tools import stage

PYODIDE = ROOT / "build" / "node" / "node_modules" / "pyodide" / "pyodide.mjs"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_core(tmp_path):
    """Every test of tests/core; of the host nothing is used but pytest."""
    node = need("node")
    if not PYODIDE.is_file():
        unavailable("npm package pyodide is not installed in build/node")
    stage.link(tmp_path)
    script = ROOT / "tests" / "node" / "newest.mjs"
    site = Path(pytest.__file__).parent.parent
    done = subprocess.run(
        [node, script, PYODIDE, ROOT, tmp_path, site], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-1000:]
    assert "Python 3.14." in done.stdout
    (passed,) = re.findall(r"^(\d+) passed", done.stdout, re.M)
    assert int(passed) > 600 and "skipped" not in done.stdout
