"""Every code that the client raises has a text that names cause and cure."""

import ast

from microimps import status
from microimps.tools.modules import ROOT

TABLES = {"LocalError": status.LOCAL, "PeerError": status.PEER}


def constants(tree: ast.Module) -> dict[str, int]:
    """Names bound to ``const(number)`` at the top of a module."""
    return {
        node.targets[0].id: node.value.args[0].value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.args[0], ast.Constant)
    }


def test_every_code_has_a_text() -> None:
    seen = set()
    for path in sorted((ROOT / "core").rglob("*.py")):
        tree = ast.parse(path.read_text())
        codes = constants(tree)
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            table = TABLES.get(call.func.id)
            if table is None:
                continue
            choice = call.args[0]
            branches = (choice.body, choice.orelse) if isinstance(choice, ast.IfExp) else (choice,)
            for each in branches:
                if isinstance(each, ast.Name):
                    assert codes[each.id] in table, f"{path}: {call.func.id} {codes[each.id]}"
                    seen.add((call.func.id, codes[each.id]))
    assert len(seen) > 40
