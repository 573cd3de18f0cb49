"""Feature sets: what a client of some features over one bearer costs, measured while it uses them.

Each set is staged by itself, so that a session which passes shows that it is complete.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..stage import compile_file, stage
from .surroundings import USER

PROGRAM = "uses"  # the name of its session in a staged tree
ASYNC = "async"
AREAS = ("lists", "presence", "messaging")


@dataclass(frozen=True)
class Bearer:
    """features: what a board needs of it; syntaxes: the first is the usual one; make: source of
    the lines that make the bearer `b` of `where`; wait: ms for a message to arrive; options: more
    arguments of the client."""

    features: tuple[str, ...]
    syntaxes: tuple[str, ...]
    make: str
    wait: int = 0
    options: str = ""


BEARERS = {
    "http": Bearer(
        ("http",), ("wbxml", "xml"), "from microimps.ports import http\nb = http(where)"
    ),
    "wsp": Bearer(
        ("wsp", "bearers", "datagrams"),
        ("wbxml", "xml"),
        'from microimps.ports import wsp\nb = wsp(where, "http://service/")',
    ),
    "sms": Bearer(
        ("sms", "bearers"),
        ("pts",),
        'from microimps.ports import sms\nb = sms(where, "+15553590")\nb.modem.gap_ms = 0',
        20000,
        ", version=3, extension=True",
    ),
}

# Feature -> what a session does with it. `each` and `done` are `for` and nothing, or the words
# of asyncio for that.
USES = {
    "lists": "{each} _ in client.contacts():\n    pass",
    "presence": "{each} _ in client.presence(users=(USER,)):\n    pass",
    "messaging": '{done}client.send(USER, "Hello")\n{each} _ in client.events({wait}):\n    break',
    "groups": 'room = "wv:anna/room@example.org"\n'
    '{done}client.create_group(room, {{"Name": "Room"}})\n'
    "{each} _ in client.joined(room):\n    pass\n"
    "{done}client.delete_group(room)",
    "search": '{each} _ in client.search(("USER_ID", USER)):\n    pass',
    "invite": '{done}client.invite(USER, "IM", text="Hello")',
    "blocking": "{each} _ in client.blocked():\n    pass",
    ASYNC: "",
}


class SetError(ValueError):
    """A set that cannot be; the text names what can."""


@dataclass(frozen=True)
class Set:
    """A client over one bearer, in one syntax, that uses these features."""

    bearer: str
    syntax: str
    features: tuple[str, ...]

    @property
    def name(self) -> str:
        """Such as "HTTP + WBXML, groups": contact lists, presence and messaging go without
        saying where it has all three, and what there is follows a colon where it has not."""
        name = f"{self.bearer.upper()} + {self.syntax.upper()}"
        if set(AREAS) <= set(self.features):
            return ", ".join([name, *(each for each in self.features if each not in AREAS)])
        return f"{name}: {', '.join(self.features) or 'login only'}"

    @property
    def board(self) -> tuple[str, ...]:
        """Features of tools/modules.py that a board needs for it."""
        return (*BEARERS[self.bearer].features, self.syntax, *self.features)

    def source(self) -> str:
        """The session, as a module with run(where), which returns the client."""
        bearer = BEARERS[self.bearer]
        tasks = ASYNC in self.features
        words = {
            "each": "async for" if tasks else "for",
            "done": "await " if tasks else "",
            "wait": bearer.wait,
            # an iteration in the middle would keep what it is in the middle of
            "shut": "" if tasks else "events.close()",
        }
        uses = [USES[feature].format(**words) for feature in self.features]
        client = "AsyncClient" if tasks else "Client"
        begin = f'client = {client}(b, USER, "secret", syntax="{self.syntax}"{bearer.options})'
        login = f"{words['done']}client.login()"
        lines = (f"from microimps import {client}", bearer.make, begin, login, *uses)
        body = textwrap.indent("\n".join((*lines, "return client")), "    ")
        logout = "client.logout()"
        if tasks:
            body = _AWAITED + body
            logout = f"asyncio.run({logout})"
        return _MODULE.format(user=USER, body=body, logout=logout, asyncio="asyncio, " * tasks)


_MODULE = """\
import gc

if hasattr(gc, "threshold"):
    gc.threshold(1024)

USER = "{user}"


def run(where):
{body}


if __name__ == "__main__":
    import {asyncio}sys

    client = run(sys.argv[1])
    {logout}
    client.close()
    print("done")
"""

_AWAITED = """\
    import asyncio

    return asyncio.run(session(where))


async def session(where):
"""

# The table: what each step of a client costs more.
SETS = (
    Set("http", "wbxml", ()),
    Set("http", "wbxml", AREAS),
    Set("http", "wbxml", (*AREAS, "search")),
    Set("http", "wbxml", (*AREAS, "groups")),
    Set("http", "wbxml", (*AREAS, "groups", "search", "invite", "blocking")),
    Set("http", "wbxml", (*AREAS, ASYNC)),
    Set("http", "xml", AREAS),
    Set("wsp", "wbxml", AREAS),
    Set("sms", "pts", AREAS),
)


def chosen(bearers: Iterable[str], features: Iterable[str]) -> list[Set]:
    """A set over each bearer, in its usual syntax unless one is among the features. Raises
    SetError."""
    wanted = tuple(dict.fromkeys(features))
    syntaxes = {syntax for bearer in BEARERS.values() for syntax in bearer.syntaxes}
    for given, known in ((bearers, set(BEARERS)), (wanted, {*USES, *syntaxes})):
        unknown = sorted(set(given) - known)
        if unknown:
            raise SetError(f"{', '.join(unknown)}: choose from {', '.join(sorted(known))}")
    found = []
    for bearer in bearers:
        named = [name for name in wanted if name in syntaxes]
        fit = named or [BEARERS[bearer].syntaxes[0]]
        if len(fit) > 1 or fit[0] not in BEARERS[bearer].syntaxes:
            able = " or ".join(BEARERS[bearer].syntaxes)
            raise SetError(f"{bearer} with {', '.join(fit)}: choose one of {able}")
        found.append(Set(bearer, fit[0], tuple(name for name in USES if name in wanted)))
    return found


def build(wanted: Set, tree: Path) -> int:
    """Stage a set and its session into `tree`; returns octets of flash, without the session."""
    # the serial lines of a PC take the place of a board's UART
    extra = ("tty",) if wanted.bearer == "sms" else ()
    sizes = stage(tree, (*wanted.board, *extra))
    source = tree / f"{PROGRAM}.py"
    source.write_text(wanted.source())
    compile_file(source, source.with_suffix(".mpy"), source.name, 3)
    return sum(size for path, size in sizes.items() if not path.endswith("/tty.mpy"))
