"""A scripted service at the other end of the link, for tests on both runtimes.

A Peer is a port (clock, digest, link) and what is behind its link in one. It keeps what the
client writes and answers each request with the next entry of its script:

    ("Status", [...])                     the request's own transaction answered with this
    ("NewMessage", [...], "7", "Request") the same with another TransactionID and mode; a fifth
                                          value is its SegmentInfo
    [entry, ..., ("Poll", True)]          several transactions in one message, and its flag;
                                          a third value puts it where 1.1 has it
    None                                  HTTP 200 with an empty body
    bytes                                 octets of a whole HTTP answer; b"" hangs up instead
    OSError                               raised by the link
    function                              called with the Request; returns one of the above

Values of elements: a list of children, else what Writer.leaf takes; words become tokens, bytes
OPAQUE in WBXML.
"""

from microimps import Client, Error
from microimps.http_bearer import HttpBearer
from microimps.xml.reader import number
from microimps.xml.writer import name

LEAF, CLOSE, DONE = 1, 3, 4


class how:
    """What `everyhow` varies."""

    cut = 0  # octets handed out at a time; 0 is all
    syntax = "wbxml"


def everyhow(test):
    """Run a test in both syntaxes, answers whole and octet by octet."""

    def run():
        try:
            for how.syntax in ("wbxml", "xml"):
                for how.cut in (0, 1):
                    test()
        finally:
            how.cut = 0
            how.syntax = "wbxml"

    return run


def part(syntax, leaf, kind):
    return getattr(__import__("microimps.%s.%s" % (syntax, leaf), None, None, (kind,)), kind)


class Request:
    """A message of the client: sid, mode, tid, and its primitive: name, content."""

    def __init__(self, octets, syntax, size=1 << 12):
        self.head, _, self.body = octets.partition(b"\r\n\r\n")
        self.version, root = read(self.body, syntax)
        session = root[1]
        about, transaction = dict(session[0][1][0][1]), session[0][1][1][1]
        self.type = about["SessionType"]
        self.sid = about.get("SessionID")
        about = dict(transaction[0][1])
        self.mode = about["TransactionMode"]
        self.tid = about.get("TransactionID")
        self.name, self.content = transaction[1][1][0]


def read(body, syntax):
    """(version, tree) of a message: (name, value), value a str or a list of trees."""
    r = part(syntax, "reader", "Reader")(max(64, len(body)), 16, max(64, len(body)))
    r.room()[: len(body)] = body
    r.feed(len(body))
    levels = [[]]
    while True:
        event = r.pull()
        if event == DONE:
            return r.version, levels[0][0]
        assert event in (LEAF, CLOSE), event
        value = (str(r.number()) if r.opaque else r.text()) if event == LEAF else None
        if event == CLOSE:
            value = levels.pop() if len(levels) > r.depth + 1 else []
        while len(levels) <= r.depth:
            levels.append([])
        levels[r.depth].append((str(name(r.tag), "utf-8"), value))


class Peer:
    def __init__(self, script, version=2):
        self.script = list(script)
        self.version = version
        self.cut = how.cut
        self.first = 0  # octets of the next piece
        self.syntax = how.syntax
        self.sent = []  # whole HTTP requests
        self.slept = []
        self.now = 0
        self.slow = 0  # ms that every read takes
        self.opened = self.closed = self.refuse = 0
        self.Link = self.link

    # the port

    def ticks_ms(self):
        return self.now & 0x1FFFFFFF

    def sleep_ms(self, ms):
        self.now += ms
        self.slept.append(ms)

    def urandom(self, n):
        return bytes(range(n))

    def digest(self, scheme, octets):
        import hashlib

        return (hashlib.sha1 if scheme == "SHA" else hashlib.md5)(octets).digest()

    # the link

    def link(self, bearer):
        self.opened += 1
        if self.refuse:
            self.refuse -= 1
            raise OSError(111)
        self.request = self.answer = b""
        return self

    def write(self, view, ms):
        self.request += bytes(view)
        head, mark, body = self.request.partition(b"\r\n\r\n")
        length = int(head[head.find(b"Content-Length: ") + 16 :].split(b"\r\n")[0]) if mark else 0
        if not mark or len(body) < length:
            return
        assert len(body) == length
        self.sent.append(self.request)
        self.request = b""
        assert self.script, "an unexpected request"
        self.answer = self.say(self.script.pop(0))

    def readinto(self, view, ms):
        if ms <= 0:
            raise OSError(110)
        self.now += min(self.slow, ms)
        if self.slow > ms:
            raise OSError(110)
        n = min(len(view), len(self.answer), self.first or self.cut or 1 << 20)
        self.first = 0
        view[:n] = self.answer[:n]
        self.answer = self.answer[n:]
        return n

    def close(self):
        self.closed += 1
        self.answer = b""

    # what it says

    def asked(self, i=-1):
        """The i-th Request since login."""
        return Request(self.sent[i], self.syntax)

    def say(self, entry):
        if isinstance(entry, OSError):
            raise entry
        if isinstance(entry, bytes):
            return entry
        if entry is None:
            return http(b"")
        if isinstance(entry, tuple):
            entry = [entry]
        if isinstance(entry, list):
            return http(message(entry, self.asked().tid, self.version, self.syntax))
        return self.say(entry(self.asked()))


def http(body, head=b""):
    """A whole HTTP answer with this body."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), head) + body


def tree(w, element, value):
    """Write an element."""
    tag = number(element.encode())
    assert tag, element
    if isinstance(value, list):
        w.start(tag)
        for child in value:
            tree(w, *child)
        w.end()
    elif isinstance(value, str) and value:
        w.choice(tag, value)
    elif isinstance(value, bytes) and hasattr(w, "page"):
        w.start(tag)
        w.put(b"\xc3")
        w.put(bytes((0x80 | len(value) >> 7, len(value) & 0x7F)))
        w.put(value)
        w.end()
    else:
        w.leaf(tag, value)


def envelope(w, entries, tid, session):
    w.begin()
    w.start(0x09)
    w.start(0x2D)
    tree(w, "SessionDescriptor", [("SessionType", "Inband"), ("SessionID", session)])
    flags = [each for each in entries if each[0] in ("Poll", "CIR")]
    for each in entries:
        if each in flags:
            continue
        w.start(0x32)
        given = each[2] if len(each) > 2 else tid
        mode = each[3] if len(each) > 3 else "Response"
        w.start(0x34)
        w.choice(0x36, mode)
        w.leaf(0x35, given)
        if len(each) > 4:
            tree(w, "SegmentInfo", each[4])
        for flag in flags:
            if w.version == 1 or len(flag) > 2:
                tree(w, *flag[:2])
        w.end()
        w.start(0x33)
        tree(w, each[0], each[1])
        w.end()
        w.end()
    for flag in flags:
        if w.version > 1 and len(flag) < 3:
            tree(w, *flag)
    w.end()
    w.end()


def message(entries, tid="1", version=2, syntax="wbxml", session="s1"):
    """Octets of one message of the service."""
    Writer = part(syntax, "writer", "Writer")
    w = Writer(0, version)
    envelope(w, entries, tid, session)
    size = w.at
    w = Writer(size, version)
    w.window(0, size)
    envelope(w, entries, tid, session)
    return bytes(w.buf)


def fragment(element, value, version=3, syntax="wbxml"):
    """Octets of an element as they may stand in a message, from code page 0 on in WBXML."""
    w = part(syntax, "writer", "Writer")(0, version)
    size = 0
    for _ in "12":
        w.window(0, size)
        w.begin()
        head = w.at
        tree(w, element, value)
        size = w.at
        if not w.size:
            w = part(syntax, "writer", "Writer")(size, version)
    return bytes(w.buf[head:])


def result(code=200, *more):
    return ("Result", [("Code", code)] + list(more))


def status(code=200, *more):
    return ("Status", [result(code, *more)])


def user(address):
    return ("User", [("UserID", address)])


def granted(keep=7200, session="s1"):
    """Login-Response that opens a session."""
    client = ("ClientID", [("URL", "microimps")])
    return ("Login-Response", [client, result(), ("SessionID", session), ("KeepAliveTime", keep)])


def negotiated(version=2, poll=30, refused=None):
    """What follows a login: the agreed capabilities, and nothing refused."""
    agreed = "CapabilityList" if version == 1 else "AgreedCapabilityList"
    functions = [("Functions", refused)] if refused is not None else []
    return [
        ("ClientCapability-Response", [(agreed, [("ServerPollMin", poll)])]),
        ("Service-Response", functions),
    ]


def client(peer, **options):
    """A client over this peer that has not logged in."""
    options = dict({"schemes": (), "version": peer.version, "syntax": peer.syntax}, **options)
    return Client(HttpBearer(peer, "h", 80, "/x"), "anna@d", "kestrel55", **options)


def online(script, version=2, poll=30, refused=None, keep=7200, **options):
    """(client, peer): logged in, and the script goes on with what is given."""
    peer = Peer([granted(keep)] + negotiated(version, poll, refused) + list(script), version)
    c = client(peer, **options)
    c.login()
    peer.sent = []
    return c, peer


def fails(call, *args):
    """The Error or OSError that call(*args) raises, None if it raises nothing."""
    try:
        call(*args)
    except (Error, OSError) as error:
        return error
