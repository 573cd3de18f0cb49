"""What stands between a modem and its surroundings: the network, and lines to hosts."""

from __future__ import annotations

from typing import Protocol

# RP-causes, 3GPP TS 24.011 clause 8.2.5.4; they are also the numbers of +CMS ERROR.
MEMORY_FULL, ABSENT, CONGESTION, MALFORMED, NOT_CONFIRMED = 22, 27, 42, 95, 111


class Refused(Exception):
    """A message is turned down, by the network or by its recipient; `args[0]` is the cause."""

    @property
    def cause(self) -> int:
        cause: int = self.args[0]
        return cause


class QueueFull(Refused):
    """The service centre holds as many messages as it may."""


class Radio(Protocol):
    """What a modem needs from the network."""

    async def submit_tpdu(self, number: str, tpdu: bytes) -> None:
        """Take an SMS-SUBMIT; raises Refused."""

    def available(self, number: str) -> None:
        """The subscriber can take messages again: registered, or room in the store."""


class Endpoint(Protocol):
    """A line to a host; `name` is what the host opens."""

    name: str

    def write(self, data: bytes) -> None:
        """Send octets; they are lost when no host is there, as on a serial line."""
