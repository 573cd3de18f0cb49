"""The client's bearer over SMS with a recorder at every level: line, modem and CSP."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any

from microimps import Client
from microimps.errors import Error, PeerError
from microimps.ports import cpython
from microimps.ports.cpython.serial import Line
from microimps.pts import head
from microimps.sms_bearer import profiles
from microimps.sms_bearer.at import At
from microimps.sms_bearer.bearer import SmsBearer
from microimps.sms_bearer.modem import Modem
from microimps.sms_bearer.pdu import Received
from microimps.sms_bearer.submit import Submit

from ..gsm.message import Message
from ..gsm.tpdu import DELIVER, STATUS_REPORT, read_deliver, read_report, read_submit
from .journal import Journal
from .plan import Cost, Handset, Service

Flow = Generator[Any, Any, Any]

_UNKNOWN = (226, 229)  # of PeerError: an SMS that may have been sent
_REPORTS = 0x20  # TP-SRR
_SECRET = re.compile(r'(\+CPIN=)("?)[^",]*("?)')


class Tap:
    """Writes what one handset does into the journal. `action` is the one under way."""

    def __init__(
        self, journal: Journal, handset: Handset, cost: Cost, clock: Callable[[], float]
    ) -> None:
        self.journal = journal
        self.clock = clock
        self.action: int | None = None
        self.csp: int | None = None
        self._cost = cost
        self._number = handset.number

    def add(self, table: str, **values: Any) -> int:
        """A row of this handset, now."""
        if table in ("csp", "sms"):
            values["action"] = self.action
        return self.journal.add(table, self.clock(), handset=self._number, **values)

    def spend(self, tpdu: bytes) -> int:
        """An SMS is about to be sent. Raises Stopped."""
        message = read_submit(tpdu)
        values = {"handset": self._number, "action": self.action, "csp": self.csp, "tpdu": tpdu}
        values |= {"peer": message.destination, **_content(message)}
        return self.journal.spend(self._cost, self.clock(), values)

    def came(self, pdu: Received) -> None:
        """A message or a status report has come."""
        octets = bytes(pdu.buf[: pdu.end])
        for tpdu in (octets, octets[1 + octets[0] :]):  # the driver took either for good
            try:
                if pdu.kind == STATUS_REPORT:
                    report = read_report(tpdu)
                    scts, end = report.time.timestamp(), report.discharge.timestamp()
                    values = {"peer": report.recipient, "mr": report.reference}
                    self.add("report", **values, scts=scts, discharge=end, status=report.status)
                elif pdu.kind == DELIVER:
                    message, stamp = read_deliver(tpdu)
                    values = {"direction": "in", "peer": message.sender, **_content(message)}
                    values |= {"outcome": "received", "cost": self._cost.received, "tpdu": tpdu}
                    self.add("sms", **values, scts=stamp.timestamp())
                return
            except (PeerError, ValueError):
                continue


def _content(message: Message) -> dict[str, Any]:
    body = message.body
    found = head(body, 0, len(body))
    label = ""
    if found >= 0:
        label = body[4 : found & 15].decode("ascii", "replace").upper()
    if found >= 0x4000:
        label += f" {(found >> 4 & 31) + 1}/{(found >> 9 & 31) + 1}"
    ports = message.ports
    return {"label": label, "octets": len(body), "port": ports[0] if ports else None}


class _Splitter:
    """Makes lines of octets: at CR, LF, end mark and escape; a prompt is one too."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = b""

    def feed(self, octets: bytes) -> None:
        *lines, self._rest = re.split(rb"[\r\n]|(?<=[\x1a\x1b])", self._rest + octets)
        if self._rest == b"> ":
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if line:
                text = line.decode("latin-1").replace("\x1a", "<Ctrl-Z>").replace("\x1b", "<Esc>")
                self._take(_SECRET.sub(r"\1\2****\3", text))


class RecordedLine:
    """A serial line whose text is recorded both ways."""

    def __init__(self, line: Line, tap: Tap) -> None:
        self._line = line
        self._in = _Splitter(lambda text: self._note(tap, "in", text))
        self._out = _Splitter(lambda text: self._note(tap, "out", text))

    @staticmethod
    def _note(tap: Tap, direction: str, text: str) -> None:
        tap.add("at_line", direction=direction, line=text)

    def readinto(self, view: memoryview, ms: int) -> int:
        """See Line."""
        n = self._line.readinto(view, ms)
        self._in.feed(bytes(view[:n]))
        return n

    def write(self, view: memoryview, ms: int) -> None:
        """See Line."""
        self._out.feed(bytes(view))
        self._line.write(view, ms)

    def close(self) -> None:
        """See Line."""
        self._line.close()


class RecordedPort:
    """The port to CPython with one recorded serial line for links."""

    def __init__(self, device: str, baudrate: int, tap: Tap) -> None:
        self._open = lambda: RecordedLine(Line(device, baudrate), tap)

    def __getattr__(self, name: str) -> Any:
        return getattr(cpython, name)

    def Link(self, bearer: object) -> RecordedLine:
        """Open the line. Raises OSError."""
        return self._open()


class RecordedModem(Modem):
    """The driver; asks before an SMS is sent, and notes what was received."""

    tap: Tap

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.seen: dict[int, bytes] = {}  # by slot, what was noted there and is not deleted yet

    def send(self, submit: Submit) -> Flow:
        """See Modem. Raises Stopped as well."""
        submit.close()
        sms = self.tap.spend(bytes(submit.buf[submit.base : submit.pos]))
        outcome, mr = "unknown", None
        try:
            mr = yield from super().send(submit)
            outcome = "sent"
        except Error as error:
            if error.args[0] not in _UNKNOWN:
                outcome = "refused"
            raise
        finally:
            self.tap.journal.handed_over(sms, self.tap.clock(), outcome, mr)
        return mr

    def read(self, slot: int) -> Flow:
        """See Modem."""
        kind = yield from super().read(slot)
        octets = bytes(self.pdu.buf[: self.pdu.end])
        if kind >= 0 and self.seen.get(slot) != octets:
            self.seen[slot] = octets
            self.tap.came(self.pdu)
        return kind

    def delete(self, slot: int) -> Flow:
        """See Modem."""
        self.seen.pop(slot, None)
        return super().delete(slot)


class RecordedBearer(SmsBearer):
    """The bearer; notes requests and answers of CSP."""

    tap: Tap
    told: object = None

    def exchange(self, s: Any) -> Flow:
        """See SmsBearer."""
        preamble, octets = _preamble(s)
        kind = "request" if s.pending and s.pending[0] == s.out[2] else "answer"
        code, tid = preamble[4:6], preamble[6:]
        self.tap.csp = self.tap.add(
            "csp", direction="out", kind=kind, tid=tid, code=code, octets=octets
        )
        return (yield from super().exchange(s))

    def receive(self, ms: int, tid: str | None = None) -> Flow:
        """See SmsBearer."""
        found = yield from super().receive(ms, tid)
        parts = self.current
        if found and parts is not self.told:
            self.told = parts
            kind = "request" if tid is None else "answer"
            code = parts.key[2:4].decode("ascii", "replace")
            values = {"kind": kind, "tid": parts.tid, "code": code}
            self.tap.add("csp", direction="in", parts=len(parts.slots), **values)
        return found

    def answers(self, s: Any) -> Flow:
        """See SmsBearer."""
        request = self.tap.csp
        yield from super().answers(s)
        if s.answer and request is not None:
            self.tap.journal.status(request, s.answer)


def _preamble(s: Any) -> tuple[str, int]:
    """The preamble of the session's message, and its length in octets."""
    w = s.w.writer()
    w.window(0, 12)
    s.write(w)
    return bytes(w.buf[: w.buf.find(b" ", 0, 12)]).decode("ascii"), w.at


def connect(tap: Tap, handset: Handset, service: Service, device: str, speed: float) -> Client:
    """A client on a recorded bearer; nothing is opened yet.

    speed: how much faster than the clock the network is.
    """
    port = RecordedPort(device, handset.baudrate, tap)
    modem = RecordedModem(
        At(cpython.ticks_ms),
        getattr(profiles, handset.modem.upper(), profiles.GENERIC),
        handset.pin.encode() or None,
        handset.smsc.encode() or None,
    )
    bearer = RecordedBearer(
        port,
        modem,
        service.number,
        service.senders,
        service.port,
        timeout=int(1000 * service.timeout / speed),
    )
    modem.tap = bearer.tap = tap
    modem.gap_ms = int(1000 * service.gap / speed)
    modem.sweep_ms = int(modem.sweep_ms / speed)
    take = modem.on_direct

    def direct(pdu: Received) -> None:
        tap.came(pdu)
        take(pdu)

    modem.on_direct = direct
    if service.status_reports:
        bearer.flags |= _REPORTS
    return Client(
        bearer,
        handset.user,
        handset.password,
        int(service.version[2:]),
        "pts",
        client="microimps-trial",
        retries=service.retries,
        extension=service.extension,
    )
