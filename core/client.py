"""The blocking skin: does the I/O that the flows ask for, one step after the other."""

from .const import const
from .operations import Operations

_OPEN = const(1)
_READ = const(2)
_WRITE = const(3)
_CLOSE = const(4)

_MASK = const(0x1FFFFFFF)
_HALF = const(0x10000000)


class Client(Operations):
    """An IMPS client whose tasks block until they are done. Arguments: ``Operations``."""

    def _step(self, op, b):
        # one I/O step of a flow; what a read waits for is taken from the time it has
        io = b.io
        if op == _READ:
            t = b.port.ticks_ms()
            op = io.link.readinto(io.view, io.ms)
            io.ms -= (b.port.ticks_ms() - t & _MASK) + 1  # so that a flood ends
        elif op == _WRITE:
            io.link.write(io.view, io.ms)
        elif op == _OPEN:
            io.link = b.port.Link(b)
        elif op == _CLOSE:
            io.link.close()
        else:
            b.port.sleep_ms(io.ms)
        return op

    def _iterate(self, flow, b=None):
        value = fault = None
        try:
            while True:
                try:
                    op = flow.throw(fault) if fault else flow.send(value)
                except StopIteration as end:
                    return end.value
                value = fault = None
                if not isinstance(op, int):
                    yield op
                    continue
                try:
                    value = self._step(op, b or self.bearer)
                except OSError as e:
                    fault = e
        finally:
            flow.close()  # of an iteration that is closed early
            flow = op = None  # an application may hold on to this one, but not to the area

    def _run(self, flow):
        try:
            next(self._iterate(flow))
        except StopIteration as end:
            return end.value

    def events(self, ms=-1):
        """Iterate what arrives: messages, notices, reports, presence (``kind`` tells).

        Polls when the session's rules say so and keeps the session alive. Ends after ``ms``
        milliseconds, with -1 never; with 0 it asks once. Raises StatusError when the service
        ends the session, OSError when it cannot be reached.
        """
        port = self.bearer.port
        s = self.session
        ear = self.bearer.ear or s.cir
        end = port.ticks_ms() + ms
        s.poll |= ms == 0
        while True:
            while self.inbox:
                yield self.inbox.pop(0)
            now = port.ticks_ms()
            wait = s.tick(now)
            left = (end - now + _HALF & _MASK) - _HALF if ms >= 0 else wait
            if wait == 0:
                yield from self._iterate(s.attend())
            elif wait < 0 or left <= 0:
                return
            elif ear:
                yield from self._iterate(ear.hear(s, min(wait, left)), ear)
            else:
                port.sleep_ms(min(wait, left))

    def close(self):
        """Close the connection. The session at the service goes on until logout or expiry."""
        self._close()
