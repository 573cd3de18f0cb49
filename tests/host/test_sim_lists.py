"""Simulated service: contact lists, block and grant lists."""

import pytest
from sim_client import KINDS, Client, make_service, user, wrapped

from microimps.tools.sim import Limits
from microimps.tools.sim.elements import node, nodes, text, texts


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def alice(request):
    client = Client(make_service(), "alice", *request.param)
    client.login()
    return client


def nick(name, address):
    return node("NickName", node("Name", name), node("UserID", address))


def properties(**values):
    return node(
        "ContactListProperties",
        *(
            node("Property", node("Name", name), node("Value", value))
            for name, value in values.items()
        ),
    )


def read(client, address):
    return client.post(
        "ListManage-Request",
        node("ContactList", address),
        node("ReceiveList", True) if client.version != "1.1" else None,
    )


def members(answer):
    return [
        (text(each, "Name"), text(each, "UserID")) if each.tag == "NickName" else ("", each.text)
        for each in answer.find("NickList")
    ]


def lists(client):
    answer = client.post("GetList-Request")
    wrapper = "ContactListIDList/" if client.version == "1.3" else ""
    return texts(answer, wrapper + "ContactList"), text(answer, "DefaultContactList")


def create(client, address, *content):
    return client.post("CreateList-Request", node("ContactList", address), *content)


def test_create_and_read(alice):
    assert lists(alice) == ([], "")
    answer = create(
        alice,
        "wv:alice/friends@im.example.com",
        node("NickList", nick("Bobby", "wv:bob@im.example.com"), node("UserID", "carol")),
        properties(DisplayName="My friends"),
    )
    if alice.version == "1.3":
        assert answer.tag == "CreateList-Response"
        assert text(answer, "ContactList") == "wv:alice/friends@im.example.com"
    else:
        assert (answer.tag, text(answer, "Result/Code")) == ("Status", "200")
    assert lists(alice) == ([], "wv:alice/friends@im.example.com")  # the first is the default
    answer = read(alice, "wv:ALICE/Friends")
    assert members(answer) == [("Bobby", "wv:bob@im.example.com"), ("", "carol")]
    assert texts(answer, "ContactListProperties/Property/Value") == ["My friends", "T"]


def test_change(alice):
    create(alice, "wv:alice/a", node("NickList", node("UserID", "wv:bob")))
    answer = alice.post(
        "ListManage-Request",
        node("ContactList", "wv:alice/a"),
        node("AddNickList", nick("C", "wv:carol"), nick("B", "wv:Bob")),
    )
    assert text(answer, "Result/Code") == "200"
    assert (answer.find("NickList") is not None) == (alice.version == "1.1")
    assert members(read(alice, "wv:alice/a")) == [("B", "wv:bob"), ("C", "wv:carol")]
    alice.post(
        "ListManage-Request",
        node("ContactList", "wv:alice/a"),
        node("RemoveNickList", node("UserID", "wv:bob@im.example.com")),
    )
    assert members(read(alice, "wv:alice/a")) == [("C", "wv:carol")]
    alice.post(
        "ListManage-Request", node("ContactList", "wv:alice/a"), properties(DisplayName="New name")
    )
    answer = read(alice, "wv:alice/a")
    assert texts(answer, "ContactListProperties/Property/Value") == ["New name", "T"]


def test_the_default_moves(alice):
    for name in "abc":
        create(alice, f"wv:alice/{name}")
    assert lists(alice) == (["wv:alice/b", "wv:alice/c"], "wv:alice/a")
    alice.post("ListManage-Request", node("ContactList", "wv:alice/c"), properties(Default="T"))
    assert lists(alice) == (["wv:alice/a", "wv:alice/b"], "wv:alice/c")
    alice.post("ListManage-Request", node("ContactList", "wv:alice/c"), properties(Default="F"))
    assert lists(alice)[1] == "wv:alice/c"
    assert alice.code("DeleteList-Request", node("ContactList", "wv:alice/c")) == 200
    assert lists(alice) == (["wv:alice/b"], "wv:alice/a")


def test_errors(alice):
    create(alice, "wv:alice/a")
    assert text(create(alice, "wv:ALICE/A@im.example.com"), "Result/Code") == "701"
    assert text(create(alice, "wv:bob/a"), "Result/Code") == "403"
    assert text(create(alice, "wv:alice"), "Result/Code") == "901"
    assert text(create(alice, "wv:alice/b", properties(Colour="red")), "Result/Code") == "752"
    assert alice.code("DeleteList-Request", node("ContactList", "wv:alice/b")) == 700
    assert text(read(alice, "wv:bob/a"), "Result/Code") == "700"
    assert alice.code("CreateList-Request") == 400


def test_partial_and_total_failure(alice):
    create(alice, "wv:alice/a")
    answer = alice.post(
        "ListManage-Request",
        node("ContactList", "wv:alice/a"),
        node(
            "AddNickList",
            node("UserID", "wv:bob"),
            node("UserID", "wv:nobody"),
            node("UserID", "wv:zoe@elsewhere.example"),
        ),
    )
    assert text(answer, "Result/Code") == "201"
    details = {
        text(each, "Code"): texts(each, "UserID")
        for each in answer.findall("Result/DetailedResult")
    }
    assert details == {"531": ["wv:nobody"], "516": ["wv:zoe@elsewhere.example"]}
    answer = alice.post(
        "ListManage-Request",
        node("ContactList", "wv:alice/a"),
        node("AddNickList", node("UserID", "wv:nobody")),
    )
    assert (answer.tag, text(answer, "Result/Code")) == ("Status", "531")
    assert members(read(alice, "wv:alice/a")) == [("", "wv:bob")]


def test_limits():
    service = make_service(limits=Limits(lists=1, contacts=1))
    alice = Client(service, version="1.2")
    alice.login()
    answer = create(
        alice,
        "wv:alice/a",
        node("NickList", *(node("UserID", each) for each in ("wv:bob", "wv:carol"))),
    )
    assert text(answer, "Result/Code") == "201"
    assert text(answer, "Result/DetailedResult/Code") == "754"
    assert text(create(alice, "wv:alice/b"), "Result/Code") == "753"


def test_members_in_the_form_of_the_aosp_client():
    alice = Client(make_service())
    alice.login()
    create(
        alice,
        "wv:alice/a",
        node("NickList", node("NickName", node("Name", "bob"), user("wv:bob"))),
    )
    assert members(read(alice, "wv:alice/a")) == [("bob", "wv:bob")]


def test_authorise_and_grant():
    service = make_service(presence="nobody")
    alice, bob = Client(service, "alice", "1.3"), Client(service, "bob", "1.3")
    alice.login()
    bob.login()
    create(alice, "wv:alice/a")
    seen = ("GetPresence-Request", *wrapped("1.3", user("wv:alice")))
    assert bob.post(*seen).find("Presence/PresenceSubList/OnlineStatus") is None
    alice.post(
        "ListManage-Request",
        node("ContactList", "wv:alice/a"),
        node("AddNickList", node("UserID", "wv:bob")),
        node("ReceiveList", False),
        node("AuthorizeAndGrant", True),
    )
    value = "Presence/PresenceSubList/OnlineStatus/PresenceValue"
    assert text(bob.post(*seen), value) == "T"


# Block and grant lists


def blocked(client):
    answer = client.post("GetBlockedList-Request")
    found = {}
    for which in ("BlockList", "GrantList"):
        use = which + "InUse" if client.version == "1.3" else f"{which}/InUse"
        found[which] = (text(answer, use), texts(answer, f"{which}/EntityList/UserID"))
    return found


def change(client, which, in_use, *content, name="BlockEntity-Request"):
    use = node(which + "InUse" if client.version == "1.3" else "InUse", in_use)
    if client.version == "1.3":
        return client.code(name, node(which, *content), use)
    return client.code(name, node(which, use, *content))


def test_block_and_grant_lists(alice):
    assert blocked(alice) == {"BlockList": ("T", []), "GrantList": ("F", [])}
    add = node("AddList", node("UserID", "wv:bob"), node("UserID", "wv:carol"))
    assert change(alice, "BlockList", True, add) == 200
    assert change(alice, "BlockList", True, node("RemoveList", node("UserID", "wv:BOB"))) == 200
    assert change(alice, "GrantList", True, node("EntityList", node("UserID", "wv:bob"))) == 200
    assert blocked(alice) == {
        "BlockList": ("T", ["wv:carol"]),
        "GrantList": ("T", ["wv:bob"]),
    }
    unknown = node("AddList", node("UserID", "wv:nobody"))
    assert change(alice, "BlockList", True, unknown) == 531


def test_the_older_name_of_the_request():
    alice = Client(make_service(), version="1.1")
    alice.login()
    add = node("AddList", node("UserID", "wv:bob"))
    assert change(alice, "BlockList", True, add, name="BlockUser-Request") == 200
    assert blocked(alice)["BlockList"] == ("T", ["wv:bob"])


def test_who_is_refused(alice):
    bob = Client(alice.service, "bob")
    bob.login()

    def reaches():
        return text(bob.send("wv:alice"), "Result/Code")

    entry = node("AddList", node("UserID", "wv:bob"))
    assert reaches() == "200"
    change(alice, "BlockList", True, entry)
    assert reaches() == "532"
    change(alice, "GrantList", True, entry)
    assert reaches() == "532"  # the block list wins
    change(alice, "BlockList", False)
    assert reaches() == "200"
    change(alice, "GrantList", True, node("RemoveList", node("UserID", "wv:bob")))
    assert reaches() == "532"
    change(alice, "GrantList", False)
    assert reaches() == "200"


def test_a_blocked_user_sees_nothing_and_a_list_can_be_blocked():
    service = make_service()
    alice, bob = Client(service, version="1.3"), Client(service, "bob", "1.3")
    alice.login()
    bob.login()
    create(alice, "wv:alice/bores", node("NickList", node("UserID", "wv:bob")))
    entry = node("AddList", node("ContactList", "wv:alice/bores"))
    assert change(alice, "BlockList", True, entry) == 200
    answer = bob.post(
        "GetPresence-Request",
        *wrapped("1.3", user("wv:alice")),
        bob.sub_list(node("OnlineStatus")),
    )
    assert text(answer, "Presence/PresenceSubList/OnlineStatus/Qualifier") == "F"
    assert text(bob.send("wv:alice"), "Result/Code") == "532"


def test_a_long_block_list(alice):
    many = [f"wv:user{n}@elsewhere.example" for n in range(1200)]
    add = node("AddList", *nodes("UserID", many), node("UserID", many[0].upper()))
    assert change(alice, "BlockList", True, add) == 200
    assert blocked(alice)["BlockList"] == ("T", many)
    remove = node("RemoveList", *nodes("UserID", many[:1199]))
    assert change(alice, "BlockList", True, remove) == 200
    assert blocked(alice)["BlockList"] == ("T", many[1199:])


def test_every_kind_of_entity(alice):
    group = "wv:/chess@im.example.com"
    screen = node("ScreenName", node("SName", "Bee"), node("GroupID", group))
    entities = [node("UserID", "wv:bob"), screen, node("GroupID", group)]
    if alice.version == "1.3":
        entities += [node("ContactList", "wv:alice/x"), node("ApplicationID", "game")]
    assert change(alice, "BlockList", True, node("AddList", *entities)) == 200
    answer = alice.post("GetBlockedList-Request")
    found = list(answer.find("BlockList/EntityList"))
    assert [each.tag for each in found] == [each.tag for each in entities]
    assert text(found[1], "SName") == "Bee" and text(found[1], "GroupID") == group
    remove = node("RemoveList", *entities[1:])
    assert change(alice, "BlockList", True, remove) == 200
    assert blocked(alice)["BlockList"] == ("T", ["wv:bob"])
    if alice.syntax == "xml":
        wrong = node("AddList", node("Domain", "x"))
        assert alice.code("BlockEntity-Request", node("BlockList", wrong)) == 400


# What other sessions are told


def told(client):
    """Type and payload of the notifications that wait."""
    return [(text(each, "NotificationType"), *each[1:]) for each in client.drain()]


def two_sessions():
    service = make_service()
    here, there = (Client(service, version="1.3", client=each) for each in ("here", "there"))
    bob = Client(service, "bob", version="1.3")
    for client in (here, there, bob):
        client.login()
        types = "CLC CLCR CLD BLC BLUC GLC GLUC ATCL".split()
        listed = node("NotificationTypeList", *nodes("NotificationType", types))
        assert client.code("SubscribeNotification-Request", listed) == 200
    return here, there, bob


def test_other_sessions_hear_of_contact_lists():
    here, there, bob = two_sessions()
    address = "wv:alice/x@im.example.com"

    def heard():
        assert here.next() is None  # she knows
        ((kind, lists),) = told(there)
        assert texts(lists, "ContactList") == [address]
        return kind

    create(here, address)
    assert heard() == "CLCR"
    manage = ("ListManage-Request", node("ContactList", address))
    for part in (
        node("AddNickList", node("UserID", "wv:bob")),
        node("RemoveNickList", node("UserID", "wv:bob")),
        properties(DisplayName="Y"),
    ):
        assert here.code(*manage, part, node("ReceiveList", False)) == 200
        assert heard() == "CLC"
    here.code(*manage, node("ReceiveList", True))
    nobody = node("AddNickList", node("UserID", "wv:nobody"))
    assert here.code(*manage, nobody, node("ReceiveList", False)) == 531
    assert there.next() is None  # nothing changed
    assert here.code("DeleteList-Request", node("ContactList", address)) == 200
    assert heard() == "CLD"
    ((kind, owner),) = told(bob)
    assert (kind, texts(owner, "User/UserID")) == ("ATCL", ["wv:alice@im.example.com"])
    create(here, "wv:alice/~PEP1.0_privatelist", node("NickList", node("UserID", "wv:bob")))
    assert bob.next() is None  # that is a matter of alice's phone


def test_other_sessions_hear_of_access_control():
    here, there, _ = two_sessions()
    add = node("AddList", node("UserID", "wv:bob"))
    assert change(here, "BlockList", True, add) == 200
    assert told(there) == [("BLC",)]
    assert change(here, "GrantList", True, add) == 200
    (use, (kind,)) = told(there)
    assert (use[0], use[1].tag, use[1].text, kind) == ("GLUC", "GrantListInUse", "T", "GLC")
    assert here.code("BlockEntity-Request", node("BlockListInUse", False)) == 200
    ((kind, use),) = told(there)
    assert (kind, use.tag, use.text) == ("BLUC", "BlockListInUse", "F")
    unknown = node("BlockList", node("AddList", node("UserID", "wv:nobody")))
    assert here.code("BlockEntity-Request", unknown) == 531
    assert there.next() is None and here.next() is None
