"""Who may import whom: the rules of docs/architecture.md, proved by walking the imports."""

import ast
import sys

import pytest

from conftest import ROOT
from microimps.tools import modules

CORE = {"struct", "binascii", "micropython"}
BOARD = {
    *("binascii", "errno", "gc", "hashlib", "io", "json", "machine", "micropython", "network"),
    *("os", "random", "requests", "select", "socket", "ssl", "struct", "sys", "time", "tls"),
    *("asyncio", "deflate", "esp32", "vfs"),
}
HOST_MODULES = {
    path.relative_to(ROOT / "core").with_suffix("").as_posix().replace("/", ".")
    for pattern in modules.FEATURES[modules.HOST]
    for path in ROOT.glob(pattern)
}


def files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path):
    """(node, dots, module name, whether inside a function) of every import in the file."""

    def walk(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield child, 0, alias.name, inside
            elif isinstance(child, ast.ImportFrom):
                names = [child.module] if child.module else [alias.name for alias in child.names]
                for name in names:
                    yield child, child.level, name, inside
            function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from walk(child, inside or function)

    return walk(ast.parse(path.read_text()), False)


def top(name):
    return name.split(".")[0]


def where(path, node):
    return f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def ids(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", files("core"), ids=ids)
def test_core_is_pure(path):
    may = CORE | ({"asyncio"} if path == ROOT / "core" / "aio.py" else set())
    for node, dots, name, inside in imports(path):
        if dots:
            folder = path.parents[dots - 1]
            assert folder.is_relative_to(ROOT / "core"), where(path, node)
            found = folder.joinpath(*name.split("."))
            here = found.with_suffix(".py").exists() or (found / "__init__.py").exists()
            # `from . import x` may also name a thing of the package itself.
            assert here or isinstance(node, ast.ImportFrom) and not node.module, where(path, node)
        else:
            assert top(name) in may, where(path, node)
            assert top(name) != "asyncio" or inside, where(path, node)


@pytest.mark.parametrize("path", files("core"), ids=ids)
def test_board_modules_load_host_modules_only_when_asked(path):
    for node, dots, name, inside in imports(path):
        # the package itself takes the texts of errors where they are, and does without elsewhere
        texts = path == ROOT / "core" / "__init__.py" and name == "status"
        assert inside or texts or not dots or name not in HOST_MODULES, where(path, node)


@pytest.mark.parametrize("path", files("ports/micropython"), ids=ids)
def test_micropython_ports_use_the_firmware(path):
    for node, dots, name, _ in imports(path):
        assert dots or top(name) in BOARD | {"microimps"}, where(path, node)


@pytest.mark.parametrize("path", files("ports/cpython"), ids=ids)
def test_cpython_ports_use_the_standard_library(path):
    may = set(sys.stdlib_module_names) | {"microimps"}
    if "serial" in path.stem or path.parent.name == "serial":
        may.add("serial")
    for node, dots, name, _ in imports(path):
        assert dots or top(name) in may, where(path, node)


OUTSIDE = [path for folder in ("core", "ports", "examples") for path in files(folder)]


@pytest.mark.parametrize("path", OUTSIDE, ids=ids)
def test_nothing_imports_tools(path):
    for node, dots, name, _ in imports(path):
        full = name if dots else name.removeprefix("microimps.")
        assert top(full) != "tools", where(path, node)
        if isinstance(node, ast.ImportFrom) and name == "microimps":
            assert "tools" not in [alias.name for alias in node.names], where(path, node)


@pytest.mark.parametrize("path", files("tools"), ids=ids)
def test_tools_do_not_import_tests(path):
    for node, _, name, _ in imports(path):
        assert top(name) not in ("tests", "conftest", "testing"), where(path, node)


def test_the_walk_sees_imports(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text("import a.b\nfrom ..c import d\nfrom . import e\ndef f():\n    import g\n")
    assert [found[1:] for found in imports(path)] == [
        (0, "a.b", False),
        (2, "c", False),
        (1, "e", False),
        (0, "g", True),
    ]
