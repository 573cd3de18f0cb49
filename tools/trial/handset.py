"""One handset of a trial: a client that does what is due and listens meanwhile, in a thread."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from microimps.errors import Error, StatusError
from microimps.status import explain

from .journal import Journal, Stopped
from .plan import Handset, Plan
from .scenarios import SCENARIOS, words
from .schedule import Action
from .tap import Tap, connect
from .world import World

_SLICE = 0.4  # wall seconds of listening at a time
_ON = 2  # state of a session
_NO_SIGNAL = 99
_BACK_OFF = 2.0  # seconds after a failure, doubling


class Station:
    """A handset at work. `entered`: it is logged in. `fault`: why it gave up; `stopped`: why it
    may not spend more. `busy`: it has actions left.

    due: when an action is due, on the world's clock; filled in before `go` is set. Call `open`
    and `start`, then `leave` to have it log out and end, or `halt` to have it end where it stands.
    """

    def __init__(
        self,
        plan: Plan,
        spec: Handset,
        world: World,
        journal: Journal,
        todo: list[Action],
        due: Mapping[int, float],
        go: threading.Event,
    ) -> None:
        self.spec = spec
        self.entered = False
        self.fault = ""
        self.stopped = ""
        self.busy = True
        self._plan = plan
        self._world = world
        self._journal = journal
        self._todo = todo
        self._due = due
        self._go = go
        self._users = {each.number: each.user for each in plan.handsets}
        self._mark = "#" + journal.about("mark")
        self._tap = Tap(journal, spec, plan.cost, world.clock)
        device = world.devices[spec.number]
        self._client: Any = connect(self._tap, spec, plan.service, device, world.speed)
        self._leaving, self._halted = threading.Event(), threading.Event()
        self._failures = 0
        self._looked = 0.0
        self._thread = threading.Thread(target=self._run, name=spec.number, daemon=True)
        self.start = self._thread.start
        self.alive = self._thread.is_alive
        self.close = self._client.close

    def open(self) -> None:
        """Open the line and set the modem up, which costs nothing; trouble is a `fault`."""
        bearer = self._client.bearer
        try:
            self._client._run(bearer.within(bearer.modem.wait(0)))
        except (Error, OSError) as error:
            self.fault = self._told(error)

    def leave(self) -> None:
        """Log out when what is under way is done, and end."""
        self._leaving.set()

    def halt(self) -> None:
        """Do nothing more that costs."""
        self._halted.set()
        self._leaving.set()

    def _run(self) -> None:
        try:
            self._enter()
            self.entered = True
            while not self._go.is_set() and not self._leaving.is_set():
                self._listen(self._world.clock() + _SLICE * self._world.speed)
            for action in self._todo if self._go.is_set() else ():
                self._listen(self._due[action.id])
                if self._leaving.is_set():
                    break
                self._do(action)
            self.busy = False
            self._listen(float("inf"))
            if not self._halted.is_set() and self._client.session.state == _ON:
                self._client.logout()
                self._journal.in_session(self.spec.number, None)
        except Stopped as why:
            self.stopped = str(why)
        except (Error, OSError) as error:
            self.fault = self._told(error)
        finally:
            self.busy = False
            self._client.close()

    def _told(self, error: Error | OSError) -> str:
        why = explain(error) if isinstance(error, Error) else str(error) or type(error).__name__
        return f"{self.spec.number}: {why}"

    def _enter(self) -> None:
        while not self._leaving.is_set():
            try:
                client = self._client
                session, client.session.tid = self._journal.session(self.spec.number)
                client.login(session)
                self._journal.in_session(self.spec.number, client.session.id)
                return
            except (Error, OSError) as error:
                if isinstance(error, StatusError):
                    self._journal.in_session(self.spec.number, None)
                self._failed(error)

    def _failed(self, error: Error | OSError) -> None:
        """Count a failure in a row and wait a while; raise it when there were too many."""
        self._failures += 1
        if self._failures >= self._plan.schedule.give_up:
            raise error
        self._halted.wait(_BACK_OFF * 2**self._failures / self._world.speed)

    def _listen(self, until: float) -> None:
        """Take in what comes until that time of the world, or until this has to end.

        Also when it is late already: what the service asks for must not pile up in the modem.
        """
        late = False
        while not late and not self._leaving.is_set():
            left = until - self._world.clock()
            late = left <= 0
            self._look()
            wall = min(max(0.0, left) / self._world.speed, _SLICE)
            if self._client.session.state == _ON:
                self._hear(wall)
            else:
                time.sleep(wall)

    def _hear(self, wall: float) -> None:
        try:
            for event in self._client.events(max(1, int(1000 * wall))):
                if event.kind == "message":
                    self._arrived(event.text or "")
        except (Error, OSError) as error:
            self._failed(error)

    def _arrived(self, text: str) -> None:
        found = re.match(rf"{self._mark}-(\d+) ", text)
        if found:
            self._journal.arrived(int(found[1]), self._world.clock())

    def _look(self) -> None:
        """Ask for the signal when that is due."""
        now = self._world.clock()
        if now - self._looked < self._plan.schedule.signal_every:
            return
        self._looked = now
        client, modem = self._client, self._client.bearer.modem
        try:
            client._run(client.bearer.within(modem.query(b"+CSQ")))
        except (Error, OSError) as error:
            self._failed(error)
            return
        if 0 <= modem.a != _NO_SIGNAL:
            self._tap.add("signal", rssi=modem.a, ber=modem.b)

    def _do(self, action: Action) -> None:
        kind = SCENARIOS[action.scenario]
        clock: Callable[[], float] = self._world.clock
        text = words(f"{self._mark}-{action.id}", self._plan.length)
        self._journal.begin(action.id, clock())
        self._tap.action = action.id
        state, failure = "cut", None
        try:
            if self._client.session.state != _ON:
                self._client.login()
            kind.do(self._client, self._users.get(action.peer, ""), text)
            self._journal.in_session(self.spec.number, self._client.session.id)
            state = "done"
            self._failures = 0
        except (Error, OSError) as error:
            state, failure = "failed", error
        finally:  # also when the budget is used up
            self._tap.action = None
            why = self._told(failure) if failure else ""
            self._journal.finish(action.id, clock(), state, why)
        if failure:
            self._failed(failure)
