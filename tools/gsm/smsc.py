"""The service centre: takes messages, stores them, and forwards them when it can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from microimps.errors import PeerError

from .clock import Clock
from .faults import Copy, Faults
from .journal import Hop, Journal
from .message import Message
from .radio import CONGESTION, MALFORMED, QueueFull, Refused
from .rewriting import Rewriting
from .tpdu import Report, read_submit

_log = logging.getLogger(__name__)

_GAP = 0.001  # wall seconds between two deliveries that must not change places

# TP-Status values, 3GPP TS 23.040 clause 9.2.3.15.
DELIVERED, NOT_OBTAINABLE, EXPIRED = 0x00, 0x43, 0x46

# Who takes messages for a number, and reports together with the message it had sent. Raising
# Refused makes the service centre keep what it has and try again.
Take = Callable[[Message], Awaitable[None]]
TakeReport = Callable[[Report, Message], Awaitable[None]]


@dataclass
class Subscriber:
    """One number's receiver, with what orders and wakes its deliveries.

    `final` says that a message taken has arrived; a further service centre only passes it on.
    """

    take: Take
    take_report: TakeReport | None
    final: bool = True

    def __post_init__(self) -> None:
        self.turn = asyncio.Lock()  # one delivery at a time
        self.woken = asyncio.Event()
        self.last_due = 0.0
        self.batch: list[tuple[Message, Copy]] = []


class ServiceCentre:
    """Store and forward between numbers, over a network that has faults.

    `retries` are the pauses between attempts in network seconds, the last one repeated; a
    recipient that says it is available again is tried at once. `price` is the cost of one
    message in whatever unit the user thinks in.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        faults: Faults | None = None,
        rewriting: Rewriting | None = None,
        *,
        number: str = "+15550100",
        price: float = 1.0,
        retries: tuple[float, ...] = (30.0, 120.0, 600.0),
    ) -> None:
        self.clock = clock
        self.journal = journal
        self.faults = faults or Faults()
        self.rewriting = rewriting or Rewriting()
        self.number = number
        self.price = price
        self.retries = retries
        self.subscribers: dict[str, Subscriber] = {}
        self._routes: dict[str, Subscriber] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # numbers

    def subscribe(self, number: str, take: Take, take_report: TakeReport | None = None) -> None:
        """Route a number to a receiver; ValueError when it has one."""
        if number in self.subscribers:
            raise ValueError(f"number {number} is already in use on this network")
        self.subscribers[number] = Subscriber(take, take_report)

    def route(
        self, prefix: str, take: Take, take_report: TakeReport | None = None, final: bool = True
    ) -> None:
        """Route all numbers with a prefix that nobody subscribed; "" is every one.

        The longest prefix wins; ValueError when it is taken. `final` as in Subscriber.
        """
        if prefix in self._routes:
            raise ValueError(f"numbers with the prefix {prefix!r} have a route already")
        self._routes[prefix] = Subscriber(take, take_report, final)

    def unroute(self, prefix: str) -> None:
        """Forget a route; what waits for it stays until its validity is over."""
        self._routes.pop(prefix, None)

    def available(self, number: str) -> None:
        """Try at once what waits for that number, or for the route with that prefix."""
        subscriber = self._routes.get(number) or self._subscriber(number)
        if subscriber is not None:
            subscriber.woken.set()

    def _subscriber(self, number: str) -> Subscriber | None:
        if number in self.subscribers:
            return self.subscribers[number]
        prefixes = [prefix for prefix in self._routes if number.startswith(prefix)]
        return self._routes[max(prefixes, key=len)] if prefixes else None

    # taking

    async def submit_tpdu(self, number: str, tpdu: bytes) -> None:
        """Take an SMS-SUBMIT from a modem with that number; raises Refused."""
        try:
            message = read_submit(tpdu, number, self.clock.now())
        except (PeerError, ValueError):
            raise Refused(MALFORMED) from None
        self.submit(message)

    def submit(self, message: Message) -> Message:
        """Take a message; returns it with its number and time. Raises Refused when throttled."""
        if message.too_long:
            raise ValueError("message longer than 140 octets; segment it first")
        now = self.clock.time()
        message = replace(message, time=now)
        if len(self._tasks) >= self.faults.queue_limit:
            raise QueueFull(CONGESTION)
        if self.faults.throttled(message.sender, now):
            self._hop(message, "throttled")
            raise Refused(self.faults.throttle_cause)
        message = self._enter(message, "message", self.price)
        copies = self.faults.fate(message.sender, message.destination)
        if not copies:
            self._hop(message, "lost")
        for copy in copies:
            if copy is not copies[0]:
                self._hop(message, "copied", f"a second copy follows in {copy.delay:.1f} s")
            self._forward(message, copy)
        return message

    def _enter(self, message: Message, kind: str, cost: float) -> Message:
        message = replace(message, id=self.journal.accepted(message, kind, cost))
        self._hop(message, "accepted", kind=kind, cost=cost)
        return message

    def _hop(
        self, message: Message, name: str, detail: str = "", kind: str = "message", cost: float = 0
    ) -> None:
        self.journal.hop(Hop(message, kind, name, self.clock.time(), detail, cost))

    # forwarding

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forward(self, message: Message, copy: Copy) -> None:
        subscriber = self._subscriber(message.destination)
        if subscriber is None:
            self._hop(message, "undeliverable", "no such number")
            self.report(message, NOT_OBTAINABLE)
            return
        if self.faults.order != "sent":
            subscriber.batch.append((message, copy))
            if len(subscriber.batch) == 1:
                self._spawn(self._gather(subscriber))
            return
        due = self.clock.time() + copy.delay
        if copy.in_order:
            due = subscriber.last_due = max(due, subscriber.last_due + _GAP * self.clock.speed)
        self._spawn(self._carry(subscriber, message, due))

    async def _gather(self, subscriber: Subscriber) -> None:
        """Let messages pile up for a while, then send them in the order the faults choose."""
        await self.clock.sleep(self.faults.order_window)
        batch, subscriber.batch = subscriber.batch, []
        for n in self.faults.arrange(list(range(len(batch)))):
            message, copy = batch[n]
            self._spawn(self._carry(subscriber, message, self.clock.time() + copy.delay))

    async def _carry(self, subscriber: Subscriber, message: Message, due: float) -> None:
        await self.clock.sleep_until(due)
        deadline = message.time + message.validity
        for attempt in count():
            try:
                async with subscriber.turn:
                    subscriber.woken.clear()
                    await subscriber.take(self.rewriting.apply(message))
            except Refused as refused:
                self._hop(message, "refused", f"cause {refused.cause}")
            except Exception:  # an application's fault must not stop the network
                _log.exception("the receiver of message #%d failed", message.id)
                self._hop(message, "refused", "the receiver failed")
            else:
                self._hop(message, "delivered")
                if subscriber.final:
                    self.report(message, DELIVERED)
                return
            pause = self.retries[min(attempt, len(self.retries) - 1)]
            pause = min(pause, deadline - self.clock.time())
            if pause <= 0:
                self._hop(message, "expired")
                self.report(message, EXPIRED)
                return
            try:
                await asyncio.wait_for(subscriber.woken.wait(), pause / self.clock.speed)
            except asyncio.TimeoutError:
                continue

    # reports

    def report(self, message: Message, status: int) -> None:
        """Tell the sender what became of a message, if it asked for that."""
        if not message.report:
            return
        sender = self._subscriber(message.sender)
        if sender is None or sender.take_report is None:
            return
        now = self.clock.now()
        report = Report(message.destination, message.reference, message.moment, now, status)
        entry = replace(message, sender=message.destination, destination=message.sender, body=b"")
        entry = self._enter(replace(entry, time=now.timestamp()), "report", 0.0)
        copies = self.faults.fate(entry.sender, entry.destination)
        if not copies:
            self._hop(entry, "lost", kind="report")
        for copy in copies[:1]:
            self._spawn(self._carry_report(sender, report, message, entry, copy))

    async def _carry_report(
        self, sender: Subscriber, report: Report, message: Message, entry: Message, copy: Copy
    ) -> None:
        if sender.take_report is None:
            return
        await self.clock.sleep(copy.delay)
        for pause in (*self.retries, None):
            try:
                async with sender.turn:
                    sender.woken.clear()
                    await sender.take_report(report, message)
            except Refused as refused:
                self._hop(entry, "refused", f"cause {refused.cause}", kind="report")
            else:
                self._hop(entry, "delivered", f"status {report.status:#04x}", kind="report")
                return
            if pause is None:
                self._hop(entry, "expired", kind="report")
                return
            try:
                await asyncio.wait_for(sender.woken.wait(), pause / self.clock.speed)
            except asyncio.TimeoutError:
                continue

    async def stop(self) -> None:
        """Drop everything that is on its way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def in_flight(self) -> int:
        """Messages and reports accepted and not yet at an end."""
        return len(self._tasks)
