"""What the users of a trial do, and what it costs where nothing goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_WORDS = "field trial of the SMS bearer "


@dataclass(frozen=True)
class Scenario:
    """One kind of user action.

    do: called with the client, the peer's address and a text. sent, received: SMS of the handset
    that acts, without faults and for a short text; peer_sent, peer_received: of the peer's.
    """

    do: Callable[[Any, str, str], None]
    sent: int
    received: int
    peer: bool = False
    peer_sent: int = 0
    peer_received: int = 0


def _message(client: Any, peer: str, text: str) -> None:
    client.send(peer, text)


def _presence(client: Any, peer: str, text: str) -> None:
    client.update_presence(OnlineStatus=True, StatusText=text[:20])


def _watch(client: Any, peer: str, text: str) -> None:
    list(client.presence((peer,), names=("OnlineStatus", "StatusText")))


def _lists(client: Any, peer: str, text: str) -> None:
    list(client.lists())


def _keep_alive(client: Any, peer: str, text: str) -> None:
    client.keep_alive()


def _session(client: Any, peer: str, text: str) -> None:
    client.logout()
    client.login()


LOGIN, LOGOUT = (4, 4), (1, 1)  # SMS sent and received; held by tests/host/test_trial.py
SCENARIOS = {
    "message": Scenario(_message, 2, 1, True, 1, 2),
    "presence": Scenario(_presence, 1, 1),
    "watch": Scenario(_watch, 1, 1, True),
    "lists": Scenario(_lists, 1, 1),
    "keep_alive": Scenario(_keep_alive, 1, 1),
    "session": Scenario(_session, 5, 5),
}


def words(mark: str, length: int) -> str:
    """A text of that many characters that begins with the mark and a blank."""
    text = mark + " " + _WORDS * (length // len(_WORDS) + 1)
    return text[: max(length, len(mark) + 1)].rstrip().ljust(length, ".")
