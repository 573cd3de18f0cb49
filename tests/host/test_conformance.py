"""The content models, the check against them, and the page that docs/conformance.md is."""

from xml.etree.ElementTree import fromstring

import pytest

from microimps.tools.conformance import check, code, models, primitives, report
from microimps.tools.tables import VERSIONS, table


@pytest.mark.parametrize(
    "version, text",
    [
        ("1.2", "<NickName><Name>x</Name><UserID>y</UserID></NickName>"),
        ("1.3", "<UserIDList><UserID>y</UserID></UserIDList>"),
        ("1.2", "<CommC><Cap>SMS</Cap><Status>OPEN</Status></CommC>"),
        ("1.1", "<AddrPref><PrefC>SMS</PrefC><Caddr>1</Caddr><Cstatus/><CName/></AddrPref>"),
        ("1.3", "<Extended-Request><Anything><At/></Anything></Extended-Request>"),
        ("1.3", "<SearchPairList><SearchElement/><SearchString/></SearchPairList>"),
    ],
)
def test_what_follows_the_models(version, text):
    assert check(fromstring(text), version) == []


@pytest.mark.parametrize(
    "version, text, message",
    [
        (
            "1.2",
            "<NickName><UserID>y</UserID><Name>x</Name></NickName>",
            "/NickName: UserID;Name; version 1.2 wants Name, UserID",
        ),
        (
            "1.2",
            "<NickName><Name>x</Name></NickName>",
            "/NickName: Name; version 1.2 wants Name, UserID",
        ),
        (
            "1.1",
            "<NickName><Name><b/></Name><UserID/></NickName>",
            "/NickName/Name: b; version 1.1 wants text",
        ),
        (
            "1.2",
            "<UserIDList><UserID>y</UserID></UserIDList>",
            "/UserIDList: version 1.2 has no such element",
        ),
        (
            "1.1",
            "<RejectMessage-Request/>",
            "/RejectMessage-Request: nothing; version 1.1 wants MessageID+",
        ),
        (
            "1.3",
            "<Polling-Request>now</Polling-Request>",
            "/Polling-Request: 'now' is no value for it",
        ),
        ("1.2", "<Poll>yes</Poll>", "/Poll: 'yes' is no value for it"),
        ("1.2", "<Code>2e2</Code>", "/Code: '2e2' is no value for it"),
        (
            "1.1",
            "<TransactionContent/>",
            "/TransactionContent: nothing; version 1.1 wants primitive",
        ),
        (
            "1.1",
            "<TransactionContent><UserID/></TransactionContent>",
            "/TransactionContent: UserID; version 1.1 wants primitive",
        ),
    ],
)
def test_what_breaks_the_models(version, text, message):
    assert message in check(fromstring(text), version)


def test_what_pts_leaves_out_is_no_violation():
    login = "<Login-Request><UserID>a</UserID><ExtendedData>1</ExtendedData></Login-Request>"
    assert check(fromstring(login), "1.2") and not check(fromstring(login), "1.2", partial=True)
    turned = "<NickName><UserID>y</UserID><Name>x</Name></NickName>"
    assert check(fromstring(turned), "1.2", partial=True)


def test_every_element_has_a_model_in_every_version_that_knows_it():
    known = models()
    gone = {("PresenceAuth-Request", "1.3"), ("PresenceAuth-User", "1.3")}  # token, but no use
    lost = {(n, v) for v in VERSIONS for n in table(v).numbers if (n, v) not in known}
    assert lost == gone
    named = {(child, v) for (_, v), model in known.items() for child in model.names}
    assert not {each for each in named if each not in known}


def test_every_element_stands_somewhere():
    named = {child for model in models().values() for child in model.names}
    tops = {name for version in VERSIONS for name in primitives(version)}
    alone = {name for name, _ in models() if name not in named | tops}
    assert {name for name in alone if "/" not in name} == {
        "WV-CSP-Message",
        "AnswerOptionsText",
        "Capability",
    }


# the page


def test_the_page_is_current():
    """After a change of the code or of the tests: make conformance."""
    assert report.PAGE.read_text(encoding="utf-8") == report.page()


def test_no_row_is_empty_without_a_reason():
    assert not report.faults()


def test_what_the_code_names():
    client, service = code.client(), code.service()
    assert "core/primitives/access.py" in client.writes["Login-Request"]
    assert "core/primitives/access.py" in client.reads["Nonce"]
    assert "core/primitives/sublist.py" in client.writes["Crossing1"]
    assert "Nonce" not in client.writes and "DigestBytes" not in client.reads
    assert "Host" not in client.writes  # of HTTP
    assert "sim/access.py" in service.writes["Nonce"] and "Nonce" not in service.reads


@pytest.fixture
def afresh():
    """The table is made anew, before the test and behind it."""
    report.table.cache_clear()
    yield
    report.table.cache_clear()


def test_an_empty_row_is_found(monkeypatch, afresh):
    monkeypatch.setattr(report, "reasons", dict)
    assert "Capability 1.1: neither sent nor read, no reason" in report.faults()


def test_what_is_not_seen_on_the_wire_is_no_use(monkeypatch, afresh, tmp_path):
    """The code may name an element as often as it likes."""
    monkeypatch.setattr(report, "TESTED", tmp_path / "tested.csv")
    report.TESTED.write_text(
        "element,who,1.1,1.2,1.3,test\nNonce,client reads,,xml,,a.py::test_b\n"
    )
    assert report.table()["Nonce"].seen["client reads"] == ("1.2",)
    assert report.table()["Nonce"].empty() == ("1.1", "1.3")
    assert report.table()["Login-Request"].empty() == VERSIONS
    assert "a.py::test_b: no such test" in report.faults()


def test_a_reason_goes_when_it_is_not_needed(monkeypatch, afresh, tmp_path):
    kept = report.REASONS.read_text(encoding="utf-8")
    monkeypatch.setattr(report, "REASONS", tmp_path / "reasons.csv")
    more = "UserID NoSuchThing,,Never seen\n"
    report.REASONS.write_text(
        kept + more + "Password AllFunctions,,Half of it\n", encoding="utf-8"
    )
    found = report.faults()
    for name in ("NoSuchThing", "Password", "UserID"):
        assert f"{name}: a reason that is not needed" in found
    report.prune()
    assert report.REASONS.read_text(encoding="utf-8") == kept + "AllFunctions,,Half of it\n"


def test_what_is_asked_of_a_client():
    """Every requirement is met, and proved by a test, but these."""
    asked = report._requirements()
    unmet = {row["requirement"] for row in asked if report._state(row["proof"]) != "yes"}
    assert unmet == {"Digest by MD4"}
    proved = {row["requirement"] for row in asked if "::" in row["proof"]}
    assert {row["requirement"] for row in asked} - proved == unmet


def test_a_module_that_is_not_there_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(report, "UNKNOWN", tmp_path / "unknown.csv")
    report.UNKNOWN.write_text("fact,record,here,module,setting\nx,y,z,core/cir.py core/none.py,\n")
    assert "core/none.py: no such module" in report.faults()
    assert "core/cir.py: no such module" not in report.faults()
