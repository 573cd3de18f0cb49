"""Simulated service: groups, who may do what in them, and what is said there."""

import itertools

import pytest
from sim_client import PASSWORD, VERSIONS, Client, Clock, make_service, user

from microimps.tools.sim import Account, Config, ConfigError, Limits, Room, Service
from microimps.tools.sim.config import load
from microimps.tools.sim.elements import node, text, texts

G = "wv:alice/rowing@im.example.com"
GID = node("GroupID", G)
_NUMBERS = itertools.count(1)


# the other syntaxes: test_groups_end_to_end.py
@pytest.fixture(params=[(v, "xml") for v in VERSIONS], ids=lambda kind: "-".join(kind))
def kind(request):
    return request.param


def login(service, name="alice", kind=("1.3", "xml")):
    client = Client(service, name, *kind, client=f"c{next(_NUMBERS)}")
    client.login()
    return client


def three(kind=("1.3", "xml"), clock=None, **settings):
    service = make_service(clock, **settings)
    return [login(service, name, kind) for name in ("alice", "bob", "carol")]


def properties(tag="GroupProperties", note=None, **values):
    return node(
        tag,
        *(
            node("Property", node("Name", name), node("Value", value))
            for name, value in values.items()
        ),
        None
        if note is None
        else node("WelcomeNote", node("ContentType", "text/plain"), node("ContentData", note)),
    )


def screen(name, group=G):
    return node("ScreenName", node("SName", name), node("GroupID", group))


def create(client, join=True, name=None, note=None, **values):
    return client.code(
        "CreateGroup-Request",
        GID,
        properties(note=note, **(values or {"Name": "Rowing"})),
        node("JoinGroup", join),
        screen(name) if name else None,
        node("SubscribeNotification", True),
    )


def join(client, name=None, joined=False, notices=True, own=None):
    return client.post(
        "JoinGroup-Request",
        GID,
        screen(name) if name else None,
        node("JoinedRequest", joined),
        node("SubscribeNotification", notices),
        own,
    )


def joining(client, **more):
    """The code of an attempt to join; 200 for any JoinGroup-Response."""
    answer = join(client, **more)
    return int(text(answer, "Result/Code", "200"))


def leave(client):
    answer = client.post("LeaveGroup-Request", GID)
    return int(text(answer, "Result/Code"))


def people(client, kind, *addresses):
    """The code of a request about members."""
    tag = "UserIDList" if client.version == "1.3" else "UserList"
    return client.code(
        kind,
        GID,
        node(tag, *(node("UserID", a) if tag == "UserIDList" else user(a) for a in addresses)),
    )


def add(client, *addresses):
    return people(client, "AddGroupMembers-Request", *addresses)


def access(client, **levels):
    told = []
    for tag in ("Admin", "Mod", "Users"):
        if tag in levels:
            listed = node("UserList", *(user(each) for each in levels[tag]))
            bare = tag == "Users" and client.version == "1.3"
            told.append(listed if bare else node(tag, listed))
    return client.code("MemberAccess-Request", GID, *told)


def change(client, own=None, note=None, **values):
    group = properties(note=note, **values) if values or note is not None else None
    return client.code("SetGroupProps-Request", GID, group, own)


def shown(client):
    """(properties of the group, own properties, welcome note)."""
    answer = client.post("GetGroupProps-Request", GID)
    found = []
    for tag in ("GroupProperties", "OwnProperties"):
        each = answer.findall(f"{tag}/Property")
        found.append({text(one, "Name"): text(one, "Value") for one in each})
    return *found, text(answer, "GroupProperties/WelcomeNote/ContentData")


def notices(client, tag="GroupChangeNotice"):
    return [each for each in client.drain() if each.tag == tag]


def say(client, content="hello", to=None, group=G, **more):
    whom = node("Group", screen(to, group) if to else node("GroupID", group))
    return client.send(whom, content, **more)


def heard(client):
    """(text, screen name of the sender, whom it is for) of the messages that come."""
    found = []
    for each in client.drain():
        info = each.find("MessageInfo")
        assert text(info, "Sender/Group/ScreenName/GroupID") == G
        sender = text(info, "Sender/Group/ScreenName/SName")
        whom = text(info, "Recipient/Group/ScreenName/SName")
        assert whom or text(info, "Recipient/Group/GroupID") == G
        found.append((text(each, "ContentData"), sender, whom))
    return found


# Made, joined, left


def test_from_the_making_to_the_end(kind):
    alice, bob, carol = three(kind)
    assert create(alice, name="Ally", note="Be kind") == 200
    answer = join(bob, "Bobby", joined=True)
    assert answer.tag == "JoinGroup-Response"
    where = {"1.1": "UserList/ScreenName", "1.2": "UserMapList/UserMapping/Mapping"}
    path = where.get(bob.version, "Joined/UserMapList/UserMapping/Mapping")
    assert texts(answer, path + "/SName") == ["Ally", "Bobby"]
    assert text(answer, "WelcomeNote/ContentData") == "Be kind"
    assert text(answer, "ScreenName/SName") == ("Bobby" if bob.version == "1.3" else "")
    (notice,) = notices(alice)
    path = "Joined/ScreenName" if alice.version == "1.1" else path.removeprefix("Joined/")
    path = path if alice.version == "1.1" else "Joined/" + path
    assert texts(notice, path + "/SName") == ["Bobby"] and text(notice, "GroupID") == G
    if alice.version != "1.1":  # an administrator sees who it is
        assert texts(notice, path + "/UserID") == ["wv:bob@im.example.com"]
    assert joining(carol) == 200
    assert leave(bob) == 200 and leave(bob) == 808
    (came, gone) = notices(alice)
    path = "Left/ScreenName" if alice.version == "1.1" else "Left/UserList/ScreenName"
    assert texts(gone, path + "/SName") == ["Bobby"]
    assert alice.code("DeleteGroup-Request", GID) == 200
    (put_out,) = notices(carol, "LeaveGroup-Response")
    assert text(put_out, "Result/Code") == "800" and text(put_out, "GroupID") == G
    assert not notices(alice, "LeaveGroup-Response")
    assert alice.code("DeleteGroup-Request", GID) == 800


def test_nothing_to_tell_of_a_join():
    alice, bob, _ = three(("1.2", "xml"))
    create(alice)
    assert join(bob).tag == "Status"
    alice, bob, _ = three()
    create(alice)
    assert [each.tag for each in join(bob)] == ["ScreenName"]


def test_groups_that_cannot_be_made():
    alice, bob, _ = three(limits=Limits(groups=1))

    def making(group, client=alice, **values):
        told = properties(**(values or {"Topic": "x"}))
        more = (node("JoinGroup", False), node("SubscribeNotification", False))
        return client.code("CreateGroup-Request", node("GroupID", group), told, *more)

    assert making("wv:/rowing@im.example.com") == 806
    assert making("wv:alice") == 806
    assert making("wv:bob/rowing") == 403
    assert making(G, Colour="red") == 806 and making(G, Searchable="maybe") == 806
    assert making(G, Type="Public") == 806 and making(G, Accesstype="Ajar") == 806
    assert making(G, Searchable="T", Name="") == 822
    assert making(G, Searchable="T", Name="", Topic="Boats") == 200
    assert making(G.upper().replace("WV:", "wv:")) == 801
    assert making("wv:alice/second") == 814
    assert alice.code("CreateGroup-Request", GID) == 400
    assert alice.code("DeleteGroup-Request") == 429
    assert bob.code("DeleteGroup-Request", GID) == 816


def test_screen_names():
    alice, bob, carol = three()
    create(alice, name="Bob")
    assert joining(bob, name="bOB") == 811
    assert text(join(bob), "ScreenName/SName") == "bob2"  # the usual one is taken
    assert joining(carol, name="bob2") == 811 and joining(carol, name="Carol") == 200
    assert joining(carol) == 807
    again = login(carol.service, "carol")
    assert text(join(again, "Carol"), "ScreenName/SName") == "Carol"  # the same person
    leave(carol)
    own = properties("OwnProperties", ScreenName="Cary")
    assert change(alice, own) == 200 and joining(carol) == 200
    assert change(carol, own) == 200
    leave(carol)
    leave(again)
    assert text(join(carol), "ScreenName/SName") == "Cary"


def test_who_may_join():
    alice, bob, carol = three(limits=Limits(joined=3))
    create(alice, Accesstype="restricted", MaxActiveUsers="2")
    assert joining(bob) == 816
    assert add(alice, "wv:bob", "wv:carol") == 200
    assert joining(bob) == 200 and joining(carol) == 817
    assert change(alice, MaxActiveUsers="0") == 200
    assert joining(carol) == 200 and joining(login(alice.service, "carol")) == 817
    leave(carol)
    change(alice, Accesstype="Closed")
    assert joining(carol) == 803
    change(alice, Accesstype="Open", RequireInvitation="T")
    assert joining(carol) == 200
    leave(carol)
    people(alice, "RemoveGroupMembers-Request", "wv:carol")
    assert joining(carol) == 816
    change(alice, RequireInvitation="F")
    assert joining(carol) == 200


def test_a_group_vanishes_with_the_last_who_leaves():
    alice, bob, _ = three()
    create(alice, AutoDelete="T")
    joining(bob)
    leave(alice)
    assert leave(bob) == 200 and joining(alice) == 800


def test_who_has_to_go_does_not_end_a_group():
    alice, bob, _ = three()
    create(alice, join=False, AutoDelete="T")
    joining(bob)
    listed = node("AddList", node("UserID", "wv:bob"), node("UserID", "wv:carol"))
    answer = alice.post("RejectList-Request", GID, listed)
    assert len(answer.findall("UserList/User")) == 2
    joining(alice)
    assert leave(alice) == 200 and joining(alice) == 800


def test_what_a_version_does_not_have_is_no_notice():
    service = make_service()
    alice, bob = login(service), login(service, "bob", ("1.2", "xml"))
    create(alice)
    joining(bob)
    change(alice, History="T")
    change(alice, History="F", Topic="Oars")
    (notice,) = notices(bob)
    assert texts(notice, "GroupProperties/Property/Name") == ["Topic"]


def test_an_invitation_to_be_a_member():
    alice, bob, carol = three()
    create(alice, RequireInvitation="T")

    def invite(client, whom, identity, accept):
        invited = client.post(
            "Invite-Request",
            node("InviteID", identity),
            node("InviteType", "GM"),
            node("Sender", user(client.user)),
            node("Recipient", user(whom.user)),
            GID,
        )
        assert text(invited, "Result/Code") == "200"
        (told,) = whom.drain()
        assert (told.tag, text(told, "GroupID")) == ("InviteUser-Request", G)
        parties = (node("Sender", user(whom.user)), node("Recipient", user(client.user)))
        answer = (node("InviteID", identity), node("Acceptance", accept), *parties)
        assert whom.code("InviteUser-Response", *answer) == 200

    invite(alice, bob, "1", False)
    assert joining(bob) == 816
    invite(alice, bob, "2", True)
    assert joining(bob) == 200
    invite(bob, carol, "3", True)  # who may not add members cannot do it so either
    assert joining(carol) == 816


def test_validity():
    clock = Clock()
    alice, bob, _ = three(clock=clock)
    create(alice, Validity="60")
    joining(bob)
    clock.now += 61
    assert joining(alice) == 800
    (gone,) = notices(bob, "LeaveGroup-Response")
    assert text(gone, "Result/Code") == "800"


# Who is there


def test_joined_users():
    alice, bob, carol = three()
    create(alice, name="Ally")
    join(bob, "Bobby", own=properties("OwnProperties", ShowID="T"))
    join(carol, "Cary")
    add(alice, "wv:bob", "wv:carol")
    access(alice, Mod=["wv:bob"])

    def there(client):
        answer = client.post("GetJoinedUsers-Request", GID)
        return {
            each.tag: [(text(one, "SName"), text(one, "UserID")) for one in each]
            for listed in answer
            for each in listed
        }

    full = {
        "AdminMapping": [("Ally", "wv:alice@im.example.com")],
        "ModMapping": [("Bobby", "wv:bob@im.example.com")],
        "UserMapping": [("Cary", "wv:carol@im.example.com")],
    }
    assert there(alice) == there(bob) == full
    names = [("Ally", ""), ("Bobby", "wv:bob@im.example.com"), ("Cary", "")]
    assert there(carol) == {"UserMapping": names}
    leave(carol)
    assert carol.code("GetJoinedUsers-Request", GID) == 808


def test_whom_one_blocks_has_a_place_apart():
    alice, bob, carol = three()
    create(alice)
    block = node("BlockList", node("AddList", node("UserID", "wv:bob")))
    assert alice.code("BlockEntity-Request", block, node("BlockListInUse", True)) == 200
    join(bob, "Bobby")
    join(carol)
    answer = alice.post("GetJoinedUsers-Request", GID)
    assert texts(answer, "JoinedBlocked/UserList/ScreenName/SName") == ["Bobby"]
    assert "Bobby" not in texts(answer, "AdminMapList/UserMapping/Mapping/SName")
    assert carol.post("GetJoinedUsers-Request", GID).find("JoinedBlocked") is None
    say(bob, "unheard")
    leave(bob)
    found = [[part.tag for part in each][1] for each in alice.drain()]
    assert found == ["JoinedBlocked", "Joined", "LeftBlocked"]
    found = [text(each, "ContentData") for each in carol.drain() if each.tag == "NewMessage"]
    assert found == ["unheard"]


def test_members(kind):
    alice, bob, carol = three(kind)
    create(alice)
    assert add(alice, "wv:bob", "wv:carol", "wv:nobody") == 201
    assert access(alice, Mod=["wv:bob"]) == 200
    answer = bob.post("GetGroupMembers-Request", GID)
    ordinary = "UserList" if bob.version == "1.3" else "Users/UserList"
    found = [texts(answer, f"{each}/User/UserID") for each in ("Admin/UserList", "Mod/UserList")]
    found.append(texts(answer, f"{ordinary}/User/UserID"))
    assert found == [[f"wv:{name}@im.example.com"] for name in ("alice", "bob", "carol")]
    assert people(alice, "RemoveGroupMembers-Request", "wv:carol") == 200
    assert carol.code("GetGroupMembers-Request", GID) == 816
    joining(carol)
    assert text(carol.post("GetGroupMembers-Request", GID), "Admin/UserList/User/UserID")


def test_levels():
    alice, bob, carol = three()
    create(alice)
    assert add(bob, "wv:bob") == 816
    add(alice, "wv:bob")
    assert add(bob, "wv:carol") == 816 and access(bob, Mod=["wv:bob"]) == 816
    joining(bob)
    assert access(alice, Mod=["wv:bob"], Users=["wv:carol"]) == 201
    (notice,) = notices(bob)
    assert text(notice, "OwnProperties/Property/Name") == "PrivilegeLevel"
    assert text(notice, "OwnProperties/Property/Value") == "Mod"
    assert add(bob, "wv:carol") == 200 and access(bob, Mod=["wv:carol"]) == 816
    assert people(bob, "RemoveGroupMembers-Request", "wv:alice") == 816
    assert access(alice, Users=["wv:alice"]) == 816  # the owner stays
    access(alice, Admin=["wv:bob"])
    assert access(bob, Admin=["wv:carol"]) == 200
    assert people(bob, "RemoveGroupMembers-Request", "wv:alice") == 816
    assert people(alice, "RemoveGroupMembers-Request", "wv:nobody") == 531
    assert people(alice, "RemoveGroupMembers-Request", "wv:bob", "wv:bob") == 200
    assert people(alice, "RemoveGroupMembers-Request", "wv:bob") == 810


def test_a_member_who_is_removed_has_to_go():
    alice, bob, _ = three()
    create(alice, Accesstype="Restricted")
    add(alice, "wv:bob")
    joining(bob)
    people(alice, "RemoveGroupMembers-Request", "wv:bob")
    (gone,) = notices(bob, "LeaveGroup-Response")
    assert text(gone, "Result/Code") == "810" and leave(bob) == 808


def test_reject_list(kind):
    alice, bob, carol = three(kind)
    create(alice)
    joining(bob)
    notices(alice)

    def listed(*content, client=alice):
        answer = client.post("RejectList-Request", GID, *content)
        return texts(answer, "UserList/User/UserID") or text(answer, "Result/Code")

    assert listed() == ""
    entry = node("AddList", node("UserID", "wv:bob"))
    assert listed(entry, client=bob) == "816"
    assert listed(entry) == ["wv:bob@im.example.com"]
    (gone,) = notices(bob, "LeaveGroup-Response")
    assert text(gone, "Result/Code") == "809"
    assert notices(alice)[0].find("Left") is not None
    assert joining(bob) == 809 and bob.code("GetGroupProps-Request", GID) == 809
    assert listed(node("AddList", node("UserID", "wv:alice"))) == "816"
    assert listed(node("AddList", node("UserID", "wv:nobody"))) == "531"
    assert listed(node("RemoveList", node("UserID", "WV:Bob"))) == ""
    assert joining(bob) == 200


# Properties and notices


def test_properties(kind):
    alice, bob, _ = three(kind)
    create(alice, Name="Rowing", AccessType="open", Topic="a < b", note="Hi")
    joining(bob)
    found, own, note = shown(bob)
    assert found == {
        "Name": "Rowing",
        "Accesstype": "Open",
        "Type": "Private",
        "PrivateMessaging": "T",
        "Searchable": "F",
        "Topic": "a < b",
        "ActiveUsers": "2",
    }
    assert own == {"IsMember": "F", "PrivilegeLevel": "User"} and note == "Hi"
    assert shown(alice)[1] == {"IsMember": "T", "PrivilegeLevel": "Admin"}
    assert change(bob, Topic="mine") == 816
    assert change(alice, note="Hello", Topic="Boats", Searchable="t") == 200
    (notice,) = notices(bob)
    assert texts(notice, "GroupProperties/Property/Name") == ["Searchable", "Topic"]
    assert text(notice, "GroupProperties/WelcomeNote/ContentData") == "Hello"
    assert shown(bob)[0]["Topic"] == "Boats" and shown(bob)[2] == "Hello"
    assert change(alice, note="") == 200 and shown(bob)[2] == ""
    assert change(alice, ActiveUsers="9") == 806 and change(alice, Validity="soon") == 806
    assert change(alice, Name="", Topic="") == 822
    late = 200 if alice.version == "1.3" else 806
    assert change(alice, History="T") == late
    assert ("History" in shown(alice)[0]) == (alice.version == "1.3")


def test_own_properties():
    alice, bob, carol = three()
    create(alice)
    own = properties("OwnProperties", AutoJoin="T", ShowID="F")
    assert change(bob, own) == 808
    join(bob, own=own)
    again = login(bob.service, "bob")
    join(again)
    notices(again)
    assert shown(bob)[1]["AutoJoin"] == "T"
    assert change(bob, properties("OwnProperties", AutoJoin="F")) == 200
    assert shown(bob)[1] == {
        "AutoJoin": "F",
        "ShowID": "F",
        "IsMember": "F",
        "PrivilegeLevel": "User",
    }
    (notice,) = notices(again)
    assert text(notice, "OwnProperties/Property/Value") == "F"
    assert change(bob, properties("OwnProperties", IsMember="T")) == 806
    assert change(bob, properties("OwnProperties", ShowID="F"), Topic="x") == 816


def test_notices_can_be_switched():
    alice, bob, carol = three()
    create(alice)
    join(bob, notices=False)

    def ask(kind, client=bob):
        answer = client.post("SubscribeGroupNotice-Request", GID, node("SubscribeType", kind))
        return text(answer, "Value") or text(answer, "Result/Code")

    assert ask("G") == "F"
    joining(carol)
    assert notices(bob) == []
    assert ask("S") == "200" and ask("G") == "T"
    leave(carol)
    assert len(notices(bob)) == 1
    assert ask("U") == "200" and ask("G") == "F" and ask("X") == "402"
    assert ask("G", carol) == "808"


def test_a_client_that_did_not_agree_on_notices_gets_none():
    alice, bob, _ = three()
    create(alice)
    functions = node("Functions", node("WVCSPFeat", node("IMFeat"), node("GroupFeat", node(
        "GroupMgmtFunc"))))  # fmt: skip
    alice.post("Service-Request", functions, node("AllFunctionsRequest", False))
    joining(bob)
    assert notices(alice) == []


def test_all_of_the_group_feature_is_offered():
    for version in ("1.1", "1.2", "1.3"):
        alice = login(make_service(), kind=(version, "xml"))
        functions = node("Functions", node("WVCSPFeat", node("GroupFeat")))
        client = alice.client_id if version == "1.1" else None
        answer = alice.post("Service-Request", client, functions, node("AllFunctionsRequest", "F"))
        assert answer.find("Functions") is None


def test_notifications_of_what_became_of_a_group():
    alice, bob, carol = three()
    again = login(alice.service)
    kinds = ("GC", "GD", "GMAU", "GMG", "GMR", "GMU")
    wanted = node("NotificationTypeList", *(node("NotificationType", each) for each in kinds))
    for client in (again, bob, carol):
        assert client.code("SubscribeNotification-Request", wanted) == 200

    def told():
        found = []
        for client in (again, bob, carol):
            told = client.drain()
            assert all(text(each, "GroupID") == G for each in told)
            found.append([text(each, "NotificationType") for each in told])
        return found

    create(alice, join=False)
    add(alice, "wv:bob")
    assert told() == [["GC", "GMU"], ["GMG"], []]
    add(alice, "wv:carol")
    access(alice, Mod=["wv:bob"])
    people(alice, "RemoveGroupMembers-Request", "wv:carol")
    assert told() == [["GMU"], ["GMU", "GMAU"], ["GMG", "GMR"]]
    assert alice.code("DeleteGroup-Request", GID) == 200
    assert told() == [["GD"], ["GD"], []]


# Messages


def test_messages(kind):
    alice, bob, carol = three(kind)
    create(alice, name="Ally")
    assert text(say(bob), "Result/Code") == "808"
    join(bob, "Bobby", notices=False)
    join(carol, "Cary", notices=False)
    notices(alice)
    assert text(say(bob, "to all"), "Result/Code") == "200"
    assert heard(alice) == heard(carol) == [("to all", "Bobby", "")] and heard(bob) == []
    assert text(say(carol, "just you", to="bobBY"), "Result/Code") == "200"
    assert heard(bob) == [("just you", "Cary", "Bobby")] and heard(alice) == []
    assert text(say(bob, to="Nobody"), "Result/Code") == "808"
    assert text(say(bob, group="wv:alice/other"), "Result/Code") == "800"
    change(alice, PrivateMessaging="F")
    bob.drain(), carol.drain()
    answer = say(bob, to="Cary")
    assert text(answer, "Result/Code") == "812"
    assert text(answer, "Result/DetailedResult/ScreenName/SName") == "Cary"


def test_users_and_groups_in_one_message():
    alice, bob, carol = three()
    create(alice)
    joining(bob)
    notices(alice)
    whom = [node("Group", GID), node("Group", node("GroupID", "wv:alice/none")), user("wv:carol")]
    answer = bob.send(whom[2:] + whom[:2], "both")
    assert text(answer, "Result/Code") == "201"
    assert text(answer, "Result/DetailedResult/GroupID") == "wv:alice/none"
    assert heard(alice) == [("both", "bob", "")]
    (request,) = carol.drain()
    assert text(request, "MessageInfo/Sender/User/UserID") == "wv:bob@im.example.com"


def test_a_message_to_an_empty_group_is_done():
    alice, _, _ = three()
    create(alice)
    assert text(say(alice), "Result/Code") == "200"


def test_the_sender_in_a_message_may_be_a_screen_name():
    alice, bob, _ = three()
    create(alice)
    join(bob, "Bobby")

    def sending(sender):
        info = node(
            "MessageInfo",
            node("ContentSize", 1),
            node("Recipient", node("Group", GID)),
            node("Sender", node("Group", sender)),
        )
        content = (node("DeliveryReport", False), info, node("ContentData", "x"))
        return bob.code("SendMessage-Request", *content)

    assert sending(screen("Bobby")) == 200 and sending(GID) == 200
    assert sending(screen("Ally")) == 427 and sending(screen("x", "wv:alice/none")) == 427


def test_each_client_that_joined_gets_it():
    alice, bob, _ = three()
    create(alice)
    other = login(bob.service, "bob")
    third = login(bob.service, "bob")
    join(bob, "Bobby", notices=False)
    join(other, "Bobby", notices=False)
    say(alice, "to both")
    say(bob, "to my other phone")
    say(alice, "private", to="Bobby")
    assert [each[0] for each in heard(bob)] == ["to both", "private"]
    assert [each[0] for each in heard(other)] == ["to both", "to my other phone", "private"]
    assert third.drain() == []


def test_who_leaves_gets_nothing_any_more():
    alice, bob, carol = three()
    create(alice)
    joining(bob)
    joining(carol)
    for client in (alice, bob, carol):
        client.drain()
    say(alice, "late")
    leave(bob)
    assert (
        bob.drain() == [] and len(bob.post("GetMessageList-Request").find("MessageInfoList")) == 0
    )
    assert carol.code("Logout-Request") == 200
    carol.login()
    assert carol.drain() == []
    gone = [each for each in notices(alice) if each.find("Left") is not None]
    assert len(gone) == 2


def test_an_expired_session_has_left():
    clock = Clock()
    alice, bob, _ = three(clock=clock)
    create(alice)
    joining(bob)
    alice.drain()
    for _ in range(4):
        clock.now += 300
        alice.code("KeepAlive-Request")
    assert texts(notices(alice)[0], "Left/UserList/ScreenName/SName") == ["bob"]


def test_notified_messages_of_a_group():
    alice, bob, _ = three()
    create(alice)
    joining(bob)

    def method(kind, *more, group=GID):
        told = (node("DeliveryMethod", kind), *more[:1], group, *more[1:])
        return bob.code("SetDeliveryMethod-Request", *told)

    assert method("N") == 200
    say(alice, "fetch me")
    alice.send("wv:bob", "push me")
    first, second = bob.drain()
    assert first.tag == "MessageNotification" and second.tag == "NewMessage"
    identity = node("MessageID", text(first, "MessageInfo/MessageID"))
    answer = bob.post("GetMessage-Request", identity)
    assert text(answer, "ContentData") == "fetch me"
    assert text(answer, "MessageInfo/Recipient/Group/GroupID") == G
    assert bob.code("MessageDelivered", identity) == 200
    assert bob.code("MessageDelivered", identity) == 426
    assert method("P", None, node("GroupContentLimit", 4)) == 200
    say(alice, "1234")
    say(alice, "12345")
    assert [each.tag for each in bob.drain()] == ["NewMessage", "MessageNotification"]
    leave(bob)
    assert method("P") == 808


def test_who_does_not_listen_fills_no_store():
    alice, bob, carol = three(limits=Limits(messages=2))
    create(alice)
    join(bob, "Bobby")
    join(carol, "Cary")
    alice.drain()
    for n in range(4):
        if n > 1:
            carol.drain()
        assert text(say(alice, f"m{n}"), "Result/Code") == "200"
    assert text(say(alice, to="Bobby"), "Result/Code") == "507"
    assert [each for each, *_ in heard(carol)] == ["m3"]
    bob.drain()
    assert text(say(alice, "again"), "Result/Code") == "200"
    assert [each for each, *_ in heard(bob)] == ["again"]


def test_delivery_reports():
    alice, bob, _ = three()
    create(alice)
    join(bob, "Bobby")
    notices(alice)
    say(alice, report=True)
    bob.drain()
    assert alice.drain() == []  # nobody reads as many reports as there are people
    say(alice, to="Bobby", report=True)
    bob.drain()
    (report,) = alice.drain()
    assert text(report, "MessageInfo/Recipient/Group/ScreenName/SName") == "Bobby"


def test_history():
    alice, bob, carol = three(limits=Limits(history=3))
    create(alice, History="T")
    for n in range(5):
        say(alice, f"m{n}")
    say(alice, "private", to="alice")
    joining(bob)

    def listed(client, *more):
        answer = client.post("GetMessageList-Request", GID, *more)
        infos = answer.find("MessageInfoList")
        return text(answer, "Result/Code") if infos is None else list(infos)

    first, *_ = found = listed(bob)
    assert len(found) == 3 and text(first, "Sender/Group/ScreenName/SName") == "alice"
    identity = node("MessageID", text(first, "MessageID"))
    answer = bob.post("GetMessage-Request", identity)
    assert text(answer, "ContentData") == "m2"
    assert bob.code("MessageDelivered", identity) == 200 and len(listed(bob)) == 3
    (last,) = listed(bob, node("MessageCount", 1))
    identity = node("MessageID", text(last, "MessageID"))
    assert text(bob.post("GetMessage-Request", identity), "ContentData") == "m4"
    assert listed(carol) == "808" and carol.code("GetMessage-Request", identity) == 426
    change(alice, History="F")
    assert listed(bob) == "821"


def test_a_message_is_forwarded_to_a_group():
    alice, bob, _ = three()
    create(alice)
    joining(bob)
    alice.drain()
    bob.capabilities(InitialDeliveryMethod="N")
    alice.send("wv:bob", "pass it on")
    (notice,) = bob.drain()
    identity = node("MessageID", text(notice, "MessageInfo/MessageID"))
    sender = node("Sender", user("wv:bob"))
    whom = node("Recipient", node("Group", GID))
    answer = bob.post("ForwardMessage-Request", identity, sender, whom)
    assert answer.tag == "ForwardMessage-Response"
    assert heard(alice) == [("pass it on", "bob", "")]


# At login, and from the start


def test_auto_join():
    alice, bob, carol = three(("1.2", "xml"))
    create(alice)
    join(bob, "Bobby", own=properties("OwnProperties", AutoJoin="T", ScreenName="Bo"))
    join(carol, own=properties("OwnProperties", AutoJoin="T"))
    bob.code("Logout-Request")
    carol.code("Logout-Request")
    alice.post("RejectList-Request", GID, node("AddList", node("UserID", "wv:carol")))
    notices(alice)
    bob.login()
    carol.login()
    (notice,) = notices(alice)
    assert texts(notice, "Joined/UserMapList/UserMapping/Mapping/SName") == ["Bo"]
    assert joining(bob) == 807 and joining(carol) == 809


def test_groups_from_the_start(tmp_path):
    path = tmp_path / "sim.toml"
    path.write_text(
        """
users = [{id = "alice", password = "x"}, {id = "bob", password = "secret word"}]
[[groups]]
id = "/chess"
properties = {Topic = "Openings", Searchable = true, MaxActiveUsers = 9}
members = {bob = "Mod"}
note = "Hello"
[[groups]]
id = "alice/quiz"
members = {alice = "Admin", bob = "User"}
"""
    )
    service = Service(load(path))
    bob = login(service, "bob")
    told = bob.post("GetGroupProps-Request", node("GroupID", "wv:/chess"))
    values = {text(each, "Name"): text(each, "Value") for each in told.iter("Property")}
    assert values["Type"] == "Public" and values["MaxActiveUsers"] == "9"
    assert values["PrivilegeLevel"] == "Mod" and text(
        told, "GroupProperties/WelcomeNote/ContentData"
    )
    assert bob.code("DeleteGroup-Request", node("GroupID", "wv:/chess")) == 816
    members = bob.post("GetGroupMembers-Request", node("GroupID", "wv:alice/quiz"))
    assert len(list(members.iter("UserID"))) == 2


@pytest.mark.parametrize(
    "room",
    [
        Room("alice"),
        Room("nobody/x"),
        Room("/x", {"Colour": "red"}),
        Room("/x", members={"nobody": "User"}),
        Room("/x", members={"alice": "King"}),
    ],
    ids=lambda room: room.id,
)
def test_groups_that_cannot_be(room):
    with pytest.raises(ConfigError):
        Service(Config(users=(Account("alice", PASSWORD),), groups=(room,)))


def test_a_restart(tmp_path):
    config = Config(
        users=tuple(Account(name, PASSWORD) for name in ("alice", "bob")),
        database=f"sqlite:///{tmp_path / 'imps.db'}",
    )
    service = Service(config)
    alice, bob = login(service), login(service, "bob")
    create(alice, History="T")
    joining(bob)
    say(alice, "lost")
    service.close()
    service = Service(config)
    alice, bob = login(service), login(service, "bob")
    assert bob.drain() == [] and leave(alice) == 808
    assert joining(bob) == 200
    assert len(bob.post("GetMessageList-Request", GID).find("MessageInfoList")) == 1
    service.close()


# Talks that become a group


def test_extend_conversation():
    alice, bob, carol = three()

    def extend(*whom, partner="wv:bob"):
        return alice.post(
            "ExtendConversation-Request",
            node("ExtendConversationID", "talk 1"),
            node("UserIDList", *(node("UserID", each) for each in whom)),
            node("ExtendConversationUser", node("UserID", partner)),
            node("SubscribeNotification", True),
            properties(note="Welcome").find("WelcomeNote"),
        )

    answer = extend("wv:carol", "wv:nobody")
    assert answer.tag == "ExtendConversation-Response"
    assert text(answer, "ExtendConversationID") == "talk 1"
    assert text(answer, "Result/Code") == "201"
    group = node("GroupID", text(answer, "GroupID"))
    assert group.text.startswith("wv:alice/")
    for client in (bob, carol):
        (invited,) = client.drain()
        assert invited.tag == "InviteUser-Request" and text(invited, "InviteType") == "EC"
        assert text(invited, "GroupID") == group.text
        assert text(invited, "Sender/User/UserID") == "wv:alice@im.example.com"
        more = (node("JoinedRequest", False), node("SubscribeNotification", False))
        joined = client.post("JoinGroup-Request", group, *more)
        assert text(joined, "WelcomeNote/ContentData") == "Welcome"
    assert len(notices(alice)) == 2
    assert text(extend("wv:nobody", partner="wv:none"), "Result/Code") == "531"
    assert text(extend(partner="wv:alice"), "Result/Code") == "400"
