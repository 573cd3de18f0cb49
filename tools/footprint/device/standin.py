"""What the WebAssembly port lacks: sockets, their poll, UARTs, urandom and digests but SHA-256.

Importing this module puts it in their places. A socket plays back, from /answers, what a service
answered: an answer is four octets of length, big-endian, and the stream's octets, and the next one
is due when the program reads after it has written. A UART plays back what a modem answered to each
line. None of it allocates but read and readline, which only the peers call.
"""

import os
import sys
from hashlib import sha256

POLLIN = 1
SOCK_STREAM = 1
SOCK_DGRAM = 2

with open("/answers", "rb") as _file:
    _answers = _file.read()


class _Tape:
    at = stop = due = 0

    def turn():
        """On to the next answer that is due."""
        size = 0
        for i in range(_Tape.stop, _Tape.stop + 4):
            size = size << 8 | _answers[i]
        _Tape.at = _Tape.stop + 4
        _Tape.stop = _Tape.at + size
        _Tape.due -= 1

    def play(buffer):
        """Octets put into the buffer; 0 where the answer is over."""
        at = _Tape.at
        count = min(len(buffer), _Tape.stop - at)
        for i in range(count):
            buffer[i] = _answers[at + i]
        _Tape.at = at + count
        return count


class sha1(sha256):
    """A digest of the length that the name says."""

    def digest(self):
        return super().digest()[:20]


md5 = sha1


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

    def setsockopt(self, level, option, value):
        """Ignored."""

    def setblocking(self, flag):
        pass

    def connect(self, address):
        pass

    def close(self):
        pass

    def write(self, octets, count=-1):
        """Take all that is written."""
        _Tape.due = 1
        return len(octets)

    def readinto(self, buffer):
        """Octets put into the buffer; 0 where the answer is over."""
        if _Tape.due:
            _Tape.turn()
        return _Tape.play(buffer)

    def read(self, count):
        """So many octets, or less where the answer is over."""
        buffer = bytearray(count)
        return bytes(buffer[: self.readinto(buffer)])

    def readline(self):
        """One line with its end."""
        line = b""
        while not line.endswith(b"\n"):
            line += self.read(1)
        return line


class UART:
    """A serial line that was recorded."""

    def __init__(self, number, baudrate, timeout=0, rxbuf=0):
        pass

    def any(self):
        """Octets that can be read at once."""
        while _Tape.at == _Tape.stop and _Tape.due:
            _Tape.turn()
        return _Tape.stop - _Tape.at

    def write(self, octets):
        """Take all that is written. CR or Ctrl-Z at its end is the end of a line."""
        _Tape.due += octets[-1] in b"\r\x1a"
        return len(octets)

    def readinto(self, buffer):
        """Octets put into the buffer."""
        return _Tape.play(buffer)

    def deinit(self):
        pass


def urandom(count):
    """So many octets, the same each time."""
    return bytes(count)


os.urandom = urandom
for _name in ("socket", "select", "hashlib", "machine"):
    sys.modules[_name] = sys.modules[__name__]
