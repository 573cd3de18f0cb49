"""Simulated service: invitations, message by message."""

import pytest
from sim_client import KINDS, Client, Clock, logged_in, make_service, user

from microimps.tools.sim import Limits
from microimps.tools.sim.elements import node, text, texts

EXTRAS = {
    "GR": node("GroupID", "wv:alice/quiz@im.example.com"),
    "SC": node("URLList", node("URL", "http://im.example.com/a")),
    "AP": node("ApplicationID", "chess"),
    "EC": node("GroupID", "wv:alice/quiz@im.example.com"),
}


def pair(kind, **settings):
    """Alice and Bob, logged in, and the clock."""
    clock = Clock()
    service = make_service(clock, **settings)
    return *logged_in(service, "alice", "bob", kind=kind), clock


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def two(request):
    return pair(request.param)[:2]


def to(tag, *names):
    return node(tag, *(user(each) for each in names))


def invite(client, kind="IM", identity="i1", who="bob", *more, sender=None):
    recipient = to("Recipient", who) if isinstance(who, str) else who
    extra = client.sub_list(node("StatusText")) if kind == "PR" else EXTRAS.get(kind)
    own = to("Sender", sender or client.user) if client.version == "1.3" or sender else None
    said = (node("InviteNote", "Hi <you>"), node("Validity", 600))
    parts = [node("InviteID", identity), node("InviteType", kind), own, recipient, extra, *said]
    return client.code("Invite-Request", *parts, *more)


def answer(client, accept=True, identity="i1", inviter="alice", note="ok"):
    new = client.version == "1.3"
    return client.code(
        "InviteUser-Response",
        node("InviteID", identity),
        node("Acceptance", accept),
        to("Sender", client.user) if client.version != "1.1" else None,
        to("Recipient", inviter) if new else None,
        node("ResponseNote", note),
    )


def cancel(client, identity="i1", *who):
    return client.code(
        "CancelInvite-Request",
        node("InviteID", identity),
        to("Sender", client.user) if client.version == "1.3" else None,
        to("Recipient", *who),
        node("InviteNote", "Sorry"),
    )


def one(client, tag):
    """The only request that waits."""
    (found,) = client.drain()
    assert found.tag == tag
    return found


def test_every_type(two):
    alice, bob = two
    new = ["GM", "AP", "EC", "EG"] if alice.version == "1.3" else []
    for kind in ["GR", "IM", "PR", "SC", *new]:
        assert invite(alice, kind, "i" + kind) == 200
        found = one(bob, "InviteUser-Request")
        assert text(found, "InviteID") == "i" + kind and text(found, "InviteType") == kind
        assert text(found, "Sender/User/UserID") == "wv:alice@im.example.com"
        assert text(found, "InviteNote") == "Hi <you>" and text(found, "Validity") == "600"
        assert (text(found, "Recipient/User/UserID") != "") == (alice.version == "1.3")
        if kind in EXTRAS:
            tag = EXTRAS[kind].tag
            assert text(found, tag) == (EXTRAS[kind].text or "") and found.find(tag) is not None
        if kind == "PR":
            assert found.find("PresenceSubList/StatusText") is not None
            assert found.find("PresenceSubList").get("xmlns") == bob.names.pa
    assert bob.drain() == []


def test_answers(two):
    alice, bob = two
    for accept, identity in ((True, "i1"), (False, "i2")):
        invite(alice, identity=identity)
        one(bob, "InviteUser-Request")
        assert answer(bob, accept, identity) == 200
        found = one(alice, "Invite-Response")
        assert text(found, "InviteID") == identity
        assert text(found, "Acceptance") == ("T" if accept else "F")
        assert text(found, "Sender/User/UserID") == "wv:bob@im.example.com"
        assert text(found, "ResponseNote") == "ok"
        assert answer(bob, accept, identity) == 423 and cancel(alice, identity, "bob") == 423
    assert answer(bob, True, "never") == 423
    assert answer(alice) == 423  # it is not hers to answer


def test_cancel(two):
    alice, bob = two
    invite(alice)
    assert cancel(alice, "i1", "bob") == 200  # before he was told
    assert bob.drain() == []
    invite(alice)
    one(bob, "InviteUser-Request")
    assert cancel(alice, "i1", "carol") == 423 and cancel(bob, "i1", "alice") == 423
    assert cancel(alice, "i1", "bob") == 200
    found = one(bob, "CancelInviteUser-Request")
    assert text(found, "InviteID") == "i1" and text(found, "InviteNote") == "Sorry"
    assert text(found, "Sender/User/UserID") == "wv:alice@im.example.com"
    assert answer(bob) == 423 and cancel(alice, "i1", "bob") == 423
    assert invite(alice) == 200  # the InviteID is free again


def test_cancel_for_all():
    alice, bob, _ = pair(("1.2", "xml"))
    carol = Client(alice.service, "carol", "1.2", "xml")
    carol.login()
    assert invite(alice, "IM", "i1", to("Recipient", "bob", "carol")) == 200
    bob.drain()
    carol.drain()
    assert alice.code("CancelInvite-Request", node("InviteID", "i1")) == 200
    one(bob, "CancelInviteUser-Request")
    one(carol, "CancelInviteUser-Request")


def test_what_is_refused(two):
    alice, bob = two
    for kind, code in (("GR", 429), ("SC", 400), ("PR", 400)):
        parts = node("InviteID", "i"), node("InviteType", kind), to("Recipient", "bob")
        assert alice.code("Invite-Request", *parts, node("Validity", 5)) == code
    if alice.version == "1.3":
        for kind, code in (("EC", 429), ("AP", 450)):
            parts = node("InviteID", "i"), node("InviteType", kind), to("Recipient", "bob")
            assert alice.code("Invite-Request", *parts) == code
    else:
        assert invite(alice, "EG") == 402
    assert invite(alice, "XX") == 402
    assert invite(alice, "IM", "i", node("Recipient")) == 400
    assert invite(alice, "IM", "i", "nobody") == 531
    assert invite(alice, "IM", "i", "bob@elsewhere.example") == 516
    assert invite(alice, sender="bob") == 427
    assert alice.code("Invite-Request", node("InviteType", "IM")) == 400
    assert bob.drain() == []
    assert invite(alice) == 200 and invite(alice) == 423


def test_several_and_lists(two):
    alice, bob = two
    alice.post(
        "CreateList-Request",
        node("ContactList", "wv:alice/x"),
        node("NickList", node("UserID", "wv:bob"), node("UserID", "wv:carol")),
    )
    some = to("Recipient", "bob", "nobody")
    some.append(node("ContactList", "wv:alice/x"))
    some.append(node("ContactList", "wv:alice/none"))
    assert invite(alice, "IM", "i1", some) == 201
    one(bob, "InviteUser-Request")
    carol = Client(alice.service, "carol", alice.version, alice.syntax)
    carol.login()
    one(carol, "InviteUser-Request")


def test_those_who_are_in_a_group():
    alice, bob, _ = pair(("1.2", "xml"))
    carol = Client(alice.service, "carol", "1.2", "xml")
    carol.login()
    place = node("GroupID", "wv:alice/quiz")
    name = node("Property", node("Name", "Name"), node("Value", "Quiz"))
    properties, yes, no = node("GroupProperties", name), "JoinGroup", "SubscribeNotification"
    alice.post("CreateGroup-Request", place, properties, node(yes, True), node(no, False))
    for client in (bob, carol):
        screen = node("ScreenName", node("SName", "The " + client.user), place)
        client.post(
            "JoinGroup-Request", place, screen, node("JoinedRequest", False), node(no, False)
        )
    whole = node("Recipient", node("Group", place))
    assert invite(alice, "IM", "i1", whole) == 200
    one(bob, "InviteUser-Request")
    one(carol, "InviteUser-Request")
    screen = node("ScreenName", node("SName", "the BOB"), place)
    some = node("Recipient", node("Group", screen), node("Group", node("GroupID", "wv:/none")))
    assert invite(alice, "IM", "i2", some) == 201
    one(bob, "InviteUser-Request")
    assert carol.drain() == [] and alice.drain() == []


def test_the_blocked_are_not_heard():
    alice, bob, _ = pair(("1.2", "xml"))
    blocked = node("BlockList", node("InUse", True), node("AddList", node("UserID", "wv:alice")))
    assert bob.code("BlockEntity-Request", blocked) == 200
    assert invite(alice) == 532 and bob.drain() == []


def test_invitations_wait_for_a_login(two):
    alice, bob = two
    bob.post("Logout-Request")
    invite(alice)
    bob.login()
    found = bob.next()
    assert found.content.tag == "InviteUser-Request"
    bob.post("Logout-Request")  # without an answer: he may not have read it
    bob.login()
    one(bob, "InviteUser-Request")
    bob.post("Logout-Request")
    bob.login()
    assert bob.drain() == []  # told once
    alice.post("Logout-Request")
    assert answer(bob) == 200
    alice.login()
    one(alice, "Invite-Response")
    assert alice.drain() == []


def test_every_session_is_told_and_one_answers():
    alice, bob, _ = pair(("1.2", "xml"))
    other = Client(alice.service, "bob", "1.1", "wbxml", "second")
    other.login()
    invite(alice)
    one(bob, "InviteUser-Request")
    assert other.drain() == []  # the first that has it ends that
    assert answer(other) == 200
    one(alice, "Invite-Response")


def test_types_of_1_3_wait_for_a_client_that_has_them():
    alice, bob, _ = pair(("1.3", "xml"))
    old = Client(alice.service, "carol", "1.2", "xml")
    old.login()
    assert invite(alice, "AP", "i1", "carol") == 200
    assert old.drain() == []
    new = Client(alice.service, "carol", "1.3", "xml", "second")
    new.login()
    assert text(one(new, "InviteUser-Request"), "ApplicationID") == "chess"


def test_attributes_that_a_version_lacks_are_left_out():
    alice, bob, _ = pair(("1.2", "xml"))
    old = Client(alice.service, "carol", "1.1", "xml")
    old.login()
    sub_list = alice.sub_list(node("StatusText"), node("InfoLink"))
    parts = node("InviteID", "i"), node("InviteType", "PR"), to("Recipient", "carol"), sub_list
    assert alice.code("Invite-Request", *parts) == 200
    found = one(old, "InviteUser-Request").find("PresenceSubList")
    assert [each.tag for each in found] == ["StatusText"]
    sub_list = alice.sub_list(node("Shoe"))
    parts = node("InviteID", "j"), node("InviteType", "PR"), to("Recipient", "carol"), sub_list
    assert alice.code("Invite-Request", *parts) == 750


def test_validity():
    alice, bob, clock = pair(("1.2", "xml"), limits=Limits(keep_alive=(30, 9000, 9000)))
    invite(alice)
    one(bob, "InviteUser-Request")
    clock.now += 599
    bob.drain()
    clock.now += 2
    bob.drain()
    assert answer(bob) == 423


def test_two_inviters_with_one_identity():
    alice, bob, _ = pair(("1.3", "xml"))
    carol = Client(alice.service, "carol", "1.3", "xml")
    carol.login()
    invite(alice)
    invite(carol)
    assert len(bob.drain()) == 2
    assert answer(bob, True, inviter="alice") == 200
    one(alice, "Invite-Response")
    assert answer(bob, False, inviter="alice") == 423
    assert carol.drain() == []
    assert answer(bob, False, inviter="carol") == 200
    assert text(one(carol, "Invite-Response"), "Acceptance") == "F"


def test_notifications_of_1_3():
    alice, bob, _ = pair(("1.3", "xml"))
    wanted = node(
        "NotificationTypeList", *(node("NotificationType", t) for t in ("IA", "IR", "IC"))
    )
    others = [Client(alice.service, name, "1.3", "wbxml", "second") for name in ("alice", "bob")]
    for client in (*others, bob):
        if client is not bob:
            client.login()
        assert client.code("SubscribeNotification-Request", wanted) == 200

    def told(*clients):
        for client in clients:
            found = [each for each in client.drain() if each.tag == "Notification-Request"]
            yield [(text(each, "NotificationType"), text(each, "InviteID")) for each in found]

    for accept, kind in ((True, "IA"), (False, "IR")):
        invite(alice)
        bob.drain()
        answer(bob, accept)
        assert list(told(bob, *others)) == [[], [(kind, "i1")], [(kind, "i1")]]
        alice.drain()
    invite(alice)
    bob.drain()
    cancel(alice, "i1", "bob")
    assert list(told(bob, *others, alice)) == [*[[("IC", "i1")]] * 3, []]


def test_many_urls():
    alice, bob, _ = pair(("1.2", "wbxml"))
    urls = node("URLList", *(node("URL", f"http://d/{n}") for n in range(20)))
    parts = node("InviteID", "i"), node("InviteType", "SC"), to("Recipient", "bob"), urls
    alice.post("Invite-Request", *parts)
    assert len(texts(one(bob, "InviteUser-Request"), "URLList/URL")) == 20
