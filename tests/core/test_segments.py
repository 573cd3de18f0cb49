# heap: 768K
"""Answers in segments: transactions.md section 15.1, docs/service.md."""

from peer import everyhow, fails, fragment, how, online, result, status

from microimps import LocalError, PeerError, StatusError

PEOPLE = [("wv:u%03d@d" % i, "Nick <%d> & Co" % i) for i in range(14)]

FEW = PEOPLE[:5]


def nick_list(people=PEOPLE):
    nicks = [("NickName", [("Name", nick), ("UserID", user)]) for user, nick in people]
    return [result(), ("NickList", nicks)]


def info(tid, total, reference=1):
    return [
        ("SegmentCount", total),
        ("SegmentID", [("TransactionID", tid), ("SegmentReference", reference)]),
    ]


class Service:
    """Cuts an answer into slices of this size and gives them out; noted: what it was asked."""

    def __init__(self, primitive, size, base=1):
        self.primitive = primitive
        octets = fragment(primitive[0], primitive[1], 3, how.syntax)
        self.slices = [octets[i : i + size] for i in range(0, len(octets), size)]
        self.base = base
        self.noted = []
        self.faults = []

    def __call__(self, ask):
        """An entry of a Peer's script, and of all that follow."""
        self.noted.append(ask.name)
        if ask.name == "GetSegment-Request":
            told = dict(ask.content[0][1])
            assert told["TransactionID"] == self.tid
            fault = self.faults.pop(0) if self.faults else None
            if fault is not None:
                return fault(self, int(told["SegmentReference"])) if callable(fault) else fault
            return [self.segment(int(told["SegmentReference"])), ("Poll", "F")]
        if ask.name == "DropSegment-Request":
            return status()
        self.tid = ask.tid
        first = self.segment(self.base)
        return first + (ask.tid, "Response", info(ask.tid, len(self.slices), self.base))

    def segment(self, reference):
        return ("GetSegment-Response", [("SegmentContent", self.slices[reference - self.base])])


def serving(size=100, base=1, primitive=None, **options):
    """(client, peer, service): a list waits to be read."""
    service = Service(primitive or ("ListManage-Response", nick_list()), size, base)
    c, peer = online([service] * 200, 3, **options)
    return c, peer, service


@everyhow
def test_a_list_in_segments():
    for size in (20, 100, 5000) if not how.cut else (90,):
        for base in (0, 1):
            c, peer, service = serving(size, base)
            assert list(c.contacts("wv:anna/f@d")) == PEOPLE
            total = len(service.slices)
            assert service.noted == ["ListManage-Request"] + ["GetSegment-Request"] * (total - 1)
            assert c.session.segments is None
            peer.script = [status()]
            c.keep_alive()  # and the session goes on


@everyhow
def test_presence_and_content_in_segments():
    own = ("OnlineStatus", [("Qualifier", "T"), ("PresenceValue", "T")])
    text = ("StatusText", [("Qualifier", "T"), ("PresenceValue", "a <b> & c")])
    told = [("Presence", [("UserID", user), ("PresenceSubList", [own, text])]) for user, _ in FEW]
    c, _, _ = serving(60, 1, ("GetPresence-Response", [result()] + told))
    found = list(c.presence(lists=("wv:anna/f@d",)))
    assert [p.user for p in found] == [user for user, _ in FEW]
    assert all(p.shown() == "available" and p.get("StatusText") == "a <b> & c" for p in found)
    about = [("MessageID", "m1"), ("ContentSize", 900), ("Recipient", ""), ("Sender", "")]
    message = [("MessageInfo", about), ("ContentData", "0123456789" * 90)]
    c, peer, service = serving(200, 1, ("GetMessage-Response", message))
    peer.script[len(service.slices) :] = [status()]
    assert b"".join(c.fetch("m1")) == b"0123456789" * 90
    assert not peer.script


def test_a_request_of_the_service_in_segments():
    about = [("MessageID", "m1"), ("ContentSize", 300), ("Recipient", ""), ("Sender", "")]
    new = ("NewMessage", [("MessageInfo", about), ("ContentData", "x" * 300)])
    service = Service(new, 100)
    service.tid = "9"

    def poll(ask):
        return service.segment(1) + ("9", "Request", info("9", len(service.slices)))

    c, peer = online([poll] + [service] * (len(service.slices) - 1) + [None], 3)
    (m,) = c.events(0)
    assert m.text == "x" * 300
    assert peer.asked().name == "MessageDelivered" and peer.asked().tid == "9"


@everyhow
def test_a_segment_that_is_lost_is_asked_for_again():
    def broken(service, reference):
        from peer import http, message

        body = message([service.segment(reference)], "x", 3, how.syntax)
        whole = http(body)
        return whole[: len(whole) - len(body) // 3]

    for fault in (OSError(104), b"", broken):
        c, peer, service = serving(150)
        service.faults = [None, fault, fault, None, fault]
        assert list(c.contacts("wv:anna/f@d")) == PEOPLE
        assert peer.slept[0] == 5000
        asked = [peer.asked(i) for i in range(len(peer.sent))]
        which = [
            (ask.content[0][1][1][1], ask.tid) for ask in asked if ask.name == "GetSegment-Request"
        ]
        again = len(which) - len(set(which))  # with the same TransactionID
        assert again == 3 and len(set(which)) == len(service.slices) - 1


def test_repeats_end():
    c, peer, service = serving(150, retries=2)
    service.faults = [OSError(104)] * 9
    items = iter(c.contacts("wv:anna/f@d"))
    next(items)
    assert isinstance(fails(list, items), OSError)
    assert peer.slept == [5000] * 2


@everyhow
def test_a_segment_that_is_refused():
    for code in (402, 604):
        c, peer, service = serving(150)
        service.faults = [None, status(code)]
        error = fails(list, c.contacts("wv:anna/f@d"))
        assert isinstance(error, StatusError) and error.args[0] == code
        assert (c.session.id is None) == (code == 604)
    c, peer, service = serving(150)
    service.faults = [status(200)]
    assert fails(list, c.contacts("wv:anna/f@d")).args[0] == 14


def test_what_is_not_read_is_dropped():
    c, peer, service = serving(150)
    items = iter(c.contacts("wv:anna/f@d"))
    assert next(items) == PEOPLE[0]
    peer.script[:0] = [service, status()]
    c.delete_list("x")
    assert service.noted[-1] == "DropSegment-Request"
    drop = peer.asked(-2)
    told = dict(drop.content[0][1])
    assert drop.name == "DropSegment-Request" and told["TransactionID"] == service.tid
    error = fails(next, items)
    assert isinstance(error, LocalError) and error.args[0] == 41
    # a service that has forgotten them is no trouble, nor is one that does not answer
    for fault in (status(402), OSError(104)):
        c, peer, service = serving(150, retries=0)
        next(iter(c.contacts("wv:anna/f@d")))
        peer.script = [fault, status()]
        c.delete_list("x")
        assert not peer.script


def test_more_segments_than_anybody_means():
    def endless(ask):
        first = service.segment(1)
        return first + (ask.tid, "Response", info(ask.tid, 1 << 31))

    c, peer, service = serving(150)
    peer.script = [endless, status()]
    assert fails(list, c.contacts("wv:anna/f@d")).args[0] == 2
    assert c.keep_alive() == 200 and not peer.script


@everyhow
def test_broken_segments():
    def garbage(service, reference):
        octets = b"\0" + b"\1" * 50 if how.syntax == "wbxml" else b"</Name></Name>"
        return ("GetSegment-Response", [("SegmentContent", octets)])

    c, _, service = serving(150)
    service.faults = [garbage]
    assert isinstance(fails(list, c.contacts("wv:anna/f@d")), PeerError)
    c, peer, service = serving(150)
    service.slices = service.slices[:2]  # the primitive does not end
    error = fails(list, c.contacts("wv:anna/f@d"))
    assert isinstance(error, PeerError) and error.args[0] == 1
    peer.script = [status(), status()]
    c.delete_list("x")  # and the client goes on


if __name__ == "__main__":
    from testing import run

    run(globals())
