"""Simulated service: presence, subscriptions, authorisation."""

import pytest
from sim_client import KINDS, Client, Clock, logged_in, make_service, user, wrapped

from microimps.tools.sim import Limits
from microimps.tools.sim.elements import node, text, texts


def value(name, content, qualifier=True):
    return node(name, node("Qualifier", qualifier), node("PresenceValue", content))


def pair(kind=("1.2", "xml"), clock=None, **settings):
    service = make_service(clock, **settings)
    return logged_in(service, "alice", "bob", kind=kind)


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def kind(request):
    return request.param


def publish(client, *values):
    return client.code("UpdatePresence-Request", client.sub_list(*values))


def get(client, *who, names=()):
    listed = [client.sub_list(*(node(name) for name in names))] if names else []
    return client.post("GetPresence-Request", *wrapped(client.version, *who), *listed)


def subscribe(client, *who, names=(), auto=False):
    listed = client.sub_list(*(node(name) for name in names)) if names else None
    switch = node("AutoSubscribe", auto) if client.version == "1.2" else None
    return client.code("SubscribePresence-Request", *wrapped(client.version, *who), listed, switch)


def values(sub_list):
    """name -> (qualifier, value)."""
    return {each.tag: (text(each, "Qualifier"), text(each, "PresenceValue")) for each in sub_list}


def notified(client):
    """address -> attributes, of everything that waits."""
    found = {}
    for each in client.drain():
        assert each.tag == "PresenceNotification-Request"
        for presence in each.findall("Presence"):
            shown = values(presence.find("PresenceSubList"))
            found.setdefault(text(presence, "UserID"), {}).update(shown)
    return found


def test_publish_and_get(kind):
    alice, bob = pair(kind)
    new = value("UserAvailability", "DISCREET"), value("StatusText", "é <b>")
    assert publish(alice, *new) == 200
    answer = get(
        bob,
        user("wv:Alice"),
        names=("OnlineStatus", "UserAvailability", "StatusText", "StatusMood"),
    )
    assert text(answer, "Presence/UserID") == "wv:Alice"  # just as it was asked
    assert values(answer.find("Presence/PresenceSubList")) == {
        "OnlineStatus": ("T", "T"),
        "UserAvailability": ("T", "DISCREET"),
        "StatusText": ("T", "é <b>"),
        "StatusMood": ("F", ""),
    }
    # Only what is named changes.
    assert publish(alice, value("StatusText", "", False)) == 200
    found = values(get(bob, user("wv:alice")).find("Presence/PresenceSubList"))
    assert found == {
        "OnlineStatus": ("T", "T"),
        "UserAvailability": ("T", "DISCREET"),
        "StatusText": ("F", ""),
        "Alias": ("F", ""),
    }


def test_structured_attributes_keep_their_parts(kind):
    alice, bob = pair(kind)
    info = node(
        "ClientInfo",
        node("ClientVersion", "0.1"),
        node("Qualifier", True),
        node("ClientType", "PDA"),
        node("Model", "X1"),
    )
    assert publish(alice, info) == 200
    found = get(bob, user("wv:alice"), names=("ClientInfo",)).find(".//ClientInfo")
    parts = [each.tag for each in found]
    assert parts[:4] == ["Qualifier", "ClientType", "Model", "ClientVersion"]
    assert parts[4:] == (["ClientID"] if kind[0] == "1.3" else [])


BAD_PARTS = (
    node("ClientInfo", node("ClientType", "TOASTER")),
    node("ClientInfo", node("ClientIMPriority", "high")),
    node("CommCap", node("CommC", node("Cap", "PIGEON"), node("Status", "OPEN"))),
    node("CommCap", node("CommC", node("Cap", "SMS"), node("Status", "AJAR"))),
    node("CommCap", node("CommC", node("Cap", "SMS"))),
    node("PreferredContacts", node("AddrPref", node("PrefC", "IM"), node("Caddr", "x"))),
    node("InfoLink", node("Inf_link", node("Text", "x"))),
    node("Registration", node("PresenceValue", "maybe")),
)


def test_wrong_parts(kind):
    alice, _ = pair(kind)
    for each in BAD_PARTS:
        if kind[0] == "1.3" or each.tag != "InfoLink" and each.find("ClientIMPriority") is None:
            assert publish(alice, each) == 751, each.tag
    good = node("CommC", node("Cap", "sms"), node("Status", "Open"))
    assert publish(alice, node("CommCap", node("Qualifier", True), good)) == 200


@pytest.mark.parametrize("kind", [k for k in KINDS if k[0] > "1.1"], ids="-".join)
def test_extensions_are_told_as_they_came(kind):
    alice, bob = pair(kind)
    assert subscribe(bob, user("wv:alice")) == 200
    notified(bob)
    size = value("ShoeSize", "42")
    size.set("xmlns", "urn:example:pa")
    flip = node("ClientTypeDetail", "flip")
    flip.set("xmlns", "urn:example:pa")
    info = node("ClientInfo", node("Qualifier", True), flip, node("Model", "X"))
    assert publish(alice, size, info) == 200
    seen = get(bob, user("wv:alice")).find("Presence/PresenceSubList")
    assert text(seen, "ShoeSize/PresenceValue") == "42"
    assert seen.find("ShoeSize").get("xmlns") == "urn:example:pa"
    assert [each.tag for each in seen.find("ClientInfo")][:3] == [
        "Qualifier",
        "Model",
        "ClientTypeDetail",
    ]
    assert notified(bob)["wv:alice"]["ShoeSize"] == ("T", "42")
    # they go with everything: who may see only some sees none of them
    shown = wrapped(kind[0], user("wv:bob")) if kind[0] == "1.3" else [node("UserID", "wv:bob")]
    listed = alice.sub_list(node("Alias"))
    assert (
        alice.code("CreateAttributeList-Request", listed, *shown, node("DefaultList", "F")) == 200
    )
    assert notified(bob)["wv:alice"]["ShoeSize"] == ("F", "")
    assert get(bob, user("wv:alice")).find(".//ShoeSize") is None


def test_wrong_attributes_and_values(kind):
    alice, _ = pair(kind)
    assert publish(alice, value("UserAvailability", "GONE")) == 751
    assert publish(alice, value("StatusText", "x"), value("StatusMood", "HUNGRY")) == 751
    assert publish(alice, value("UserAvailability", "")) == 200
    if kind[1] == "xml":
        assert publish(alice, value("ShoeSize", "42")) == 750
        assert text(get(alice, user("bob"), names=("ShoeSize",)), "Result/Code") == "750"
    found = values(get(alice, user("alice")).find("Presence/PresenceSubList"))
    assert "StatusText" not in found  # nothing of a refused request is done
    assert alice.code("UpdatePresence-Request") == 400


def test_get_of_lists_and_unknown_users(kind):
    alice, _ = pair(kind)
    alice.post(
        "CreateList-Request",
        node("ContactList", "wv:alice/a"),
        node("NickList", node("UserID", "wv:bob"), node("UserID", "wv:carol")),
    )
    answer = get(alice, node("ContactList", "wv:alice/a"), names=("OnlineStatus",))
    assert [text(each, "UserID") for each in answer.findall("Presence")] == ["wv:bob", "wv:carol"]
    online = [text(each, ".//PresenceValue") for each in answer.findall("Presence")]
    assert online == ["T", "F"]
    answer = get(alice, user("wv:bob"), user("wv:nobody"), node("ContactList", "wv:alice/none"))
    assert text(answer, "Result/Code") == "201"
    codes = texts(answer, "Result/DetailedResult/Code")
    assert sorted(codes) == ["531", "700"]
    answer = get(alice, user("wv:nobody"))
    assert (answer.tag, text(answer, "Result/Code")) == ("Status", "531")
    answer = get(alice, user("wv:nobody"), user("wv:x@elsewhere.example"))
    assert text(answer, "Result/Code") == "900"


def test_subscribe_notify_unsubscribe(kind):
    alice, bob = pair(kind)
    publish(bob, value("StatusText", "first"))
    assert subscribe(alice, user("wv:Bob"), names=("OnlineStatus", "StatusText")) == 200
    assert alice.poll == "T"
    assert notified(alice) == {
        "wv:Bob": {"OnlineStatus": ("T", "T"), "StatusText": ("T", "first")},
    }
    assert alice.next() is None
    # Only what changed and was asked for comes, with the latest value.
    publish(bob, value("StatusText", "second"), value("StatusMood", "HAPPY"))
    publish(bob, value("StatusText", "third"))
    assert notified(alice) == {"wv:Bob": {"StatusText": ("T", "third")}}
    bob.post("Logout-Request")
    assert notified(alice) == {"wv:Bob": {"OnlineStatus": ("T", "F")}}
    gone = wrapped(kind[0], user("wv:bob"))
    assert alice.code("UnsubscribePresence-Request", *gone) == 200
    bob.login()
    assert notified(alice) == {}


def test_a_list_subscription_follows_the_list():
    alice, bob = pair()
    carol = Client(alice.service, "carol")
    alice.post(
        "CreateList-Request",
        node("ContactList", "wv:alice/a"),
        node("NickList", node("UserID", "wv:bob")),
    )
    everybody = node("ContactList", "wv:alice/a")
    assert subscribe(alice, everybody, names=("OnlineStatus",), auto=True) == 200
    assert notified(alice) == {"wv:bob": {"OnlineStatus": ("T", "T")}}

    def manage(tag, name):
        return alice.post(
            "ListManage-Request",
            node("ContactList", "wv:alice/a"),
            node(tag, node("UserID", name)),
            node("ReceiveList", False),
        )

    manage("AddNickList", "wv:carol")
    assert notified(alice) == {"wv:carol": {"OnlineStatus": ("T", "F")}}
    carol.login()
    assert notified(alice) == {"wv:carol": {"OnlineStatus": ("T", "T")}}
    manage("RemoveNickList", "wv:carol")
    carol.post("Logout-Request")
    assert notified(alice) == {}
    alice.code("DeleteList-Request", node("ContactList", "wv:alice/a"))
    bob.post("Logout-Request")
    assert notified(alice) == {}


def test_expiry_turns_the_user_offline():
    clock = Clock()
    alice, bob = pair(clock=clock)
    subscribe(alice, user("wv:bob"), names=("OnlineStatus",))
    notified(alice)
    clock.now += 400
    alice.code("KeepAlive-Request")
    clock.now += 400
    assert notified(alice) == {"wv:bob": {"OnlineStatus": ("T", "F")}}


def test_a_client_can_hide():
    alice, bob = pair()
    for hidden in (value("OnlineStatus", "F"), value("OnlineStatus", "T", False)):
        publish(alice, hidden)
        answer = get(bob, user("wv:alice"), names=("OnlineStatus",))
        assert text(answer, ".//PresenceValue") == "F"
        publish(alice, value("OnlineStatus", "T"))
        answer = get(bob, user("wv:alice"), names=("OnlineStatus",))
        assert text(answer, ".//PresenceValue") == "T"


def test_several_clients_of_a_user():
    service = make_service()
    phone = Client(service, version="1.3", client="phone")
    desk = Client(service, version="1.3", client="desk")
    for client, kind in ((phone, "MOBILE_PHONE"), (desk, "COMPUTER")):
        client.login()
        publish(client, node("ClientInfo", node("Qualifier", True), node("ClientType", kind)))
    bob, old = Client(service, "bob", "1.3"), Client(service, "carol", "1.2")
    for client in (bob, old):
        client.login()
    names = ("OnlineStatus", "ClientInfo")
    found = get(bob, user("wv:alice"), names=names).find("Presence/PresenceSubList")
    assert sorted(texts(found, "OnlineStatus/ClientID/URL")) == ["desk", "phone"]
    shown = {
        text(each, "ClientID/URL"): text(each, "ClientType")
        for each in found.findall("ClientInfo")
    }
    assert shown == {"phone": "MOBILE_PHONE", "desk": "COMPUTER"}
    found = get(old, user("wv:alice"), names=names).find("Presence/PresenceSubList")
    assert texts(found, "OnlineStatus/PresenceValue") == ["T"]
    assert len(found.findall("ClientInfo")) == 1
    desk.post("Logout-Request")
    found = get(bob, user("wv:alice"), names=names).find("Presence/PresenceSubList")
    assert texts(found, "OnlineStatus/ClientID/URL") == ["phone"]


def test_notifications_are_cut_to_parser_size():
    alice = Client(make_service(contacts={"alice": 60}), version="1.2")
    alice.login()
    alice.capabilities(ParserSize="3000")
    assert subscribe(alice, node("ContactList", "wv:alice/friends")) == 200
    found, request = [], alice.next()
    while request is not None:
        found.append(len(request.content))
        request = alice.reply(request)
    assert sum(found) == 60 and len(found) > 5
    assert alice.next() is None


@pytest.mark.parametrize("settings", [{"presence": "ask"}, {"presence": "nobody"}])
def test_without_permission_nothing_is_seen(settings):
    alice, bob = pair(**settings)
    assert subscribe(alice, user("wv:bob"), names=("OnlineStatus",)) == 200
    assert notified(alice) == {}
    assert bool(bob.drain()) == (settings["presence"] == "ask")


def test_reactive_authorisation(kind):
    alice, bob = pair(kind, presence="ask")
    wanted = ("OnlineStatus", "StatusText")
    answer = get(alice, user("wv:bob"), names=wanted)
    assert text(answer, "Result/Code") == "521"
    assert subscribe(alice, user("wv:bob"), names=wanted) == 200
    request = bob.next()
    if kind[0] == "1.3":
        assert request.content.tag == "Notification-Request"
        assert text(request.content, "NotificationType") == "ANU"
        assert texts(request.content, "UserIDList/UserID") == ["wv:alice@im.example.com"]
    else:
        assert request.content.tag == "PresenceAuth-Request"
        assert text(request.content, "UserID") == "wv:alice@im.example.com"
    assert [each.tag for each in request.content.find("PresenceSubList")] == list(wanted)
    assert bob.reply(request) is None
    assert notified(alice) == {}
    if kind[0] == "1.3":
        granted = bob.code(
            "CreateAttributeList-Request",
            bob.sub_list(node("OnlineStatus")),
            *wrapped("1.3", user("wv:alice")),
            node("DefaultList", False),
        )
    else:
        granted = bob.code(
            "PresenceAuth-User", node("UserID", "wv:alice"), node("Acceptance", True)
        )
    assert granted == 200
    assert notified(alice) == {"wv:bob": {"OnlineStatus": ("T", "T")}}
    assert text(get(alice, user("wv:bob"), names=("OnlineStatus",)), "Result/Code") == "200"


def test_a_refusal_and_its_cancelling():
    alice, bob = pair(presence="ask")
    names = ("OnlineStatus",)
    get(alice, user("wv:bob"), names=names)
    bob.drain()
    bob.code("PresenceAuth-User", node("UserID", "wv:alice"), node("Acceptance", False))
    answer = get(alice, user("wv:bob"), names=names)
    assert values(answer.find("Presence/PresenceSubList")) == {"OnlineStatus": ("F", "")}
    state = bob.post("GetReactiveAuthStatus-Request").find(".//ReactiveAuthStatus")
    assert (text(state, "UserID"), text(state, "ReactiveAuthState")) == (
        "wv:alice@im.example.com",
        "DENIED",
    )
    assert bob.code("CancelAuth-Request", node("UserID", "wv:alice")) == 200
    assert bob.code("CancelAuth-Request", node("UserID", "wv:alice")) == 531
    assert text(get(alice, user("wv:bob"), names=names), "Result/Code") == "521"
    assert [each.tag for each in bob.drain()] == ["PresenceAuth-Request"]


def test_questions_wait_for_a_user_who_is_offline():
    service = make_service(presence="ask")
    alice, bob = Client(service), Client(service, "bob", "1.1")
    alice.login()
    subscribe(alice, user("wv:bob"))
    bob.login()
    assert [each.tag for each in bob.drain()] == ["PresenceAuth-Request"]


def test_attribute_lists(kind):
    alice, bob = pair(kind, presence="nobody")
    bob.post(
        "CreateList-Request",
        node("ContactList", "wv:bob/team"),
        node("NickList", node("UserID", "wv:alice")),
    )
    for name, content in (("StatusText", "here"), ("Alias", "Bobby"), ("StatusMood", "HAPPY")):
        publish(bob, value(name, content))

    def seen():
        found = values(get(alice, user("wv:bob")).find("Presence/PresenceSubList"))
        return sorted(name for name, (qualifier, _) in found.items() if qualifier == "T")

    def grant(name, *who, default=False):
        return bob.code(
            "CreateAttributeList-Request",
            bob.sub_list(node(name)),
            *wrapped(kind[0], *who)
            if kind[0] == "1.3"
            else (
                [
                    node("UserID", text(each, "UserID")) if each.tag == "User" else each
                    for each in who
                ]
            ),
            node("DefaultList", default),
        )

    assert seen() == []
    assert grant("StatusText", default=True) == 200
    assert seen() == ["StatusText"]
    assert grant("Alias", node("ContactList", "wv:bob/team")) == 200
    assert seen() == ["Alias"]  # a list of contacts comes before the default
    assert grant("StatusMood", user("wv:alice")) == 200
    assert seen() == ["StatusMood"]  # and the user before the list
    assert grant("Alias", node("ContactList", "wv:bob/none")) == 700
    answer = bob.post(
        "GetAttributeList-Request", node("DefaultList", True), *wrapped(kind[0], user("wv:alice"))
    )
    for path, name in (("DefaultAttributeList", "StatusText"), ("Presence", "StatusMood")):
        assert [each.tag for each in answer.find(f"{path}/PresenceSubList")] == [name]
    assert (
        bob.code(
            "DeleteAttributeList-Request",
            *wrapped(kind[0], user("wv:alice")),
            node("DefaultList", False),
        )
        == 200
    )
    assert seen() == ["Alias"]


def test_taking_a_permission_back_is_told():
    alice, bob = pair()
    subscribe(alice, user("wv:bob"), names=("OnlineStatus", "Alias"))
    notified(alice)
    bob.code(
        "CreateAttributeList-Request",
        bob.sub_list(),
        node("UserID", "wv:alice"),
        node("DefaultList", False),
    )
    assert notified(alice) == {"wv:bob": {"OnlineStatus": ("F", "")}}
    publish(bob, value("Alias", "x"))
    assert notified(alice) == {}
    bob.code("DeleteAttributeList-Request", node("UserID", "wv:alice"), node("DefaultList", False))
    assert notified(alice) == {"wv:bob": {"OnlineStatus": ("T", "T"), "Alias": ("T", "x")}}


def asked(client):
    """The questions that wait, in 1.3: type, wanted, and what else tells of them."""
    return [
        (
            text(each, "NotificationType"),
            [wanted.tag for wanted in each.find("PresenceSubList")],
            texts(each, "UserIDList/UserID"),
            texts(each, "ContactListIDList/ContactList"),
            text(each, "DefaultList"),
        )
        for each in client.drain()
    ]


def test_prompts_of_1_3_attribute_lists():
    alice, bob = pair(("1.3", "wbxml"), presence="nobody")
    who = ["wv:alice@im.example.com"]

    def settle(*scope):
        seen = bob.sub_list(node("OnlineStatus"))
        assert bob.code("CreateAttributeList-Request", seen, *scope) == 200

    settle(node("DefaultList", True), node("DefaultNotify", True))
    get(alice, user("wv:bob"), names=("OnlineStatus",))
    assert asked(bob) == []
    get(alice, user("wv:bob"), names=("StatusText",))
    assert asked(bob) == [("AND", ["StatusText"], who, [], "T")]
    get(alice, user("wv:bob"), names=("StatusText",))
    assert asked(bob) == []  # once, until there is an answer
    bob.post(
        "CreateList-Request",
        node("ContactList", "wv:bob/team"),
        node("NickList", node("UserID", "wv:alice")),
    )
    team = node("ContactListIDList", node("ContactList", "wv:bob/team"))
    settle(team, node("DefaultList", False), node("ContactListNotify", True))
    get(alice, user("wv:bob"), names=("StatusText", "Alias"))
    assert asked(bob) == [("ANC", ["StatusText", "Alias"], who, ["wv:bob/team"], "")]
    one = node("UserIDList", node("UserID", "wv:alice"))
    settle(one, node("DefaultList", False), node("UserNotify", True))
    get(alice, user("wv:bob"), names=("Alias",))
    assert asked(bob) == [("ANU", ["Alias"], who, [], "")]
    settle(one, node("DefaultList", False), node("UserNotify", False))
    get(alice, user("wv:bob"), names=("Alias",))
    assert asked(bob) == []


def test_attribute_lists_are_limited():
    alice, _ = pair(limits=Limits(attribute_lists=1))
    made = [
        alice.code(
            "CreateAttributeList-Request",
            alice.sub_list(node("Alias")),
            node("UserID", each),
            node("DefaultList", False),
        )
        for each in ("wv:bob", "wv:carol", "wv:bob")
    ]
    assert made == [200, 755, 200]


def test_watchers(kind):
    clock = Clock()
    alice, bob = pair(kind, clock)
    carol = Client(alice.service, "carol", *kind)
    carol.login()
    if kind[0] == "1.3":
        name = node("Property", node("Name", "PP_FRIENDLY_NAME"), node("Value", "Al"))
        profile = node("PublicProfile", name)
        alice.code("UpdatePublicProfile-Request", node("ClearPublicProfile", False), profile)
    subscribe(alice, user("wv:bob"))
    subscribe(carol, user("wv:bob"))
    carol.post("Logout-Request")
    answer = bob.post("GetWatcherList-Request")
    path = {"1.1": "User/UserID", "1.2": "Watcher/User/UserID", "1.3": "Watcher/UserID"}[kind[0]]
    assert texts(answer, path) == ["wv:alice@im.example.com"]
    if kind[0] == "1.1":
        return
    answer = bob.post("GetWatcherList-Request", node("HistoryPeriod", 60))
    assert texts(answer, "Watcher/WatcherStatus") == ["CURRENT_SUBSCRIBER", "FORMER_SUBSCRIBER"]
    answer = bob.post(
        "GetWatcherList-Request", node("HistoryPeriod", 60), node("MaxWatcherList", 1)
    )
    assert texts(answer, path) == ["wv:alice@im.example.com"]
    assert text(answer, "WatcherCount") == ("2" if kind[0] == "1.3" else "")
    assert text(answer, "Watcher/FriendlyName") == ("Al" if kind[0] == "1.3" else "")
    clock.now += 61
    answer = bob.post("GetWatcherList-Request", node("HistoryPeriod", 60))
    assert len(answer.findall("Watcher")) == 1
