"""Names on a board: what applications may name stays, the rest costs nothing."""

import ast
import re
import subprocess
from collections import Counter

import pytest

from microimps.tools import modules, names
from microimps.tools.footprint import sets, surroundings
from microimps.tools.stage import mpy_cross


def compiled(source):
    command = [mpy_cross(), "-O3", "-s", "x", "-o", "-", "-"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout


def test_static_names_are_part_of_the_mpy_format():
    # such a name is a number in the file; any other is spelt out
    octets = compiled("".join(f"x.{name}\n" for name in names.STATIC) + "x.something\n")
    assert b"something" in octets
    spelt = [name for name in names.STATIC if name.encode() + b"\0" in octets]
    assert spelt == []


ASK = """
import micropython
for name in NAMES:
    micropython.qstr_info()
    compile(str(name, "utf-8"), "x", "exec")
micropython.qstr_info()
"""


def test_firmware_has_the_names_that_cost_no_heap(micropython):
    # spelt in octets here, so that asking does not bring them into memory
    spelt = [list(f"x.{name}".encode()) for name in (*names.ROM, "no_such_name")]
    script = ASK.replace("NAMES", f"map(bytes, {spelt})")
    done = subprocess.run([micropython, "-c", script], capture_output=True, text=True, check=True)
    counts = [int(count) for count in re.findall(r"n_qstr=(\d+)", done.stdout)]
    grown = [after - before for before, after in zip(counts, counts[1:], strict=False)]
    assert grown == [0] * len(names.ROM) + [1]


def test_the_list_of_public_names_is_current():
    cure = "python -m microimps.tools.names --write"
    assert names.PUBLIC.read_text() == names.documented(), cure


def test_what_applications_use_keeps_its_name():
    renamed = names.plan().names
    for name in names.PUBLIC.read_text().split():
        assert name not in renamed, name
    for name in ("login", "contacts", "events", "kind", "sender", "readinto", "write", "forget"):
        assert name not in renamed, name


def objects(begin):
    """All objects of ours that can be reached from one."""
    found, left = {}, [begin]
    while left:
        each = left.pop()
        if type(each).__module__.partition(".")[0] == "microimps" and id(each) not in found:
            found[id(each)] = each
            left += vars(each).values()
    return found.values()


@pytest.mark.parametrize("bearer", sets.BEARERS)
def test_no_object_has_two_attributes_of_one_name(bearer):
    """Those of a client that has used all features: at work, not as the plan sees them."""
    syntax = sets.BEARERS[bearer].syntaxes[0]
    features = tuple(name for name in sets.USES if name != sets.ASYNC)
    space = {}
    exec(sets.Set(bearer, syntax, features).source(), space)
    with surroundings.PLACES[bearer](3) as where:
        client = space["run"](where)
        found = list(objects(client))
        client.logout()
        client.close()
    kinds = {type(each).__name__ for each in found}
    assert {"Client", "Session"} < kinds and len(kinds) > 3
    for each in found:
        attributes = {*vars(each), *dir(type(each))}
        after = Counter(names.plan().names.get(name, name) for name in attributes)
        twice = {name for name, count in after.items() if count > 1}
        assert not twice, type(each)


def test_attributes_of_unknown_objects_share_no_name():
    """What is set from outside of a class may be on any object."""
    plan = names.plan()
    outside = [name for name in plan.names if names.ANYTHING in plan.holders.get(name, ())]
    assert len(outside) > 50
    given = Counter(plan.names[name] for name in plan.names if plan.holders.get(name))
    assert all(given[plan.names[name]] == 1 for name in outside)


@pytest.mark.parametrize("module", modules.modules(), ids=lambda module: module.path)
def test_a_module_says_the_same_under_other_names(module):
    source = module.source.read_bytes()
    before = names.strip(ast.parse(source))
    after = ast.parse(names.shorten(source))
    # the same nodes in the same order, whatever they are called
    assert [type(node) for node in ast.walk(before)] == [type(node) for node in ast.walk(after)]
    pairs = zip(ast.walk(before), ast.walk(after), strict=True)
    for old, new in pairs:
        if isinstance(old, ast.Constant):
            assert old.value == new.value
        elif isinstance(old, ast.keyword):
            assert old.arg == new.arg
        elif isinstance(old, ast.FunctionDef):
            # one name for one thing within a function
            variables = {n.id for n in ast.walk(old) if isinstance(n, ast.Name)}
            renamed = {n.id for n in ast.walk(new) if isinstance(n, ast.Name)}
            assert len(variables) == len(renamed), old.name


def test_names_given_by_keyword_and_in_strings_stay():
    source = b"""
from .errors import PeerError


class Thing:
    def __init__(self, retries):
        self.retries = retries
        self._speak = getattr(self, "login")


def _private(first, timeout=1):
    return first


def send(s, report):
    return _private(s, timeout=report)
"""
    left = names.shorten(source).decode()
    for kept in ("retries", "timeout", "report", "send", "login", "PeerError", "Thing"):
        assert kept in left
    for gone in ("_private", "first", "_speak"):
        assert gone not in left


@pytest.mark.parametrize(
    "path, kind",
    [
        ("core/operations.py", "Operations"),
        ("core/sms_bearer/bearer.py", "SmsBearer"),
        ("core/wsp_bearer.py", "WspBearer"),
        ("core/wtp_bearer.py", "WtpBearer"),
        ("core/cir_client.py", "Cir"),
        ("ports/micropython/uart.py", "Line"),
    ],
)
def test_arguments_that_are_passed_on_keep_their_names(path, kind):
    """`sms(..., **options)` and the like: an application names arguments of what it never sees."""
    source = (modules.ROOT / path).read_bytes()

    def kinds(octets):
        return [n for n in ast.walk(ast.parse(octets)) if isinstance(n, ast.ClassDef)]

    def arguments(octets):
        begin = next(f for f in kinds(octets)[at].body if getattr(f, "name", "") == "__init__")
        return [arg.arg for arg in begin.args.args[1:] + begin.args.kwonlyargs]

    at = [each.name for each in kinds(source)].index(kind)
    assert arguments(names.shorten(source)) == arguments(source) != []


@pytest.mark.parametrize(
    "use, kept",
    [
        ("_A = const(1)", False),
        ("_A = const(1)\nprint(_A)", False),
        ("_A = const(1)\nprint(const(2))", True),
        ("_A = 1, const(2)", True),
        ("_A = _B = const(2)", True),
        ("f = const", True),
    ],
)
def test_the_import_of_const_goes_where_every_use_is_folded(use, kept):
    begin = '"""Text."""\n\nfrom ..const import const\nfrom .errors import PeerError\n'
    left = ast.unparse(names.strip(ast.parse(begin + use + "\n")))
    assert ("import const" in left) is kept
    assert "Text" not in left
