"""Simulated service: whatever clients send it, and however many at once.

Answers that break the content models fail a test by tests/watch.py, here at once.
"""

import random
import sys
import threading
from collections import Counter, defaultdict

import pytest
from random_messages import Maker
from sim_client import PASSWORD, VERSIONS, Client, Clock, make_service
from sqlalchemy import func, select
from watch import watch

from microimps.tools import message
from microimps.tools.sim import Limits, Room, Unintelligible, envelope, store
from microimps.tools.sim.elements import node, text
from microimps.tools.sim.exchange import HANDLERS
from microimps.tools.sim.results import Code

SYNTAXES = ("xml", "wbxml", "pts")
LIMITS = Limits(
    lists=4, contacts=6, messages=8, groups=3, attribute_lists=5, history=3, queue=20, searches=2
)
USERS = 3
ROWS = {  # what may be stored at most
    store.User: USERS,
    store.ContactList: USERS * LIMITS.lists,
    store.Contact: USERS * LIMITS.lists * LIMITS.contacts,
    store.AttributeList: USERS * LIMITS.attribute_lists,
    store.Entity: USERS * 2 * LIMITS.contacts,
    store.Delivery: USERS * LIMITS.messages,
    store.Message: USERS * LIMITS.messages,
    store.Report: USERS * LIMITS.messages,
    store.Invitation: USERS * LIMITS.messages,
    store.Group: 1 + USERS * LIMITS.groups,
    store.Said: (1 + USERS * LIMITS.groups) * LIMITS.history,
    store.Authorisation: USERS * USERS,
}
TOLD = ("MessageID", "SearchID", "InviteID", "SName", "Nonce", "SegmentReference")
STALE = {"405", "432", "506", "600", "601", "604"}  # a fresh login brings more to light


class Fuzzer(Client):
    """A client that sends anything, and holds every answer to what has to be true of it."""

    def __init__(self, dice, known, *place):
        super().__init__(*place)
        self.dice = dice
        self.known = known
        self.maker = Maker(dice, self.version, known)
        self.requests = [name for name in self.maker.names if name in HANDLERS]

    def exchange(self, *transactions):
        """Post transactions in one message; those of the answer."""
        whole = envelope.Envelope(self.version, self.session_id, list(transactions))
        root = envelope.build(whole)
        try:
            body = message.encode(message.Message(root, self.version, self.syntax))
            answer = self.service.handle(body)
        except (message.EncodeError, Unintelligible):
            assert self.syntax == "pts"  # there is no code for it
            return []
        assert not watch.broken, body
        if not answer.body:
            return []
        found = message.decode(answer.body)
        assert (found.syntax, found.version) == (self.syntax, self.version)
        answered = envelope.parse(found.root, self.version).transactions
        for each in answered:
            code = text(each.content, "Result/Code")
            assert code != "500" and (not code or int(code) in set(Code)), (code, body)
            if each.mode == "Response" and each.content.tag != "Disconnect":
                assert each.tid in [one.tid for one in transactions], body
        self.learn(answered)
        return answered

    def learn(self, answered):
        for each in answered:
            for part in each.content.iter():
                if part.tag in TOLD and part.text:
                    self.known[part.tag] = [*self.known[part.tag][-7:], part.text]

    def log_in(self):
        self.session_id = ""
        self.cookie = f"{self.dice.random()}"
        told = node(
            "Login-Request",
            node("UserID", self.user),
            self.client_id,
            node("Password", PASSWORD),
            node("SessionCookie", self.cookie),
        )
        (answer,) = self.exchange(envelope.Transaction("Request", "1", told))
        self.session_id = text(answer.content, "SessionID")
        assert self.session_id, text(answer.content, "Result/Code")

    def something(self):
        dice = self.dice
        name = dice.choice(self.requests if dice.random() < 0.9 else self.maker.names)
        return self.maker.whole(name) if dice.random() < 0.6 else self.maker.spoilt(name)

    def step(self):
        """One request, two in a message, or a poll and an answer to what came."""
        dice, kind = self.dice, self.dice.random()
        if kind < 0.2:
            polled = self.exchange(envelope.Transaction("Request", "", node("Polling-Request")))
            for each in polled:
                self.exchange(envelope.Transaction("Response", each.tid, self._reply(each)))
            return
        ids = [str(dice.randrange(1, 1000)) for _ in range(2 if kind < 0.25 else 1)]
        answered = self.exchange(
            *(envelope.Transaction("Request", tid, self.something()) for tid in ids)
        )
        codes = {text(each.content, "Result/Code") for each in answered}
        if self.service.sessions.get(self.session_id) is None or codes & STALE and kind < 0.5:
            self.log_in()

    def _reply(self, request):
        if self.dice.random() < 0.3:
            return self.something()
        if request.content.tag == "NewMessage":
            identity = text(request.content, "MessageInfo/MessageID")
            return node("MessageDelivered", node("MessageID", identity))
        return node("Status", node("Result", node("Code", 200)))


def fuzz(version, syntax, seed, steps):
    """Two users do `steps` random things; the service is sound at the end."""
    dice = random.Random(f"{version} {syntax} {seed}")
    clock = Clock()
    rooms = [Room(each, {"Searchable": "T", "History": "T"}) for each in ("/chess", "alice/quiz")]
    service = make_service(clock, groups=tuple(rooms), limits=LIMITS, presence="ask")
    known = defaultdict(list)
    partner = (dice.choice(VERSIONS), dice.choice(SYNTAXES))
    clients = [
        Fuzzer(dice, known, service, "alice", version, syntax, "a"),
        Fuzzer(dice, known, service, "bob", *partner, "b"),
    ]
    for each in clients:
        each.log_in()
    for at in range(steps):
        if at % 25 == 24:
            clock.now += dice.choice((1, 30, 700))
        dice.choice(clients).step()
    with service.store.begin() as db:
        held = {table: db.scalar(select(func.count()).select_from(table)) for table in ROWS}
    assert {table: n for table, n in held.items() if n > ROWS[table]} == {}
    assert len(service.sessions) <= USERS * LIMITS.sessions_per_user
    carol = Client(service, "carol")
    carol.login()
    carol.drain()
    alice = Client(service, "alice", "1.2", "xml", "afterwards")
    alice.login()
    alice.send("carol", "still here")
    assert [text(each, "ContentData") for each in carol.drain()] == ["still here"]
    service.close()


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
def test_anything_from_two_clients(version, syntax):
    fuzz(version, syntax, 0, 100)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 21))
@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("version", VERSIONS)
def test_anything_for_longer(version, syntax, seed):
    fuzz(version, syntax, seed, 1000)


@pytest.mark.parametrize(
    "name, path, value",
    [
        ("SendMessage-Request", "ContentData", "\xe9"),
        ("Search-Request", "SearchPairList/PairID", "9" * 5000),
        ("Search-Request", "AdvancedCriteria", "9" * 5000),
        ("GetMap-Request", "PresenceSubList/GeoLocation/Longitude", "9" * 5000 + " E"),
        ("CancelInvite-Request", "PresenceSubList", None),
    ],
)
def test_what_once_broke_it(name, path, value):
    """Values on which Python itself stumbles, and an attribute that nobody knows."""
    service = make_service()
    alice, bob = (Client(service, user, "1.3") for user in ("alice", "bob"))
    for each in (alice, bob):
        each.login()
    told = {
        "SendMessage-Request": lambda: node(
            "SendMessage-Request",
            node("DeliveryReport", False),
            node(
                "MessageInfo",
                node("ContentEncoding", "BASE64"),
                node("Recipient", node("User", node("UserID", "bob"))),
            ),
            node("ContentData"),
        ),
        "Search-Request": lambda: node(
            "Search-Request",
            node(
                "SearchPairList",
                node("SearchElement", "USER_ID"),
                node("SearchString", "bob"),
                node("PairID", 1),
            ),
            node("AdvancedCriteria", "1"),
        ),
        "GetMap-Request": lambda: node(
            "GetMap-Request",
            alice.sub_list(
                node("GeoLocation", node("Longitude", "13 E"), node("Latitude", "52 N"))
            ),
        ),
    }
    if value is None:
        to = node("Recipient", node("User", node("UserID", "bob")))
        begun = (node("InviteID", "i"), node("InviteType", "IM"), to)
        assert alice.code("Invite-Request", *begun) == 200
        assert [each.tag for each in bob.drain()] == ["InviteUser-Request"]
        wrong = alice.sub_list(node("Nonsense"))
        assert alice.code("CancelInvite-Request", begun[0], to, wrong) == 400
        assert alice.code("CancelInvite-Request", begun[0], to) == 200
        assert [each.tag for each in bob.drain()] == ["CancelInviteUser-Request"]
        return
    right = alice.post(told[name]())
    assert text(right, "Result/Code") in ("", "200")
    spoilt = told[name]()
    spoilt.find(path).text = value
    assert text(alice.post(spoilt), "Result/Code") in ("402", "751", "")


# --- many at once -------------------------------------------------------------------------------


class Worker(threading.Thread):
    """A client in a thread of its own: random tasks, messages that are counted."""

    def __init__(self, service, user, kind, seed):
        super().__init__(daemon=True)
        self.client = Client(service, user, *kind, f"{user}-{seed}")
        self.dice = random.Random(seed)
        self.seed = seed
        self.sent = Counter()
        self.got = Counter()
        self.failure = None

    def run(self):
        try:
            for at in range(25):
                self.task(f"{self.seed} {at}")
        except BaseException as failure:
            self.failure = failure

    def task(self, content):
        client, mine = self.client, node("ContactList", f"wv:{self.client.user}/{self.seed}")
        kind = self.dice.randrange(6)
        if kind < 2:
            to = self.dice.choice(("alice", "bob", "carol"))
            assert text(client.send(to, content), "Result/Code") == "200"
            self.sent[to, content] += 1
        elif kind < 4:
            self.fetch()
        elif kind == 4:
            client.post("CreateList-Request", mine)
            assert client.code("DeleteList-Request", mine) == 200
        else:
            group = node("GroupID", "wv:/chess")
            client.post("JoinGroup-Request", group, node("JoinedRequest", False))
            client.post("LeaveGroup-Request", group)

    def fetch(self):
        for each in self.client.drain():
            if each.tag == "NewMessage":
                self.got[self.client.user, text(each, "ContentData")] += 1


def test_every_message_comes_once_to_every_session():
    service = make_service(groups=(Room("/chess"),), presence="everybody")
    kinds = (("1.1", "xml"), ("1.2", "wbxml"), ("1.3", "xml"))
    workers = [
        Worker(service, user, kind, 10 * at + here)
        for at, (user, kind) in enumerate(zip(("alice", "bob", "carol"), kinds, strict=True))
        for here in range(2)
    ]
    for each in workers:
        each.client.login()
    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for each in workers:
            each.start()
        for each in workers:
            each.join(100)
            assert not each.is_alive(), "a deadlock"
    finally:
        sys.setswitchinterval(pause)
    assert [each.failure for each in workers if each.failure] == []
    sent = sum((each.sent for each in workers), Counter())
    assert sent
    for each in workers:
        each.fetch()
        assert each.got == Counter(
            {key: n for key, n in sent.items() if key[0] == each.client.user}
        )
