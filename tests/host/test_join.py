"""Modules that are one on a board: what tools/join.py makes of the sources."""

import ast
from dataclasses import replace

import pytest

from microimps.tools import join, modules
from microimps.tools.stage import stage

ALL = {module.path: module for module in modules.modules()}
PARTS = {path for paths in modules.JOINED.values() for path in paths}


def test_every_part_is_a_module_of_the_home_s_feature():
    for home, parts in modules.JOINED.items():
        assert len(set(parts)) == len(parts)
        for path in parts:
            assert ALL[path].feature == ALL[home].feature


@pytest.mark.parametrize("module", ALL.values(), ids=ALL)
def test_imports_lead_to_what_is_there(module):
    if module.path in PARTS:
        assert join.parts(module) == []
        return
    tree = ast.parse(join.joined(module))
    package = (
        module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package.split(".")[: package.count(".") + 2 - node.level]
            name = ".".join([*above, node.module] if node.module else above)
            found = {each.name: each for each in ALL.values()}
            for alias in node.names:
                inner = found.get(f"{name}.{alias.name}")
                assert inner is None or inner.path not in PARTS
            assert found[name].path not in PARTS, name


def test_a_board_has_one_file_for_several(tmp_path):
    sizes = stage(tmp_path, ["wbxml"])
    assert "microimps/client.mpy" in sizes
    assert not (tmp_path / "microimps" / "session.mpy").exists()
    assert "microimps/session.mpy" not in sizes
    assert "microimps/session.mpy" in stage(tmp_path, ["wbxml"], opt=2)


def test_two_modules_with_one_name_cannot_be_one(tmp_path, monkeypatch):
    other = tmp_path / "session.py"
    other.write_text("class Envelope:\n    pass\n")
    found = {**ALL, "core/session.py": replace(ALL["core/session.py"], source=other)}
    monkeypatch.setattr(join, "modules", lambda: list(found.values()))
    join.known.cache_clear()
    try:
        with pytest.raises(join.JoinError, match="core/envelope.py has Envelope too"):
            join.joined(found["core/client.py"])
    finally:
        join.known.cache_clear()
