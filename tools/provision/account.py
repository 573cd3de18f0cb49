"""The configuration object: what provisioning tells about one IMPS account.

spec: provisioning.md section 4
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

SERVICES = {"IM": "IM", "PS": "PS", "PR": "PS", "GR": "GR"}  # PR is presence in a wA document

_LONGEST_NAME = 30
_LONGEST_URL = {"document": 100, "tree": 255}  # what phones took: sections 1.1 and 2
_LONGEST_CREDENTIAL = 50


class ProvisionError(ValueError):
    """Settings that cannot be read or written; the text says why."""


@dataclass(frozen=True)
class Account:
    """One account. user and password may be empty: the user is asked at the first login.

    services: of `IM`, `PS`, `GR`, empty where nothing was said; types: media types that the
    service takes; networks, proxies: names of what it is reached through, as the source spells
    them; prefix: of the ClientID to use; versions: of CSP that the service speaks; number: its own
    for SMS, centre: of the SMS centre.
    """

    name: str = ""
    url: str = ""
    user: str = ""
    password: str = ""
    provider: str = ""
    services: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    prefix: str = ""
    versions: tuple[str, ...] = ()
    number: str = ""
    centre: str = ""

    @property
    def address(self) -> str:
        """The user with the scheme of IMPS addresses, which settings often leave out."""
        return self.user if not self.user or self.user.startswith("wv:") else f"wv:{self.user}"

    def options(self) -> dict[str, str]:
        """Arguments of a client: `url` for the bearer, the rest for `Client`."""
        found = {"url": self.url, "user": self.address, "password": self.password}
        if self.types:
            found["syntax"] = "wbxml" if any("wbxml" in each for each in self.types) else "xml"
        if self.prefix:
            found["client"] = self.prefix
        return {name: value for name, value in found.items() if value}


def services(text: str, separator: str = ";") -> tuple[str, ...]:
    """Services of a list, in one spelling; unknown ones are left out."""
    words = text.replace(",", separator).split(separator)
    found = [SERVICES.get(word.strip().upper(), "") for word in words]
    return tuple(dict.fromkeys(each for each in found if each))


def faults(account: Account) -> Iterator[str]:
    """Why an account cannot be used."""
    parts = urlsplit(account.url)
    if not account.url:
        if not account.number:  # by SMS alone it needs none
            yield "no address: ADDR, or PrefAddr in a tree, has to hold the service's URL"
    elif parts.scheme not in ("http", "https") or not parts.hostname:
        yield f"address {account.url!r} is not an http or https URL"
    for what, value in vars(account).items():
        if isinstance(value, str) and any(ord(character) < 32 for character in value):
            yield f"{what} holds a control character"


def warnings(account: Account, form: str = "document") -> Iterator[str]:
    """What phones refused or cut, or what is unsafe. form: as in `reading.Found`."""
    if len(account.name) > _LONGEST_NAME and form == "document":
        yield f"name of {len(account.name)} characters: phones cut it to {_LONGEST_NAME}"
    longest = _LONGEST_URL.get(form, len(account.url))
    if len(account.url) > longest:
        yield f"address of {len(account.url)} characters: phones took {longest}"
    for what in ("user", "password"):
        size = len(getattr(account, what))
        if size > _LONGEST_CREDENTIAL:
            yield f"{what} of {size} characters: phones took {_LONGEST_CREDENTIAL}"
    if not account.user or not account.password:
        yield "user or password is missing: the user is asked at the first login"
    if account.url.startswith("http:") and account.password:
        yield "the address is not https: the password or its digest can be overheard"


def named(accounts: list[Account]) -> list[Account]:
    """Accounts with names of their own: `(01)`, `(02)` ... behind one that is taken."""
    found: list[Account] = []
    taken: set[str] = set()
    for account in accounts:
        usual = (account.name if account.name.isprintable() else "").strip() or "IMPS"
        name = usual[:_LONGEST_NAME]
        number = 0
        while name in taken:
            number += 1
            name = f"{usual[: _LONGEST_NAME - 4]}({number:02d})"
        taken.add(name)
        found.append(replace(account, name=name))
    return found
