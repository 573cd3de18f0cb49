# heap: 256K
"""Presence, by transactions.md section 9 and presence.md."""

from peer import everyhow, fails, online, result, status

from microimps import LocalError

BO = "wv:bo@d"


def simple(attribute, value, qualifier=True):
    content = [("Qualifier", qualifier)] if qualifier is not None else []
    if value is not None:
        content.append(("PresenceValue", value))
    return (attribute, content)


def of(user, *attributes):
    return ("Presence", [("UserID", user), ("PresenceSubList", list(attributes))])


def told(*presences):
    return ("GetPresence-Response", [result()] + list(presences))


def notified(presence, tid="77"):
    return ("PresenceNotification-Request", [presence], tid, "Request")


def ask(answer, version=2):
    c, _ = online([answer], version)
    return list(c.presence(users=(BO,)))


@everyhow
def test_presence():
    client = ("ClientInfo", [("Qualifier", True), ("ClientType", "MOBILE_PHONE"), ("Model", "T9")])
    for version in (1, 2, 3):
        one, two = ask(
            told(
                of(
                    BO,
                    simple("OnlineStatus", True),
                    client,
                    simple("UserAvailability", "DISCREET"),
                    simple("StatusText", " Out & <about> "),
                    simple("StatusMood", "HAPPY"),
                    simple("Alias", "Bo"),
                ),
                of("wv:cy@d", simple("OnlineStatus", False)),
            ),
            version,
        )
        assert one.kind == "presence" and one.user == BO
        assert (
            one.online == "T" and one.availability == "DISCREET" and one.client == "MOBILE_PHONE"
        )
        assert one.model == "T9" and one.text == " Out & <about> " and one.mood == "HAPPY"
        assert one.alias == "Bo" and one.place is None and "place" not in one.values
        assert one.shown() == "busy"
        assert two.user == "wv:cy@d" and two.online == "F" and two.values == {"online": "F"}


@everyhow
def test_qualifiers():
    (p,) = ask(
        told(
            of(
                BO,
                simple("OnlineStatus", True, False),  # a value that is not valid
                simple("StatusText", None, False),
                simple("Alias", "Bo", None),  # none said: valid
                simple("UserAvailability", "AVAILABLE"),
                ("ClientInfo", [("Qualifier", False), ("Model", "T9")]),
            )
        )
    )
    assert p.online is None and "online" in p.values
    assert p.text is None and "text" in p.values
    assert p.alias == "Bo" and p.availability == "AVAILABLE"
    assert p.model is None and p.client is None and "model" in p.values
    assert p.shown() == "offline"


def test_qualifier_behind_its_value():
    (p,) = ask(told(of(BO, ("StatusText", [("PresenceValue", "x"), ("Qualifier", False)]))))
    assert p.text is None


@everyhow
def test_unknown_attributes_are_skipped():
    zone = ("TimeZone", [("Qualifier", False), ("Zone", "+02")])
    cap = ("CommCap", [("Qualifier", True), ("CommC", [("Cap", "SMS"), ("Status", "OPEN")])])
    (p,) = ask(told(of(BO, zone, cap, simple("StatusText", ""), simple("Alias", "Bo"))))
    assert p.values == {"text": "", "alias": "Bo"}


@everyhow
def test_presence_of_a_list_and_of_nobody():
    listed = ("Presence", [("ContactList", "wv:anna/x@d"), ("PresenceSubList", [])])
    (p,) = ask(told(listed))
    assert p.user == "wv:anna/x@d" and p.values == {}
    assert ask(told()) == []
    (p,) = ask(told(("Presence", [("UserID", BO)])))
    assert p.user == BO and p.values == {}


def test_several_devices():
    # 1.3: an attribute for every client, transactions.md section 15.6 and presence.md section 6
    one = (
        "OnlineStatus",
        [("Qualifier", True), ("PresenceValue", False), ("ClientID", [("URL", "a")])],
    )
    two = (
        "OnlineStatus",
        [("Qualifier", True), ("PresenceValue", True), ("ClientID", [("URL", "b")])],
    )
    for devices in ((one, two), (two, one)):
        (p,) = ask(told(of(BO, *devices)), 3)
        assert p.online == "T", devices


def test_merging():
    first = of(BO, simple("OnlineStatus", True), simple("StatusText", "Hi"))
    second = of(BO, simple("UserAvailability", "NOT_AVAILABLE"))
    third = of(BO, simple("StatusText", None, False))
    c, _ = online(
        [notified(first, "1"), None, notified(second, "2"), None, notified(third, "3"), None]
    )
    known = None
    for text, shown in (("Hi", "available"), ("Hi", "away"), (None, "away")):
        (news,) = list(c.events(0))
        if known:
            known.merge(news)
        else:
            known = news
        assert known.online == "T" and known.text == text and known.shown() == shown


@everyhow
def test_notification():
    for version in (1, 2, 3):
        news = notified(of(BO, simple("OnlineStatus", True)))
        news[1].append(of("wv:cy@d", simple("Alias", "Cy")))
        c, peer = online([news, None], version)
        found = list(c.events(0))
        assert [each.user for each in found] == [BO, "wv:cy@d"]
        assert peer.asked().mode == "Response" and peer.asked().tid == "77"
        assert peer.asked().content == [("Result", [("Code", "200")])]


@everyhow
def test_authorisation_asked_of_us_is_answered():
    asked = ("PresenceAuth-Request", [("UserID", BO), ("PresenceSubList", [("OnlineStatus", "")])])
    c, peer = online([asked + ("78", "Request"), None])
    list(c.events(0))
    assert peer.asked().content == [("Result", [("Code", "200")])]


def whom(version, users, lists):
    """What names users and lists, as the version has it."""
    users = [("UserID", each) for each in users]
    lists = [("ContactList", each) for each in lists]
    if version < 3:
        return [("User", [each]) for each in users] + lists
    wrapped = [("UserIDList", users)] if users else []
    return wrapped + ([("ContactListIDList", lists)] if lists else [])


@everyhow
def test_requests():
    friends = "wv:anna/f@d"
    for version in (1, 2, 3):
        c, peer = online([told(), told(), status(), status(), status()], version)
        list(c.presence((BO, "wv:cy@d"), names=("text", "online", "model", "client")))
        names = [("OnlineStatus", ""), ("ClientInfo", ""), ("StatusText", "")]
        wanted = whom(version, (BO, "wv:cy@d"), ()) + [("PresenceSubList", names)]
        assert peer.asked().name == "GetPresence-Request" and peer.asked().content == wanted
        list(c.presence(lists=(friends,)))
        assert peer.asked().content == whom(version, (), (friends,))
        automatic = [("AutoSubscribe", "T")] if version == 2 else []
        c.subscribe((BO,), (friends,), ("online",))
        wanted = whom(version, (BO,), (friends,)) + [("PresenceSubList", [("OnlineStatus", "")])]
        assert peer.asked().content == wanted + automatic
        c.subscribe(lists=(friends,), automatic=False)
        automatic = [("AutoSubscribe", "F")] if version == 2 else []
        assert peer.asked().content == whom(version, (), (friends,)) + automatic
        c.unsubscribe((BO,))
        assert peer.asked().content == whom(version, (BO,), ())


@everyhow
def test_update():
    c, peer = online([status()] * 4)
    c.update_presence(
        text="Out & about", online=True, availability="DISCREET", model="T9", client="PDA"
    )
    wanted = [
        simple("OnlineStatus", "T", "T"),
        ("ClientInfo", [("Qualifier", "T"), ("ClientType", "PDA"), ("Model", "T9")]),
        simple("UserAvailability", "DISCREET", "T"),
        simple("StatusText", "Out & about", "T"),
    ]
    assert peer.asked().content == [("PresenceSubList", wanted)]
    c.update_presence(text=None, alias="")
    wanted = [("StatusText", [("Qualifier", "F")]), simple("Alias", "", "T")]
    assert peer.asked().content == [("PresenceSubList", wanted)]
    c.update_presence(online=False)
    assert peer.asked().content == [("PresenceSubList", [simple("OnlineStatus", "F", "T")])]
    error = fails(lambda: c.update_presence(colour="red"))
    assert isinstance(error, LocalError) and error.args[0] == 45
    c.update_presence(mood="SLEEPY")


def test_some_that_cannot_be_watched():
    failed = ("DetailedResult", [("Code", 531), ("UserID", BO)])
    c, _ = online([status(201, failed), status(760)])
    assert c.subscribe((BO, "wv:cy@d")) == [531, BO]
    assert fails(c.subscribe, (BO,)).args[0] == 760


if __name__ == "__main__":
    from testing import run

    run(globals())
