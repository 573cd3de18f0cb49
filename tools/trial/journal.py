"""The record of a trial: one SQLite file that is right at every moment, also after SIGKILL.

Each row is on disk when its method returns. What costs money or may not happen twice, an SMS about
to be handed to the modem and an action about to begin, is flushed through to the medium as well.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .plan import Cost, Plan
from .schedule import Action

_FORMAT = 1  # PRAGMA user_version; another one is another layout
_APPLICATION = 0x494D5054  # PRAGMA application_id: IMPT

_LAYOUT = """
create table trial (key text primary key, value text);
create table run (id integer primary key, begin real, end real, reason text);
create table action (
    id integer primary key, at real, handset text, scenario text, peer text,
    state text,             -- planned, begun, done, failed, cut (off by an end or a crash)
    run integer, begin real, end real, error text,
    arrived real,           -- at the peer
    deliveries integer not null default 0);
create table session (handset text primary key, id text);
create table csp (
    id integer primary key, run integer, time real, handset text, action integer,
    direction text,         -- out, in
    kind text,              -- request, answer
    tid text, code text,    -- of PTS, such as 12 and SM
    octets integer, parts integer,
    status integer);        -- of the answer to a request out
create table sms (
    id integer primary key, run integer, time real, handset text, action integer, csp integer,
    direction text, peer text, port integer,
    label text,             -- code, TransactionID and part, such as SM12 1/2
    octets integer,         -- of user data, without ports
    done real,              -- sent: when the modem said so
    outcome text,           -- sent: handing over, sent, refused, unknown; received: received
    mr integer, scts real,  -- message reference; time stamp of the service centre
    cost real, tpdu blob);
create table report (
    id integer primary key, run integer, time real, handset text,
    peer text, mr integer, scts real, discharge real, status integer);
create table at_line (
    id integer primary key, run integer, time real, handset text, direction text, line text);
create table signal (run integer, time real, handset text, rssi integer, ber integer);
create table hop (          -- what a simulated network tells
    id integer primary key, run integer, time real, sms integer, name text, detail text,
    sender text, destination text, mr integer, user_data blob);
create index action_state on action (state);
create index sms_handset on sms (handset, time);
create index at_handset on at_line (handset, time);
"""


class JournalError(Exception):
    """A file that cannot be used for this; the text says why and what helps."""


class Stopped(Exception):
    """The trial may not go on: its budget is used up."""


class Journal:
    """One trial's file. All methods may be called from any thread. `run` is the present run."""

    def __init__(self, path: Path) -> None:
        """Open what is there, or an empty file. Raises JournalError."""
        self.path = path
        self.run = 0
        self._lock = threading.Lock()
        self._guard: sqlite3.Connection | None = None
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            application = self._value("pragma application_id")
            empty = not self._value("select count(*) from sqlite_master")
            layout = self._value("pragma user_version")
        except sqlite3.Error as error:
            raise JournalError(f"{path}: {error}: give a journal of microimps trial run") from None
        if not empty and application != _APPLICATION:
            raise JournalError(f"{path}: not a journal of a trial: give another file")
        if not empty and layout != _FORMAT:
            raise JournalError(f"{path}: layout {layout}, known is {_FORMAT}: give another file")
        self.empty = empty

    def _value(self, sql: str) -> Any:
        return self._db.execute(sql).fetchone()[0]

    def create(self, plan: Plan, actions: Iterable[Action]) -> None:
        """Lay out an empty file for this plan."""
        values = {
            "name": plan.trial.name,
            "plan": plan.text,
            "identity": json.dumps(plan.identity()),
            "mark": secrets.token_hex(2),
            "simulated": json.dumps(plan.simulation is not None),
            "speed": json.dumps(plan.simulation.speed if plan.simulation else 1.0),
            "currency": plan.cost.currency,
            "service": plan.service.number,
            "extension": json.dumps(plan.service.extension),
        }
        rows = [(a.id, a.at, a.handset, a.scenario, a.peer) for a in actions]
        with self._lock:
            self._db.execute("pragma journal_mode = wal")
            self._db.executescript(f"begin immediate; {_LAYOUT}")
            self._db.executemany("insert into trial values (?, ?)", values.items())
            self._db.executemany(
                "insert into action (id, at, handset, scenario, peer, state)"
                " values (?, ?, ?, ?, ?, 'planned')",
                rows,
            )
            self._db.execute(f"pragma application_id = {_APPLICATION}")
            self._db.execute(f"pragma user_version = {_FORMAT}")
            self._db.execute("commit")
        self.empty = False

    def agree(self, plan: Plan) -> None:
        """Raise JournalError unless this plan goes on with what the journal began."""
        before, now = json.loads(self.about("identity")), json.loads(json.dumps(plan.identity()))
        for name, value in now.items():
            if before.get(name) != value:
                raise JournalError(
                    f"{self.path}: begun with {name} = {before.get(name)}, the plan has {value}: "
                    "put it back, or give another --journal"
                )

    def about(self, key: str) -> str:
        """A value that was set when the trial began."""
        return str(self.rows("select value from trial where key = ?", key)[0][0])

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, values: Sequence[Any], flush: bool = False) -> int:
        with self._lock:
            return self._put(sql, values, flush)

    def _put(self, sql: str, values: Sequence[Any], flush: bool = False) -> int:
        self._db.execute(f"pragma synchronous = {'full' if flush else 'normal'}")
        return int(self._db.execute(sql, values).lastrowid or 0)

    # runs and actions

    def begin_run(self, now: float) -> None:
        """A new run, alone on this file; actions that an earlier one left unfinished are cut off.

        Raises JournalError while another process has it.
        """
        self._guard = sqlite3.connect(f"{self.path}.lock", timeout=0, isolation_level=None)
        try:
            self._guard.execute("begin exclusive")  # ends with the process, however that ends
        except sqlite3.OperationalError:
            self._guard.close()
            self._guard = None
            raise JournalError(f"{self.path}: another trial is running on it: end that") from None
        self._write("update action set state = 'cut' where state = 'begun'", ())
        self.run = self._write("insert into run (begin) values (?)", (now,), True)

    def began(self, now: float) -> None:
        """The present run begins now, by the clock of its world."""
        self._write("update run set begin = ? where id = ?", (now, self.run))

    def end_run(self, now: float, reason: str) -> None:
        """Say why the run ended: complete, budget, interrupted, failed."""
        self._write("update run set end = ?, reason = ? where id = ?", (now, reason, self.run))

    def planned(self) -> list[Action]:
        """What is left to do."""
        sql = "select id, at, handset, scenario, peer from action where state = 'planned'"
        return [Action(*row) for row in self.rows(sql + " order by id")]

    def begin(self, action: int, now: float) -> None:
        """An action is about to begin: whatever happens, it is not begun again."""
        sql = "update action set state = 'begun', run = ?, begin = ? where id = ?"
        self._write(sql, (self.run, now, action), True)

    def finish(self, action: int, now: float, state: str, error: str = "") -> None:
        """An action is over: done, failed or cut."""
        sql = "update action set state = ?, end = ?, error = ? where id = ?"
        self._write(sql, (state, now, error or None, action))

    def arrived(self, action: int, now: float) -> None:
        """A message has come to its peer."""
        sql = (
            "update action set arrived = coalesce(arrived, ?), deliveries = deliveries + 1"
            " where id = ? and scenario = 'message'"
        )
        self._write(sql, (now, action))

    def session(self, handset: str) -> tuple[str | None, int]:
        """The session that a crash has left to the handset, and its last TransactionID.

        The numbers have to go on too: a service answers a known one from its memory.
        """
        tids = "select tid from csp where handset = ? and direction = 'out' and kind = 'request'"
        last = self.rows(tids + " order by id desc limit 1", handset)
        found = self.rows("select id from session where handset = ?", handset)
        return (found[0][0] if found else None), (int(last[0][0]) if last else 0)

    def in_session(self, handset: str, session: str | None) -> None:
        """The handset is in this session now; None: in none."""
        if session is None:
            self._write("delete from session where handset = ?", (handset,))
        elif session != self.session(handset)[0]:
            self._write("replace into session values (?, ?)", (handset, session))

    # what goes over the line

    def spend(self, cost: Cost, now: float, values: dict[str, Any]) -> int:
        """An SMS is about to be sent: it counts from here on. Raises Stopped over the budget."""
        with self._lock:
            count, spent = self._spent()
            if cost.sms_limit and count >= cost.sms_limit:
                raise Stopped(f"sms_limit of {cost.sms_limit} reached")
            if cost.budget and spent + cost.sms > cost.budget + 1e-9:
                raise Stopped(f"budget of {cost.budget:g} {cost.currency} reached")
            values = {"direction": "out", "outcome": "handing over", "cost": cost.sms, **values}
            return self._put(*self._insert("sms", now, values), True)

    def _insert(self, table: str, now: float, values: dict[str, Any]) -> tuple[str, list[Any]]:
        row = {"run": self.run, "time": now, **values}
        places = ", ".join("?" * len(row))
        return f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values())

    def handed_over(self, sms: int, now: float, outcome: str, mr: int | None) -> None:
        """What became of it: sent, unknown (may be sent), or refused, which costs nothing."""
        sql = "update sms set done = ?, outcome = ?, mr = ?, cost = iif(? = 'refused', 0, cost)"
        self._write(sql + " where id = ?", (now, outcome, mr, outcome, sms))

    def add(self, table: str, now: float, **values: Any) -> int:
        """A row of csp, sms (received), report, at_line, signal or hop; returns its number."""
        return self._write(*self._insert(table, now, values))

    def status(self, csp: int, code: int) -> None:
        """The status in the answer to a request."""
        self._write("update csp set status = ? where id = ?", (code, csp))

    def spent(self) -> tuple[int, float]:
        """SMS sent, and what all SMS of the trial have cost, over all runs."""
        with self._lock:
            return self._spent()

    def _spent(self) -> tuple[int, float]:
        count = self._value(
            "select count(*) from sms where direction = 'out' and outcome != 'refused'"
        )
        return count, self._value("select coalesce(sum(cost), 0.0) from sms")

    def counts(self) -> dict[str, int]:
        """Actions by state."""
        return dict(map(tuple, self.rows("select state, count(*) from action group by state")))

    def latest(self) -> float | None:
        """The time of the last thing that was recorded."""
        last: float | None = self.rows("select max(time) from at_line")[0][0]
        return last

    def close(self) -> None:
        """Close the file, and let others have it."""
        with self._lock:
            self._db.close()
        if self._guard:
            self._guard.close()
            Path(f"{self.path}.lock").unlink(missing_ok=True)
