"""Runs a trial: starts its world and handsets, watches them, ends them in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .handset import Station
from .journal import Journal
from .plan import Plan
from .world import World, world

_PAUSE = 0.1  # wall seconds between two looks
_HURRY = 5.0  # wall seconds for what is under way when the user interrupts


@dataclass(frozen=True)
class Progress:
    """Where a trial stands. sms and cost: over all runs."""

    done: int
    actions: int
    sms: int
    cost: float


@dataclass(frozen=True)
class Outcome:
    """How a run ended. reason: complete, budget, interrupted or failed; why: more, for people."""

    reason: str
    why: str = ""


def run(plan: Plan, journal: Journal, show: Callable[[Progress], None]) -> Outcome:
    """Run what is left of a trial, if anything. Raises JournalError, OSError, ValueError."""
    if not journal.planned():
        return Outcome("complete")
    journal.begin_run(journal.latest() or time.time())
    here = world(plan, journal)
    here.start()
    try:
        outcome = _play(plan, journal, here, show)
        journal.end_run(here.clock(), outcome.reason)
    finally:
        here.stop()
    return outcome


def _play(plan: Plan, journal: Journal, here: World, show: Callable[[Progress], None]) -> Outcome:
    journal.began(here.clock())
    left = journal.planned()
    due: dict[int, float] = {}
    go = threading.Event()
    stations = []
    for spec in plan.handsets:
        todo = [action for action in left if action.handset == spec.number]
        stations.append(Station(plan, spec, here, journal, todo, due, go))
    with ThreadPoolExecutor() as pool:
        list(pool.map(Station.open, stations))
    ended = _ended(stations)  # before anything was spent
    if ended:
        for station in stations:
            station.close()
        return ended
    for station in stations:
        station.start()

    def begin() -> None:
        skipped = left[0].at if left[0].id > 1 else 0.0
        now = here.clock()
        due.update({each.id: plan.schedule.after(now, each.at - skipped) for each in left})
        go.set()

    try:
        return _watch(plan, journal, here, stations, begin, show)
    except KeyboardInterrupt:
        _end(stations, Station.halt, _HURRY)
        return Outcome("interrupted")


def _watch(
    plan: Plan,
    journal: Journal,
    here: World,
    stations: list[Station],
    begin: Callable[[], None],
    show: Callable[[Progress], None],
) -> Outcome:
    """Begin when all handsets are there; wait until all is done, or one of them had to give up."""
    begun = False
    settled: float | None = None
    while True:
        show(progress(journal))
        ended = _ended(stations)
        if ended:
            _end(stations, Station.halt)
            return ended
        if not begun and all(station.entered for station in stations):
            begun = True
            begin()
        if not any(station.busy for station in stations):
            settled = settled or here.clock() + plan.schedule.settle
            if here.clock() >= settled or not _on_the_way(journal):
                break
        time.sleep(_PAUSE)
    _end(stations, Station.leave)
    show(progress(journal))
    return _ended(stations) or Outcome("complete")  # the logout may not have gone well


def _ended(stations: list[Station]) -> Outcome | None:
    """Why the trial cannot go on, if so."""
    for station in stations:
        if station.stopped:
            return Outcome("budget", station.stopped)
        if station.fault:
            return Outcome("failed", station.fault)
    return None


def _on_the_way(journal: Journal) -> int:
    sql = "select count(*) from action where scenario = 'message' and state = 'done'"
    count: int = journal.rows(sql + " and arrived is null")[0][0]
    return count


def _end(stations: list[Station], how: Callable[[Station], Any], wall: float = 600.0) -> None:
    for station in stations:
        how(station)
    until = time.monotonic() + wall
    while any(station.alive() for station in stations) and time.monotonic() < until:
        time.sleep(_PAUSE)


def progress(journal: Journal) -> Progress:
    """Where the trial of a journal stands."""
    counts = journal.counts()
    total = sum(counts.values())
    sms, cost = journal.spent()
    left = counts.get("planned", 0) + counts.get("begun", 0)
    return Progress(total - left, total, sms, cost)
