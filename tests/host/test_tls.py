"""TLS: certificates are checked by default, on CPython and on MicroPython."""

import os
import socket
import ssl
import subprocess
import threading

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from conftest import ROOT
from microimps import Client
from microimps.ports import http
from microimps.tools.sim import Account, Config, serve

USER = "wv:anna@im.example.com"


def pump(source, sink):
    """Octets from one socket to the other until it ends."""
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Proxy:
    """Ends TLS in front of a plain service; a thread for each direction, with time-outs."""

    def __init__(self, authority, name, target):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.context)
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        plain.settimeout(20)
        try:
            with (
                self.context.wrap_socket(plain, server_side=True) as client,
                socket.create_connection(self.target, 20) as service,
            ):
                back = threading.Thread(target=pump, args=(service, client), daemon=True)
                back.start()
                pump(client, service)
                back.join(20)
        except OSError:  # a client that does not trust us hangs up
            pass

    def close(self):
        self.listener.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def service():
    with serve(Config(users=(Account(USER, "pw"),), contacts={USER: 10})) as running:
        yield "127.0.0.1", int(running.url.rstrip("/").rsplit(":", 1)[1])


@pytest.fixture
def proxy(authority, service):
    proxy = Proxy(authority, "localhost", service)
    yield proxy
    proxy.close()


def test_trusted(authority, proxy):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    client = Client(http(f"https://localhost:{proxy.port}/", tls=context), USER, "pw")
    client.login()
    assert len(list(client.contacts())) == 10
    client.logout()
    client.close()


def test_unknown_authority_is_refused(proxy):
    client = Client(http(f"https://localhost:{proxy.port}/"), USER, "pw")
    with pytest.raises(ssl.SSLCertVerificationError):
        client.login()


def test_wrong_name_is_refused(authority, proxy):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    client = Client(http(f"https://127.0.0.1:{proxy.port}/", tls=context), USER, "pw")
    with pytest.raises(ssl.SSLCertVerificationError):
        client.login()


SCRIPT = """
import sys
from microimps import Client
from microimps.ports import http
from microimps.ports.micropython.tls import context
client = Client(http(sys.argv[1], context(sys.argv[2])), "wv:anna@im.example.com", "pw")
client.login()
print("members", len(list(client.contacts())))
client.logout()
"""


def board(micropython, staged, tmp_path, url, authority):
    roots = tmp_path / "roots.der"
    certificate = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    roots.write_bytes(certificate.public_bytes(Encoding.DER))
    script = tmp_path / "board.py"
    script.write_text(SCRIPT)
    return subprocess.run(
        [micropython, script, url, roots],
        env={**os.environ, "MICROPYPATH": f"{staged}:.frozen"},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )


def test_board_trusts_its_roots(micropython, staged, tmp_path, authority, proxy):
    done = board(micropython, staged, tmp_path, f"https://localhost:{proxy.port}/", authority)
    assert done.stdout == "members 10\n", done.stdout + done.stderr


def test_board_refuses_an_unknown_authority(micropython, staged, tmp_path, proxy):
    url = f"https://localhost:{proxy.port}/"
    done = board(micropython, staged, tmp_path, url, trustme.CA())
    assert "members" not in done.stdout and "cert" in done.stdout + done.stderr, done
