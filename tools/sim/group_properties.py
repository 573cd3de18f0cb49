"""Properties of groups, own properties in them, and welcome notes.

spec: addresses-and-types.md sections 5.2 and 5.3, content-models.md section 8
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from xml.etree.ElementTree import Element

from .elements import freeze, is_decimal, node, property_of, raw_text, text, thaw
from .results import Code, Refusal


def _flag(value: str) -> str | None:
    return value.upper() if value.upper() in ("T", "F") else None


def _number(value: str) -> str | None:
    return value if is_decimal(value, 9) else None


def _text(value: str) -> str | None:
    return value if len(value) <= 1000 else None


def _access(value: str) -> str | None:
    known = {each.lower(): each for each in ("Open", "Restricted", "Closed")}
    return known.get(value.lower())


def _never(value: str) -> str | None:
    return None


class _Property(NamedTuple):
    """check: the value as it is kept, None for one that cannot be; since: a version."""

    check: Callable[[str], str | None]
    since: str = "1.1"


_GROUP = {
    "Name": _Property(_text),
    "Accesstype": _Property(_access),
    "Type": _Property(_never),
    "PrivateMessaging": _Property(_flag),
    "Searchable": _Property(_flag),
    "Topic": _Property(_text),
    "ActiveUsers": _Property(_never),
    "MaxActiveUsers": _Property(_number),
    "AutoDelete": _Property(_flag),
    "Validity": _Property(_number),
    "History": _Property(_flag, "1.3"),
    "RequireInvitation": _Property(_flag, "1.3"),
    "MinimumAge": _Property(_number, "1.3"),
}
_OWN = {
    "IsMember": _Property(_never),
    "PrivilegeLevel": _Property(_never),
    "AutoJoin": _Property(_flag, "1.2"),
    "ScreenName": _Property(_text),
    "ShowID": _Property(_flag, "1.2"),
    "DoNotNotify": _Property(_flag, "1.3"),
}


def group_values(told: Element | None, version: str) -> dict[str, str]:
    """The values in a GroupProperties. Raises Refusal 806 for a name or value that cannot be."""
    return _read(told, version, _GROUP)


def own_values(told: Element | None, version: str) -> dict[str, str]:
    """The values in an OwnProperties. Raises Refusal 806."""
    return _read(told, version, _OWN)


def _read(told: Element | None, version: str, known: dict[str, _Property]) -> dict[str, str]:
    names = {name.lower(): name for name in known if known[name].since <= version}
    found = {}
    for each in () if told is None else told.findall("Property"):
        spelled, value = text(each, "Name"), text(each, "Value")
        name = names.get(spelled.lower())
        checked = known[name].check(value) if name else None
        if name is None or checked is None:
            raise Refusal(Code.BAD_GROUP, f"property {spelled[:40]} {value[:40]!r}")
        found[name] = checked
    return found


def group_element(values: dict[str, str], note: Element | None, version: str) -> Element:
    """GroupProperties with what the version has of these, and a WelcomeNote."""
    return node("GroupProperties", *_properties(values, version, _GROUP), note)


def own_element(values: dict[str, str], version: str) -> Element:
    """OwnProperties with what the version has of these."""
    return node("OwnProperties", *_properties(values, version, _OWN))


def _properties(
    values: dict[str, str], version: str, known: dict[str, _Property]
) -> list[Element]:
    return [
        property_of(name, values[name])
        for name in known
        if name in values and known[name].since <= version
    ]


def welcome_note(told: Element | None) -> str | None:
    """The WelcomeNote in an element, frozen; empty for one that takes the note away, else None.

    told: GroupProperties or ExtendConversation-Request.
    """
    given = None if told is None else told.find("WelcomeNote")
    if given is None:
        return None
    content = raw_text(given, "ContentData")
    encoding = text(given, "ContentEncoding")
    if not content:
        return ""
    return freeze(
        node(
            "WelcomeNote",
            node("ContentType", text(given, "ContentType", "text/plain")),
            node("ContentEncoding", encoding) if encoding else None,
            node("ContentData", content),
        )
    )


def shown_note(frozen: str | None) -> Element | None:
    """The WelcomeNote that is kept."""
    return thaw(frozen) if frozen else None
