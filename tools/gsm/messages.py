"""The message side of one modem: stores, sending, receiving and indications (27.005 3.1, 3.4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from microimps.errors import PeerError

from . import at_text
from .atline import TEST, AtError, Command
from .radio import ABSENT, MEMORY_FULL, NOT_CONFIRMED, Refused
from .sim import REC_UNREAD, Slot, Store
from .tpdu import STATUS_REPORT, centre_octets, message_class

if TYPE_CHECKING:
    from .modem import VirtualModem

_SIM_LOCKED, _NO_CENTRE, _NO_NETWORK = 11, 330, 331

_COMMANDS = frozenset(
    "+CMGF +CSDH +CMMS +CGSMS +CSMP +CSMS +CNMI +CMGS +CMGW +CMSS +CMGR +CMGL +CMGD +CPMS +CSCA"
    " +CNMA".split()
)
_WITHOUT_SIM = frozenset({"+CMGF", "+CSMS", "+CNMI", "+CSDH", "+CSMP", "+CMMS", "+CGSMS"})


class Messages:
    """The message side of one modem: selected stores, message reference, indications."""

    def __init__(self, modem: VirtualModem) -> None:
        self.modem = modem
        self.reference = 0
        self.sends = 0
        self.reset()

    def reset(self) -> None:
        """After a restart: stores as the family selects them, nothing buffered."""
        self.selected = [self.modem.family.default_mem] * 3
        self.buffered: list[str] = []
        self.confirmation: asyncio.Future[bool] | None = None
        self._unconfirmed = 0
        self._indications = 0

    @staticmethod
    def owns(name: str) -> bool:
        """Whether errors of that command are `+CMS` ones."""
        return name in _COMMANDS

    def check_ready(self, command: Command) -> None:
        """Raise AtError while the SIM is locked or still being read."""
        if not self.owns(command.name) or command.form == TEST:
            return
        if self.modem.clock.time() < self.modem.ready_at:
            raise AtError(self.modem.settings.ready_error)
        if not self.modem.unlocked and command.name not in _WITHOUT_SIM:
            raise AtError(_SIM_LOCKED)

    # stores

    def store(self, position: int) -> Store:
        """The store selected for 0 reading, 1 writing, 2 receiving."""
        return self.modem.stores[self.selected[position]]

    def size(self, store: Store) -> int:
        return self.modem.settings.storage_size or store.size

    def put(self, store: Store, slot: Slot) -> int | None:
        """Store a message; its index, or None when there is no room."""
        return store.add(slot) if store.used < self.size(store) else None

    def delete(self, store: Store, indices: list[int]) -> None:
        if not self.modem.settings.delete_works:
            return
        for index in indices:
            store.slots.pop(index, None)
        self.modem.radio.available(self.modem.sim.number)

    # sending

    async def send(self, name: str, centre: str, tpdu: bytes) -> list[str] | None:
        """Send a SUBMIT with the next message reference; the answer's lines, None for silence."""
        modem, settings = self.modem, self.modem.settings
        self.sends += 1
        answer = settings.cmgs_answer
        if settings.cmgs_times and self.sends > settings.cmgs_times:
            answer = "ok"
        if settings.bad_profile:
            raise AtError(500)
        if answer == "none":
            return None
        if answer == "error":
            await modem.clock.sleep(settings.cmgs_delay)
            raise AtError(settings.cmgs_error)
        await self._to_network(centre, tpdu)
        modem.power_cut("sent")
        await modem.clock.sleep(settings.cmgs_delay)
        if answer == "none-but-sent":
            return None
        return [f"{name}: {self.reference}"]

    async def _to_network(self, centre: str, tpdu: bytes) -> None:
        modem = self.modem
        if not modem.registered or (
            modem.settings.domain == "packet" and modem.values["+CGSMS"][0] == "1"
        ):
            raise AtError(_NO_NETWORK)
        if not (centre or modem.sim.service_centre):
            raise AtError(_NO_CENTRE)
        self.reference = (self.reference + 1) & 255
        tpdu = bytes((tpdu[0], self.reference)) + tpdu[2:]  # the module counts, not the host
        try:
            await modem.radio.submit_tpdu(modem.sim.number, tpdu)
        except Refused as refused:
            raise AtError(refused.cause) from None

    # receiving

    async def deliver(self, tpdu: bytes, centre: str) -> None:
        """Take a DELIVER or STATUS-REPORT from the network; raises Refused."""
        every = self.modem.settings.wake_every
        if every:
            now = self.modem.clock.time()
            await self.modem.clock.sleep_until((now // every + 1) * every)
        if not self.modem.registered:
            raise Refused(ABSENT)
        if tpdu[0] & 3 == STATUS_REPORT:
            await self._report(tpdu, centre)
            return
        mt, klass = self.modem.values["+CNMI"][1], _class(tpdu)
        if (mt == "2" and klass != 2) or (mt == "3" and klass == 3):
            await self._direct("+CMT", tpdu, centre)
        else:
            self._stored(tpdu, centre, self.selected[2], "+CMTI" if mt != "0" else "")

    async def _report(self, tpdu: bytes, centre: str) -> None:
        ds, style = self.modem.values["+CNMI"][3], self.modem.settings.report_style
        if ds == "0":
            return
        if style == "as-set":
            style = "direct" if ds == "1" else "stored"
        if style == "direct":
            await self._direct("+CDS", tpdu, centre)
        elif style == "stored":
            name = self.modem.family.report_store or self.selected[2]
            self._stored(tpdu, centre, name, "+CDSI")
        else:
            self._stored(tpdu, centre, "SR" if "SR" in self.modem.stores else "ME", "")
            self._indicate('+CDSI: "SM",0')

    def _stored(self, tpdu: bytes, centre: str, name: str, indication: str) -> None:
        settings = self.modem.settings
        name = settings.store_in or name
        store = self.modem.stores[name]
        index = self.put(store, Slot(REC_UNREAD, centre, tpdu))
        if index is None:
            if settings.full_notice:
                self.modem.indicate(settings.full_notice)
            raise Refused(MEMORY_FULL)
        if indication:
            bad = settings.cmti_bad_index
            self._indicate(f"{indication}: ,-1" if bad else f'{indication}: "{name}",{index}')

    def _indicate(self, line: str) -> None:
        every = self.modem.settings.drop_cmti_every
        self._indications += 1
        if every and self._indications % every == 0:
            return
        if self.modem.values["+CNMI"][0] == "0":
            self.buffered.append(line)
        else:
            self.modem.indicate(line)

    async def _direct(self, name: str, tpdu: bytes, centre: str) -> None:
        text = self.modem.values["+CMGF"][0] == "1"
        show = at_text.direct if text else self._pdu_form
        self._indicate(show(self.modem, name, tpdu, centre))
        if self.modem.values["+CSMS"][0] != "1":
            return
        self.confirmation = asyncio.get_running_loop().create_future()
        seconds = self.modem.settings.cnma_timeout / self.modem.clock.speed
        try:
            taken = await asyncio.wait_for(self.confirmation, seconds)
        except asyncio.TimeoutError:
            taken = False
            self._unconfirmed += 1
            if self._unconfirmed >= self.modem.settings.unconfirmed_limit:
                # 27.005 3.4.1: no acknowledgement in time, so routing to the host stops.
                self.modem.values["+CNMI"][1] = self.modem.values["+CNMI"][3] = "0"
        finally:
            self.confirmation = None
        if not taken:
            raise Refused(NOT_CONFIRMED)
        self._unconfirmed = 0

    @staticmethod
    def _pdu_form(modem: VirtualModem, name: str, tpdu: bytes, centre: str) -> str:
        length = len(tpdu)
        form = modem.settings.cmt_form if name == "+CMT" else "normal"
        head = {"zero": "0", "no-name": f",{length}", "name": f'"Mum",{length}'}.get(form)
        if head is None:
            head = f",{length}" if name == "+CMT" else str(length)
        cut = f"{modem.settings.urc_text}\r\n" if form == "cut" else ""
        return f"{name}: {head}\r\n{cut}{pdu(centre, tpdu)}"


def _class(tpdu: bytes) -> int | None:
    try:
        return message_class(tpdu)
    except PeerError:  # broken on the way, and stored or shown like any other
        return None


def pdu(centre: str, tpdu: bytes) -> str:
    """What an AT line shows of a message: service-centre address and TPDU in hex digits."""
    return (centre_octets(centre) + tpdu).hex().upper()
