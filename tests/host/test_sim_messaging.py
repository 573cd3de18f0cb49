"""Simulated service: messages, delivery, server requests and their repetition."""

import pytest
from sim_client import KINDS, VERSIONS, Client, Clock, make_service, user

from microimps.tools.sim import Limits
from microimps.tools.sim.elements import node, text, texts


def login(service, name="alice", version="1.2", syntax="xml", client="test-1", **capabilities):
    client = Client(service, name, version, syntax, client)
    client.login()
    if capabilities:
        client.capabilities(**capabilities)
    return client


def pair(kind=("1.2", "xml"), clock=None, **settings):
    service = make_service(clock, **settings)
    return login(service, "alice", *kind), login(service, "bob", *kind)


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def kind(request):
    return request.param


def test_a_message_is_pushed(kind):
    alice, bob = pair(kind)
    content = "  two spaces, <b>é</b> & 😀  "
    answer = alice.send("wv:Bob", content)
    assert text(answer, "Result/Code") == "200"
    identity = text(answer, "MessageID")
    assert 0 < len(identity) <= 50
    assert bob.code("KeepAlive-Request") == 200 and bob.poll == "T"
    request = bob.next()
    push = request.content
    assert push.tag == "NewMessage"
    assert text(push, "MessageInfo/MessageID") == identity
    assert text(push, "MessageInfo/Sender/User/UserID") == "wv:alice@im.example.com"
    assert text(push, "MessageInfo/Recipient/User/UserID") == "wv:Bob"
    assert text(push, "MessageInfo/ContentSize") == str(len(content.encode()))
    assert text(push, "MessageInfo/ContentType") == "text/plain"
    assert text(push, "MessageInfo/DateTime") == "20231114T221320Z"
    assert push.find("ContentData").text == content
    assert bob.reply(request) is None
    assert bob.next() is None and bob.code("KeepAlive-Request") == 200 and bob.poll == "F"


def test_waiting_requests_are_chained_on_answers(kind):
    alice, bob = pair(kind)
    for n in range(3):
        alice.send("wv:bob", f"m{n}")
    request, found = bob.next(), []
    while request is not None:
        assert bob.poll == ("F" if len(found) == 2 else "T")
        found.append(text(request.content, "ContentData"))
        request = bob.reply(request)
    assert found == ["m0", "m1", "m2"]


def test_a_poll_before_the_answer_brings_the_next_request():
    alice, bob = pair()
    for n in range(2):
        alice.send("wv:bob", f"m{n}")
    first, second = bob.next(), bob.next()
    assert [text(each.content, "ContentData") for each in (first, second)] == ["m0", "m1"]
    assert first.tid != second.tid
    assert bob.reply(first) is None and bob.reply(second) is None


def test_an_unanswered_request_is_repeated_with_its_id():
    clock = Clock()
    limits = Limits(retransmit=20, attempts=3)
    alice, bob = pair(clock=clock, limits=limits)
    alice.send("wv:bob", "again")
    first = bob.next()
    assert bob.next() is None
    for _ in range(2):
        clock.now += 21
        bob.code("KeepAlive-Request")
        assert bob.poll == "T"
        again = bob.next()
        assert again.tid == first.tid and text(again.content, "ContentData") == "again"
    clock.now += 21
    assert bob.next() is None  # given up in this session
    bob.login()
    assert text(bob.next().content, "ContentData") == "again"  # and not lost


def test_a_late_answer_still_delivers():
    clock = Clock()
    alice, bob = pair(clock=clock, limits=Limits(attempts=1))
    alice.send("wv:bob", report=True)
    request = bob.next()
    clock.now += 60
    assert bob.next() is None  # the service gave up
    bob.reply(request)
    assert [each.tag for each in alice.drain()] == ["DeliveryReport-Request"]
    assert len(bob.post("GetMessageList-Request")) == 0


def test_characters_that_xml_forbids_do_not_come_from_wbxml():
    service = make_service()
    alice, bob = login(service, syntax="wbxml"), login(service, "bob", syntax="xml")
    alice.send("wv:bob", "a\x01b\x1b\tc")
    assert bob.next().content.find("ContentData").text == "ab\tc"


def test_the_same_answer_again_brings_the_same_request():
    alice, bob = pair()
    for n in range(2):
        alice.send("wv:bob", f"m{n}")
    first = bob.next()
    delivered = node(
        "MessageDelivered", node("MessageID", text(first.content, "MessageInfo/MessageID"))
    )
    body = bob.octets(delivered, "Response", first.tid)
    assert bob.exchange(body).tid == bob.exchange(body).tid


def test_offline_messages_wait(kind):
    alice, bob = pair(kind)
    bob.post("Logout-Request")
    alice.send("wv:bob", "later")
    bob.login()
    assert [text(each, "ContentData") for each in bob.drain()] == ["later"]


def test_delivery_report(kind):
    alice, bob = pair(kind)
    identity = text(alice.send("wv:bob", report=True), "MessageID")
    assert alice.next() is None
    bob.drain()
    report = alice.next().content
    assert report.tag == "DeliveryReport-Request"
    assert text(report, "Result/Code") == "200"
    assert text(report, "MessageInfo/MessageID") == identity
    assert text(report, "MessageInfo/Sender/User/UserID") == "wv:alice@im.example.com"
    assert text(report, "MessageInfo/Recipient/User/UserID") == "wv:bob"
    assert (report.find("DeliveryTime") is None) == (kind[0] == "1.1")


def test_a_report_waits_for_its_sender():
    alice, bob = pair()
    alice.send("wv:bob", report=True)
    alice.post("Logout-Request")
    bob.drain()
    alice.login()
    assert [each.tag for each in alice.drain()] == ["DeliveryReport-Request"]
    alice.login()
    assert alice.drain() == []


def test_a_message_too_old_is_reported():
    clock = Clock()
    service = make_service(clock)
    alice = login(service)
    alice.send("wv:bob", report=True, Validity=300)
    clock.now += 301
    report = alice.next().content
    assert text(report, "Result/Code") == "542"
    bob = login(service, "bob")
    assert bob.next() is None


def test_notify_and_fetch(kind):
    service = make_service()
    alice, bob = login(service), login(service, "bob", *kind, InitialDeliveryMethod="N")
    identity = text(alice.send("wv:bob", "fetch me", report=True), "MessageID")
    notification = bob.next()
    assert notification.content.tag == "MessageNotification"
    assert text(notification.content, "MessageInfo/MessageID") == identity
    assert bob.reply(notification) is None and bob.next() is None
    answer = bob.post("GetMessage-Request", node("MessageID", identity))
    assert text(answer, "ContentData") == "fetch me"
    assert alice.next() is None
    assert bob.code("MessageDelivered", node("MessageID", identity)) == 200
    assert text(alice.next().content, "Result/Code") == "200"
    assert bob.code("GetMessage-Request", node("MessageID", identity)) == 426
    assert bob.code("MessageDelivered", node("MessageID", identity)) == 426


@pytest.mark.parametrize("version", VERSIONS)
def test_long_messages_are_only_notified(version):
    service = make_service()
    limit = "AcceptedPushLength" if version == "1.3" else "AcceptedContentLength"
    alice, bob = login(service), login(service, "bob", version, **{limit: "10"})
    alice.send("wv:bob", "0123456789")
    alice.send("wv:bob", "0123456789+")
    assert [each.tag for each in bob.drain()] == ["NewMessage", "MessageNotification"]


def test_what_does_not_fit_the_parser_is_only_notified():
    service = make_service()
    alice, bob = login(service), login(service, "bob", ParserSize="2000")
    alice.send("wv:bob", "x" * 3000)
    found = bob.next().content
    assert found.tag == "MessageNotification"
    identity = text(found, "MessageInfo/MessageID")
    assert bob.code("GetMessage-Request", node("MessageID", identity)) == 432


def test_content_types_that_are_not_accepted_are_only_notified():
    service = make_service()
    alice = login(service)
    bob = login(service, "bob", AcceptedContentType="text/plain")
    alice.send("wv:bob")
    alice.post(
        "SendMessage-Request",
        node("DeliveryReport", False),
        node(
            "MessageInfo",
            node("ContentType", "image/gif"),
            node("ContentEncoding", "BASE64"),
            node("ContentSize", 3),
            node("Recipient", user("wv:bob")),
        ),
        node("ContentData", "R0lG"),
    )
    found = bob.drain()
    assert [each.tag for each in found] == ["NewMessage", "MessageNotification"]
    assert text(found[1], "MessageInfo/ContentSize") == "3"


def test_set_delivery_method(kind):
    alice, bob = pair(kind)
    assert bob.code("SetDeliveryMethod-Request", node("DeliveryMethod", "N")) == 200
    alice.send("wv:bob")
    assert bob.next().content.tag == "MessageNotification"
    assert (
        bob.code(
            "SetDeliveryMethod-Request",
            node("DeliveryMethod", "P"),
            node("AcceptedContentLength", 3),
        )
        == 200
    )
    alice.send("wv:bob", "abc")
    alice.send("wv:bob", "abcd")
    assert [each.tag for each in bob.drain()] == ["NewMessage", "MessageNotification"]
    if kind[1] == "xml":
        assert bob.code("SetDeliveryMethod-Request", node("DeliveryMethod", "X")) == 402
    assert (
        bob.code(
            "SetDeliveryMethod-Request", node("DeliveryMethod", "P"), node("GroupID", "wv:/g")
        )
        == 800
    )


def test_set_delivery_method_settles_texts_too():
    service = make_service()
    told = {"AcceptedPushLength": "5", "AcceptedTextContentLength": "5"}
    alice, bob = login(service), login(service, "bob", "1.3", **told)
    alice.send("wv:bob", "0123456789")
    assert [each.tag for each in bob.drain()] == ["MessageNotification"]
    settle = node("DeliveryMethod", "P"), node("AcceptedContentLength", 10)
    assert bob.code("SetDeliveryMethod-Request", *settle) == 200
    alice.send("wv:bob", "0123456789")
    assert [each.tag for each in bob.drain()] == ["NewMessage"]


def test_message_list(kind):
    service = make_service()
    alice, bob = login(service), login(service, "bob", *kind, InitialDeliveryMethod="N")
    ids = [text(alice.send("wv:bob", f"m{n}"), "MessageID") for n in range(3)]
    answer = bob.post("GetMessageList-Request", node("MessageCount", 2))
    path = "MessageInfoList/MessageInfo" if kind[0] == "1.3" else "MessageInfo"
    assert texts(answer, f"{path}/MessageID") == ids[:2]
    assert text(answer, "MessageTotalCount") == ("3" if kind[0] == "1.3" else "")


def test_reject(kind):
    service = make_service()
    alice, bob = login(service), login(service, "bob", *kind)
    identity = text(alice.send("wv:bob", report=True), "MessageID")
    assert bob.code("RejectMessage-Request", node("MessageID", identity)) == 200
    assert bob.next() is None  # it is not pushed any more
    assert text(alice.next().content, "Result/Code") == "538"
    assert bob.code("RejectMessage-Request", node("MessageID", identity)) == 426


def test_forward(kind):
    service = make_service()
    alice, bob = login(service), login(service, "bob", *kind)
    carol = login(service, "carol")
    identity = text(alice.send("wv:bob", "pass it on", report=True), "MessageID")
    answer = bob.post(
        "ForwardMessage-Request", node("MessageID", identity), node("Recipient", user("wv:carol"))
    )
    assert answer.tag == ("ForwardMessage-Response" if kind[0] == "1.3" else "Status")
    assert text(alice.next().content, "Result/Code") == "541"
    push = carol.next().content
    assert text(push, "ContentData") == "pass it on"
    assert text(push, "MessageInfo/Sender/User/UserID") == "wv:bob@im.example.com"
    assert text(push, "MessageInfo/MessageID") != identity
    assert bob.next() is None


def test_recipients_that_fail(kind):
    alice, bob = pair(kind)
    answer = alice.send(["wv:bob", "wv:nobody", "wv:x@elsewhere.example"])
    assert text(answer, "Result/Code") == "201"
    assert texts(answer, "Result/DetailedResult/Code") == ["516", "531"]
    assert [each.tag for each in bob.drain()] == ["NewMessage"]
    assert text(alice.send("wv:nobody"), "Result/Code") == "531"
    answer = alice.send(node("Group", node("GroupID", "wv:/chess")))
    assert text(answer, "Result/Code") == "800"
    assert text(answer, "Result/DetailedResult/GroupID") == "wv:/chess"
    assert text(alice.send(["wv:nobody", "wv:x@elsewhere.example"]), "Result/Code") == "900"


def test_a_contact_list_as_recipient():
    alice, bob = pair()
    alice.post(
        "CreateList-Request",
        node("ContactList", "wv:alice/a"),
        node("NickList", node("UserID", "wv:bob"), node("UserID", "wv:carol")),
    )
    assert text(alice.send(node("ContactList", "wv:alice/a"), "all"), "Result/Code") == "200"
    carol = login(alice.service, "carol")
    for client in (bob, carol):
        assert [text(each, "ContentData") for each in client.drain()] == ["all"]
    assert text(alice.send(node("ContactList", "wv:alice/none")), "Result/Code") == "700"


def test_the_sender_is_checked():
    alice, _ = pair()

    def sender(*content):
        return alice.code(
            "SendMessage-Request",
            node("DeliveryReport", False),
            node(
                "MessageInfo",
                node("ContentSize", 1),
                node("Recipient", user("wv:bob")),
                node("Sender", *content) if content else None,
            ),
            node("ContentData", "x"),
        )

    assert sender() == 200
    assert sender(user("wv:bob")) == 427
    assert sender(user("wv:alice", node("ClientID", node("URL", "other")))) == 428
    assert sender(user("wv:alice", node("ClientID", node("URL", "TEST-1")))) == 200
    assert alice.code("SendMessage-Request", node("DeliveryReport", False)) == 400


def test_every_session_gets_a_message_and_a_client_may_be_named():
    service = make_service()
    alice = login(service)
    phone, desk = (login(service, "bob", client=each) for each in ("phone", "desk"))
    alice.send("wv:bob", "to all", report=True)
    to_desk = user("wv:bob", node("ClientID", node("URL", "desk")))
    alice.send(to_desk, "to desk")
    assert [text(each, "ContentData") for each in phone.drain()] == ["to all"]
    assert [text(each, "ContentData") for each in desk.drain()] == ["to all", "to desk"]
    assert [each.tag for each in alice.drain()] == ["DeliveryReport-Request"]


def test_an_error_instead_of_message_delivered_keeps_the_message():
    alice, bob = pair()
    alice.send("wv:bob", report=True)
    refusal = node("Status", node("Result", node("Code", 415)))
    assert bob.reply(bob.next(), refusal) is None
    assert alice.next() is None
    assert len(bob.post("GetMessageList-Request")) == 1
    good = node("Status", node("Result", node("Code", 200)))
    bob.login()
    bob.reply(bob.next(), good)  # seen in place of MessageDelivered
    assert text(alice.next().content, "Result/Code") == "200"


def test_limits_of_the_store():
    alice, bob = pair(limits=Limits(messages=1))
    assert text(alice.send("wv:bob"), "Result/Code") == "200"
    assert text(alice.send("wv:bob"), "Result/Code") == "507"
    bob.post("Logout-Request")
    bob.login()
    bob.drain()
    bob.post("Logout-Request")
    assert text(alice.send("wv:bob", Validity=0), "Result/Code") == "533"


def test_base64_content_keeps_its_octets():
    service = make_service()
    alice, bob = login(service, syntax="wbxml"), login(service, "bob", syntax="xml")
    alice.post(
        "SendMessage-Request",
        node("DeliveryReport", False),
        node(
            "MessageInfo",
            node("ContentType", "image/gif"),
            node("ContentEncoding", "BASE64"),
            node("ContentSize", 5),
            node("Recipient", user("wv:bob")),
        ),
        node("ContentData", "AAECAwQ="),
    )
    found = bob.next().content
    assert text(found, "ContentData") == "AAECAwQ="
    assert text(found, "MessageInfo/ContentEncoding") == "BASE64"


def test_fonts_and_names_are_for_1_3():
    service = make_service()
    alice = login(service, version="1.3")
    new, old = login(service, "bob", "1.3"), login(service, "carol", "1.2")
    alice.post(
        "SendMessage-Request",
        node("DeliveryReport", False),
        node(
            "MessageInfo",
            node("ContentType", "text/plain"),
            node("ContentSize", 1),
            node("ContentName", "a.txt"),
            node("Recipient", user("wv:bob"), user("wv:carol")),
            node("Font", node("Style", "Bold")),
        ),
        node("ContentData", "x"),
    )
    info = new.next().content.find("MessageInfo")
    assert (text(info, "ContentName"), text(info, "Font/Style")) == ("a.txt", "Bold")
    info = old.next().content.find("MessageInfo")
    assert info.find("ContentName") is None and info.find("Font") is None


def test_a_message_without_content(kind):
    alice, bob = pair(kind)
    info = node("MessageInfo", node("MessageURI", "http://h/x"), node("ContentSize", 90000))
    info.extend((node("Recipient", user("wv:bob")), node("Sender", user("wv:alice"))))
    nothing = node("ContentData") if kind[0] == "1.1" else None  # there it has to be
    report = node("DeliveryReport", False)
    assert text(alice.post("SendMessage-Request", report, info, nothing), "Result/Code") == "200"
    push = bob.next().content
    assert push.tag == "NewMessage" and text(push, "MessageInfo/MessageURI") == "http://h/x"
    assert (push.find("ContentData") is None) == (kind[0] != "1.1")


@pytest.mark.parametrize("entity", ["ScreenName", "GroupID"])
def test_a_screen_name_or_a_group_can_be_blocked(entity):
    service = make_service()
    alice, bob = login(service, version="1.3"), login(service, "bob", "1.3")
    group = node("GroupID", "wv:alice/chess@im.example.com")

    def screen(name):
        return node("ScreenName", node("SName", name), group)

    name = node("GroupProperties", node("Property", node("Name", "Name"), node("Value", "x")))
    join = (node("JoinGroup", True), screen("Ann"), node("SubscribeNotification", False))
    assert alice.code("CreateGroup-Request", group, name, *join) == 200
    join = (node("JoinedRequest", False), node("SubscribeNotification", False))
    bob.post("JoinGroup-Request", group, screen("Bob"), *join)
    to_all = node("Group", group)
    alice.send(to_all, "one")
    assert [text(each, "ContentData") for each in bob.drain()] == ["one"]
    blocked = screen("ANN") if entity == "ScreenName" else group
    assert bob.code("BlockEntity-Request", node("BlockList", node("AddList", blocked))) == 200
    alice.send(to_all, "two")
    assert bob.drain() == []
    bob.code("BlockEntity-Request", node("BlockListInUse", False))
    alice.send(to_all, "three")
    assert [text(each, "ContentData") for each in bob.drain()] == ["three"]
