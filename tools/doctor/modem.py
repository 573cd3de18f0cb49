"""Checks of a modem, with the client's own AT engine, over any line (3GPP TS 27.005, 27.007).

Nothing is sent, stored or unlocked: a wrong PIN might be the last try.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from microimps.sms_bearer.at import At
from microimps.sms_bearer.start import resync

from .finding import BAD, Finding, bad, good, skipped, unsure

_READ, _WRITE = 2, 3
_BUSY = (314, 515, 1014)  # the SIM is being read
_TRIES, _REST = 10, 1.0
_WEAK = 10  # of +CSQ: -93 dBm

# What a modem calls itself -> profile of sms_bearer.profiles.
_PROFILES = (
    ("SIM800", "SIM800"),
    ("SIM76", "SIM7600"),
    ("SIM75", "SIM7600"),
    ("EC2", "QUECTEL_EC2X"),
    ("BG9", "QUECTEL_BG9X"),
    ("SARA", "SARA"),
    ("TELIT", "TELIT"),
)
_STATES = {0: "not searching", 1: "home", 2: "searching", 3: "denied", 4: "unknown"}
_STATES |= {5: "roaming", 6: "home, SMS only", 7: "roaming, SMS only"}
_ON = (1, 5, 6, 7)


class Line(Protocol):
    """As in microimps.ports: octets to and from a modem."""

    def readinto(self, view: memoryview, ms: int, /) -> int:
        """Octets read, 0 when none came in time."""

    def write(self, view: memoryview, ms: int, /) -> None:
        """Send all of view."""


class Talk:
    """A conversation with a modem. Raises OSError from the line."""

    def __init__(self, line: Line, rest: float = _REST) -> None:
        self._line = line
        self.rest = rest
        self._at = At(lambda: int(time.monotonic() * 1000) & 0x1FFFFFFF)
        self._at.sink = self._heard
        self._lines: list[str] = []

    def _heard(self, event: int) -> int:
        self._lines.append(bytes(self._at.line[: self._at.len]).decode("ascii", "replace"))
        return 0

    def _run(self, flow: Generator[int, Any, Any]) -> Any:
        value = None
        try:
            while True:
                step = flow.send(value)
                value = None
                if step == _READ:
                    value = self._line.readinto(self._at.view, self._at.ms)
                elif step == _WRITE:
                    self._line.write(self._at.view, self._at.ms)
        except StopIteration as end:
            return end.value

    def answers(self) -> bool:
        """Whether the modem says anything sensible."""
        return bool(self._run(resync(self._at)))

    def ask(self, text: str) -> tuple[int, list[str]]:
        """Result of a command, as in at.py, and the lines of its answer."""
        self._lines.clear()
        return self._run(self._at.command(text.encode(), 5000)), list(self._lines)

    def values(self, text: str) -> tuple[int, list[str]]:
        """Result of a command such as +CSQ, and what follows its name in each line."""
        code, lines = self.ask(text)
        name = text.rstrip("?") + ":"
        return code, [line[len(name) :].strip() for line in lines if line.startswith(name)]

    def value(self, text: str) -> tuple[int, str]:
        """Result of a command, and what follows its name in the first line, or ""."""
        code, found = self.values(text)
        return code, (found or [""])[0]

    def numbers(self, text: str, least: int = 1) -> list[int]:
        """The plain numbers, outside of quotes, of the first line that has at least so many; an
        indication of the same name has fewer."""
        for told in self.values(text)[1]:
            found = [int(number) for number in re.findall(r"\d+", re.sub('"[^"]*"', "", told))]
            if len(found) >= least:
                return found
        return []


def check(talk: Talk, now: Callable[[], datetime] = datetime.now) -> Iterator[Finding]:
    """Findings, one after the other; a modem that does not answer ends it."""
    if not talk.answers():
        yield bad(
            "modem answers",
            "nothing comes back on the line",
            "check its power (a 2G modem draws 2 A for moments) and whether it is switched on; "
            "cross TX and RX; try another --baud; on USB take another of its ports",
        )
        for name in ("SIM", "network", "signal", "service centre", "message store"):
            yield skipped(name, "the modem does not answer")
        return
    talk.ask("E0")
    talk.ask("+CMEE=1")
    yield _identity(talk)
    sim = _sim(talk)
    yield sim
    if sim.state == BAD:
        for name in ("network", "service centre", "message store"):
            yield skipped(name, "the SIM is not ready")
        return
    yield _network(talk)
    yield _signal(talk)
    yield _centre(talk)
    yield _store(talk)
    yield _clock(talk, now())


def _identity(talk: Talk) -> Finding:
    told = [line for text in ("+CGMI", "+CGMM") for line in talk.ask(text)[1][:1]]
    name = " ".join(told) or "a modem that does not tell its name"
    for mark, profile in _PROFILES:
        if mark in name.upper():
            return good("modem answers", f"{name}; its profile is {profile}")
    return good("modem answers", f"{name}; use the profile GENERIC")


def _sim(talk: Talk) -> Finding:
    for _ in range(_TRIES):
        code, state = talk.value("+CPIN?")
        if state == "READY":
            return good("SIM", "ready")
        if code not in _BUSY:
            break
        time.sleep(talk.rest)
    if state == "SIM PIN":
        return bad(
            "SIM",
            "it wants its PIN",
            "give the client the PIN (pin= of sms(), --sim-pin of microimps flash), or switch it "
            "off in a phone",
        )
    if state:
        return bad("SIM", f"it wants {state}", "unlock it in a phone; the operator has the PUK")
    if code in _BUSY:
        return bad("SIM", "still being read", "clean its contacts and restart the modem")
    return bad("SIM", f"none, or it cannot be read (error {code})", "insert a SIM, contacts down")


def _network(talk: Talk) -> Finding:
    found = {}
    for name in ("+CREG", "+CGREG", "+CEREG"):
        numbers = talk.numbers(name + "?", 2)
        if numbers:
            found[name] = numbers[1]
    operator = re.search('"([^"]*)"', talk.value("+COPS?")[1])
    where = f", {operator[1]}" if operator else ""
    if found.get("+CREG") in _ON:
        return good("network", f"{_STATES[found['+CREG']]}{where}")
    packet = [state for state in found.values() if state in _ON]
    if packet:
        return unsure(
            "network",
            f"{_STATES[packet[0]]}{where}, for data only",
            "SMS may still work over it: ask the operator for SMS over LTE, or allow 2G or 3G",
        )
    state = found.get("+CREG", 4)
    if 3 in found.values():
        return bad("network", "denied", "is the SIM active and paid, and is roaming allowed?")
    if talk.numbers("+CFUN?")[:1] not in ([1], []):
        return bad("network", "the radio is switched off", "switch it on: AT+CFUN=1")
    return bad(
        "network",
        _STATES.get(state, "unknown"),
        "check the antenna; wait a minute; does the network still offer what the modem speaks, "
        "2G for a SIM800?",
    )


def _signal(talk: Talk) -> Finding:
    numbers = talk.numbers("+CSQ")
    level = numbers[0] if numbers else 99
    if level > 31:
        return unsure("signal", "not known", "check the antenna")
    text = f"{2 * level - 113} dBm ({level} of 31)"
    if level < _WEAK:
        return unsure("signal", f"{text}, weak", "move the antenna; parts of long SMS get lost")
    return good("signal", text)


def _centre(talk: Talk) -> Finding:
    code, told = talk.value("+CSCA?")
    number = re.search(r'"(\+?\d+)"', told)
    if number:
        return good("service centre", number[1])
    return bad(
        "service centre",
        "none is set" if not code else f"it cannot be asked for (error {code})",
        'ask the operator for the number, then AT+CSCA="+..." or smsc= of sms()',
    )


def _store(talk: Talk) -> Finding:
    if talk.ask("+CMGF=0")[0]:
        cure = "this client speaks PDU mode only: update the modem's firmware"
        return bad("message store", "the modem refuses PDU mode", cure)
    numbers = talk.numbers("+CPMS?", 2)
    if not numbers:
        return unsure("message store", "not told", "the client takes what the modem has")
    used, total = numbers[:2]
    text = f"{used} of {total} places taken"
    if used >= total:
        return bad("message store", text, "delete messages: AT+CMGD=1,4 deletes all of them")
    return good("message store", text)


def _clock(talk: Talk, now: datetime) -> Finding:
    told = re.search(r'"(\d\d/\d\d/\d\d,\d\d:\d\d:\d\d)', talk.value("+CCLK?")[1])
    try:
        time_told = datetime.strptime(told[1] if told else "", "%y/%m/%d,%H:%M:%S")
    except ValueError:
        return unsure("modem's clock", "not told", "nothing depends on it")
    if abs(time_told - now) > timedelta(days=1):  # the time zone may be another
        cure = "nothing of microimps depends on it; AT+CTZU=1 lets the network set it"
        return unsure("modem's clock", f"{time_told}", cure)
    return good("modem's clock", f"{time_told}")
