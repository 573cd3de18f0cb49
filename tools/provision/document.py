"""OMA Client Provisioning documents: the application `wA` in them, and one made of an account.

spec: provisioning.md sections 1.1 to 1.3; the rules are those of S60, less its access points
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, indent, tostring

from . import wbxml
from .account import Account, ProvisionError, named, services

_DOCTYPE = '<!DOCTYPE wap-provisioningdoc PUBLIC "-//WAPFORUM//DTD PROV 1.0//EN" "prov.dtd">'
_APPLICATION = "wA"

# Field of Account -> parameter, and the characteristic that holds it below APPLICATION.
_SINGLE = {
    "name": ("NAME", ""),
    "url": ("ADDR", "APPADDR"),
    "user": ("AAUTHNAME", "APPAUTH"),
    "password": ("AAUTHSECRET", "APPAUTH"),
    "provider": ("PROVIDER-ID", ""),
    "prefix": ("CIDPREFIX", ""),
}
_SEVERAL = {"networks": "TO-NAPID", "proxies": "TO-PROXY"}
_LISTS = {"types": ("AACCEPT", ","), "services": ("SERVICES", ";")}


def parse(text: bytes) -> Element:
    """An XML document without entities of its own. Raises ProvisionError."""
    if b"<!ENTITY" in text.replace(b"\0", b""):
        raise ProvisionError("the XML document declares entities")
    try:
        return fromstring(text)
    except (ParseError, ValueError, LookupError) as error:
        raise ProvisionError(f"not well-formed XML: {error}") from None


def _parms(element: Element) -> Iterator[tuple[str, str]]:
    for each in element.iter("parm"):
        yield each.get("name", "").upper(), each.get("value", "").strip()


def _first(element: Element, name: str) -> str:
    return next((value for found, value in _parms(element) if found == name), "")


def _credentials(application: Element) -> Element:
    # of several APPAUTH the one for the service; without a level any
    found = [each for each in application.iter("characteristic") if _type(each) == "APPAUTH"]
    levels = {_first(each, "AAUTHLEVEL").upper(): each for each in reversed(found)}
    return levels.get("APPSRV", levels.get("", application if not found else found[0]))


def _type(characteristic: Element) -> str:
    return characteristic.get("type", "").upper()


def _account(application: Element) -> Account:
    auth = _credentials(application)
    fields: dict[str, Any] = {}
    for field, (name, place) in _SINGLE.items():
        fields[field] = _first(auth if place == "APPAUTH" else application, name)
    for field, name in _SEVERAL.items():
        fields[field] = tuple(value for found, value in _parms(application) if found == name)
    types = [each.strip() for each in _first(application, "AACCEPT").split(",")]
    fields["types"] = tuple(each for each in types if each)
    fields["services"] = services(_first(application, "SERVICES"))
    return Account(**fields)


def accounts(root: Element) -> list[Account]:
    """The accounts of a document, those without an address left out. Raises ProvisionError."""
    if root.tag != "wap-provisioningdoc":
        raise ProvisionError(f"<{root.tag}> is not a provisioning document")
    found = [
        _account(each)
        for each in root.iter("characteristic")
        if _type(each) == "APPLICATION" and _first(each, "APPID").lower() == _APPLICATION.lower()
    ]
    return named([account for account in found if account.url])


def build(found: list[Account]) -> Element:
    """The document that holds these accounts."""
    root = Element("wap-provisioningdoc", {"version": "1.1"})
    for account in found:
        application = SubElement(root, "characteristic", {"type": "APPLICATION"})
        _parm(application, "APPID", _APPLICATION)
        places = {"": application}
        for field, (name, place) in _SINGLE.items():
            value = getattr(account, field)
            if value and place not in places:
                places[place] = Element("characteristic", {"type": place})
                if place == "APPAUTH":
                    _parm(places[place], "AAUTHLEVEL", "APPSRV")
            if value:
                _parm(places[place], name, value)
        for field, name in _SEVERAL.items():
            for value in getattr(account, field):
                _parm(application, name, value)
        for field, (name, separator) in _LISTS.items():
            if words := getattr(account, field):
                spelled = ["PR" if word == "PS" else word for word in words]
                _parm(application, name, separator.join(spelled))
        application.extend(element for place, element in places.items() if place)
    return root


def _parm(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "parm", {"name": name, "value": value})


def to_xml(root: Element) -> bytes:
    """The document as XML."""
    indent(root)
    return f'<?xml version="1.0"?>\n{_DOCTYPE}\n{tostring(root, encoding="unicode")}\n'.encode()


def to_wbxml(root: Element) -> bytes:
    """The document as WBXML. Raises ProvisionError."""
    return wbxml.encode(root)
