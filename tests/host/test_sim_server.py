"""The simulated service on real sockets: HTTP as real clients speak it, CIR, faults, command."""

import dataclasses
import http.client
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest
from sim_client import PASSWORD, Client, http_post

from conftest import COMMAND
from microimps.tools import message
from microimps.tools.sim import Account, Config, ConfigError, Limits, Service, commands, serve
from microimps.tools.sim.app import make_app, media_type
from microimps.tools.sim.config import load
from microimps.tools.sim.elements import node, text
from microimps.tools.sim.faults import Faults

USERS = (Account("alice", PASSWORD), Account("bob", PASSWORD))
XML = "application/vnd.wv.csp.xml"


@pytest.fixture
def running():
    with serve(Config(users=USERS)) as service:
        yield service


class HttpClient(Client):
    """The client of the other tests with a connection in place of the service."""

    def __init__(self, running, *arguments, **settings):
        super().__init__(running.service, *arguments, **settings)
        self.line = socket.create_connection(address(running), timeout=60)

    def raw(self, head, body=b""):
        """Send octets; (status line, headers, body) of the answer."""
        self.line.sendall(head.encode() + body)
        response = http.client.HTTPResponse(self.line)
        response.begin()
        return response, response.read()


def address(running):
    host, _, port = running.url[len("http://") :].rstrip("/").rpartition(":")
    return host, int(port)


def post_head(body, version="1.1", kind=XML, more=""):
    return (
        f"POST /imps HTTP/{version}\r\nHost: x\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )


def login_body(client, **settings):
    return client.octets(
        node(
            "Login-Request",
            node("UserID", "alice"),
            client.client_id,
            node("Password", PASSWORD),
            node("SessionCookie", client.cookie),
        ),
        **settings,
    )


def code_of(octets):
    return text(message.decode(octets).root, ".//Result/Code")


def test_a_connection_carries_many_requests(running):
    client = HttpClient(running)
    response, answer = client.raw(post_head(login_body(client)), login_body(client, tid="1"))
    assert response.status == 200 and code_of(answer) == "200"
    client.session_id = text(message.decode(answer).root, ".//SessionID")
    poll = client.octets(node("Polling-Request"), tid="")
    response, answer = client.raw(post_head(poll), poll)
    assert (response.status, answer, response.getheader("Content-Length")) == (200, b"", "0")
    assert response.getheader("Content-Type") == XML
    request = client.octets(node("GetList-Request"))
    response, answer = client.raw(post_head(request), request)
    assert message.decode(answer).root.find(".//GetList-Response") is not None


def test_http_1_0_chunks_and_expect(running):
    client = HttpClient(running)
    body = login_body(client)
    client.line.sendall(post_head(body, version="1.0").encode() + body)
    answer = b""
    while piece := client.line.recv(4096):
        answer += piece  # closed by the server
    assert code_of(answer.partition(b"\r\n\r\n")[2]) == "200"

    client = HttpClient(running)
    body = login_body(client)
    head = (
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunked = b"".join(b"1\r\n%c\r\n" % octet for octet in body) + b"0\r\n\r\n"
    assert code_of(client.raw(head, chunked)[1]) == "200"

    client.line.sendall(post_head(body, more="Expect: 100-continue\r\n").encode())
    assert client.line.recv(100).startswith(b"HTTP/1.1 100 ")
    assert code_of(client.raw("", body)[1]) == "200"


@pytest.mark.parametrize(
    ("asked", "syntax", "version", "answered"),
    [
        ("application/vnd.wv.csp.xml; charset=utf-8", "xml", "1.2", "application/vnd.wv.csp.xml"),
        ("application/vnd.wv.csp+xml", "xml", "1.2", "application/vnd.wv.csp+xml"),
        ("Application/VND.WV.CSP.WBXML", "wbxml", "1.3", "Application/VND.WV.CSP.WBXML"),
        ("text/xml", "xml", "1.1", "text/xml"),
        ("application/vnd.wv.csp.xml", "wbxml", "1.2", "application/vnd.wv.csp.wbxml"),
        ("application/vnd.wv.csp.wbxml", "xml", "1.3", "application/vnd.wv.csp+xml"),
        ("text/plain", "wbxml", "1.3", "application/vnd.wv.csp+wbxml"),
        ("", "xml", "1.1", "application/vnd.wv.csp.xml"),
    ],
)
def test_media_types(asked, syntax, version, answered):
    assert media_type(asked, syntax, version) == answered


def test_bodies_are_recognised_by_content():
    service = Service(Config(users=USERS))
    client = Client(service, version="1.3", syntax="wbxml")
    status, headers, answer = http_post(
        make_app(service, Faults()), login_body(client), [("Content-Type", "text/plain")]
    )
    assert status == 200 and code_of(answer) == "200"
    assert headers["content-type"] == "application/vnd.wv.csp+wbxml"


def test_bodies_that_cannot_be_answered():
    app = make_app(Service(Config(limits=Limits(body=1000))), Faults())
    for body in (b"", b"hello", b"<a", os.urandom(50) + b"\xff"):
        assert http_post(app, body)[0] == 400
    status, headers, _ = http_post(app, b"<" * 1001)
    assert (status, headers["connection"]) == (413, "close")


def test_an_announced_length_of_gigabytes_costs_nothing(running):
    line = socket.create_connection(address(running), timeout=60)
    line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n")
    try:
        for _ in range(40):
            line.sendall(b"x" * 65536)
    except OSError:
        pass  # it was answered and closed before all was sent
    line.setblocking(True)
    line.settimeout(60)
    try:
        assert line.recv(20).startswith(b"HTTP/1.1 413")
    except ConnectionResetError:
        pass
    assert HttpClient(running).raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n")[0].status == 405


def test_random_octets_do_no_harm():
    service = Service(Config(users=USERS))
    app = make_app(service, Faults())
    for syntax in ("xml", "wbxml"):
        body = login_body(Client(service, syntax=syntax))
        for at in range(0, len(body), 3):
            for broken in (body[:at], body[:at] + b"\xff\x00" + body[at + 2 :]):
                status, _, answer = http_post(app, broken)
                assert status in (200, 400)
                assert status == 400 or message.decode(answer)
    assert code_of(http_post(app, body)[2]) == "200"


def test_http_cir(running):
    alice, bob = Client(running.service), Client(running.service, "bob")
    for client in (alice, bob):
        client.login()
    agreed = bob.capabilities(SupportedCIRMethod="SHTTP").find("AgreedCapabilityList")
    url = text(agreed, "CIRURL/URL")
    assert url.startswith(running.url)
    assert urllib.request.urlopen(url, timeout=60).status == 204
    alice.send("wv:bob")
    assert urllib.request.urlopen(url, timeout=60).status == 200
    bob.drain()
    assert urllib.request.urlopen(url, timeout=60).status == 204
    guessed = url.replace(url.split("/")[-2], "0" * 16)
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(guessed, timeout=60)


# TCP CIR


class Channel:
    def __init__(self, running, greeting=""):
        self.line = socket.create_connection(("127.0.0.1", running.cir_port), timeout=60)
        self.file = self.line.makefile("rb")
        if greeting:
            self.say(greeting)

    def say(self, line):
        self.line.sendall(line.encode())

    def hear(self):
        return self.file.readline()


def test_tcp_cir(running):
    alice, bob = Client(running.service), Client(running.service, "bob", "1.3")
    for client in (alice, bob):
        client.login()
    agreed = bob.capabilities().find("AgreedCapabilityList")
    assert text(agreed, "TCPPort") == str(running.cir_port)
    channel = Channel(running, f"HELO {bob.session_id}\r\n")
    assert channel.hear() == b"OK\r\n"
    alice.send("wv:bob")
    notice = f"WVCI 1.3 {bob.cookie}\r\n".encode()
    assert channel.hear() == notice
    alice.send("wv:bob")  # merged with the first: the client has not polled yet
    channel.say("ping \n")
    assert [channel.hear(), channel.hear()] == [b"OK\r\n", notice]
    assert len(bob.drain()) == 2
    channel.say("PING\r\n")
    assert channel.hear() == b"OK\r\n"
    alice.send("wv:bob")
    assert channel.hear() == notice


def test_tcp_cir_tells_at_once_what_waits(running):
    alice, bob = Client(running.service), Client(running.service, "bob")
    for client in (alice, bob):
        client.login()
    alice.send("wv:bob")
    channel = Channel(running, f"helo {bob.session_id}\n")
    assert [channel.hear(), channel.hear()[:4]] == [b"OK\r\n", b"WVCI"]


def test_cir_falls_back():
    """TCP while it is connected, and the agreed methods in their order when no poll follows."""
    with (
        serve(Config(users=USERS, limits=Limits(cir_repeat=0))) as running,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
    ):
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(60)
        alice, bob = Client(running.service), Client(running.service, "bob")
        for client in (alice, bob):
            client.login()
        bob.capabilities(SupportedCIRMethod="SUDP", UDPPort=ear.getsockname()[1])
        running.service.sessions.get(bob.session_id).host = "127.0.0.1"
        notice = f"WVCI 1.2 {bob.cookie}".encode()
        alice.send("wv:bob")
        assert ear.recv(100) == notice  # not connected yet
        bob.drain()
        channel = Channel(running, f"HELO {bob.session_id}\r\n")
        assert channel.hear() == b"OK\r\n"
        alice.send("wv:bob")
        assert channel.hear() == notice + b"\r\n"
        alice.send("wv:bob")
        assert ear.recv(100) == notice


def test_tcp_cir_closes_what_it_does_not_know(running):
    client = Client(running.service)
    client.login()
    assert Channel(running, "HELO nobody\r\n").hear() == b""
    assert Channel(running, f"PING {client.session_id}\r\n").hear() == b""
    assert Channel(running, "x" * 5000).hear() == b""
    first = Channel(running, f"HELO {client.session_id}\r\n")
    assert first.hear() == b"OK\r\n"
    assert Channel(running, f"HELO {client.session_id}\r\n").hear() == b""
    first.say("PING\r\n")
    assert first.hear() == b"OK\r\n"
    client.post("Logout-Request")
    first.say("PING\r\n")
    assert first.hear() == b""


def test_tcp_cir_waits_for_helo_only_so_long():
    with serve(Config(users=USERS, limits=Limits(cir_login=0))) as running:
        assert Channel(running).hear() == b""


def test_a_service_without_tcp_cir():
    with serve(Config(users=USERS, cir_port=None)) as running:
        assert running.cir_port is None
        client = Client(running.service)
        client.login()
        agreed = client.capabilities().find("AgreedCapabilityList")
        assert agreed.find("TCPPort") is None and agreed.find("SupportedCIRMethod") is None


def test_what_clients_are_told_of_the_address():
    with serve(Config(users=USERS, host="0.0.0.0", public_host="imps.example.com")) as running:
        assert running.url.startswith("http://imps.example.com:")
        client = Client(running.service)
        client.login()
        agreed = client.capabilities().find("AgreedCapabilityList")
        assert text(agreed, "TCPAddress") == "imps.example.com"


# Faults


def attempt(running, body, timeout=60):
    connection = http.client.HTTPConnection(*address(running), timeout=timeout)
    connection.request("POST", "/", body, {"Content-Type": XML})
    response = connection.getresponse()
    return response.status, response.read()


def test_a_dropped_answer_comes_with_the_repeated_request(running):
    client = Client(running.service)
    client.login()
    body = client.octets(node("CreateList-Request", node("ContactList", "wv:alice/a")))
    running.faults.add("drop", "CreateList-Request")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        attempt(running, body)
    status, answer = attempt(running, body)
    assert (status, code_of(answer)) == (200, "200")  # not 701: it was done once


def test_a_closed_connection_leaves_the_request_undone(running):
    client = Client(running.service)
    client.login()
    running.faults.add("close", "DeleteList-Request")
    client.post("CreateList-Request", node("ContactList", "wv:alice/a"))
    body = client.octets(node("DeleteList-Request", node("ContactList", "wv:alice/a")))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        attempt(running, body)
    assert text(client.post("GetList-Request"), "DefaultContactList") == "wv:alice/a"
    assert code_of(attempt(running, body)[1]) == "200"


def test_half_an_answer(running):
    body = login_body(Client(running.service))
    running.faults.add_text("cut:Login-Request:2")
    for _ in range(2):
        with pytest.raises(http.client.IncompleteRead):
            attempt(running, body)
    running.faults.add("stall")
    with pytest.raises(TimeoutError):
        attempt(running, body, 0.5)
    assert code_of(attempt(running, body)[1]) == "200"


def test_http_errors_and_latency():
    with serve(Config(users=USERS, faults=("503:Login-Request",), latency=0.2)) as running:
        body = login_body(Client(running.service))
        assert attempt(running, body) == (503, b"")
        begin = time.monotonic()
        assert code_of(attempt(running, body)[1]) == "200"
        assert time.monotonic() - begin >= 0.2


@pytest.mark.parametrize("fault", ["melt", "200", "drop:X:many"])
def test_faults_that_do_not_exist(fault):
    with pytest.raises(ConfigError):
        Faults((fault,))


# Several clients at once, settings, the command


def test_clients_in_parallel(running):
    failures = []

    def work(n):
        try:
            client = HttpClient(running, client=f"c{n}")
            for _ in range(10):
                body = login_body(client)
                if code_of(client.raw(post_head(body), body)[1]) != "200":
                    failures.append(n)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures


def test_ports_are_given_back(running):
    port = address(running)[1]
    with pytest.raises(OSError), serve(Config(port=port)):
        pass
    cir = running.cir_port
    with pytest.raises(OSError), serve(Config(cir_port=cir)):
        pass
    running.close()
    with serve(Config(port=port, cir_port=cir)) as again:
        assert (address(again)[1], again.cir_port) == (port, cir)


SETTINGS = """
domain = "im.example.net"
presence = "ask"
versions = ["1.1", "1.2"]
withhold = ["GETLM"]
contacts = {dora = 3}

[limits]
lists = 7
keep_alive = [10, 20, 30]

[[users]]
id = "dora"
password = "p"
alias = "Dora D."
lists = {work = ["wv:emil@im.example.net=Emil"]}
"""


def test_settings_file(tmp_path):
    path = tmp_path / "sim.toml"
    path.write_text(SETTINGS)
    config = load(path)
    assert (config.domain, config.presence, config.limits.lists) == ("im.example.net", "ask", 7)
    client = Client(Service(config), "dora")
    answer = client.login(password="p")
    assert text(answer, "KeepAliveTime") == "30"
    lists = client.post("GetList-Request")
    assert text(lists, "DefaultContactList") == "wv:dora/work@im.example.net"
    assert text(lists, "ContactList") == "wv:dora/friends@im.example.net"


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense = 1",
        "users = [{id = 'x'}]",
        "limits = {nonsense = 1}",
        "presence = 'me'",
        "[",
        "limits = {keep_alive = 5}",
        "users = 5",
    ],
)
def test_settings_files_that_are_wrong(tmp_path, wrong):
    path = tmp_path / "sim.toml"
    path.write_text(wrong)
    with pytest.raises(ConfigError):
        load(path)


def command(*options):
    return subprocess.Popen(
        [*COMMAND, "sim", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command(tmp_path):
    path = tmp_path / "sim.toml"
    path.write_text(SETTINGS)
    process = command(
        "--config",
        str(path),
        "--user",
        f"alice:{PASSWORD}",
        "--port",
        "0",
        "--json",
        "--versions",
        "1.2",
        "--limit",
        "lists=1",
    )
    try:
        ready = json.loads(process.stdout.readline())["ready"]
        assert ready["domain"] == "im.example.net" and ready["cir_port"]
        body = login_body(Client(None))
        request = urllib.request.Request(ready["url"], body, {"Content-Type": XML})
        assert code_of(urllib.request.urlopen(request, timeout=60).read()) == "200"
        record = json.loads(process.stdout.readline())
        assert (record["request"], record["answer"], record["code"]) == (
            "Login-Request",
            "Login-Response",
            200,
        )
        assert record["user"] == "wv:alice@im.example.net"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode in (0, 130)


@pytest.mark.parametrize(
    "options",
    [
        ("--user", "alice"),
        ("--contacts", "alice"),
        ("--limit", "speed=1"),
        ("--fault", "melt"),
        ("--versions", "9"),
        ("--config", "/does/not/exist"),
        ("--withhold", "X"),
    ],
)
def test_the_command_refuses_in_one_line(options):
    process = command("--port", "0", "--cir-port", "0", *options)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert errors.startswith("microimps sim: ") and errors.count("\n") == 1


def test_the_guide_names_every_option_and_limit(root):
    guide = (root / "docs" / "sim.md").read_text(encoding="utf-8")
    options = set(re.findall(r'"(--[a-z-]+)[/"]', inspect.getsource(commands)))
    names = inspect.signature(commands.sim).parameters
    options |= {"--" + name.replace("_", "-") for name in names}
    options -= {"--json-lines"}
    assert {option for option in options if f"`{option}" not in guide} - {"--plain"} == set()
    limits = [each.name for each in dataclasses.fields(Limits)]
    assert [name for name in limits if f"`{name}`" not in guide] == []
    settings = {each.name for each in dataclasses.fields(Config)} - names.keys()
    assert {each for each in settings if f"`{each}`" not in guide} == {"users", "limits"}
