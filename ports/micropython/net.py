"""TCP and TLS links on MicroPython: plain sockets, read without waiting for a full buffer."""

import select
import socket


def nodelay(sock):
    """Let a window of a message go out before the last one is acknowledged."""
    try:
        sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    except OSError:
        pass  # a port that has no such option is slower


class Link:
    """A blocking stream to the bearer's host. Raises OSError, 110 when time is up."""

    def __init__(self, bearer):
        found = socket.getaddrinfo(bearer.host, bearer.number, 0, socket.SOCK_STREAM)[0]
        self.raw = self.sock = s = socket.socket(found[0], found[1], found[2])
        try:
            s.settimeout(bearer.ms // 1000 + 1)
            s.connect(found[-1])
            nodelay(s)
            if bearer.tls:
                self.sock = bearer.tls.wrap_socket(s, server_hostname=bearer.host)
        except BaseException:
            s.close()
            raise
        self.poll = select.poll()
        self.poll.register(self.sock, select.POLLIN)

    def readinto(self, view, ms):
        """Octets read into ``view``, 0 at the end of the stream; waits at most ``ms``."""
        # a blocking socket would wait until the view is full
        self.raw.setblocking(False)
        n = self.sock.readinto(view)
        while n is None:
            if ms <= 0 or not self.poll.poll(ms):
                raise OSError(110)
            n = self.sock.readinto(view)
        return n

    def write(self, view, ms):
        """Send all of ``view``."""
        self.raw.settimeout(ms // 1000 + 1)
        self.sock.write(view)

    def close(self):
        """Close the stream; may be called again."""
        self.sock.close()
