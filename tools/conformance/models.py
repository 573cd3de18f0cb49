"""Content models of CSP, and the check of a message against them.

The models are data: content-models.txt beside this module, in the notation explained at its top.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element

from ..tables import VERSIONS, table

FILE = Path(__file__).with_name("content-models.txt")
_EVERYWHERE = ("text", "empty", "any", "unknown")
_PRIMITIVES = {  # those whose name tells nothing
    "Disconnect",
    "GroupChangeNotice",
    "MessageDelivered",
    "MessageNotification",
    "NewMessage",
    "Status",
}
_NAME = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True)
class Model:
    """What an element of one version holds. sure: the public record says so."""

    text: str
    sure: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The elements that may stand in it, in their order."""
        special = self.text in (*_EVERYWHERE, "primitive")
        return () if special else tuple(dict.fromkeys(_NAME.findall(self.text)))


@lru_cache(maxsize=None)
def models() -> dict[tuple[str, str], Model]:
    """Every model by (element, version). Raises ValueError naming a line that is none."""
    found: dict[tuple[str, str], Model] = {}
    element = ""
    for line in _joined(FILE.read_text(encoding="utf-8")):
        start = re.match(r"\s+((?:1\.\d\??\s+)+)(.*)", line)
        listed = re.fullmatch(rf"({'|'.join(_EVERYWHERE)}): (.*)", line)
        if start:
            for version in start[1].split():
                found[element, version[:3]] = Model(start[2], not version.endswith("?"))
        elif listed:
            names = listed[2].split(", ")
            found.update({(n, v): Model(listed[1]) for n in names for v in VERSIONS})
        elif re.fullmatch(r"[A-Za-z_][\w-]*(?:/[\w-]+)?", line):
            element = line
        else:
            raise ValueError(f"{FILE.name}: {line!r} is neither an element nor a model")
    return found


def _joined(text: str) -> Iterator[str]:
    """Lines without comments; one that begins deeper than a version does goes on the last."""
    whole = ""
    for line in text.splitlines():
        if line.startswith(" ") and not re.match(r"\s+1\.\d", line):
            whole += " " + line.strip()
            continue
        if whole:
            yield whole
        whole = "" if line.startswith("#") else line.rstrip()
    if whole:
        yield whole


@lru_cache(maxsize=None)
def primitives(version: str) -> frozenset[str]:
    """The elements of a version that may stand in TransactionContent."""
    return frozenset(
        name
        for name, known in models()
        if known == version
        and "/" not in name
        and (name in _PRIMITIVES or "-" in name)
        and not name.startswith("WV-CSP-")
    )


@lru_cache(maxsize=None)
def _pattern(model: str, version: str, partial: bool) -> re.Pattern[str]:
    """A model as a pattern over the names of children, each of which ends in a semicolon."""
    if model in ("text", "empty"):
        return re.compile("")
    if model in ("any", "unknown"):
        return re.compile(".*")
    if model == "primitive":
        return re.compile("|".join(f"{name};" for name in sorted(primitives(version))))
    if partial:  # whatever is there once may be missing
        model = re.sub(
            r"([\w)])\+", r"\1*", re.sub(rf"({_NAME.pattern})(?![\w?*+-])", r"\1?", model)
        )
    return re.compile(re.sub("[, ]", "", _NAME.sub(lambda name: f"(?:{name[0]};)", model)))


def check(message: Element, version: str, partial: bool = False) -> list[str]:
    """Return what in a message, or in any element of one, breaks the models of a version.

    One line of text for each element whose children are not those that its model names, in the
    order and number that the model gives, and for each value that is not of the element's type.
    version: "1.1", "1.2" or "1.3". partial: the message comes from PTS, which leaves out what it
    has no code for, and may carry private extensions.
    """
    return list(_violations(message, version, partial, "", ""))


def _is_extension(element: Element, version: str) -> bool:
    """Whether an element is none of CSP, but in a namespace of its own: peers may add these."""
    return bool(element.get("xmlns")) and _model("", element.tag, version) is None


def _violations(
    element: Element, version: str, partial: bool, parent: str, path: str
) -> Iterator[str]:
    other = table(version).aliases
    tag = other.get(element.tag, element.tag)
    path = f"{path}/{tag}"
    model = _model(parent, tag, version)
    if model is None:
        yield f"{path}: version {version} has no such element"
        return
    inside = [
        each
        for each in element
        if not (partial and each.tag == "ExtendedData") and not _is_extension(each, version)
    ]
    children = "".join(other.get(each.tag, each.tag) + ";" for each in inside)
    if not _pattern(model.text, version, partial).fullmatch(children):
        yield f"{path}: {children[:-1] or 'nothing'}; version {version} wants {model.text}"
    value = "".join([element.text or "", *(each.tail or "" for each in element)]).strip()
    if value and model.text != "any" and not _value_fits(tag, model, value, version):
        yield f"{path}: {value!r} is no value for it"
    if model.text != "any":
        for each in inside:
            yield from _violations(each, version, partial, tag, path)


def _model(parent: str, tag: str, version: str) -> Model | None:
    return models().get((f"{parent}/{tag}", version)) or models().get((tag, version))


def _value_fits(tag: str, model: Model, value: str, version: str) -> bool:
    if model.text not in ("text", "unknown"):
        return False
    known = table(version)
    number = known.numbers.get(tag, -1)
    kind = known.types.get(number)
    if kind == "integer" and known.sends.get(number) == "opaque":
        return value.isascii() and value.isdigit()
    return kind != "boolean" or value in ("T", "F")
