"""What goes to a board: modules of the chosen features, compiled, and the settings."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..modules import FEATURES, HOST, Module, modules
from ..stage import StageError, compile_module
from .board import UNFIT, Facts, FlashError

# Bearer -> what it needs besides; the comments in modules.py say why.
BEARERS = {
    "http": ("http",),
    "sms": ("sms", "pts", "bearers", "notices"),
    "wsp": ("wsp", "bearers", "datagrams"),
}
EVERYDAY = ("lists", "presence", "messaging")
_NEEDED = {"base", "wbxml", "tty", "hashes", "datagrams", "bearers", "notices", "pts", *BEARERS}
MORE = tuple(name for name in FEATURES if name not in (HOST, *EVERYDAY, *_NEEDED))

# Imports that are there for another choice: (feature that imports, feature that may be missing).
# `bearers` makes each bearer that is asked for; which are wanted, the choice says.
_OPTIONAL = {("notices", "sms"), *(("bearers", name) for name in ("cir", "sms", "wsp", "wtp"))}

# Modules that only one kind of MicroPython can load.
_UART, _TTY = "ports/micropython/uart.py", "ports/micropython/tty.py"


@dataclass(frozen=True)
class Choice:
    """What is wanted on a board.

    bearers: of BEARERS; more, less: features besides EVERYDAY, and of it not; syntax: `wbxml` or
    `xml`, over HTTP and WSP; debug: with line numbers and all names.
    """

    bearers: tuple[str, ...] = ("http",)
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    syntax: str = "wbxml"
    debug: bool = False

    def __post_init__(self) -> None:
        choices = set(FEATURES) - {HOST, "base"}
        for name, known in [
            *((name, set(BEARERS)) for name in self.bearers),
            *((name, choices) for name in self.more + self.less),
            (self.syntax, {"wbxml", "xml"}),
        ]:
            if name not in known:
                raise FlashError(f"no {name!r}; choose from {', '.join(sorted(known))}", 2)


def _imported(module: Module) -> set[str]:
    # names of what it imports from the project, wherever the import stands
    found = set()
    for node in ast.walk(ast.parse(module.source.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.level:
            source = module.source_of(node)
            found |= {source} if node.module else {f"{source}.{a.name}" for a in node.names}
    return found


def complete(features: Iterable[str]) -> set[str]:
    """The features and all that their modules import; what `base` imports at need is optional."""
    homes = {module.name: module.feature for module in modules()}
    wanted, found = set(features), {"base"}
    while wanted - found:
        feature = (wanted - found).pop()
        found.add(feature)
        for module in modules((feature,)):
            if module.feature == feature:
                needed = {homes[name] for name in _imported(module) if name in homes}
                wanted |= {name for name in needed if (feature, name) not in _OPTIONAL}
    return found


def features(choice: Choice, facts: Facts) -> list[str]:
    """Features for this board, `base` included, by name."""
    found = set(EVERYDAY) | set(choice.more)
    for bearer in choice.bearers:
        found |= set(BEARERS[bearer])
    if set(choice.bearers) - {"sms"}:
        found.add(choice.syntax)
    if "cir" in found:
        found |= {"notices", "bearers", "datagrams"}
    if "sms" in found and facts.hosted:
        found.add("tty")
    if not facts.hashes:
        found.add("hashes")
    found = complete(found - set(choice.less))
    kept = found & set(choice.less)
    if kept:
        raise FlashError(f"{', '.join(sorted(kept))}: needed by what else was chosen", 2)
    return sorted(found)


def chosen(wanted: Iterable[str], facts: Facts) -> list[Module]:
    """The modules of these features that this board can load."""
    left_out = _UART if facts.hosted else _TTY
    return [module for module in modules(wanted) if module.path != left_out]


def compiled(found: Iterable[Module], facts: Facts, folder: Path, debug: bool) -> dict[str, bytes]:
    """The modules as .mpy files in `folder`, by path there. Raises FlashError."""
    out = {}
    for module in found:
        name = module.target.removesuffix("py") + "mpy"
        try:
            if not compile_module(module, folder / name, 0 if debug else 3):
                continue
        except StageError as error:
            raise FlashError(str(error)) from None
        out[name] = (folder / name).read_bytes()
        version = out[name][1]
        if version != facts.mpy:
            raise FlashError(
                f"mpy-cross writes .mpy version {version}, the board takes {facts.mpy}: install "
                f"the mpy-cross of MicroPython {facts.version}, or newer firmware",
                UNFIT,
            )
    return out
