"""The accounts of the terminal client, in a TOML file that only its owner may read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from microimps import AsyncClient
from microimps.ports import cir, http, sms
from microimps.sms_bearer import profiles

from ..provision import account as settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "accounts.toml"
SYNTAXES = ("wbxml", "xml")
PROFILES = tuple(sorted(name for name in vars(profiles) if name[:1].isalpha()))

# what a host keeps where a board cannot
_CONTENT, _SIZE, _LONGEST = 1 << 20, 4096, 4096
_WAIT = 2000  # ms before a request is repeated over HTTP: somebody looks on


class AccountError(ValueError):
    """An account that cannot be; the text says what to change."""


@dataclass(frozen=True)
class Account:
    """How to reach a service, and as whom: `url` over HTTP, or `modem` and `number` over SMS.

    version: 1, 2, 3 for CSP 1.1, 1.2, 1.3; notices: be told over a TCP connection when something
    waits, where the service can; poll: s between questions otherwise; modem: device or URL of
    pyserial; number: of the service; profile: of the modem; pin: of its SIM; extension: private
    codes for what public PTS lacks; timeout: s to wait for an answer over SMS; price: of one SMS;
    client: identity of this installation, made up where it is empty.
    """

    name: str
    user: str
    password: str = field(default="", repr=False)
    url: str = ""
    version: int = 3
    syntax: str = "wbxml"
    notices: bool = True
    poll: int = 15
    modem: str = ""
    number: str = ""
    profile: str = "GENERIC"
    pin: str = field(default="", repr=False)
    extension: bool = True
    timeout: float = 45.0
    price: float = 0.0
    client: str = ""

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            value, wanted = getattr(self, each.name), each.default
            kind = str if wanted is dataclasses.MISSING else type(wanted)
            right = isinstance(value, (int, float) if kind is float else kind)
            if not right or kind is not bool and isinstance(value, bool):
                raise AccountError(f"{each.name}: {value!r} should be of type {kind.__name__}")
        if not self.name or not self.user:
            raise AccountError("an account needs a name and a user")
        if bool(self.url) == bool(self.modem):
            raise AccountError("give the service's URL, or else a modem and the service's number")
        if self.url and not _web(self.url):
            raise AccountError(f"{self.url!r} is not an http or https URL")
        if self.modem and not self.number:
            raise AccountError("over a modem the service's telephone number is needed")
        for name, allowed in (
            ("version", (1, 2, 3)),
            ("syntax", SYNTAXES),
            ("profile", PROFILES),
        ):
            if getattr(self, name) not in allowed:
                listed = ", ".join(map(str, allowed))
                raise AccountError(f"{name} {getattr(self, name)!r}: choose from {listed}")
        for name in ("poll", "timeout"):
            if getattr(self, name) <= 0:
                raise AccountError(f"{name}: give seconds, more than 0")

    @property
    def address(self) -> str:
        """The user with the scheme of IMPS addresses."""
        return self.user if self.user.startswith("wv:") else "wv:" + self.user

    @property
    def bearer(self) -> str:
        """What messages travel by, for people."""
        if self.modem:
            return f"SMS by {self.modem}"
        scheme, _, rest = self.url.partition("://")
        return f"{scheme.upper()} {rest.split('/')[0]}"

    def open(self) -> AsyncClient:
        """A client of this account, not logged in. Raises ValueError for an impossible URL."""
        named: dict[str, Any] = {"content": _CONTENT, "size": _SIZE, "longest": _LONGEST}
        named["client"] = self.client or f"microimps-chat-{_machine(self.name)}"
        if self.modem:
            bearer = sms(
                self.modem,
                self.number,
                getattr(profiles, self.profile),
                self.pin or None,
                timeout=int(1000 * self.timeout),
            )
            named["extension"] = self.extension
            return AsyncClient(bearer, self.address, self.password, self.version, "pts", **named)
        named["cir"] = cir("STCP") if self.notices else None
        named["wait"] = _WAIT
        client = AsyncClient(
            http(self.url), self.address, self.password, self.version, self.syntax, **named
        )
        client.session.least = client.session.gap = 1000 * self.poll
        return client


def _web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _machine(name: str) -> str:
    # the same at every start, or a session that was left open would get the messages
    return hashlib.sha256(f"{uuid.getnode()} {name}".encode()).hexdigest()[:8]


def imported(found: settings.Account) -> Account:
    """The account of a settings document (docs/provisioning.md). Raises AccountError."""
    named = found.options()
    user = named.pop("user", "")
    if not user:
        raise AccountError(f"{found.name}: the settings name no user; write the account by hand")
    return Account(found.name, user, **named)  # type: ignore[arg-type]


def load(folder: Path) -> list[Account]:
    """The accounts in this folder, none where there is no file yet.

    A file that others may read is closed to them. Raises AccountError, OSError.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise AccountError(f"{path} is not text in UTF-8") from None
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AccountError(f"{path}: {error}") from None
    entries = tables.pop("account", [])
    if tables or not isinstance(entries, list):
        raise AccountError(f"{path}: nothing but [[account]] tables belongs here")
    return [_read(path, entry, i) for i, entry in enumerate(entries, 1)]


def _read(path: Path, entry: Mapping[str, Any], number: int) -> Account:
    unknown = set(entry) - {each.name for each in dataclasses.fields(Account)}
    if unknown:
        raise AccountError(f"{path}: account {number}: unknown {', '.join(sorted(unknown))}")
    try:
        return Account(**{"name": "", "user": "", **entry})
    except AccountError as error:
        raise AccountError(f"{path}: account {number}: {error}") from None


def save(folder: Path, accounts: Sequence[Account]) -> None:
    """Write the accounts, for their owner's eyes only. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, part = tempfile.mkstemp(dir=folder, prefix=FILE)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("# Written by microimps chat: comments do not survive.\n")
        for account in accounts:
            file.write("\n[[account]]\n")
            for each in dataclasses.fields(account):
                value = getattr(account, each.name)
                if value != each.default:
                    file.write(f"{each.name} = {_toml(value)}\n")
    os.replace(part, folder / FILE)


def _toml(value: object) -> str:
    # strings, numbers and booleans of JSON are those of TOML, but for DEL
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
