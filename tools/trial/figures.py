"""The figures of a trial, each computed from what its journal has recorded."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from .journal import Journal
from .passages import Sms, Way, messages, passages, ways
from .transactions import (
    Step,
    Traffic,
    Transaction,
    at_lines,
    ladder,
    transactions,
    turnaround,
)

_SLOWEST = 5

HOPS = {
    "handset to SMSC": "from handing over to the modem until it says that the network has it",
    "SMSC to service": "from the SMSC's acceptance until it has delivered",
    "service": "from the last part of a request until the SMSC has the first of the answer",
    "SMSC to handset": "from the SMSC's acceptance until the client reads it",
    "whole transaction": "from the request until the client has the answer, with repeats",
}


@dataclass(frozen=True)
class Spread:
    """A distribution in a few numbers, by nearest rank; None of no values."""

    count: int
    median: float | None
    p95: float | None
    most: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of these values."""
        return cls(len(values), *(rank(values, share) for share in (0.5, 0.95, 1.0)))


def rank(values: Sequence[float], share: float) -> float | None:
    """The least value that so large a share of them does not exceed."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass
class Kind:
    """What one kind of user action took: SMS and octets of the handset that acted."""

    name: str
    ended: int = 0
    failed: int = 0
    cut: int = 0
    sent: int = 0
    received: int = 0
    octets: int = 0
    cost: float = 0.0
    times: list[float] = field(default_factory=list)

    @property
    def spread(self) -> Spread:
        """How long those took that were done."""
        return Spread.of(self.times)


@dataclass
class Day:
    """What a day cost; date in UTC."""

    date: str
    sent: int = 0
    received: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Slow:
    """A slow transaction with its ladder and the AT lines meanwhile."""

    transaction: Transaction
    steps: list[Step]
    lines: list[sqlite3.Row]


@dataclass
class Figures:
    """All of a report. Times are seconds, dates POSIX seconds."""

    name: str
    plan: str
    simulated: bool
    speed: float
    currency: str
    begin: float
    end: float
    runs: list[sqlite3.Row]
    actions: dict[str, int]
    messages_sent: int
    messages_arrived: int
    messages_repeated: int
    waits: list[float]  # of messages, from the sender's action to the peer
    kinds: list[Kind]
    ways: list[Way]
    hops: dict[str, list[float]]
    transactions: list[Transaction]
    resent: int  # SMS that the driver handed over again
    refused: int
    unknown: int
    sent: int
    received: int
    octets: int
    cost: float
    days: list[Day]
    signal: dict[str, list[tuple[float, int]]]  # dBm
    slow: list[Slow]

    @property
    def ratio(self) -> float | None:
        """Share of the messages that came to their peer."""
        return self.messages_arrived / self.messages_sent if self.messages_sent else None

    @property
    def repeated(self) -> int:
        """Transactions that were sent more than once."""
        return sum(each.tries > 1 for each in self.transactions)

    @property
    def repeats(self) -> int:
        """Sendings of transactions beyond the first."""
        return sum(each.tries - 1 for each in self.transactions)

    @property
    def unanswered(self) -> int:
        """Transactions without an answer."""
        return sum(each.end is None for each in self.transactions)

    def sms(self, name: str) -> int | None:
        """SMS of all ways that were lost, duplicated and so on; None where nobody knows."""
        known = [getattr(way, name) for way in self.ways if getattr(way, name) is not None]
        return sum(known) if known else None

    def headlines(self) -> list[tuple[str, str]]:
        """The most important figures, as text."""
        ended = sum(self.actions.get(state, 0) for state in ("done", "failed", "cut"))
        count = sum(self.actions.values())
        whole = Spread.of(self.hops["whole transaction"])
        ratio = "none sent" if self.ratio is None else f"{100 * self.ratio:.1f} %"
        return [
            ("actions", f"{ended} of {count}, {self.actions.get('failed', 0)} failed"),
            ("messages delivered", f"{ratio} ({self.messages_arrived} of {self.messages_sent})"),
            ("transaction, median", shown(whole.median)),
            ("transaction, 95 %", shown(whole.p95)),
            ("SMS", f"{self.sent} sent, {self.received} received"),
            ("SMS lost", _known(self.sms("lost"))),
            ("SMS duplicated", _known(self.sms("duplicated"))),
            ("SMS reordered", _known(self.sms("reordered"))),
            ("requests repeated", f"{self.repeats} in {self.repeated} transactions"),
            ("SMS for an action", f"{(self.sent + self.received) / max(1, ended):.1f}"),
            ("octets for an action", f"{self.octets / max(1, ended):.0f}"),
            ("cost", f"{self.cost:.2f} {self.currency}"),
        ]

    def summary(self) -> dict[str, Any]:
        """The figures as plain data, for JSON."""
        names = (
            *("name", "simulated", "begin", "end", "actions", "messages_sent", "messages_arrived"),
            *("messages_repeated", "ratio", "repeated", "repeats", "unanswered", "resent"),
            *("refused", "unknown", "sent", "received", "octets", "cost", "currency"),
        )
        return {
            **{name: getattr(self, name) for name in names},
            **{name: self.sms(name) for name in ("lost", "duplicated", "reordered")},
            "hops": {name: asdict(Spread.of(values)) for name, values in self.hops.items()},
            "ways": [asdict(way) for way in self.ways],
            "days": [asdict(day) for day in self.days],
        }


def shown(seconds: float | None) -> str:
    """A time as text."""
    if seconds is None:
        return "unknown"
    return f"{seconds:.1f} s" if abs(seconds) < 600 else f"{seconds / 60:.0f} min"


def _known(count: int | None) -> str:
    return "unknown" if count is None else str(count)


def compute(record: Journal) -> Figures:
    """All figures of a journal."""
    known = passages(record)
    found = messages(record, known)
    traffic = Traffic.of(found)
    each = transactions(record)
    actions = record.rows("select * from action order by id")
    talk = [row for row in actions if row["scenario"] == "message" and row["state"] == "done"]
    rows = [sms.row for sms in found]
    counted = [row for row in rows if row["outcome"] != "refused"]
    begin, end = record.rows("select min(time), max(time) from at_line")[0]
    return Figures(
        name=record.about("name"),
        plan=record.about("plan"),
        simulated=json.loads(record.about("simulated")),
        speed=json.loads(record.about("speed")),
        currency=record.about("currency"),
        begin=begin or 0.0,
        end=end or 0.0,
        runs=record.rows("select * from run order by id"),
        actions=record.counts(),
        messages_sent=len(talk),
        messages_arrived=sum(row["deliveries"] > 0 for row in talk),
        messages_repeated=sum(max(0, row["deliveries"] - 1) for row in talk),
        waits=[row["arrived"] - row["begin"] for row in talk if row["arrived"]],
        kinds=_kinds(actions, counted),
        ways=ways(known, found),
        hops=_hops(found, each, traffic),
        transactions=each,
        resent=_resent(rows),
        refused=len(rows) - len(counted),
        unknown=sum(row["outcome"] in ("unknown", "handing over") for row in rows),
        sent=sum(row["direction"] == "out" for row in counted),
        received=sum(row["direction"] == "in" for row in counted),
        octets=sum(row["octets"] for row in counted),
        cost=math.fsum(row["cost"] for row in counted),
        days=_days(counted),
        signal=_signal(record),
        slow=[
            Slow(t, ladder(t, traffic, known), at_lines(record, t))
            for t in sorted(each, key=lambda t: -t.seconds)[:_SLOWEST]
            if t.end is not None
        ],
    )


def _kinds(actions: list[sqlite3.Row], rows: list[sqlite3.Row]) -> list[Kind]:
    """Per kind of action, and what belongs to none."""
    names = sorted({row["scenario"] for row in actions})
    found = {name: Kind(name) for name in names}
    found[""] = Kind("login, logout, listening")
    of = {row["id"]: row["scenario"] for row in actions}
    for row in actions:
        kind = found[row["scenario"]]
        kind.ended += row["state"] in ("done", "failed", "cut")
        kind.failed += row["state"] == "failed"
        kind.cut += row["state"] == "cut"
        if row["state"] == "done":
            kind.times.append(row["end"] - row["begin"])
    for row in rows:
        kind = found[of.get(row["action"], "")]
        kind.sent += row["direction"] == "out"
        kind.received += row["direction"] == "in"
        kind.octets += row["octets"]
        kind.cost += row["cost"]
    return list(found.values())


def _hops(found: list[Sms], each: list[Transaction], traffic: Traffic) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {name: [] for name in HOPS}
    for sms in found:
        row = sms.row
        if row["direction"] == "out" and row["outcome"] == "sent":
            values["handset to SMSC"].append(row["done"] - row["time"])
        if sms.accepted is not None and sms.delivered is not None:
            hop = "SMSC to service" if row["direction"] == "out" else "SMSC to handset"
            values[hop].append(sms.delivered - sms.accepted)
    for one in each:
        took = turnaround(one, traffic)
        if took is not None:
            values["service"].append(took)
        if one.end is not None:
            values["whole transaction"].append(one.seconds)
    return values


def _resent(rows: list[sqlite3.Row]) -> int:
    """SMS that were handed over again for the same message of CSP."""
    seen: dict[int, set[bytes]] = defaultdict(set)
    count = 0
    for row in rows:
        if row["direction"] == "out" and row["csp"] is not None:
            count += row["tpdu"] in seen[row["csp"]]
            seen[row["csp"]].add(row["tpdu"])
    return count


def _days(rows: list[sqlite3.Row]) -> list[Day]:
    found: dict[str, Day] = {}
    for row in rows:
        date = datetime.fromtimestamp(row["time"], timezone.utc).strftime("%Y-%m-%d")
        day = found.setdefault(date, Day(date))
        day.sent += row["direction"] == "out"
        day.received += row["direction"] == "in"
        day.cost += row["cost"]
    return [found[date] for date in sorted(found)]


def _signal(record: Journal) -> dict[str, list[tuple[float, int]]]:
    """dBm of each handset: 3GPP TS 27.007 clause 8.5."""
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row in record.rows("select time, handset, rssi from signal order by time"):
        found[row["handset"]].append((row["time"], 2 * row["rssi"] - 113))
    return dict(found)
