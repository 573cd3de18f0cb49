"""The simulated service takes what a real client is recorded to send over HTTP."""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest
from sim_client import Client, check, http_post

from conftest import ROOT, unavailable
from microimps.tools import message
from microimps.tools.sim import Account, Config, Service, envelope
from microimps.tools.sim.app import make_app
from microimps.tools.sim.elements import text
from microimps.tools.sim.faults import Faults
from microimps.tools.sim.incoming import read

FOLDER = Path(
    os.environ.get("MICROIMPS_TRANSCRIPTS")
    or ROOT.parent / "shared" / "vectors" / "client-transcripts"
)
FILES = sorted(
    path for path in FOLDER.glob("*.jsonl") if path.stem.rpartition("-")[2][:3] in ("xml", "wbx")
)

# What answers a request; 1.1 and 1.3 where they differ. spec: transactions.md
ANSWERS = {
    "ClientCapability-Request": "ClientCapability-Response",
    "CreateList-Request": {"1.1": "Status", "1.2": "Status", "1.3": "CreateList-Response"},
    "BlockEntity-Request": "Status",
    "DeleteList-Request": "Status",
    "GetBlockedList-Request": "GetBlockedList-Response",
    "GetList-Request": "GetList-Response",
    "GetPresence-Request": "GetPresence-Response",
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
LATER = {  # agreed on in no session: the client asks for groups and is refused
    "AddGroupMembers-Request",
    "CreateGroup-Request",
    "DeleteGroup-Request",
    "Invite-Request",
    "InviteUser-Response",
    "JoinGroup-Request",
    "LeaveGroup-Request",
    "RemoveGroupMembers-Request",
}
PEOPLE = ("bob", "carol", "dave", "erin", "frank", "mallory", "spam", "+15550123")
# Scenario and request -> code of the Status that is right there.
REFUSED = {
    ("group", "SendMessage-Request"): "800",
    ("group-join", "SendMessage-Request"): "800",
    ("login-2way-refused", "Login-Request"): "409",  # the client sends a wrong password
    ("message-errors", "SendMessage-Request"): "531",  # to wv:nobody
}


def records():
    return [pytest.param(path, id=path.stem) for path in FILES] or [None]


class Replay:
    """One recorded session against a fresh service."""

    def __init__(self, lines):
        self.head = lines[0]
        lists = (
            {}
            if self.head["scenario"].startswith("list-edit")
            else {
                "friends": ("wv:bob@example.net=Bob", "wv:carol@example.net=Carol C."),
                "work": ("wv:dave@example.net",),
            }
        )
        users = [Account("alice", self.head["password"], lists=lists)]
        users += [Account(name, "x") for name in PEOPLE]
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

    def adapted(self, body):
        """The client's octets, with the session and digest that this service gave cause for."""
        root = read(body).root
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

    def post(self, record):
        body = self.adapted(bytes.fromhex(record["body_hex"]))
        headers = [pair for pair in record["headers"] if pair[0].lower() != "content-length"]
        status, found, answer = http_post(self.app, body, headers, record["path"])
        assert status == 200
        asked = dict(record["headers"])["Content-Type"]
        assert found["content-type"] == asked.partition(";")[0]
        if record["mode"] == "Response" or record["primitive"] == "Polling-Request":
            self.server_request(answer)
        else:
            self.answer(record, answer)

    def decoded(self, answer):
        found = message.decode(answer)
        assert (found.syntax, found.version) == (self.syntax, self.version)
        check(found.root, self.version)
        return envelope.parse(found.root, self.version)

    def server_request(self, answer):
        if answer:
            assert self.decoded(answer).transactions[0].mode == "Request"

    def answer(self, record, answer):
        whole = self.decoded(answer)
        (transaction,) = whole.transactions
        primitive, name = transaction.content, record["primitive"]
        assert transaction.mode == "Response"
        assert transaction.tid == (record["transaction_id"] or "")
        code = text(primitive, "Result/Code")
        if name in LATER:
            assert (primitive.tag, code) == ("Status", "506")
            return
        if primitive.tag == "Status" and code == REFUSED.get((self.head["scenario"], name)):
            return
        wanted = ANSWERS[name]
        wanted = wanted if isinstance(wanted, str) else wanted[self.version]
        assert primitive.tag == wanted, f"{name}: {primitive.tag} {code}"
        if name == "Login-Request":
            self.nonce = text(primitive, "Nonce")
            self.session_id = text(primitive, "SessionID") or self.session_id
        assert code in ("200", "401", ""), f"{record['seq']} {name}: {code}"


def load(path):
    if path is None:
        unavailable(f"no client transcripts in {FOLDER}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", records())
def test_replay(path):
    lines = load(path)
    replay = Replay(lines)
    count = 0
    for record in lines[1:]:
        if record["direction"] != "client->server" or record["channel"] != "http":
            continue
        if bytes.fromhex(record["body_hex"])[:2] == b"WV":
            continue  # a login in plain text syntax before the rest of the session
        replay.post(record)
        count += 1
    assert count
