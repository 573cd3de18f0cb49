"""Checks of a board that was flashed, and of modem and service from there."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator

from microimps import errors

from ..flash.board import Board, FlashError
from ..flash.deploy import SETTINGS, manifest
from . import modem
from .finding import Finding, bad, good, skipped, unsure
from .service import refused

_LOGIN_SECONDS = 120.0
_DRIFT = 300.0

_CLOCK = "import time\nprint(tuple(time.gmtime()[:6]))"
_ONLINE = "import imps\nif hasattr(imps, 'online'):\n    imps.online()\nprint(1)"
_KIND = "import imps\nb = imps.bearer()\nprint(hasattr(b, 'modem'))"
_LINK = "link = b.port.Link(b)\nbuf = memoryview(bytearray(64))"
_LOGIN = """
import gc
import imps
import microimps
gc.collect()
client = imps.client()
try:
    client.login()
    client.logout()
    print(repr(("", ())))
except OSError as e:
    print(repr(("OSError", e.args)))
except (microimps.LocalError, microimps.PeerError, microimps.StatusError) as e:
    kinds = ("LocalError", "PeerError", "StatusError")
    kind = [name for name in kinds if isinstance(e, getattr(microimps, name))][0]
    print(repr((kind, e.args)))
finally:
    client.close()
"""


class BoardLine:
    """The modem's line, on the board: as in microimps.ports."""

    def __init__(self, board: Board) -> None:
        self._board = board
        board.exchange(_LINK, "opening the modem's line", 10)

    def readinto(self, view: memoryview, ms: int) -> int:
        """Octets read, 0 when none came in time."""
        source = f"n = link.readinto(buf[:{len(view)}], {ms})\nprint(bytes(buf[:n]))"
        octets = self._board.evaluated(source, "reading from the modem", ms / 1000 + 10)
        view[: len(octets)] = octets
        return len(octets)

    def write(self, view: memoryview, ms: int) -> None:
        """Send all of view."""
        source = f"link.write({bytes(view)!r}, {ms})"
        self._board.exchange(source, "writing to the modem", ms / 1000 + 10)


def check(port: str, baudrate: int) -> Iterator[Finding]:
    """Findings, one after the other. A board with a modem is not made to log in: that costs."""
    try:
        with Board(port, baudrate) as board:
            board.reset()
            yield from _check(board)
    except FlashError as error:
        found, _, cure = str(error).partition(": ")
        yield bad("board", found, cure or "press reset and try again")


def _check(board: Board) -> Iterator[Finding]:
    facts = board.facts()
    yield good("board", f"{facts.machine}, MicroPython {facts.version}, {facts.free} octets free")
    told = manifest(board, facts.lib)
    if not told:
        cure = "run microimps flash, or once more if it was interrupted"
        yield bad("client", "not on the board, or not completely", cure)
        return
    yield good("client", f"{told['microimps']}: {', '.join(told['features'])}")
    yield _clock(board)
    if not board.tree(f"{facts.lib}/{SETTINGS}"):
        yield skipped("settings", "the board has none: give microimps flash --url and --user")
        return
    yield good("settings", "imps.py is there")
    try:
        board.exchange(_ONLINE, "going online", 60)
    except FlashError as error:
        yield bad("Wi-Fi", str(error), "check name and key of the network, and the antenna")
        return
    if board.evaluated(_KIND, "making the bearer"):
        yield from modem.check(modem.Talk(BoardLine(board)))
        yield skipped("credentials", "a login over SMS costs six to eight messages")
        return
    yield from _login(board)


def _clock(board: Board) -> Finding:
    told = board.evaluated(_CLOCK, "asking for the time")
    away = abs(calendar.timegm((*told, 0, 0, 0)) - time.time())
    shown = "{}-{:02}-{:02} {:02}:{:02} UTC".format(*told)
    if away > _DRIFT:
        cure = "only https needs it: mpremote rtc --set, or ntptime.settime() in boot.py"
        return unsure("board's clock", shown, cure)
    return good("board's clock", shown)


def _login(board: Board) -> Iterator[Finding]:
    kind, args = board.evaluated(_LOGIN, "logging in from the board", _LOGIN_SECONDS)
    if not kind:
        yield good("service", "reached from the board")
        yield good("credentials", "those on the board are right")
        return
    yield from refused(OSError(*args) if kind == "OSError" else getattr(errors, kind)(*args))
