"""The presence attributes: their contents in each version, values and names in a list.

spec: presence.md sections 1 to 5 and 7, content-models.md "Presence attributes"
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from .elements import node, text
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
ALL = frozenset(ATTRIBUTES)
ONLINE = frozenset({"OnlineStatus"})
OF_CLIENT = frozenset(name for name, attribute in ATTRIBUTES.items() if attribute.client)
_ONLY_13 = frozenset({"ClientContentLimit", "ClientIMPriority", "ApplicationID"})

_VALUES = {
    "OnlineStatus": {"T", "F"},
    "Registration": {"T", "F"},
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
}


def read_names(sub_list: Element | None) -> frozenset[str]:
    """Names in a list; a missing or empty one stands for all. Raises Refusal 750."""
    return ALL if sub_list is None or not len(sub_list) else named(sub_list)


def named(sub_list: Element) -> frozenset[str]:
    """Exactly the names in a list. Raises Refusal 750."""
    names = frozenset(each.tag for each in sub_list)
    if names - ALL:
        unknown = ", ".join(sorted(names - ALL))[:100]
        raise Refusal(Code.BAD_PRESENCE_ATTRIBUTE, f"unknown attribute {unknown}")
    return names


def read_values(sub_list: Element) -> dict[str, Element]:
    """Attributes to publish. Raises Refusal 750 or 751; unknown parts of one are left out."""
    named(sub_list)
    values = {}
    for each in sub_list:
        if text(each, "Qualifier", "T").upper() not in ("T", "F"):
            raise Refusal(Code.BAD_PRESENCE_VALUE, f"Qualifier of {each.tag}")
        value = text(each, "PresenceValue")
        # An empty value clears the attribute, also where only some values are allowed.
        if value and value.upper() not in _VALUES.get(each.tag, {value.upper()}):
            raise Refusal(Code.BAD_PRESENCE_VALUE, f"{each.tag} {value[:40]!r}")
        values[each.tag] = shape(each, "1.3")
    return values


def shape(attribute: Element, version: str, client: Element | None = None) -> Element:
    """A copy with what `version` knows, in its order; client: ClientID to put at the end."""
    known = ATTRIBUTES[attribute.tag]
    copy = node(attribute.tag, node("Qualifier", text(attribute, "Qualifier", "T").upper()))
    for tag in known.content:
        if version == "1.3" or tag not in _ONLY_13:
            copy.extend(attribute.findall(tag))
    if client is not None and known.client and version == "1.3":
        copy.append(client)
    return copy


def hidden(name: str) -> Element:
    """An attribute without a value that the watcher may see."""
    return node(name, node("Qualifier", False))


def in_version(names: frozenset[str], version: str) -> list[str]:
    """The names that `version` knows, in order."""
    return [name for name in ATTRIBUTES if name in names and ATTRIBUTES[name].since <= version]


def empty_list(names: frozenset[str], version: str, namespace: str) -> Element:
    """PresenceSubList that only names attributes."""
    sub_list = Element("PresenceSubList", {"xmlns": namespace})
    sub_list.extend(node(name) for name in in_version(names, version))
    return sub_list
