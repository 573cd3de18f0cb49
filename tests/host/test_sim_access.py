"""Simulated service: login, negotiation, session life, envelope."""

import base64
import hashlib

import pytest
from sim_client import KINDS, PASSWORD, VERSIONS, Client, Clock, make_service

from microimps.tools import message
from microimps.tools.sim import Config, ConfigError, Limits, Service, Unintelligible
from microimps.tools.sim.elements import node, text, texts


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def kind(request):
    return request.param


def hashed(schema, nonce, password=PASSWORD):
    function = {"SHA": hashlib.sha1, "MD5": hashlib.md5}[schema]
    return base64.b64encode(function((nonce + password).encode()).digest()).decode()


def first_phase(client, *schemes):
    return client.post(
        "Login-Request",
        node("UserID", client.user),
        client.client_id,
        *(node("DigestSchema", schema) for schema in schemes),
        node("TimeToLive", 600),
        node("SessionCookie", "c1"),
    )


def second_phase(client, proof, tid=None):
    return client.post(
        "Login-Request",
        node("UserID", client.user),
        client.client_id,
        node("DigestBytes", proof),
        node("TimeToLive", 600),
        node("SessionCookie", "c1"),
        tid=tid,
    )


def test_two_way_login(kind):
    client = Client(make_service(), "alice", *kind)
    answer = client.login()
    assert text(answer, "Result/Code") == "200"
    assert text(answer, "ClientID/URL") == "test-1"
    assert text(answer, "KeepAliveTime") == "600"
    assert text(answer, "CapabilityRequest") == "T"
    assert text(answer, "UserID") == ("wv:alice@im.example.com" if kind[0] == "1.3" else "")
    assert 0 < len(client.session_id) <= 50
    assert client.code("KeepAlive-Request") == 200


@pytest.mark.parametrize("schema", ["SHA", "MD5"])
def test_four_way_login(kind, schema):
    client = Client(make_service(), "wv:Alice@im.example.com", *kind)
    challenge = first_phase(client, schema)
    assert text(challenge, "Result/Code") == "401"
    assert text(challenge, "DigestSchema") == schema
    assert challenge.find("SessionID") is None
    answer = second_phase(client, hashed(schema, text(challenge, "Nonce")))
    assert text(answer, "Result/Code") == "200"
    assert text(answer, "SessionID")


def test_the_clients_first_common_scheme_is_taken_also_from_a_list():
    client = Client(make_service(), version="1.1")
    assert text(first_phase(client, "MD6", "MD5", "SHA"), "DigestSchema") == "MD5"
    assert text(first_phase(client, "MD4, SHA,MD5"), "DigestSchema") == "SHA"
    assert text(first_phase(client, "MD6"), "Result/Code") == "543"


def test_scheme_pwd_takes_the_password_in_the_second_phase():
    client = Client(make_service())
    assert text(first_phase(client, "PWD"), "DigestSchema") == "PWD"
    answer = client.post(
        "Login-Request",
        node("UserID", "alice"),
        client.client_id,
        node("Password", PASSWORD),
        node("SessionCookie", "c1"),
    )
    assert text(answer, "Result/Code") == "200"


def test_the_digest_of_the_specification():
    from microimps.tools.sim.access import digest

    assert digest("SHA", "q7Rk-2209", "kestrel55") == "Nj6/qKkKnMXkKhpv7piaidJScfI="
    assert digest("MD5", "q7Rk-2209", "kestrel55") == "T2jfXVK6Ts4unAte/JaBFg=="


def test_login_refusals(kind):
    client = Client(make_service(), "alice", *kind)
    assert text(client.login(password="wrong"), "Result/Code") == "409"
    challenge = first_phase(client, "SHA")
    assert text(second_phase(client, "AAAA"), "Result/Code") == "409"
    # The nonce is used up, also for the right digest.
    proof = hashed("SHA", text(challenge, "Nonce"))
    assert text(second_phase(client, proof), "Result/Code") == "409"
    client.user = "nobody"
    assert text(client.login(), "Result/Code") == "531"
    client.user = "wv:alice@elsewhere.example"
    assert text(client.login(), "Result/Code") == "516"
    client.user = "wv:"
    assert text(client.login(), "Result/Code") == "901"
    assert client.code("Login-Request", node("UserID", "alice")) == 400


def test_a_nonce_grows_old():
    clock = Clock()
    client = Client(make_service(clock))
    proof = hashed("SHA", text(first_phase(client, "SHA"), "Nonce"))
    clock.now += Limits().challenge + 1
    assert text(second_phase(client, proof), "Result/Code") == "409"


def test_switches_of_login():
    client = Client(make_service(digest_only=True))
    assert text(client.login(), "Result/Code") == "403"
    assert text(first_phase(client, "PWD"), "Result/Code") == "543"
    assert text(first_phase(client, "PWD", "SHA"), "DigestSchema") == "SHA"
    client = Client(make_service(challenge_code=200))
    assert text(first_phase(client, "SHA"), "Result/Code") == "200"
    client = Client(make_service(network_authenticated=True))
    assert text(first_phase(client, "SHA"), "SessionID")


def test_registration_at_the_first_login():
    service = make_service(register=True)
    client = Client(service, "dora", "1.3")
    answer = client.login()
    assert text(answer, "UserID") == "wv:dora@im.example.com"
    assert text(Client(service, "dora").login(password="other"), "Result/Code") == "409"
    # The digest of an unknown user's password cannot be checked.
    assert text(first_phase(Client(service, "emil"), "SHA", "PWD"), "DigestSchema") == "PWD"
    assert text(Client(service, "x~y").login(), "Result/Code") == "403"


def test_a_repeated_login_gives_the_same_session_until_it_is_used():
    service = make_service()
    client = Client(service)
    body = client.octets(
        node(
            "Login-Request",
            node("UserID", "alice"),
            client.client_id,
            node("Password", PASSWORD),
            node("SessionCookie", "c"),
        ),
        tid="1",
    )
    first = service.handle(body).body
    assert service.handle(body).body == first
    client.session_id = text(message.decode(first).root, ".//SessionID")
    assert client.code("KeepAlive-Request") == 200
    assert service.handle(body).body != first


def test_logout(kind):
    client = Client(make_service(), "alice", *kind)
    client.login()
    body = client.octets(node("Logout-Request"), tid="7")
    answer = client.exchange(body)
    assert answer.content.tag == ("Disconnect" if kind[0] == "1.1" else "Status")
    assert text(answer.content, "Result/Code") == "200"
    assert client.exchange(body).content.tag == answer.content.tag  # sent again
    assert client.code("KeepAlive-Request") == 604


def test_keep_alive(kind):
    client = Client(make_service(), "alice", *kind)
    client.login()
    answer = client.post("KeepAlive-Request", node("TimeToLive", 900))
    assert (text(answer, "Result/Code"), text(answer, "KeepAliveTime")) == ("200", "900")
    answer = client.post("KeepAlive-Request", node("TimeToLive", 1))
    assert (text(answer, "Result/Code"), text(answer, "KeepAliveTime")) == ("605", "900")
    assert client.code("KeepAlive-Request", node("TimeToLive", "soon")) == 402


def test_a_session_expires_without_requests():
    clock = Clock()
    client = Client(make_service(clock))
    client.login()
    clock.now += 600
    assert client.code("KeepAlive-Request") == 200
    clock.now += 600 + Limits().grace + 1
    assert client.code("KeepAlive-Request") == 600
    gone = client.next().content
    assert (gone.tag, text(gone, "Result/Code")) == ("Disconnect", "600")


def test_a_second_login_of_the_same_client_ends_the_first_session():
    service = make_service()
    old, other, new = Client(service), Client(service, client="test-2"), Client(service)
    for client in (old, other, new):
        client.login()
    assert [client.code("KeepAlive-Request") for client in (old, other, new)] == [601, 200, 200]
    assert text(old.next().content, "Result/Code") == "601"


def test_sessions_of_a_user_are_limited():
    service = make_service(limits=Limits(sessions_per_user=2))
    clients = [Client(service, client=f"c{n}") for n in range(3)]
    for client in clients:
        client.login()
    assert [client.code("KeepAlive-Request") for client in clients] == [601, 200, 200]


def test_a_session_is_resumed_or_refused():
    service = make_service()
    client = Client(service, version="1.3")
    client.login()
    session = client.session_id
    assert text(client.login(node("SessionID", session)), "SessionID") == session
    assert text(client.login(node("SessionID", "gone")), "Result/Code") == "502"


def test_a_login_within_a_session_goes_on_with_it():
    client = Client(make_service())
    client.login()
    again = node(
        "Login-Request",
        node("UserID", "alice"),
        client.client_id,
        node("Password", PASSWORD),
        node("SessionCookie", "new"),
    )
    assert text(client.post(again), "SessionID") == client.session_id
    client.session_id = "lost"
    assert text(client.post(again), "SessionID") not in ("", "lost")


def test_information_about_the_service(kind):
    client = Client(make_service(name="Test service", url="http://x/"), "alice", *kind)
    answer = client.post("GetSPInfo-Request")
    assert (text(answer, "Name"), text(answer, "URL")) == ("Test service", "http://x/")


def functions(*features):
    return node(
        "Functions",
        node(
            "WVCSPFeat", *(each if not isinstance(each, str) else node(each) for each in features)
        ),
    )


def test_service_negotiation_lists_what_is_refused(kind):
    version = kind[0]
    group = "CREAG DELGR GETGP SETGP SUBGCN GRCHN EXCON GETGM ADDGM RMVGM MBRAC REJEC GETJU"
    withheld = frozenset(["GETLM", "SGMNT", *group.split()])
    client = Client(make_service(withhold=withheld), "alice", *kind)
    client.login()
    answer = client.post(
        "Service-Request",
        functions("FundamentalFeat", "PresenceFeat", "IMFeat", "GroupFeat"),
        node("AllFunctionsRequest", True),
    )
    refused = answer.find("Functions/WVCSPFeat")
    assert refused.find("GroupFeat") is not None and not len(refused.find("GroupFeat"))
    assert refused.find("PresenceFeat") is None
    fundamental = [each.tag for each in refused.findall("FundamentalFeat/*")]
    assert fundamental == (["ServiceFunc"] if version == "1.3" else [])
    for leaf in ("SearchFunc/STSRC", "InviteFunc/CAINV"):
        assert answer.find("AllFunctions/WVCSPFeat/FundamentalFeat/" + leaf) is not None
    receive = [each.tag for each in refused.find("IMFeat/IMReceiveFunc")]
    assert receive == ["GETLM"] + (["OFFNOTIF"] if version == "1.3" else [])
    offered = answer.find("AllFunctions/WVCSPFeat")
    assert offered.find("IMFeat/IMReceiveFunc/NEWM") is not None
    assert offered.find("IMFeat/IMReceiveFunc/GETLM") is None
    assert offered.find("GroupFeat") is None
    assert client.code("GetMessageList-Request") == 405
    assert client.code("CreateGroup-Request") == 405


def test_all_granted_is_no_functions_and_what_was_not_asked_for_is_506(kind):
    client = Client(make_service(), "alice", *kind)
    client.login()
    asked = functions(
        node("IMFeat", node("IMAuthFunc"), node("IMReceiveFunc", node("NEWM"), node("GETM")))
    )
    answer = client.post("Service-Request", asked, node("AllFunctionsRequest", False))
    assert answer.find("Functions") is None and answer.find("AllFunctions") is None
    assert client.post("GetBlockedList-Request").tag == "GetBlockedList-Response"
    assert client.code("GetList-Request") == 506


def test_the_mandatory_set_stands_for_all_that_is_offered():
    client = Client(make_service(), version="1.2")
    client.login()
    answer = client.post(
        "Service-Request",
        functions(node("FundamentalFeat", node("MF"))),
        node("AllFunctionsRequest", False),
    )
    assert answer.find("Functions") is None
    assert client.code("GetList-Request") == 506


def test_primitives_that_are_not_answered(kind):
    client = Client(make_service(), "alice", *kind)
    client.login()
    group = node("GroupID", "wv:/g@d")
    assert client.code("GetJoinedUsers-Request", group) == (405 if kind[0] == "1.1" else 800)
    talk = (node("ExtendConversationID", "e"), node("UserIDList", node("UserID", "wv:bob")))
    later = client.post("ExtendConversation-Request", *talk)
    assert text(later, "Result/Code") == ("200" if kind[0] == "1.3" else "405")
    assert client.code("GroupChangeNotice", group) == 405  # the service's to say
    if kind[1] == "xml":
        assert client.code("Dance-Request") == 405


def test_capabilities(kind):
    version = kind[0]
    service = make_service()
    service.cir_address = ("192.0.2.1", 3171)
    service.public_url = "http://192.0.2.1/"
    client = Client(service, "alice", *kind)
    client.login()
    answer = client.capabilities(ServerPollMin="30")
    agreed = answer.find("CapabilityList" if version == "1.1" else "AgreedCapabilityList")
    assert texts(agreed, "SupportedBearer") == ["HTTP"]
    assert texts(agreed, "SupportedCIRMethod") == ["STCP"]
    assert (text(agreed, "TCPAddress"), text(agreed, "TCPPort")) == ("192.0.2.1", "3171")
    assert text(agreed, "ServerPollMin") == "30"
    if version != "1.2":
        assert text(agreed, "MultiTrans") == "1"


def test_the_address_of_http_cir_has_its_own_name_in_each_version():
    service = make_service()
    service.public_url = "http://192.0.2.1/"
    for version, path in (("1.2", "CIRURL/URL"), ("1.3", "CIRHTTPAddress/URL")):
        client = Client(service, version=version)
        client.login()
        agreed = client.capabilities(SupportedCIRMethod="SHTTP").find("AgreedCapabilityList")
        assert client.session_id in text(agreed, path)


def test_negotiation_within_login():
    service = make_service(withhold=frozenset(["OFFNOTIF", "EXCON"]))
    client = Client(service, version="1.3", syntax="wbxml")
    answer = client.login(
        functions("IMFeat", "GroupFeat", "PresenceFeat"),
        node(
            "CapabilityList",
            node("ClientType", "PDA"),
            node("InitialDeliveryMethod", "N"),
            node("MultiTrans", 1),
            node("ParserSize", 4096),
            node("SupportedBearer", "HTTP"),
        ),
    )
    assert [each.tag for each in answer.find("Functions/WVCSPFeat")] == ["IMFeat", "GroupFeat"]
    assert [each.tag for each in answer.iter("GroupUseFunc")] == ["GroupUseFunc"]
    assert [each.tag for each in answer.find(".//GroupUseFunc")] == ["EXCON"]
    assert text(answer, "AgreedCapabilityList/SupportedBearer") == "HTTP"
    assert text(answer, "CapabilityRequest") == "F"


def test_a_version_that_is_switched_off_is_505():
    service = make_service(versions=("1.1", "1.2"))
    assert text(Client(service, version="1.3").login(), "Result/Code") == "505"
    assert text(Client(service, version="1.2").login(), "Result/Code") == "200"


@pytest.mark.parametrize("own_root", [False, True])
def test_version_discovery(own_root):
    service = make_service(versions=("1.1", "1.2"))
    names = Client(service, version="1.2").names
    later = Client(service, version="1.3").names
    request = node(
        "WV-CSP-VersionDiscovery-Request",
        node("VersionList", *(node("SessionNSName", each.csp) for each in (names, later))),
    )
    root = node("WV-CSP-Message", request)
    root.set("xmlns", names.csp)
    body = message.encode(message.Message(request if own_root else root, "1.2", "xml"))
    answer = message.decode(service.handle(body).body).root
    if not own_root:
        answer = answer[0]
    assert answer.tag == "WV-CSP-VersionDiscovery-Response"
    assert texts(answer, "VersionList/SessionNSName") == [names.csp]
    assert texts(answer, "VersionList/PresenceAttributeNSName") == [names.pa]


def test_the_same_request_again_is_done_once(kind):
    client = Client(make_service(), "alice", *kind)
    client.login()
    body = client.octets(node("CreateList-Request", node("ContactList", "wv:alice/a")), tid="5")
    first = client.exchange(body).content
    again = client.exchange(body).content
    assert text(first, "Result/Code") == text(again, "Result/Code") != "701"
    body = client.octets(node("CreateList-Request", node("ContactList", "wv:alice/a")), tid="6")
    assert text(client.exchange(body).content, "Result/Code") == "701"


def test_malformed_messages_are_400_within_the_envelope(kind):
    client = Client(make_service(), "alice", *kind)
    body = client.octets(node("GetList-Request"), tid="3")
    answer = client.exchange(body[: len(body) - 3])
    assert text(answer.content, "Result/Code") == "400"
    for path in ("TransactionDescriptor/TransactionMode", "TransactionContent"):
        root = message.decode(body).root
        transaction = root.find("Session/Transaction")
        parent = transaction.find(path.rpartition("/")[0]) if "/" in path else transaction
        parent.remove(transaction.find(path))
        answer = client.exchange(message.encode(message.Message(root, *kind)))
        assert (answer.tid, text(answer.content, "Result/Code")) == ("3", "400")


@pytest.mark.parametrize("body", [b"", b"hello", b"<a", b"\x03\x01\x6a\x00", b"{}", b"\xff" * 40])
def test_what_cannot_be_answered(body):
    with pytest.raises(Unintelligible):
        make_service().handle(body)


def test_several_transactions_in_one_message():
    client = Client(make_service())
    client.login()
    root = message.decode(client.octets(node("GetList-Request"), tid="8")).root
    other = message.decode(client.octets(node("GetBlockedList-Request"), tid="9")).root
    root.find("Session").append(other.find("Session/Transaction"))
    answer = client.service.handle(message.encode(message.Message(root, "1.2", "xml")))
    found = message.decode(answer.body).root.findall("Session/Transaction")
    assert [each.find("TransactionContent")[0].tag for each in found] == [
        "GetList-Response",
        "GetBlockedList-Response",
    ]
    assert texts(found[1], "TransactionDescriptor/TransactionID") == ["9"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_larger_than_parser_size_is_432(version):
    client = Client(make_service(contacts={"alice": 100}), version=version)
    client.login()
    read = (
        "ListManage-Request",
        node("ContactList", "wv:alice/friends"),
        node("ReceiveList", True),
    )
    assert client.post(*read).tag == "ListManage-Response"
    client.capabilities(ParserSize="2000")
    assert client.code(*read) == 432


def test_the_store_outlives_the_service(tmp_path):
    database = f"sqlite:///{tmp_path / 'imps.db'}"
    first = make_service(database=database)
    client = Client(first)
    client.login()
    assert client.code("CreateList-Request", node("ContactList", "wv:alice/kept")) == 200
    first.close()
    client = Client(make_service(database=database))
    client.login()
    assert text(client.post("GetList-Request"), "DefaultContactList") == "wv:alice/kept"


def test_ten_thousand_contacts_are_read_in_one_answer():
    client = Client(make_service(contacts={"alice": 10_000}), syntax="wbxml")
    client.login()
    body = client.octets(
        node(
            "ListManage-Request",
            node("ContactList", "wv:alice/friends"),
            node("ReceiveList", True),
        )
    )
    answer = client.service.handle(body).body
    names = message.decode(answer).root.findall(".//NickName/UserID")
    assert len(names) == 10_000 and names[-1].text == "wv:contact10000@im.example.com"


@pytest.mark.parametrize(
    "settings",
    [
        {"presence": "some"},
        {"versions": ("2.0",)},
        {"versions": ()},
        {"domain": "a@b"},
        {"schemes": ("MD6",)},
        {"challenge_code": 500},
        {"contacts": {"nobody": 3}},
        {"withhold": frozenset({"NOPE"})},
    ],
)
def test_settings_that_cannot_be(settings):
    with pytest.raises(ConfigError):
        Service(Config(**settings))
