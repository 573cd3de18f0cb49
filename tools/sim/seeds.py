"""What the store holds from the start: accounts, their lists, and long lists for tests."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session as Database

from . import addresses
from .config import Account, Config, ConfigError, Room
from .elements import freeze, node, property_of
from .group_properties import group_values, welcome_note
from .groups import make
from .results import Refusal
from .rooms import RANKS
from .store import (
    PROPERTIES,
    Contact,
    ContactList,
    Group,
    Member,
    PresenceValue,
    User,
    UserProperty,
    find_user,
    many,
)

_SEEDED_LIST = "friends"


def plant(db: Database, config: Config, now: float) -> None:
    """Add what the configuration names and the store lacks. Raises ConfigError."""
    try:
        for account in config.users:
            _user(db, config, account)
        for account in config.users:
            for name, contacts in account.lists.items():
                _contacts(db, config, account.id, name, [_pair(each) for each in contacts])
        for user, count in config.contacts.items():
            made = [(f"contact{n:05}", f"Contact {n:05}") for n in range(1, count + 1)]
            _people(db, config, [spelled for spelled, _ in made])
            domain = config.domain
            full = [(f"wv:{spelled}@{domain}", nick) for spelled, nick in made]
            _contacts(db, config, user, _SEEDED_LIST, full)
        for room in config.groups:
            _group(db, config, room, now)
    except Refusal as refusal:
        raise ConfigError(refusal.description) from None


def _pair(entry: str) -> tuple[str, str]:
    address, _, nick = entry.partition("=")
    return address.strip(), nick.strip()


def _user(db: Database, config: Config, account: Account) -> None:
    address = addresses.parse(account.id, config.domain)
    if db.scalar(select(User.id).where(User.key == address.key)) is not None:
        return
    user = User(key=address.key, address=str(address), password=account.password)
    db.add(user)
    db.flush()
    if account.alias:
        value = node("Alias", node("Qualifier", True), node("PresenceValue", account.alias))
        db.add(PresenceValue(owner_id=user.id, name="Alias", frozen=freeze(value)))
    unknown = set(account.about) - set(PROPERTIES)
    if unknown:
        wrong = ", ".join(sorted(unknown))
        raise ConfigError(f"about {wrong} of {account.id}: choose from {', '.join(PROPERTIES)}")
    for name, said in account.about.items():
        db.add(UserProperty(owner_id=user.id, name=name, value=str(said)))


def _people(db: Database, config: Config, names: list[str]) -> None:
    """Users who exist and never log in."""
    wanted = [addresses.parse(name, config.domain) for name in names]
    known: set[str] = set()
    for some in many(wanted):
        keys = [address.key for address in some]
        known.update(db.scalars(select(User.key).where(User.key.in_(keys))))
    rows = [
        {"key": each.key, "address": str(each), "block_in_use": True, "grant_in_use": False}
        for each in wanted
        if each.key not in known
    ]
    if rows:
        db.execute(insert(User), rows)


def _contacts(
    db: Database, config: Config, owner: str, name: str, contacts: list[tuple[str, str]]
) -> None:
    home = config.domain
    user = find_user(db, addresses.parse(owner, home).key)
    if user is None:
        raise ConfigError(f"contacts of {owner}: there is no such user, add the account first")
    address = addresses.Address(addresses.parse(owner, home).user, name, home)
    row = db.scalar(select(ContactList).where(ContactList.key == address.key))
    if row is None:
        first = db.scalar(select(ContactList.id).where(ContactList.owner_id == user.id).limit(1))
        row = ContactList(
            owner_id=user.id,
            key=address.key,
            address=str(address),
            display_name=name,
            is_default=first is None,
        )
        db.add(row)
        db.flush()
    held = set(db.scalars(select(Contact.key).where(Contact.list_id == row.id)))
    new = {addresses.user_key(spelled, home): (spelled, nick) for spelled, nick in contacts}
    rows = [
        {"list_id": row.id, "key": key, "address": spelled, "nick": nick}
        for key, (spelled, nick) in new.items()
        if key not in held
    ]
    if rows:
        db.execute(insert(Contact), rows)


def _group(db: Database, config: Config, room: Room, now: float) -> None:
    address = addresses.parse(room.id, config.domain)
    if db.scalar(select(Group.id).where(Group.key == address.key)) is not None:
        return
    owner = find_user(db, address.owner.key)
    if not address.resource or (address.user and owner is None):
        raise ConfigError(f"group {room.id}: /name, or user/name of a user who exists")
    told = node(
        "GroupProperties",
        *(property_of(name, value) for name, value in room.properties.items()),
        node("WelcomeNote", node("ContentData", room.note)) if room.note else None,
    )
    values = {"Name": address.resource, **group_values(told, "1.3")}
    group = make(db, address, values, welcome_note(told), now, owner)
    wanted = {
        addresses.user_key(spelled, config.domain): level
        for spelled, level in room.members.items()
    }
    rows = []
    for some in many(list(wanted)):
        for user in db.scalars(select(User).where(User.key.in_(some))):
            rows.append({"group_id": group.id, "user_id": user.id, "level": wanted[user.key]})
    if len(rows) != len(wanted) or not set(wanted.values()) <= set(RANKS[1:]):
        raise ConfigError(f"group {room.id}: members are users, each User, Mod or Admin")
    rows = [row for row in rows if owner is None or row["user_id"] != owner.id]
    if rows:
        db.execute(insert(Member), rows)
