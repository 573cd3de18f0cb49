"""The CSP transactions of a trial: how long each took, where the time went, and its ladder."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

from ..tables.pts import rows as codes
from .journal import Journal
from .passages import Passage, Sms

_STEPS = 40  # of a ladder at most
_MARGIN = 0.5  # seconds before a transaction in which its AT lines begin

HANDSET, CENTRE, SERVICE = range(3)  # columns of a ladder


@dataclass
class Transaction:
    """A request of a handset until its answer. tries: how often it was sent; csp: those rows.

    end: None where no answer came. status: of the answer, None without one.
    """

    run: int
    handset: str
    tid: str
    code: str
    action: int | None
    begin: float
    end: float | None = None
    status: int | None = None
    answer: str = ""
    tries: int = 1
    csp: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the primitive."""
        return meaning(self.code)

    @property
    def seconds(self) -> float:
        """How long it took, 0 for one without an answer."""
        return 0.0 if self.end is None else self.end - self.begin


@dataclass(frozen=True)
class Step:
    """One arrow of a ladder: at seconds, from one column to another, which it may not reach."""

    at: float
    start: int
    stop: int
    text: str
    lost: bool = False


@lru_cache(maxsize=1)
def _meanings() -> dict[str, str]:
    return {row.code: row.meaning for row in codes() if row.level == "transaction"}


def meaning(code: str) -> str:
    """The primitive that a code of PTS stands for; the code itself where it is not known."""
    return _meanings().get(code, code)


def transactions(record: Journal) -> list[Transaction]:
    """All requests of the handsets in their order."""
    found: list[Transaction] = []
    under_way: dict[tuple[int, str, str], Transaction] = {}
    for row in record.rows("select * from csp order by id"):
        key = row["run"], row["handset"], row["tid"]
        each = under_way.get(key)
        if (row["direction"], row["kind"]) == ("out", "request"):
            if each is None or each.end is not None or each.code != row["code"]:
                each = Transaction(*key, row["code"], row["action"], row["time"], tries=0)
                under_way[key] = each
                found.append(each)
            each.tries += 1
            each.csp.append(row["id"])
            each.status = row["status"] or each.status
        elif (row["direction"], row["kind"]) == ("in", "answer") and each and each.end is None:
            each.end = row["time"]
            each.answer = row["code"]
    return found


@dataclass
class Traffic:
    """SMS by what they belong to."""

    by_csp: dict[int, list[Sms]]
    received: dict[tuple[int, str, str], list[Sms]]  # run, handset, code and TransactionID

    @classmethod
    def of(cls, found: list[Sms]) -> Traffic:
        """Sort SMS."""
        by_csp: dict[int, list[Sms]] = defaultdict(list)
        received: dict[tuple[int, str, str], list[Sms]] = defaultdict(list)
        for sms in found:
            row = sms.row
            if row["direction"] == "in":
                received[row["run"], row["handset"], row["label"].partition(" ")[0]].append(sms)
            elif row["csp"] is not None:
                by_csp[row["csp"]].append(sms)
        return cls(by_csp, received)

    def sent(self, each: Transaction) -> list[Sms]:
        """SMS that carried the request, with its repeats."""
        return [sms for csp in each.csp for sms in self.by_csp.get(csp, ())]

    def answers(self, each: Transaction) -> list[Sms]:
        """SMS that carried the answer and came in time."""
        found = self.received.get((each.run, each.handset, each.answer + each.tid), ())
        end = each.begin if each.end is None else each.end
        return [sms for sms in found if each.begin <= sms.row["time"] <= end]


def turnaround(each: Transaction, traffic: Traffic) -> float | None:
    """Seconds from the request's arrival at the service until the centre has its answer."""
    answers = [sms.accepted for sms in traffic.answers(each) if sms.accepted is not None]
    if not answers:
        return None
    asked = [sms.delivered for sms in traffic.sent(each) if sms.delivered is not None]
    before = [time for time in asked if time <= answers[-1]]
    return min(a for a in answers if a >= max(before)) - max(before) if before else None


def ladder(each: Transaction, traffic: Traffic, known: list[Passage]) -> list[Step]:
    """What passed between handset, service centre and service for a transaction."""
    steps = []
    for sms in traffic.sent(each):
        row, passage = sms.row, sms.passage
        text = f"{row['label']}, {row['octets']} octets"
        steps.append(Step(row["time"], HANDSET, CENTRE, text, row["outcome"] != "sent"))
        if passage and passage.lost:
            steps.append(Step(passage.accepted, CENTRE, SERVICE, row["label"], True))
        for time in passage.deliveries if passage else ():
            steps.append(Step(time, CENTRE, SERVICE, row["label"]))
    end = each.end if each.end is not None else float("inf")
    steps += _downwards(each, traffic, known, end)
    inside = sorted((s for s in steps if s.at <= end), key=lambda step: step.at)[:_STEPS]
    return [Step(s.at - each.begin, s.start, s.stop, s.text, s.lost) for s in inside]


def _downwards(
    each: Transaction, traffic: Traffic, known: list[Passage], end: float
) -> list[Step]:
    steps = []
    for sms in traffic.answers(each):
        row = sms.row
        text = f"{row['label']}, {row['octets']} octets"
        steps.append(Step(row["time"], CENTRE, HANDSET, text))
        if not known and sms.accepted is not None:
            steps.append(Step(sms.accepted, SERVICE, CENTRE, row["label"]))
    mark = f"{each.answer}{each.tid}".encode()
    for passage in known:
        mine = (passage.run, passage.destination) == (each.run, each.handset)
        if mine and each.begin <= passage.accepted <= end and _is(passage.user_data, mark):
            label = mark.decode()
            steps.append(Step(passage.accepted, SERVICE, CENTRE, label))
            if passage.lost:
                steps.append(Step(passage.accepted, CENTRE, HANDSET, label, True))
    return steps


def _is(user_data: bytes, mark: bytes) -> bool:
    """Whether a PTS message, or a part of one, has this code and TransactionID."""
    rest = user_data[4:].upper()
    return bool(mark) and rest.startswith(mark) and not rest[len(mark) : len(mark) + 1].isdigit()


def at_lines(record: Journal, each: Transaction, most: int = 80) -> list[sqlite3.Row]:
    """What went over the line meanwhile."""
    sql = (
        "select time, direction, line from at_line where run = ? and handset = ?"
        " and time between ? and ? order by id limit ?"
    )
    end = each.begin + 600 if each.end is None else each.end
    return record.rows(sql, each.run, each.handset, each.begin - _MARGIN, end, most)
