"""The older settings message of Wireless Village, `WVSettings`: read only.

Its public id is not in the public record, so it is known by its first element.
spec: provisioning.md section 3
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from . import wbxml
from .account import Account, named

ROOT = "WVSettings"
_FIRST = 0x05
_NAMES = """WVCommon WVHTTP WVOTAVersion WVPassword WVPreferredProtocol WVProxy WVProxyAddress
    WVProxyPassword WVProxyPort WVProxyUser WVRefName WVSAPFourWaySupported WVSAPMobileNumber
    WVSAPURI WVSettings WVSettingsName WVSMS WVSMSCMobileNumber WVSupportedVersion WVUserID"""
TAGS = {_FIRST + i: name for i, name in enumerate(_NAMES.split())}
_START = next(token for token, name in TAGS.items() if name == ROOT) | 0x40

# Field of Account -> where it stands.
_PLACES = {
    "name": "WVCommon/WVSettingsName",
    "url": "WVHTTP/WVSAPURI",
    "user": "WVCommon/WVUserID",
    "password": "WVCommon/WVPassword",
    "number": "WVSMS/WVSAPMobileNumber",
    "centre": "WVSMS/WVSMSCMobileNumber",
}


def is_one(octets: bytes) -> bool:
    """Whether WBXML is such a message: behind header and string table its root stands."""
    return len(octets) > 4 and octets[4 + octets[3] :][:1] == bytes((_START,))


def decode(octets: bytes) -> Element:
    """The message as an element. Raises ProvisionError."""
    return wbxml.decode(octets, TAGS, ROOT)


def accounts(root: Element) -> list[Account]:
    """Its account, if it has a way to the service: by HTTP, by SMS, or both."""
    fields = {field: (root.findtext(place) or "").strip() for field, place in _PLACES.items()}
    several = {
        "versions": root.findall("WVCommon/WVSupportedVersion"),
        "networks": root.findall("WVCommon/WVRefName"),
        "proxies": root.findall("WVHTTP/WVProxy/WVProxyAddress"),
    }
    told = {
        name: tuple(text for each in found if (text := (each.text or "").strip()))
        for name, found in several.items()
    }
    account = Account(**fields, **told)  # type: ignore[arg-type]
    return named([account] if account.url or account.number else [])
