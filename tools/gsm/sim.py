"""SIM cards and message stores, as a modem sees them (3GPP TS 27.005 clause 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

REC_UNREAD, REC_READ, STO_UNSENT, STO_SENT = range(4)

_PIN_TRIES = 3
_PUK_TRIES = 10


@dataclass
class Slot:
    """One stored message: its `<stat>`, the service centre's number and the TPDU."""

    status: int
    service_centre: str
    tpdu: bytes


class Store:
    """A message store with numbered places, some of them taken."""

    def __init__(self, name: str, size: int, first: int = 1) -> None:
        self.name = name
        self.size = size
        self.first = first
        self.slots: dict[int, Slot] = {}

    @property
    def used(self) -> int:
        return len(self.slots)

    @property
    def full(self) -> bool:
        return self.used >= self.size

    def add(self, slot: Slot) -> int | None:
        """Put a message into the lowest free place; its index, or None when full."""
        for index in range(self.first, self.first + self.size):
            if index not in self.slots:
                self.slots[index] = slot
                return index
        return None

    def listed(self) -> list[tuple[int, Slot]]:
        """Index and message of every taken place, by index."""
        return sorted(self.slots.items())

    def holds(self, index: int) -> bool:
        """Whether the index lies inside the store at all."""
        return self.first <= index < self.first + self.size


@dataclass
class Sim:
    """A SIM card: identity, PIN, service centre and the `SM` store.

    `number` is the subscriber's international number with its plus sign.
    """

    number: str
    pin: str = ""
    puk: str = "12345678"
    service_centre: str = "+15550100"
    size: int = 30
    imsi: str = ""
    iccid: str = ""
    pin_tries: int = _PIN_TRIES
    puk_tries: int = _PUK_TRIES
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        digits = self.number.lstrip("+")
        # 001/01 is the test network of 3GPP TS 23.003; 89 marks a telecommunications card.
        self.imsi = self.imsi or "00101" + digits[-10:].rjust(10, "0")
        self.iccid = self.iccid or "8900101" + digits[-12:].rjust(12, "0")
        self.store = Store("SM", self.size)

    def unlock(self, pin: str) -> bool:
        """Try a PIN; the third wrong one in a row leaves the card waiting for its PUK."""
        if self.pin_tries and pin == self.pin:
            self.pin_tries = _PIN_TRIES
            return True
        self.pin_tries = max(0, self.pin_tries - 1)
        return False

    def unblock(self, puk: str, new_pin: str) -> bool:
        """Try a PUK; a right one sets a new PIN."""
        if self.puk_tries and puk == self.puk:
            self.pin, self.pin_tries, self.puk_tries = new_pin, _PIN_TRIES, _PUK_TRIES
            return True
        self.puk_tries = max(0, self.puk_tries - 1)
        return False
