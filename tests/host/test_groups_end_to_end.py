"""Groups: clients meet in the simulated service, over real sockets."""

import asyncio
import itertools
import re
import time

import pytest
from ends import board, printed
from sms_world import ANNA, BO, world

from microimps import AsyncClient, Client, LocalError, StatusError
from microimps.ports import http
from microimps.tools.sim import Account, Config, Room, serve

__all__ = ("board",)  # a fixture

KINDS = [(version, syntax) for version in (1, 2, 3) for syntax in ("wbxml", "xml", "pts")]
ALICE, BOB, CAROL = (f"wv:{name}@im.example.com" for name in ("alice", "bob", "carol"))
FEW, MANY = 10, 3000
HEAP = {"wbxml": "73K", "xml": "87K"}  # the smallest that works on the 64-bit binary and a tenth
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def service():
    users = tuple(Account(name, "kestrel55") for name in ("alice", "bob", "carol"))
    rooms = []
    for name, size in (("few", FEW), ("crowd", MANY)):
        members = {f"contact{n:05}": "User" for n in range(1, size + 1)}
        topic = {"Topic": "Everybody"}
        rooms.append(Room(f"/{name}", topic, {"alice": "Admin", **members}, "Hello"))
    with serve(Config(users=users, contacts={"alice": MANY}, groups=tuple(rooms))) as running:
        yield running


def online(service, name, version, syntax, **more):
    client = Client(
        http(service.url),
        f"wv:{name}@im.example.com",
        "kestrel55",
        version=version,
        syntax=syntax,
        client=f"test{next(_NUMBERS)}",
        extension=True,  # private codes for PTS: docs/pts-extension.md
        **more,
    )
    client.login()
    return client


@pytest.fixture(params=KINDS, ids=lambda kind: f"1.{kind[0]}-{kind[1]}")
def three(request, service):
    """Clients of alice, bob and carol, and the address of a group that nobody made yet."""
    found = [online(service, name, *request.param) for name in ("alice", "bob", "carol")]
    yield (*found, f"wv:alice/g{next(_NUMBERS)}@im.example.com")
    for client in found:
        client.logout()
        client.close()


def events(client):
    return list(client.events(0))


def changes(client):
    return [(each.kind, each.person) for each in events(client)]


def shows(version, address):
    """What an administrator sees of a user: 1.1 has no place for the address."""
    return "" if version == 1 else address


def refused(call, *args):
    with pytest.raises(StatusError) as error:
        call(*args)
    return error.value.args[0]


def test_a_group_from_the_making_to_the_end(three):
    alice, bob, carol, group = three
    version = alice.session.w.version
    alice.create_group(group, {"Name": "Rowing"}, name="Ally", note="Be <kind> & h\u00e9")
    assert bob.join(group, "Bobby") == "Be <kind> & h\u00e9"
    assert refused(carol.join, group, "bobby") == 811
    there = list(carol.enter(group, "Cary"))
    assert there == [("", "Ally", ""), ("", "Bobby", ""), ("", "Cary", "")]
    assert carol.session.note == "Be <kind> & h\u00e9"
    assert carol.session.title == ("Cary" if version == 3 else "")
    came = [("joined", (shows(version, BOB), "Bobby", "")),
            ("joined", (shows(version, CAROL), "Cary", ""))]  # fmt: skip
    assert changes(alice) == came
    if version == 1:
        with pytest.raises(LocalError):
            list(alice.joined(group))
    else:
        assert list(alice.joined(group)) == [
            (ALICE, "Ally", "Admin"),
            (BOB, "Bobby", ""),
            (CAROL, "Cary", ""),
        ]
        assert list(bob.joined(group))[1] == ("", "Bobby", "")
    assert bob.leave(group) == 200 and refused(bob.leave, group) == 808
    assert ("left", ("", "Bobby", "")) in changes(carol)
    alice.delete_group(group)
    (gone,) = [each for each in events(carol) if each.kind == "removed"]
    assert gone.group == group and gone.code == 800
    assert refused(bob.join, group) == 800


def test_what_is_said(three):
    alice, bob, carol, group = three
    alice.create_group(group, {"Name": "Rowing"}, name="Ally", notices=False)
    bob.join(group, "Bobby", notices=False)
    carol.join(group, "Cary", notices=False)
    text = "h\u00e9 <you> & \U0001f600 " * 9
    assert bob.send(None, text, group=group)
    for client in (alice, carol):
        (message,) = events(client)
        assert message.kind == "message" and message.text == text
        assert (message.group, message.sender, message.to) == (group, "Bobby", None)
    assert carol.send("Bobby", b"\0\1", "image/png", report=True, group=group)
    (message,) = events(bob)
    assert message.content == b"\0\1" and message.sender == "Cary" and message.to == "Bobby"
    (report,) = events(carol)
    assert report.kind == "report" and report.code == 200
    assert events(alice) == [] and events(bob) == []
    bob.delivery_method(False, group=group)
    alice.send(None, "fetch me", group=group)
    (notice,) = events(bob)
    assert notice.kind == "notice" and b"".join(bob.fetch(notice.id)) == b"fetch me"
    alice.set_group_properties(group, {"PrivateMessaging": False})
    assert refused(carol.send, "Ally", "x", None, False, None, group) == 812
    carol.leave(group)
    assert refused(carol.send, None, "x", None, False, None, group) == 808


def test_history(three):
    alice, bob, _, group = three
    version = alice.session.w.version
    alice.create_group(group, {"Name": "Rowing"}, name="Ally")
    if version == 3:
        alice.set_group_properties(group, {"History": True})
    alice.send(None, "first", group=group)
    alice.send(None, "second", group=group)
    bob.join(group)
    if version < 3:
        assert refused(list, bob.messages(group)) == 821
        return
    first, second = list(bob.messages(group))
    assert (first.sender, first.group) == ("Ally", group)
    assert b"".join(bob.fetch(second.id)) == b"second"
    assert alice.group_properties(group)[0]["History"] == "T"


def test_members_and_levels(three):
    alice, bob, carol, group = three
    alice.create_group(group, {"Name": "Rowing", "Accesstype": "Restricted"})
    assert refused(bob.join, group) == 816
    failed = alice.add_members(group, (BOB, CAROL, "wv:nobody"))
    assert failed == ([] if alice.session.w.media == b"sms" else [531, "wv:nobody"])
    bob.join(group)
    assert alice.group_access(group, mods=(BOB,)) == []
    (mine,) = [each for each in events(bob) if each.kind == "own"]
    assert mine.values == {"PrivilegeLevel": "Mod"} and mine.group == group
    wanted = [(ALICE, "", "Admin"), (BOB, "", "Mod"), (CAROL, "", "")]
    assert list(carol.members(group)) == wanted
    carol.join(group)
    assert bob.remove_members(group, (CAROL,)) == []
    (gone,) = events(carol)
    assert (gone.kind, gone.code) == ("removed", 810)
    assert alice.group_access(group, admins=(BOB,)) == []
    assert bob.group_access(group, users=(BOB,)) == []
    assert list(alice.reject_list(group, (CAROL,))) == [(CAROL, "", "")]
    alice.set_group_properties(group, {"Accesstype": "Open"})
    assert refused(carol.join, group) == 809
    assert list(alice.reject_list(group, remove=(CAROL,))) == []
    carol.join(group)
    assert list(alice.reject_list(group, (CAROL,))) == [(CAROL, "", "")]
    (gone,) = [each for each in events(carol) if each.kind == "removed"]
    assert gone.code == 809


def test_properties_and_notices(three):
    alice, bob, _, group = three
    version = alice.session.w.version
    alice.create_group(group, {"Name": "Rowing", "MaxActiveUsers": 20}, note="One")
    bob.join(group)
    values = {"Topic": "Boats & <oars>", "Searchable": True}
    alice.set_group_properties(group, values, note="Two")
    (news,) = [each for each in events(bob) if each.kind == "group"]
    assert news.values == {"Topic": "Boats & <oars>", "Searchable": "T"} and news.note == "Two"
    shown, own = bob.group_properties(group)
    assert shown == {
        "Name": "Rowing",
        "Accesstype": "Open",
        "Type": "Private",
        "PrivateMessaging": "T",
        "Searchable": "T",
        "Topic": "Boats & <oars>",
        "ActiveUsers": "2",
        "MaxActiveUsers": "20",
    }
    assert own == {"IsMember": "F", "PrivilegeLevel": "User"}
    assert bob.session.note == "Two"
    assert refused(bob.set_group_properties, group, {"Topic": "mine"}) == 816
    assert bob.group_notices(group) is True
    assert bob.group_notices(group, False) is False
    alice.set_group_properties(group, {"Topic": "unheard"})
    assert events(bob) == [] and bob.group_notices(group) is False
    if version > 1:
        bob.set_group_properties(group, own={"AutoJoin": True, "ScreenName": "Bo"})
        bob.logout()
        bob.login()
        assert [each for each in changes(alice) if each[0] == "joined"][-1][1] == (BOB, "Bo", "")
        assert bob.group_properties(group)[1]["AutoJoin"] == "T"


@pytest.mark.parametrize(("version", "syntax"), [(1, "xml"), (2, "wbxml"), (3, "wbxml")])
def test_a_large_group_in_the_heap_of_a_small_one(service, board, version, syntax):
    for name, count in (("few", FEW), ("crowd", MANY)):
        group = f"wv:/{name}@im.example.com"
        where = (service.url, version, syntax, ALICE, group)
        octets = len(ALICE + "Admin") + count * len("wv:contact00001@im.example.com")
        assert printed(board(HEAP[syntax], "members", *where)) == [
            "note Hello",
            f"members {count + 1} {octets}",
            "properties Everybody 1 Admin",
            "sent True",
        ]


def test_a_talk_becomes_a_group(service):
    alice, bob, carol = (online(service, name, 3, "wbxml") for name in ("alice", "bob", "carol"))
    group = alice.extend_conversation((CAROL,), BOB, note="Welcome")
    for client in (bob, carol):
        (invitation,) = events(client)
        assert invitation.type == "EC" and invitation.group == group
        client.answer_invite(invitation, True)
        assert client.join(group) == "Welcome"
    kinds = [each.kind for each in events(alice)]
    assert kinds.count("accepted") == kinds.count("joined") == 2
    bob.send(None, "three of us", group=group)
    messages = [each.text for each in events(carol) if each.kind == "message"]
    assert messages == ["three of us"]
    for client in (alice, bob, carol):
        client.logout()
        client.close()


def test_with_asyncio(service):
    async def talk():
        alice, bob = (
            AsyncClient(http(service.url), f"wv:{name}@im.example.com", "kestrel55", client=name)
            for name in ("alice", "bob")
        )
        group = f"wv:alice/async{next(_NUMBERS)}@im.example.com"
        await alice.login()
        await bob.login()
        await alice.create_group(group, {"Name": "Rowing"}, name="Ally")
        there = [person async for person in bob.enter(group, "Bobby")]
        assert there == [("", "Ally", ""), ("", "Bobby", "")]
        await bob.send(None, "hello", group=group)
        found = []
        deadline = time.monotonic() + 30
        while len(found) < 2 and time.monotonic() < deadline:
            found += [each.kind async for each in alice.events(0)]
        assert found == ["joined", "message"]
        assert [each async for each in alice.joined(group)] == [
            (ALICE, "Ally", "Admin"),
            (BOB, "Bobby", ""),
        ]
        for client in (alice, bob):
            await client.logout()
            await client.close()

    asyncio.run(asyncio.wait_for(talk(), 60))


def test_the_program_of_the_guide(root, capsys):
    guide = (root / "docs" / "groups.md").read_text(encoding="utf-8")
    program, printed = re.findall(r"^```(?:python)?\n(.+?)^```", guide, re.M | re.S)[:2]
    users = (Account("anna", "secret"), Account("bo", "secret"))
    with serve(Config(users=users)) as running:
        exec(program.replace("http://127.0.0.1:8080/", running.url), {})
    assert capsys.readouterr().out == printed


@pytest.mark.long
@pytest.mark.parametrize("version", [1, 2, 3])
def test_groups_over_sms(version):
    """In plain text, with the private codes of docs/pts-extension.md."""

    async def talk():
        users = tuple(Account(each, "secret") for each in (ANNA, BO, CAROL))
        async with world(users=users, speed=80) as there:
            anna, bo = [await there.client(each, version) for each in (ANNA, BO)]
            for client in (anna, bo):
                await there.do(client.login)
            group = "wv:anna/rowing@im.example.com"
            values = {"Topic": "Boats & oars", "Searchable": True}
            await there.do(anna.create_group, group, values, True, "Annie", True, None, "Hi there")
            assert await there.do(bo.join, group, "Bobby") == "Hi there"
            (came,) = await there.events(anna, 1)
            assert came.kind == "joined" and came.group == group
            assert came.person == (shows(version, BO), "Bobby", "")
            if version > 1:
                everybody = [(ANNA, "Annie", "Admin"), (BO, "Bobby", "")]
                assert await there.do(lambda: list(anna.joined(group))) == everybody
            assert await there.do(anna.add_members, group, (BO,)) == []
            await there.do(anna.group_access, group, (), (BO,))
            (mine,) = await there.events(bo, 1)
            assert mine.kind == "own" and mine.values == {"PrivilegeLevel": "Mod"}
            members = await there.do(lambda: list(bo.members(group)))
            assert members == [(ANNA, "", "Admin"), (BO, "", "Mod")]
            shown, own = await there.do(bo.group_properties, group)
            assert shown["Topic"] == "Boats & oars" and shown["Searchable"] == "T"
            assert own["IsMember"] == "T" and bo.session.note == "Hi there"
            await there.do(anna.set_group_properties, group, {"Topic": "Oars"})
            (news,) = await there.events(bo, 1)
            assert news.kind == "group" and news.values == {"Topic": "Oars"}
            assert await there.do(bo.group_notices, group) is True
            rejected = await there.do(lambda: list(anna.reject_list(group, (CAROL,))))
            assert rejected == [(CAROL, "", "")]
            assert await there.do(anna.send, "Bobby", "psst", group=group)
            (message,) = await there.events(bo, 1)
            assert (message.text, message.sender, message.to) == ("psst", "Annie", "Bobby")
            await there.do(anna.delete_group, group)
            (gone,) = await there.events(bo, 1)
            assert (gone.kind, gone.group, gone.code) == ("removed", group, 800)

    asyncio.run(asyncio.wait_for(talk(), 60))
