"""What pip and mip install, into environments and onto a board that have nothing else.

Nothing is downloaded: the extra `tools` is taken from the environment that runs the tests, and no
more of that than the extra names. One test, with -m long, installs from the package index.
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pty_board import PtyBoard

from conftest import ROOT, need
from microimps.tools import cli, modules
from microimps.tools.flash.board import Board

pytestmark = pytest.mark.slow

LEFT = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "node_modules")
DATA = (".csv", ".toml", ".txt", ".html", ".pyi")
SDIST = {"CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "manifest.py", "package.json"}
BUILD = """
import os, sys
from setuptools import build_meta
checkout, target = sys.argv[1:]
os.chdir(checkout)
for build in (build_meta.build_wheel, build_meta.build_sdist):
    build(target)
"""


@pytest.fixture(scope="module")
def dists(tmp_path_factory):
    """(wheel, sdist) of the checkout, built from a copy."""
    folder = tmp_path_factory.mktemp("dists")
    shutil.copytree(ROOT, folder / "checkout", ignore=LEFT, symlinks=True)
    command = [sys.executable, "-c", BUILD, folder / "checkout", folder]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def sources():
    """Path in the checkout -> path in the wheel, of every file that belongs there."""
    found = {}
    for folder, name in modules.PACKAGES.items():
        for path in (ROOT / folder).rglob("*"):
            if path.suffix == ".py" or path.suffix in DATA or path.name == "py.typed":
                inside = f"{name.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}"
                found[path.relative_to(ROOT).as_posix()] = inside
    return found


def test_the_wheel_holds_what_it_should(dists):
    inside = set(zipfile.ZipFile(dists[0]).namelist())
    packed = {name for name in inside if ".dist-info/" not in name}
    assert packed == set(sources().values())
    assert {name.rpartition("/")[2] for name in inside - packed} == {
        *("LICENSE", "METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt")
    }


def test_the_sdist_holds_what_it_should(dists):
    with tarfile.open(dists[1]) as archive:
        inside = {member.name.partition("/")[2] for member in archive if member.isfile()}
    made = {name for name in inside if name.startswith("microimps.egg-info/")}
    more = {"PKG-INFO", "pyproject.toml", "setup.cfg"}
    read = {
        path.relative_to(ROOT).as_posix()
        for folder in ("docs", "examples")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert inside - made == set(sources()) | SDIST | more | read


@pytest.fixture(scope="module")
def clean(dists, tmp_path_factory):
    """Folder of an environment with nothing but the wheel."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, symlinks=os.name != "nt")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    into = ["--python", python(folder), "install", "--no-deps", "--no-index", dists[0]]
    subprocess.run([*pip, *into], check=True, timeout=110)
    return folder


def python(folder):
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def run(folder, *arguments, status=0):
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python(folder).with_name(str(arguments[0])), *arguments[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_client_needs_nothing_else(clean):
    program = (
        "from microimps import AsyncClient, Client\nfrom microimps.ports import http\n"
        "client = Client(http('http://127.0.0.1/'), 'anna', 'secret')\n"
        "print(client.session.user, len(list(__import__('sys').modules)))"
    )
    assert run(clean, "python", "-c", program).startswith("wv:anna ")
    said = run(clean, "microimps", "--help", status=1)
    assert "pip install 'microimps[tools]'" in said


def required(extra):
    """Names of the distributions that the extra brings, and those that these bring."""
    found, wanted = {}, [("microimps", (extra,))]
    while wanted:
        name, extras = wanted.pop()
        for line in importlib.metadata.requires(name) or ():
            one = Requirement(line)
            marker = one.marker
            if marker and not any(marker.evaluate({"extra": e}) for e in (*extras, "")):
                continue
            if one.name not in found:
                found[one.name] = importlib.metadata.distribution(one.name)
                wanted.append((one.name, tuple(one.extras)))
    return found


@pytest.fixture(scope="module")
def tooled(clean):
    """The same with the extra `tools`."""
    (site,) = [path for path in clean.rglob("site-packages") if path.is_dir()]
    for distribution in required("tools").values():
        for path in distribution.files or ():
            top = Path(str(path)).parts[0]
            source = Path(str(distribution.locate_file(top)))
            if top not in ("..", "__pycache__") and not (site / top).exists():
                (site / top).symlink_to(source)
    return clean


def test_the_tools_need_nothing_but_their_extra(tooled):
    assert "Exit status" in run(tooled, "microimps", "--help")
    program = (
        "import sys\nfrom microimps.tools import cli\n"
        "for name in cli.TOOLS:\n    cli.load(name)\n    print(name)\n"
        "from microimps.tools.stage import mpy_cross\nprint(mpy_cross().exists())"
    )
    assert run(tooled, "python", "-c", program).split() == [*cli.TOOLS, "True"]


def test_an_installed_flash_flashes(tooled, micropython, tmp_path):
    """What it compiles and runs on the board is in the wheel."""
    with PtyBoard(micropython, tmp_path) as board:
        report = json.loads(run(tooled, "microimps", "flash", "--port", board.device, "--json"))
    assert report["selftest"] == "passed"


def test_mip_installs_onto_a_board(micropython, tmp_path):
    """`mpremote mip install ./package.json`, and the client is made from source."""
    with PtyBoard(micropython, tmp_path, heap="2M", flash=2 << 20) as board:
        command = [need("mpremote"), "connect", board.device, "mip", "install", "./package.json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stdout + done.stderr
        with Board(board.device) as there:
            found = there.tree("/flash/lib")
            urls = json.loads((ROOT / "package.json").read_text())["urls"]
            assert set(found) == {f"/flash/lib/{target}" for target, _ in urls}
            there.reset()
            program = (
                "from microimps import Client\nfrom microimps.ports import http\n"
                "print(Client(http('http://127.0.0.1/'), 'anna').session.user)"
            )
            assert there.exchange(program, "making a client", 30).split() == [b"wv:anna"]


@pytest.mark.long
def test_pip_install_with_the_extra_from_the_index(tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=LEFT, symlinks=True)
    said = run(tmp_path / "env", "python", "-m", "pip", "install", f"{tmp_path}/checkout[tools]")
    assert "Successfully installed" in said
    assert "Exit status" in run(tmp_path / "env", "microimps", "--help")
