"""PTS on a host: trees both ways, a second reading of the grammar, a real client's messages."""

import json
import os
import random
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pts_grammar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DONE, END, NEED_MORE, START, give
from typer.testing import CliRunner

from conftest import ROOT, unavailable
from microimps.errors import PeerError
from microimps.pts.codes import CODES
from microimps.pts.extension import EXTENSION
from microimps.pts.reader import Reader
from microimps.pts.table import load
from microimps.pts.writer import Writer
from microimps.tools import generate_pts
from microimps.tools.cli import app
from microimps.tools.conformance.models import models
from microimps.tools.conformance.models import primitives as primitives_of
from microimps.tools.message import DecodeError, EncodeError, Message, decode, encode
from microimps.tools.tables import VERSIONS, pts, table

TRANSCRIPTS = Path(
    os.environ.get("MICROIMPS_TRANSCRIPTS")
    or ROOT.parent / "shared" / "vectors" / "client-transcripts"
)
thorough = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def examples() -> list[tuple[bytes, str, list[str], Element]]:
    """(octets, version, [mode, tid, session], primitive) of every example."""
    text = (ROOT / "tests" / "vectors" / "pts" / "messages.txt").read_text("utf-8")
    found = []
    for block in text.split("\n\n"):
        octets, _, meaning = block.strip().partition("\n")
        version, mode, tid, sid, xml = meaning.split(" ", 4)
        found.append((octets.encode(), version, [mode, tid, sid], fromstring(xml)))
    return found


EXAMPLES = examples()


def plain(element: Element) -> str:
    """The tree as text, without xmlns, empty texts the same as none."""
    for each in element.iter():
        each.attrib.pop("xmlns", None)
        each.text = each.text or None
    return tostring(element, encoding="unicode")


def envelope(primitive: Element, version: str, tid: str = "7", sid: str = "s8Kd") -> Message:
    mode = (
        "Response" if primitive.tag.endswith(("Response", "Status", "Disconnect")) else "Request"
    )
    spaces = table(version).namespaces
    root = Element("WV-CSP-Message", xmlns=spaces[0])
    session = SubElement(root, "Session")
    descriptor = SubElement(session, "SessionDescriptor")
    SubElement(descriptor, "SessionType").text = "Inband" if sid else "Outband"
    if sid:
        SubElement(descriptor, "SessionID").text = sid
    transaction = SubElement(session, "Transaction")
    described = SubElement(transaction, "TransactionDescriptor")
    SubElement(described, "TransactionMode").text = mode
    SubElement(described, "TransactionID").text = tid
    SubElement(transaction, "TransactionContent", xmlns=spaces[1]).append(primitive)
    return Message(root, version, "pts")


# --- examples ---------------------------------------------------------------------------------


@pytest.mark.parametrize("octets, version, about, primitive", EXAMPLES)
def test_an_example_goes_both_ways(octets, version, about, primitive):
    message = decode(octets)
    assert (message.version, message.syntax, message.extension) == (version, "pts", False)
    session = message.root[0]
    assert session.findtext("Transaction/TransactionDescriptor/TransactionMode") == about[0]
    assert session.findtext("Transaction/TransactionDescriptor/TransactionID") == about[1]
    assert session.findtext("SessionDescriptor/SessionID", "-") == about[2]
    assert plain(session[1][1][0]) == plain(primitive)
    assert encode(decode(octets)) == octets


@pytest.mark.parametrize("octets, version, about, primitive", EXAMPLES)
def test_the_second_reading_agrees(octets, version, about, primitive):
    parsed = pts_grammar.parse(octets)
    assert (parsed.version, parsed.tid) == (version, about[1])
    assert plain(pts_grammar.primitive(parsed)) == plain(primitive)


@pytest.mark.parametrize("octets, version, about, primitive", EXAMPLES)
def test_an_example_goes_through_wbxml_and_back(octets, version, about, primitive):
    message = decode(octets)
    message.syntax = "wbxml"
    again = decode(encode(message))
    again.syntax = "pts"
    assert encode(again) == octets


# --- any message ------------------------------------------------------------------------------

# what [^ ",()=&] is not, and what is more than an octet
texts = st.text(
    st.sampled_from(' ",()=&aZ09:/@.-\u00e9\u20ac\U0001f600') | st.characters(codec="utf-8"),
    min_size=1,
    max_size=30,
).filter(lambda text: text not in pts_grammar._names(pts_grammar.CODED))
flags = st.sampled_from("TF")
numbers = st.integers(0, 1 << 32).map(str)


def build(name: str, *children: "Element | None") -> Element:
    element = Element(name)
    element.extend(child for child in children if child is not None)
    return element


def leaves(name: str, text: st.SearchStrategy[str]) -> st.SearchStrategy[Element]:
    return text.map(lambda value: _leaf(name, value))


def _leaf(name: str, text: str) -> Element:
    element = Element(name)
    element.text = text
    return element


def wrapped(version: str, users: list[str], lists: list[str]) -> list[Element]:
    ids = [_leaf("UserID", user) for user in users]
    names = [_leaf("ContactList", name) for name in lists]
    if version != "1.3":
        return [build("User", each) for each in ids] + names
    found = [build("UserIDList", *ids)] if ids else []
    return found + ([build("ContactListIDList", *names)] if names else [])


parts = ("ClientType", "ClientProducer", "ClientVersion")
simple = ("OnlineStatus", "UserAvailability", "StatusText")
values = {
    "UserAvailability": st.sampled_from(["AVAILABLE", "DISCREET", "NOT_AVAILABLE"]) | texts,
    "OnlineStatus": flags,
    "StatusText": texts,
    "ClientType": st.sampled_from(["MOBILE_PHONE", "COMPUTER", "PDA", "CLI", "OTHER"]) | texts,
    "ClientProducer": texts,
    "ClientVersion": texts,
}


@st.composite
def attributes(draw) -> Element:
    found = build("PresenceSubList")
    for name in draw(st.lists(st.sampled_from([*simple, "ClientInfo"]), min_size=1, unique=True)):
        attribute = SubElement(found, name)
        attribute.append(_leaf("Qualifier", draw(flags)))
        chosen = ["PresenceValue"]
        if name == "ClientInfo":
            chosen = draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))
        for each in chosen:
            attribute.append(_leaf(each, draw(values[name if each == "PresenceValue" else each])))
    return found


@st.composite
def names(draw) -> Element:
    found = build("PresenceSubList")
    for name in draw(st.lists(st.sampled_from([*simple, "ClientInfo"]), min_size=1)):
        attribute = SubElement(found, name)
        if name == "ClientInfo":
            attribute.extend(build(each) for each in draw(st.lists(st.sampled_from(parts))))
    return found


@st.composite
def nicks(draw, name: str) -> Element:
    found = build(name)
    for _ in range(draw(st.integers(1, 4))):
        user = _leaf("UserID", draw(texts))
        bare = name == "RemoveNickList" or draw(st.booleans())
        found.append(user if bare else build("NickName", _leaf("Name", draw(texts)), user))
    return found


@st.composite
def properties(draw) -> Element:
    found = build("ContactListProperties")
    for name in draw(st.lists(st.sampled_from(["DisplayName", "Default"]), min_size=1)):
        found.append(build("Property", _leaf("Name", name), _leaf("Value", draw(texts))))
    return found


@st.composite
def primitives(draw, version: str) -> Element:
    kind = draw(st.integers(0, 7))
    several = st.lists(texts, max_size=4)
    result = build("Result", _leaf("Code", str(draw(st.integers(100, 999)))))
    if kind == 0:
        found = build("Login-Request", _leaf("UserID", draw(texts)))
        found.append(build("ClientID", _leaf("URL", draw(texts))))
        found.extend(_leaf("DigestSchema", each) for each in draw(several))
        found.append(_leaf("Password", draw(texts)))
        return found
    if kind == 1:
        if draw(st.booleans()):
            result.append(_leaf("Description", draw(texts)))
        return build(draw(st.sampled_from(["Status", "Disconnect"])), result)
    if kind == 2:
        what = draw(st.sampled_from(["SubscribePresence-Request", "GetPresence-Request"]))
        whom = wrapped(version, draw(several), draw(several))
        return build(what, *whom, draw(st.none() | names()))
    if kind == 3:
        return build("UpdatePresence-Request", draw(attributes()))
    if kind == 4:
        found = build("PresenceNotification-Request")
        for _ in range(draw(st.integers(1, 3))):
            inside = draw(st.none() | attributes())
            found.append(build("Presence", _leaf("UserID", draw(texts)), inside))
        return found
    if kind == 5:
        change = draw(st.none() | nicks("AddNickList") | nicks("RemoveNickList") | properties())
        contacts = _leaf("ContactList", draw(texts))
        return build("ListManage-Request", contacts, change, _leaf("ReceiveList", draw(flags)))
    if kind == 6:
        inside = (draw(st.none() | nicks("NickList")), draw(st.none() | properties()))
        return build("ListManage-Response", result, *inside)
    found = build("ClientCapability-Request", build("CapabilityList"))
    tags = sorted(set(pts_grammar._names(pts_grammar.CAPABILITIES).values()))
    for each in draw(st.lists(st.sampled_from(tags), min_size=1)):
        coded = values["ClientType"] if each == "ClientType" else texts
        if each == "SupportedCIRMethod":
            coded = st.sampled_from(["SSMS", "STCP", "SUDP", "WAPSMS", "WAPUDP", "SHTTP"])
        found[0].append(_leaf(each, draw(coded)))
    return found


@thorough
@given(st.data(), st.sampled_from(VERSIONS), st.integers(0, 999), texts)
def test_any_message_is_read_back_by_two_readers(data, version, tid, sid):
    primitive = data.draw(primitives(version))
    wanted = plain(primitive)
    sid = "" if primitive.tag == "Login-Request" else sid
    octets = encode(envelope(primitive, version, str(tid), sid))
    parsed = pts_grammar.parse(octets)
    assert (parsed.version, parsed.tid) == (version, str(tid))
    assert [value for code, value in parsed.params if code == "SI"] == ([sid] if sid else [])
    assert plain(pts_grammar.primitive(parsed)) == wanted
    message = decode(octets)
    assert plain(message.root[0][1][1][0]) == wanted
    assert (message.root[0][0].findtext("SessionID") or "") == sid
    assert encode(message) == octets


ROWS = pts.rows()
PRIVATE = {row.meaning: row.form for row in ROWS if row.private and row.level == "parameter"}


def names_of(version: str, forms: tuple[str, ...]) -> list[str]:
    """The private elements of these forms that the version has."""
    return sorted(name for name in table(version).numbers if PRIVATE.get(name) in forms)


@st.composite
def private(draw, version: str, name: str, depth: int = 0) -> Element:
    """An element of the extension profile and what may stand in it."""
    form = PRIVATE[name]
    if form in ("text", "free"):
        return _leaf(name, draw(texts))
    found = build(name)
    for _ in range(draw(st.integers(1, 3))):
        if form == "properties":
            word = st.sampled_from(["Name", "AccessType", "Topic", "Whatever", "Default"])
            value = _leaf("Value", draw(texts))
            found.append(build("Property", _leaf("Name", draw(word)), value))
        elif form == "users" and draw(st.booleans()):
            found.append(build("User", _leaf("UserID", draw(texts))))
        else:
            inner = names_of(version, ("text",) if depth == 3 else ("text", "pairs"))
            found.append(draw(private(version, draw(st.sampled_from(inner)), depth + 1)))
    return found


@thorough
@given(st.data(), st.sampled_from(VERSIONS))
def test_any_message_of_the_extension_profile_is_read_back(data, version):
    kinds = {row.meaning for row in ROWS if row.private and row.level == "transaction"}
    primitive = build(data.draw(st.sampled_from(sorted(kinds & table(version).numbers.keys()))))
    known = names_of(version, pts.FORMS)
    for name in data.draw(st.lists(st.sampled_from(known), max_size=4)):
        primitive.append(data.draw(private(version, name)))
    message = envelope(primitive, version)
    message.extension = True
    octets = encode(message)
    found = decode(octets)
    assert found.extension
    assert plain(found.root[0][1][1][0]) == plain(primitive)
    pts_grammar.parse(octets)
    with pytest.raises(EncodeError, match="no known PTS code for this"):
        encode(envelope(primitive, version))


@pytest.mark.parametrize(
    "octets, xml",
    [
        (
            'RZ7 SI=s8Kd ST=200 ZY=((UI,wv:a@b),(PP_CITY,"Oslo, N"),(PP_AGE,)) ZY=((UI,wv:c@b))',
            "<GetPublicProfile-Response><Result><Code>200</Code></Result><PublicProfile>"
            "<UserID>wv:a@b</UserID><Property><Name>PP_CITY</Name><Value>Oslo, N</Value>"
            "</Property><Property><Name>PP_AGE</Name><Value /></Property></PublicProfile>"
            "<PublicProfile><UserID>wv:c@b</UserID></PublicProfile></GetPublicProfile-Response>",
        ),
        (
            'ZJ7 SI=s8Kd UV=((ZG,T,((ZO,"1 E"),(ZA,"2 N"))),(ZD,T,((ZN,no))))',
            "<GetMap-Request><PresenceSubList><GeoLocation><Qualifier>T</Qualifier><Longitude>1 E"
            "</Longitude><Latitude>2 N</Latitude></GeoLocation><Address><Qualifier>T</Qualifier>"
            "<Country>no</Country></Address></PresenceSubList></GetMap-Request>",
        ),
    ],
)
def test_elements_beside_properties_and_places(octets, xml):
    message = envelope(fromstring(xml), "1.3")
    message.extension = True
    assert encode(message) == b"WV13" + octets.encode()
    assert plain(decode(encode(message)).root[0][1][1][0]) == plain(fromstring(xml))


# --- damage -----------------------------------------------------------------------------------


def outcome(data: bytes, step: int, size: int = 4096) -> object:
    """What next() gives, texts joined; or the code of the PeerError."""
    reader = Reader(size, table=EXTENSION)
    found: list[object] = []
    at = 0
    while True:
        try:
            event = reader.next()
            if event == NEED_MORE:
                if at == len(data):
                    assert not reader.over
                    reader.over = True
                    continue
                at = give(reader, data, at, step)
                continue
        except PeerError as error:
            return error.args[0]
        if event == DONE:
            return found
        if event in (START, END):
            found.append((event, reader.tag))
        else:
            text = b"{%d}" % reader.ext
            if reader.ext < 0:
                text = bytes(reader.src[reader.start : reader.stop])
            if found and isinstance(found[-1], bytes):
                text = found.pop() + text
            found.append(text)


@settings(thorough, max_examples=1500)
@given(st.sampled_from(EXAMPLES), st.integers(0, 1 << 30), st.integers(2, 40))
def test_damage_gives_a_named_error_or_a_message_and_cuts_do_not_matter(example, seed, step):
    octets = bytearray(example[0])
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(octets))
        damage = dice.randrange(4)
        if damage == 0:
            octets[at] ^= 1 << dice.randrange(8)
        elif damage == 1:
            octets[at] = dice.choice(b' ",()=&TFA0\xff')
        elif damage == 2:
            del octets[at : at + dice.randint(1, 9)]
        else:
            octets[at:at] = octets[dice.randrange(len(octets)) :][:9]
        if not octets:
            break
    data = bytes(octets)
    whole = outcome(data, 4096)
    assert outcome(data, 1) == outcome(data, step) == outcome(data, 4096, 16) == whole
    if isinstance(whole, int):
        assert whole in (1, 2, 4, 7)
    try:
        message = decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data)
        return
    try:
        again = encode(message)
    except EncodeError:
        return
    assert decode(again).root.tag == message.root.tag


@settings(thorough, max_examples=500)
@given(st.text('ABCSTPRUILXM=(),"& x1', max_size=60), st.integers(2, 20))
def test_any_text_is_read_or_refused(text, step):
    data = b"WV13ST5 " + text.encode()
    assert outcome(data, 1) == outcome(data, step) == outcome(data, 4096)


def test_every_cut_of_every_example():
    for octets, *_ in EXAMPLES:
        whole = outcome(octets, 4096)
        for cut in range(1, len(octets)):
            assert outcome(octets, cut) == whole


# --- a real client ----------------------------------------------------------------------------


def recorded() -> dict[bytes, dict[str, str]]:
    """Every PTS message of the recorded client and what the record says of it; parts joined."""
    found = {}
    joined: dict[str, dict[int, bytes]] = {}
    for file in sorted(TRANSCRIPTS.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            octets = bytes.fromhex(record.get("body_hex", ""))
            if octets[:2] != b"WV" or octets[:4] == b"WVCI":
                continue
            head, _, rest = octets.partition(b" ")
            if head[-2:].isalpha() and head[-3:-2].isdigit():
                parts = joined.setdefault(f"{file} {head[:-2]!r} {record['direction']}", {})
                parts[head[-2] - 0x61] = rest
                if len(parts) <= head[-1] - 0x61:
                    continue
                octets = head[:-2] + b" " + b"".join(parts[i] for i in sorted(parts))
            found[octets] = record
    return found


def test_what_a_real_client_sends_is_read():
    messages = recorded()
    if not messages:
        unavailable(f"no recorded PTS messages in {TRANSCRIPTS}")
    ours = 0
    for octets, record in messages.items():
        message = decode(octets)
        transaction = message.root.find("Session/Transaction")
        assert transaction is not None
        named = record["primitive"].replace("BG", "GetBlockedList-Response")
        assert transaction[1][0].tag == named, octets
        assert transaction.findtext("TransactionDescriptor/TransactionID") in octets.decode()
        if record["direction"] == "client->server":
            ours += 1
            # read again, in our own spelling, it is the same message
            again = decode(encode(message))
            assert tostring(again.root) == tostring(message.root)
            assert plain(pts_grammar.primitive(pts_grammar.parse(encode(message)))) == plain(
                message.root[0][1][1][0]
            )
    assert ours > 100


# --- limits of the syntax ---------------------------------------------------------------------


def test_what_pts_cannot_carry_is_refused():
    primitive = build("KeepAlive-Request")
    with pytest.raises(EncodeError, match="0 to 999"):
        encode(envelope(primitive, "1.2", "1000"))
    with pytest.raises(EncodeError, match="0 to 999"):
        encode(envelope(primitive, "1.2", "abc"))
    twice = envelope(primitive, "1.2")
    twice.root[0].append(twice.root[0][1])
    with pytest.raises(EncodeError, match="one transaction"):
        encode(twice)
    with pytest.raises(EncodeError, match="beside elements"):
        message = envelope(build("GetPresence-Request", build("PresenceSubList")), "1.2")
        message.root[0].text = "x"
        encode(message)
    assert encode(envelope(build("Polling-Request"), "1.2", "")) == b"WV12PO0 SI=s8Kd"


def test_an_answer_leaves_out_what_has_no_code_and_a_request_does_not():
    mood = build("StatusMood", _leaf("Qualifier", "T"), _leaf("PresenceValue", "HAPPY"))
    here = build("Presence", _leaf("UserID", "wv:a"), build("PresenceSubList", mood))
    octets = encode(envelope(build("PresenceNotification-Request", here), "1.2"))
    assert octets == b"WV12PN7 SI=s8Kd PR=(wv:a,())"
    with pytest.raises(EncodeError, match="no known PTS code"):
        encode(envelope(build("UpdatePresence-Request", build("PresenceSubList", mood)), "1.2"))


def test_an_unknown_transaction_is_shown_by_its_letters():
    message = decode(b"WV12QQ5 SI=s AB=1")
    assert message.root[0][1][1][0].tag == "PTS-QQ"
    with pytest.raises(EncodeError, match="no known PTS code"):
        encode(message)


def test_a_late_session_identity_is_put_where_it_belongs():
    assert plain(decode(b"WV12ST6 ST=200 SI=s").root) == plain(decode(b"WV12ST6 SI=s ST=200").root)


def test_the_command_shows_pts_as_xml_and_back(tmp_path):
    octets, version, _, primitive = EXAMPLES[-1]
    (tmp_path / "m.pts").write_bytes(octets)
    shown = CliRunner().invoke(app, ["decode", str(tmp_path / "m.pts")])
    assert shown.exit_code == 0 and "<PresenceValue>gone home" in shown.stdout
    (tmp_path / "m.xml").write_bytes(shown.stdout_bytes)
    back = CliRunner().invoke(app, ["decode", "--to", "pts", str(tmp_path / "m.xml")])
    assert back.exit_code == 0 and back.stdout_bytes == octets


def test_the_command_writes_private_codes_only_when_asked(tmp_path):
    message = envelope(build("MessageDelivered", _leaf("MessageID", "m1")), "1.2")
    message.syntax = "xml"
    (tmp_path / "m.xml").write_bytes(encode(message))
    command = ["decode", "--to", "pts", str(tmp_path / "m.xml")]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1 and "no known PTS code" in refused.output
    done = CliRunner().invoke(app, [*command, "--extension"])
    assert done.stdout_bytes == b"WV12NX7 SI=s8Kd XI=m1"


# --- tables -----------------------------------------------------------------------------------

# pts.md section 3, more-pts-and-transport.md section 1: codes that a private one must not be
LISTED = "LR RL OR DI KA AK CP PC SQ QS PO ST GL LG CL DL LM ML CA SB GP PG UP PN GB".split()
REVERSED = "RO ID QC PS TS OP LC LD AC BS PU NP BG".split()


def test_every_row_tells_its_source():
    sources = {row.source for row in ROWS}
    assert sources == {"[A]", "[inferred]", "private"}
    assert [row.code for row in ROWS if row.source == "[inferred]"] == ["BG"]


def test_the_known_transactions_are_those_of_the_record():
    kinds = {row.code: row.meaning for row in ROWS if row.level == "transaction"}
    known = pts_grammar._names(pts_grammar.TRANSACTIONS)
    assert known.items() <= kinds.items() and sorted(known) == sorted(LISTED)
    public = {r.code for r in ROWS if r.level == "transaction" and not r.private}
    assert public == {*LISTED, "BG"}


# What a message of the extension profile can do without: the grammar has other means, see
# docs/pts-extension.md, or ...
WITHOUT = {
    *("Code", "NickName", "Property", "Qualifier", "PresenceValue", "User"),  # said by the form
    *("UserIDList", "ContactListIDList", "MSISDN"),  # wrappers; half of an identity
    *("DetailedResult", "TryAgainTimeout", "ExtBlockETEM"),  # ... nothing
    *("GetSegment-Request", "GetSegment-Response", "DropSegment-Request"),  # parts are cut anew
    *("SegmentID", "SegmentContent", "SegmentReference", "TransactionID"),
    *("CommCap", "PreferredContacts", "InfoLink", "ClientContentLimit", "ClientIMPriority"),
}
INSIDE = {"CapabilityList", "AgreedCapabilityList", "WVCSPFeat", *WITHOUT}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_primitive_and_what_is_in_it_has_a_code(version):
    coded = {row.number() for row in ROWS if row.level != "word"}
    numbers = table(version).numbers
    waiting, seen, without = set(primitives_of(version)), set(), set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        last = name.rpartition("/")[2]
        if last in numbers and numbers[last] not in coded:
            without.add(last)
        if last not in INSIDE:
            waiting |= set(models()[name, version].names) - seen
    assert without <= WITHOUT
    assert {name for name in without if "-" in name} == (
        {name for name in WITHOUT if "-" in name} if version == "1.3" else set()
    )


def test_private_codes_are_systematic_and_meet_no_other():
    """docs/pts-extension.md: one of the letters X, Y, Z; an answer is its request reversed."""
    taken = {row.code for row in ROWS if not row.private} | {*LISTED, *REVERSED}
    taken |= {code[::-1] for code in taken} | {"XX"}
    private_rows = [row for row in ROWS if row.private]
    assert len(private_rows) > 150
    for row in private_rows:
        assert row.code not in taken, row
        assert set(row.code) & set("XYZ"), row
    codes = {row.meaning: row.code for row in private_rows if row.level == "transaction"}
    alone = {"GetBlockedList-Response", "CreateList-Response"}  # their requests have known codes
    own = {"Invite-Response", "InviteUser-Response"}  # requests of their own, named after others
    for name, code in codes.items():
        request = name.replace("-Response", "-Request")
        if name != request and name not in alone:
            assert code == codes[request][::-1], name
        elif name == request and name != "MessageDelivered":
            assert code[0] in "XYZ"
    assert own < codes.keys()
    assert codes["MessageDelivered"] == codes["NewMessage"][::-1]


def test_blobs_are_current():
    assert pts.packed(pts.extension(ROWS, False)) == CODES
    assert pts.packed(ROWS) == pts.packed(pts.extension(ROWS, True)) == EXTENSION


def test_a_table_from_a_file_replaces_the_built_in_one(tmp_path):
    csv = tmp_path / "codes.csv"
    lines = pts.FILE.read_text("utf-8").replace("transaction,KA,", "transaction,KQ,")
    csv.write_text(lines.replace("parameter,SI,", "parameter,SJ,"), "utf-8")
    blob = tmp_path / "codes.bin"
    assert generate_pts.main([str(csv), str(blob)]) == 0
    codes = load(str(blob))
    assert len(codes) == len(EXTENSION)
    writer = Writer(64, 2, codes)
    writer.window(0, 64)
    writer.begin()
    for tag in (0x009, 0x033):
        writer.start(tag)
    writer.empty(0x05B)
    assert bytes(writer.buf[: writer.at]) == b"WV12KQ0"
    assert generate_pts.main([str(csv), str(blob), "--strict"]) == 0
    assert len(load(str(blob))) == len(CODES)


@pytest.mark.parametrize(
    "line, message",
    [
        ("transaction,K,KeepAlive-Request,,request,x", "two capital letters"),
        ("transaction,ka,KeepAlive-Request,,request,x", "two capital letters"),
        ("transaction,KA,Keep,,request,x", "no such element"),
        ("transaction,KA,KeepAlive-Request,,maybe,x", "no where has the name 'maybe'"),
        ("transaction,KA,KeepAlive-Request,pairs,request,x", "no form has the name 'pairs'"),
        ("something,KA,KeepAlive-Request,,,x", "no level has"),
        ("parameter,AA,UserID,text,,x\nparameter,AA,Password,text,,x", "UserID and Password"),
        ("parameter,AA,UserID,text,,x,y", "too many columns"),
    ],
)
def test_a_table_that_is_wrong_is_refused(tmp_path, capsys, line, message):
    csv = tmp_path / "codes.csv"
    csv.write_text("level,code,meaning,form,where,source\n" + line + "\n")
    assert generate_pts.main([str(csv), str(tmp_path / "out")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_table_is_refused(tmp_path, capsys):
    (tmp_path / "x").write_bytes(b"PTS1abc")
    with pytest.raises(Exception, match="no table of PTS codes"):
        load(str(tmp_path / "x"))
    (tmp_path / "y").write_text("a,b\n")
    assert generate_pts.main([str(tmp_path / "y"), str(tmp_path / "out")]) == 1
    assert "the first line is not" in capsys.readouterr().err
    assert generate_pts.main([str(tmp_path / "z"), str(tmp_path / "out")]) == 1


def test_the_page_lists_every_private_code():
    page = (ROOT / "docs" / "pts-extension.md").read_text("utf-8")
    table_lines = page.partition("## 6.")[2].splitlines()
    listed = {tuple(line.split(" | ")[:2]) for line in table_lines if line.startswith("| ")}
    listed.difference_update({("| Code", each) for each in ("Primitive", "Element", "Attribute")})
    assert listed == {("| " + row.code, row.meaning) for row in ROWS if row.private}


def test_the_examples_of_the_page_are_read_and_written():
    page = (ROOT / "docs" / "pts-extension.md").read_text("utf-8")
    shown = [line.strip() for line in page.splitlines() if line.startswith("    WV12")]
    assert len(shown) == 4
    for line in shown:
        message = decode(line.encode())
        assert message.extension and "PTS-" not in tostring(message.root, encoding="unicode")
        assert encode(message).decode() == line
