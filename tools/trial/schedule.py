"""Who does what when, and what that will cost: follows from the plan and its seed alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .plan import Plan
from .scenarios import LOGIN, LOGOUT, SCENARIOS

_ROOM = 130  # octets that one more SMS of a message takes on


@dataclass(frozen=True)
class Action:
    """One thing that one handset does; at: seconds of the schedule's hours since the start."""

    id: int
    at: float
    handset: str
    scenario: str
    peer: str  # the number of another handset, empty for none


@dataclass(frozen=True)
class Estimate:
    """What actions take where nothing goes wrong."""

    actions: int
    sent: int
    received: int
    cost: float


def actions(plan: Plan) -> list[Action]:
    """All actions of a trial in their order."""
    schedule = plan.schedule
    names, weights = list(plan.scenarios), list(plan.scenarios.values())
    found = []
    for n, handset in enumerate(plan.handsets):
        chance = random.Random(f"{plan.trial.seed}/{handset.number}")
        others = [each.number for each in plan.handsets if each is not handset]
        offset = schedule.every * n / len(plan.handsets)
        for k in range(int(schedule.length / schedule.every)):
            late = schedule.jitter * chance.random()
            name = chance.choices(names, weights)[0]
            peer = chance.choice(others) if SCENARIOS[name].peer else ""
            found.append((offset + schedule.every * (k + late), handset.number, name, peer))
    return [Action(n, *each) for n, each in enumerate(sorted(found), 1)]


def estimate(plan: Plan, left: Iterable[Action]) -> Estimate:
    """What these actions cost, with a login and a logout of each handset."""
    mix = Counter(action.scenario for action in left)
    handsets = len(plan.handsets)
    sent = handsets * (LOGIN[0] + LOGOUT[0])
    received = handsets * (LOGIN[1] + LOGOUT[1])
    for name, count in mix.items():
        kind = SCENARIOS[name]
        more = plan.length // _ROOM if name == "message" else 0
        sent += count * (kind.sent + kind.peer_sent + more)
        received += count * (kind.received + kind.peer_received + more)
    cost = sent * plan.cost.sms + received * plan.cost.received
    return Estimate(mix.total(), sent, received, cost)
