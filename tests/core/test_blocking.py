# heap: 256K
"""Block and grant lists, by transactions.md section 11."""

from peer import everyhow, fails, online, status

from microimps import LocalError, StatusError

BO, GROUP = "wv:bo@d", "wv:/chess@d"
SCREEN = ("ScreenName", [("SName", "Bee"), ("GroupID", GROUP)])


def got(version, blocked, granted=()):
    """GetBlockedList-Response as its version has it."""
    content = []
    for name, entities, flag in (("BlockList", blocked, "T"), ("GrantList", granted, "F")):
        listed = ("EntityList", list(entities))
        if version == 3:
            content += [(name, [listed]), (name + "InUse", flag)]
        else:
            content.append((name, [("InUse", flag), listed]))
    return ("GetBlockedList-Response", content)


@everyhow
def test_blocked():
    for version in (1, 2, 3):
        entities = [("UserID", BO), SCREEN, ("GroupID", GROUP)]
        wanted = [("user", BO), ("screen", GROUP, "Bee"), ("group", GROUP)]
        if version == 3:
            entities += [("ContactList", "wv:anna/x@d"), ("ApplicationID", "game")]
            wanted += [("list", "wv:anna/x@d"), ("application", "game")]
        c, peer = online([got(version, entities, [("UserID", BO)])], version)
        found = list(c.blocked())
        assert found == [("block", each) for each in wanted] + [("grant", ("user", BO))]
        assert c.session.used == {"block": True, "grant": False}
        assert peer.asked().name == "GetBlockedList-Request" and not peer.asked().content


@everyhow
def test_nobody_is_blocked():
    for version in (1, 2, 3):
        bare = ("GetBlockedList-Response", "")
        hollow = ("GetBlockedList-Response", [("BlockList", ""), ("GrantList", "")])
        c, _ = online([bare, got(version, ()), hollow, status(405)], version)
        assert list(c.blocked()) == [] and c.session.used == {}
        assert list(c.blocked()) == [] and c.session.used == {"block": True, "grant": False}
        assert list(c.blocked()) == [] and c.session.used == {}
        assert isinstance(fails(list, c.blocked()), StatusError)


@everyhow
def test_many_one_by_one():
    many = [("UserID", "wv:user%d@d" % i) for i in range(60)]
    for version in (2, 3):
        c, _ = online([got(version, many)], version)
        for i, each in enumerate(c.blocked()):
            assert each == ("block", ("user", "wv:user%d@d" % i))
        assert i == 59


@everyhow
def test_block_and_grant():
    for version in (1, 2, 3):
        c, peer = online([status()] * 5, version)
        for task, name in ((c.block, "BlockList"), (c.grant, "GrantList")):
            assert task(BO, (("group", GROUP), ("screen", GROUP, "Bee")), use=True) == []
            add = ("AddList", [("UserID", BO)])
            remove = ("RemoveList", [SCREEN, ("GroupID", GROUP)])  # in the order of the wire
            assert peer.asked().name == "BlockEntity-Request"
            if version == 3:
                assert peer.asked().content == [(name, [add, remove]), (name + "InUse", "T")]
            else:
                assert peer.asked().content == [(name, [("InUse", "T"), add, remove])]
        c.block(use=False)
        off = ("BlockListInUse", "F") if version == 3 else ("BlockList", [("InUse", "F")])
        assert peer.asked().content == [off]
        c.block(whole=[BO, "wv:cy@d"])
        people = ("EntityList", [("UserID", BO), ("UserID", "wv:cy@d")])
        assert peer.asked().content == [("BlockList", [people])]
        c.grant(whole=())
        ((name, content),) = peer.asked().content
        assert name == "GrantList" and content[0][0] == "EntityList" and not content[0][1]


@everyhow
def test_kinds_of_1_3():
    entity = ("list", "wv:anna/x@d")
    for version in (1, 2, 3):
        c, peer = online([status()] * 2, version)
        for wrong in (entity, ("application", "game")) if version < 3 else (("people", BO),):
            error = fails(c.block, (wrong,))
            assert isinstance(error, LocalError) and error.args == (51, wrong[0])
        assert not peer.sent
        if version == 3:
            c.block((("application", "game"), entity))
            added = [("ContactList", "wv:anna/x@d"), ("ApplicationID", "game")]
            assert peer.asked().content == [("BlockList", [("AddList", added)])]
        c.block(BO)


@everyhow
def test_in_part():
    failed = ("DetailedResult", [("Code", 531), ("UserID", "wv:no@d")])
    c, _ = online([status(201, failed), status(531, failed)])
    assert c.block((BO, "wv:no@d")) == [531, "wv:no@d"]
    assert fails(c.block, "wv:no@d").args[0] == 531


if __name__ == "__main__":
    from testing import run

    run(globals())
