"""Journal of every short message: what it was, its hops with their times, what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from .message import Message

_META = MetaData()

SMS = Table(
    "sms",
    _META,
    Column("id", Integer, primary_key=True),
    Column("kind", String),  # message, report
    Column("sender", String),
    Column("destination", String),
    Column("dcs", Integer),
    Column("octets", Integer),
    Column("destination_port", Integer),
    Column("part", String),
    Column("header", LargeBinary),
    Column("body", LargeBinary),
    Column("submitted", Float),
    Column("finished", Float),
    Column("state", String),
    Column("deliveries", Integer, default=0),
    Column("cost", Float),
)
HOPS = Table(
    "hop",
    _META,
    Column("id", Integer, primary_key=True),
    Column("sms", ForeignKey("sms.id"), index=True),
    Column("time", Float),
    Column("hop", String),
    Column("detail", String),
)


@dataclass(frozen=True)
class Hop:
    """One step of a message: `name` is accepted, lost, copied, refused, delivered, expired,
    undeliverable or throttled; `time` is network time; `detail` says more."""

    message: Message
    kind: str
    name: str
    time: float
    detail: str = ""
    cost: float = 0.0


class Journal:
    """SQLite journal, in memory or in a file (an old one is replaced).

    Functions in `listeners` get every Hop as it happens. Raises ValueError for a file that cannot
    be written, or that is something else.
    """

    def __init__(self, path: str | Path = "") -> None:
        if path:
            self._engine = create_engine(f"sqlite:///{path}")
            self._replace(path)
        else:
            self._engine = create_engine("sqlite://", poolclass=StaticPool)
        _META.create_all(self._engine)
        self._connection = self._engine.connect()
        self._connection.exec_driver_sql("PRAGMA synchronous = OFF")
        self.listeners: list[Callable[[Hop], None]] = []

    def _replace(self, path: str | Path) -> None:
        try:
            if set(inspect(self._engine).get_table_names()) - set(_META.tables):
                raise ValueError(f"journal {path}: it is another database: give another name")
            _META.drop_all(self._engine)
        except DatabaseError as error:
            raise ValueError(f"journal {path}: {error.orig}: give another name") from None

    def accepted(self, message: Message, kind: str, cost: float) -> int:
        """Enter a new message and return its number."""
        ports, part = message.ports, message.part
        row = {
            "kind": kind,
            "sender": message.sender,
            "destination": message.destination,
            "dcs": message.dcs,
            "octets": len(message.user_data()[1]),
            "destination_port": ports[0] if ports else None,
            "part": "%d: %d/%d" % (part[0], part[2], part[1]) if part else None,
            "header": message.header_octets(),
            "body": message.body,
            "submitted": message.time,
            "state": "accepted",
            "cost": cost,
        }
        result = self._connection.execute(insert(SMS).values(**row))
        self._connection.commit()
        number: int = result.inserted_primary_key[0]  # type: ignore[index]
        return number

    def hop(self, hop: Hop) -> None:
        """Enter a hop; the message's state and delivery count follow from it."""
        self._connection.execute(
            insert(HOPS).values(sms=hop.message.id, time=hop.time, hop=hop.name, detail=hop.detail)
        )
        if hop.name in ("delivered", "lost", "expired", "undeliverable"):
            count = SMS.c.deliveries + (hop.name == "delivered")
            self._connection.execute(
                update(SMS)
                .where(SMS.c.id == hop.message.id)
                .values(state=hop.name, finished=hop.time, deliveries=count)
            )
        self._connection.commit()
        for listener in self.listeners:
            listener(hop)

    def rows(self, **equal: Any) -> list[dict[str, Any]]:
        """Messages in order of submission whose columns equal the values given."""
        query = select(SMS).order_by(SMS.c.id)
        for name, value in equal.items():
            query = query.where(SMS.c[name] == value)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def hops(self, sms: int) -> list[dict[str, Any]]:
        """The hops of one message in order."""
        query = select(HOPS).where(HOPS.c.sms == sms).order_by(HOPS.c.id)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def totals(self) -> dict[str, float]:
        """Messages by state, and `cost` for what all of them cost together."""
        query = select(SMS.c.state, func.count(), func.sum(SMS.c.cost)).group_by(SMS.c.state)
        totals: dict[str, float] = {"cost": 0.0}
        for state, count, cost in self._connection.execute(query):
            totals[state] = count
            totals["cost"] += cost or 0.0
        return totals

    def close(self) -> None:
        """Close the database; it can be read afterwards with any SQLite tool."""
        self._connection.close()
        self._engine.dispose()
