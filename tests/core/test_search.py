# heap: 256K
"""Search, StopSearch, VerifyID and adding by number, by transactions.md sections 5 and 7."""

from peer import everyhow, fails, online, result, status

from microimps import LocalError, StatusError

BO, CY, DI = ("wv:%s@d" % name for name in ("bo", "cy", "di"))
ANSWER = "Search-Response"


def user(address, name=None):
    content = [("UserID", address)]
    return ("User", content + ([("FriendlyName", name)] if name else []))


def part(total, done, index, *found):
    """Search-Response with these users; index None is left out."""
    content = [("SearchID", "0x9f"), ("SearchFindings", total), ("CompletionFlag", done)]
    if index is not None:
        content.append(("SearchIndex", index))
    if found:
        content.append(("SearchResult", [("UserList", list(found))]))
    return (ANSWER, content)


@everyhow
def test_pairs_of_each_version():
    pairs = [
        [("SearchElement", "USER_FIRST_NAME"), ("SearchString", "Bo & Co")],
        [("SearchElement", "USER_ONLINE_STATUS"), ("SearchString", "T")],
    ]
    for version in (1, 2, 3):
        c, peer = online([part(0, True, 1)] * 2, version)
        wanted = [("USER_FIRST_NAME", "Bo & Co"), ("USER_ONLINE_STATUS", True)]
        assert list(c.search(*wanted)) == []
        lists = [("SearchPairList", pair) for pair in pairs]
        limit = [("SearchLimit", "20")]
        wrapped = [("SearchPairList", [("SearchPair", pair) for pair in pairs])]
        assert peer.asked().name == "Search-Request"
        assert peer.asked().content == (wrapped if version == 3 else lists) + limit
        assert list(c.search(*wanted, bare=True)) == []
        assert peer.asked().content == lists + limit


@everyhow
def test_criteria():
    for bare in (True, False):
        c, peer = online([part(0, True, None)], 3)
        wanted = ("USER_CITY", "York"), ("USER_AGE_MIN", 18)
        list(c.search(*wanted, limit=5, criteria="1 AND NOT 2", bare=bare))
        pairs = [
            [("SearchElement", "USER_CITY"), ("SearchString", "York"), ("PairID", "1")],
            [("SearchElement", "USER_AGE_MIN"), ("SearchString", "18"), ("PairID", "2")],
        ]
        more = [("AdvancedCriteria", "1 AND NOT 2"), ("SearchLimit", "5")]
        if bare:
            assert peer.asked().content == [("SearchPairList", pair) for pair in pairs] + more
        else:
            inner = [("SearchPair", pair) for pair in pairs]
            assert peer.asked().content == [("SearchPairList", inner)] + more


def test_criteria_need_1_3():
    for version in (1, 2):
        c, peer = online([], version)
        error = fails(list, c.search(("USER_ID", "bo"), criteria="1"))
        assert isinstance(error, LocalError) and error.args[0] == 48 and not peer.sent


@everyhow
def test_page_after_page_whatever_the_index_means():
    for first, second in ((3, 4), (2, 3), (None, None)):
        script = [part(3, False, first, user(BO, "Bo"), user(CY)), part(3, True, second, user(DI))]
        c, peer = online(script)
        found = c.search(("USER_ID", "o"), limit=2)
        assert next(found) == (BO, "Bo") and len(peer.sent) == 1 and c.session.size == 3
        assert list(found) == [(CY, ""), (DI, "")]
        assert peer.asked().content == [("SearchID", "0x9f"), ("SearchIndex", "3")]
        c.stop_search()  # there is nothing to stop
        assert len(peer.sent) == 2


@everyhow
def test_an_end_that_is_not_marked():
    for last in ([part(1, False, 2, user(BO))], [part(9, False, 2, user(BO)), part(9, False, 2)]):
        c, peer = online(last)
        assert list(c.search(("USER_ID", "o"))) == [(BO, "")] and not peer.script


def test_a_search_without_identity_ends():
    c, _ = online([(ANSWER, [("SearchFindings", 5), ("CompletionFlag", False),
                             ("SearchResult", [("UserList", [user(BO)])])])])  # fmt: skip
    assert list(c.search(("USER_ID", "o"))) == [(BO, "")]


@everyhow
def test_groups_and_screen_names():
    groups = [("GroupID", "wv:/chess@d"), ("GroupID", " wv:bo/quiz@d ")]
    content = [("SearchFindings", 2), ("CompletionFlag", True)]
    c, _ = online([
        (ANSWER, content + [("SearchResult", [("GroupList", groups)])]),
        (ANSWER, content + [("SearchResult", [("UserList", [
            user(BO), ("ScreenName", [("SName", "Rook"), ("GroupID", "wv:/chess@d")])])])]),
    ])  # fmt: skip
    assert list(c.search(("GROUP_TOPIC", "chess"))) == [("wv:/chess@d", ""), ("wv:bo/quiz@d", "")]
    assert list(c.search(("USER_ID", "o"))) == [(BO, ""), ("wv:/chess@d", "Rook")]


@everyhow
def test_stop():
    c, peer = online([part(9, False, 2, user(BO), user(CY)), status(), status(537)])
    for found in c.search(("USER_ID", "o"), limit=2):
        assert found == (BO, "")
        break
    # what it left in the line goes with the next request
    c.stop_search()
    assert peer.asked().name == "StopSearch-Request"
    assert peer.asked().content == [("SearchID", "0x9f")]
    c.stop_search()
    assert len(peer.sent) == 2
    error = fails(list, c.search(("USER_ID", "")))
    assert isinstance(error, StatusError) and error.args[0] == 537


def test_nothing_to_stop():
    c, peer = online([])
    c.stop_search()
    assert not peer.sent


@everyhow
def test_add_by_number():
    done = ("ListManage-Response", [result()])
    c, peer = online([part(1, True, 2, user(BO)), done])
    assert c.add_number("x", "+4915550100", "Bo") == BO
    pair = [("SearchElement", "USER_MOBILE_NUMBER"), ("SearchString", "+4915550100")]
    assert peer.asked(0).content == [("SearchPairList", pair), ("SearchLimit", "2")]
    nick = ("NickName", [("Name", "Bo"), ("UserID", BO)])
    assert peer.asked().content[:2] == [("ContactList", "wv:anna/x@d"), ("AddNickList", [nick])]


def test_a_number_of_nobody_or_of_several():
    for answer, code in (
        (part(0, True, 1), 531),
        (part(7, False, 3, user(BO), user(CY)), 536),
    ):
        c, peer = online([answer])
        error = fails(c.add_number, None, "+4915550100")
        assert isinstance(error, StatusError) and error.args[0] == code
        assert error.args[2] == ["+4915550100"] and len(peer.sent) == 1


@everyhow
def test_verify():
    failed = [
        ("DetailedResult", [("Code", 531), ("UserID", BO), ("UserID", CY)]),
        ("DetailedResult", [("Code", 516), ("Domain", "e")]),
    ]
    for version in (2, 3):
        c, peer = online([status(), status(), status(201, *failed)], version)
        for one in ([BO], BO):
            assert c.verify(one) == []
            assert peer.asked().content == [("IDList", [("UserID", BO)])]
        screens = [("wv:/chess@d", "Rook")]
        missing = c.verify((BO, CY), ["wv:bo/x@d"], ["wv:/chess@d"], screens, ["e"])
        assert missing == [531, BO, CY, 516, "e"]
        assert peer.asked().content == [("IDList", [
            ("UserID", BO), ("UserID", CY), ("ContactList", "wv:bo/x@d"),
            ("GroupID", "wv:/chess@d"),
            ("ScreenName", [("SName", "Rook"), ("GroupID", "wv:/chess@d")]),
            ("Domain", "e")])]  # fmt: skip
    c, peer = online([], 1)
    assert fails(c.verify, [BO]).args[0] == 48 and not peer.sent


if __name__ == "__main__":
    from testing import run

    run(globals())
