# heap: 256K
"""Contact lists, by transactions.md section 8."""

from peer import everyhow, fails, online, result, status

from microimps import LocalError, StatusError

X, Y = "wv:anna/x@d", "wv:anna/y@d"


def got(lists, default=None, version=2):
    """GetList-Response as its version has it."""
    content = [("ContactList", each) for each in lists]
    if version == 3 and content:
        content = [("ContactListIDList", content)]
    if default:
        content.append(("DefaultContactList", default))
    return ("GetList-Response", content)


def nick(name, user):
    return ("NickName", [("Name", name), ("UserID", user)])


def members(content, *more):
    return ("ListManage-Response", [result(), ("NickList", content)] + list(more))


def properties(*pairs):
    content = [("Property", [("Name", n), ("Value", v)]) for n, v in pairs]
    return ("ContactListProperties", content)


@everyhow
def test_lists():
    for version in (1, 2, 3):
        for lists, default, wanted in (
            ([X, Y], None, [X, Y]),
            ([X, Y], Y, [X, Y]),  # named twice, given once
            ([X], Y, [X, Y]),
            ([], Y, [Y]),
            ([], None, []),
        ):
            c, peer = online([got(lists, default, version)], version)
            assert list(c.lists()) == wanted
            assert peer.asked().name == "GetList-Request" and c.session.default == default


@everyhow
def test_lists_of_other_software_are_hidden():
    names = ["~pep1.0_privatelist", "~PEP1.0_blocklist", "~IM_subscriptions", "friends"]
    c, _ = online([got(["wv:anna/%s@d" % each for each in names])])
    assert list(c.lists()) == ["wv:anna/friends@d"]


def test_blanks_around_addresses():
    c, _ = online([got(["\n " + X + " \n"], " " + X)])
    assert list(c.lists()) == [X]


@everyhow
def test_contacts():
    content = [nick("Bo & <Co>", "wv:bo@d"), ("UserID", "wv:cy@d"), nick("", "wv:di@d")]
    title = properties(("DisplayName", "Friends"), ("Default", "T"))
    for version in (1, 2, 3):
        c, peer = online([members(content, title)], version)
        wanted = [("wv:bo@d", "Bo & <Co>"), ("wv:cy@d", ""), ("wv:di@d", "")]
        assert list(c.contacts("x")) == wanted
        assert c.session.title == "Friends"
        request = [("ContactList", X)] + ([("ReceiveList", "T")] if version > 1 else [])
        assert peer.asked().content == request


def test_a_nick_that_is_missing_is_not_the_one_before():
    c, _ = online([members([nick("Bo", "wv:bo@d"), ("NickName", [("UserID", "wv:cy@d")])])])
    assert list(c.contacts("x")) == [("wv:bo@d", "Bo"), ("wv:cy@d", "")]


def test_user_before_name():
    c, _ = online([members([("NickName", [("UserID", "wv:bo@d"), ("Name", "Bo")])])])
    assert list(c.contacts("x")) == [("wv:bo@d", "Bo")]


@everyhow
def test_empty_lists():
    for content in ([], ""):
        c, _ = online([members(content)])
        assert list(c.contacts("x")) == []
    c, _ = online([("ListManage-Response", [result()])])
    assert list(c.contacts("x")) == []


@everyhow
def test_contacts_of_the_default_list():
    for version in (1, 2, 3):
        c, peer = online([got([X, Y], Y, version), members([("UserID", "wv:bo@d")])], version)
        assert list(c.contacts()) == [("wv:bo@d", "")]
        assert peer.asked(1).content[0] == ("ContactList", Y)
    c, peer = online([got([X, Y]), members([])])
    assert list(c.contacts()) == []


@everyhow
def test_no_such_list():
    for answer in (status(700), ("ListManage-Response", [result(700)])):
        c, _ = online([answer, got([X])])
        error = fails(list, c.contacts("nobody"))
        assert isinstance(error, StatusError) and error.args[0] == 700
        assert list(c.lists()) == [X]


@everyhow
def test_many_contacts_one_by_one():
    many = [nick("Contact %d" % i, "wv:user%d@d" % i) for i in range(60)]
    c, _ = online([members(many)])
    for i, each in enumerate(c.contacts("x")):
        assert each == ("wv:user%d@d" % i, "Contact %d" % i)
    assert i == 59


def test_list_addresses():
    for user, wanted in (
        ("anna@d", X),
        ("wv:anna@d", X),
        ("anna", "wv:anna/x"),
        ("wv:+4412@d", "wv:+4412/x@d"),
    ):
        c, peer = online([members([])] * 2)
        c.session.user = user if user[:3] == "wv:" else "wv:" + user
        list(c.contacts("x"))
        assert peer.asked().content[0] == ("ContactList", wanted)
        list(c.contacts("wv:other/x@e"))
        assert peer.asked().content[0] == ("ContactList", "wv:other/x@e")


@everyhow
def test_add_and_remove():
    for version in (1, 2, 3):
        receive = [("ReceiveList", "F")] if version > 1 else []
        done = ("ListManage-Response", [result()])
        c, peer = online([done, status(), done, got([], X, version), done], version)
        assert c.add_contact("x", "wv:bo@d", "Bo") == []
        wanted = [("ContactList", X), ("AddNickList", [nick("Bo", "wv:bo@d")])] + receive
        assert peer.asked().content == wanted
        c.add_contact("x", "wv:bo@d")
        assert peer.asked().content[1] == ("AddNickList", [("UserID", "wv:bo@d")])
        c.remove_contact("x", "wv:bo@d")
        wanted = [("ContactList", X), ("RemoveNickList", [("UserID", "wv:bo@d")])] + receive
        assert peer.asked().content == wanted
        c.remove_contact(None, "wv:bo@d")
        assert peer.asked().content == wanted


@everyhow
def test_add_several():
    people = (("wv:bo@d", "Bo"), ("wv:cy@d", ""))
    failed = ("DetailedResult", [("Code", 754), ("UserID", "wv:cy@d")])
    for version in (1, 2, 3):
        receive = [("ReceiveList", "F")] if version > 1 else []
        done = ("ListManage-Response", [result()])
        c, peer = online([("ListManage-Response", [result(201, failed)]), done, done], version)
        assert c.add_contact("x", people) == [754, "wv:cy@d"]
        nicks = ("AddNickList", [nick("Bo", "wv:bo@d"), ("UserID", "wv:cy@d")])
        assert peer.asked().content == [("ContactList", X), nicks] + receive
        c.remove_contact("x", people)
        users = ("RemoveNickList", [("UserID", "wv:bo@d"), ("UserID", "wv:cy@d")])
        assert peer.asked().content == [("ContactList", X), users] + receive
        c.add_contact("x", "wv:bo@d", grant=True)
        grant = [("AuthorizeAndGrant", "T")] if version == 3 else []
        assert peer.asked().content[2:] == receive + grant


@everyhow
def test_limits_of_the_service():
    c, _ = online([status(753), status(754), status(752)])
    assert fails(c.create_list, "x").args[0] == 753
    assert fails(c.add_contact, "x", "wv:bo@d").args[0] == 754
    assert fails(c.rename_list, "x", "y").args[0] == 752


@everyhow
def test_rename_and_default():
    done = ("ListManage-Response", [result()])
    c, peer = online([done, done])
    c.rename_list("x", "Old friends")
    wanted = [properties(("DisplayName", "Old friends"))]
    assert peer.asked().content == [("ContactList", X)] + wanted + [("ReceiveList", "F")]
    c.default_list("x")
    wanted = [properties(("Default", "T"))]
    assert peer.asked().content == [("ContactList", X)] + wanted + [("ReceiveList", "F")]


@everyhow
def test_create_and_delete():
    for version in (1, 2, 3):
        created = ("CreateList-Response", [("ContactList", X), properties(("Default", "F"))])
        answers = [created if version == 3 else status(), status(), status(701), status()]
        c, peer = online(answers, version)
        people = (("wv:bo@d", "Bo"), ("wv:cy@d", ""))
        assert c.create_list("x", "Friends", True, people) == X
        nicks = ("NickList", [nick("Bo", "wv:bo@d"), ("UserID", "wv:cy@d")])
        wanted = [("ContactList", X), nicks]
        assert peer.asked().content == wanted + [
            properties(("DisplayName", "Friends"), ("Default", "T"))
        ]
        assert c.create_list("x") == X
        assert peer.asked().content == [("ContactList", X)]
        assert fails(c.create_list, "x").args[0] == 701
        c.delete_list("x")
        assert peer.asked().name == "DeleteList-Request"


@everyhow
def test_member_that_cannot_be_added():
    failed = ("DetailedResult", [("Code", 531), ("UserID", "wv:no@d")])
    c, _ = online([status(201, failed), ("ListManage-Response", [result(201, failed)])])
    c.create_list("x", members=(("wv:no@d", ""),))
    assert c.session.details == [531, "wv:no@d"]
    assert c.add_contact("x", "wv:no@d") == [531, "wv:no@d"]


def test_a_character_that_cannot_travel():
    c, peer = online([("ListManage-Response", [result()])])
    error = fails(c.add_contact, "x", "wv:bo@d", "B\0o")
    assert isinstance(error, LocalError) and error.args[0] == 43
    assert not peer.sent
    c.add_contact("x", "wv:bo@d", "Bo")


if __name__ == "__main__":
    from testing import run

    run(globals())
