"""Every request the client can send, in each version and syntax, held against the models."""

import io
from xml.etree.ElementTree import fromstring

import pytest
from peer import Peer, client, granted, how, http, negotiated, part, result, status, tree

from microimps import StatusError
from microimps.tools.conformance import check
from microimps.tools.message import decode
from microimps.tools.tables import VERSIONS

BO, FRIENDS = "wv:bo@d", "wv:anna/friends@d"
ENTITIES = (("group", "wv:/g@d"), BO, ("screen", "wv:/g@d", "Bee"))
SENT = ("SendMessage-Response", [result(), ("MessageID", "m1")])
INFO = (
    "MessageInfo",
    [("MessageID", "m1"), ("ContentSize", 1), ("Recipient", []), ("Sender", [])],
)
HELD = ("GetMessage-Response", [INFO, ("ContentData", "x")])
NEW = ("NewMessage", [INFO, ("ContentData", "x")], "70", "Request")
NOTICE = ("MessageNotification", [INFO], "71", "Request")
UNKNOWN = ("Search-Request", [("SearchID", "i")], "72", "Request")
FOUND = [
    ("SearchFindings", 2),
    ("CompletionFlag", False),
    ("SearchID", "9"),
    ("SearchResult", [("UserList", [("User", [("UserID", BO)])])]),
]
FIRST = ("Search-Response", FOUND)
LAST = ("Search-Response", FOUND[:1] + [("CompletionFlag", True)] + FOUND[2:])
ONE = ("Search-Response", [("SearchFindings", 1), ("CompletionFlag", True), FOUND[3]])
SENDER = ("Sender", [("User", [("UserID", BO)])])
INVITED = (
    "InviteUser-Request",
    [("InviteID", "i"), ("InviteType", "GR"), SENDER, ("GroupID", "wv:/g@d")],
    "73",
    "Request",
)
CANCELLED = ("CancelInviteUser-Request", [("InviteID", "i"), SENDER], "74", "Request")
ACCEPTED = ("Invite-Response", [("InviteID", "i"), ("Acceptance", True), SENDER], "75", "Request")
ASKED = ("PresenceAuth-Request", [("UserID", BO)], "76", "Request")
GROUP = {"Name": "Rowing", "Searchable": True, "MaxActiveUsers": 20, "Topic": ""}
CHANGED = ("GroupChangeNotice", [("GroupID", "wv:/g@d")], "77", "Request")
REMOVED = ("LeaveGroup-Response", [("GroupID", "wv:/g@d"), result(809)], "78", "Request")
CLC = ("Notification-Request",
       [("NotificationType", "CLC"), ("ContactListIDList", [("ContactList", FRIENDS)])],
       "79", "Request")  # fmt: skip
TERMS = ("SystemMessage", [("SystemMessageID", "s1"), ("RequiresResponse", True)])
SYSTEM = ("SystemMessage-Request", [("SystemMessageList", [TERMS])], "80", "Request")
TOLD = ("GetSPInfo-Response", [("Name", "Plover")])
WISHES = {"private": True, "language": "eng", "types": ("text/plain", "image/png"),
          "online": "FORKALL", "offline": "SENDSTORE", "priority": 2}  # fmt: skip
MAP = ("GetMap-Response", [("URL", "http://d/map")])
CHALLENGE = ("Login-Response", [result(401), ("Nonce", "n"), ("DigestSchema", "MD5")])
EVERYTHING = {
    "OnlineStatus": True,
    "Registration": False,
    "ClientInfo": {"ClientType": "PDA", "DevManufacturer": "m", "ClientProducer": "p",
                   "Model": "o", "ClientVersion": "1", "Language": "eng"},
    "TimeZone": {"Zone": "+02"},
    "GeoLocation": {"Longitude": "1 2 3W", "Latitude": "1 2 3N", "Altitude": 1, "Accuracy": 2},
    "Address": {"Country": "DK", "City": "c", "Street": "s", "Crossing1": "1", "Crossing2": "2",
                "Building": "b", "NamedArea": "n", "Accuracy": 5},
    "FreeTextLocation": "here",
    "PLMN": "23415",
    "CommCap": [("CommC", {"Cap": "SMS", "Status": "OPEN", "Contact": "1", "Note": "n"}),
                ("CommC", {"Cap": "CALL", "Status": "CLOSED"})],
    "UserAvailability": "DISCREET",
    "PreferredContacts": {"AddrPref": {"PrefC": "IM", "Caddr": BO, "Cstatus": "OPEN",
                                       "Cname": "n", "Cpriority": 1}},
    "PreferredLanguage": "eng",
    "StatusText": "",
    "StatusMood": "HAPPY",
    "Alias": None,
    "StatusContent": {"ReferredContent": "http://d/", "ContentType": "image/gif"},
    "ContactInfo": {"ReferredvCard": "http://d/"},
}  # fmt: skip

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
    (lambda c: c.add_contact("x", ((BO, "Bo"), ("wv:cy@d", "")), grant=True), [status()],
     ["ListManage-Request"]),
    (lambda c: c.remove_contact("x", BO), [status()], ["ListManage-Request"]),
    (lambda c: c.rename_list("x", "X"), [status()], ["ListManage-Request"]),
    (lambda c: c.default_list("x"), [status()], ["ListManage-Request"]),
    (lambda c: list(c.presence((BO, "wv:cy@d"))), [status()], ["GetPresence-Request"]),
    (lambda c: list(c.presence(lists=(FRIENDS,), names=tuple(EVERYTHING))), [status()],
     ["GetPresence-Request"]),
    (lambda c: c.subscribe((BO,), (FRIENDS,)), [status()], ["SubscribePresence-Request"]),
    (lambda c: c.subscribe(lists=(FRIENDS,), names=("StatusText", "PLMN"), automatic=False),
     [status()], ["SubscribePresence-Request"]),
    (lambda c: c.unsubscribe((BO,), (FRIENDS,)), [status()], ["UnsubscribePresence-Request"]),
    (lambda c: c.update_presence(**EVERYTHING), [status()], ["UpdatePresence-Request"]),
    (lambda c: c.update_presence(StatusText="x"), [status()], ["UpdatePresence-Request"]),
    (lambda c: c.extend_presence("http://example.org/pa", Shoe={"Size": "42"}, Walking=True),
     [status()], ["UpdatePresence-Request"]),
    (lambda c: c.create_attribute_list(("Alias",), (BO,), (FRIENDS,), True, True), [status()],
     ["CreateAttributeList-Request"]),
    (lambda c: c.create_attribute_list(None, default=True), [status()],
     ["CreateAttributeList-Request"]),
    (lambda c: c.delete_attribute_list((BO,), (FRIENDS,), True), [status()],
     ["DeleteAttributeList-Request"]),
    (lambda c: list(c.attribute_lists((BO,), (FRIENDS,), True)), [status()],
     ["GetAttributeList-Request"]),
    (lambda c: list(c.watchers()), [status()], ["GetWatcherList-Request"]),
    (lambda c: list(c.watchers(60, 9)), [status()], ["GetWatcherList-Request"]),
    (lambda c: c.send(BO, "x"), [SENT], ["SendMessage-Request"]),
    (lambda c: c.send((BO, FRIENDS), b"\0\1", "image/png", True, 60), [SENT],
     ["SendMessage-Request"]),
    (lambda c: c.send(BO, io.BytesIO(bytes(1000))), [SENT], ["SendMessage-Request"]),
    (lambda c: list(c.fetch("m1")), [HELD, status()], ["GetMessage-Request", "MessageDelivered"]),
    (lambda c: c.reject("m1", "m2"), [status()], ["RejectMessage-Request"]),
    (lambda c: c.send((FRIENDS, BO), "x", name="a.txt", font=("Red", "Bold", "Big"), uri="http://h/x"),
     [SENT], ["SendMessage-Request"]),
    (lambda c: c.send(None, "x", group="wv:/g@d", validity=60), [SENT], ["SendMessage-Request"]),
    (lambda c: c.send(("Bee", "Cy"), "x", group="wv:/g@d"), [SENT], ["SendMessage-Request"]),
    (lambda c: list(c.messages()), [status()], ["GetMessageList-Request"]),
    (lambda c: list(c.messages("wv:/g@d", 5)), [status()], ["GetMessageList-Request"]),
    (lambda c: c.forward("m1", (BO, FRIENDS)), [status()], ["ForwardMessage-Request"]),
    (lambda c: c.forward("m1", "Bee", "wv:/g@d"), [status()], ["ForwardMessage-Request"]),
    (lambda c: c.delivery_method(False), [status()], ["SetDeliveryMethod-Request"]),
    (lambda c: c.delivery_method(True, 500, "wv:/g@d", 70), [status()],
     ["SetDeliveryMethod-Request"]),
    (lambda c: list(c.blocked()), [status()], ["GetBlockedList-Request"]),
    (lambda c: c.block(ENTITIES, ENTITIES, use=True), [status()], ["BlockEntity-Request"]),
    (lambda c: c.block(use=False), [status()], ["BlockEntity-Request"]),
    (lambda c: c.grant(whole=ENTITIES), [status()], ["BlockEntity-Request"]),
    (lambda c: c.grant(whole=(), use=False), [status()], ["BlockEntity-Request"]),
    (lambda c: list(c.events(0)), [NEW, NOTICE, UNKNOWN, None],
     ["Polling-Request", "MessageDelivered", "Status", "Status"]),
    (lambda c: list(c.search(("USER_ID", "o"), ("USER_ALIAS", "x"), limit=1)), [FIRST, LAST],
     ["Search-Request"] * 2),
    (lambda c: [next(c.search(("USER_ID", "o"), bare=True)), c.stop_search()],
     [FIRST, status()], ["Search-Request", "StopSearch-Request"]),
    (lambda c: c.add_number("x", "+4915550100"), [ONE, status()],
     ["Search-Request", "ListManage-Request"]),
    (lambda c: c.cancel_invite(c.invite(
        (BO, FRIENDS), "GR", "wv:/g@d", "note", ("http://d/",), ("Alias", "OnlineStatus"), "app",
        "Annie"), "note"), [status(), status()], ["Invite-Request", "CancelInvite-Request"]),
    (lambda c: c.answer_invite(list(c.events(0))[0], True, "note", "Annie"),
     [INVITED, CANCELLED, ACCEPTED, None, status()],
     ["Polling-Request", "Status", "Status", "Status", "InviteUser-Response"]),
    (lambda c: c.join("wv:/g@d", "Annie", True, {"AutoJoin": True}), [status()],
     ["JoinGroup-Request"]),
    (lambda c: list(c.enter("wv:/g@d")), [status()], ["JoinGroup-Request"]),
    (lambda c: c.leave("wv:/g@d"), [status()], ["LeaveGroup-Request"]),
    (lambda c: list(c.members("wv:/g@d")), [status()], ["GetGroupMembers-Request"]),
    (lambda c: list(c.reject_list("wv:/g@d", (BO,), (BO, "wv:cy@d"))), [status()],
     ["RejectList-Request"]),
    (lambda c: list(c.reject_list("wv:/g@d")), [status()], ["RejectList-Request"]),
    (lambda c: c.create_group("wv:anna/g@d", GROUP, True, "Annie", True, {"ShowID": True}, "Hi"),
     [status()], ["CreateGroup-Request"]),
    (lambda c: c.create_group("wv:anna/g@d", GROUP, False), [status()], ["CreateGroup-Request"]),
    (lambda c: c.delete_group("wv:anna/g@d"), [status()], ["DeleteGroup-Request"]),
    (lambda c: c.add_members("wv:/g@d", (BO, "wv:cy@d")), [status()],
     ["AddGroupMembers-Request"]),
    (lambda c: c.remove_members("wv:/g@d", (BO,)), [status()], ["RemoveGroupMembers-Request"]),
    (lambda c: c.group_access("wv:/g@d", (BO,), (BO,), (BO, "wv:cy@d")), [status()],
     ["MemberAccess-Request"]),
    (lambda c: c.group_properties("wv:/g@d"), [status()], ["GetGroupProps-Request"]),
    (lambda c: c.set_group_properties("wv:/g@d", GROUP, {"AutoJoin": False}, "Hi"), [status()],
     ["SetGroupProps-Request"]),
    (lambda c: c.set_group_properties("wv:/g@d", own={"AutoJoin": False}), [status()],
     ["SetGroupProps-Request"]),
    (lambda c: [c.group_notices("wv:/g@d"), c.group_notices("wv:/g@d", True)], [status()] * 2,
     ["SubscribeGroupNotice-Request"] * 2),
    (lambda c: list(c.events(0)), [CHANGED, REMOVED, None],
     ["Polling-Request", "Status", "Status"]),
    (lambda c: c.service_info(), [TOLD], ["GetSPInfo-Request"]),
    (lambda c: [c.nudge(BO), c.typing(BO)], [SENT] * 2, ["SendMessage-Request"] * 2),
    (lambda c: c.active(c.idle(True)), [status()] * 3,
     ["GetPresence-Request"] + ["UpdatePresence-Request"] * 2),
    (lambda c: c.logout(), [status()], ["Logout-Request"]),
)  # fmt: skip
# what not every version has: those that do, and the same
SOME = (
    ("23", lambda c: c.verify((BO,), (FRIENDS,), ("wv:/g@d",), (("wv:/g@d", "Rook"),), ("d",)),
     [status()], ["VerifyID-Request"]),
    ("3", lambda c: list(c.search(("USER_ID", "o"), criteria="NOT 1")), [ONE], ["Search-Request"]),
    ("3", lambda c: list(c.profiles(BO, "wv:cy@d")), [status()], ["GetPublicProfile-Request"]),
    ("3", lambda c: c.update_profile(True, city="York"), [status()],
     ["UpdatePublicProfile-Request"]),
    ("12", lambda c: [c.authorise(BO, ("Alias",)), c.refuse(BO), c.cancel_authorisation(BO)],
     [status()] * 3, ["PresenceAuth-User"] * 2 + ["CancelAuth-Request"]),
    ("3", lambda c: [c.authorise(BO), c.refuse(BO), c.cancel_authorisation(BO)], [status()] * 3,
     ["CreateAttributeList-Request"] * 2 + ["DeleteAttributeList-Request"]),
    ("2", lambda c: [list(c.authorisations()), list(c.authorisations((BO, "wv:cy@d")))],
     [status()] * 2, ["GetReactiveAuthStatus-Request"] * 2),
    ("12", lambda c: list(c.events(0)), [ASKED, None], ["Polling-Request", "Status"]),
    ("23", lambda c: c.update_presence(InfoLink={"Inf_link": {"Link": "http://d/", "Text": "t"}}),
     [status()], ["UpdatePresence-Request"]),
    ("23", lambda c: list(c.joined("wv:/g@d")), [status()], ["GetJoinedUsers-Request"]),
    ("3", lambda c: c.extend_conversation((BO, "wv:cy@d"), "wv:di@d", True, "Hi"), [status()],
     ["ExtendConversation-Request"]),
    ("3", lambda c: [list(c.location_map(BO)), list(c.location_map(place={"PLMN": "23415"}))],
     [MAP, status()], ["GetMap-Request"] * 2),
    ("23", lambda c: c.extended("<vendor & data>"), [status()], ["Extended-Request"]),
    ("3", lambda c: [c.subscribe_notifications("CLC", "GMG"), c.unsubscribe_notifications("CLC")],
     [status()] * 2, ["SubscribeNotification-Request", "UnsubscribeNotification-Request"]),
    ("3", lambda c: [c.respond("s1", 2), c.respond("s1", key="ok")], [status()] * 2,
     ["SystemMessage-User"] * 2),
    ("3", lambda c: list(c.events(0)), [CLC, SYSTEM, None],
     ["Polling-Request", "Status", "Status"]),
)  # fmt: skip


def bodies(peer):
    return [each.partition(b"\r\n\r\n")[2] for each in peer.sent]


def names(peer):
    roots = [decode(body).root for body in bodies(peer)]
    return [(root.find("Session/Transaction/TransactionContent") or root)[0].tag for root in roots]


def check_sent(peer, version):
    """Every message sent follows the models, and both readers of the project agree on it."""
    for body in bodies(peer):
        root = decode(body).root
        assert not check(root, VERSIONS[version - 1]), body
        if peer.syntax == "xml":
            fromstring(body)  # a third parser's opinion


@pytest.mark.parametrize("syntax", ["wbxml", "xml"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_request(monkeypatch, version, syntax):
    monkeypatch.setattr(how, "syntax", syntax)
    for push in (True, False):
        peer = Peer([CHALLENGE, granted(), *negotiated(version)], version)
        c = client(peer, schemes=("MD5", "SHA"), push=push, wishes=WISHES)
        c.login()
        wanted = ["Login-Request"] * 2 + ["ClientCapability-Request", "Service-Request"]
        some = [row[1:] for row in SOME if str(version) in row[0]]
        for task, answers, sent in (*some, *TASKS):
            peer.script = list(answers)
            task(c)
            assert not peer.script
            wanted += sent
        assert names(peer) == wanted
        check_sent(peer, version)
    peer = Peer([granted(), *negotiated(version)], version)
    client(peer).login()
    check_sent(peer, version)


@pytest.mark.parametrize("syntax", ["wbxml", "xml"])
@pytest.mark.parametrize("version", [2, 3])
def test_version_discovery(monkeypatch, version, syntax):
    monkeypatch.setattr(how, "syntax", syntax)
    name = "http://www.openmobilealliance.org/DTD/WV-CSP1.2"
    answer = ("WV-CSP-VersionDiscovery-Response", [("VersionList", [("SessionNSName", name)])])
    w = part(syntax, "writer", "Writer")(1024, version)
    w.window(0, 1024)
    w.begin()
    tree(w, "WV-CSP-Message", [answer])
    peer = Peer([http(bytes(w.buf[: w.at]))], version)
    assert client(peer).versions() == [2]
    assert names(peer) == ["WV-CSP-VersionDiscovery-Request"]
    check_sent(peer, version)


def test_a_refused_login_is_repeated_with_answers():
    asked = ("SystemMessageList", [TERMS])
    refused = ("Login-Response", [result(409, asked)])
    peer = Peer([refused, granted(), *negotiated(3)], 3)
    c = client(peer)
    with pytest.raises(StatusError):
        c.login()
    c.login(answers=(("s1", 1, None),))
    assert names(peer)[:2] == ["Login-Request"] * 2
    check_sent(peer, 3)


def test_no_task_is_forgotten():
    from microimps.primitives import areas

    known = {name.strip("*") for _, line in areas.TASKS for name in line.split()}
    used = {name for *_, task, _, _ in (*TASKS, *SOME) for name in task.__code__.co_names}
    assert known - used == {"login", "versions"}, "tasks without a check here"
