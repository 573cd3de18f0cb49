# heap: 256K
"""The session over a scripted service: states, transactions, repeats, polls, keep-alive."""

from peer import (
    Peer,
    client,
    everyhow,
    fails,
    granted,
    how,
    http,
    message,
    negotiated,
    online,
    result,
    status,
)

from microimps import LocalError, PeerError, StatusError


def report(i="m1"):
    """A request of the service that gives one item."""
    info = [("MessageID", i), ("ContentSize", 2), ("Recipient", []), ("Sender", [])]
    return ("DeliveryReport-Request", [result(), ("MessageInfo", info)])


def new(i, text="hello"):
    people = [("Recipient", []), ("Sender", [("User", [("UserID", "wv:bo@d")])])]
    info = [("MessageID", i), ("ContentType", "text/plain"), ("ContentSize", len(text))] + people
    return ("NewMessage", [("MessageInfo", info), ("ContentData", text)])


def of(peer, i):
    """(mode, TransactionID, primitive) of the i-th request since login."""
    ask = peer.asked(i)
    return ask.mode, ask.tid, ask.name


def polls(c, ms=0):
    return [(each.kind, each.id) for each in c.events(ms)]


# the state table: what each task does in each state

OFF, OPENING, ON, CLOSING = 0, 1, 2, 3


def in_state(state, script):
    """A client in this state of its session."""
    if state in (ON, CLOSING):
        c, peer = online(script)
        if state == CLOSING:
            c.session.go(3)
        return c, peer
    peer = Peer(script)
    c = client(peer)
    if state == OPENING:
        c.session.go(0)
    return c, peer


def test_every_event_in_every_state():
    # LOGIN GRANTED ENDED LOGOUT REQUEST; None is LocalError 40
    table = (
        (OPENING, None, OFF, None, None),
        (OPENING, ON, OFF, None, None),
        (None, None, OFF, CLOSING, ON),
        (OPENING, None, OFF, None, None),
    )
    for state in (OFF, OPENING, ON, CLOSING):
        for event in range(5):
            c, _ = in_state(state, [])
            error = fails(c.session.go, event)
            wanted = table[state][event]
            if wanted is None:
                assert isinstance(error, LocalError) and error.args[0] == 40, (state, event)
                assert c.session.state == state
            else:
                assert error is None and c.session.state == wanted, (state, event)


def test_tasks_outside_a_session():
    for state in (OFF, OPENING):
        c, peer = in_state(state, [])
        tasks = ((c.logout,), (c.keep_alive,), (c.send, "wv:bo@d", "x"), (list, c.lists()))
        for task in tasks:
            error = fails(*task)
            assert isinstance(error, LocalError) and error.args[0] == 40
        assert not peer.sent
        assert list(c.events(0)) == [] and c.session.tick(0) == -1
    c, peer = online([])
    assert fails(c.login).args[0] == 40 and not peer.sent
    assert c.session.id == "s1"


def test_login_again_after_logout():
    c, peer = online([status(), granted(session="s2")] + negotiated() + [status()])
    c.logout()
    assert c.session.id is None
    c.login()
    assert c.session.id == "s2"
    c.delete_list("x")
    assert peer.asked().sid == "s2"


# the envelope


@everyhow
def test_envelope():
    for version in (1, 2, 3):
        c, peer = online([status(), status()], version)
        c.delete_list("old")
        c.delete_list("older")
        first, second = peer.asked(0), peer.asked(1)
        assert first.version == version and first.type == "Inband" and first.sid == "s1"
        assert first.mode == "Request" and first.name == "DeleteList-Request"
        assert first.tid and first.tid != second.tid
        dot = b"+" if version == 3 else b"."
        wanted = b"\r\nContent-Type: application/vnd.wv.csp" + dot + how.syntax.encode() + b"\r\n"
        assert wanted in first.head


def test_transaction_numbers_stay_below_1000():
    c, peer = online([status()] * 3)
    c.session.tid = 997
    for _ in range(3):
        c.delete_list("x")
    assert [peer.asked(i).tid for i in range(3)] == ["998", "999", "1"]


# answers


@everyhow
def test_status_of_a_request():
    c, _ = online([status(700, ("Description", "no such <list>"))])
    error = fails(c.delete_list, "x")
    assert isinstance(error, StatusError)
    assert error.args[0] == 700 and error.args[1] == "no such <list>"
    assert c.session.id == "s1"


@everyhow
def test_partial_success():
    failed = ("DetailedResult", [("Code", 531), ("Description", "who"), ("UserID", "wv:no@d")])
    c, _ = online(
        [("ListManage-Response", [result(201, failed)]), ("ListManage-Response", [result()])]
    )
    assert c.add_contact("friends", "wv:no@d") == [531, "wv:no@d"]
    assert c.session.details == [531, "wv:no@d"]
    assert c.add_contact("friends", "wv:bo@d") == []


@everyhow
def test_partial_success_beside_another_transaction():
    failed = ("DetailedResult", [("Code", 531), ("UserID", "wv:no@d")])
    answer = [("ListManage-Response", [result(201, failed)]), report() + ("70", "Request")]
    c, peer = online([answer, None])
    assert c.add_contact("friends", "wv:no@d") == [531, "wv:no@d"]
    assert of(peer, 1) == ("Response", "70", "Status")
    assert [each.id for each in c.inbox] == ["m1"]


def test_failures_named_are_few():
    many = [("DetailedResult", [("Code", 531), ("UserID", "wv:no%d@d" % i)]) for i in range(40)]
    c, _ = online([("ListManage-Response", [result(201, *many)])])
    assert len(c.add_contact("friends", "wv:no@d")) == 16


@everyhow
def test_accepted_for_later():
    c, _ = online([("SendMessage-Response", [result(202), ("MessageID", "m1")])])
    assert c.send("wv:bo@d", "x") == "m1"


@everyhow
def test_work_in_progress():
    late = ("SendMessage-Response", [result(), ("MessageID", "m1")], "4")
    c, peer = online([status(100), None, late], poll=20)
    assert c.send("wv:bo@d", "x") == "m1"
    assert [peer.asked(i).name for i in (1, 2)] == ["Polling-Request"] * 2
    assert peer.asked(0).tid == "4" and peer.slept[0] == 20000


@everyhow
def test_work_in_progress_that_fails():
    c, _ = online([status(101), status(531) + ("4",)])
    assert fails(c.send, "wv:bo@d", "x").args[0] == 531


def test_work_in_progress_that_never_ends():
    c, peer = online([status(100)] + [None] * 3)
    error = fails(c.send, "wv:bo@d", "x")
    assert isinstance(error, PeerError) and error.args[0] == 14
    assert not peer.script and c.session.id == "s1"


@everyhow
def test_stale_answers_are_ignored():
    stale = ("SendMessage-Response", [result(), ("MessageID", "old")], "999")
    c, peer = online([[stale, ("SendMessage-Response", [result(), ("MessageID", "m1")])], None])
    assert c.send("wv:bo@d", "x") == "m1"
    error = status(531) + ("998",)
    c, peer = online([[error, ("SendMessage-Response", [result()])]])
    assert c.send("wv:bo@d", "x") is None


def test_an_answer_that_comes_too_late_is_no_event():
    late = ("GetList-Response", [("ContactList", "wv:anna/x@d")], "4")
    c, peer = online([OSError(104)] * 2 + [late], retries=0)
    assert fails(list, c.lists()).args[0] == 104
    assert list(c.events(0)) == []


def test_an_answer_without_ours_is_asked_for_again():
    c, peer = online([status() + ("500",), status()])
    c.delete_list("x")
    assert peer.sent[0] == peer.sent[1] and peer.slept == [5000]


@everyhow
def test_several_transactions_in_one_message():
    send = ("SendMessage-Response", [result(), ("MessageID", "sent")])
    answer = [new("m1") + ("70", "Request"), send, new("m2") + ("71", "Request"), ("Poll", True)]
    c, peer = online([answer, None, None, None])
    assert c.send("wv:bo@d", "x") == "sent"
    assert of(peer, 1) == ("Response", "70", "MessageDelivered")
    assert of(peer, 2) == ("Response", "71", "MessageDelivered")
    assert polls(c) == [("message", "m1"), ("message", "m2")]
    assert peer.asked(3).name == "Polling-Request"


# requests of the service


@everyhow
def test_requests_chained_on_replies():
    script = [new("m1") + ("a",) + ("Request",), report("m2") + ("b", "Request"), None, None]
    c, peer = online(script)
    assert polls(c) == [("message", "m1"), ("report", "m2")]
    assert of(peer, 0)[2] == "Polling-Request"
    assert of(peer, 1) == ("Response", "a", "MessageDelivered")
    assert peer.asked(1).content == [("MessageID", "m1")] and peer.asked(1).sid == "s1"
    assert of(peer, 2) == ("Response", "b", "Status")
    assert peer.asked(2).content == [("Result", [("Code", "200")])]


@everyhow
def test_unknown_request_of_the_service():
    c, peer = online([("Search-Request", [("SearchID", "i1")], "x7", "Request"), None])
    assert polls(c) == []
    assert of(peer, 1) == ("Response", "x7", "Status")
    assert peer.asked(1).content == [("Result", [("Code", "501")])]


def test_an_unknown_answer_is_not_answered():
    c, peer = online([("JoinGroup-Response", [("WelcomeNote", "hi")], "77", "Response")])
    assert polls(c) == [] and len(peer.sent) == 1


def test_a_mode_that_is_none():
    c, peer = online([("Search-Request", [("SearchID", "i1")], "7", "")])
    assert polls(c) == [] and len(peer.sent) == 1


@everyhow
def test_repeated_request_is_answered_again_and_delivered_once():
    script = [report() + ("b", "Request"), None, report() + ("b", "Request"), None]
    c, peer = online(script)
    assert polls(c) == [("report", "m1")]
    assert polls(c) == []
    assert peer.sent[1] == peer.sent[3]


def test_the_same_number_for_another_primitive_is_no_repeat():
    c, _ = online([report() + ("b", "Request"), None, new("m2") + ("b", "Request"), None])
    assert polls(c) + polls(c) == [("report", "m1"), ("message", "m2")]


@everyhow
def test_services_that_do_not_number():
    for tid in ("0", ""):
        c, peer = online(
            [report("m1") + (tid, "Response"), None, report("m2") + (tid, "Response"), None]
        )
        assert polls(c) + polls(c) == [("report", "m1"), ("report", "m2")]
        assert of(peer, 1) == ("Response", tid, "Status")


def test_a_refused_reply_without_number_is_not_the_answer_of_our_request():
    send = ("SendMessage-Response", [result(), ("MessageID", "sent")])
    c, _ = online([[new("m1") + ("", "Request"), send], status(426) + ("",)])
    assert c.send("wv:bo@d", "x") == "sent"


@everyhow
def test_a_message_comes_once():
    script = [new("m1") + ("a", "Request"), None, new("m1") + ("b", "Request"), None]
    c, peer = online(script)
    assert polls(c) + polls(c) == [("message", "m1")]
    assert of(peer, 3) == ("Response", "b", "MessageDelivered")


def test_numbers_of_another_session_mean_nothing():
    script = [report("m1") + ("1", "Request"), None, status(), granted()] + negotiated()
    c, _ = online(script + [report("m2") + ("1", "Request"), None])
    assert polls(c) == [("report", "m1")]
    c.logout()
    c.login()
    assert polls(c) == [("report", "m2")]


def test_a_transaction_without_number_is_not_the_one_before():
    answer = [status(), ("Status", [result(531)], None)]
    c, _ = online([answer])
    c.delete_list("x")


def test_own_answers_are_never_repeated():
    for trouble in (
        OSError(104),
        http(b"<html>"),
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    ):
        send = ("SendMessage-Response", [result(), ("MessageID", "sent")])
        script = [[send, report() + ("b", "Request")], trouble]
        if isinstance(trouble, OSError):
            script.append(trouble)  # a kept connection is opened once more
        c, peer = online(script + [status()])
        assert c.send("wv:bo@d", "x") == "sent"
        assert not peer.slept
        c.delete_list("x")
        assert [each.id for each in c.inbox] == ["m1"]


def test_events_left_over():
    c, peer = online([[status(), report() + ("b", "Request")], None, None])
    c.delete_list("x")
    events = c.events(0)
    assert next(events).id == "m1"
    assert len(peer.sent) == 2  # asked for nothing yet
    assert list(events) == [] and len(peer.sent) == 3


@everyhow
def test_events_are_not_mixed_with_items():
    lists = ("GetList-Response", [("ContactList", "wv:anna/x@d"), ("ContactList", "wv:anna/y@d")])
    answer = [new("m1") + ("70", "Request"), lists, new("m2") + ("71", "Request")]
    c, peer = online([answer, new("m3") + ("72", "Request"), None, None, None])
    assert list(c.lists()) == ["wv:anna/x@d", "wv:anna/y@d"]
    assert [i for _, i in polls(c)] == ["m1", "m2", "m3"]


def test_events_that_nobody_reads_do_not_fill_the_memory():
    chain = [new("m%d" % i) + (str(i), "Request") for i in range(30)]
    c, peer = online([[status(), chain[0]]] + chain[1:] + [None, None])
    c.delete_list("x")
    assert len(c.inbox) == 8
    assert [i for _, i in polls(c)][:8] == ["m%d" % i for i in range(8)]


# repeats


def test_repeats_are_the_same_octets_after_doubling_waits():
    c, peer = online([OSError(104)] * 4 + [status()], retries=5)
    c.close()
    c.delete_list("x")
    assert peer.slept == [5000, 10000, 20000, 40000]
    assert len(peer.sent) == 5 and all(each == peer.sent[0] for each in peer.sent)


def test_waits_have_a_limit():
    c, peer = online([OSError(104)] * 9 + [status()], retries=9)
    c.close()
    c.delete_list("x")
    assert peer.slept[-3:] == [300000] * 3


def test_given_up_after_retries():
    for retries in (0, 1, 3):
        c, peer = online([OSError(104)] * (retries + 1) + [status()], retries=retries)
        c.close()
        assert fails(c.delete_list, "x").args[0] == 104
        assert len(peer.sent) == retries + 1 and len(peer.slept) == retries
        assert c.session.id == "s1"
        c.delete_list("x")


def test_a_service_that_cannot_be_reached():
    c, peer = online([status()])
    c.close()
    peer.refuse = 2
    c.delete_list("x")
    assert peer.slept == [5000, 10000] and len(peer.sent) == 1


def test_login_and_logout_are_not_repeated():
    peer = Peer([OSError(104)])
    c = client(peer)
    assert fails(c.login).args[0] == 104 and not peer.slept and len(peer.sent) == 1
    peer.script = [granted()] + negotiated()
    c.login()
    c.close()
    peer.script = [OSError(104)]
    count = len(peer.sent)
    fails(c.logout)
    assert len(peer.sent) == count + 1 and not peer.slept and c.session.id is None


def test_what_was_given_out_is_not_asked_for_again():
    users = [("ContactList", "wv:anna/%d@d" % i) for i in range(50)]
    whole = http(message([("GetList-Response", users)], "4"))
    c, peer = online([whole[:-100]])
    found = []
    error = fails(lambda: [found.append(each) for each in c.lists()])
    assert isinstance(error, OSError) and found and len(peer.sent) == 1 and not peer.slept


@everyhow
def test_kept_connection_that_was_closed():
    c, peer = online([b"", status(), status()])
    c.delete_list("x")
    assert peer.opened == 2 and not peer.slept and peer.sent[0] == peer.sent[1]
    c.delete_list("x")
    assert peer.opened == 2


def test_a_kept_connection_that_is_silent():
    # a login must not be sent twice, and who is slow is not asked at once again
    c, peer = online([status(), b"", granted()])
    c.logout()
    peer.slow = 46000
    count = len(peer.sent)
    assert fails(c.login).args[0] == 110
    assert len(peer.sent) == count + 1 and not peer.slept


def test_overtaken_iteration():
    users = [("ContactList", "wv:anna/%d@d" % i) for i in range(50)]
    c, peer = online([("GetList-Response", users), status(), status()])
    lists = c.lists()
    assert next(lists) == "wv:anna/0@d"
    c.delete_list("x")
    error = fails(next, lists)
    assert isinstance(error, LocalError) and error.args[0] == 41
    c.delete_list("x")
    assert c.session.id == "s1"


@everyhow
def test_requests_while_events_are_iterated():
    sent = ("SendMessage-Response", [result(), ("MessageID", "r")])
    script = [
        new("m1") + ("1", "Request"),
        sent,
        None,
        new("m2") + ("2", "Request"),
        sent,
        None,
        None,
    ]
    c, peer = online(script)
    for m in c.events(0):
        c.send(m.sender, m.text)
        last = m.id
    assert last == "m2" and not peer.script
    names = [peer.asked(i).name for i in range(3)]
    assert names == ["Polling-Request", "SendMessage-Request", "MessageDelivered"]


def test_logout_while_events_are_iterated():
    c, peer = online([new("m1") + ("1", "Request"), status(), None])
    for _ in c.events():
        c.logout()
    assert c.session.id is None


def test_abandoned_iteration():
    users = [("ContactList", "wv:anna/%d@d" % i) for i in range(50)]
    c, peer = online([("GetList-Response", users)] * 2)
    lists = c.lists()
    next(lists)
    lists.close()
    assert len(list(c.lists())) == 50
    assert peer.opened == 2


# the end of a session


@everyhow
def test_logout_ends_the_session_whatever_comes():
    gone = ("Disconnect", [result()])
    for answer in (status(), gone, status(604), status(500), ("Disconnect", [result(601)]), None):
        for version in (1, 2, 3):
            c, peer = online([answer], version)
            fails(c.logout)
            assert peer.asked().name == "Logout-Request" and len(peer.sent) == 1
            assert c.session.id is None and c.session.tick(0) == -1
            assert fails(c.keep_alive).args[0] == 40
    for answer in (status(), gone):
        c, _ = online([answer])
        c.logout()
    c, peer = online([OSError(104), OSError(104)])
    fails(c.logout)
    assert c.session.id is None


@everyhow
def test_server_ends_the_session():
    for answer in ([("Disconnect", [result(601)], "9", "Request")], ("Disconnect", [result(601)])):
        c, peer = online([answer])
        error = fails(list, c.events(0))
        assert isinstance(error, StatusError) and error.args[0] == 601
        assert len(peer.sent) == 1 and c.session.id is None
        assert c.session.tick(0) == -1


def test_disconnect_in_answer_to_a_reply():
    script = [report() + ("b", "Request"), ("Disconnect", [result()], "9", "Request")]
    c, peer = online(script)
    events = c.events(0)
    assert next(events).id == "m1"
    assert fails(next, events).args[0] == 601 and c.session.id is None


def test_disconnect_in_place_of_an_answer():
    c, peer = online([("Disconnect", [result(503)], "9", "Request")])
    assert fails(c.delete_list, "x").args[0] == 503 and c.session.id is None


@everyhow
def test_disconnect_of_an_earlier_session_ends_nothing():
    late = ("Disconnect", [result(601)], "9", "Request")
    for named, ends in (("s0", False), ("s1", True), (None, True), ("", True)):
        c, peer = online([])
        peer.script = [http(message([late], "1", 2, how.syntax, named))]
        error = fails(list, c.events(0))
        assert (c.session.id is None) == ends and (error is not None) == ends
        # in place of an answer, its number that of the request by chance
        c, peer = online([])
        late_too = late[:2] + (str(c.session.tid + 1), "Request")
        peer.script = [http(message([late_too, status()], "9", 2, how.syntax, named))]
        peer.script += [status()]
        fails(c.delete_list, "x")
        assert (c.session.id is None) == ends
    # while another one is opened
    peer = Peer([http(message([late], "1", 2, how.syntax, "s0")), granted()] + negotiated())
    c = client(peer, wait=10, retries=1)
    assert isinstance(fails(c.login), PeerError) and c.session.state != ON
    # a service may call the session what it likes in answer to a logout
    c, peer = online([])
    peer.script = [lambda ask: http(message([late[:2]], ask.tid, 2, how.syntax, "s0"))]
    assert fails(c.logout).args[0] == 601 and c.session.id is None


def test_forced_logout_is_not_undone():
    c, peer = online([status(601)])
    assert fails(c.delete_list, "x").args[0] == 601
    assert len(peer.sent) == 1 and c.session.id is None
    peer.script = [granted(session="s2")] + negotiated()
    c.login()
    assert c.session.id == "s2"


@everyhow
def test_fresh_login_when_the_session_is_lost():
    for code in (502, 600, 604):
        done = ("SendMessage-Response", [result(), ("MessageID", "m1")])
        c, peer = online([status(code), granted(session="s2")] + negotiated() + [done])
        assert c.send("wv:bo@d", "x") == "m1"
        names = [peer.asked(i).name for i in range(5)]
        assert names[0] == names[4] == "SendMessage-Request" and names[1] == "Login-Request"
        assert peer.asked(0).sid == "s1" and peer.asked(1).sid is None
        assert peer.asked(4).sid == "s2" and peer.asked(4).content == peer.asked(0).content
        assert not peer.slept


def test_fresh_login_for_a_poll_and_a_disconnect():
    for lost in (status(604), ("Disconnect", [result(600)], "9", "Request")):
        c, peer = online(
            [lost, granted(session="s2")] + negotiated() + [new("m1") + ("1", "Request"), None]
        )
        assert polls(c) == [("message", "m1")]
        assert c.session.id == "s2"


def test_fresh_login_is_tried_once():
    c, peer = online([status(604), granted(session="s2")] + negotiated() + [status(604)])
    assert fails(c.delete_list, "x").args[0] == 604
    assert c.session.id is None and not peer.script
    c, peer = online([status(604), status(409)])
    assert fails(c.delete_list, "x").args[0] == 409
    assert c.session.id is None
    c, peer = online([status(604), granted(session="s2"), status(604)])
    assert fails(c.delete_list, "x").args[0] == 604
    assert c.session.id is None
    peer.script = [granted(session="s3")] + negotiated()
    c.login()
    assert c.session.id == "s3"


# polls and keep-alive


@everyhow
def test_poll_flag_in_every_version():
    for version in (1, 2, 3):
        for flag in (("Poll", True), ("Poll", True, 1), ("CIR", False), ("CIR", True)):
            c, peer = online([[status(), flag], None, None], version)
            c.delete_list("x")
            assert c.session.tick(peer.now) == 0
            assert list(c.events(1)) == []
            assert peer.asked(1).name == "Polling-Request" and peer.asked(1).tid == ""
        c, peer = online([[status(), ("Poll", False)]], version)
        c.delete_list("x")
        assert c.session.tick(peer.now) > 0


@everyhow
def test_polls_until_nothing_waits():
    script = [[new("m%d" % i) + (str(i), "Request"), ("Poll", True)] for i in range(12)]
    script = [each for one in script for each in (one, None)]
    c, peer = online(script + [None])
    assert [i for _, i in polls(c)] == ["m%d" % i for i in range(12)]
    assert len(peer.sent) == 25 and c.session.tick(peer.now) > 0


def test_a_flag_that_brings_nothing():
    c, peer = online([[status() + ("",), ("Poll", True)]] * 30)
    assert polls(c) == []
    assert len(peer.sent) < 12 and c.session.tick(peer.now) > 0


def test_poll_ended_by_a_status():
    c, peer = online([status(504) + ("0",), None])
    c.session.poll = True
    assert polls(c) == []
    c, peer = online([status(500) + ("",)])
    assert fails(list, c.events(0)).args[0] == 500
    assert c.session.id == "s1"


def test_polls_grow_rare():
    c, peer = online([None] * 20)
    c.session.polled = peer.now
    events = c.events(500000)
    assert list(events) == []
    assert peer.slept[:8] == [30000, 40000, 50000, 60000, 70000, 80000, 90000, 80000]


def test_activity_brings_polls_back():
    c, peer = online([None] * 3 + [status()])
    assert list(c.events(130000)) == []
    assert c.session.gap == 60000
    c.delete_list("x")
    assert c.session.gap == 30000


def test_service_sets_the_gap():
    c, _ = online([], poll=7)
    assert c.session.least == 7000 and c.session.tick(c.bearer.port.now) == 7000
    c, _ = online([None], poll=200)
    list(c.events(0))
    assert c.session.tick(c.bearer.port.now) == 200000  # never more often than it wants


def test_keep_alive_in_time():
    c, peer = online(
        [("KeepAlive-Response", [result(), ("KeepAliveTime", 100)])], poll=5000, keep=1000
    )
    assert c.session.keep == 900000
    assert c.session.tick(peer.now) == 900000
    peer.now += 900000
    assert c.session.tick(peer.now) == 0
    assert list(c.events(1)) == []
    assert peer.asked().name == "KeepAlive-Request" and len(peer.sent) == 1
    assert c.session.keep == 90000 and c.session.tick(peer.now - 1) == 90000


def test_keep_alive_margin():
    for given, kept in ((7200, 6480), (100, 90), (60, 50), (20, 10), (5, 1), (4000000, 225000)):
        c, _ = online([], keep=given)
        assert c.session.keep == 1000 * kept, given


def test_every_request_keeps_the_session():
    c, peer = online([status()], poll=5000, keep=1000)
    peer.now += 800000
    c.delete_list("x")
    assert c.session.tick(peer.now) == 900000


@everyhow
def test_keep_alive_refused():
    refused = ("KeepAlive-Response", [result(605), ("KeepAliveTime", 1000)])
    c, _ = online([refused])
    assert c.keep_alive() == 605
    assert c.session.id == "s1" and c.session.keep == 900000
    c, _ = online([("KeepAlive-Response", [result()])])
    assert c.keep_alive() == 200
    c, _ = online([status(503)])
    assert fails(c.keep_alive).args[0] == 503


def test_clock_that_wraps():
    c, peer = online([None, None], poll=20)
    peer.now = (1 << 29) - 10000
    c.session.sent = c.session.polled = peer.now
    assert c.session.tick(peer.ticks_ms()) == 20000
    peer.now += 15000
    assert peer.ticks_ms() == 5000 and c.session.tick(peer.ticks_ms()) == 5000
    assert list(c.events(20000)) == []
    assert len(peer.sent) == 1
    assert c.session.tick(peer.ticks_ms()) > 0


def test_keep_alive_over_the_wrap():
    c, peer = online([("KeepAlive-Response", [result()])], poll=5000, keep=1000)
    peer.now = (1 << 29) - 1000
    c.session.sent = c.session.polled = peer.now
    peer.now += 900001
    assert c.session.tick(peer.ticks_ms()) == 0
    list(c.events(1))
    assert peer.asked().name == "KeepAlive-Request"


def test_events_end_in_time():
    c, peer = online([None] * 5)
    assert list(c.events(45000)) == []
    assert peer.now == 45000 and len(peer.sent) == 1


if __name__ == "__main__":
    from testing import run

    run(globals())
