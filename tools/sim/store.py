"""What outlives a session: users, lists, authorisation, messages. SQLAlchemy on SQLite."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import ForeignKey, UniqueConstraint, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import StaticPool

_T = TypeVar("_T")


class Base(DeclarativeBase):
    """Everywhere: `key` is the normal form of an address, `address` the spelling used."""


def _owner(target: str = "user.id") -> Mapped[int]:
    return mapped_column(ForeignKey(target, ondelete="CASCADE"), index=True)


class User(Base):
    """A user of this domain. Digest login needs the password itself; None is no login."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    password: Mapped[str | None]
    block_in_use: Mapped[bool] = mapped_column(default=True)
    grant_in_use: Mapped[bool] = mapped_column(default=False)


class ContactList(Base):
    __tablename__ = "contact_list"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = _owner()
    key: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    display_name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)


class Contact(Base):
    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("list_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = _owner("contact_list.id")
    key: Mapped[str] = mapped_column(index=True)
    address: Mapped[str]
    nick: Mapped[str] = mapped_column(default="")


class AttributeList(Base):
    """What those in a scope may see. scope: `user`, `list` or `default` (whose key is empty)."""

    __tablename__ = "attribute_list"
    __table_args__ = (UniqueConstraint("owner_id", "scope", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = _owner()
    scope: Mapped[str]
    key: Mapped[str]
    address: Mapped[str]
    names: Mapped[str]
    notify: Mapped[bool] = mapped_column(default=False)


class Authorisation(Base):
    """Reactive authorisation. state: PENDING, GRANTED or DENIED."""

    __tablename__ = "authorisation"
    __table_args__ = (UniqueConstraint("owner_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = _owner()
    key: Mapped[str]
    address: Mapped[str]
    state: Mapped[str]
    names: Mapped[str]


class PresenceValue(Base):
    """A published attribute of the user; those of a client live in its session."""

    __tablename__ = "presence_value"
    owner_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    frozen: Mapped[str]


class Entity(Base):
    """An entry of a block or grant list. which: `BlockList` or `GrantList`; kind: its element."""

    __tablename__ = "entity"
    __table_args__ = (UniqueConstraint("owner_id", "which", "kind", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = _owner()
    which: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    frozen: Mapped[str]


class Message(Base):
    """A message on its way to one or more recipients; info is its MessageInfo."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    sender_id: Mapped[int] = _owner()
    info: Mapped[str]
    content: Mapped[str]
    has_content: Mapped[bool]
    size: Mapped[int]
    report: Mapped[bool]
    expires: Mapped[float] = mapped_column(index=True)


class Delivery(Base):
    """One recipient of a message, until delivered. client: key of the only client to get it."""

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_row: Mapped[int] = _owner("message.id")
    user_id: Mapped[int] = _owner()
    address: Mapped[str]
    client: Mapped[str | None]


class Report(Base):
    """A delivery report that its sender has not confirmed yet."""

    __tablename__ = "report"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _owner()
    code: Mapped[int]
    at: Mapped[float]
    info: Mapped[str]


def open_store(url: str) -> sessionmaker[Session]:
    """Factory of database sessions; tables are made where missing. url: SQLAlchemy's form."""
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    if in_memory:
        engine = create_engine(
            url, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    Base.metadata.create_all(engine)
    return sessionmaker(engine, expire_on_commit=False)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")


def many(values: list[_T], size: int = 500) -> list[list[_T]]:
    """Slices small enough for an IN clause."""
    return [values[at : at + size] for at in range(0, len(values), size)]
