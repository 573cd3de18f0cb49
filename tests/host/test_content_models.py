"""The content models held against the record they were taken from, and the check of messages
against them by mutation: for every element a sample that fits, and everything near it that does
not. What fits is told here by a second reading of the notation.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import pytest

from microimps.tools.conformance import check, models, primitives
from microimps.tools.tables import VERSIONS

RECORD = Path(__file__).parents[3] / "shared" / "spec" / "content-models.md"
LEAVES = ("text", "empty", "any", "unknown")
FOREIGN = "WV-CSP-Message"  # an element of every version that stands in no other


# a second reading of the notation


@dataclass
class Part:
    """A name, or alternatives of sequences of parts; how often it stands there."""

    what: object
    least: int
    most: float


def parsed(model):
    tokens = re.findall(r"[\w-]+|[(),|?*+]", model)

    def alternatives():
        found = [[part()]]
        while tokens and tokens[0] in (",", "|"):
            if tokens.pop(0) == "|":
                found.append([part()])
            else:
                found[-1].append(part())
        return found

    def part():
        what = tokens.pop(0)
        if what == "(":
            what = alternatives()
            assert tokens.pop(0) == ")"
        mark = tokens.pop(0) if tokens and tokens[0] in ("?", "*", "+") else ""
        return Part(what, int(mark not in ("?", "*")), 1 if mark not in ("*", "+") else 99)

    found = alternatives()
    assert not tokens, model
    return Part(found, 1, 1)


def ends(part, children, at, partial):
    """Where a part that begins at child `at` may end."""
    found, now = set(), {at}
    for count in range(len(children) + 2):
        if count >= part.least:
            found |= now
        if count >= part.most or not now:
            break
        now = {to for each in now for to in once(part.what, children, each, partial)}
    return found


def once(what, children, at, partial):
    if isinstance(what, str):
        fits = at < len(children) and children[at] == what
        return ({at + 1} if fits else set()) | ({at} if partial else set())
    found = set()
    for sequence in what:
        now = {at}
        for part in sequence:
            now = {to for each in now for to in ends(part, children, each, partial)}
        found |= now
    return found


def fits(model, children, partial=False):
    return len(children) in ends(parsed(model), children, 0, partial)


def samples(part, whole=True):
    """Children that fit: each alternative, with all that may be there or only what must."""
    if isinstance(part.what, str):
        return [[part.what] * (part.least or whole)]
    if not (part.least or whole):
        return [[]]
    found = []
    for sequence in part.what:
        lists = [[]]
        for each in sequence:
            lists = [before + more for before in lists for more in samples(each, whole)]
        found += lists
    return found


def mutants(children):
    """One child less, one twice, a foreign one, two that changed places, and all turned."""
    for at, name in enumerate(children):
        yield children[:at] + children[at + 1 :]
        yield children[: at + 1] + [name] + children[at + 1 :]
        yield children[:at] + [FOREIGN] + children[at:]
        for to in range(at + 1, len(children)):
            turned = list(children)
            turned[at], turned[to] = turned[to], turned[at]
            yield turned
    yield [*children, FOREIGN]
    yield children[::-1]


# messages


def model_of(name, version, parent=""):
    return models().get((f"{parent}/{name}", version)) or models()[name, version]


def fill(element, names, version):
    """Children with no more in them than must be."""
    for name in names:
        child = SubElement(element, name)
        if (name, version) in models():
            model = model_of(name, version, element.tag).text
            if model == "primitive":
                SubElement(child, "Polling-Request")
            elif model not in LEAVES:
                fill(child, samples(parsed(model), False)[0], version)
    return element


def message(primitive, version):
    """A whole message around a primitive."""
    root = Element("WV-CSP-Message")
    session = SubElement(root, "Session")
    SubElement(SubElement(session, "SessionDescriptor"), "SessionType")
    transaction = SubElement(session, "Transaction")
    descriptor = SubElement(transaction, "TransactionDescriptor")
    SubElement(descriptor, "TransactionMode")
    SubElement(descriptor, "TransactionID")
    SubElement(transaction, "TransactionContent").append(primitive)
    return root


def told(element, version, partial=False):
    """Whether the check complains of an element itself, and only of it."""
    found = check(element, version, partial)
    return [line for line in found if re.match(rf"(/[\w-]+)*/{element.tag}: ", line)]


PRIMITIVES = [(version, name) for version in VERSIONS for name in sorted(primitives(version))]
OTHERS = sorted(
    (version, name)
    for name, version in models()
    if name not in primitives(version) and name.partition("/")[2] == ""
)


def held(name, version, partial):
    """How many mutants of an element the check was held to."""
    model = model_of(name, version).text
    if model == "primitive" or model in ("any", "unknown"):
        return 0
    if model in LEAVES:
        assert not check(Element(name), version, partial)
        assert told(fill(Element(name), [FOREIGN], version), version, partial)
        return 1
    broken = 0
    for children in samples(parsed(model)) + samples(parsed(model), False):
        assert not check(fill(Element(name), children, version), version, partial), children
        for mutant in mutants(children):
            complains = bool(told(fill(Element(name), mutant, version), version, partial))
            assert complains is not fits(model, mutant, partial), (model, mutant)
            broken += complains
    return broken


@pytest.mark.parametrize("version, name", PRIMITIVES)
def test_mutants_of_a_primitive_are_seen(version, name):
    model = model_of(name, version).text
    assert held(name, version, False) > 0 or model == "any"
    assert held(name, version, True) > 0 or model == "any"
    whole = fill(Element(name), [], version)
    if model not in LEAVES:
        fill(whole, samples(parsed(model))[0], version)
    assert not check(message(whole, version), version)
    if model != "any":
        SubElement(whole, FOREIGN)
        assert any(f"/{name}: " in line for line in check(message(whole, version), version))


@pytest.mark.parametrize("version", VERSIONS)
def test_mutants_of_other_elements_are_seen(version):
    names = [name for of, name in OTHERS if of == version]
    free = {name for name in names if not held(name, version, False)}
    assert free == {
        *("TransactionContent", "ExtBlock", "ExtBlockETEM", "ExtendedData"),
        *("AnswerOptionsText", "Capability"),
    } & set(names)


def test_a_primitive_that_holds_too_much_or_too_little():
    """By hand, so that not both readings of the notation are wrong alike."""
    for version, name, good, bad in (
        ("1.2", "ListManage-Request", "ContactList AddNickList ReceiveList", "ContactList"),
        ("1.1", "GetPresence-Request", "User User PresenceSubList", "User ContactList"),
        ("1.3", "GetMap-Response", "URL", "Map URL"),
        ("1.3", "Presence", "UserID UserNotify", "UserID ContactListNotify"),
        ("1.1", "CapabilityList", "", "ClientType"),
        ("1.3", "AgreedCapabilityList", "TCPAddress TCPPort", "TCPAddress"),
        ("1.2", "WVCSPFeat", "IMFeat GroupFeat", "GroupFeat IMFeat"),
    ):
        model = model_of(name, version).text
        assert not good or fits(model, good.split())
        assert not fits(model, bad.split())
        assert told(fill(Element(name), bad.split(), version), version)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_no_primitive_stands_in_no_transaction(version):
    for of, name in OTHERS:
        if of == version:
            (line, *_) = check(message(Element(name), version), version)
            assert line.endswith(f"/TransactionContent: {name}; version {version} wants primitive")
    login = fill(Element("Logout-Request"), [], version)
    both = message(login, version)
    both.find(".//TransactionContent").append(Element("Polling-Request"))
    assert check(both, version)


def test_text_stands_only_in_leaves():
    group = fill(Element("DeleteGroup-Request"), ["GroupID"], "1.2")
    assert not check(group, "1.2")
    group.text = group[0].tail = "\n  "
    assert not check(group, "1.2")
    group[0].tail = "x"
    assert check(group, "1.2") == ["/DeleteGroup-Request: 'x' is no value for it"]


# the record


# where the pages of the record disagree or say it in words: the wider reading
_WIDER = {
    ("AddrPref", "1.1"): "Cname and CName are one token",
    ("AcceptedContentType", "1.3"): "a remark in the cell",
    ("Extended-Request", "1.2"): "of a vendor's namespace",
    ("Extended-Request", "1.3"): "of a vendor's namespace",
    ("Extended-Response", "1.2"): "of a vendor's namespace",
    ("Extended-Response", "1.3"): "of a vendor's namespace",
    ("FundamentalFeat", "1.2"): "VerifyID is of 1.2: transactions.md section 7",
    ("GetGroupMembers-Response", "1.3"): "both forms: content-models.md section 9, 12",
    ("GroupAuthFunc", "1.2"): "GetJoinedUsers is of 1.2",
    ("Invite-Response", "1.3"): "both notes: transactions.md section 6",
    ("MemberAccess-Request", "1.3"): "both forms: transactions.md section 12",
    ("Notification-Request", "1.3"): "the payloads of section 5",
    ("OtherServer", "1.2"): "both, in case a server has both",
    ("OtherServer", "1.3"): "both, in case a server has both",
    ("PresenceAuthFunc", "1.3"): "a remark in the cell",
    ("SearchPairList", "1.3"): "both forms: section 6",
    ("SegmentContent", "1.3"): "a remark in the cell",
    ("SubscribeGroupNotice-Response", "1.3"): "a remark in the cell",
    ("SubscribePresence-Request", "1.3"): "no token in 1.3: transactions.md section 9",
    ("WV-CSP-Message", "1.2"): "discovery: transactions.md section 1.3",
    ("WV-CSP-Message", "1.3"): "discovery: transactions.md section 1.3",
}


def recorded():
    """(element, version) -> model, of the tables of the record."""
    text = RECORD.read_text(encoding="utf-8").split("\n## 3.")[1].split("\n## 4.")[0]
    found = {}
    for name, row in re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text, re.M):
        cells = dict(zip(VERSIONS, re.split(r"(?<!\\) \| ", row), strict=True))
        for version, cell in cells.items():
            while same := re.match(r"(?:=|as) (1\.\d)", cell):
                cell = cells[same[1]]
            if cell != "—":
                found[name, version] = cell.replace("\\|", "|").replace(" (as 1.2)", "")
    return found


@pytest.mark.skipif(not RECORD.exists(), reason="the pages on the protocol are not here")
def test_the_models_are_those_of_the_record():
    known, record = models(), recorded()
    assert len(record) > 500
    differ = {key for key, model in record.items() if key not in known or known[key].text != model}
    assert differ == set(_WIDER)
    assert not differ - set(known)
    more = {
        name
        for (name, version), model in known.items()
        if (name, version) not in record and model.text not in LEAVES and "/" not in name
    }
    # sections 1 and 8
    assert more == {"AllFunctions", "Functions", "TransactionContent", "VerifyIDFunc"}
