"""Simulated service: segments, notifications, system messages, vendor data, several sessions."""

import binascii

import pytest
from sim_client import SYNTAXES, Client, make_service

from microimps.tools import message
from microimps.tools.sim import Limits, announcements
from microimps.tools.sim.elements import node, text, texts

READ = (
    "ListManage-Request",
    node("ContactList", "wv:alice/friends"),
    node("ReceiveList", True),
)


def services(*leaves):
    """Functions that ask for leaves of ServiceFunc."""
    asked = node("ServiceFunc", *(node(leaf) for leaf in leaves))
    return node("Functions", node("WVCSPFeat", node("FundamentalFeat", asked)))


@pytest.fixture(params=SYNTAXES)
def alice(request):
    """A client of 1.3 that agreed to segments and takes messages of 1,024 octets."""
    client = Client(make_service(contacts={"alice": 100}), "alice", "1.3", request.param)
    client.login()
    client.capabilities(ParserSize="1024")
    everything = [node(each) for each in ("PresenceFeat", "IMFeat")]
    asked = services("SGMNT")
    asked[0].extend(everything)
    client.post("Service-Request", asked, node("AllFunctionsRequest", False))
    return client


def announced(client, *primitive, tid="77"):
    """SegmentInfo of an answer, and its first segment."""
    body = client.service.handle(client.octets(node(*primitive), tid=tid)).body
    root = message.decode(body).root
    return root.find("Session/Transaction/TransactionDescriptor/SegmentInfo"), slice_of(root)


def segment_id(tid, reference):
    return node("SegmentID", node("TransactionID", tid), node("SegmentReference", reference))


def slice_of(root):
    return next(root.iter("SegmentContent")).text


def test_segments_make_up_the_answer(alice):
    whole = Client(alice.service, "alice", "1.3", alice.syntax, "test-2")
    whole.login()
    wanted = whole.post(*READ)
    info, first = announced(alice, *READ)
    assert texts(info, "SegmentID/TransactionID") == ["77"]
    assert texts(info, "SegmentID/SegmentReference") == ["1"]
    total = int(text(info, "SegmentCount"))
    assert total > 5
    slices = {1: first}
    for reference in (*range(total, 1, -1), 1, 1):  # in any order, any number of times
        answer = alice.post("GetSegment-Request", segment_id("77", reference))
        slices[reference] = slice_of(answer)
    assert slices[1] == first
    parts = [slices[each] for each in range(1, total + 1)]
    octets = "".join(parts).encode()
    if alice.syntax == "wbxml":
        octets = b"".join(map(binascii.a2b_base64, parts))
    assert octets == message.fragment(wanted, "1.3", alice.syntax)


def test_segments_that_are_not_there(alice):
    info, _ = announced(alice, *READ)
    total = int(text(info, "SegmentCount"))
    for tid, reference, code in (("77", 0, 402), ("77", total + 1, 402), ("78", 1, 402)):
        assert alice.code("GetSegment-Request", segment_id(tid, reference)) == code
        assert alice.code("DropSegment-Request", segment_id(tid, reference)) == code
    nothing = node("SegmentID", node("TransactionID", "77"))
    assert alice.code("GetSegment-Request", nothing) == 400
    assert alice.code("GetSegment-Request") == 400
    assert alice.code("DropSegment-Request", segment_id("77", 2)) == 200
    assert alice.code("GetSegment-Request", segment_id("77", 2)) == 402


def test_only_some_answers_are_kept(alice):
    for tid in range(50, 56):
        announced(alice, *READ, tid=str(tid))
    codes = [
        int(text(alice.post("GetSegment-Request", segment_id(tid, 1)), "Result/Code") or 200)
        for tid in range(50, 56)
    ]
    assert codes == [402, 402, 200, 200, 200, 200] and Limits().segmented == 4


def test_who_has_not_agreed_gets_none():
    service = make_service(contacts={"alice": 100})
    client = Client(service, "alice", "1.3")
    client.login()
    client.capabilities(ParserSize="1024")
    assert client.code(*READ) == 432  # services were not negotiated
    withheld = Client(make_service(contacts={"alice": 100}, withhold={"SGMNT"}), version="1.3")
    withheld.login()
    refused = withheld.post("Service-Request", services("SGMNT"))
    assert refused.find(".//SGMNT") is not None
    assert withheld.code("GetSegment-Request", segment_id("1", 1)) == 405


def test_no_room_for_a_segment(alice):
    alice.capabilities(ParserSize={"xml": "500", "wbxml": "120"}[alice.syntax])
    assert alice.code(*READ) == 432


def types(*names):
    return node("NotificationTypeList", *(node("NotificationType", name) for name in names))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_subscriptions_to_notifications(syntax):
    service = make_service()
    one, two = (Client(service, "alice", "1.3", syntax, each) for each in ("a", "b"))
    for client in (one, two):
        client.login()
    ask = "SubscribeNotification-Request"
    assert one.code(ask, types("clcr")) == one.code(ask, types("CLD")) == 200
    assert one.code(ask, types("XYZ", "CLC")) == 402
    assert one.code(ask, types()) == one.code(ask) == 400
    for name in ("CreateList-Request", "DeleteList-Request"):
        two.post(name, node("ContactList", "wv:alice/work"))
    found = one.drain()
    assert [text(each, "NotificationType") for each in found] == ["CLCR", "CLD"]
    assert texts(found[0], "ContactListIDList/ContactList") == ["wv:alice/work"]
    assert two.drain() == []  # who did it knows
    assert one.code("UnsubscribeNotification-Request", types("CLCR", "PPU")) == 200
    two.post("CreateList-Request", node("ContactList", "wv:alice/work"))
    assert one.drain() == []


def answer(identity, option=None, key=None):
    return node(
        "SystemMessageResponseList",
        node(
            "SystemMessageResponse",
            node("SystemMessageID", identity),
            None if option is None else node("ChosenOptionID", option),
            None if key is None else node("VerificationKey", key),
        ),
    )


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_system_messages(syntax):
    service = make_service()
    alice, old = Client(service, "alice", "1.3", syntax), Client(service, "bob", "1.2", syntax)
    for client in (alice, old):
        client.login()
    identity = announcements.announce(service, "Tea?", ("Yes", "No"))
    (came,) = alice.drain()
    assert text(came, "SystemMessageList/SystemMessage/RequiresResponse") == "T"
    assert texts(came, ".//AnswerOptionText") == ["Yes", "No"]
    assert old.drain() == []
    say = "SystemMessage-User"
    assert alice.code(say, answer(identity, 3)) == alice.code(say, answer("x", 1)) == 402
    assert alice.code(say) == 400 and service.answers == {}
    assert alice.code(say, answer(identity, 2)) == 200
    assert service.answers == {(identity, "wv:alice@im.example.com"): (2, "")}


def test_terms_are_for_clients_that_can_answer():
    service = make_service(terms="Be kind")
    assert text(Client(service, version="1.2").login(), "Result/Code") == "200"
    client = Client(service, version="1.3")
    refused = client.login()
    assert text(refused, "Result/Code") == "403" and not client.session_id
    assert text(refused, ".//SystemMessageText") == "Be kind"
    assert text(client.login(answer("terms", 2)), "Result/Code") == "403"
    assert text(client.login(answer("terms", 1)), "Result/Code") == "200"
    assert text(Client(service, version="1.3").login(), "Result/Code") == "200"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_may_be_left_out_of_a_login_is_left_out_first(syntax):
    """An answer over ParserSize: the client negotiates by itself, in segments if need be."""
    capabilities = node(
        "CapabilityList",
        node("ClientType", "PDA"),
        node("InitialDeliveryMethod", "P"),
        node("MultiTrans", 1),
        node("ParserSize", {"xml": 1200, "wbxml": 200}[syntax]),
        *(node("SupportedBearer", "HTTP") for _ in range(20)),
    )
    client = Client(make_service(), version="1.3", syntax=syntax)
    login = client.login(services("SGMNT"), capabilities)
    assert text(login, "Result/Code") == "200" and text(login, "CapabilityRequest") == "T"
    assert login.find("AgreedCapabilityList") is None and login.find("Functions") is None


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_vendor_data_comes_back(syntax):
    client = Client(make_service(), version="1.2", syntax=syntax)
    client.login()
    assert client.post("Extended-Request").tag == "Extended-Response"
    said = node("Extended-Request", "a <b> & c")
    assert client.post(said).text == "a <b> & c"
