"""The client's table of presence attributes, held against the token tables and the models."""

from microimps.primitives.sublist import TABLES
from microimps.tools.conformance import models
from microimps.tools.sim.attributes import ATTRIBUTES, EXTENSIONS
from microimps.tools.tables import VERSIONS, table

WORD, NUMBER, PARTS = 1, 2, 3
INNER = "Qualifier"


def entries():
    """(page << 6 | token, kind, name) in order."""
    found = []
    for piece in TABLES:
        assert len(piece) < 512
        i = 0
        while i < len(piece) - 1:
            z = piece.find(b"\xff", i + 4)
            name = piece[i + 4 : z].decode()
            found.append((piece[i + 1] << 6 | piece[i + 2], piece[i + 3], name))
            i = z
    return found


def test_numbers():
    numbers = table("1.3").numbers | table("1.2").numbers
    for number, _, name in entries():
        assert numbers[name] == number, name


def test_the_attributes_are_all_and_in_order():
    names = [name for *_, name in entries()]
    assert names[: names.index(INNER)] == list(ATTRIBUTES) and EXTENSIONS not in names


def test_everything_an_attribute_may_hold_is_known_in_its_order():
    known = {name: (at, kind) for at, (_, kind, name) in enumerate(entries())}
    seen = set()
    for version in VERSIONS:
        for name, (_, kind) in known.items():
            model = models().get((name, version))
            inside = list(model.names) if model and name != "Status" else []
            assert bool(inside) >= (kind == PARTS) or model is None, (name, version)
            if kind == PARTS and "CName" not in inside:
                assert inside == sorted(inside, key=lambda each: known[each][0]), name
            seen.update(inside)
    assert seen - {"CName"} <= set(known)


def test_kinds():
    types = table("1.3").types
    for number, kind, name in entries():
        if kind == NUMBER:
            assert types.get(number) == "integer", name
        if name in ("Qualifier", "AnyContent"):
            assert kind == WORD, name
