"""Checks of a service over HTTP, from this host, and of this host's clock."""

from __future__ import annotations

import email.utils
import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from microimps import Client
from microimps.errors import Error, PeerError, StatusError
from microimps.ports import http as bearer
from microimps.status import explain

from ..provision.account import Account, faults
from .finding import BAD, Finding, bad, good, skipped, unsure

_PATIENCE = 10.0  # seconds
_DRIFT = 300.0  # seconds that certificates and time stamps bear
_EARLIEST = 1704067200.0  # 2024: a clock that was never set shows less

# Status -> what to do.
CURES = {
    409: "the password is wrong: type it again; capitals count",
    531: "the service has no such user: register, or check the address and its domain",
    422: "the service ties the user to another ClientID: log that one out first",
    505: "the service speaks another version of CSP: try --version 1, 2 or 3",
    506: "the operator has not enabled this service for the user",
    601: "another login took the session over; use one client at a time",
    503: "the service is overloaded or under maintenance: try again later",
    543: "the service knows none of the digests: it may want the password in clear",
}


def check(url: str, user: str, password: str, version: int, syntax: str) -> Iterator[Finding]:
    """Findings, one after the other; what depends on a bad one is skipped. user: "" for none."""
    for fault in faults(Account(url=url)):
        yield bad("address", fault, "it looks like http://im.example.com/ or https://...")
        return
    parts = urlsplit(url)
    for part in (_name(parts), _connection(parts)):
        yield part
        if part.state == BAD:
            yield skipped("service", "it cannot be reached")
            return
    yield _clock(parts)
    yield from _login(url, user, password, version, syntax)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _name(parts: SplitResult) -> Finding:
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), 0, socket.SOCK_STREAM)
    except OSError as error:
        cure = "check the spelling, and that this machine is online and has a name server"
        return bad("host name", f"{parts.hostname}: {error.strerror}", cure)
    return good("host name", f"{parts.hostname} is {found[0][4][0]}")


def _connection(parts: SplitResult) -> Finding:
    where = f"port {_port(parts)}"
    begin = time.monotonic()
    try:
        with socket.create_connection((parts.hostname, _port(parts)), _PATIENCE) as sock:
            if parts.scheme == "https":
                with ssl.create_default_context().wrap_socket(
                    sock, server_hostname=parts.hostname
                ) as secure:
                    where += f", {secure.version()}, certificate valid"
    except ssl.SSLCertVerificationError as error:
        cure = (
            "is the clock right? A certificate of your own needs tls= of http(), on a board "
            "/roots.der"
        )
        return bad("connection", f"{where}: {error.verify_message}", cure)
    except ssl.SSLError as error:
        return bad("connection", f"{where}: {error.reason}", "is it http:// rather than https://?")
    except OSError as error:
        why = error.strerror or "no answer"
        cure = "is the service running, the port right, and no firewall between?"
        return bad("connection", f"{where}: {why}", cure)
    return good("connection", f"{where}, {1000 * (time.monotonic() - begin):.0f} ms")


def _clock(parts: SplitResult) -> Finding:
    now = time.time()
    if now < _EARLIEST:
        return bad("clock", f"{time.ctime(now)}", "set it, best by NTP: no certificate is valid")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), _port(parts), timeout=_PATIENCE)
    try:
        connection.request("HEAD", parts.path or "/")
        told = connection.getresponse().getheader("Date")
        moment = email.utils.parsedate_to_datetime(told or "").timestamp()
    except (OSError, http.client.HTTPException, TypeError, ValueError):
        return good("clock", f"{time.ctime(now)}; the service does not tell its time")
    finally:
        connection.close()
    away = now - moment
    if abs(away) > _DRIFT:
        side = "ahead of" if away > 0 else "behind"
        cure = "one of the two is wrong: set this machine's clock, best by NTP"
        return unsure("clock", f"{abs(away) / 60:.0f} minutes {side} the service", cure)
    return good("clock", f"{time.ctime(now)}, as the service has it")


def _login(url: str, user: str, password: str, version: int, syntax: str) -> Iterator[Finding]:
    client = Client(
        bearer(url, timeout=int(1000 * _PATIENCE)),
        *(user or "nobody", password, version, syntax),
        client="microimps-doctor",
        retries=0,
    )
    try:
        if not user:
            yield _speaks(client)
            yield skipped("credentials", "no --user was given")
            return
        client.login()
        yield good("service", f"an IMPS service, CSP 1.{version} in {syntax.upper()}")
        yield good("credentials", f"{client.session.user} is logged in, and out again")
        client.logout()
    except (Error, OSError) as error:
        yield from refused(error)
    finally:
        client.close()


def _speaks(client: Client) -> Finding:
    try:
        said = client.service_info()
    except StatusError:
        return good("service", "an IMPS service")
    except (Error, OSError) as error:
        return next(refused(error))
    return good("service", f"an IMPS service, {said.get('name') or 'which tells no name'}")


def refused(error: Exception) -> Iterator[Finding]:
    """What a failed login says about service and credentials."""
    if isinstance(error, StatusError):
        yield good("service", "an IMPS service")
        cure = CURES.get(error.args[0], "ask who runs the service")
        yield bad("credentials", explain(error), cure)
        return
    said = explain(error) if isinstance(error, Error) else str(error)
    cure = (
        "is the URL that of an IMPS service, with its whole path, and the --version right?"
        if isinstance(error, PeerError)
        else "is the service running? Try again"
    )
    yield bad("service", said, cure)
    yield skipped("credentials", "the service does not answer as it should")
