"""What outlives a session: users, lists, authorisation, messages. SQLAlchemy on SQLite."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    UniqueConstraint,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)
from sqlalchemy.pool import StaticPool

from .config import ConfigError

_T = TypeVar("_T")


class Base(DeclarativeBase):
    """Everywhere: `key` is the normal form of an address, `address` the spelling used."""


# What waits in a session is known by the ID of its row, which must not come again.
_NEVER_AGAIN = {"sqlite_autoincrement": True}


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
    accepted: Mapped[bool] = mapped_column(default=False)  # the terms of use
    offline: Mapped[str] = mapped_column(default="SENDSTORE")  # OfflineETEMHandling


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


PUBLIC = (
    "PP_AGE",
    "PP_CITY",
    "PP_COUNTRY",
    "PP_FRIENDLY_NAME",
    "PP_FREE_TEXT",
    "PP_GENDER",
    "PP_INTENTION",
    "PP_INTERESTS",
    "PP_MARITAL_STATUS",
)
PROPERTIES = (
    *PUBLIC,
    "USER_FIRST_NAME",
    "USER_LAST_NAME",
    "USER_EMAIL_ADDRESS",
    "USER_MOBILE_NUMBER",
)


class UserProperty(Base):
    """What a search finds of a user: the `PUBLIC` profile, and what the operator knows."""

    __tablename__ = "user_property"
    owner_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Invitation(Base):
    """An invitation of one user. state: what is to be told next, see invitations.py; frozen: the
    request of which that is told.
    """

    __tablename__ = "invitation"
    __table_args__ = _NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True)
    invite_id: Mapped[str] = mapped_column(index=True)
    inviter_id: Mapped[int] = _owner()
    invited_id: Mapped[int] = _owner()
    state: Mapped[str]
    frozen: Mapped[str]
    expires: Mapped[float] = mapped_column(index=True)


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
    __table_args__ = _NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True)
    message_row: Mapped[int] = _owner("message.id")
    user_id: Mapped[int] = _owner()
    address: Mapped[str]
    client: Mapped[str | None]
    by_group: Mapped[ByGroup | None] = relationship(
        lazy="joined", cascade="all, delete-orphan", passive_deletes=True
    )


class ByGroup(Base):
    """A delivery that came by a group, whose key is `group`. parties: Recipient and Sender."""

    __tablename__ = "by_group"
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True
    )
    group: Mapped[str] = mapped_column(index=True)
    parties: Mapped[str]


class Report(Base):
    """A delivery report that its sender has not confirmed yet."""

    __tablename__ = "report"
    __table_args__ = _NEVER_AGAIN
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _owner()
    code: Mapped[int]
    at: Mapped[float]
    info: Mapped[str]


class Group(Base):
    """A group; who is in it now is in rooms.py. owner_id: none for a public one."""

    __tablename__ = "group"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    properties: Mapped[dict[str, str]] = mapped_column(JSON)
    note: Mapped[str | None]
    expires: Mapped[float | None] = mapped_column(index=True)


class Member(Base):
    """A member of a group. level: User, Mod or Admin."""

    __tablename__ = "member"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("group.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    level: Mapped[str]


class Rejected(Base):
    """Somebody who may not join a group."""

    __tablename__ = "rejected"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("group.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str]


class OwnProperties(Base):
    """What a user settled for herself in a group."""

    __tablename__ = "own_properties"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("group.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    values: Mapped[dict[str, str]] = mapped_column(JSON)


class Said(Base):
    """A message in the history of a group; info is its MessageInfo."""

    __tablename__ = "said"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = _owner("group.id")
    message_id: Mapped[str] = mapped_column(index=True)
    info: Mapped[str]
    content: Mapped[str]
    has_content: Mapped[bool]
    size: Mapped[int]


def open_store(url: str) -> sessionmaker[Session]:
    """Factory of database sessions; tables are made where missing. url: SQLAlchemy's form.

    Raises ConfigError for a database that cannot be used.
    """
    try:
        engine = _engine(url)
        Base.metadata.create_all(engine)
    except (SQLAlchemyError, ImportError) as error:
        name = url if url.startswith("sqlite:") else url.partition(":")[0]  # no password
        why = getattr(error, "orig", None) or error
        raise ConfigError(
            f"database {name}: {why}: give a file, or a database URL of SQLAlchemy"
        ) from None
    return sessionmaker(engine, expire_on_commit=False)


def _engine(url: str) -> Engine:
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    if in_memory:
        engine = create_engine(
            url, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")


def many(values: list[_T], size: int = 500) -> list[list[_T]]:
    """Slices small enough for an IN clause."""
    return [values[at : at + size] for at in range(0, len(values), size)]


def count(db: Session, *conditions: ColumnElement[bool]) -> int:
    """How many rows of a table meet conditions on its columns."""
    return db.scalar(select(func.count()).where(*conditions)) or 0


def find_user(db: Session, key: str) -> User | None:
    """The user with this key."""
    return db.scalar(select(User).where(User.key == key))
