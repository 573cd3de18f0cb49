# heap: 192K
"""Who may see presence, who watches, and maps, by transactions.md sections 9, 9.1, 9.2, 15.5."""

from peer import everyhow, fails, online, result, status

from microimps import LocalError, PeerError, StatusError

BO, CY, FRIENDS = "wv:bo@d", "wv:cy@d", "wv:anna/friends@d"


def listing(*names):
    return ("PresenceSubList", [(name, "") for name in names] or "")


def ids(version, users, lists):
    """What names users and lists in a request that changes attribute lists."""
    users = [("UserID", each) for each in users]
    lists = [("ContactList", each) for each in lists]
    if version < 3:
        return users + lists
    wrapped = [("UserIDList", users)] if users else []
    return wrapped + ([("ContactListIDList", lists)] if lists else [])


@everyhow
def test_creating_and_deleting_attribute_lists():
    for version in (1, 2, 3):
        c, peer = online([status(), status(), status(), status()], version)
        assert c.create_attribute_list(("StatusText", "Alias", "OnlineStatus"), (BO,)) == []
        first = [listing("OnlineStatus", "StatusText", "Alias")]
        wanted = first + ids(version, (BO,), ()) + [("DefaultList", "F")]
        name = "CreateAttributeList-Request"
        assert peer.asked().name == name and peer.asked().content == wanted
        c.create_attribute_list((), (), (FRIENDS,), True, True)
        wanted = [listing()] + ids(version, (), (FRIENDS,)) + [("DefaultList", "T")]
        if version == 3:
            wanted += [("DefaultNotify", "T"), ("ContactListNotify", "T")]
        assert peer.asked().content == wanted
        c.create_attribute_list(None, (BO,), notify=False)
        every = peer.asked().content[0][1]
        assert len(every) == (17 if version == 1 else 18)
        assert every[0] == ("OnlineStatus", "") and (("InfoLink", "") in every) == (version > 1)
        assert (("UserNotify", "F") in peer.asked().content) == (version == 3)
        c.delete_attribute_list((BO, CY), (FRIENDS,), True)
        wanted = ids(version, (BO, CY), (FRIENDS,)) + [("DefaultList", "T")]
        assert peer.asked().name == "DeleteAttributeList-Request"
        assert peer.asked().content == wanted
    error = fails(c.create_attribute_list, ("Colour",))
    assert isinstance(error, LocalError) and error.args[0] == 45


def test_what_failed_of_attribute_lists():
    failed = ("DetailedResult", [("Code", 700), ("ContactList", FRIENDS)])
    c, _ = online([status(201, failed), status(755)])
    assert c.create_attribute_list((), (BO,), (FRIENDS,)) == [700, FRIENDS]
    error = fails(c.create_attribute_list, ())
    assert isinstance(error, StatusError) and error.args[0] == 755


@everyhow
def test_reading_attribute_lists():
    usual = ("DefaultAttributeList", [listing("OnlineStatus")])
    bo = ("Presence", [("UserID", BO), listing("StatusText", "Alias")])
    team = ("Presence", [("ContactList", FRIENDS), listing()])
    for version in (1, 2):
        c, peer = online([("GetAttributeList-Response", [result(), usual, bo, team])], version)
        assert list(c.attribute_lists((BO,), (FRIENDS,), True)) == [
            (None, ["OnlineStatus"], None),
            (BO, ["StatusText", "Alias"], None),
            (FRIENDS, [], None),
        ]
        assert peer.asked().content == [
            ("DefaultList", "T"),
            ("ContactList", FRIENDS),
            ("User", [("UserID", BO)]),
        ]
    usual[1].insert(0, ("DefaultNotify", True))
    bo[1].insert(1, ("UserNotify", False))
    team[1].insert(1, ("ContactListNotify", True))
    c, peer = online([("GetAttributeList-Response", [result(), usual, bo, team])], 3)
    assert list(c.attribute_lists((BO,), (FRIENDS,), True)) == [
        (None, ["OnlineStatus"], True),
        (BO, ["StatusText", "Alias"], False),
        (FRIENDS, [], True),
    ]
    assert peer.asked().content == [
        ("DefaultList", "T"),
        ("ContactListIDList", [("ContactList", FRIENDS)]),
        ("UserIDList", [("UserID", BO)]),
    ]
    c, peer = online([("GetAttributeList-Response", [result()])])
    assert list(c.attribute_lists()) == [] and peer.asked().content == [("DefaultList", "F")]


@everyhow
def test_being_asked():
    asked = ("PresenceAuth-Request", [("UserID", BO), listing("OnlineStatus", "Alias")])
    every = ("PresenceAuth-Request", [("UserID", CY)])
    for version in (1, 2):
        c, peer = online([asked + ("78", "Request"), None], version)
        (event,) = c.events(0)
        assert event.kind == "authorisation" and event.user == BO
        assert event.names == ["OnlineStatus", "Alias"]
        assert peer.asked().content == [("Result", [("Code", "200")])] and peer.asked().tid == "78"
        c, _ = online([every + ("79", "Request"), None], version)
        assert [(each.user, each.names) for each in c.events(0)] == [(CY, [])]


@everyhow
def test_answering():
    for version in (1, 2):
        c, peer = online([status()] * 4, version)
        c.authorise(BO)
        assert peer.asked().name == "PresenceAuth-User" and peer.asked().mode == "Request"
        assert peer.asked().content == [("UserID", BO), ("Acceptance", "T")]
        c.authorise(BO, ("Alias", "OnlineStatus"))
        more = [listing("OnlineStatus", "Alias")] if version == 2 else []
        assert peer.asked().content == [("UserID", BO), ("Acceptance", "T")] + more
        c.refuse(BO)
        assert peer.asked().content == [("UserID", BO), ("Acceptance", "F")]
        c.cancel_authorisation(BO)
        assert peer.asked().name == "CancelAuth-Request"
        assert peer.asked().content == [("UserID", BO)]
    # 1.3 has attribute lists in their place
    c, peer = online([status()] * 4, 3)
    whom = [("UserIDList", [("UserID", BO)]), ("DefaultList", "F")]
    c.authorise(BO, ("Alias",))
    assert peer.asked().name == "CreateAttributeList-Request"
    assert peer.asked().content == [listing("Alias")] + whom + [("UserNotify", "T")]
    c.authorise(BO)
    assert len(peer.asked().content[0][1]) == 18
    assert peer.asked().content[1:] == whom + [("UserNotify", "F")]
    c.refuse(BO)
    assert peer.asked().content == [listing()] + whom + [("UserNotify", "F")]
    c.cancel_authorisation(BO)
    assert peer.asked().name == "DeleteAttributeList-Request" and peer.asked().content == whom


@everyhow
def test_what_became_of_requests():
    def state(user, word, *names):
        told = [("UserID", user), ("ReactiveAuthState", word), listing(*names)]
        return ("ReactiveAuthStatus", told)

    answer = [("ReactiveAuthStatusList", [state(BO, "GRANTED", "Alias"), state(CY, "PENDING")])]
    c, peer = online([("GetReactiveAuthStatus-Response", answer), status(), status()])
    found = [(BO, "GRANTED", ["Alias"]), (CY, "PENDING", [])]
    assert list(c.authorisations((BO, CY))) == found
    assert peer.asked().content == [("UserID", BO), ("UserID", CY)]
    assert list(c.authorisations()) == [] and peer.asked().content == ""
    assert list(c.authorisations(BO)) == []
    assert peer.asked().content == [("UserID", BO)]
    for version in (1, 3):
        c, _ = online([], version)
        error = fails(list, c.authorisations())
        assert isinstance(error, LocalError) and error.args[0] == 48


@everyhow
def test_watchers():
    c, peer = online([("GetWatcherList-Response", [("User", [("UserID", BO)])] * 2)], 1)
    assert list(c.watchers(60)) == [(BO, None, None)] * 2 and peer.asked().content == ""

    def watcher(who, word):
        return ("Watcher", [who] + ([("WatcherStatus", word)] if word else []))

    told = [
        ("HistoryPeriod", 60),
        watcher(("User", [("UserID", BO)]), "CURRENT_SUBSCRIBER"),
        watcher(("User", [("UserID", CY)]), None),
    ]
    c, peer = online([("GetWatcherList-Response", told)] * 2, 2)
    assert list(c.watchers(60, 9)) == [(BO, "CURRENT_SUBSCRIBER", None), (CY, None, None)]
    assert peer.asked().content == [("HistoryPeriod", "60"), ("MaxWatcherList", "9")]
    assert len(list(c.watchers())) == 2 and peer.asked().content == ""
    bo = watcher(("UserID", BO), "FORMER_SUBSCRIBER")
    bo[1].insert(1, ("FriendlyName", "Bo & co"))
    told[1:] = [
        ("WatcherCount", 3),
        bo,
        watcher(("UserID", CY), "PRESENCE_ACCESS"),
    ]
    c, peer = online([("GetWatcherList-Response", told)], 3)
    assert list(c.watchers(60)) == [
        (BO, "FORMER_SUBSCRIBER", "Bo & co"),
        (CY, "PRESENCE_ACCESS", None),
    ]


@everyhow
def test_maps():
    picture = bytes(range(100))
    coded = (
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB"
        "QkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiYw=="
    )
    content = [("ContentType", "image/png"), ("ContentEncoding", "BASE64"), ("ContentData", coded)]
    found = ("GetMap-Response", [("Map", content)])
    plain = ("GetMap-Response", [("Map", [("ContentType", "x/y"), ("ContentData", "a b")])])
    c, peer = online([found, plain, ("GetMap-Response", [("URL", "http://d/m")])], 3)
    pairs = list(c.location_map(BO))
    assert peer.asked().name == "GetMap-Request" and peer.asked().content == [("UserID", BO)]
    assert pairs[0] == ("ContentType", "image/png")
    assert b"".join([value for name, value in pairs if name == "ContentData"]) == picture
    pairs = list(c.location_map(place={"TimeZone": {"Zone": "+02"}}))
    wanted = [("TimeZone", [("Qualifier", "T"), ("Zone", "+02")])]
    assert peer.asked().content == [("PresenceSubList", wanted)]
    assert b"".join([value for name, value in pairs[1:]]) == b"a b"
    assert list(c.location_map(BO)) == [("URL", "http://d/m")]
    content[2] = ("ContentData", "A")
    c, _ = online([found], 3)
    error = fails(lambda: list(c.location_map(BO)))
    assert isinstance(error, PeerError) and error.args[0] == 16
    for version in (1, 2):
        c, _ = online([], version)
        error = fails(list, c.location_map(BO))
        assert isinstance(error, LocalError) and error.args[0] == 48


if __name__ == "__main__":
    from testing import run

    run(globals())
