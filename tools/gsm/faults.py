"""What the network does to messages on the way: a seeded model, the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from .radio import CONGESTION


class Copy(NamedTuple):
    """One copy of a message on its way: after `delay` seconds, in line with others or not."""

    delay: float
    in_order: bool


@dataclass
class Faults:
    """Probabilities are 0 to 1, times network seconds.

    What happens to a message depends on the seed, sender, recipient and how many messages went
    that way before, and on nothing else: the same traffic meets the same fate on every run.
    """

    seed: int = 0
    delay: float = 0.0  # shortest
    jitter: float = 0.0  # and so much more at most
    loss: float = 0.0
    duplicate: float = 0.0
    duplicate_delay: float = 5.0
    reorder: float = 0.0  # this share is held back by reorder_delay and overtaken
    reorder_delay: float = 10.0
    order: str = "sent"  # or "reversed", "shuffled": of what comes within order_window
    order_window: float = 5.0
    withhold_part: int = 0  # the n-th message from each sender to each recipient never arrives
    rate_limit: float = 0.0  # messages a second taken from one sender; 0 any
    rate_window: float = 10.0
    throttle_cause: int = CONGESTION
    queue_limit: int = 10000
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter, init=False, repr=False)
    _recent: dict[str, deque[float]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability from 0 to 1, not {getattr(self, name)}")
        if self.order not in ("sent", "reversed", "shuffled"):
            raise ValueError(f"order={self.order!r}: choose sent, reversed or shuffled")

    def throttled(self, sender: str, now: float) -> bool:
        """Count a submission; True when the sender goes over the rate limit."""
        if not self.rate_limit:
            return False
        recent = self._recent.setdefault(sender, deque())
        while recent and recent[0] <= now - self.rate_window:
            recent.popleft()
        if len(recent) >= self.rate_limit * self.rate_window:
            return True
        recent.append(now)
        return False

    def fate(self, sender: str, destination: str) -> list[Copy]:
        """The copies of the next message on that way; none when it is lost."""
        way = sender, destination
        self._seen[way] += 1
        n = self._seen[way]
        chance = random.Random(f"{self.seed}/{sender}/{destination}/{n}")
        lost, twice, late = (chance.random() for _ in range(3))
        delay = self.delay + self.jitter * chance.random()
        again = delay + self.duplicate_delay * (0.5 + chance.random())
        if lost < self.loss or n == self.withhold_part:
            return []
        if late < self.reorder:
            copies = [Copy(delay + self.reorder_delay * (0.5 + chance.random()), False)]
        else:
            copies = [Copy(delay, True)]
        if twice < self.duplicate:
            copies.append(Copy(again, False))
        return copies

    def arrange(self, batch: list[int]) -> list[int]:
        """The order in which messages that were gathered for one recipient go out."""
        if self.order == "reversed":
            return batch[::-1]
        if self.order == "shuffled":
            batch = list(batch)
            random.Random(f"{self.seed}/order/{len(batch)}").shuffle(batch)
        return batch
