"""Everything that can be set, and the TOML file that sets it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PRESENCE_POLICIES = ("everybody", "ask", "nobody")
VERSIONS = ("1.1", "1.2", "1.3")
DIGESTS = ("SHA", "MD5")


class ConfigError(ValueError):
    """A setting that cannot be; the text names it and says what can."""


@dataclass(frozen=True)
class Account:
    """A user that exists from the start. `lists`: list name -> addresses of its contacts;
    `about`: what a search finds, see `PROPERTIES` in store.py.
    """

    id: str
    password: str
    alias: str = ""
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Room:
    """A group that exists from the start: `/name` is a public one, `user/name` one of a user.

    properties: as clients set them; members: user -> User, Mod or Admin; note: welcome note.
    """

    id: str
    properties: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Limits:
    """What the service takes at most, and its times in seconds."""

    body: int = 1 << 20  # octets of a request
    lists: int = 100  # contact lists of a user
    contacts: int = 20_000  # contacts of a list, entries of a block or grant list
    attribute_lists: int = 1_000  # of a user
    messages: int = 1_000  # stored for a user; also delivery reports, and own invitations
    groups: int = 100  # of a user
    joined: int = 1_000  # clients in a group
    history: int = 50  # messages of a group
    sessions_per_user: int = 8
    segmented: int = 4  # answers whose segments are kept in a session
    searches: int = 8  # kept in a session
    search_hits: int = 20_000
    search_page: int = 100  # hits in one answer
    queue: int = 1_000  # server requests that wait in a session
    presences: int = 50  # Presence elements in one notification
    validity: int = 86_400  # of a message that names none
    keep_alive: tuple[int, int, int] = (30, 3_600, 86_400)  # least, for no wish, most
    grace: int = 10  # added to KeepAliveTime before a session expires
    challenge: int = 300  # life of a nonce
    replies: int = 8  # answers kept in a session for repeated requests
    reply_age: int = 600
    retransmit: float = 20.0  # until an unanswered server request is sent again
    attempts: int = 5  # sendings of a server request
    sms_retransmit: float = 60.0  # in place of retransmit where the client uses SMS
    server_poll_min: int = 1
    cir_repeat: int = 60  # until a notice that caused no poll is sent again
    cir_login: int = 300  # until HELO has to come
    cir_connections: int = 10_000


@dataclass(frozen=True)
class Config:
    """Settings of one service. Addresses: port 0 is any free one, cir_port None is no TCP CIR."""

    domain: str = "im.example.com"
    host: str = "127.0.0.1"
    public_host: str = ""  # what clients are told in place of host
    port: int = 0
    cir_port: int | None = 0
    push_port: int = 2948  # of clients that take WAP pushes over UDP
    sms: str = ""  # what carries short messages, see sms_option.py
    sms_number: str = "+15553590"  # where clients send them
    sms_profile: str = ""  # of the service's own modem
    sms_pin: str = ""
    database: str = "sqlite://"
    users: tuple[Account, ...] = ()
    contacts: Mapping[str, int] = field(default_factory=dict)  # user -> size of a seeded list
    groups: tuple[Room, ...] = ()
    register: bool = False
    digest_only: bool = False
    schemes: tuple[str, ...] = DIGESTS
    challenge_code: int = 401
    network_authenticated: bool = False
    versions: tuple[str, ...] = VERSIONS
    withhold: frozenset[str] = frozenset()  # leaves of the service tree that are not offered
    presence: str = "everybody"
    map_url: str = ""  # where maps are, in place of a picture; {longitude} {latitude} in degrees
    search_index: str = "next"  # SearchIndex of an answer: the next hit, or the last one in it
    pts_extension: bool = True  # agree on private codes with clients that ask for them
    latency: float = 0.0
    faults: tuple[str, ...] = ()
    name: str = "microimps simulated service"
    description: str = "An IMPS service for tests"
    url: str = ""
    logo: str = ""  # file of a picture, for GetSPInfo
    terms: str = ""  # of use, which a 1.3 client has to accept at its first login
    puzzle: tuple[str, str] | None = None  # question and answer, for a 1.3 client that registers
    issue_passwords: bool = False  # register who gives no password, with one of the service
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        _among("presence", (self.presence,), PRESENCE_POLICIES)
        _among("search_index", (self.search_index,), ("next", "last"))
        _among("versions", self.versions, VERSIONS)
        _among("schemes", self.schemes, DIGESTS)
        _among("challenge_code", (str(self.challenge_code),), ("200", "401"))
        if self.puzzle is not None and len(self.puzzle) != 2:
            raise ConfigError("puzzle: give a question and its answer")
        if self.logo and not Path(self.logo).is_file():
            raise ConfigError(f"logo {self.logo!r}: no such file")
        if not self.domain or set(self.domain) & set("/@ "):
            raise ConfigError(f"domain {self.domain!r}: give a name such as im.example.com")


def _among(name: str, values: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    wrong = [value for value in values if value not in allowed]
    if wrong or not values:
        given = ", ".join(wrong) or "empty"
        raise ConfigError(f"{name} {given}: choose from {', '.join(allowed)}")


def _account(entry: Mapping[str, Any]) -> Account:
    unknown = set(entry) - {"id", "password", "alias", "lists", "about"}
    if unknown or not entry.get("id") or "password" not in entry:
        raise ConfigError(
            f"users: {dict(entry)!r} needs id and password; alias, lists and about may be"
        )
    lists = {name: tuple(contacts) for name, contacts in entry.get("lists", {}).items()}
    alias, about = str(entry.get("alias", "")), entry.get("about", {})
    return Account(str(entry["id"]), str(entry["password"]), alias, lists, about)


def _room(entry: Mapping[str, Any]) -> Room:
    unknown = set(entry) - {"id", "properties", "members", "note"}
    if unknown or not entry.get("id"):
        raise ConfigError(f"groups: {dict(entry)!r} needs id; properties, members, note may be")
    values = {name: _text(value) for name, value in entry.get("properties", {}).items()}
    members = dict(entry.get("members", {}))
    return Room(str(entry["id"]), values, members, str(entry.get("note", "")))


def _text(value: object) -> str:
    return ("F", "T")[value] if isinstance(value, bool) else str(value)


_CONVERSIONS: dict[str, Any] = {
    "users": lambda entries: tuple(_account(entry) for entry in entries),
    "groups": lambda entries: tuple(_room(entry) for entry in entries),
    "schemes": tuple,
    "puzzle": tuple,
    "versions": tuple,
    "faults": tuple,
    "withhold": frozenset,
}


def load(path: Path) -> Config:
    """Read a TOML file with the names of Config and a table `limits`.

    Raises ConfigError for a name, type or value that cannot be, OSError when it cannot be read.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8: give a TOML file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    known = {each.name for each in dataclasses.fields(Config)}
    if set(settings) - known:
        raise ConfigError(f"{path}: unknown setting {', '.join(sorted(set(settings) - known))}")
    try:
        if "limits" in settings:
            given = settings["limits"]
            if "keep_alive" in given:
                least, usual, most = given["keep_alive"]
                given["keep_alive"] = (least, usual, most)
            settings["limits"] = Limits(**given)
        for name, convert in _CONVERSIONS.items():
            if name in settings:
                settings[name] = convert(settings[name])
        return Config(**settings)
    except (TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: {error}") from None
