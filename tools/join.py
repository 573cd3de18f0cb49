"""Joining: modules that are always loaded together go to a board as one.

A module costs a board some 250 octets of heap beside its code, and three names for ever. JOINED
in modules.py says what is joined; here the sources are joined on their way to a board, and every
import of a module that is no longer there is led to where its names are now.
"""

from __future__ import annotations

import ast
import functools

from .modules import JOINED, Module, modules


class JoinError(Exception):
    """Modules that cannot be one: the text says which name stands in the way."""


@functools.cache
def known() -> dict[str, Module]:
    """All modules that boards may have, by import name."""
    return {module.name: module for module in modules()}


@functools.cache
def _homes() -> dict[str, str]:
    # import name of a module that was joined to another -> that of the other
    by_path = {module.path: module.name for module in known().values()}
    return {by_path[path]: by_path[home] for home, parts in JOINED.items() for path in parts}


def parts(module: Module) -> list[Module]:
    """The modules whose code this one has on a board, itself the last; none if it is not there."""
    if module.name in _homes():
        return []
    by_path = {found.path: found for found in known().values()}
    return [*(by_path[path] for path in JOINED.get(module.path, ())), module]


class _Imports(ast.NodeTransformer):
    """Leads the relative imports of one module to where things are on a board."""

    def __init__(self, module: Module, home: Module, there: set[str]) -> None:
        self.module = module
        self.home = home
        self.there = there  # the names of all that is joined

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        if not node.level:
            return node
        source = self.module.source_of(node)
        moved = _homes().get(source, source)
        kept = []
        for alias in node.names:
            inner = f"{source}.{alias.name}"
            if inner in _homes():
                raise JoinError(f"{self.module.path}: {inner} is no module of its own on a board")
            if moved != self.home.name or alias.name not in self.there:
                kept.append(alias)
            elif alias.asname:
                raise JoinError(f"{self.module.path}: {alias.name} has two names in one module")
        return self._relative(moved, kept) if kept else []

    def _relative(self, source: str, names: list[ast.alias]) -> ast.ImportFrom:
        here, there = self.home.package.split("."), source.split(".")
        same = 0
        while same < min(len(here), len(there)) and here[same] == there[same]:
            same += 1
        return ast.ImportFrom(".".join(there[same:]) or None, names, len(here) - same + 1)

    def visit_Try(self, node: ast.Try) -> ast.stmt | list[ast.stmt]:
        # a choice between modules of which only one ever goes to a board is made here
        choices = [node.body, *(handler.body for handler in node.handlers)]
        found = [name for body in choices for name in self._imported(body)]
        if found and not all(name in known() for name in found):
            for body in choices:
                if all(name in known() for name in self._imported(body)):
                    body = [node for node in body if not isinstance(node, ast.Pass)]
                    return [self.visit(node) for node in body]
        return ast.NodeTransformer.generic_visit(self, node)  # type: ignore[return-value]

    def _imported(self, body: list[ast.stmt]) -> list[str]:
        # the modules of ours that a `from . import x` names
        imports = [node for node in body if isinstance(node, ast.ImportFrom)]
        own = [node for node in imports if node.level == 1 and not node.module]
        return [f"{self.module.package}.{alias.name}" for node in own for alias in node.names]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "__name__" and self.module is not self.home:
            return ast.Constant(self.module.name)
        return node


class _Privates(ast.NodeTransformer):
    """Gives the private names of a module's top level an ending of their own."""

    def __init__(self, tree: ast.Module, ending: str) -> None:
        self.ending = ending
        self.mine = {name for name in top_level(tree) if name[0] == "_" and name[-1] != "_"}

    def _new(self, name: str) -> str:
        return name + self.ending if name in self.mine else name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._new(node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.name = self._new(node.name)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        methods = [(f, f.name) for f in node.body if isinstance(f, ast.FunctionDef)]
        self.generic_visit(node)
        for method, name in methods:  # no name of the module
            method.name = name
        node.name = self._new(node.name)
        return node


def top_level(tree: ast.Module) -> list[str]:
    """The names that a module gives to constants, functions and classes."""
    found = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name) | ast.ClassDef(name):
                found.append(name)
            case ast.Assign(targets):
                found += [target.id for target in targets if isinstance(target, ast.Name)]
    return found


def _once(body: list[ast.stmt]) -> list[ast.stmt]:
    # the same import in two modules is one
    seen: set[str] = set()
    out = []
    for node in body:
        text = ast.unparse(node) if isinstance(node, ast.Import | ast.ImportFrom) else ""
        if text and text in seen:
            continue
        seen.add(text)
        out.append(node)
    return out


def joined(module: Module) -> bytes:
    """Source of a module as a board has it, with those that are joined to it.

    Raises JoinError where two of them have the same public name.
    """
    body: list[ast.stmt] = []
    taken: dict[str, str] = {}
    trees = {part: ast.parse(part.source.read_bytes()) for part in parts(module)}
    there = {name for tree in trees.values() for name in top_level(tree)}
    for number, (part, tree) in enumerate(trees.items()):
        if ast.get_docstring(tree) is not None:
            tree.body = tree.body[1:]
        tree = _Imports(part, module, there).visit(tree)
        if part is not module:
            tree = _Privates(tree, f"_{number}").visit(tree)
        for name in top_level(tree):
            if taken.setdefault(name, part.path) != part.path:
                raise JoinError(f"{part.path}: {taken[name]} has {name} too")
        body += tree.body
    return ast.unparse(ast.fix_missing_locations(ast.Module(_once(body), []))).encode()
