"""IMPS addresses and their normal form. spec: addresses-and-types.md section 1"""

from __future__ import annotations

from typing import NamedTuple

from .results import Code, Refusal

_SCHEME = "wv:"
_REFUSED = set("~<>") | {chr(code) for code in range(0x21)}


class Address(NamedTuple):
    """`wv:user/resource@domain`, as it was spelled, with the domain filled in."""

    user: str
    resource: str
    domain: str

    def __str__(self) -> str:
        resource = f"/{self.resource}" if self.resource else ""
        return f"{_SCHEME}{self.user}{resource}@{self.domain}"

    @property
    def key(self) -> str:
        """What equal addresses have in common: addresses compare without regard to case."""
        return str(self).lower()

    @property
    def owner(self) -> Address:
        """The user whose list or group this is."""
        return Address(self.user, "", self.domain)


def parse(spelled: str, home: str) -> Address:
    """Take an address apart: scheme and domain may be missing, repeated schemes are dropped.

    The domain follows the last `@`, the resource the first `/`. Raises Refusal 901.
    """
    rest = spelled.strip()
    while rest[:3].lower() == _SCHEME:
        rest = rest[3:]
    body, at, domain = rest.rpartition("@")
    if not at:
        body, domain = domain, home
    user, _, resource = body.partition("/")
    if not (user or resource) or not domain:
        raise Refusal(Code.BAD_ADDRESS, f"not an address: {spelled[:60]!r}")
    return Address(user, resource, domain)


def user_key(spelled: str, home: str) -> str:
    """Normal form of a user's address. Raises Refusal 901, also for a list or group."""
    address = parse(spelled, home)
    if address.resource or not address.user:
        raise Refusal(Code.BAD_ADDRESS, f"not a user's address: {spelled[:60]!r}")
    return address.key


def may_be_registered(address: Address) -> bool:
    """Whether a new user may have this name. spec: guidelines-1.3.md section 2"""
    return bool(address.user) and not (_REFUSED & set(address.user)) and "@" not in address.user
