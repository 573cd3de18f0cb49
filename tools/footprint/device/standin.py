"""What the WebAssembly port lacks: sockets, their poll, urandom and digests but SHA-256.

Importing this module puts it in their places. A socket plays back, from /answers, what a service
answered: an answer is four octets of length, big-endian, and the stream's octets, and the next one
is due when the program reads after it has written. None of it allocates.
"""

import os
import sys
from hashlib import sha256 as sha1

md5 = sha1
POLLIN = 1
SOCK_STREAM = 1

with open("/answers", "rb") as _file:
    _answers = _file.read()


class _Tape:
    at = stop = 0
    due = False


def getaddrinfo(host, port, family=0, kind=0):
    """One address, whatever is asked."""
    return [(2, kind, 0, "", (host, port))]


class poll:
    """Says that there is always something to read."""

    def register(self, stream, events):
        pass

    def poll(self, ms):
        return True


class socket:
    """A stream that was recorded."""

    def __init__(self, family=0, kind=0, protocol=0):
        pass

    def settimeout(self, seconds):
        pass

    def setblocking(self, flag):
        pass

    def connect(self, address):
        pass

    def close(self):
        pass

    def write(self, octets):
        """Take all that is written."""
        _Tape.due = True
        return len(octets)

    def readinto(self, buffer):
        """Octets put into the buffer; 0 where the answer is over."""
        if _Tape.due:
            _Tape.due = False
            size = 0
            for i in range(_Tape.stop, _Tape.stop + 4):
                size = size << 8 | _answers[i]
            _Tape.at = _Tape.stop + 4
            _Tape.stop = _Tape.at + size
        at = _Tape.at
        count = min(len(buffer), _Tape.stop - at)
        for i in range(count):
            buffer[i] = _answers[at + i]
        _Tape.at = at + count
        return count


def urandom(count):
    """So many octets, the same each time."""
    return bytes(count)


os.urandom = urandom
sys.modules["socket"] = sys.modules["select"] = sys.modules["hashlib"] = sys.modules[__name__]
