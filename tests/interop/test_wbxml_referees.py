"""Our WBXML read by libwbxml and Wireshark, theirs read by us.

wbxml2xml and tshark judge what we write; xml2wbxml writes what we read; and the octets of the two
foreign encoders behind the vectors are read by tshark and by us. What a referee cannot do is
listed here, and the list is tested too: a limit that no longer shows is a failure.
"""

import copy
import random
import re
import struct
import subprocess
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import pytest
from csp_vectors import VECTORS, parse, shape

from conftest import need
from microimps.tools.message import Message, decode, encode
from microimps.tools.tables import rows, table

pytestmark = pytest.mark.interop

# A message as it is compared: where it is from, its version, its tree.
Case = tuple[str, str, Element]


def random_message(version: str, seed: int) -> Element:
    """A made-up message of some thirty elements, each with content of its type."""
    dice = random.Random(f"{version}/{seed}")
    known = table(version)
    names = sorted(set(known.numbers) - UNKNOWN_TO_A_REFEREE)
    words = [
        *sorted(known.tokens),
        "wv:a@b.example",
        "T or F",
        "\u00fc\u20ac\u8a9e\U0001f600",
        "<&>'\"",
    ]
    root = Element("WV-CSP-Message", {"xmlns": known.namespaces[0]})
    nodes = [root]
    for _ in range(30):
        if len(nodes) < 8 and dice.random() < 0.4:
            nodes.append(SubElement(dice.choice(nodes), dice.choice(names)))
            continue
        leaf = SubElement(dice.choice(nodes), dice.choice(names))
        kind = known.types.get(known.numbers[leaf.tag])
        if kind == "integer":
            leaf.text = str(dice.getrandbits(dice.randint(1, 32)))
        elif kind == "boolean":
            leaf.text = dice.choice("TF")
        elif kind == "datetime":
            leaf.text = "2%03d0%d1%dT0%d%02d%02dZ" % tuple(dice.randint(1, 9) for _ in range(6))
        elif dice.random() < 0.9:
            leaf.text = dice.choice(words)
    return root


# Added late to 1.2, so libwbxml lacks it: wbxml.md section 9 row 6.
UNKNOWN_TO_A_REFEREE = {"CIRURL"}

MESSAGES: list[Case] = [
    (vector.name, vector.version, parse(vector.xml))
    for vector in VECTORS
    if vector.name.endswith("-profile") or "coverage" in vector.name
]
MESSAGES += [
    (f"random-{version}-{seed}", version, random_message(version, seed))
    for version in ("1.1", "1.2", "1.3")
    for seed in range(60)
]
OLDER = [case for case in MESSAGES if case[1] != "1.3"]


def differing(cases: list[Case], found: Iterator[Element | None], attributes: bool = True) -> dict:
    """What a referee, or we, read otherwise than it is meant: name -> (found, meant)."""
    wrong = {}
    for (name, version, root), other in zip(cases, found, strict=True):
        meant = shape(root, version, attributes)
        got = None if other is None else shape(other, version, attributes)
        if got != meant:
            wrong[name] = (got, meant)
    return wrong


# --- libwbxml: 1.1 and 1.2 --------------------------------------------------------------------


def wbxml2xml(octets: bytes, version: str) -> Element | None:
    language = "CSP" + version.replace(".", "")
    command = [need("wbxml2xml"), "-m", "0", "-l", language, "-o", "-", "-"]
    done = subprocess.run(command, input=octets, capture_output=True, timeout=60)
    return parse(done.stdout) if done.returncode == 0 else None


def xml2wbxml(root: Element, version: str) -> bytes:
    """Octets from xml2wbxml, which takes the version from the DOCTYPE alone.

    It knows some elements by other names only: wbxml.md section 9 rows 1, 2 and 4.
    """
    others = {
        row["canonical_name"]: row["other_name"]
        for row in rows("aliases")
        if row["version"] == version and row["use"] == "alias" and "b" in row["sources"]
    }
    root = copy.deepcopy(root)
    for element in root.iter():
        element.tag = others.get(element.tag, element.tag)
    name = table(version).public_names[-1 if version == "1.1" else 0]
    doctype = f'<!DOCTYPE {root.tag} PUBLIC "{name}" "csp.dtd">'
    text = doctype.encode() + ElementTree.tostring(root, encoding="utf-8")
    done = subprocess.run(
        [need("xml2wbxml"), "-o", "-", "-"], input=text, capture_output=True, timeout=60
    )
    assert done.returncode == 0 and done.stdout, done.stderr.decode()
    return done.stdout


def test_libwbxml_reads_what_we_write():
    read = (wbxml2xml(encode(Message(root, v, "wbxml")), v) for _, v, root in OLDER)
    wrong = differing(OLDER, read)
    assert wrong == {}


def test_we_read_what_libwbxml_writes():
    read = (decode(xml2wbxml(root, v), v).root for _, v, root in OLDER)
    wrong = differing(OLDER, read, attributes=False)
    assert wrong == {}


# --- tshark: all versions ---------------------------------------------------------------------


def capture(bodies: list[bytes]) -> bytes:
    """A pcap file with each body in an HTTP POST in a TCP segment of its own."""
    packets = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101)]  # 101: raw IP
    for n, body in enumerate(bodies):
        head = "POST / HTTP/1.1\r\nHost: imps\r\nContent-Type: application/vnd.wv.csp.wbxml\r\n"
        http = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        tcp = struct.pack(">HHIIBBHHH", 1024 + n, 80, 1, 1, 0x50, 0x18, 8192, 0, 0)
        size = 20 + len(tcp) + len(http)
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, size, n, 0, 64, 6, 0, 0x0A000001, 0x0A000002)
        packets += [struct.pack("<IIII", n, 0, size, size), ip, tcp, http]
    return b"".join(packets)


def tshark(bodies: list[bytes]) -> list[list[list[str]]]:
    """What tshark shows of each body: rows of level, state, code page, token, rendering."""
    done = subprocess.run(
        [need("tshark"), "-r", "-", "-O", "wbxml"],
        input=capture(bodies),
        capture_output=True,
        timeout=60,
    )
    text = done.stdout.decode()
    frames = re.split(r"^Frame \d+:", text, flags=re.M)[1:]
    assert len(frames) == len(bodies), done.stderr.decode()
    return [
        [row for line in frame.splitlines() if len(row := line.split("|", 4)) == 5]
        for frame in frames
    ]


def tree_of(rows: list[list[str]]) -> Element | None:
    """The message that the rows show; None for one that tshark shows in part."""
    builder = ElementTree.TreeBuilder()
    attributes: dict[str, str] = {}
    pending = ""
    for level, state, _, token, rendering in rows[1:]:
        token, shown = token.strip(), rendering.strip()
        if "[truncated]" in level:
            return None
        if state.strip() == "Attr":
            add_attribute(attributes, token, shown)
        elif token == "END (attribute list)" or shown == "/>":
            builder.start(pending, attributes)
            if shown == "/>":
                builder.end(pending)
            attributes = {}
        elif token.startswith("END"):
            builder.end(shown.strip("</> "))
        elif token.startswith(("Known Tag", "LITERAL")):
            pending = shown.strip("</> ")
            if "A" not in token[-4:]:
                builder.start(pending, {})
            if ".." in token[-4:]:
                builder.end(pending)
        elif not token.startswith("SWITCH_PAGE"):
            builder.data(text_of(shown))
    return builder.close()


def add_attribute(attributes: dict[str, str], token: str, shown: str) -> None:
    if token.startswith("Known attrStart"):
        name, value = re.split("[= ]'?", shown.rstrip("'"), maxsplit=1)
        attributes[name] = value
    elif token.startswith("LITERAL"):
        attributes[shown.strip("</> ")] = ""
    else:
        attributes[list(attributes)[-1]] += text_of(shown)


def text_of(shown: str) -> str:
    if found := re.fullmatch(r"(?:Common Value: )?'(.*)'", shown):
        text = found[1].replace(r"\n", "\n")
        return re.sub(r"^&#(\d+);$", lambda match: chr(int(match[1])), text)
    if found := re.fullmatch(r"WV-CSP Integer: (-?\d+)", shown):
        return str(int(found[1]) % (1 << 32))  # shown with a sign
    if found := re.fullmatch(r"WV-CSP DateTime: (.*)", shown):
        return re.sub("[-:]", "", found[1])
    return shown


# Integers that tshark does not interpret: wbxml.md section 9 rows 21, 23, 25 and 26.
UNPARSED = {
    "1.1": {"AcceptedCharset", "SearchFindings", "SearchIndex", "SearchLimit"},
    "1.2": {"AcceptedCharset", "SearchFindings", "SearchIndex", "SearchLimit"},
    "1.3": {"AnswerOptionID", "ChosenOptionID", "WatcherCount"},
}
# Row 14 (value token 3D) and row 11 (AutoSubscribe) of the same, in 1.3.
OTHERWISE = {("SearchElement", "GROUP_ID"): "History"}
UNDEFINED = {"AutoSubscribe": "(Requested token not defined for this content type)"}
# Shown in part: a line longer than tshark's, or so many elements that its indents are too long.
IN_PART = {
    "v11-coverage-values",
    "v12-coverage-values",
    "v12-sendmessage-long-profile",
    "v13-coverage-values",
    "v13-coverage-values-profile",
    "v13-listmanage-request-profile",
    "v13-newmessage-long-profile",
}


def as_tshark_shows(case: Case) -> Case:
    """The message with the limits of tshark."""
    name, version, root = case
    root = copy.deepcopy(root)
    for element in root.iter():
        text = element.text or ""
        if element.tag in UNPARSED[version] and text.isdecimal():
            size = max(1, (int(text).bit_length() + 7) // 8)
            element.text = f"({size} bytes of unparsed opaque data)"
        if version == "1.3":
            element.text = OTHERWISE.get((element.tag, text), element.text)
            element.tag = UNDEFINED.get(element.tag, element.tag)
    return name, version, root


def test_tshark_reads_what_we_write():
    shown = map(tree_of, tshark([encode(Message(root, v, "wbxml")) for _, v, root in MESSAGES]))
    wrong = differing([as_tshark_shows(case) for case in MESSAGES], shown)
    assert {name for name, (found, _) in wrong.items() if found is None} == IN_PART
    assert wrong.keys() == IN_PART


# --- octets that neither of us wrote ----------------------------------------------------------


# libwbxml adds a Z to a date in OPAQUE that has no zone: wbxml.md section 6.
ZONE_ADDED = {"v11-newmessage-localtime", "v12-sendmessage-long"}


def test_libwbxml_and_we_read_the_same():
    ours = [v for v in VECTORS if "libwbxml" in v.decoders and v.version != "1.3"]
    cases = [(v.name, v.version, decode(v.wbxml, v.version).root) for v in ours]
    theirs = (wbxml2xml(v.wbxml, v.version) for v in ours)
    assert len(ours) > 100
    wrong = differing(cases, theirs, attributes=False)
    assert wrong.keys() == ZONE_ADDED
    for found, meant in wrong.values():
        assert re.sub(r"'(\d{8}T\d{6})Z'", r"'\1'", str(found)) == str(meant)


def test_tshark_and_we_read_the_same():
    ours = [v for v in VECTORS if "tshark" in v.decoders]
    cases = [as_tshark_shows((v.name, v.version, decode(v.wbxml, v.version).root)) for v in ours]
    theirs = map(tree_of, tshark([v.wbxml for v in ours]))
    assert len(ours) > 150
    in_part = {v.name for v in ours if v.name + "-profile" in IN_PART or v.name in IN_PART}
    assert differing(cases, theirs).keys() == in_part
