"""The plan of a trial: a TOML file, read with errors that name line, key and cure."""

from __future__ import annotations

import dataclasses
import difflib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from microimps.sms_bearer import profiles

from ..gsm.families import FAMILIES
from .scenarios import SCENARIOS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PROFILES = tuple(name for name in vars(profiles) if name.isupper())


class PlanError(Exception):
    """A plan that cannot be; the text names file, line, key and cure."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError('a text in quotes, such as "Anna"')
    return value


def _any_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError('a text in quotes; "" for none')
    return value


def _number(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\+?[0-9]{3,20}", value):
        raise ValueError('a telephone number in quotes, such as "+447700900001"')
    return value


def _numbers(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError('a list of telephone numbers, such as ["+15550100"]')
    return tuple(_number(each) for each in value)


def _duration(value: Any) -> float:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd])", value) if _is_text(value) else None
    seconds = float(found[1]) * _UNITS[found[2]] if found else value
    if not _is_real(seconds) or seconds <= 0:
        raise ValueError('a time above 0: seconds, or "90s", "5m", "2h", "3d"')
    return float(seconds)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value < 1e9


def _real(least: float, most: float, words: str) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if not _is_real(value) or not least <= value <= most:
            raise ValueError(words)
        return float(value)

    return read


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return read


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _among(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return read


def _hours(value: Any) -> tuple[int, int]:
    cure = ValueError('two times of day, the first the earlier, such as ["08:00", "20:00"]')
    if not isinstance(value, list) or len(value) != 2:
        raise cure
    found = [re.fullmatch(r"([01]?\d|2[0-4]):([0-5]\d)", str(each)) for each in value]
    minutes = [int(each[1]) * 60 + int(each[2]) for each in found if each]
    if len(minutes) != 2 or not minutes[0] < minutes[1] <= 1440:
        raise cure
    return minutes[0], minutes[1]


_SHARE = _real(0, 1, "a share from 0 to 1, such as 0.05")
_MONEY = _real(0, 1e8, "an amount of 0 or more, such as 0.09")
_SECONDS = _real(0, 1e8, "seconds, 0 or more")


def _key(read: Callable[[Any], Any], default: Any = dataclasses.MISSING) -> Any:
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True)
class Head:
    """[trial]: its name, and the seed of everything that is left to chance."""

    name: str = _key(_text)
    seed: int = _key(_whole(0, 1 << 31), 1)


@dataclass(frozen=True)
class Service:
    """[service]: how it is reached. timeout: seconds to wait for an answer, doubled at repeats;
    gap: seconds between two SMS of a handset."""

    number: str = _key(_number)
    senders: tuple[str, ...] = _key(_numbers, ())
    version: str = _key(_among("1.1", "1.2", "1.3"), "1.3")
    extension: bool = _key(_yes_no, False)
    timeout: float = _key(_duration, 45.0)
    retries: int = _key(_whole(0, 20), 3)
    gap: float = _key(_duration, 1.0)
    status_reports: bool = _key(_yes_no, False)
    port: int = _key(_whole(1, 65535), 3590)


@dataclass(frozen=True)
class Handset:
    """[[handset]]: a SIM, its modem and the user behind it. device: for pyserial; empty in a
    simulated trial."""

    number: str = _key(_number)
    user: str = _key(_text)
    password: str = _key(_any_text)
    device: str = _key(_any_text, "")
    modem: str = _key(_among(*sorted({n.lower() for n in _PROFILES} | set(FAMILIES))), "generic")
    pin: str = _key(_any_text, "")
    smsc: str = _key(_any_text, "")
    baudrate: int = _key(_whole(300, 4_000_000), 115200)


@dataclass(frozen=True)
class Schedule:
    """[schedule]: every handset does something `every` so often, `length` long.

    jitter: share of `every` by which an action may come later. between: minutes of the local day;
    only they count for length and every. settle: seconds to wait at the end for what is on its
    way; signal_every: between two looks at the signal; give_up: failures in a row that end it.
    """

    length: float = _key(_duration)
    every: float = _key(_duration)
    jitter: float = _key(_SHARE, 0.2)
    between: tuple[int, int] = _key(_hours, (0, 1440))
    settle: float = _key(_duration, 120.0)
    signal_every: float = _key(_duration, 300.0)
    give_up: int = _key(_whole(1, 1000), 5)

    def after(self, moment: float, seconds: float) -> float:
        """When so many seconds of the hours `between` have passed, counted from a POSIX time."""
        while True:
            day = datetime.fromtimestamp(moment).replace(hour=0, minute=0, second=0, microsecond=0)
            opens, closes = ((day + timedelta(minutes=m)).timestamp() for m in self.between)
            begin = max(moment, opens)
            if begin + seconds <= closes:
                return begin + seconds
            seconds -= max(0.0, closes - begin)
            moment = (day + timedelta(days=1)).timestamp()


@dataclass(frozen=True)
class Cost:
    """[cost]: price of an SMS sent and of one received; 0 is no limit for budget and count."""

    sms: float = _key(_MONEY)
    received: float = _key(_MONEY, 0.0)
    currency: str = _key(_text, "EUR")
    budget: float = _key(_MONEY, 0.0)
    sms_limit: int = _key(_whole(0, 10_000_000), 0)


@dataclass(frozen=True)
class Simulation:
    """[simulation]: where it stands, network, service and modems are simulated (docs/gsm.md).

    speed: how much faster than the clock; signal, fading: what +CSQ says, and how far it strays.
    """

    speed: float = _key(_real(0.1, 1000, "a factor from 0.1 to 1000, such as 20"), 20.0)
    loss: float = _key(_SHARE, 0.0)
    duplicate: float = _key(_SHARE, 0.0)
    duplicate_delay: float = _key(_SECONDS, 5.0)
    reorder: float = _key(_SHARE, 0.0)
    reorder_delay: float = _key(_SECONDS, 10.0)
    delay: float = _key(_SECONDS, 3.0)
    jitter: float = _key(_SECONDS, 3.0)
    signal: int = _key(_whole(0, 31), 18)
    fading: int = _key(_whole(0, 15), 4)


@dataclass(frozen=True)
class Plan:
    """A whole plan; text: the file's, without passwords and PINs."""

    trial: Head
    service: Service
    handsets: tuple[Handset, ...]
    schedule: Schedule
    scenarios: Mapping[str, int]
    length: int  # characters of a message
    cost: Cost
    simulation: Simulation | None
    text: str

    def identity(self) -> dict[str, Any]:
        """What must stay the same when a trial goes on, by the names of the plan."""
        schedule = {name: getattr(self.schedule, name) for name in ("length", "every", "jitter")}
        return {
            "[trial] seed": self.trial.seed,
            "[service] number": self.service.number,
            "[[handset]] number and user": [[h.number, h.user] for h in self.handsets],
            **{f"[schedule] {name}": value for name, value in schedule.items()},
            "[scenarios]": dict(self.scenarios),
            "[simulation]": self.simulation is not None,
        }


_SECTIONS: dict[str, type] = {
    "trial": Head,
    "service": Service,
    "schedule": Schedule,
    "cost": Cost,
    "simulation": Simulation,
}


class _Reader:
    """One file, and where its keys stand."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def line(self, section: str, key: str = "", nth: int = 0) -> int:
        """The line of a key in the nth table of that name; of its header, or 1, without it."""
        at, here = 1, False
        for n, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[\[?\s*([\w.]+)\s*\]", line)
            if header:
                here = header[1] == section and nth == 0
                nth -= header[1] == section
                at = n if here else at
            elif here and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return n
        return at

    def fail(self, why: str, section: str, key: str = "", nth: int = 0) -> PlanError:
        double = section == "handset"
        where = f"[[{section}]]" if double else f"[{section}]"
        name = f"{where} {key}".strip()
        return PlanError(f"{self._path}:{self.line(section, key, nth)}: {name}: {why}")

    def section(self, kind: type, table: Any, name: str, nth: int = 0) -> Any:
        if not isinstance(table, dict):
            raise self.fail("make it a table, with its keys on lines below", name)
        known = {f.name: f for f in dataclasses.fields(kind)}
        self.known(table, known, name, nth)
        values = {}
        for key, each in known.items():
            try:
                if key in table:
                    values[key] = each.metadata["read"](table[key])
                elif each.default is dataclasses.MISSING:
                    raise self.fail(f"missing: add {key} = ... here", name, key, nth)
            except ValueError as cure:
                raise self.fail(f"{table[key]!r} cannot be: give {cure}", name, key, nth) from None
        return kind(**values)

    def known(self, table: Mapping[str, Any], known: Any, section: str, nth: int = 0) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, list(known), 1)
                cure = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
                raise self.fail(f"no such key: {cure}", section, key, nth)


def load(path: Path) -> Plan:
    """Read and check a plan. Raises PlanError, OSError."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        raise PlanError(f"{path}: not UTF-8: save it as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise PlanError(
            f"{path}:{found[1] if found else 1}: not TOML: {error}; texts want quotes, keys an ="
        ) from None
    return _read(_Reader(path, text), table, text)


def _read(reader: _Reader, table: dict[str, Any], text: str) -> Plan:
    for name in table:
        if name not in {*_SECTIONS, "handset", "scenarios"}:
            near = difflib.get_close_matches(name, [*_SECTIONS, "handset", "scenarios"], 1)
            raise reader.fail(f"no such table{f': did you mean {near[0]}?' if near else ''}", name)
    made = {
        name: reader.section(kind, table.get(name, {}), name)
        for name, kind in _SECTIONS.items()
        if name != "simulation" or name in table
    }
    entries = table.get("handset", [])
    if not isinstance(entries, list):
        raise reader.fail("write [[handset]] with two brackets, once for each", "handset")
    handsets = tuple(reader.section(Handset, e, "handset", n) for n, e in enumerate(entries))
    mix, length = _mix(reader, table.get("scenarios", {}))
    plan = Plan(
        made["trial"],
        made["service"],
        handsets,
        made["schedule"],
        mix,
        length,
        made["cost"],
        made.get("simulation"),
        re.sub(r"(?m)^(\s*(?:password|pin)\s*=\s*).*$", r'\1"..."', text),
    )
    _agree(reader, plan)
    return plan


def _mix(reader: _Reader, table: Any) -> tuple[dict[str, int], int]:
    if not isinstance(table, dict):
        raise reader.fail("make it a table, with its keys on lines below", "scenarios")
    reader.known(table, [*SCENARIOS, "length"], "scenarios")
    values = {}
    for key, value in table.items():
        least, most = (12, 900) if key == "length" else (0, 10000)
        try:
            values[key] = _whole(least, most)(value)
        except ValueError as cure:
            raise reader.fail(f"{value!r} cannot be: give {cure}", "scenarios", key) from None
    length = values.pop("length", 60)
    mix = {name: weight for name, weight in values.items() if weight}
    if not mix:
        names = ", ".join(SCENARIOS)
        raise reader.fail(
            f"nothing to do: add a share such as message = 5, of {names}", "scenarios"
        )
    return mix, length


def _agree(reader: _Reader, plan: Plan) -> None:
    """Raise PlanError for values that are good alone and not together."""
    peers = [name for name in plan.scenarios if SCENARIOS[name].peer]
    least = 2 if peers else 1
    if len(plan.handsets) < least:
        why = f" ({peers[0]} goes from one to another)" if peers else ""
        raise reader.fail(f"{least} needed{why}: add [[handset]] tables", "handset")
    for key in ("number", "user", "device"):
        seen: dict[str, int] = {}
        for n, value in enumerate(getattr(h, key) for h in plan.handsets):
            if value and seen.setdefault(value, n) != n:
                raise reader.fail(f"{value!r} is taken: each has its own", "handset", key, n)
    for n, handset in enumerate(plan.handsets):
        _reachable(reader, handset, n, plan.simulation is not None)
    if "message" in plan.scenarios and not plan.service.extension:
        cure = "SMS has no public code for messages: set extension = true in [service], or 0 here"
        raise reader.fail(cure, "scenarios", "message")
    if plan.schedule.every > plan.schedule.length:
        raise reader.fail("longer than length: nothing would happen", "schedule", "every")
    if plan.cost.budget and not plan.cost.sms:
        raise reader.fail("a budget needs a price: set sms, or use sms_limit", "cost", "budget")


def _reachable(reader: _Reader, handset: Handset, n: int, simulated: bool) -> None:
    """Raise PlanError unless the handset has a device and a driver, or a simulated modem."""
    families = FAMILIES if simulated else [name.lower() for name in _PROFILES]
    if not simulated and not handset.device:
        cure = 'give the serial port, such as "/dev/ttyUSB0", or add [simulation]'
        raise reader.fail(cure, "handset", "device", n)
    if simulated and handset.device:
        cure = "a simulated trial has its own modems: leave it out, or leave out [simulation]"
        raise reader.fail(cure, "handset", "device", n)
    if handset.modem not in families:
        raise reader.fail(f"choose from {', '.join(families)}", "handset", "modem", n)
