"""Building and reading the elements of a message: plain names, text as it stands in XML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element

from ..conformance.models import check
from ..tables import VERSIONS
from .results import Code, Refusal


def node(tag: str, *content: Element | str | int | bool | None) -> Element:
    """Element `tag` with children in order, or with text; None is left out, bool is T or F."""
    element = Element(tag)
    for part in content:
        if part is None:
            continue
        if isinstance(part, Element):
            element.append(part)
        elif isinstance(part, bool):
            element.text = "T" if part else "F"
        else:
            element.text = part if isinstance(part, str) else str(int(part))
    return element


def nodes(tag: str, values: Iterable[str]) -> list[Element]:
    """One `tag` for each text."""
    return [node(tag, value) for value in values]


def text(parent: Element | None, path: str, default: str = "") -> str:
    """Text of the first element at `path`, without white space around it."""
    found = None if parent is None else parent.find(path)
    return default if found is None else (found.text or "").strip()


def raw_text(parent: Element, path: str) -> str:
    """Text at `path` just as it came: content and passwords may end in a space."""
    found = parent.find(path)
    return "" if found is None else found.text or ""


def texts(parent: Element | None, path: str) -> list[str]:
    """Text of every element at `path`; empty ones are left out."""
    found = [] if parent is None else parent.findall(path)
    return [value for value in ((each.text or "").strip() for each in found) if value]


def flag(parent: Element | None, path: str, default: bool = False) -> bool:
    """A T/F value. Raises Refusal 402 for anything else."""
    value = text(parent, path).upper()
    if value not in ("", "T", "F"):
        raise Refusal(Code.BAD_PARAMETER, f"{path} is neither T nor F")
    return value == "T" if value else default


def number(parent: Element | None, path: str) -> int | None:
    """A decimal value, None where absent or empty. Raises Refusal 402 for anything else."""
    value = text(parent, path)
    if not value:
        return None
    if not is_decimal(value, 10):
        raise Refusal(Code.BAD_PARAMETER, f"{path} is not a decimal number")
    return int(value)


def is_decimal(value: str, digits: int) -> bool:
    """Whether a text is a decimal number of at most so many digits."""
    return value.isascii() and value.isdigit() and len(value) <= digits


def required(parent: Element, path: str) -> str:
    """Text at `path`. Raises Refusal 400 where it is missing or empty."""
    value = text(parent, path)
    if not value:
        raise Refusal(Code.BAD_REQUEST, f"{path} is missing")
    return value


def child(parent: Element, tag: str) -> Element:
    """First child `tag`. Raises Refusal 400 where it is missing."""
    found = parent.find(tag)
    if found is None:
        raise Refusal(Code.BAD_REQUEST, f"{tag} is missing")
    return found


def sound(element: Element) -> Element:
    """An element that is told on just as it came. Raises Refusal 400 where others could not read
    it, since it breaks its content model.
    """
    broken = check(element, VERSIONS[-1])
    if broken:
        raise Refusal(Code.BAD_REQUEST, broken[0][:200])
    return element


def client_id(told: Element) -> Element:
    """A ClientID with what belongs into it."""
    parts = (tag for tag in ("URL", "MSISDN") if told.find(tag) is not None)
    return node("ClientID", *(node(tag, text(told, tag)) for tag in parts))


def screen_name(name: str, group: str) -> Element:
    """A ScreenName; group: address of the group in which it is one."""
    return node("ScreenName", node("SName", name), node("GroupID", group))


def property_of(name: str, value: str) -> Element:
    """A Property, of a list, a group or a profile."""
    return node("Property", node("Name", name), node("Value", value))


def freeze(element: Element) -> str:
    """The element as JSON text, for the store; `xmlns` stays an ordinary attribute."""

    def plain(each: Element) -> list[Any]:
        return [each.tag, each.attrib, each.text or "", [plain(inner) for inner in each]]

    return json.dumps(plain(element), separators=(",", ":"), ensure_ascii=False)


def thaw(frozen: str) -> Element:
    """The element that `freeze` wrote."""

    def build(tag: str, attributes: dict[str, str], content: str, inner: list[Any]) -> Element:
        element = Element(tag, attributes)
        element.text = content or None
        element.extend(build(*each) for each in inner)
        return element

    return build(*json.loads(frozen))
