"""What the modules that are always loaded cost before their first instruction.

Their functions, classes, dicts and names, with every function empty: no code, however short, can
come below that.
"""

from __future__ import annotations

import ast
from pathlib import Path

from .. import join
from ..modules import modules
from ..stage import board_source, compile_source
from .runtimes import Binary, WebAssembly

# What a client has loaded when it is set up, by its syntax.
LOADED = {
    "wbxml": ("ports", "codec", "wbxml", "client", "http_bearer", "ports.micropython.net"),
    "pts": ("ports", "ports.bearers", "pts", "pts.extension", "client", "sms_bearer"),
}


class _Emptied(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [ast.Pass()]
        return node


def stage_empty(tree: Path) -> None:
    """Compile all modules into `tree` as a board has them, their functions without a body."""
    for module in modules():
        if join.parts(module):
            source = _Emptied().visit(ast.parse(board_source(module)))
            octets = ast.unparse(ast.fix_missing_locations(source)).encode()
            out = (tree / module.target).with_suffix(".mpy")
            compile_source(octets, module.source, out, "microimps", 3)


def loaded(runtime: Binary | WebAssembly, tree: Path, syntax: str) -> int:
    """Octets of heap that the modules in `tree` keep which a client of this syntax has loaded."""
    imports = (f"import microimps.{name}" for name in LOADED[syntax])
    first, *_, last = runtime.run(tree, ["import sys", *imports])
    return last.heap - first.heap
