"""Strict mode of PTS: what a request of a public code cannot carry is refused, all of it and no
more, and the page tells the same."""

import re

import pytest

from microimps.errors import LocalError
from microimps.pts.writer import Writer
from microimps.tools.conformance.models import models
from microimps.tools.tables import VERSIONS, pts, table

PAGE = "pts-extension.md"
PUBLIC = [row.meaning for row in pts.rows() if row.level == "transaction" and not row.private]
REQUESTS = [name for name in PUBLIC if name.endswith("-Request")]
ENVELOPE = ("WV-CSP-Message", "Session", "Transaction", "TransactionContent")
MESSAGE, SESSION, TRANSACTION, CONTENT = (table("1.2").numbers[name] for name in ENVELOPE)


def refused(version, primitive, *path):
    """Whether a request is refused once it holds the elements of the path, one in the other."""
    numbers = table(version).numbers
    w = Writer(64, int(version[-1]))
    w.begin()
    w.start(MESSAGE)
    w.start(SESSION)
    w.start(TRANSACTION)
    w.start(CONTENT)
    w.start(numbers[primitive])
    try:
        for name in path:
            w.start(numbers[name])
    except LocalError as error:
        assert error.args[0] == 46
        return True
    return False


def attributes(version):
    """Presence attributes."""
    return models()["PresenceSubList", version].names


def found(primitive):
    """What this request cannot carry in some version: elements in it, presence attributes."""
    out = set()
    for version in VERSIONS:
        if (primitive, version) not in models() or primitive not in table(version).numbers:
            continue
        for name in models()[primitive, version].names:
            if refused(version, primitive, name):
                out.add(name)
            elif name == "PresenceSubList":
                found = [a for a in attributes(version) if refused(version, primitive, name, a)]
                out.update(f"{name}/{each}" for each in found)
    return out


def told(root):
    """The page's table: request -> what it cannot carry."""
    text = (root / "docs" / PAGE).read_text("utf-8")
    part = text.partition("## Strict mode")[2].partition("\n## ")[0]
    assert part
    shared = re.search(r"^Presence attributes without a code: (.*?)\.$", part, re.M | re.S)
    names = {"PresenceSubList/" + each for each in re.findall(r"\w+", shared[1])}
    rows = {}
    for name, cell in re.findall(r"^\| (\w+-Request) \| (.*?) \|$", part, re.M):
        listed = set(re.findall(r"[\w-]+", cell.replace("presence attributes", "")))
        rows[name] = listed | (names if "presence attributes" in cell else set())
    return rows


@pytest.mark.parametrize("primitive", REQUESTS)
def test_what_is_refused_is_what_the_page_says(root, primitive):
    assert found(primitive) == told(root).get(primitive, set())


def test_the_page_names_requests_only(root):
    assert told(root).keys() <= set(REQUESTS)
    assert len(told(root)) > 2


def test_what_is_sent_without_the_element_is_whole():
    """The refusal is for the element, not for its request."""
    assert refused("1.3", "ListManage-Request", "AuthorizeAndGrant")
    assert not refused("1.3", "ListManage-Request", "AddNickList")
    with pytest.raises(LocalError) as caught:
        refused("1.3", "SendMessage-Request")
    assert caught.value.args[0] == 46
