"""The IMPS object of a device management tree, in the serialised form of such trees (TNDS).

spec: provisioning.md section 2
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .account import Account, ProvisionError, named, services

_ROOT = "IMPS"

# Field of Account -> leaf below the account's node.
_LEAVES = {"name": "Name", "url": "PrefAddr"}
_AUTH = {"user": "AAuthName", "password": "AAuthSecret"}


def _name(element: Element) -> str:
    return (element.findtext("NodeName") or "").strip()


def _below(node: Element, name: str) -> Element | None:
    return next((each for each in node.findall("Node") if _name(each) == name), None)


def _value(node: Element | None, name: str) -> str:
    leaf = None if node is None else _below(node, name)
    return "" if leaf is None else (leaf.findtext("Value") or "").strip()


def _strip(root: Element) -> Element:
    # names without the name spaces that some tools write
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
    return root


def _account(node: Element) -> Account:
    auth = _below(node, "AppAuth")
    sets = [] if auth is None else auth.findall("Node")
    fit = [each for each in sets if _value(each, "AAuthLevel").upper() in ("", "APPSRV")]
    credentials = fit[0] if fit else None
    network = _value(node, "PrefConRef")
    fields: dict[str, Any] = {field: _value(node, leaf) for field, leaf in _LEAVES.items()}
    fields |= {field: _value(credentials, leaf) for field, leaf in _AUTH.items()}
    fields["services"] = services(_value(node, "Services"))
    fields["networks"] = (network,) if network else ()
    return Account(**fields)


def accounts(root: Element) -> list[Account]:
    """The accounts below `IMPS`, those without an address left out. Raises ProvisionError."""
    if _strip(root).tag != "MgmtTree":
        raise ProvisionError(f"<{root.tag}> is not a management tree")
    found = []
    for imps in root.iter("Node"):
        if _name(imps) == _ROOT:
            nodes = [
                each
                for each in imps.findall("Node")
                if _value(each, "AppID").lower() in ("", "wa")
            ]
            found += [_account(each) for each in nodes]
    return named([account for account in found if account.url])


def build(found: list[Account]) -> Element:
    """The tree that holds these accounts; what it has no node for is left out."""
    root = Element("MgmtTree")
    SubElement(root, "VerDTD").text = "1.2"
    imps = _node(root, _ROOT)
    for number, account in enumerate(found, 1):
        node = _node(imps, f"X{number}")
        _node(node, "AppID", "wA")
        for field, leaf in _LEAVES.items():
            if value := getattr(account, field):
                _node(node, leaf, value)
        if account.networks:
            _node(node, "PrefConRef", account.networks[0])
        if account.services:
            _node(node, "Services", ";".join(account.services))
        if account.user or account.password:
            auth = _node(_node(node, "AppAuth"), "X1")
            _node(auth, "AAuthLevel", "APPSRV")
            for field, leaf in _AUTH.items():
                if value := getattr(account, field):
                    _node(auth, leaf, value)
    return root


def _node(parent: Element, name: str, value: str | None = None) -> Element:
    node = SubElement(parent, "Node")
    SubElement(node, "NodeName").text = name
    if value is not None:
        SubElement(node, "Value").text = value
    return node


def to_xml(root: Element) -> bytes:
    """The tree as XML."""
    indent(root)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()
    )
