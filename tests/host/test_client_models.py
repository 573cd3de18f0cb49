"""Every request the client can send, in each version and syntax, held against the models."""

import io
from xml.etree.ElementTree import fromstring

import pytest
from host.models import MODELS, pattern, violations
from peer import Peer, client, granted, how, negotiated, result, status

from microimps.tools.message import decode

BO, FRIENDS = "wv:bo@d", "wv:anna/friends@d"
SENT = ("SendMessage-Response", [result(), ("MessageID", "m1")])
INFO = (
    "MessageInfo",
    [("MessageID", "m1"), ("ContentSize", 1), ("Recipient", []), ("Sender", [])],
)
HELD = ("GetMessage-Response", [INFO, ("ContentData", "x")])
NEW = ("NewMessage", [INFO, ("ContentData", "x")], "70", "Request")
NOTICE = ("MessageNotification", [INFO], "71", "Request")
UNKNOWN = ("CancelInviteUser-Request", [("InviteID", "i")], "72", "Request")
CHALLENGE = ("Login-Response", [result(401), ("Nonce", "n"), ("DigestSchema", "MD5")])
EVERYTHING = {
    "online": True,
    "registered": False,
    "client": "PDA",
    "manufacturer": "m",
    "producer": "p",
    "model": "o",
    "version": "1",
    "place": "here",
    "network": "23415",
    "availability": "DISCREET",
    "language": "eng",
    "text": "",
    "mood": "HAPPY",
    "alias": None,
}

# what is done, what the service answers, what the client is seen to say
TASKS = (
    (lambda c: c.keep_alive(), [status()], ["KeepAlive-Request"]),
    (lambda c: list(c.lists()), [status()], ["GetList-Request"]),
    (lambda c: list(c.contacts(FRIENDS)), [status()], ["ListManage-Request"]),
    (lambda c: c.create_list("x"), [status()], ["CreateList-Request"]),
    (lambda c: c.create_list("x", "X", True, ((BO, "Bo"), ("wv:cy@d", ""))), [status()],
     ["CreateList-Request"]),
    (lambda c: c.delete_list("x"), [status()], ["DeleteList-Request"]),
    (lambda c: c.add_contact("x", BO, "Bo"), [status()], ["ListManage-Request"]),
    (lambda c: c.add_contact("x", BO), [status()], ["ListManage-Request"]),
    (lambda c: c.remove_contact("x", BO), [status()], ["ListManage-Request"]),
    (lambda c: c.rename_list("x", "X"), [status()], ["ListManage-Request"]),
    (lambda c: c.default_list("x"), [status()], ["ListManage-Request"]),
    (lambda c: list(c.presence((BO, "wv:cy@d"))), [status()], ["GetPresence-Request"]),
    (lambda c: list(c.presence(lists=(FRIENDS,), names=tuple(EVERYTHING))), [status()],
     ["GetPresence-Request"]),
    (lambda c: c.subscribe((BO,), (FRIENDS,)), [status()], ["SubscribePresence-Request"]),
    (lambda c: c.subscribe(lists=(FRIENDS,), names=("text", "online"), automatic=False),
     [status()], ["SubscribePresence-Request"]),
    (lambda c: c.unsubscribe((BO,), (FRIENDS,)), [status()], ["UnsubscribePresence-Request"]),
    (lambda c: c.update_presence(**EVERYTHING), [status()], ["UpdatePresence-Request"]),
    (lambda c: c.update_presence(text="x"), [status()], ["UpdatePresence-Request"]),
    (lambda c: c.send(BO, "x"), [SENT], ["SendMessage-Request"]),
    (lambda c: c.send((BO, FRIENDS), b"\0\1", "image/png", True, 60), [SENT],
     ["SendMessage-Request"]),
    (lambda c: c.send(BO, io.BytesIO(bytes(1000))), [SENT], ["SendMessage-Request"]),
    (lambda c: list(c.fetch("m1")), [HELD, status()], ["GetMessage-Request", "MessageDelivered"]),
    (lambda c: c.reject("m1", "m2"), [status()], ["RejectMessage-Request"]),
    (lambda c: list(c.events(0)), [NEW, NOTICE, UNKNOWN, None],
     ["Polling-Request", "MessageDelivered", "Status", "Status"]),
    (lambda c: c.logout(), [status()], ["Logout-Request"]),
)  # fmt: skip


def names(peer):
    return [peer.asked(i).name for i in range(len(peer.sent))]


def check(peer, version):
    """Every message sent follows the models, and both readers of the project agree on it."""
    for i in range(len(peer.sent)):
        body = peer.asked(i).body
        root = decode(body).root
        assert not list(violations(root, version)), body
        if peer.syntax == "xml":
            fromstring(body)  # a third parser's opinion


@pytest.mark.parametrize("syntax", ["wbxml", "xml"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_request(monkeypatch, version, syntax):
    monkeypatch.setattr(how, "syntax", syntax)
    for push in (True, False):
        peer = Peer([CHALLENGE, granted(), *negotiated(version)], version)
        c = client(peer, schemes=("MD5", "SHA"), push=push)
        c.login()
        wanted = ["Login-Request"] * 2 + ["ClientCapability-Request", "Service-Request"]
        for task, answers, sent in TASKS:
            peer.script = list(answers)
            task(c)
            assert not peer.script
            wanted += sent
        assert names(peer) == wanted
        check(peer, version)
    peer = Peer([granted(), *negotiated(version)], version)
    client(peer).login()
    check(peer, version)


def test_no_task_is_forgotten():
    from microimps.operations import _TASKS

    known = {name.strip("*") for _, line in _TASKS for name in line.split()}
    used = {name for task, _, _ in TASKS for name in task.__code__.co_names}
    assert known - used <= {"login"}, "tasks without a check here"


def test_the_models_can_fail():
    def broken(text, version=2):
        return list(violations(fromstring(text), version))

    assert not broken("<NickName><Name>x</Name><UserID>y</UserID></NickName>")
    assert broken("<NickName><UserID>y</UserID><Name>x</Name></NickName>")
    assert broken("<NickName><Name>x</Name></NickName>")
    assert broken("<NickName><Name><b/></Name><UserID>y</UserID></NickName>")
    assert broken("<UserIDList><UserID>y</UserID></UserIDList>")
    assert not broken("<UserIDList><UserID>y</UserID></UserIDList>", 3)
    assert broken("<Polling-Request><Poll>T</Poll></Polling-Request>")
    assert broken("<RejectMessage-Request/>")
    assert broken("<TransactionContent/>")


def test_the_table_is_well_formed():
    import re

    assert len(MODELS) > 150 and all(version in (1, 2, 3) for _, version in MODELS)
    for model in MODELS.values():
        re.compile(pattern(model))
