"""Names on a board: internal ones become names that its firmware has anyway.

A board keeps every name of a loaded program in RAM for ever: 20 to 30 octets for each attribute,
function and argument, a quarter of the client's heap. But some hundred names are in the ROM of
every MicroPython, and an .mpy refers to them by number. So what only microimps itself sees is
called by one of those on its way to a board; what an application may name keeps its name.

A name is an application's if the documentation shows it (tables/public.txt, written by
``python -m microimps.tools.names --write``), if it is a task, or if a string or a keyword in the
code spells it. All modules that boards may have are renamed alike, whichever of them one gets.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import functools
import hashlib
import itertools
import keyword
import re
import string
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from microimps.primitives import areas

from .join import top_level
from .modules import FEATURES, HOST, ROOT, modules

PUBLIC = Path(__file__).parent / "tables" / "public.txt"

# In the ROM of every MicroPython, as part of the .mpy format: a test asks mpy-cross.
STATIC = tuple(
    """abs all any append args bool bytearray bytecode bytes callable chr classmethod clear close
    const copy count dict dir divmod end endswith eval exec extend find format from_bytes get
    getattr globals hasattr hash id index insert int isalpha isdigit isinstance islower isspace
    issubclass isupper items iter join key keys len list little locals lower lstrip main map
    micropython next object open ord pop popitem pow print range read readinto readline remove
    replace repr reverse rfind rindex round rsplit rstrip self send sep set setattr setdefault
    sort sorted split start startswith step stop str strip sum super throw to_bytes tuple type
    update upper value values write zip""".split()
)

# In the ROM of firmware with the usual modules (math, struct, json, collections and the like), so
# that they cost a board flash but no heap: a test asks MicroPython. The shortest first.
ROM = tuple(
    """e pi bin cos exp hex inf log max min nan oct sin sub tan acos argv asin atan ceil dump exit
    fabs fmod imag load modf pack real seek sqrt tell atan2 crc32 deque dumps floor frexp isinf
    isnan ldexp loads match trunc union center enable gmtime mktime sha256 unpack degrees disable
    discard heapify heappop radians time_ns localtime calcsize fromkeys heappush isfinite
    ilistdir isdisjoint isenabled partition""".split()
)

ANYTHING = "*"  # a holder of attributes that may be of any class

# Pages that are not about what applications write.
_INSIDE = tuple(
    """architecture chat conformance decode doctor flash footprint gsm pts-extension sim
    trial""".split()
)

# What boards and hosts call attributes of objects that are not ours: these stay.
_TYPES = (str, bytes, bytearray, memoryview, int, list, dict, tuple, set, Exception, OSError)
_LIBRARY = frozenset(
    """CERT_REQUIRED PROTOCOL_TLS_CLIENT SSLContext load_verify_locations verify_mode wrap_socket
    POLLIN POLLOUT SOCK_STREAM SOCK_DGRAM connect getaddrinfo poll register unregister modify
    ipoll sendto recvfrom setblocking settimeout socket bind listen accept fileno flush drain
    open_connection start_server wait_closed get_extra_info create_task gather sleep sleep_ms
    ticks_ms ticks_diff Lock Event acquire release StreamReader StreamWriter wait_for wait_for_ms
    urandom unlink rename stat listdir mkdir collect mem_free mem_alloc threshold modules
    hexlify unhexlify a2b_base64 b2a_base64 sha1 md5 digest new UART Pin machine OUT IN init
    deinit irq on off rxbuf txbuf RTS CTS flow txdone any readuntil
    wait tcgetattr tcsetattr errno""".split()
)


# Whose names come first, because most boards have them.
_FIRST = ("base", "wbxml", "http", "messaging", "presence", "lists")


def _trees() -> dict[str, ast.Module]:
    # what boards may have, by path
    rest = [name for name in FEATURES if name not in (*_FIRST, HOST)]
    names = [*_FIRST, *rest]
    found = [module for name in names for module in modules([name]) if module.feature == name]
    return {module.path: ast.parse(module.source.read_bytes()) for module in found}


Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _folded(tree: ast.Module, name: str) -> bool:
    # a private constant: mpy-cross leaves nothing of it
    for node in tree.body:
        match node:
            case ast.Assign([ast.Name(found)], ast.Call(ast.Name("const"))) if found == name:
                return True
    return False


def _functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _parameters(function: Function) -> list[ast.arg]:
    a = function.args
    rest = [arg for arg in (a.vararg, a.kwarg) if arg]
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *rest]


def _spelt(trees: Iterable[ast.Module]) -> set[str]:
    # in a string, as a keyword, or as a module: looked up by name when the program runs
    out: set[str] = set()
    for node in itertools.chain.from_iterable(map(ast.walk, trees)):
        match node:
            case ast.Constant(str(text)):
                out.update(re.findall(r"\w+", text))
            case ast.keyword(str(name)):
                out.add(name)
            case ast.ImportFrom(module, names, level):
                out.update((module or "").split("."))
                if not (module and level):
                    out.update(alias.name for alias in names)
            case ast.Import(names):
                out.update(part for alias in names for part in alias.name.split("."))
    return out


def tasks() -> list[str]:
    """Names of all tasks of applications."""
    return [name.lstrip("*") for _, names in areas.TASKS for name in names.split()]


class Plan:
    """What is renamed to what in all modules.

    names: attributes, methods and globals that modules share; kept: attributes that stay; open:
    names that applications may use; keywords: arguments that a call in our code names; families:
    by class, a name for all that it is related to; made: families of classes that applications
    make or name arguments for; holders: by attribute, the families that have it.
    """

    def __init__(self) -> None:
        trees = {path: strip(tree) for path, tree in _trees().items()}
        public = set(PUBLIC.read_text().split())
        spelt = _spelt(trees.values())
        types = {name for kind in _TYPES for name in dir(kind)}
        paths = {part for path in trees for part in Path(path).with_suffix("").parts}
        own = {name for tree in trees.values() for name in top_level(tree)}
        self.kept = {*public, *spelt, *types, *paths, *_LIBRARY, *STATIC, *dir(builtins)}
        attributes, functions = self._defined(trees.values())
        every = {node.attr for tree in trees.values() for node in _of(tree, ast.Attribute)}
        variables = {node.id for tree in trees.values() for node in _of(tree, ast.Name)}
        variables |= {
            arg.arg for tree in trees.values() for f in _functions(tree) for arg in _parameters(f)
        }
        renamed = [name for name in attributes if name not in self.kept]
        alone = [name for name in renamed if name not in own]
        self.families = _families(trees.values())
        known = public | spelt | _starred(trees.values())
        self.made = {family for name, family in self.families.items() if name in known}
        self.holders = _holders(trees.values(), self.families)
        self.names = _given(alone, self.holders, _free(every | public))
        stay = {*public, *spelt, *every, *paths, *STATIC}
        shared = [name for name in functions if name not in stay]
        # these may be called like attributes, never like variables
        self.names.update(zip(shared, _free(variables | public), strict=False))
        # and these, attributes here and a module's own there, like neither
        both = [name for name in renamed if name in own]
        taken = variables | public | every | {*self.names.values()}
        self.names.update(zip(both, _free(taken), strict=False))
        methods = {
            f.name
            for tree in trees.values()
            for c in _of(tree, ast.ClassDef)
            for f in _functions(c)
        }
        # what areas and others share is no application's, but for the tasks
        shared_only = {
            f.name
            for path, tree in trees.items()
            if path.startswith("core/")
            for f in tree.body
            if isinstance(f, ast.FunctionDef)
        }
        self.tasks = set(tasks())
        self.public = public
        self.open = (public | spelt) - (shared_only - methods - self.tasks)
        self.keywords = {
            str(node.arg) for tree in trees.values() for node in _of(tree, ast.keyword)
        }

    def _defined(self, trees: Iterable[ast.Module]) -> tuple[list[str], list[str]]:
        # attributes that our code sets, and functions that modules import, the first seen first
        attributes: Counter[str] = Counter()
        functions: Counter[str] = Counter()
        for tree in trees:
            for node in ast.walk(tree):
                match node:
                    case ast.Attribute(attr=name, ctx=ast.Store()):
                        attributes[name] += 1
                    case ast.ClassDef(body=body):
                        attributes.update(f.name for f in body if isinstance(f, ast.FunctionDef))
                        assigned = [a.targets for a in body if isinstance(a, ast.Assign)]
                        attributes.update(
                            t.id for ts in assigned for t in ts if isinstance(t, ast.Name)
                        )
                    case ast.ImportFrom(str(), names, level) if level:
                        functions.update(alias.name for alias in names)
        dunder = re.compile(r"__\w+__")
        return (
            [name for name in attributes if not dunder.fullmatch(name)],
            [name for name in functions if name not in attributes],
        )

    def given_by_name(self, function: Function, family: str) -> set[str]:
        """Parameters that keep their names: all of a task and of what applications make, else by
        use, ours or documented. family: of the class whose method it is, "" for none."""
        begin = function.name == "__init__"
        if begin and family in self.made or not family and function.name in self.tasks:
            return {arg.arg for arg in _parameters(function)[1:]} | self.keywords
        known = begin or function.name in self.open
        return self.keywords | self.public if known else self.keywords

    def digest(self) -> str:
        """Short text that changes when a module must be compiled anew."""
        return hashlib.sha256(repr((self.names, sorted(self.keywords))).encode()).hexdigest()[:12]


def _of(tree: ast.AST, kind: type[Node]) -> Iterator[Node]:
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def _meant(tree: ast.Module, name: str) -> set[str]:
    # what a name may be called where it is from
    aliases = (a for n in _of(tree, ast.ImportFrom) for a in n.names if a.asname == name)
    return {a.name for a in aliases} or {name}


def _families(trees: Iterable[ast.Module]) -> dict[str, str]:
    # class -> one name for it and all that it is related to; classes of one name are one
    found: dict[str, set[str]] = {}
    for tree in trees:
        for node in _of(tree, ast.ClassDef):
            bases = (base.id for base in node.bases if isinstance(base, ast.Name))
            related = {node.name}.union(*(_meant(tree, base) for base in bases))
            together = related.union(*(found.get(name, set()) for name in related))
            found.update(dict.fromkeys(together, together))
    return {name: min(together) for name, together in found.items()}


def _starred(trees: Iterable[ast.Module]) -> set[str]:
    # what is called with arguments that somebody else has named
    found: set[str] = set()
    for tree in trees:
        for node in _of(tree, ast.Call):
            if any(word.arg is None for word in node.keywords):
                found |= _meant(tree, ast.unparse(node.func).rpartition(".")[2])
    return found


def _holders(trees: Iterable[ast.Module], families: dict[str, str]) -> dict[str, set[str]]:
    # attribute -> families of classes that set it; ANYTHING where it is set from elsewhere
    found: dict[str, set[str]] = defaultdict(set)
    for tree in trees:
        own: set[ast.Attribute] = set()
        for node in _of(tree, ast.ClassDef):
            family = families[node.name]
            for target in (t for a in node.body if isinstance(a, ast.Assign) for t in a.targets):
                found[ast.unparse(target)].add(family)
            for method in (member for member in node.body if isinstance(member, Function)):
                found[method.name].add(family)
                first = [arg.arg for arg in _parameters(method)[:1]]
                own.update(
                    each
                    for each in _set(method)
                    if isinstance(each.value, ast.Name) and each.value.id in first
                )
                for each in own.intersection(_set(method)):
                    found[each.attr].add(family)
        for each in own.symmetric_difference(_set(tree)):
            found[each.attr].add(ANYTHING)
    return found


def _set(tree: ast.AST) -> list[ast.Attribute]:
    return [each for each in _of(tree, ast.Attribute) if isinstance(each.ctx, ast.Store)]


def _given(
    attributes: list[str], holders: dict[str, set[str]], free: Iterator[str]
) -> dict[str, str]:
    # as registers are given to variables: two have one name where no object has both
    names = list(itertools.islice(free, len(attributes)))
    used: dict[str, set[str]] = defaultdict(set)
    out = {}
    for attribute in attributes:
        mine = holders.get(attribute) or {ANYTHING}
        out[attribute] = name = next(n for n in names if not _meet(used[n], mine))
        used[name] |= mine
    return out


def _meet(some: set[str], others: set[str]) -> bool:
    return bool(some and others and (ANYTHING in some | others or some & others))


def _free(taken: set[str]) -> Iterator[str]:
    # names to be given: those that cost nothing, then those that cost flash, then the shortest
    yield from (name for name in (*STATIC, *ROM) if name not in taken)
    for n in (1, 2):
        for letters in itertools.product(string.ascii_lowercase, repeat=n):
            name = "".join(letters)
            if name not in taken and name not in ROM and not keyword.iskeyword(name):
                yield name


def strip(tree: ast.Module) -> ast.Module:
    """The module without docstrings and without the import of `const`.

    mpy-cross folds every `NAME = const(value)`; the import stays where one is used otherwise.
    """
    folded = uses = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        match node:
            case ast.Assign([ast.Name()], ast.Call(ast.Name("const"), [_], [])):
                folded += 1
            case ast.Name("const"):
                uses += 1
    if folded == uses:
        tree.body = [n for n in tree.body if not _imports_const(n)]
    return tree


def _imports_const(node: ast.stmt) -> bool:
    match node:
        case ast.ImportFrom("const", [ast.alias("const")]):
            return True
    return False


class _Renamer(ast.NodeTransformer):
    def __init__(self, plan: Plan, tree: ast.Module) -> None:
        self.plan = plan
        own = set(top_level(tree))
        imported = {a.name for n in _of(tree, ast.ImportFrom) if n.level for a in n.names}
        used = {n.id for n in _of(tree, ast.Name)} | own | imported
        self.globals = {n: plan.names[n] for n in own | imported if n in plan.names}
        private = sorted(n for n in own - plan.open if n[0] == "_" and n[-1] != "_")
        private = [n for n in private if not _folded(tree, n)]
        used |= set(self.globals.values())
        self.globals.update(zip(private, (n for n in STATIC if n not in used), strict=False))
        self.family = ""  # of the class that is being visited

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.globals.get(node.id, node.id)
        return node

    def visit_alias(self, node: ast.alias) -> ast.alias:
        node.name = self.globals.get(node.name, node.name)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        self.generic_visit(node)
        node.attr = self.plan.names.get(node.attr, node.attr)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        names = self.plan.names
        for member in node.body:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                member.name = names.get(member.name, member.name)
            elif isinstance(member, ast.Assign):
                for target in member.targets:
                    if isinstance(target, ast.Name):
                        target.id = names.get(target.id, target.id)
        self.family = self.plan.families.get(node.name, node.name)
        node.name = self.globals.get(node.name, node.name)
        self.generic_visit(node)
        self.family = ""
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self._shorten_parameters(node)
        node.name = self.globals.get(node.name, node.name)
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        self._shorten_parameters(node)
        self.generic_visit(node)
        return node

    def _shorten_parameters(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        given = _parameters(node)
        used = {n.id for n in _of(node, ast.Name)} | {
            a.arg for f in _functions(node) for a in _parameters(f)
        }
        used |= set(self.globals.values()) | {self.globals.get(name, name) for name in used}
        free = (name for name in STATIC if name not in used)
        imported = {a.asname or a.name for n in _of(node, ast.ImportFrom) for a in n.names}
        stay = imported | self.plan.given_by_name(node, self.family)
        new = {
            arg.arg: next(free) for arg in given if arg.arg not in stay and arg.arg not in STATIC
        }
        for arg in given:
            arg.arg = new.get(arg.arg, arg.arg)
        for name in _of(node, ast.Name):
            name.id = new.get(name.id, name.id)


@functools.cache
def plan() -> Plan:
    """The one plan of this process: the sources are read when it is first asked for."""
    return Plan()


def shorten(source: bytes) -> bytes:
    """A module of core/ or ports/ as a board gets it."""
    tree = strip(ast.parse(source))
    tree = _Renamer(plan(), tree).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)).encode()


def documented() -> str:
    """The text of public.txt: what code in the documentation and the demonstration shows."""
    pages = [page for page in (ROOT / "docs").glob("*.md") if page.stem not in _INSIDE]
    code = [page.read_text() for page in (ROOT / "tools" / "demo").glob("board*.py")]
    for page in [ROOT / "README.md", *pages]:
        code += re.findall(
            r"(?<=```python\n).*?(?=```)|(?<=`)[^`\n]+(?=`)", page.read_text(), re.S
        )
    shown = {name for text in code for name in _shown(text)}
    own = {name for tree in _trees().values() for name in _named(tree)}
    return "\n".join(sorted(shown & own)) + "\n"


def _shown(code: str) -> set[str]:
    # what an application's code has of us: not its own variables; nothing where it is no code
    try:
        tree = ast.parse(code.removeprefix("for ") if code.count("\n") == 0 else code)
    except SyntaxError:
        return set()
    own = {n.id for n in _of(tree, ast.Name) if isinstance(n.ctx, ast.Store)}
    own |= {f.name for f in _functions(tree)}
    own |= {arg.arg for f in _functions(tree) for arg in _parameters(f)}
    imported = {a.name for n in _of(tree, ast.ImportFrom) for a in n.names}
    out = {n.id for n in _of(tree, ast.Name)} - own
    out |= {n.attr for n in _of(tree, ast.Attribute)}
    return out | imported | {str(n.arg) for n in _of(tree, ast.keyword)}


def _named(tree: ast.Module) -> set[str]:
    # every name in a module
    out = {node.id for node in _of(tree, ast.Name)}
    out |= {node.attr for node in _of(tree, ast.Attribute)}
    out |= {str(node.arg) for node in _of(tree, ast.keyword)}
    out |= {f.name for f in _functions(tree)}
    return out | {arg.arg for f in _functions(tree) for arg in _parameters(f)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m microimps.tools.names")
    parser.add_argument("--write", action="store_true", help="write tables/public.txt")
    if parser.parse_args().write:
        PUBLIC.write_text(documented())
        return
    for name, short in plan().names.items():
        sys.stdout.write(f"{short:12} {name}\n")


if __name__ == "__main__":
    main()
