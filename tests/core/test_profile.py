# heap: 192K
"""Public profiles, by transactions.md section 15.4."""

from peer import everyhow, fails, online, result, status

from microimps import LocalError, StatusError

BO, CY = "wv:bo@d", "wv:cy@d"


def profile(user, **values):
    pairs = [("Property", [("Name", n), ("Value", values[n])]) for n in sorted(values)]
    return ("PublicProfile", [("UserID", user)] + pairs)


@everyhow
def test_profiles():
    known = profile(BO, PP_AGE="33", PP_CITY="York & Ely", X_SHOE="45")
    c, peer = online([("GetPublicProfile-Response", [result(), known, profile(CY)])], 3)
    assert list(c.profiles(BO, CY)) == [
        (BO, {"age": "33", "city": "York & Ely", "X_SHOE": "45"}),
        (CY, {}),
    ]
    assert peer.asked().name == "GetPublicProfile-Request"
    assert peer.asked().content == [("UserID", BO), ("UserID", CY)]


@everyhow
def test_unknown_users():
    failed = ("DetailedResult", [("Code", 531), ("UserID", CY)])
    answer = ("GetPublicProfile-Response", [result(201, failed), profile(BO, PP_GENDER="")])
    c, _ = online([answer, status(531, failed)], 3)
    assert list(c.profiles(BO, CY)) == [(BO, {"gender": ""})]
    assert c.session.details == [531, CY]
    error = fails(list, c.profiles(CY))
    assert isinstance(error, StatusError) and error.args[0] == 531


def test_a_profile_without_end_is_cut():
    many = profile(BO, **{"P%02d" % i: "x" for i in range(40)})
    c, _ = online([("GetPublicProfile-Response", [result(), many, profile(CY, PP_AGE="1")])], 3)
    (_, some), other = list(c.profiles(BO, CY))
    assert len(some) == 16 and other == (CY, {"age": "1"})


@everyhow
def test_update():
    c, peer = online([status()] * 3, 3)
    c.update_profile(city="York", age=33)
    clear, changed = peer.asked().content
    assert peer.asked().name == "UpdatePublicProfile-Request" and clear[1] == "F"
    assert changed[0] == "PublicProfile" and changed[1][0] == ("UserID", "wv:anna@d")
    pairs = sorted([(dict(each)["Name"], dict(each)["Value"]) for _, each in changed[1][1:]])
    assert pairs == [("PP_AGE", "33"), ("PP_CITY", "York")]
    c.update_profile(True)
    assert peer.asked().content == [("ClearPublicProfile", "T")]
    c.update_profile(gender="")
    assert peer.asked().content[1][1][1] == ("Property", [("Name", "PP_GENDER"), ("Value", "")])


def test_before_1_3():
    for version in (1, 2):
        c, peer = online([], version)
        for error in (fails(list, c.profiles(BO)), fails(c.update_profile)):
            assert isinstance(error, LocalError) and error.args[0] == 48
        assert not peer.sent


if __name__ == "__main__":
    from testing import run

    run(globals())
