"""What the network did to each SMS: passages, put together from what the journal has.

A simulated network tells all of it. Of a real one the handsets see the modem's answer, status
reports where the plan asks for them, and what arrives.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..gsm.tpdu import read_deliver
from .journal import Journal

_LOST = ("lost", "expired", "undeliverable")
_COMPLETED, _ERROR = 0x20, 0x40  # TP-ST: below it arrived, from there on it did not (23.040)
_EARLY = 1.0  # seconds that a network's clock may be behind


@dataclass
class Passage:
    """One SMS through the network. accepted and deliveries: when; lost: it never comes.

    fate: what the network says became of it, empty while it is on its way or unknown.
    """

    run: int
    sender: str
    destination: str
    accepted: float
    mr: int = -1
    user_data: bytes = b""
    deliveries: list[float] = field(default_factory=list)
    fate: str = ""

    @property
    def lost(self) -> bool:
        """Whether it never comes."""
        return not self.deliveries and self.fate in _LOST


@dataclass
class Sms:
    """A row of the journal's `sms` with its passage.

    accepted: when the service centre took it; delivered: when it gave it to the service (an SMS
    sent) or the handset had it (received). None: not known.
    """

    row: sqlite3.Row
    accepted: float | None = None
    delivered: float | None = None
    passage: Passage | None = None


@dataclass(frozen=True)
class Way:
    """What happened on one way; None where nobody could see it.

    lost: never came; pending: neither came nor known to be lost; duplicated: deliveries beyond
    the first; reordered: came after one that was sent later (RFC 4737, Type-P-Reordered).
    """

    sender: str
    destination: str
    source: str  # network, reports, handset
    sent: int | None
    delivered: int | None
    lost: int | None
    pending: int | None
    duplicated: int | None
    reordered: int | None


def reordered(order: Iterable[float]) -> int:
    """How many come with less than came before, given what was sent first as the least."""
    most, count = float("-inf"), 0
    for each in order:
        count += each < most
        most = max(most, each)
    return count


def passages(record: Journal) -> list[Passage]:
    """What a simulated network has told, in the order of acceptance."""
    found: dict[tuple[int, int], Passage] = {}
    for row in record.rows("select * from hop order by id"):
        key = row["run"], row["sms"]
        if row["name"] == "accepted":
            names = row["sender"], row["destination"], row["time"], row["mr"], row["user_data"]
            found[key] = Passage(row["run"], *names)
        elif key in found and row["name"] == "delivered":
            found[key].deliveries.append(row["time"])
        elif key in found and row["name"] in _LOST:
            found[key].fate = row["name"]
    return list(found.values())


def messages(record: Journal, known: list[Passage]) -> list[Sms]:
    """Every SMS of the handsets, with its passage."""
    found = [Sms(row) for row in record.rows("select * from sms order by id")]
    if known:
        _join_sent(found, known)
        _join_received(found, known)
    else:
        _join_reports(found, record)
    return found


def _join_sent(found: list[Sms], known: list[Passage]) -> None:
    waiting: dict[tuple[int, str, int], list[Passage]] = defaultdict(list)
    for passage in known:
        waiting[passage.run, passage.sender, passage.mr].append(passage)
    for sms in found:
        row = sms.row
        if row["direction"] == "out" and row["mr"] is not None:
            places = waiting[row["run"], row["handset"], row["mr"]]
            for n, passage in enumerate(places):
                if passage.accepted >= row["time"] - _EARLY:
                    sms.passage = places.pop(n)
                    sms.accepted = passage.accepted
                    sms.delivered = min(passage.deliveries, default=None)
                    break


def _join_received(found: list[Sms], known: list[Passage]) -> None:
    sent: dict[tuple[int, str, bytes], list[Passage]] = defaultdict(list)
    for passage in known:
        sent[passage.run, passage.destination, passage.user_data].append(passage)
    for sms in found:
        row = sms.row
        if row["direction"] == "in":
            body = read_deliver(row["tpdu"])[0].body
            before = [
                passage
                for passage in sent[row["run"], row["handset"], body]
                if any(time <= row["time"] for time in passage.deliveries)
            ]
            sms.delivered = row["time"]
            if before:
                sms.passage = before[-1]
                sms.accepted = before[-1].accepted


def _join_reports(found: list[Sms], record: Journal) -> None:
    told: dict[tuple[int, str, int], list[sqlite3.Row]] = defaultdict(list)
    for report in record.rows("select * from report order by id"):
        told[report["run"], report["handset"], report["mr"]].append(report)
    for sms in found:
        row = sms.row
        if row["direction"] == "in":
            sms.accepted, sms.delivered = row["scts"], row["time"]
            continue
        for report in told[row["run"], row["handset"], row["mr"]]:
            if report["time"] >= row["time"]:
                sms.accepted = report["scts"]
                passage = Passage(row["run"], row["handset"], row["peer"], report["scts"])
                if report["status"] < _COMPLETED:
                    sms.delivered = report["discharge"]
                    passage.deliveries.append(report["discharge"])
                elif report["status"] >= _ERROR:
                    passage.fate = "undeliverable"
                sms.passage = passage
                break


def ways(known: list[Passage], found: list[Sms]) -> list[Way]:
    """What happened on each way, between each handset and the service."""
    if known:
        pairs = sorted({(passage.sender, passage.destination) for passage in known})
        return [
            _told(pair, [p for p in known if (p.sender, p.destination) == pair]) for pair in pairs
        ]
    handsets = sorted({sms.row["handset"] for sms in found})
    lines: list[Way] = []
    for number in handsets:
        mine = [sms for sms in found if sms.row["handset"] == number]
        lines.append(_uplink(number, [s for s in mine if s.row["direction"] == "out"]))
        lines.append(_downlink(number, [s for s in mine if s.row["direction"] == "in"]))
    return lines


def _told(pair: tuple[str, str], mine: list[Passage]) -> Way:
    arrived = [passage for passage in mine if passage.deliveries]
    lost = sum(passage.lost for passage in mine)
    return Way(
        *pair,
        source="network",
        sent=len(mine),
        delivered=len(arrived),
        lost=lost,
        pending=len(mine) - len(arrived) - lost,
        duplicated=sum(len(passage.deliveries) - 1 for passage in arrived),
        reordered=reordered(p.accepted for p in sorted(arrived, key=lambda p: p.deliveries[0])),
    )


def _uplink(number: str, mine: list[Sms]) -> Way:
    sent = [sms for sms in mine if sms.row["outcome"] == "sent"]
    passages = [sms.passage for sms in sent if sms.passage]
    arrived = sorted((p for p in passages if p.deliveries), key=lambda p: p.deliveries[0])
    lost = sum(passage.lost for passage in passages)
    return Way(
        number,
        "service",
        source="reports" if passages else "handset",
        sent=len(sent),
        delivered=len(arrived) if passages else None,
        lost=lost if passages else None,
        pending=len(sent) - len(arrived) - lost if passages else None,
        duplicated=None,
        reordered=reordered(p.accepted for p in arrived) if passages else None,
    )


def _downlink(number: str, mine: list[Sms]) -> Way:
    first: dict[tuple[float, bytes], sqlite3.Row] = {}
    for sms in mine:
        first.setdefault((sms.row["scts"], sms.row["tpdu"]), sms.row)
    missing = _missing(first.values())
    return Way(
        "service",
        number,
        source="handset",
        sent=None,
        delivered=len(first),
        lost=missing,
        pending=None,
        duplicated=len(mine) - len(first),
        reordered=reordered(row["scts"] for row in first.values()),
    )


def _missing(rows: Iterable[sqlite3.Row]) -> int:
    """Parts that never came of messages of which a part did: what a handset can know of loss."""
    parts: dict[tuple[int, str, str], set[str]] = defaultdict(set)
    for row in rows:
        found = re.fullmatch(r"(\w+) (\d+)/(\d+)", row["label"])
        if found:
            parts[row["run"], found[1], found[3]].add(found[2])
    return sum(int(total) - len(seen) for (_, _, total), seen in parts.items())
