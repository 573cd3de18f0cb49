# heap: 256K
"""Groups, by transactions.md section 12."""

from peer import everyhow, fails, how, http, message, online, result, status, user

from microimps import LocalError, PeerError, StatusError

G = "wv:bo/rowing@d"
BO, CY, DI = "wv:bo@d", "wv:cy@d", "wv:di@d"
GID = ("GroupID", G)
NAME = ("ScreenName", [("SName", "Annie"), GID])


def users(*addresses):
    return ("UserList", [user(each) for each in addresses])


def screen(name):
    return ("ScreenName", [("SName", name), GID])


def mapping(tag, *pairs):
    content = []
    for name, address in pairs:
        parts = [("SName", name)] + ([("UserID", address)] if address else [])
        content.append(("Mapping", parts))
    return (tag, content)


def properties(tag, *pairs):
    return (tag, [("Property", [("Name", n), ("Value", v)]) for n, v in pairs])


def note(text, kind="text/plain", encoding=None):
    content = [("ContentType", kind)]
    if encoding:
        content.append(("ContentEncoding", encoding))
    return ("WelcomeNote", content + [("ContentData", text)])


def present(version, *people):
    """What JoinGroup-Response of a version has of those who are there."""
    if version == 1:
        return [("UserList", [screen(name) for name, _ in people])]
    found = ("UserMapList", [mapping("UserMapping", *people)])
    return [found] if version == 2 else [("Joined", [found])]


# join and leave


@everyhow
def test_join():
    for version in (1, 2, 3):
        content = [note("Hello & <welcome>")]
        if version == 3:
            content.insert(0, NAME)
        answer = ("JoinGroup-Response", content)
        c, peer = online([answer, status(), status()], version)
        own = {"AutoJoin": True}
        assert c.join(G, "Annie", own=own) == "Hello & <welcome>"
        wanted = [GID, NAME, ("JoinedRequest", "F"), ("SubscribeNotification", "T")]
        if version > 1:
            wanted.append(properties("OwnProperties", ("AutoJoin", "T")))
        assert peer.asked().name == "JoinGroup-Request" and peer.asked().content == wanted
        assert c.session.title == ("Annie" if version == 3 else "")
        assert c.join(G, notices=False) is None
        wanted = [GID, ("JoinedRequest", "F"), ("SubscribeNotification", "F")]
        assert peer.asked().content == wanted
        assert c.join(G) is None


@everyhow
def test_join_gives_nobody_unasked():
    people = present(2, ("Bee", BO), ("Cy", None))
    c, _ = online([("JoinGroup-Response", people + [note("hi")])])
    assert c.join(G) == "hi"


@everyhow
def test_enter():
    for version in (1, 2, 3):
        content = present(version, ("Bee", BO), ("Cy & <Co>", None))
        if version == 3:
            content.append(NAME)
        c, peer = online([("JoinGroup-Response", content + [note("hi")])], version)
        there = "" if version == 1 else BO
        assert list(c.enter(G, "Annie")) == [(there, "Bee", ""), ("", "Cy & <Co>", "")]
        assert ("JoinedRequest", "T") in peer.asked().content
        assert c.session.note == "hi" and c.session.title == ("Annie" if version == 3 else "")
    # 1.3 as some services answer 1.2: content-models.md section 9.4
    c, _ = online([("JoinGroup-Response", present(3, ("Bee", BO)))], 2)
    assert list(c.enter(G)) == [(BO, "Bee", "")]
    c, _ = online([status()])
    assert list(c.enter(G)) == []


@everyhow
def test_welcome_notes():
    for answer, wanted in (
        (note("x" * 200), "x" * 200),
        (note("x" * 201), None),
        (note("x" * 2000), None),
        (note(""), ""),
        (note("T"), "T"),
        (note("YWI=", encoding="BASE64"), b"ab"),
        (note("h\u00e9 \u20ac\n"), "h\u00e9 \u20ac\n"),
    ):
        c, _ = online([("JoinGroup-Response", [answer]), status()], content=200)
        assert c.join(G) == wanted
        assert c.join(G) is None
    c, _ = online([("JoinGroup-Response", [note("YWI", encoding="BASE64")])])
    error = fails(c.join, G)
    assert isinstance(error, PeerError) and error.args[0] == 16


@everyhow
def test_notices_beside_an_answer_leave_it_alone():
    group = properties("GroupProperties", ("Topic", "Oars"))
    group[1].append(note("New"))
    told = ("GroupChangeNotice", [GID, group], "7", "Request")
    asked = ("InviteUser-Request", [("InviteID", "i"), ("InviteNote", "come")], "8", "Request")
    welcome = "Hello " * 30
    for before, after in (([told], []), ([], [told]), ([asked], [told]), ([told, asked], [])):
        answer = ("JoinGroup-Response", [NAME, note(welcome)])
        owed = [None] * (len(before) + len(after))
        c, _ = online([before + [answer] + after] + owed, 3, content=200)
        assert c.join(G, "Annie") == welcome and c.session.title == "Annie"
        answer = [properties("GroupProperties", ("Topic", "Boats")), properties("OwnProperties")]
        answer[0][1].append(note(welcome))
        answer = ("GetGroupProps-Response", answer)
        c, _ = online([before + [answer] + after] + owed + [None], 3, content=200)
        assert c.group_properties(G) == ({"Topic": "Boats"}, {}) and c.session.note == welcome
        news = [each for each in c.events(0) if each.kind == "group"]
        assert [each.note for each in news] == ["New"] * (told in before + after)
        answer = ("ExtendConversation-Response", [("ExtendConversationID", "e"), GID, result()])
        other = ("GroupChangeNotice", [("GroupID", "wv:/other@d")], "9", "Request")
        c, _ = online([before + [answer, other] + after] + owed + [None], 3)
        assert c.extend_conversation(CY, BO) == G


def test_an_answer_that_was_cut_off_leaves_nothing():
    answer = ("JoinGroup-Response", [note("Hello " * 90)])
    whole = http(message([answer], "4"))
    c, peer = online([whole[:-300], answer], retries=1, content=1000)
    assert c.join(G) == "Hello " * 90 and [peer.asked(i).tid for i in (0, 1)] == ["4", "4"]


@everyhow
def test_refusals():
    for code in (800, 807, 809, 811, 816, 817):
        c, peer = online([status(code), ("LeaveGroup-Response", [GID, result()])])
        error = fails(c.join, G)
        assert isinstance(error, StatusError) and error.args[0] == code
        assert c.leave(G) == 200
        assert peer.asked().name == "LeaveGroup-Request" and peer.asked().content == [GID]
    for answer in (status(808), ("LeaveGroup-Response", [result(808)])):
        c, _ = online([answer])
        assert fails(c.leave, G).args[0] == 808


# who is there


@everyhow
def test_members():
    for version, ordinary in (
        (1, ("Users", [users(CY, DI)])),
        (2, ("Users", [users(CY, DI)])),
        (2, users(CY, DI)),  # as one service writes it
        (3, users(CY, DI)),
    ):
        content = [("Admin", [users(BO)]), ("Mod", [users("wv:ed@d")]), ordinary]
        c, peer = online([("GetGroupMembers-Response", content), status()], version)
        wanted = [(BO, "", "Admin"), ("wv:ed@d", "", "Mod"), (CY, "", ""), (DI, "", "")]
        assert list(c.members(G)) == wanted
        assert peer.asked().name == "GetGroupMembers-Request" and peer.asked().content == [GID]
        assert list(c.members(G)) == []


@everyhow
def test_joined():
    everybody = [
        mapping("AdminMapping", ("Bee", BO)),
        mapping("ModMapping", ("Ed", "wv:ed@d")),
        mapping("UserMapping", ("Cy", CY), ("Di", DI)),
    ]
    wanted = [(BO, "Bee", "Admin"), ("wv:ed@d", "Ed", "Mod"), (CY, "Cy", ""), (DI, "Di", "")]
    c, peer = online([("GetJoinedUsers-Response", [("AdminMapList", everybody)])])
    assert list(c.joined(G)) == wanted
    assert peer.asked().name == "GetJoinedUsers-Request" and peer.asked().content == [GID]
    some = [
        ("UserMapList", [mapping("UserMapping", ("Cy", None))]),
        ("JoinedBlocked", [users(BO)]),
    ]
    c, peer = online([("GetJoinedUsers-Response", some)], 3)
    assert list(c.joined(G)) == [("", "Cy", ""), (BO, "", "Blocked")]
    for empty in ([("UserMapList", [])], [("AdminMapList", [("ModMapping", "")])]):
        c, _ = online([("GetJoinedUsers-Response", empty)])
        assert list(c.joined(G)) == []
    c, peer = online([], 1)
    error = fails(lambda: list(c.joined(G)))
    assert isinstance(error, LocalError) and error.args[0] == 48 and not peer.sent


@everyhow
def test_many_members_one_by_one():
    many = ("Users", [users(*["wv:user%d@d" % i for i in range(60)])])
    c, _ = online([("GetGroupMembers-Response", [many])])
    for i, each in enumerate(c.members(G)):
        assert each == ("wv:user%d@d" % i, "", "")
    assert i == 59


def test_names_in_other_places():
    friendly = ("User", [("UserID", " " + BO), ("FriendlyName", "Bo B.")])
    c, _ = online([("GetGroupMembers-Response", [("UserList", [friendly, ("User", "")])])], 3)
    assert list(c.members(G)) == [(BO, "Bo B.", "")]
    c, _ = online([("GetGroupMembers-Response", [("UserList", [("UserID", BO)])])], 3)
    assert list(c.members(G)) == [(BO, "", "")]


@everyhow
def test_reject_list():
    for version in (1, 2, 3):
        listed = ("RejectList-Response", [users(BO, CY)])
        c, peer = online([listed, listed, ("RejectList-Response", [])], version)
        assert list(c.reject_list(G)) == [(BO, "", ""), (CY, "", "")]
        assert peer.asked().name == "RejectList-Request" and peer.asked().content == [GID]
        list(c.reject_list(G, (BO, CY), (DI,)))
        added = ("AddList", [("UserID", BO), ("UserID", CY)])
        assert peer.asked().content == [GID, added, ("RemoveList", [("UserID", DI)])]
        assert list(c.reject_list(G, remove=(DI,))) == []
        assert peer.asked().content == [GID, ("RemoveList", [("UserID", DI)])]


# what happens


def arrives(entry, version=2, **options):
    """(events, what the client answered)."""
    c, peer = online([entry, None], version, **options)
    events = list(c.events(0))
    return events, peer.asked(1)


def notice(*content):
    return ("GroupChangeNotice", [GID] + list(content), "77", "Request")


@everyhow
def test_people_come_and_go():
    for version in (1, 2, 3):
        if version == 1:
            content = [("Joined", [screen("Bee")]), ("Left", [screen("Cy"), screen("Di")])]
        else:
            came = ("UserMapList", [mapping("UserMapping", ("Bee", BO))])
            gone = ("UserList", [user(DI), screen("Cy")])
            content = [("Joined", [came]), ("Left", [gone])]
        if version == 3:
            content += [("JoinedBlocked", [users(BO)]), ("LeftBlocked", [users(CY)])]
        events, answer = arrives(notice(*content), version)
        found = [(e.kind, e.group, e.person) for e in events]
        wanted = [
            [
                ("joined", G, ("", "Bee", "")),
                ("left", G, ("", "Cy", "")),
                ("left", G, ("", "Di", "")),
            ],
            [
                ("joined", G, (BO, "Bee", "")),
                ("left", G, (DI, "", "")),
                ("left", G, ("", "Cy", "")),
            ],
        ][version > 1]
        if version == 3:
            wanted += [("joined", G, (BO, "", "Blocked")), ("left", G, (CY, "", "Blocked"))]
        assert found == wanted
        assert events[0].values is None and events[0].note is None
        assert answer.name == "Status" and answer.mode == "Response" and answer.tid == "77"
        assert answer.content == [("Result", [("Code", "200")])]


@everyhow
def test_properties_change():
    group = ("GroupProperties", properties("x", ("Topic", "Boats"))[1] + [note("New")])
    own = properties("OwnProperties", ("PrivilegeLevel", "Mod"))
    (first, second), _ = arrives(notice(group, own))
    assert first.kind == "group" and first.values == {"Topic": "Boats"} and first.note == "New"
    assert second.kind == "own" and second.values == {"PrivilegeLevel": "Mod"}
    assert second.note is None and second.person is None


@everyhow
def test_taken_out_of_a_group():
    events, answer = arrives(("LeaveGroup-Response", [GID, result(809)], "5", "Request"))
    (event,) = events
    assert event.kind == "removed" and event.group == G and event.code == 809
    assert answer.content == [("Result", [("Code", "200")])] and answer.tid == "5"


@everyhow
def test_an_old_answer_is_no_event():
    old = ("LeaveGroup-Response", [GID, result()], "5", "Response")
    c, peer = online([old, ("LeaveGroup-Response", [GID, result()])])
    assert list(c.events(0)) == [] and len(peer.sent) == 1
    assert c.leave(G) == 200


def test_a_notice_during_an_iteration():
    many = ("Users", [users(*["wv:user%d@d" % i for i in range(9)])])
    gone = notice(("Left", [("UserList", [screen("Cy")])]))
    c, _ = online([[gone, ("GetGroupMembers-Response", [many])], None, None])
    assert len(list(c.members(G))) == 9
    (event,) = list(c.events(0))
    assert event.kind == "left" and event.person == ("", "Cy", "")


# running a group


@everyhow
def test_create_and_delete():
    for version in (1, 2, 3):
        c, peer = online([status(), status(), status(801)], version)
        values = {"Name": "Rowing", "Searchable": True, "MaxActiveUsers": 20}
        c.create_group(G, values, name="Annie", own={"AutoJoin": False}, note="Hi")
        pairs = ("MaxActiveUsers", "20"), ("Name", "Rowing"), ("Searchable", "T")
        own = [properties("OwnProperties", ("AutoJoin", "F"))] if version == 3 else []
        rest = [("JoinGroup", "T"), NAME, ("SubscribeNotification", "T")]
        assert peer.asked().name == "CreateGroup-Request"
        gid, (element, group), *more = peer.asked().content
        assert gid == GID and element == "GroupProperties" and more == own + rest
        assert sorted(group[:-1]) == properties("x", *pairs)[1] and group[-1] == note("Hi")
        c.delete_group(G)
        assert peer.asked().name == "DeleteGroup-Request" and peer.asked().content == [GID]
        error = fails(c.create_group, G, {"Name": "x"}, False, None, False)
        assert error.args[0] == 801
        assert peer.asked().content[2:] == [("JoinGroup", "F"), ("SubscribeNotification", "F")]


@everyhow
def test_add_and_remove_members():
    for version in (1, 2, 3):
        failed = ("DetailedResult", [("Code", 531), ("UserID", CY)])
        c, peer = online([status(201, failed), status()], version)
        wanted = users(BO, CY) if version < 3 else ("UserIDList", [("UserID", BO), ("UserID", CY)])
        assert c.add_members(G, (BO, CY)) == [531, CY]
        assert peer.asked().name == "AddGroupMembers-Request"
        assert peer.asked().content == [GID, wanted]
        assert c.remove_members(G, (BO, CY)) == []
        assert peer.asked().name == "RemoveGroupMembers-Request"
        assert peer.asked().content == [GID, wanted]
        c, peer = online([status()] * 2 + [("RejectList-Response", [])], version)
        c.add_members(G, BO)
        wanted = users(BO) if version < 3 else ("UserIDList", [("UserID", BO)])
        assert peer.asked().content == [GID, wanted]
        c.group_access(G, BO)
        assert peer.asked().content == [GID, ("Admin", [users(BO)])]
        list(c.reject_list(G, BO, CY))
        added = ("AddList", [("UserID", BO)])
        assert peer.asked().content == [GID, added, ("RemoveList", [("UserID", CY)])]


@everyhow
def test_access():
    for version in (1, 2, 3):
        c, peer = online([status(), status()], version)
        assert c.group_access(G, (BO,), (CY,), (DI,)) == []
        ordinary = users(DI) if version == 3 else ("Users", [users(DI)])
        wanted = [GID, ("Admin", [users(BO)]), ("Mod", [users(CY)]), ordinary]
        assert peer.asked().name == "MemberAccess-Request" and peer.asked().content == wanted
        c.group_access(G, mods=(BO,))
        assert peer.asked().content == [GID, ("Mod", [users(BO)])]


@everyhow
def test_group_properties():
    pairs = [
        ("Name", "Open"),
        ("Accesstype", "Restricted"),  # as XML has it
        ("topic", "wv & <all>"),
        ("Searchable", "T"),
        ("x-colour", "Red"),
        ("MinimumAge", "18"),
        ("History", "T"),
    ]
    group = properties("GroupProperties", *pairs)[1]
    group.append(("Property", [("Name", "Topic")]))
    own = properties("OwnProperties", ("IsMember", "T"), ("PrivilegeLevel", "Admin"))
    for version in (1, 2, 3):
        answer = [("GroupProperties", group + [note("Hi")]), own]
        c, peer = online([("GetGroupProps-Response", answer)], version)
        found, mine = c.group_properties(G)
        assert peer.asked().name == "GetGroupProps-Request" and peer.asked().content == [GID]
        assert found == {
            "Name": "Open",
            "Accesstype": "Restricted",
            "Topic": "",
            "Searchable": "T",
            "x-colour": "Red",
            "MinimumAge": "18",
            "History": "T",
        }
        assert mine == {"IsMember": "T", "PrivilegeLevel": "Admin"}
        assert c.session.note == "Hi"
    c, _ = online([("GetGroupProps-Response", [])], 3)
    assert c.group_properties(G) == ({}, {}) and c.session.note is None


def test_a_flood_of_properties():
    many = properties("GroupProperties", *[("p%d" % i, "x") for i in range(60)])
    c, _ = online([("GetGroupProps-Response", [many, properties("OwnProperties", ("A", "b"))])])
    found, own = c.group_properties(G)
    assert len(found) == 32 and own == {"A": "b"}


@everyhow
def test_a_value_that_is_too_long_spoils_no_other():
    group = properties("GroupProperties", ("Topic", "x" * 129), ("Name", "x" * 128))
    c, _ = online([("GetGroupProps-Response", [group])])
    assert c.group_properties(G) == ({"Topic": None, "Name": "x" * 128}, {})


def test_every_word_of_properties_is_read():
    from microimps.primitives.properties import _WORDS
    from microimps.words import spell

    entries = _WORDS.split(b"\xff")[1:-1]
    assert len(entries) == 27
    for entry in entries:
        assert spell(entry[0], 0x01E, 3).lower() == entry[1:].lower()  # XML has Accesstype
        how.syntax = "wbxml"
        word = str(entry[1:], "utf-8")
        group = properties("GroupProperties", (word, word))
        c, _ = online([("GetGroupProps-Response", [group])], 3)
        assert c.group_properties(G) == ({word: word}, {})


@everyhow
def test_set_group_properties():
    for version in (1, 2, 3):
        c, peer = online([status()] * 3, version)
        c.set_group_properties(G, {"Topic": "Boats"}, {"AutoJoin": True}, "Hi")
        group = ("GroupProperties", properties("x", ("Topic", "Boats"))[1] + [note("Hi")])
        own = properties("OwnProperties", ("AutoJoin", "T"))
        assert peer.asked().name == "SetGroupProps-Request"
        assert peer.asked().content == [GID, group, own]
        c.set_group_properties(G, own={"AutoJoin": True})
        assert peer.asked().content == [GID, own]
        c.set_group_properties(G, {"Topic": ""})
        topic = peer.asked().content[1][1][0][1]
        assert topic[0] == ("Name", "Topic") and topic[1][1] in ("", [])


@everyhow
def test_group_notices():
    for version in (1, 2, 3):
        told = [("SubscribeGroupNotice-Response", [("Value", each)]) for each in (True, False)]
        c, peer = online(told + [status(), status()], version)
        assert c.group_notices(G) is True and c.group_notices(G) is False
        assert peer.asked().name == "SubscribeGroupNotice-Request"
        assert peer.asked().content == [GID, ("SubscribeType", "G")]
        assert c.group_notices(G, True) is True
        assert peer.asked().content == [GID, ("SubscribeType", "S")]
        assert c.group_notices(G, False) is False
        assert peer.asked().content == [GID, ("SubscribeType", "U")]


@everyhow
def test_extend_conversation():
    answer = [("ExtendConversationID", "e"), GID, result()]
    c, peer = online([("ExtendConversation-Response", answer), status(816)], 3)
    assert c.extend_conversation((CY, DI), BO, note="Hi") == G
    assert peer.asked().name == "ExtendConversation-Request"
    identity, wanted, partner, notices, text = peer.asked().content
    assert identity == ("ExtendConversationID", "000102030405")
    assert wanted == ("UserIDList", [("UserID", CY), ("UserID", DI)])
    assert partner == ("ExtendConversationUser", [("UserID", BO)])
    assert notices == ("SubscribeNotification", "T") and text == note("Hi")
    assert fails(c.extend_conversation, (CY,), BO).args[0] == 816
    c, peer = online([], 2)
    error = fails(c.extend_conversation, (CY,), BO)
    assert isinstance(error, LocalError) and error.args[0] == 48 and not peer.sent


# messages


@everyhow
def test_a_message_to_all_and_to_one():
    sent = ("SendMessage-Response", [result(), ("MessageID", "m1")])
    c, peer = online([sent, sent])
    c.send(None, "hello", group=G)
    about = dict(peer.asked().content[1][1])
    assert about["Recipient"] == [("Group", [GID])]
    c.send("Bee", "hello", group=G)
    about = dict(peer.asked().content[1][1])
    assert about["Recipient"] == [("Group", [screen("Bee")])]


if __name__ == "__main__":
    from testing import run

    run(globals())
