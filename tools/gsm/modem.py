"""The engine of a virtual modem: octets from a host in, answers and indications out.

It reads the host octet by octet as a module does, so echo, prompts and bodies behave on any
chunking. What commands mean is in the tables of `at_general`, `at_message` and `at_http`; what
differs between vendors is data in `families`; what goes wrong is in `settings`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Coroutine
from typing import Any

from . import at_general, at_http, at_message, at_qhttp
from .atline import AtError, Command, split
from .clock import Clock
from .families import GENERIC, Family
from .messages import Messages
from .radio import Endpoint, Radio
from .settings import LINE_ENDS, PROMPTS, Settings
from .sim import Sim, Store
from .webstack import Stack

CR, LF, END, ESC, BACKSPACE = 0x0D, 0x0A, 0x1A, 0x1B, 0x08

# What a host may leave half typed before an indication goes out all the same, wall seconds.
_TYPING_PAUSE = 1.0
_LF_PAUSE = 0.02
_MOST_PENDING = 64
_OVERRUN = 65536


_WEB: dict[str, dict[str, at_general.Handler]] = {
    "": {},
    "sim800": at_http.SIM800,
    "sim7600": at_http.SIM7600,
    "quectel": at_qhttp.QUECTEL,
}


class PowerLost(Exception):
    """The module restarts in the middle of a command."""


class VirtualModem:
    """One modem with its SIM. `feed` what the host writes; endpoints get what the modem says.

    `settings` may be changed at any time. `restarts` counts restarts; `log` holds the last
    command lines.
    """

    sim: Sim
    family: Family
    imei: str

    def __init__(
        self,
        sim: Sim,
        radio: Radio,
        clock: Clock,
        family: Family = GENERIC,
        settings: Settings | None = None,
        *,
        imei: str = "490154203237518",
        line_limit: int = 2048,
    ) -> None:
        self.sim = sim
        self.radio = radio
        self.clock = clock
        self.family = family
        self.settings = settings or Settings()
        self.imei = imei
        self.restarts = -1
        self.log: deque[str] = deque(maxlen=50)
        self.endpoints: list[Endpoint] = []
        self.handlers = at_general.TABLE | at_message.TABLE | _WEB[family.http]
        self.handlers |= at_general.special(family)
        self.parameters = at_general.parameters(family) | at_message.parameters(family)
        self.http = Stack()
        self.messages = Messages(self)
        self.stores = {"SM": sim.store} | {
            name: Store(name, size, first) for name, (size, first) in family.stores.items()
        }
        sim.store.first = family.sim_first
        self.saved: dict[str, list[str]] | None = None
        self.values: dict[str, list[str]] = {}
        self.echo = True
        self.unlocked = False
        self.ready_at = 0.0
        self.radio_on = True
        self.cops_format = 0
        self._line_limit = line_limit
        self._inbox: deque[int] = deque()
        self._arrived = asyncio.Event()
        self._pending: deque[str] = deque(maxlen=_MOST_PENDING)
        self._busy = False
        self._skip_lf = False
        self._last_octet = clock.time()
        self._to_lose = 0
        self._lines_out = 0
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def device(self) -> str:
        """What a host opens to talk to this modem: the first line's name."""
        return self.endpoints[0].name

    # power

    def start(self, cold: bool = True) -> None:
        """Switch on, with the start-up lines unless it counts as on for long.

        Needs a running event loop.
        """
        self._reset()
        self._task = asyncio.get_running_loop().create_task(self._power(cold))

    async def stop(self) -> None:
        """Switch off and wait until everything of this modem has ended."""
        tasks = [t for t in (self._task, *self._tasks) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._task = None

    def restart(self) -> None:
        """Restart now, whatever is going on, as when the supply drops."""
        if self._task is not None:
            self._task.cancel()
        self.start()

    async def _power(self, cold: bool) -> None:
        while True:
            banner = self.spawn(self._boot()) if cold else None
            try:
                await self._serve()
            except PowerLost:
                self._reset()
                cold = True
            finally:
                if banner is not None:
                    banner.cancel()

    def _reset(self) -> None:
        self.restarts += 1
        self._inbox.clear()
        self._pending.clear()
        self._busy = self._skip_lf = False
        self.radio_on = True
        self.cops_format = 0
        self.unlocked = not self.sim.pin
        self.ready_at = self.clock.time() + self.settings.ready_delay
        self._to_lose = self.settings.lose_first
        self.values = {}
        self.profile(self.saved)
        self.messages.reset()
        self.http.reset()
        if self.registered:
            self.radio.available(self.sim.number)

    def profile(self, values: dict[str, list[str]] | None) -> None:
        """Put parameters and echo back: to a saved profile, or to the factory's with None."""
        for name, parameter in self.parameters.items():
            self.values[name] = list((values or {}).get(name, parameter.default))
        self.echo = {"on": True, "off": False}.get(self.settings.echo, self.family.echo)

    async def _boot(self) -> None:
        since = 0.0
        for at, line in self.family.banner:
            await self.clock.sleep(at - since)
            since = at
            if line == "+CPIN: READY" and not self.unlocked:
                line = "+CPIN: SIM PIN"
            self.indicate(line)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine that ends with the modem at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def registered(self) -> bool:
        """Whether the network can reach this modem at all."""
        return self.radio_on and self.unlocked and self.settings.domain != "none"

    # what the host says

    def feed(self, data: bytes) -> None:
        """Take octets from the host; beyond 64 KB not yet read they are lost."""
        room = _OVERRUN - len(self._inbox)
        for octet in data[:room]:
            if self._swallowed():
                continue
            self._inbox.append(octet)
        self._arrived.set()

    def _swallowed(self) -> bool:
        now = self.clock.time()
        idle, self._last_octet = now - self._last_octet, now
        if self._to_lose:
            self._to_lose -= 1
            return True
        return bool(self.settings.lose_after_idle) and idle > self.settings.lose_after_idle

    async def octet(self, timeout: float | None = None) -> int:
        """The next octet from the host, without the LF of a CR LF.

        Raises TimeoutError after that many network seconds.
        """
        while True:
            while not self._inbox:
                self._arrived.clear()
                wall = None if timeout is None else timeout / self.clock.speed
                await asyncio.wait_for(self._arrived.wait(), wall)
            octet = self._inbox.popleft()
            skip = self._skip_lf and octet == LF
            self._skip_lf = octet == CR
            if not skip:
                return octet

    async def body(self, announce: str, length: int, timeout: float) -> bytes:
        """Say `announce`, then read exactly so many octets of data; TimeoutError if they are late.

        The LF of a command's CR LF is not data, so it is waited for before the announcement.
        """
        await asyncio.sleep(_LF_PAUSE)
        if self._skip_lf and self._inbox and self._inbox[0] == LF:
            self._inbox.popleft()
        if self.settings.http_strict:
            self._inbox.clear()
        self.line(announce)
        data = bytearray()
        while len(data) < length:
            self._skip_lf = False
            data.append(await self.octet(timeout))
        return bytes(data)

    async def prompt(self) -> bytes | None:
        """Show the prompt and read up to Ctrl-Z; None when the host cancels with ESC."""
        self.power_cut("prompt")
        if self.settings.text_around:
            self.line(self.settings.text_around)
        self._write(PROMPTS[self.settings.prompt_form])
        if "prompt" in self.settings.urc_at:
            self.line(self.settings.urc_text)
        body = bytearray()
        while True:
            octet = await self.octet()
            if octet == ESC:
                return None
            if octet == END:
                break
            if octet == BACKSPACE:
                del body[-1:]
            elif len(body) < self._line_limit:
                body.append(octet)
            if self.echo:
                self._write(bytes((octet,)))
        self.power_cut("unsent")
        return bytes(body)

    def power_cut(self, moment: str) -> None:
        """Raise PowerLost when the settings want the restart at this moment."""
        if self.settings.restart_at == moment and self.settings.restart_times:
            self.settings.restart_times -= 1
            raise PowerLost

    async def _serve(self) -> None:
        while True:
            line = await self._command_line()
            at = line.upper().find("AT")  # V.250 5.2.1: what comes before is ignored
            if at >= 0:
                self.log.append(line[at:])
                await self._run(line[at + 2 :])
            await self._settle()

    async def _settle(self) -> None:
        if self._pending and self.settings.urc_hold:
            await self.clock.sleep(self.settings.urc_hold)
        self._busy = False
        self._release()

    async def _command_line(self) -> str:
        text = bytearray()
        while True:
            try:
                octet = await self.octet(_TYPING_PAUSE * self.clock.speed if text else None)
            except asyncio.TimeoutError:
                self._busy = False
                self._release()
                octet = await self.octet()
            self._busy = True
            if octet == CR:
                self._echo_end()
                return text.decode("latin-1")
            if self.echo:
                self._write(bytes((octet,)))
            if octet == ESC:
                text.clear()
            elif octet == BACKSPACE:
                del text[-1:]
            elif octet >= 0x20 and len(text) < self._line_limit:
                text.append(octet)
            self._busy = bool(text)

    def _echo_end(self) -> None:
        if self.echo:
            self._write({"cr": b"\r", "crlf": b"\r\n", "none": b""}[self.settings.echo_end])

    # what the modem says

    async def _run(self, line: str) -> None:
        final = "OK"
        command = Command("")
        try:
            for command in split(line):
                if not await self._one(command):
                    return
        except AtError as error:
            final = self._error(command, error)
        self.line(final)
        if final != "OK" and self.settings.ok_after_error:
            self.line("OK")
        if "after" in self.settings.urc_at:
            self.line(self.settings.urc_text)

    async def _one(self, command: Command) -> bool:
        """Carry out one command; False when no final result follows."""
        settings = self.settings
        if {"*", command.name} & settings.silent:
            return False
        if "before" in settings.urc_at:
            self.line(settings.urc_text)
        whole = f"{command.name}={command.values}"
        if {command.name, whole} & (settings.missing | self.family.missing):
            raise AtError(self.family.unknown)
        if command.name in settings.extra:
            self.line(settings.extra[command.name])
            return True
        result = self._handle(command)
        lines = await result if inspect.isawaitable(result) else result
        for n, text in enumerate(lines or ()):
            if n and "inside" in settings.urc_at:
                self.line(settings.urc_text)
            self.line(text)
        return lines is not None

    def _handle(self, command: Command) -> Any:
        self.messages.check_ready(command)
        handler = self.handlers.get(command.name)
        if handler is not None:
            return handler(self, command)
        if command.name in self.parameters:
            return self.parameters[command.name].handle(self, command)
        raise AtError(self.family.unknown)

    def _error(self, command: Command, error: AtError) -> str:
        return at_general.error_text(
            self.values["+CMEE"][0], self.messages.owns(command.name), error.code
        )

    def line(self, text: str) -> None:
        """Write one line (or header and PDU, parted by CR LF) in this modem's framing."""
        head, tail = LINE_ENDS[self.settings.line_end]
        data = text.encode("latin-1", "replace").replace(b"\r\n", tail)
        self._lines_out += 1
        every = self.settings.truncate_every
        if every and self._lines_out % every == 0:
            self._write(head + data[: len(data) // 2])
        else:
            self._write(self.settings.noise + head + data + tail)

    def raw(self, data: bytes) -> None:
        """Write octets as they are, such as a body that was read over HTTP."""
        self._write(data)

    def indicate(self, text: str) -> None:
        """Say something unasked: at once, or after the answer that is under way."""
        self._pending.append(text)
        self._release()

    def _release(self) -> None:
        while self._pending and not self._busy:
            self.line(self._pending.popleft())

    def _write(self, data: bytes) -> None:
        for endpoint in self.endpoints:
            endpoint.write(data)
