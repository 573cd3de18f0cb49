"""Simulated service: Search, StopSearch, VerifyID, public profiles, message by message."""

import pytest
from sim_client import KINDS, PASSWORD, Client, Clock

from microimps.tools.sim import Account, Config, ConfigError, Limits, Service
from microimps.tools.sim.criteria import select
from microimps.tools.sim.elements import node, text, texts
from microimps.tools.sim.results import Refusal

ABOUT = {
    "anna": {"USER_FIRST_NAME": "Anna", "PP_AGE": "30", "PP_CITY": "York", "PP_GENDER": "F"},
    "bo": {"USER_FIRST_NAME": "Bo", "PP_AGE": "40", "PP_CITY": "York", "PP_GENDER": "M"},
    "cy": {
        "USER_LAST_NAME": "Öberg",
        "USER_EMAIL_ADDRESS": "cy@mail.example",
        "USER_MOBILE_NUMBER": "+49 155 50100",
        "PP_AGE": "17",
        "PP_COUNTRY": "Sweden",
        "PP_FRIENDLY_NAME": "Cyan",
        "PP_INTENTION": "Chess",
        "PP_INTERESTS": "Rowing, chess",
        "PP_MARITAL_STATUS": "S",
    },
    "+4915550101": {},
}


def service(**settings):
    users = tuple(
        Account(name, PASSWORD, "The " + name if name == "bo" else "", about=about)
        for name, about in ABOUT.items()
    )
    return Service(Config(users=users, **settings), Clock())


def pair(element, value, *more):
    return node("SearchElement", element), node("SearchString", value), *more


def logged_in(kind, where=None, name="anna"):
    client = Client(where or service(), name, *kind)
    client.login()
    return client


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def anna(request):
    return logged_in(request.param)


def ask(client, *pairs, limit=20, wrapped=False, criteria=None):
    parts = [node("SearchPairList", *each) for each in pairs]
    if wrapped:
        parts = [node("SearchPairList", *(node("SearchPair", *each) for each in pairs))]
    told = node("AdvancedCriteria", criteria) if criteria else None
    return client.post("Search-Request", *parts, told, node("SearchLimit", limit))


def more(client, identity, index):
    return client.post("Search-Request", node("SearchID", identity), node("SearchIndex", index))


def names(answer):
    assert answer.tag == "Search-Response", text(answer, "Result/Code")
    found = texts(answer, "SearchResult/UserList/User/UserID")
    return [each[3:].partition("@")[0] for each in found]


def refusal(answer):
    assert answer.tag == "Status"
    return int(text(answer, "Result/Code"))


ELEMENTS = (
    ("USER_ID", "A", ["anna"]),
    ("USER_ID", "wv:BO@im.example.com", ["bo"]),
    ("USER_ID", "wv:b@im.example.com", []),
    ("USER_ID", "example", []),
    ("USER_FIRST_NAME", "b", ["bo"]),
    ("USER_LAST_NAME", "ÖB", ["cy"]),
    ("USER_EMAIL_ADDRESS", "mail.", ["cy"]),
    ("USER_ALIAS", "the", ["bo"]),
    ("USER_ONLINE_STATUS", "T", ["anna"]),
    ("USER_ONLINE_STATUS", "f", ["bo", "cy", "+4915550101"]),
    ("USER_MOBILE_NUMBER", "4915550100", ["cy"]),
    ("USER_MOBILE_NUMBER", "+4915550101", ["+4915550101"]),
    ("USER_MOBILE_NUMBER", "+491555010", []),
    ("USER_MOBILE_NUMBER", "none", []),
)
ELEMENTS_13 = (
    ("USER_AGE_MIN", "30", ["anna", "bo"]),
    ("USER_AGE_MAX", "30", ["anna", "cy"]),
    ("USER_CITY", "yor", ["anna", "bo"]),
    ("USER_COUNTRY", "sweden", ["cy"]),
    ("USER_FRIENDLY_NAME", "cy", ["cy"]),
    ("USER_GENDER", "f", ["anna"]),
    ("USER_INTENTION", "chess", ["cy"]),
    ("USER_INTERESTS_HOBBIES", "row", ["cy"]),
    ("USER_MARITAL_STATUS", "S", ["cy"]),
)


def test_every_element(anna):
    for element, value, wanted in ELEMENTS:
        assert names(ask(anna, pair(element, value))) == wanted, (element, value)
    for element, value, wanted in ELEMENTS_13:
        answer = ask(anna, pair(element, value), wrapped=anna.version == "1.3")
        if anna.version != "1.3":
            assert refusal(answer) == 562
            assert not texts(answer, "Result/DetailedResult/SearchElement")
            continue
        assert names(answer) == wanted, (element, value)
        friendly = texts(answer, "SearchResult/UserList/User/FriendlyName")
        assert friendly == (["Cyan"] if "cy" in wanted else [])


def test_pairs_are_all_needed(anna):
    both = pair("USER_ID", "n"), pair("USER_FIRST_NAME", "anna")
    assert names(ask(anna, *both)) == ["anna"]
    assert names(ask(anna, *both, pair("USER_ID", "bo"))) == []


def test_pairs_of_1_3_in_either_form():
    anna = logged_in(("1.3", "wbxml"))
    told = pair("USER_CITY", "York"), pair("USER_AGE_MIN", "35")
    flat = [part for each in told for part in each]
    assert names(ask(anna, flat)) == names(ask(anna, *told, wrapped=True)) == ["bo"]


def test_criteria():
    anna = logged_in(("1.3", "xml"))
    told = (
        pair("USER_CITY", "York", node("PairID", 7)),
        pair("USER_GENDER", "M", node("PairID", 8)),
        pair("USER_COUNTRY", "Sweden", node("PairID", 9)),
    )
    for criteria, wanted in (
        ("7", ["anna", "bo"]),
        ("7 AND NOT 8", ["anna"]),
        ("8 or 9", ["bo", "cy"]),
        ("NOT(7 OR 9)", ["+4915550101"]),
        ("9 OR 7 AND 8", ["bo", "cy"]),
        ("(9 OR 7) AND 8", ["bo"]),
    ):
        for wrapped in (True, False):
            assert names(ask(anna, *told, criteria=criteria, wrapped=wrapped)) == wanted
    for criteria in ("7 AND", "1", "(7", "7)", "7 8", "AND", "NOT", "²", "(" * 5000, "7 & 8"):
        assert refusal(ask(anna, *told, criteria=criteria)) == 402


def test_criteria_of_words_and_brackets():
    pairs = {1: {"a", "b"}, 2: {"b", "c"}}
    assert select("not not 1", pairs, set("abcd")) == {"a", "b"}
    assert select("NOT 1 AND NOT 2", pairs, set("abcd")) == {"d"}
    with pytest.raises(Refusal):
        select("", pairs, set("abcd"))


def test_criteria_have_to_be_offered():
    told = pair("USER_ID", "o", node("PairID", 1))
    anna = logged_in(("1.3", "xml"), service(withhold=frozenset({"ADVSR"})))
    assert refusal(ask(anna, told, criteria="1")) == 405
    assert names(ask(anna, told)) == ["bo"]
    anna = logged_in(("1.3", "xml"))
    function = node("SearchFunc", node("SRCH"))
    asked = node("Functions", node("WVCSPFeat", node("FundamentalFeat", function)))
    anna.post("Service-Request", asked, node("AllFunctionsRequest", False))
    assert refusal(ask(anna, told, criteria="1")) == 506
    assert names(ask(anna, told)) == ["bo"]


@pytest.mark.parametrize("meaning", ["next", "last"])
def test_pages(meaning):
    for kind in KINDS:
        version = kind[0]
        anna = logged_in(kind, service(search_index=meaning, contacts={"bo": 5}))
        answer = ask(anna, pair("USER_ID", "contact"), limit=2)
        found, index = [], 1
        while True:
            some = names(answer)
            found += some
            index += len(some)
            assert text(answer, "SearchFindings") == "5"
            complete = text(answer, "CompletionFlag") == "T"
            told = text(answer, "SearchIndex")
            if complete and version == "1.3":
                assert told == ""
            else:
                assert int(told) == index - (meaning == "last")
            if complete:
                break
            answer = more(anna, text(answer, "SearchID"), index)
        assert found == [f"contact{n:05}" for n in range(1, 6)]


def test_bad_pages(anna):
    identity = text(ask(anna, pair("USER_ID", "o"), limit=1), "SearchID")
    assert refusal(more(anna, "nothing", 1)) == 424
    for index in (0, 99):
        assert refusal(more(anna, identity, index)) == 425
    assert anna.code("StopSearch-Request", node("SearchID", identity)) == 200
    assert anna.code("StopSearch-Request", node("SearchID", identity)) == 424
    assert refusal(more(anna, identity, 1)) == 424
    assert anna.code("Search-Request", node("SearchLimit", 5)) == 400
    assert anna.code("Search-Request", node("SearchPairList", node("SearchString", "x"))) == 400


def test_searches_that_are_refused(anna):
    assert refusal(ask(anna, pair("USER_SHOE", "45"))) == 562
    assert refusal(ask(anna, pair("USER_ID", "o"), pair("GROUP_ID", "o"))) == 402
    assert refusal(ask(anna, pair("USER_ID", ""))) == 537
    assert refusal(ask(anna, pair("USER_ONLINE_STATUS", "maybe"))) == 402
    if anna.version == "1.3":
        assert refusal(ask(anna, pair("USER_AGE_MIN", "old"))) == 402
        details = ask(anna, pair("USER_SHOE", "45")).find("Result/DetailedResult")
        assert text(details, "SearchElement") == "USER_SHOE"


def test_limits():
    limits = Limits(search_hits=3, searches=2, search_page=2)
    anna = logged_in(("1.2", "xml"), service(limits=limits, contacts={"bo": 5}))
    assert refusal(ask(anna, pair("USER_ID", "contact"))) == 536
    kept = [text(ask(anna, pair("USER_ID", "ann")), "SearchID") for _ in range(3)]
    assert refusal(more(anna, kept[0], 1)) == 424
    assert names(more(anna, kept[1], 1)) == names(more(anna, kept[2], 1)) == ["anna"]


def test_a_page_fits_the_parser():
    anna = logged_in(("1.2", "xml"), service(contacts={"bo": 60}))
    anna.capabilities(ParserSize="2000")
    answer = ask(anna, pair("USER_ID", "contact"), limit=60)
    some = names(answer)
    assert 0 < len(some) < 60 and text(answer, "CompletionFlag") == "F"
    assert int(text(answer, "SearchIndex")) == len(some) + 1


def test_what_others_may_not_see_is_not_found():
    anna = logged_in(("1.2", "xml"), service(presence="nobody"))
    bo = logged_in(("1.2", "xml"), anna.service, "bo")
    assert names(ask(anna, pair("USER_ONLINE_STATUS", "T"))) == ["anna"]
    assert names(ask(anna, pair("USER_ALIAS", "the"))) == []
    assert names(ask(bo, pair("USER_ALIAS", "the"))) == ["bo"]


def test_settings_that_cannot_be():
    with pytest.raises(ConfigError, match="about USER_SHOE of bo"):
        make = Config(users=(Account("bo", "x", about={"USER_SHOE": "45"}),))
        Service(make)
    with pytest.raises(ConfigError, match="search_index"):
        Config(search_index="first")


# Groups


def group(client, name, *own, **properties):
    told = {"Name": name, "Searchable": "T", **properties}
    listed = (node("Property", node("Name", n), node("Value", v)) for n, v in told.items())
    code = client.code(
        "CreateGroup-Request",
        node("GroupID", f"wv:{client.user}/{name}"),
        node("GroupProperties", *listed),
        node("JoinGroup", True),
        node("ScreenName", node("SName", "Boss"), node("GroupID", f"wv:{client.user}/{name}")),
        node("SubscribeNotification", False),
    )
    assert code == 200
    if own and client.version != "1.1":
        place = node("GroupID", f"wv:{client.user}/{name}")
        pairs = (node("Property", node("Name", n), node("Value", "T")) for n in own)
        assert client.code("SetGroupProps-Request", place, node("OwnProperties", *pairs)) == 200


def test_groups(anna):
    bo = logged_in((anna.version, anna.syntax), anna.service, "bo")
    group(bo, "chess", "ShowID", "AutoJoin", Topic="Openings")
    group(bo, "Quiz")
    group(bo, "hidden", "ShowID", Searchable="F")

    def found(*pairs):
        answer = ask(anna, *pairs)
        return [each[6:].partition("@")[0] for each in texts(answer, ".//GroupList/GroupID")]

    newer = anna.version != "1.1"
    for element, value, wanted in (
        ("GROUP_ID", "BO/", ["Quiz", "chess"]),
        ("GROUP_ID", "wv:bo/quiz@im.example.com", ["Quiz"]),
        ("GROUP_NAME", "QUI", ["Quiz"]),
        ("GROUP_TOPIC", "open", ["chess"]),
        ("GROUP_USER_ID_OWNER", "wv:bo", ["Quiz", "chess"]),
        ("GROUP_USER_ID_OWNER", "anna", []),
        ("GROUP_USER_ID_JOINED", "bo", ["chess"]),  # the other does not show it
        ("GROUP_USER_ID_JOINED", "nobody", []),
        ("GROUP_USER_ID_AUTOJOIN", "bo", ["chess"] if newer else []),
    ):
        if value == "bo" and not newer:
            continue  # a client of 1.1 has no own properties that say so
        assert found(pair(element, value)) == wanted, element
    assert found(pair("GROUP_NAME", "s"), pair("GROUP_TOPIC", "o")) == ["chess"]
    names_of = node("ScreenName", node("SName", "boss"), node("GroupID", "wv:bo/chess"))
    if newer:
        told = node("IDList", node("GroupID", "wv:bo/hidden"), names_of)
        assert anna.code("VerifyID-Request", told) == 200
    if anna.version == "1.3":
        told = pair("GROUP_NAME", "chess"), pair("GROUP_ID", "bo")
        answer = ask(anna, *told, criteria="NOT 1 AND 2")
        assert texts(answer, ".//GroupID") == ["wv:bo/Quiz@im.example.com"]


# VerifyID


def test_verify():
    for kind in KINDS:
        anna = logged_in(kind)
        anna.post("CreateList-Request", node("ContactList", "wv:anna/x"))
        if kind[0] == "1.1":  # has no such primitive, nor WBXML an element
            if kind[1] == "xml":
                assert anna.code("VerifyID-Request", node("IDList")) == 405
            continue
        good = (
            node("UserID", "wv:bo"),
            node("ContactList", "wv:anna/x@im.example.com"),
            node("Domain", "im.example.com"),
        )
        assert anna.code("VerifyID-Request", node("IDList", *good)) == 200
        screen = node("ScreenName", node("SName", "Rook"), node("GroupID", "wv:/none"))
        bad = (
            node("UserID", "wv:nobody"),
            node("UserID", "wv:bo@elsewhere.example"),
            node("UserID", "wv:"),
            node("ContactList", "wv:anna/y"),
            node("GroupID", "wv:/none"),
            screen,
            node("Domain", "elsewhere.example"),
        )
        answer = anna.post("VerifyID-Request", node("IDList", *bad))
        assert text(answer, "Result/Code") == "201"
        failed = {
            text(each, "Code"): [inner.tag for inner in each][2:]
            for each in answer.findall("Result/DetailedResult")
        }
        newer = kind[0] != "1.1"
        assert failed == {
            "531": ["UserID"],
            "516": ["UserID"] + ["Domain"] * newer,
            "901": ["UserID"],
            "700": ["ContactList"] * newer,
            "800": ["GroupID", "ScreenName"],
        }
        assert text(answer, ".//ScreenName/SName") == "Rook"


# Public profiles


def prop(name, value):
    return node("Property", node("Name", name), node("Value", value))


def update(client, clear, *properties, owner=None):
    user = node("UserID", owner) if owner else None
    profile = node("PublicProfile", user, *properties) if properties or owner else None
    return client.code("UpdatePublicProfile-Request", node("ClearPublicProfile", clear), profile)


def profile(client, *users):
    answer = client.post("GetPublicProfile-Request", *(node("UserID", each) for each in users))
    found = {}
    for each in answer.findall("PublicProfile"):
        pairs = {text(p, "Name"): text(p, "Value") for p in each.findall("Property")}
        found[text(each, "UserID")] = pairs
    return found, [text(each, "UserID") for each in answer.findall("Result/DetailedResult")]


@pytest.mark.parametrize("syntax", ["xml", "wbxml"])
def test_profiles(syntax):
    anna = logged_in(("1.3", syntax))
    found, unknown = profile(anna, "wv:bo", "wv:nobody", "wv:+4915550101")
    assert found["wv:bo"] == {"PP_AGE": "40", "PP_CITY": "York", "PP_GENDER": "M"}
    assert found["wv:+4915550101"] == {} and unknown == ["wv:nobody"]
    assert anna.code("GetPublicProfile-Request", node("UserID", "wv:nobody")) == 531
    assert anna.code("GetPublicProfile-Request") == 400
    assert update(anna, False, prop("PP_CITY", "Leeds"), prop("pp_age", "")) == 200
    assert profile(anna, "wv:anna")[0]["wv:anna"] == {"PP_CITY": "Leeds", "PP_GENDER": "F"}
    assert update(anna, True, prop("PP_FREE_TEXT", "Hi <all>"), owner="wv:anna") == 200
    assert profile(anna, "wv:anna")[0]["wv:anna"] == {"PP_FREE_TEXT": "Hi <all>"}
    assert update(anna, True) == 200
    assert profile(anna, "wv:anna")[0]["wv:anna"] == {}
    assert names(ask(anna, pair("USER_FIRST_NAME", "Anna"))) == ["anna"]  # that is no profile


def test_who_is_told_of_a_profile():
    anna = logged_in(("1.3", "xml"))
    bo = logged_in(("1.3", "xml"), anna.service, "bo")
    wanted = node("NotificationTypeList", node("NotificationType", "PPU"))
    for client in (anna, bo):
        assert client.code("SubscribeNotification-Request", wanted) == 200
    watch = node("UserIDList", node("UserID", "wv:anna"))
    assert bo.code("SubscribePresence-Request", watch) == 200
    bo.drain()
    assert update(anna, False, prop("PP_CITY", "Leeds")) == 200
    (found,) = bo.drain()
    assert text(found, "NotificationType") == "PPU"
    assert text(found, "UserList/User/UserID") == "wv:anna@im.example.com"
    assert anna.drain() == []


def test_profiles_that_are_refused():
    anna = logged_in(("1.3", "xml"))
    assert update(anna, False, prop("PP_SHOE", "45")) == 702
    assert update(anna, False, prop("PP_CITY", "Leeds"), prop("PP_AGE", "old")) == 702
    assert update(anna, False, prop("PP_AGE", "20"), owner="wv:bo") == 403
    assert profile(anna, "wv:anna")[0]["wv:anna"]["PP_CITY"] == "York"  # nothing was done


def test_accounts_of_a_file(tmp_path):
    from microimps.tools.sim.config import load

    path = tmp_path / "sim.toml"
    path.write_text(
        'search_index = "last"\n[[users]]\nid = "bo"\npassword = "x"\nabout = {PP_CITY = "York"}\n'
    )
    config = load(path)
    assert config.search_index == "last" and config.users[0].about == {"PP_CITY": "York"}
