"""Makes the HTTP bearer: see ``microimps.ports``."""

from ..http_bearer import HttpBearer
from . import port


def http(url, tls=None, timeout=45000, extra=b"", most=1 << 24):
    """Bearer of CSP over HTTP to ``url`` (http or https).

    tls: an ``ssl`` context for https; None checks certificates against the system's or the
    board's roots. timeout: ms to wait for an answer. extra: bytes of more header lines, each
    with CR LF. most: octets of the largest answer, told as ParserSize. Raises ValueError for a
    URL that is none.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https") or not rest:
        raise ValueError("not an http or https URL: " + url)
    host, slash, path = rest.partition("/")
    number = 443 if scheme == "https" else 80
    i = host.rfind(":")
    if i > host.rfind("]"):
        number = int(host[i + 1 :])
        host = host[:i]
    if scheme == "https" and tls is None:
        tls = port.context()
    return HttpBearer(port, host, number, "/" + path, tls, timeout, extra, most)
