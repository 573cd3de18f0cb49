"""The simulated service takes what a real client is recorded to send, by HTTP and by SMS."""

import asyncio
import base64
import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from sim_client import Client, http_post, user

from conftest import ROOT, unavailable
from microimps.tools import message
from microimps.tools.sim import Account, Config, Service, envelope
from microimps.tools.sim.app import make_app
from microimps.tools.sim.elements import node, text, texts
from microimps.tools.sim.faults import Faults
from microimps.tools.sim.incoming import read
from microimps.tools.sim.sms import DATA, Joiner, SmsFace, split

FOLDER = Path(
    os.environ.get("MICROIMPS_TRANSCRIPTS")
    or ROOT.parent / "shared" / "vectors" / "client-transcripts"
)
FILES = sorted(
    path for path in FOLDER.glob("*.jsonl") if path.stem.rpartition("-")[2][:3] in ("xml", "wbx")
)
PTS = sorted(
    path for path in FOLDER.glob("*.jsonl") if "-pts1" in path.name or "sms-auth" in path.name
)
NAMED = re.compile(rb"wv:([a-z0-9-]+)@")  # users, in messages of these

# What answers a request; 1.1 and 1.3 where they differ. spec: transactions.md
ANSWERS = {
    "AddGroupMembers-Request": "Status",
    "ClientCapability-Request": "ClientCapability-Response",
    "CreateGroup-Request": "Status",
    "DeleteGroup-Request": "Status",
    "JoinGroup-Request": "JoinGroup-Response",
    "LeaveGroup-Request": "LeaveGroup-Response",
    "RemoveGroupMembers-Request": "Status",
    "CreateList-Request": {"1.1": "Status", "1.2": "Status", "1.3": "CreateList-Response"},
    "BlockEntity-Request": "Status",
    "DeleteList-Request": "Status",
    "GetBlockedList-Request": "GetBlockedList-Response",
    "GetList-Request": "GetList-Response",
    "GetPresence-Request": "GetPresence-Response",
    "Invite-Request": "Status",
    "InviteUser-Response": "Status",
    "KeepAlive-Request": "KeepAlive-Response",
    "ListManage-Request": "ListManage-Response",
    "Login-Request": "Login-Response",
    "Logout-Request": {"1.1": "Disconnect", "1.2": "Status", "1.3": "Status"},
    "PresenceAuth-User": "Status",
    "SendMessage-Request": "SendMessage-Response",
    "Service-Request": "Service-Response",
    "SubscribePresence-Request": "Status",
    "UpdatePresence-Request": "Status",
}
PEOPLE = ("bob", "carol", "dave", "erin", "frank", "mallory", "spam", "+15550123")
# Scenario and request -> code of the Status that is right there.
REFUSED = {
    ("login-2way-refused", "Login-Request"): "409",  # the client sends a wrong password
    ("message-errors", "SendMessage-Request"): "531",  # to wv:nobody
}
UNCODED = "GetBlockedList-Request"  # no public code for what PTS would answer: 501


TEA = "wv:alice/tea@example.net"
CHESS = node("GroupID", "wv:bob/chess@example.net")


# What other people do meanwhile: up to the first poll of the client, then between its polls, and
# at last what they have seen of it.


def online(service, name, version):
    client = Client(service, name, version, client=name)
    client.login(password="x")
    return client


def chess(service, version):
    """Bob, who is online, and the group that he has made."""
    bob = online(service, "bob", version)
    named = node("Property", node("Name", "Name"), node("Value", "Chess"))
    bobby = node("ScreenName", node("SName", "Bobby"), CHESS)
    told = (node("GroupProperties", named), node("JoinGroup", True), bobby)
    told += (node("SubscribeNotification", True),)
    assert bob.code("CreateGroup-Request", CHESS, *told) == 200
    return bob


def a_game(service, version):
    bob, carol = chess(service, version), online(service, "carol", version)
    yield
    name = node("ScreenName", node("SName", "Carol"), CHESS)
    more = (node("JoinedRequest", False), node("SubscribeNotification", False))
    carol.post("JoinGroup-Request", CHESS, name, *more)
    yield
    carol.send(node("Group", CHESS), "white to move")
    yield
    bob.post("RejectList-Request", CHESS, node("AddList", node("UserID", "wv:alice")))
    yield
    found = bob.drain()
    came = [name for each in found for name in texts(each.find("Joined"), ".//SName")]
    said = [text(each, "ContentData") for each in found if each.tag == "NewMessage"]
    assert (came, said) == (["alice", "Carol"], ["white to move", "e4"])
    left = [name for each in found for name in texts(each.find("Left"), ".//SName")]
    assert left == ["alice"]


def an_invitation(service, version):
    bob = chess(service, version)
    yield
    invited = (node("Recipient", user("wv:alice")), CHESS, node("InviteNote", "come & play"))
    if version == "1.3":
        invited = (node("Sender", user("wv:bob")), *invited)
    asked = (node("InviteID", "inv-77"), node("InviteType", "GR"), *invited)
    assert bob.code("Invite-Request", *asked) == 200
    yield
    joined, answer, left = bob.drain()
    assert (text(joined, ".//SName"), text(left, ".//SName")) == ("alice", "alice")
    assert answer.tag == "Invite-Response"
    assert (text(answer, "InviteID"), text(answer, "Acceptance")) == ("inv-77", "T")
    assert text(answer, "Sender/User/UserID") == "wv:alice@example.net"


def a_tea(service, version):
    carol = online(service, "carol", version)
    yield
    (invited,) = carol.drain()
    assert (invited.tag, text(invited, "GroupID")) == ("InviteUser-Request", TEA)
    assert carol.code("GetGroupProps-Request", node("GroupID", TEA)) == 800  # empty, so gone


MEANWHILE = {"group": a_tea, "group-join": a_game, "invite-accept": an_invitation}


def records(files):
    return [pytest.param(path, id=path.stem) for path in files] or [None]


class Replay:
    """One recorded session against a fresh service."""

    def __init__(self, lines, people=PEOPLE):
        self.head = lines[0]
        lists = (
            {}
            if self.head["scenario"] == "list-edit"
            else {
                "friends": ("wv:bob@example.net=Bob", "wv:carol@example.net=Carol C."),
                "work": ("wv:dave@example.net",),
            }
        )
        users = [Account("alice", self.head["password"], lists=lists)]
        users += [Account(name, "x") for name in people]
        self.service = Service(
            Config(
                domain="example.net",
                users=tuple(users),
                network_authenticated=self.head["scenario"] == "login-network",
            )
        )
        self.app = make_app(self.service, Faults())
        self.version = self.head["version"]
        self.syntax = self.head["encoding"]
        self.session_id = ""
        self.nonce = ""
        story = MEANWHILE.get(self.head["scenario"])
        self.story = None if story is None else story(self.service, self.version)
        self.renamed = {}  # numbers of the script that stands for a service: those of this one

    def adapted(self, body):
        """The client's octets, with the session and digest that this service gave cause for."""
        root = read(body).root
        if text(root, ".//TransactionMode") == "Response":
            for old, new in self.renamed.items():
                body = body.replace(old.encode(), new.encode())
        session = text(root, "Session/SessionDescriptor/SessionID")
        if session:
            if not self.session_id:  # it logged in by a way that is not replayed
                client = Client(self.service, "alice", self.version, self.syntax)
                client.login(password=self.head["password"])
                self.session_id = client.session_id
            body = body.replace(session.encode(), self.session_id.encode())
        proof = text(root, ".//DigestBytes")
        if proof:
            octets = (self.nonce + self.head["password"]).encode()
            right = base64.b64encode(hashlib.md5(octets).digest())
            body = body.replace(proof.encode(), right)
        return body

    def meanwhile(self):
        """Others go on, once the client has what waits for it."""
        ours = Client(self.service, "alice", self.version, self.syntax)
        ours.session_id = self.session_id
        ours.drain()
        next(self.story, None)

    def post(self, record, then):
        """The client's message; then: the record of what the script answered."""
        if self.story and record["primitive"] == "Polling-Request":
            self.meanwhile()
        body = self.adapted(bytes.fromhex(record["body_hex"]))
        headers = [pair for pair in record["headers"] if pair[0].lower() != "content-length"]
        status, found, answer = http_post(self.app, body, headers, record["path"])
        assert status == 200
        asked = dict(record["headers"])["Content-Type"]
        assert found["content-type"] == asked.partition(";")[0]
        if record["mode"] == "Response" or record["primitive"] == "Polling-Request":
            self.server_request(answer, then)
        else:
            self.answer(record, answer)

    def decoded(self, answer):
        found = message.decode(answer)
        assert (found.syntax, found.version) == (self.syntax, self.version)
        return envelope.parse(found.root, self.version)

    def server_request(self, answer, then):
        if not answer:
            assert not self.story or not then["body_hex"]
            return
        (transaction,) = self.decoded(answer).transactions
        assert transaction.mode == "Request"
        if self.story:  # this service has to tell what the script told
            assert transaction.content.tag == then["primitive"]
            told = read(bytes.fromhex(then["body_hex"])).root
            self.renamed[then["transaction_id"]] = transaction.tid
            if told.find(".//MessageID") is not None:
                self.renamed[text(told, ".//MessageID")] = text(
                    transaction.content, ".//MessageID"
                )

    def answer(self, record, answer):
        whole = self.decoded(answer)
        (transaction,) = whole.transactions
        primitive, name = transaction.content, record["primitive"]
        assert transaction.mode == "Response"
        assert transaction.tid == (record["transaction_id"] or "")
        code = text(primitive, "Result/Code")
        if primitive.tag == "Status" and code == REFUSED.get((self.head["scenario"], name)):
            return
        wanted = ANSWERS[name]
        if isinstance(wanted, dict):
            wanted = wanted["1.2" if self.syntax == "pts" else self.version]
        assert primitive.tag == wanted, f"{name}: {primitive.tag} {code}"
        if name == "Login-Request":
            self.nonce = text(primitive, "Nonce")
            self.session_id = text(primitive, "SessionID") or self.session_id
        assert code in ("200", "401", ""), f"{record['seq']} {name}: {code}"


def load(path):
    if path is None:
        unavailable(f"no client transcripts in {FOLDER}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", records(FILES))
def test_replay(path):
    lines = load(path)
    replay = Replay(lines)
    count = 0
    if replay.story:
        next(replay.story)
    for record, then in zip(lines[1:], [*lines[2:], None], strict=True):
        if record["direction"] != "client->server" or record["channel"] != "http":
            continue
        if bytes.fromhex(record["body_hex"])[:2] == b"WV":
            continue  # a login in plain text syntax before the rest of the session
        replay.post(record, then)
        count += 1
    assert count
    if replay.story:
        assert next(replay.story, "over") == "over"


# Plain text syntax, by SMS or HTTP


class Wire:
    """A carrier that the test feeds; `sent` holds the parts that the service sent."""

    def __init__(self):
        self.sent = []

    async def start(self):
        pass

    async def send(self, number, body, port):
        self.sent.append((number, port, body))

    async def stop(self):
        pass


class SmsReplay(Replay):
    """One recorded session in PTS against a fresh service, by whatever each message came."""

    def __init__(self, lines):
        named = {each.decode() for each in NAMED.findall(b"".join(slices(lines)))}
        super().__init__(lines, sorted((named | {*PEOPLE}) - {"alice"}))
        self.syntax = "pts"
        self.wire = Wire()
        self.joiner = Joiner(self.service.clock)
        self.parts = []

    async def text(self, record):
        """A part of a message by SMS; the answer when it was the last."""
        self.parts.append(bytes.fromhex(record["body_hex"]))
        if not record.get("primitive"):
            return
        sms = record["sms"]
        body = self.adapted(joined(self.parts))
        self.parts = []
        for part in split(body):
            assert len(part) <= 133
            self.wire.take(sms["from"], sms["port"], part)
        if record["mode"] == "Response":
            return
        answer = None
        while answer is None:
            while not self.wire.sent:
                await asyncio.sleep(0.005)
            number, port, part = self.wire.sent.pop(0)
            assert (number, port, len(part) <= 133) == (sms["from"], DATA, True)
            answer = self.joiner.put(number, part)
            if answer and self.decoded(answer).transactions[0].mode == "Request":
                answer = None  # a notification meanwhile
        self.answer(record, answer)

    def answer(self, record, answer):
        if record["primitive"] == UNCODED:
            (transaction,) = self.decoded(answer).transactions
            assert text(transaction.content, "Result/Code") == "501"
        else:
            super().answer(record, answer)

    def decoded(self, answer):
        assert message.decode(answer).syntax == "pts" and not message.decode(answer).extension
        return super().decoded(answer)


def slices(lines):
    """What came behind the preambles of the client's messages."""
    for each in lines[1:]:
        octets = bytes.fromhex(each.get("body_hex") or "")
        if each["direction"] == "client->server" and octets[:2] == b"WV":
            yield octets.partition(b" ")[2]


def joined(parts):
    """The message in these parts, in order."""
    if len(parts) == 1:
        return parts[0]
    return parts[0].partition(b" ")[0][:-2] + b" " + b"".join(p.partition(b" ")[2] for p in parts)


async def replay_pts(lines):
    each = SmsReplay(lines)
    face = SmsFace(each.service, each.wire, "+15559000")
    await face.start()
    count = 0
    try:
        for record in lines[1:]:
            if record["direction"] != "client->server":
                continue
            if record["channel"] == "sms":
                await each.text(record)
            elif record["channel"] == "http" and record["body_hex"][:4] == b"WV".hex():
                await asyncio.to_thread(each.post, record, None)
            else:
                continue
            count += 1
    finally:
        await face.stop()
    assert count and not face.dropped


@pytest.mark.parametrize("path", records(PTS))
def test_replay_in_plain_text(path):
    asyncio.run(asyncio.wait_for(replay_pts(load(path)), 60))
