"""The asyncio skin: the same flows, awaited.

One task at a time has the line. An iteration keeps it between its items, so that another task's
request does not cut it off; if its consumer rests for ``patience`` milliseconds, or asks for
something itself, the line goes to the next and the iteration ends with LocalError 41.
"""

from .const import const
from .operations import Operations

_OPEN = const(1)
_READ = const(2)
_WRITE = const(3)
_CLOSE = const(4)

_MASK = const(0x1FFFFFFF)
_HALF = const(0x10000000)
_TIMEDOUT = const(110)


class AsyncClient(Operations):
    """An IMPS client for asyncio: await a task, or iterate it with ``async for``."""

    patience = 10000

    async def _step(self, op, b):
        # one I/O step of a flow, within the time that the bearer has left
        import asyncio

        io = b.io
        port = b.port
        t = port.ticks_ms()
        if op == _CLOSE:
            io.link.close()
            return None
        if op == _OPEN:
            io.link = port.AsyncLink()
            step = io.link.open(b)
        elif op == _READ:
            step = io.link.readinto(io.view, io.ms)
        elif op == _WRITE:
            step = io.link.write(io.view, io.ms)
        else:
            await asyncio.sleep(io.ms / 1000)
            return None
        try:
            if b.grace and op == _READ:
                # a serial line keeps its time itself, and has nothing when it is up; besides,
                # wait_for of Python before 3.12 may lose a cancellation
                op = await step
            else:
                op = await asyncio.wait_for(step, max(io.ms, 1) / 1000 + b.grace)
        except asyncio.TimeoutError:
            raise OSError(_TIMEDOUT)
        io.ms -= (port.ticks_ms() - t & _MASK) + 1  # so that a flood ends
        return op

    def _iterate(self, flow):
        return _Items(self, flow, self.bearer)

    async def _run(self, flow):
        items = _Items(self, flow, self.bearer)
        async for _ in items:
            pass
        return items.value

    def events(self, ms=-1):
        """Iterate what arrives with ``async for``; as ``Client.events``."""
        return _Events(self, ms)

    async def close(self):
        """Close the connection. The session at the service goes on until logout or expiry."""
        self._close()


class _Items:
    # An iteration: the items of one flow.

    def __init__(self, client, flow, bearer):
        self.client = client
        self.bearer = bearer
        self.flow = flow
        self.value = self.task = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.flow is None:
            raise StopAsyncIteration
        if self.task is None:
            await self.acquire()
        self.resting = False
        value = fault = None
        while True:
            try:
                op = self.flow.throw(fault) if fault else self.flow.send(value)
            except StopIteration as end:
                self.value = end.value
                self.flow = None  # an application may hold on to this one, but not to the area
                self.release()
                raise StopAsyncIteration
            except BaseException:
                self.release()
                raise
            value = fault = None
            if not isinstance(op, int):
                self.resting = True
                self.since = self.client.bearer.port.ticks_ms()
                return op
            try:
                value = await self.client._step(op, self.bearer)
            except OSError as e:
                fault = e
            except BaseException:  # cancelled: what is left in the line is not wanted
                self.release()
                self.flow.close()
                raise

    async def acquire(self):
        import asyncio

        c = self.client
        self.io = io = self.bearer.io
        self.task = asyncio.current_task()
        while True:
            holder = getattr(io, "holder", None)  # the iteration that has the line
            if holder is None:
                break
            rest = c.bearer.port.ticks_ms() - holder.since & _MASK if holder.resting else 0
            if holder.resting and (holder.task is self.task or rest >= c.patience):
                break
            await asyncio.sleep(0.01)
        io.holder = self

    def release(self):
        if self.io.holder is self:
            self.io.holder = None


class _Events:
    def __init__(self, client, ms):
        self.client = client
        self.ms = ms
        self.end = client.bearer.port.ticks_ms() + ms
        client.session.poll |= ms == 0
        self.items = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        import asyncio

        c = self.client
        while True:
            if c.inbox:
                return c.inbox.pop(0)
            if self.items:
                try:
                    return await self.items.__anext__()
                except StopAsyncIteration:
                    self.items = None
            ear = c.bearer.ear or c.session.cir
            now = c.bearer.port.ticks_ms()
            wait = c.session.tick(now)
            left = (self.end - now + _HALF & _MASK) - _HALF if self.ms >= 0 else wait
            if wait == 0:
                self.items = _Items(c, c.session.attend(), c.bearer)
            elif wait < 0 or left <= 0:
                raise StopAsyncIteration
            elif ear:
                # in short turns, and a pause between them, for the sake of other tasks
                await asyncio.sleep(0.02)
                flow = ear.hear(c.session, min(wait, left, 500))
                self.items = _Items(c, flow, ear)
            else:
                # short enough to see a Poll flag that another task's answer brings
                await asyncio.sleep(min(wait, left, 200) / 1000)
