"""One list of modules: complete, and everything derived from it current and working."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading

import pytest

from conftest import ROOT
from microimps.tools import join, modules, names
from microimps.tools.stage import stage

try:
    import tomllib
except ImportError:
    import tomli as tomllib

# The import of these needs a board: `machine.UART` and `network` are not in the PC build.
BOARD_ONLY = {"microimps.ports.micropython.uart", "microimps.ports.micropython.main"}

IMPORT_ALL = """
import gc
for name in {names!r}:
    __import__(name)
    gc.collect()
print("imported", {count})
"""


def device_files():
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / "core").rglob("*.py")}
    board = ROOT / "ports" / "micropython"
    return found | {path.relative_to(ROOT).as_posix() for path in board.rglob("*.py")}


def test_every_device_module_is_listed():
    listed = {module.path for feature in modules.FEATURES for module in modules.modules([feature])}
    assert not device_files() - listed, "name these in FEATURES of tools/modules.py"


@pytest.mark.parametrize("feature", modules.FEATURES)
def test_every_pattern_matches(feature):
    for pattern in modules.FEATURES[feature]:
        assert list(ROOT.glob(pattern)), f"{feature}: nothing matches {pattern}"


def test_no_module_is_listed_twice():
    paths = [
        path.relative_to(ROOT).as_posix()
        for patterns in modules.FEATURES.values()
        for pattern in patterns
        for path in ROOT.glob(pattern)
    ]
    assert len(paths) == len(set(paths))


def test_derived_files_are_current():
    names = [path.name for path in modules.stale()]
    assert not names, f"{names} out of date: make modules"


def test_every_folder_with_modules_is_a_package():
    for folder in modules.PACKAGES:
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path.parent


def test_names_and_targets():
    by_path = {module.path: module for module in modules.modules()}
    assert by_path["core/__init__.py"].name == "microimps"
    assert by_path["core/codec.py"].target == "microimps/codec.py"
    assert by_path["ports/__init__.py"].name == "microimps.ports"


def test_unknown_feature_is_an_error():
    with pytest.raises(KeyError, match="telepathy"):
        modules.modules(["telepathy"])


def test_stage_holds_only_what_is_asked_for(tmp_path):
    everything = stage(tmp_path)
    base = stage(tmp_path, ())
    assert set(base) < set(everything)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.mpy")} == set(base)
    assert all(size == (tmp_path / name).stat().st_size for name, size in base.items())


def import_all(micropython, tree, joined=False):
    found = [module for module in modules.modules() if join.parts(module) or not joined]
    names = [module.name for module in found if module.name not in BOARD_ONLY]
    script = IMPORT_ALL.format(names=names, count=len(names))
    done = subprocess.run(
        [micropython, "-X", "heapsize=512K", "-c", script],
        env={**os.environ, "MICROPYPATH": f"{tree}{os.pathsep}.frozen"},
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == f"imported {len(names)}\n", done.stdout + done.stderr


def test_staged_mpy_imports_on_micropython(micropython, staged):
    import_all(micropython, staged, joined=True)


def test_mip_installs_a_tree_that_imports(micropython, tmp_path):
    """package.json names every file: MicroPython's own mip installs it over HTTP."""
    handler = functools.partial(QuietHandler, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/package.json"
        command = [micropython, "-m", "mip", "install", "--target", tmp_path, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        server.shutdown()
    assert done.returncode == 0, done.stdout + done.stderr
    import_all(micropython, tmp_path)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


FREEZE = """
import json
given = GIVEN
class Options:
    def defaults(self, **named):
        self.features = given.get("features", named["features"])
facts = {}
names = {
    "options": Options(),
    "metadata": lambda **told: facts.update(told),
    "package": lambda name, base_path, opt: facts.update(name=name, path=base_path, opt=opt),
}
exec(open("manifest.py").read(), names)
print(json.dumps(facts))
"""


@pytest.fixture
def freeze(tmp_path):
    """manifest.py as MicroPython's build runs it: in its own folder, by a bare Python, with what
    it is given by name."""
    for name in ("manifest.py", "package.json", *modules.PACKAGES):
        (tmp_path / name).symlink_to(ROOT / name)

    def run(**given):
        command = [sys.executable, "-S", "-c", FREEZE.replace("GIVEN", repr(given))]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("features", ["", "http wbxml lists"])
def test_manifest_freezes_what_boards_get(tmp_path, freeze, features):
    done = freeze(features=features) if features else freeze()
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["version"] == json.loads((ROOT / "package.json").read_text())["version"]
    tree = tmp_path / facts["path"]
    found = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    sizes = stage(tmp_path / "board", features.split() or None)
    assert {name.removesuffix("py") + "mpy" for name in found} == set(sizes)
    client = (tree / "microimps" / "client.py").read_bytes()
    assert client == names.shorten(join.joined(join.known()["microimps.client"]))


def test_manifest_names_what_it_does_not_know(freeze):
    done = freeze(features="http wbxlm")
    assert done.returncode == 1 and "microimps has no wbxlm: choose from base," in done.stderr


def test_the_lock_covers_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.lock").read_text()
    for extra in project["optional-dependencies"].values():
        for requirement in extra:
            name = re.split(r"[\[;> ]", requirement)[0].lower()
            assert f"\n{name}==" in "\n" + lock, f"{name} is not pinned: make lock"
