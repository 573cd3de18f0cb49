"""The HTTP stack inside a virtual modem: what it asks for goes to a real loopback server."""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
from urllib.parse import urlsplit

_TIMEOUT = 30.0  # wall seconds


class Unreachable(Exception):
    """No connection; `dns` says that it is because the host is none of this machine's."""

    def __init__(self, dns: bool) -> None:
        super().__init__(dns)
        self.dns = dns


class Stack:
    """State of a modem's HTTP commands: the context, the parameters, body and answer."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As after power-on."""
        self.connected = False
        self.open = False
        self.parameters: dict[str, str] = {}
        self.body = b""
        self.answer = b""

    async def request(
        self, method: str, url: str, headers: dict[str, str], body: bytes = b""
    ) -> int:
        """Ask a loopback server; keeps the body of the answer and returns its status.

        Raises Unreachable.
        """
        parts = urlsplit(url if "://" in url else "http://" + url)
        host = parts.hostname or ""
        if parts.scheme != "http" or not _loopback(host):
            raise Unreachable(dns=True)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

        def ask() -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(host, parts.port or 80, timeout=_TIMEOUT)
            try:
                connection.request(method, target, body or None, headers)
                response = connection.getresponse()
                return response.status, response.read()
            finally:
                connection.close()

        try:
            status, self.answer = await asyncio.to_thread(ask)
        except (OSError, http.client.HTTPException):
            raise Unreachable(dns=False) from None
        return status


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
