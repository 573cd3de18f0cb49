"""Serial line to a modem on MicroPython's unix port: a device of the host, such as a pty."""

import select

from . import ticks_ms


class Line:
    """A blocking line to a modem; path: of the device, which is taken as it is set."""

    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)
        self.poll = select.poll()
        self.poll.register(self.file, select.POLLIN)

    def readinto(self, view, ms):
        """Octets read into ``view``, 0 when none came within ``ms``."""
        # an octet at a time, because a read waits for all that it was asked for
        start = ticks_ms()
        n = 0
        while n < len(view):
            left = 0 if n else ms - (ticks_ms() - start & 0x1FFFFFFF)
            if not self.poll.poll(max(left, 0)):
                break
            if not self.file.readinto(view[n : n + 1]):
                raise OSError(5)
            n += 1
        return n

    def write(self, view, ms):
        """Send all of ``view``."""
        self.file.write(view)

    def close(self):
        """Close the line; may be called again."""
        self.file.close()
