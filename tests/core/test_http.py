# heap: 256K
"""CSP over HTTP: every framing of a body, trouble of every kind; transport.md section 2."""

from peer import everyhow, fails, how, http, message, online, result, status

from microimps import PeerError

ANSWER = ("SendMessage-Response", [result(), ("MessageID", "m1")])
OK = b"HTTP/1.1 200 OK\r\n"


def body(tid="4"):
    return message([ANSWER], tid, 2, how.syntax)


def sends(answers, **options):
    """Send a message; (what send gave or the error, peer)."""
    c, peer = online(answers, **options)
    c.close()
    opened = peer.opened
    found = []
    error = fails(lambda: found.append(c.send("wv:bo@d", "x")))
    peer.opened -= opened
    if error is None and len(found) == 1:
        return found[0], peer, c
    return error, peer, c


def delivers(answer, opened=1):
    """The answer is understood, and the connection is used for the next, or not."""
    given, peer, c = sends([answer, http(message([status()], "5", 2, how.syntax))])
    assert given == "m1", given
    c.delete_list("x")
    assert peer.opened == opened, peer.opened


def chunks(octets, size, extension=b"", trailer=b""):
    found = b""
    for i in range(0, len(octets), size):
        piece = octets[i : i + size]
        found += b"%x%s\r\n" % (len(piece), extension) + piece + b"\r\n"
    return found + b"0\r\n" + trailer + b"\r\n"


@everyhow
def test_request_head():
    c, peer = online([http(message([status()], "4", 2, how.syntax))])
    c.delete_list("x")
    lines = peer.asked().head.split(b"\r\n")
    assert lines[0] == b"POST /x HTTP/1.1" and lines[1] == b"Host: h:80"
    kind = b"Content-Type: application/vnd.wv.csp." + how.syntax.encode()
    length = b"Content-Length: %d" % len(peer.asked().body)
    assert kind in lines and length in lines


@everyhow
def test_content_length():
    delivers(http(body()))
    delivers(b"HTTP/1.1 200\r\ncontent-length:%d  \r\n\r\n" % len(body()) + body())
    delivers(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(body()) + body())


@everyhow
def test_close_delimited():
    delivers(OK + b"\r\n" + body(), 2)
    delivers(OK + b"Connection: close\r\n\r\n" + body(), 2)


@everyhow
def test_chunked():
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for size in (1, 7, 16, 500):
        delivers(head + chunks(body(), size))
    delivers(head + chunks(body(), 10, b";name=value", b"X-Trailer: 1\r\nY: 2\r\n"))
    upper = chunks(body(), 10).replace(b"a\r\n", b"A\r\n", 1)
    delivers(head + upper)
    # both given: the coding counts, RFC 9112 section 6.3
    delivers(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body(), 50))
    delivers(OK + b"Transfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n" + chunks(body(), 50))


def test_chunked_cut_at_every_octet():
    answer = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(body(), 13, b";e")
    for at in range(1, len(answer)):
        c, peer = online([answer])
        peer.first = at
        assert c.send("wv:bo@d", "x") == "m1", at


def test_bad_chunks():
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for size in (b"g", b"-1", b"0x10", b"fffffffff", b"1000001"):
        answer = head + size + b"\r\n" + body() + b"\r\n0\r\n\r\n"
        given, peer, c = sends([answer, http(message([status()], "5"))])
        assert isinstance(given, PeerError) and given.args[0] in (20, 23), (size, given)
        c.delete_list("x")


@everyhow
def test_empty_bodies():
    for answer in (
        http(b""),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"\r\n",
        OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n",
    ):
        c, peer = online([answer, answer, http(message([status()], "4", 2, how.syntax))])
        assert list(c.events(0)) == []  # nothing waits
        assert list(c.events(0)) == []
        c.delete_list("x")


def test_an_empty_body_is_no_answer():
    given, peer, c = sends([http(b""), http(body())])
    assert given == "m1" and peer.slept == [5000]
    given, peer, c = sends([http(b"")] * 4 + [http(message([status()], "5"))])
    assert isinstance(given, PeerError) and given.args[0] == 14
    c.delete_list("x")


@everyhow
def test_continue_comes_first():
    for interim in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n"):
        delivers(interim + http(body()))
        delivers(interim * 3 + http(body()))


@everyhow
def test_long_header_lines():
    for n in (200, 256, 257, 5000):
        for where in (b"", b"X-Short: 1\r\n"):
            line = where + b"X-Long: " + b"y" * n + b"\r\n"
            delivers(http(body(), line))


def test_header_lines_of_every_length():
    for n in range(220, 300):
        delivers(http(body(), b"Set-Cookie: " + b"c" * n + b"\r\n"))


def test_too_many_header_lines():
    for lines in (b"A: b\r\n" * 200, b""):
        answer = http(body(), lines) if lines else b"\r\n" * 200
        given, peer, c = sends([answer, http(message([status()], "5"))])
        assert isinstance(given, PeerError) and given.args[0] == 20
        c.delete_list("x")


def test_http_1_0():
    delivers(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body()) + body(), 2)
    delivers(b"HTTP/1.0 200 OK\r\n\r\n" + body(), 2)


def test_connection_close_in_any_case():
    for line in (b"Connection: close\r\n", b"connection:Close\r\n", b"CONNECTION: CLOSE\r\n"):
        delivers(http(body(), line), 2)
    delivers(http(body(), b"Connection: keep-alive\r\n"), 1)


def test_redirects_are_refused():
    for code in (301, 302, 303, 307, 308):
        answer = b"HTTP/1.1 %d Moved\r\nLocation: http://e/\r\nContent-Length: 0\r\n\r\n" % code
        given, peer, c = sends([answer, http(message([status()], "5"))])
        assert isinstance(given, PeerError) and given.args == (21, code)
        assert len(peer.sent) == 1 and not peer.slept
        c.delete_list("x")


def test_client_errors_are_not_repeated():
    for code in (400, 401, 403, 404, 405, 413):
        answer = b"HTTP/1.1 %d No\r\nContent-Length: 4\r\n\r\nsigh" % code
        given, peer, c = sends([answer, http(message([status()], "5"))])
        assert isinstance(given, PeerError) and given.args == (22, code)
        assert len(peer.sent) == 1 and not peer.slept
        c.delete_list("x")


def test_server_errors_are_repeated():
    for code in (500, 502, 503, 504):
        answer = b"HTTP/1.1 %d No\r\nContent-Length: 4\r\n\r\nsigh" % code
        given, peer, c = sends([answer, answer, http(body())])
        assert given == "m1" and peer.slept == [5000, 10000]
        given, peer, c = sends([answer] * 4 + [http(message([status()], "5"))])
        assert isinstance(given, PeerError) and given.args == (22, code)
        c.delete_list("x")


def test_not_http():
    for answer in (
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 OK 200\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"\0\xff\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    ):
        given, peer, c = sends([answer, http(message([status()], "5"))])
        assert isinstance(given, PeerError) and given.args[0] == 20, (answer, given)
        c.delete_list("x")


def test_huge_content_length():
    answer = OK + b"Content-Length: 99999999999999999999\r\n\r\n" + body()
    given, peer, c = sends([answer, http(message([status()], "5"))])
    assert isinstance(given, PeerError) and given.args[0] == 23
    c.delete_list("x")


def test_most_octets():
    for head, octets in (
        (OK + b"\r\n", body() + b"\n" * 300),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", chunks(body() + b"\n" * 300, 20)),
    ):
        c, peer = online([head + octets, http(message([status()], "5"))])
        c.bearer.most = 200
        error = fails(c.send, "wv:bo@d", "x")
        assert isinstance(error, PeerError) and error.args[0] == 23
        c.delete_list("x")


@everyhow
def test_octets_behind_the_body():
    answer = http(body()) + b"HTTP/1.1 200 OK\r\n\r\nspam"
    if not how.cut:  # else they are never read
        delivers(answer, 2)


@everyhow
def test_octets_behind_the_document():
    # white space and more behind the document's end must not stay in the line
    octets = body() + b"\r\n" * 300
    delivers(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(octets) + octets)
    delivers(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(octets, 77))


@everyhow
def test_body_that_ends_too_soon():
    whole = body()
    for cut in (0, 1, len(whole) // 2, len(whole) - 1):
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole) + whole[:cut]
        given, peer, c = sends([answer, http(whole)])
        assert given == "m1" and peer.slept == [5000] and peer.opened == 2, cut
    given, peer, c = sends(
        [OK + b"\r\n" + whole[:-1], http(message([status()], "5", 2, how.syntax))]
    )
    assert isinstance(given, PeerError) and given.args[0] == 1
    c.delete_list("x")


def test_a_service_that_says_nothing():
    given, peer, c = sends([b"", b"", http(body())])
    assert given == "m1" and peer.slept == [5000, 10000]


def test_time_for_the_head_and_for_every_64_octets():
    long = message(
        [("SendMessage-Response", [result(200, ("Description", "d" * 600)), ("MessageID", "m1")])],
        "4",
    )
    for slow, cut, enough in (
        (44000, 1 << 9, True),
        (46000, 0, False),
        (600, 1, True),
        (750, 1, False),
    ):
        c, peer = online([http(long)], retries=0)
        c.close()
        peer.slow = slow
        peer.cut = cut
        start = peer.now
        error = fails(c.send, "wv:bo@d", "x")
        assert (error is None) == enough, (slow, cut, error)
        if not enough:
            assert isinstance(error, OSError) and error.args[0] == 110
            assert peer.now - start <= 91000


if __name__ == "__main__":
    from testing import run

    run(globals())
