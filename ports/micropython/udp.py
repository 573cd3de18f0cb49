"""The port with datagrams for links: what it does not have is the port's own."""

import select
import socket

from .. import micropython as _port


def __getattr__(name):
    return getattr(_port, name)


class Link:
    """Datagrams with the bearer's host alone or, where that is empty, those that come to its
    number from anybody. Raises OSError, 110 when time is up."""

    def __init__(self, bearer):
        host = bearer.host or "0.0.0.0"
        found = socket.getaddrinfo(host, bearer.number, 0, socket.SOCK_DGRAM)[0]
        self.sock = s = socket.socket(found[0], found[1], found[2])
        try:
            (s.connect if bearer.host else s.bind)(found[-1])
        except BaseException:
            s.close()
            raise
        s.setblocking(False)

    def readinto(self, view, ms):
        """Octets of one datagram, cut off at the end of ``view``; waits at most ``ms``."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        if not poll.poll(max(ms, 0)):
            raise OSError(110)
        return self.sock.readinto(view) or 0

    def write(self, view, ms):
        """Send ``view`` as one datagram."""
        self.sock.write(view)

    def close(self):
        """Let go of the port; may be called again."""
        self.sock.close()


class AsyncLink(Link):
    """The same for asyncio: coroutines."""

    def __init__(self):
        pass

    async def open(self, bearer):
        """Take a port."""
        Link.__init__(self, bearer)

    async def readinto(self, view, ms):
        """Octets of one datagram, cut off at the end of ``view``. ms: the caller's to keep."""
        from asyncio import StreamReader

        return await StreamReader(self.sock).readinto(view) or 0

    async def write(self, view, ms):
        """Send ``view`` as one datagram."""
        self.sock.write(view)
