"""A service that does everything wrong, on a real socket.

Each fault gives an error with a name within its deadline and in bounded memory, and the same
client works afterwards.
"""

import os
import random
import socket
import struct
import subprocess
import threading
import time
import tracemalloc

import pytest
from ends import scripts
from peer import granted, message, negotiated, result, status

from microimps import Client, LocalError, PeerError, StatusError
from microimps.ports import http as bearer

TIMEOUT = 1000  # ms
DEADLINE = 20.0  # seconds, far from TIMEOUT lest a busy machine reach it
SECONDS = 6  # that a connection may rest
OK = b"HTTP/1.1 200 OK\r\n"


def http(body):
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Service:
    """Accepts connections and gives each request the next answer of ``script``.

    answer: bytes; or a function (socket) that sends what it wants, after which the connection is
    closed. Without a script it answers every request with Status 200.
    """

    def __init__(self, syntax="wbxml"):
        self.syntax = syntax
        self.script = []
        self.stopped = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        threads = []
        while not self.stopped.is_set():
            try:
                link, _ = self.socket.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=self.keep, args=(link,), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(SECONDS)

    def keep(self, link):
        link.settimeout(SECONDS)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with link:
            try:
                while self.serve(link):
                    pass
            except OSError:
                pass  # the client had enough

    def serve(self, link):
        request = b""
        while True:
            head, mark, body = request.partition(b"\r\n\r\n")
            if mark and len(body) >= int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]):
                break
            piece = link.recv(4096)
            if not piece:
                return False
            request += piece
        answer = self.script.pop(0) if self.script else self.answer(status(), body)
        if callable(answer):
            answer(link)
            return False
        link.sendall(answer)
        return True

    def answer(self, entry, body=None, tid=None):
        if tid is None:
            from peer import Request

            tid = Request(b"\r\n\r\n" + body, self.syntax).tid
        return http(message([entry], tid, 2, self.syntax))

    def log_in(self, **options):
        """A client of this service that has logged in."""
        answers = [granted(), *negotiated()]
        self.script = [self.answer(each, tid=str(1 + i)) for i, each in enumerate(answers)]
        client = Client(
            bearer(self.url, timeout=TIMEOUT),
            "anna@d",
            "kestrel55",
            schemes=(),
            syntax=self.syntax,
            retries=0,
            **options,
        )
        client.login()
        assert not self.script
        return client

    def close(self):
        self.stopped.set()
        self.thread.join(2 * SECONDS)
        self.socket.close()
        assert not self.thread.is_alive()


@pytest.fixture(params=["wbxml", "xml"])
def service(request):
    running = Service(request.param)
    yield running
    running.close()


def hang_up(link):
    """Reset the connection."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(octets, pause=0.2):
    """An answer that comes octet by octet."""

    def send(link):
        for octet in octets:
            link.sendall(bytes((octet,)))
            time.sleep(pause)

    return send


def endless(head, piece):
    def send(link):
        link.sendall(head)
        for _ in range(4000):  # 32 MB and more: what nobody should take
            link.sendall(piece)

    return send


def wrong(call):
    """The error of call(), which must have a name and come in time."""
    start = time.monotonic()
    try:
        call()
    except (PeerError, StatusError, OSError) as error:
        assert time.monotonic() - start < DEADLINE
        assert error.args and isinstance(error.args[0], (int, str)), error
        return error
    raise AssertionError("no error")


def still_works(client, service):
    """The same client carries on."""
    service.script = []
    client.delete_list("x")


def spoilt(service, answer, most=1 << 24):
    """The error that this answer to a message sent gives. most: octets that the client takes."""
    client = service.log_in()
    client.bearer.most = most
    service.script = [answer]
    error = wrong(lambda: client.send("wv:bo@d", "x"))
    still_works(client, service)
    client.close()
    return error


SENT = ("SendMessage-Response", [result(), ("MessageID", "m1")])


def test_closes_at_every_octet(service):
    whole = service.answer(SENT, tid="4")
    client = service.log_in()
    client.session.tid = 3
    head = whole.index(b"\r\n\r\n") + 4
    body = whole[head:]
    chunked = (
        OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    )
    for answer in (whole, chunked):
        for cut in range(0, len(answer), 1 if service.syntax == "wbxml" else 9):

            def send(link, octets=answer[:cut]):
                link.sendall(octets)

            client.session.tid = 3
            # a connection that was kept is opened once more
            service.script = [send] * (2 if client.bearer.up and not cut else 1)
            error = wrong(lambda: client.send("wv:bo@d", "x"))
            assert isinstance(error, OSError), (cut, error)
            still_works(client, service)
    client.close()


def test_truncated_document(service):
    body = service.answer(SENT, tid="4").partition(b"\r\n\r\n")[2]
    for cut in range(1, len(body), 7):
        for answer in (
            http(body[:cut]),
            lambda link, cut=cut: link.sendall(OK + b"\r\n" + body[:cut]),
        ):
            error = spoilt(service, answer)
            assert isinstance(error, PeerError) and error.args[0] == 1, (cut, error)


def test_reset_connection(service):
    client = service.log_in()
    service.script = [hang_up, hang_up]  # a kept connection is opened once more
    assert isinstance(wrong(lambda: client.send("wv:bo@d", "x")), ConnectionError)
    still_works(client, service)
    client.close()


def test_not_csp(service):
    for body in (
        b"<!DOCTYPE html><html><body><p>Log in here<br></body></html>",
        b"<html><head><title>Portal</title></head></html>",
        b'{"error": "no"}',
        b"\x89PNG\r\n\x1a\n" + bytes(60),
        b"plain text",
        b"<?xml version='1.0'?><soap/>",
        bytes(500),
        b"\xff" * 500,
    ):
        error = spoilt(service, http(body))
        assert isinstance(error, PeerError), (body, error)


def test_other_syntax(service):
    other = "xml" if service.syntax == "wbxml" else "wbxml"
    error = spoilt(service, http(message([SENT], "4", 2, other)))
    assert isinstance(error, PeerError) and error.args[0] == 2


def test_other_version(service):
    for version in (1, 3):
        error = spoilt(service, http(message([SENT], "4", version, service.syntax)))
        assert isinstance(error, PeerError) and error.args[0] == 13


def test_unknown_version(service):
    body = message([SENT], "4", 2, service.syntax)
    if service.syntax == "wbxml":
        error = spoilt(service, http(body[:1] + b"\x13" + body[2:]))
        assert error.args[0] == 7


def test_wrong_transaction(service):
    for tid in ("5", "", "44", "4 4", "x" * 60):
        error = spoilt(service, service.answer(SENT, tid=tid))
        assert isinstance(error, PeerError) and error.args[0] == 14, tid


def test_very_long_values(service):
    entry = ("SendMessage-Response", [result(), ("MessageID", "m" * 300)])
    error = spoilt(service, service.answer(entry, tid="4"))
    assert isinstance(error, PeerError) and error.args[0] == 5
    entry = ("Status", [("Result", [("Code", 531), ("Description", "d" * 5000)])])
    error = spoilt(service, service.answer(entry, tid="4"))
    assert isinstance(error, StatusError) and error.args[:2] == (531, "")  # only the text is lost
    error = spoilt(service, service.answer(status(), tid="4" * 5000))
    assert isinstance(error, PeerError) and error.args[0] == 5


def test_wrong_types(service):
    for entry in (
        ("Status", [("Result", [("Code", "many")])]),
        ("Status", [("Result", [("Code", "-1")])]),
        ("Status", [("Result", [("Code", "")])]),
        ("Status", [("Result", [("Code", "99999999999")])]),
        ("Status", [("Result", [("Code", [("Code", "2")]), ("Code", "x")])]),
    ):
        error = spoilt(service, service.answer(entry, tid="4"))
        assert isinstance(error, PeerError) and error.args[0] == 11, (entry, error)
    for poll in ("maybe", "", "TF"):
        octets = message([SENT, ("Poll", poll)], "4", 2, service.syntax)
        error = spoilt(service, http(octets))
        assert isinstance(error, PeerError) and error.args[0] == 11, poll


def test_wrong_types_while_logging_in(service):
    client = Client(
        bearer(service.url, timeout=TIMEOUT), "anna@d", "k", schemes=(), syntax=service.syntax
    )
    for bad in (
        ("Login-Response", [result(), ("SessionID", "s1"), ("KeepAliveTime", "long")]),
        ("Login-Response", [result(), ("SessionID", "s" * 999), ("KeepAliveTime", 60)]),
        ("Login-Response", [result(), ("KeepAliveTime", 60)]),
    ):
        service.script = [service.answer(bad, tid=str(client.session.tid + 1))]
        assert isinstance(wrong(client.login), PeerError)
    service.script = [
        service.answer(each, tid=str(client.session.tid + 1 + i))
        for i, each in enumerate([granted(), *negotiated()])
    ]
    client.login()
    still_works(client, service)
    client.close()


def nested(depth, name="Result"):
    tree = (name, "x")
    for _ in range(depth):
        tree = (name, [tree])
    return tree


def test_deep_nesting(service):
    # the writer of the tests is limited too, hence by hand
    body = message([("Status", [("Description", "HERE")])], "4", 2, service.syntax)
    for depth in (20, 1000, 100_000):
        if service.syntax == "xml":
            octets = body.replace(b"HERE", b"<Result>" * depth)
        else:
            octets = body.replace(b"\x03HERE\0", b"\x6a" * depth)
        error = spoilt(service, http(octets))
        assert isinstance(error, PeerError) and error.args[0] == 4, (depth, error)


def noise(syntax):
    """The begin of a document, and 8000 octets that mean nothing in it."""
    if syntax == "xml":
        return b"<WV-CSP-Message>", b" " * 8000
    return b"\x03\x11\x6a\0\x49", b"\0\0" * 4000


def test_oversized(service):
    start, blank = noise(service.syntax)
    chunk = b"%x\r\n" % len(blank) + blank + b"\r\n"
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for head, piece, code in (
        (OK + b"Content-Length: 9999999999\r\n\r\n" + start, blank, 23),
        (OK + b"Content-Length: 200001\r\n\r\n" + start, blank, 23),
        (OK + b"\r\n" + start, blank, 23),
        (chunked + b"%x\r\n" % len(start) + start + b"\r\n", chunk, 23),
        (chunked, b"f" * 8000, 23),
        (chunked, b"0" * 8000, 110),
        (OK, b"X-Header: y\r\n" * 600, 20),
    ):
        error = spoilt(service, endless(head, piece), 200_000)
        kind = OSError if code == 110 else PeerError
        assert isinstance(error, kind) and error.args[0] == code, (head, error)


def test_endless_without_progress(service):
    for head, piece in (
        (OK + b"X-Long: ", b"y" * 8000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 8000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: x\r\n" * 600),
    ):

        def send(link, head=head, piece=piece):
            link.sendall(head)
            for _ in range(40):
                link.sendall(piece)
                time.sleep(0.1)

        error = spoilt(service, send)
        assert isinstance(error, (OSError, PeerError)), error


def test_slow_service(service):
    whole = service.answer(SENT, tid="4")
    head = whole.index(b"\r\n\r\n") + 4
    for answer in (
        drip(whole),
        lambda link: (link.sendall(whole[:head]), drip(whole[head:])(link)),
    ):
        error = spoilt(service, answer)
        assert isinstance(error, OSError), error


def test_silent_service(service):
    for begin in (
        b"",
        OK,
        OK + b"Content-Length: 100\r\n\r\n",
        service.answer(SENT, tid="4")[:-20],
    ):

        def send(link, begin=begin):
            link.sendall(begin)
            link.recv(1)  # until the client has enough

        error = spoilt(service, send)
        assert isinstance(error, OSError) and error.args[0] == 110, error


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Client(bearer(f"http://127.0.0.1:{port}/", timeout=TIMEOUT), "anna@d", "k")
    assert isinstance(wrong(client.login), ConnectionRefusedError)


def mutations(octets, seed):
    """One answer with a few octets changed, left out, doubled or moved."""
    chance = random.Random(seed)
    octets = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        i = chance.randrange(len(octets))
        kind = chance.randrange(4)
        if kind == 0:
            octets[i] = chance.randrange(256)
        elif kind == 1:
            del octets[i]
        elif kind == 2:
            octets[i:i] = octets[i : i + chance.randint(1, 9)]
        else:
            octets[i] ^= 1 << chance.randrange(8)
    return bytes(octets)


REAL = (
    (
        "ListManage-Response",
        [
            result(),
            (
                "NickList",
                [
                    ("NickName", [("Name", f"Contact {i}"), ("UserID", f"wv:c{i}@d")])
                    for i in range(9)
                ],
            ),
            ("ContactListProperties", [("Property", [("Name", "DisplayName"), ("Value", "F")])]),
        ],
    ),
    (
        "GetPresence-Response",
        [
            result(),
            (
                "Presence",
                [
                    ("UserID", "wv:bo@d"),
                    (
                        "PresenceSubList",
                        [
                            ("OnlineStatus", [("Qualifier", "T"), ("PresenceValue", "T")]),
                            ("StatusText", [("Qualifier", "T"), ("PresenceValue", "Out")]),
                        ],
                    ),
                ],
            ),
        ],
    ),
    (
        "NewMessage",
        [
            (
                "MessageInfo",
                [
                    ("MessageID", "m1"),
                    ("ContentType", "text/plain"),
                    ("ContentEncoding", "BASE64"),
                    ("ContentSize", 5),
                    ("Recipient", []),
                    ("Sender", [("User", [("UserID", "wv:bo@d")])]),
                    ("DateTime", "20260101T000000Z"),
                ],
            ),
            ("ContentData", "aGVsbG8="),
        ],
        "7",
        "Request",
    ),
)
TASKS = (
    lambda client: list(client.contacts("x")),
    lambda client: list(client.presence(("wv:bo@d",))),
    lambda client: list(client.events(0)),
)


def test_garbage(service):
    client = service.log_in()
    errors = set()
    for seed in range(600):
        entry, task = list(zip(REAL, TASKS, strict=True))[seed % 3]
        tid = str(client.session.tid % 999 + 1)
        service.script = [http(mutations(message([entry], tid, 2, service.syntax), seed))]
        try:
            task(client)
        except (PeerError, StatusError, OSError) as error:
            errors.add(error.args[0])
        if client.session.id is None:  # told that the session is over: fair enough
            client.close()
            client = service.log_in()
        service.script = []
    still_works(client, service)
    client.close()
    assert {2, 14} & errors and len(errors) > 2


def test_memory_is_bounded(service):
    client = service.log_in(content=500)
    client.bearer.most = 200_000
    start, blank = noise(service.syntax)
    text = "x" * 150_000
    faults = [
        endless(OK + b"\r\n" + start, blank),
        endless(OK, b"X-Header: " + b"y" * 8000),
        http(
            message(
                [("SendMessage-Response", [result(), ("MessageID", text)])], "4", 2, service.syntax
            )
        ),
    ]
    client.send("wv:bo@d", "x")  # what is loaded for the first message does not count
    tracemalloc.start()
    try:
        for fault in faults:
            service.script = [fault]
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            wrong(lambda: client.send("wv:bo@d", "x"))
            # the service of the test lives in this process too: its pieces and requests
            assert tracemalloc.get_traced_memory()[1] - before < 60_000
    finally:
        tracemalloc.stop()
    still_works(client, service)
    client.close()


def test_on_a_board(micropython, staged, service):
    """The same faults against one client with a small heap: tests/device/faults.py."""
    folder = scripts()
    whole = service.answer(SENT, tid="4")
    login = [service.answer(e, tid=str(1 + i)) for i, e in enumerate([granted(), *negotiated()])]
    long = "x" * 100_000
    body = message([("Status", [("Description", "HERE")])], "4", 2, service.syntax)
    deep = (b"HERE", b"<Result>") if service.syntax == "xml" else (b"\x03HERE\0", b"\x6a")
    faults = [
        lambda link: link.sendall(whole[:-5]),
        http(whole[-30:-9]),
        http(b"<html><body><br></body></html>"),
        http(body.replace(deep[0], deep[1] * 5000)),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"f" * 8000),
        endless(OK, b"X-Header: y\r\n" * 600),
        OK + b"Content-Length: 99999999999\r\n\r\n",
        service.answer(("SendMessage-Response", [result(), ("MessageID", long)]), tid="4"),
        service.answer(("Status", [("Result", [("Code", "many")])]), tid="4"),
        service.answer(SENT, tid="nobody's"),
        lambda link: link.recv(1),  # silence until the client has enough
        drip(whole),
    ]
    service.script = login + [each for fault in faults for each in (fault, whole)]
    heap = {"wbxml": "64K", "xml": "92K"}[service.syntax]
    path = os.pathsep.join((str(staged), str(folder), ".frozen"))
    done = subprocess.run(
        [
            micropython,
            "-X",
            f"heapsize={heap}",
            "-m",
            "faults",
            service.url,
            service.syntax,
            str(len(faults)),
        ],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "done" and len(lines) == 2 * len(faults) + 1, lines
    assert lines[1:-1:2] == ["m1"] * len(faults), lines
    assert not any("MemoryError" in line for line in lines)


def test_local_mistakes_reach_nobody(service):
    client = service.log_in()
    with pytest.raises(LocalError):
        client.send("wv:bo@d", "a\0b")
    with pytest.raises(LocalError):
        client.login()
    still_works(client, service)
    client.close()
