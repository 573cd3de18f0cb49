"""The presence attributes: their contents in each version, values and names in a list.

An attribute that is not of CSP but in a namespace of its own is an extension: it is kept and told
as it came, to those who see everything. `EXTENSIONS` stands for all of them among names.
spec: presence.md sections 1 to 5 and 7, content-models.md "Presence attributes" and section 9
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from ..conformance.models import check, models
from .elements import node, text
from .envelope import NEWEST, VERSIONS
from .results import Code, Refusal


class Attribute(NamedTuple):
    """client: one instance per client, made of `content` in order; since: first version."""

    client: bool
    content: tuple[str, ...]
    since: str = "1.1"


_PLACE = ("Country", "City", "Street", "Crossing1", "Crossing2", "Building", "NamedArea")
_CLIENT_INFO = (
    "ClientContentLimit",
    "ClientType",
    "DevManufacturer",
    "ClientProducer",
    "Model",
    "ClientVersion",
    "Language",
    "ClientIMPriority",
    "ApplicationID",
)
_SIMPLE = ("PresenceValue",)

# In the order of PresenceSubList. Every attribute begins with Qualifier; those of a client end
# with ClientID in 1.3.
ATTRIBUTES = {
    "OnlineStatus": Attribute(True, _SIMPLE),
    "Registration": Attribute(True, _SIMPLE),
    "ClientInfo": Attribute(True, _CLIENT_INFO),
    "TimeZone": Attribute(True, ("Zone",)),
    "GeoLocation": Attribute(True, ("Longitude", "Latitude", "Altitude", "Accuracy")),
    "Address": Attribute(True, (*_PLACE, "Accuracy")),
    "FreeTextLocation": Attribute(True, _SIMPLE),
    "PLMN": Attribute(True, _SIMPLE),
    "CommCap": Attribute(True, ("CommC",)),
    "UserAvailability": Attribute(False, _SIMPLE),
    "PreferredContacts": Attribute(False, ("AddrPref",)),
    "PreferredLanguage": Attribute(False, _SIMPLE),
    "StatusText": Attribute(False, _SIMPLE),
    "StatusMood": Attribute(False, _SIMPLE),
    "Alias": Attribute(False, _SIMPLE),
    "StatusContent": Attribute(False, ("DirectContent", "ReferredContent", "ContentType")),
    "ContactInfo": Attribute(False, ("ContainedvCard", "ReferredvCard")),
    "InfoLink": Attribute(False, ("Inf_link",), "1.2"),
}
EXTENSIONS = "*"
ALL = frozenset({*ATTRIBUTES, EXTENSIONS})
ONLINE = frozenset({"OnlineStatus"})
OF_CLIENT = frozenset(name for name, attribute in ATTRIBUTES.items() if attribute.client)
_ONLY_13 = frozenset({"ClientContentLimit", "ClientIMPriority", "ApplicationID"})

_SEVERAL = frozenset({"CommC", "AddrPref", "Inf_link"})

_REACHED_BY = {"CALL", "SMS", "MMS", "IM", "EMAIL"}
_STATE = {"OPEN", "CLOSED"}
_FLAG = {"T", "F"}
# The values of an element, or of the PresenceValue in it.
_VALUES = {
    "Qualifier": _FLAG,
    "OnlineStatus": _FLAG,
    "Registration": _FLAG,
    "UserAvailability": {"AVAILABLE", "NOT_AVAILABLE", "DISCREET"},
    "StatusMood": {
        "ANGRY",
        "ANXIOUS",
        "ASHAMED",
        "BORED",
        "EXCITED",
        "HAPPY",
        "IN_LOVE",
        "INVINCIBLE",
        "JEALOUS",
        "SAD",
        "SLEEPY",
    },
    "ClientType": {"MOBILE_PHONE", "COMPUTER", "PDA", "CLI", "OTHER"},
    "AnyContent": _FLAG,
    "Cap": _REACHED_BY,
    "PrefC": _REACHED_BY,
    "Status": _STATE,
    "Cstatus": _STATE,
}
_NUMBERS = {
    "AcceptedTextContentLength",
    "ClientIMPriority",
    "Cpriority",
    "MaxPullLength",
    "MaxPushLength",
}
_NEEDED = {
    "CommC": ("Cap", "Status"),
    "AddrPref": ("PrefC", "Caddr", "Cstatus"),
    "Inf_link": ("Link",),
}


def is_extension(element: Element) -> bool:
    """Whether an attribute or part of one, unknown to CSP, is in a namespace of its own."""
    return bool(element.get("xmlns")) and not any(
        (element.tag, version) in models() for version in VERSIONS
    )


def read_names(sub_list: Element | None) -> frozenset[str]:
    """Names in a list; a missing or empty one stands for all. Raises Refusal 750."""
    return ALL if sub_list is None or not len(sub_list) else named(sub_list)


def named(sub_list: Element) -> frozenset[str]:
    """Exactly the names in a list. Raises Refusal 750."""
    names = frozenset(EXTENSIONS if is_extension(each) else each.tag for each in sub_list)
    if names - ALL:
        unknown = ", ".join(sorted(names - ALL))[:100]
        raise Refusal(Code.BAD_PRESENCE_ATTRIBUTE, f"unknown attribute {unknown}")
    return names


def read_values(sub_list: Element) -> dict[str, Element]:
    """Attributes to publish. Raises Refusal 750 or 751; unknown parts of one are left out.

    The key of an extension begins with `EXTENSIONS`.
    """
    named(sub_list)
    values = {}
    for each in sub_list:
        if is_extension(each):
            values[EXTENSIONS + each.tag] = each
            continue
        for part in each.iter():
            _check(part, each.tag if part.tag == "PresenceValue" else part.tag)
        values[each.tag] = shape(each, NEWEST)
        broken = check(values[each.tag], NEWEST)
        if broken:
            raise Refusal(Code.BAD_PRESENCE_VALUE, broken[0][:200])
    return values


def _check(element: Element, tag: str) -> None:
    value = (element.text or "").strip()
    missing = [part for part in _NEEDED.get(tag, ()) if not text(element, part)]
    # An empty value clears the attribute, also where only some values are allowed.
    wrong = value and value.upper() not in _VALUES.get(tag, {value.upper()})
    if missing or wrong or (value and tag in _NUMBERS and not value.isdecimal()):
        why = f"without {missing[0]}" if missing else repr(value[:40])
        raise Refusal(Code.BAD_PRESENCE_VALUE, f"{tag} {why}")


def shape(attribute: Element, version: str, client: Element | None = None) -> Element:
    """A copy with what `version` knows, in its order, and extensions; client: ClientID to put at
    the end.
    """
    known = ATTRIBUTES[attribute.tag]
    copy = node(attribute.tag, node("Qualifier", text(attribute, "Qualifier", "T").upper()))
    for tag in known.content:
        if version == "1.3" or tag not in _ONLY_13:
            copy.extend(attribute.findall(tag)[: None if tag in _SEVERAL else 1])
    copy.extend(filter(is_extension, attribute))
    if client is not None and known.client and version == "1.3":
        copy.append(client)
    return copy


def hidden(name: str, namespace: str | None = None) -> Element:
    """An attribute without a value that the watcher may see."""
    found = node(name, node("Qualifier", False))
    if namespace:
        found.set("xmlns", namespace)
    return found


def in_version(names: frozenset[str], version: str) -> list[str]:
    """The names that `version` knows, in order, and EXTENSIONS behind them."""
    found = [name for name in ATTRIBUTES if name in names and ATTRIBUTES[name].since <= version]
    return [*found, *(names & {EXTENSIONS})]


def empty_list(names: frozenset[str], version: str, namespace: str) -> Element:
    """PresenceSubList that only names attributes."""
    sub_list = Element("PresenceSubList", {"xmlns": namespace})
    sub_list.extend(node(name) for name in in_version(names - {EXTENSIONS}, version))
    return sub_list
