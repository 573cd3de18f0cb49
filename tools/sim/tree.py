"""The tree of services: which leaf covers which primitive, and what is refused.

spec: transactions.md section 3, content-models.md "Service tree"
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from .elements import node


class Leaf(NamedTuple):
    """A leaf and its place; it exists in the versions from `since` to `until`."""

    feature: str
    function: str
    name: str
    since: str
    until: str


_TREE = {
    ("FundamentalFeat", "ServiceFunc"): "GETSPI GETMAP:1.3 SGMNT:1.3",
    ("FundamentalFeat", "SearchFunc"): "SRCH ADVSR:1.3 STSRC",
    ("FundamentalFeat", "InviteFunc"): "INVIT CAINV",
    ("FundamentalFeat", "VerifyIDFunc"): "VRID:1.2",
    ("PresenceFeat", "ContListFunc"): "GCLI CCLI DCLI MCLS",
    ("PresenceFeat", "PresenceAuthFunc"): "GETWL REACT:1.1:1.2 CAAUT:1.1:1.2 GETAUT:1.2:1.2",
    ("PresenceFeat", "PresenceDeliverFunc"): "GETPR UPDPR",
    ("PresenceFeat", "AttListFunc"): "CALI:1.1:1.2 DALI:1.1:1.2 GALS:1.1:1.2",
    ("IMFeat", "IMSendFunc"): "MDELIV FWMSG",
    ("IMFeat", "IMReceiveFunc"): "SETD GETLM GETM REJCM NOTIF NEWM OFFNOTIF:1.3",
    ("IMFeat", "IMAuthFunc"): "GLBLU BLENT",
    ("GroupFeat", "GroupMgmtFunc"): "CREAG DELGR GETGP SETGP",
    ("GroupFeat", "GroupUseFunc"): "SUBGCN GRCHN EXCON:1.3",
    ("GroupFeat", "GroupAuthFunc"): "GETGM ADDGM RMVGM MBRAC REJEC GETJU:1.2",
}
# The leaves that stand for the mandatory set of a feature. Which leaves that is, is not public:
# here it is all that is offered.
_MANDATORY = {"FundamentalFeat": "MF", "PresenceFeat": "MP", "IMFeat": "MM", "GroupFeat": "MG"}


def _leaves() -> list[Leaf]:
    found = []
    for (feature, function), names in _TREE.items():
        for name in names.split():
            leaf, *versions = name.split(":")
            since = versions[0] if versions else "1.1"
            until = versions[1] if versions[1:] else "1.3"
            found.append(Leaf(feature, function, leaf, since, until))
    return found


LEAVES = _leaves()


def of_version(version: str) -> list[Leaf]:
    """The leaves that exist in a version, in order."""
    return [leaf for leaf in LEAVES if leaf.since <= version <= leaf.until]


def asked(functions: Element, version: str, offered: frozenset[str]) -> frozenset[str]:
    """The leaves that a request names; a feature or function without children is all of it."""
    tree = functions.find("WVCSPFeat")
    if tree is None:
        return frozenset()
    names = set()
    for leaf in of_version(version):
        feature = tree.find(leaf.feature)
        if feature is None:
            continue
        function = feature.find(leaf.function)
        mandatory = feature.find(_MANDATORY[leaf.feature]) is not None and leaf.name in offered
        whole = not len(feature) or (function is not None and not len(function))
        named = function is not None and function.find(leaf.name) is not None
        if mandatory or whole or named:
            names.add(leaf.name)
    return frozenset(names)


def build(tag: str, names: frozenset[str], version: str, collapse: bool) -> Element:
    """`tag` with the tree of these leaves; collapse: a whole subtree becomes childless."""
    tree = Element("WVCSPFeat")
    for feature in dict.fromkeys(leaf.feature for leaf in LEAVES):
        leaves = [leaf for leaf in of_version(version) if leaf.feature == feature]
        chosen = [leaf for leaf in leaves if leaf.name in names]
        if not chosen:
            continue
        element = node(feature)
        tree.append(element)
        if collapse and len(chosen) == len(leaves):
            continue
        for function in dict.fromkeys(leaf.function for leaf in chosen):
            some = [leaf for leaf in chosen if leaf.function == function]
            whole = len(some) == sum(leaf.function == function for leaf in leaves)
            inner = [] if collapse and whole else [node(leaf.name) for leaf in some]
            element.append(node(function, *inner))
    return node(tag, tree)
