# heap: 400K
"""Answers that are cut off and asked for again, and events that come in front of an answer: what
was half read leaves nothing behind."""

from binascii import b2a_base64

from peer import everyhow, fails, how, http, message, online, result, status

from microimps import PeerError, StatusError

BO, CY = "wv:bo@d", "wv:cy@d"


def names(*attributes):
    return ("PresenceSubList", [(name, "") for name in attributes])


def again(answer, until, version=2):
    """(client, peer): the answer breaks off behind ``until`` (str), and comes whole when it is
    asked for again."""
    answer = answer if isinstance(answer, list) else [answer]

    def half(ask):
        whole = message(answer, ask.tid, version, how.syntax)
        octets = until.encode()
        if how.syntax == "wbxml" and whole.find(octets) < 0:
            octets = octets[-6:]
        n = whole.find(octets) + len(octets)
        assert n >= len(octets)
        return http(whole)[: n - len(whole)]

    return online([half, answer], version)


@everyhow
def test_information_of_the_service():
    text = "A service of the marshes, for waders. Halfway here; and so on to the end."
    info = ("GetSPInfo-Response", [("Name", "Plover"), ("Description", text)])
    c, peer = again(info, "Halfway")
    assert c.service_info() == {"name": "Plover", "text": text}
    assert len(peer.sent) == 2


@everyhow
def test_presence():
    address = ("Address", [("Qualifier", True), ("Country", "NO"), ("City", "Bergen")])
    told = [("UserID", BO), ("PresenceSubList", [address])]
    c, _ = again(("GetPresence-Response", [result(), ("Presence", told)]), "Bergen")
    (p,) = c.presence((BO,))
    assert p.values == {"Address": [("Country", "NO"), ("City", "Bergen")]}


@everyhow
def test_attribute_lists():
    told = [("UserID", BO), names("Alias", "StatusText"), ("UserNotify", True)]
    if how.syntax == "xml":
        answer = [result(), ("Presence", told)]
        c, _ = again(("GetAttributeList-Response", answer), "<StatusText/>")
        assert list(c.attribute_lists()) == [(BO, ["Alias", "StatusText"], True)]
    state = [("UserID", BO), ("ReactiveAuthState", "GRANTED"), names("Alias", "StatusText")]
    answer = ("ReactiveAuthStatusList", [("ReactiveAuthStatus", state)])
    if how.syntax == "xml":
        c, _ = again(("GetReactiveAuthStatus-Response", [answer]), "<StatusText/>")
        assert list(c.authorisations()) == [(BO, "GRANTED", ["Alias", "StatusText"])]


@everyhow
def test_messages_that_wait():
    octets = bytes(range(40))
    text = str(b2a_base64(octets), "utf-8").strip()
    about = ("MessageInfo", [("MessageID", "m1"), ("ContentEncoding", "BASE64")])
    for part in (text[:2], text[:3]):
        c, peer = again(("GetMessage-Response", [about, ("ContentData", text)]), part)
        peer.script.append(status())
        assert b"".join(c.fetch("m1")) == octets
    font = ("Font", [("Size", "Big"), ("Color", "Red")])
    about = ("MessageInfo", [("MessageID", "m1"), font, ("ContentName", "a.txt")])
    c, _ = again(("GetMessageList-Response", [("MessageInfoList", [about])]), "a.txt", 3)
    (m,) = c.messages()
    assert m.font == ("Big", "Red")


@everyhow
def test_events_before_a_long_text():
    # an event has another long text than the answer that follows it
    text = "A description of more than the reader keeps of a text. " * 5
    ids = [("InviteID", "i1"), ("InviteType", "IM"), ("InviteNote", "Tea?")]
    invited = ("InviteUser-Request", ids, "77", "Request")
    c, _ = online([[invited, ("GetSPInfo-Response", [("Description", text)])], None])
    assert c.service_info() == {"text": text}
    about = ("MessageInfo", [("MessageID", "m1")])
    fetched = ("GetMessage-Response", [about, ("ContentData", text)])
    c, _ = online([[invited, fetched], None, status()])
    assert str(b"".join(c.fetch("m1")), "utf-8") == text
    placed = ("GetMap-Response", [result(), ("ContentData", text)])
    c, _ = online([[invited, placed], None], 3)
    found = "".join([str(data, "utf-8") for _, data in c.location_map(BO)])
    assert found == text


def test_events_with_unknown_elements():
    # the names of such elements are no numbers outside of presence
    told = [("UserID", BO), names("Alias")]
    notice = ("PresenceNotification-Request", [("Presence", told)], "77", "Request")
    lists = ("GetAttributeList-Response", [result(), ("Presence", told)])

    def odd(entry, tid):
        return http(message([entry], tid, 2, "xml").replace(b"<Alias/>", b"<Wings/>"))

    how.syntax = "xml"
    try:
        for missing in (150, 0):
            octets = odd(notice, "")
            script = [octets[: len(octets) - missing]] + [None] * (not missing)
            c, _ = online(script + [lambda ask: odd(lists, ask.tid)], retries=0)
            fails(list, c.events(0))
            assert list(c.attribute_lists()) == [(BO, [], None)]
    finally:
        how.syntax = "wbxml"


@everyhow
def test_a_long_description_of_a_refusal():
    long = ("Description", "because " * 40)
    for more in ((long,), (long, ("DetailedResult", [("Code", 531), long, ("UserID", BO)]))):
        c, _ = online([status(531, *more), status(531, ("Description", "gone"))])
        error = fails(c.delete_list, "x")
        assert isinstance(error, StatusError) and error.args[:2] == (531, "")
        assert fails(c.delete_list, "x").args[1] == "gone"


@everyhow
def test_a_session_lost_while_work_is_in_progress():
    # what became of the request is not known: it is neither done nor asked for again
    c, peer = online([status(100), status(604) + ("",)])
    error = fails(c.send, BO, "x")
    assert isinstance(error, StatusError) and error.args[0] == 604
    assert c.session.id is None and not peer.script


@everyhow
def test_a_poll_that_brings_nothing_while_work_is_in_progress():
    late = ("SendMessage-Response", [result(), ("MessageID", "m1")], "4")
    c, _ = online([status(100), status() + ("",), late])
    assert c.send(BO, "x") == "m1"


def test_repeated_requests_do_not_fill_the_memory():
    def new(i):
        info = ("MessageInfo", [("MessageID", "m%d" % i)])
        return ("NewMessage", [info, ("ContentData", "x")], str(i), "Request")

    full = [new(i) for i in range(10)]
    c, peer = online([[status()] + full] + [[status()] + full[-2:]] * 20)
    for _ in range(21):
        c.delete_list("x")
    assert len(c.session.owed) <= 10 and len(c.session.answered) <= 4


@everyhow
def test_requests_for_each_of_several_in_a_notice():
    people = ("Joined", [("UserList", [("User", [("UserID", each)]) for each in (BO, CY)])])
    notice = ("GroupChangeNotice", [("GroupID", "wv:bo/g@d"), people], "77", "Request")
    sent = ("SendMessage-Response", [result(), ("MessageID", "r")])
    c, peer = online([notice, sent, notice, sent, notice, None, None, None])
    greeted = []
    for event in c.events(0):
        c.send(event.person[0], "Welcome")
        greeted.append(event.person[0])
    assert greeted == [BO, CY]


def test_notices_that_never_come_whole_do_not_fill_the_memory():
    told = [("UserID", BO), names("Alias")]

    def half(tid):
        notice = ("PresenceNotification-Request", [("Presence", told), ("Presence", told)])
        return http(message([notice + (tid, "Request")], "", 2, how.syntax))[:-12]

    c, _ = online([half(str(tid)) for tid in range(30)], retries=0)
    for _ in range(30):
        fails(list, c.events(0))
    assert 0 < len(c.session.given) < 6


def test_numbers_in_other_scripts():
    how.syntax = "xml"
    try:
        for digits in ("\u00b2", "\u0663"):
            c, _ = online([("Search-Response", [result(), ("SearchFindings", digits)])])
            error = fails(list, c.search(("USER_ALIAS", "x")))
            assert isinstance(error, PeerError) and error.args[0] == 11
    finally:
        how.syntax = "wbxml"


if __name__ == "__main__":
    from testing import run

    run(globals())
