"""Settings of one board, and imps.py, the module on it that makes a client of them."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from microimps.sms_bearer import profiles

from ..provision.account import Account, ProvisionError, faults
from ..provision.reading import read
from .board import Facts, FlashError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SECRETS = ("password", "pin", "wifi_key")
PROFILES = sorted(name for name in vars(profiles) if name.isupper())
_PINS = ("tx", "rx", "rts", "cts", "power", "reset")

_HEAD = """\
# Written by microimps flash. Whoever can read this board can read what is here.
#     import imps
#     client = imps.client()


"""

_ONLINE = """

def online(seconds=30):
    # join the network; raises OSError 110 when that fails
    import network
    import time

    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    if not wlan.isconnected():
        wlan.connect({0!r}, {1!r})
    end = time.ticks_add(time.ticks_ms(), 1000 * seconds)
    while not wlan.isconnected():
        if time.ticks_diff(end, time.ticks_ms()) < 0:
            raise OSError(110)
        time.sleep_ms(100)
"""


@dataclass(frozen=True)
class Settings:
    """How a board reaches its service, and as whom.

    bearer: `http`, `sms` or `wsp`; url: of the service; gateway: WAP gateway, for wsp; number:
    of the service, for sms; uart: number of the modem's UART, on the PC its device; pins: name
    -> number; profile: of sms_bearer.profiles; pin: of the SIM; wifi: name of the network.
    """

    bearer: str = "http"
    url: str = ""
    user: str = ""
    password: str = ""
    version: int = 2
    syntax: str = "wbxml"
    gateway: str = ""
    number: str = ""
    uart: str = "1"
    pins: dict[str, int] = field(default_factory=dict)
    profile: str = "GENERIC"
    pin: str = ""
    smsc: str = ""
    wifi: str = ""
    wifi_key: str = ""

    def check(self) -> None:
        """Raise FlashError for what cannot be used."""
        if self.bearer in ("http", "wsp"):
            for fault in faults(Account(url=self.url, user=self.user, password=self.password)):
                raise FlashError(fault, 2)
        if self.bearer == "sms" and not self.number.lstrip("+").isdigit():
            raise FlashError("--number has to be the service's telephone number", 2)
        if self.bearer == "wsp" and not self.gateway:
            raise FlashError("--gateway has to name the WAP gateway", 2)
        if self.profile not in PROFILES:
            raise FlashError(f"no modem {self.profile!r}; choose from {', '.join(PROFILES)}", 2)
        unknown = set(self.pins) - set(_PINS)
        if unknown:
            raise FlashError(f"no pin {', '.join(unknown)}; choose from {', '.join(_PINS)}", 2)

    def shown(self) -> dict[str, Any]:
        """What may be printed: secrets are told to be there, no more."""
        usual = dataclasses.asdict(Settings())
        found = {name: v for name, v in dataclasses.asdict(self).items() if v != usual[name]}
        return {name: "set" if name in SECRETS else value for name, value in found.items()}

    def module(self, facts: Facts) -> bytes:
        """The text of imps.py."""
        syntax = "pts" if self.bearer == "sms" else self.syntax
        client = f"Client(bearer(), {self.user!r}, {self.password!r}, {self.version}, {syntax!r})"
        text = (
            f"{_HEAD}def bearer():\n{self._bearer(facts)}\n\n\n"
            f"def client():\n    from microimps import Client\n\n    return {client}\n"
        )
        return (text + (_ONLINE.format(self.wifi, self.wifi_key) if self.wifi else "")).encode()

    def _bearer(self, facts: Facts) -> str:
        lines = [f"from microimps.ports import {self.bearer}"]
        if self.bearer == "http":
            call = f"http({self.url!r})"
        elif self.bearer == "wsp":
            call = f"wsp({self.gateway!r}, {self.url!r})"
        else:
            profile = "None"
            if self.profile != "GENERIC":
                lines.append(f"from microimps.sms_bearer.profiles import {self.profile}")
                profile = self.profile
            if self.pins:
                lines.append("from machine import Pin")
            pins = ", ".join(_pin(name, n, facts) for name, n in sorted(self.pins.items()))
            where = int(self.uart) if self.uart.isdigit() else self.uart
            call = (
                f"sms({where!r}, {self.number!r}, {profile}, {self.pin or None!r}, "
                f"{self.smsc or None!r}, {{{pins}}})"
            )
        return "".join(f"    {line}\n" for line in lines) + f"\n    return {call}"


def _pin(name: str, number: int, facts: Facts) -> str:
    # lines that the driver moves are outputs; RP2 wants Pin objects for its UART, ESP32 numbers
    if name in ("power", "reset"):
        return f"{name!r}: Pin({number}, Pin.OUT)"
    return f"{name!r}: Pin({number})" if facts.platform == "rp2" else f"{name!r}: {number}"


def pins(text: str) -> dict[str, int]:
    """Pins of `tx=17,rx=16`. Raises FlashError."""
    found = {}
    for each in filter(None, text.split(",")):
        name, _, number = each.partition("=")
        if not number.strip().isdigit():
            raise FlashError(f"--pins {text!r}: write them as tx=17,rx=16,power=4", 2)
        found[name.strip()] = int(number)
    return found


def among(option: str, value: str, known: tuple[str, ...]) -> None:
    """Raise FlashError for a value that is not known."""
    if value not in known:
        raise FlashError(f"{option} {value!r}: choose from {', '.join(known)}", 2)


def asked(name: str) -> str:
    """One of SECRETS, typed without echo. Raises FlashError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise FlashError(f"{name} is missing: give --secrets FILE with {name} in it", 2)
    return str(typer.prompt(name.replace("_", " "), hide_input=True, err=True))


def from_account(path: Path) -> dict[str, Any]:
    """Settings of the only account in a provisioning file of any form.

    Raises FlashError, OSError.
    """
    try:
        accounts = read(path.read_bytes()).accounts
    except ProvisionError as error:
        raise FlashError(f"{path}: {error}") from None
    if len(accounts) != 1:
        raise FlashError(f"{path} has {len(accounts)} accounts; there has to be one")
    known = {each.name for each in dataclasses.fields(Settings)}
    return {name: text for name, text in accounts[0].options().items() if name in known}


def from_secrets(path: Path) -> dict[str, str]:
    """Passwords of a TOML file with any of SECRETS. Raises FlashError, OSError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # the parser's own words may quote a secret
        raise FlashError(f'{path} is no TOML file; write lines such as password = "..."') from None
    unknown = set(table) - set(SECRETS)
    if unknown:
        raise FlashError(f"{path}: only {', '.join(SECRETS)} belong there")
    return {name: str(value) for name, value in table.items()}
