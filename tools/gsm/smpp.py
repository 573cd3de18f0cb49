"""SMPP 3.4: the service centre as gateways see it, and as a client of a real one.

PDUs, windows and timers are PyPI's smpp34; here is what a message looks like in it (SMPP v3.4
sections 4.4, 4.6, 5.2, 5.3, appendix B).
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import smpp34
from smpp34 import _smpp34 as numbers  # where the type stubs have the constants

from .message import CONCAT16, GSM7, OCTETS, Element, Message, body_of, ports_element, read_header
from .radio import ABSENT, CONGESTION, QueueFull, Refused
from .smsc import DELIVERED, EXPIRED, NOT_OBTAINABLE, ServiceCentre
from .tpdu import Report

_UDHI, _RECEIPT, _TYPE = 0x40, 0x04, 0x3C  # in esm_class
_LATIN1, _UCS2 = 3, 8  # data_coding
_INTERNATIONAL, _NAME, _ISDN = 1, 5, 1  # type of number, numbering plan
_PAUSE = 5.0  # network seconds between attempts to bind again

_PORT_FIELDS = {
    "destination_port": numbers.TLV_DESTINATION_PORT,
    "source_port": numbers.TLV_SOURCE_PORT,
}
_STATES = {DELIVERED: (2, "DELIVRD"), EXPIRED: (3, "EXPIRED")}
_FAILED = (5, "UNDELIV")
_STATUS = {"DELIVRD": DELIVERED, "EXPIRED": EXPIRED, "UNDELIV": NOT_OBTAINABLE}

_log = logging.getLogger(__name__)

PORT_FIELDS = ("header", "fields", "ignore")


def address(number: str) -> tuple[str, int, int]:
    """A number as SMPP has it: digits or name, type of number, numbering plan."""
    if number.startswith("+"):
        return number[1:], _INTERNATIONAL, _ISDN
    return (number, 0, _ISDN) if number.isdigit() else (number, _NAME, 0)


def number(text: str, ton: int) -> str:
    """The number of an SMPP address; international ones get their plus sign."""
    return "+" + text if ton == _INTERNATIONAL and not text.startswith("+") else text


def outgoing(message: Message) -> dict[str, Any]:
    """The fields of a submit_sm or deliver_sm that carries a message."""
    source, source_ton, source_npi = address(message.sender)
    to, to_ton, to_npi = address(message.destination)
    return {
        "destination_addr": to,
        "dest_addr_ton": to_ton,
        "dest_addr_npi": to_npi,
        "source_addr": source,
        "source_addr_ton": source_ton,
        "source_addr_npi": source_npi,
        "short_message": message.header_octets() + message.body,
        "esm_class": _UDHI if message.header else 0,
        "protocol_id": message.pid,
        "data_coding": message.dcs,
        "registered_delivery": int(message.report),
        "tlvs": [
            smpp34.Tlv(tag, message.fields[name].to_bytes(2, "big"))
            for name, tag in _PORT_FIELDS.items()
            if name in message.fields
        ],
    }


def incoming(pdu: Any, port_fields: str = "header") -> Message:
    """The message in a submit_sm or deliver_sm; raises ValueError when it cannot be one.

    `port_fields` is what happens to ports that travel as fields: they become a header element,
    stay fields beside the message, or are lost, as gateways differ.
    """
    tlvs = {tlv.tag: tlv.value for tlv in pdu.tlvs}
    data = pdu.short_message or tlvs.get(numbers.TLV_MESSAGE_PAYLOAD, b"")
    header: tuple[Element, ...] = ()
    if pdu.esm_class & _UDHI:
        header, end = read_header(data)
        data = data[end:]
    fields = {
        name: int.from_bytes(tlvs[tag], "big") for name, tag in _PORT_FIELDS.items() if tag in tlvs
    }
    if port_fields == "header" and "destination_port" in fields:
        port = fields.pop("destination_port")
        header += (ports_element(port, fields.pop("source_port", port)),)
    if numbers.TLV_SAR_MSG_REF_NUM in tlvs:
        total, part = tlvs[numbers.TLV_SAR_TOTAL_SEGMENTS], tlvs[numbers.TLV_SAR_SEGMENT_SEQNUM]
        header += ((CONCAT16, tlvs[numbers.TLV_SAR_MSG_REF_NUM] + total + part),)
    dcs, body = _coding(pdu.data_coding, data)
    return Message(
        number(pdu.source_addr, pdu.source_addr_ton),
        number(pdu.destination_addr, pdu.dest_addr_ton),
        body,
        header,
        dcs,
        pid=pdu.protocol_id,
        report=bool(pdu.registered_delivery & 1),
        fields=fields if port_fields == "fields" else {},
    )


def _coding(data_coding: int, data: bytes) -> tuple[int, bytes]:
    """Data coding and body as 23.038 has them: SMPP 5.2.19 gives 0 to 3 another meaning."""
    if data_coding == _LATIN1:
        return body_of(data.decode("latin-1"))
    if data_coding == 2:
        return OCTETS << 2, data
    if data_coding in (0, 1):
        return GSM7, bytes(octet & 0x7F for octet in data)
    return data_coding, data


def receipt(report: Report, message: Message) -> dict[str, Any]:
    """The fields of a deliver_sm that tells what became of a message."""
    message_id = str(message.reference)
    state, word = _STATES.get(report.status, _FAILED)
    to, to_ton, to_npi = address(message.sender)
    source, source_ton, source_npi = address(message.destination)
    dates = [when.strftime("%y%m%d%H%M") for when in (report.time, report.discharge)]
    text = (
        f"id:{message_id} sub:001 dlvrd:{int(state == 2):03} submit date:{dates[0]} "
        f"done date:{dates[1]} stat:{word} err:{report.status:03} text:"
    )
    return {
        "destination_addr": to,
        "dest_addr_ton": to_ton,
        "dest_addr_npi": to_npi,
        "source_addr": source,
        "source_addr_ton": source_ton,
        "source_addr_npi": source_npi,
        "short_message": text.encode(),
        "esm_class": _RECEIPT,
        "tlvs": [
            smpp34.Tlv(numbers.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
            smpp34.Tlv(numbers.TLV_MESSAGE_STATE, bytes((state,))),
        ],
    }


class SmppServer:
    """Lets gateways (ESMEs) bind to the service centre, as transmitter, receiver or both.

    A message for a number without a modem or application goes to a receiver that is bound, by
    `routes`: system id -> prefixes of the numbers it serves; without routes to any. While nobody
    is bound it waits. The library answers every bind, whatever the password; listen on loopback.
    """

    def __init__(
        self,
        centre: ServiceCentre,
        *,
        routes: dict[str, tuple[str, ...]] | None = None,
        port_fields: str = "header",
    ) -> None:
        if port_fields not in PORT_FIELDS:
            raise ValueError(f"port_fields={port_fields!r}: choose {', '.join(PORT_FIELDS)}")
        self.centre = centre
        self.port_fields = port_fields
        self.sessions: dict[str, smpp34.Esme] = {}
        self._routes = routes or {}
        self._owners: dict[str, str] = {}  # number -> system id that sent from it
        self._count = 0
        self._prefixes = sorted({p for ps in self._routes.values() for p in ps}) or [""]

    async def start(self, port: int, host: str = "127.0.0.1") -> None:
        """Listen."""
        self._server = smpp34.Server(host, port, system_id="microimps")
        await self._server.start()
        for prefix in self._prefixes:
            self.centre.route(prefix, self._take, self._take_report)
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """Close every session and stop listening."""
        self._task.cancel()
        for prefix in self._prefixes:
            self.centre.unroute(prefix)
        await self._server.stop()

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                self.sessions[event.session_id] = event
                for prefix in self._prefixes:
                    self.centre.available(prefix)
            elif isinstance(event, smpp34.Unbound):
                self.sessions.pop(event.session_id, None)
            else:
                self._submitted(event)

    def _submitted(self, event: smpp34.SubmitSmEvent) -> None:
        try:
            message = incoming(event, self.port_fields)
            to = message.destination
            if to.isdigit() and to not in self.centre.subscribers:
                message.destination = "+" + to  # its type of number was "unknown"
            self._count += 1
            message.reference = self._count
            self.centre.submit(message)
        except QueueFull:
            event.reject(numbers.ESME_RMSGQFUL)
        except Refused:
            event.reject(numbers.ESME_RTHROTTLED)
        except (ValueError, KeyError):
            event.reject(numbers.ESME_RINVMSGLEN)
        else:
            session = self.sessions.get(event.session_id)
            if session is not None:
                self._owners[message.sender] = session.system_id
            event.accept(str(message.reference))

    def _receiver(self, number: str) -> smpp34.Esme:
        """The session for a number: of who sent from it last, else by the routes."""
        owner = self._owners.get(number)
        for session in self.sessions.values():
            prefixes = self._routes.get(session.system_id, () if self._routes else ("",))
            serves = session.system_id == owner or number.startswith(tuple(prefixes))
            if session.can_receive and serves:
                return session
        raise Refused(ABSENT)

    async def _take(self, message: Message) -> None:
        await self._deliver(self._receiver(message.destination), outgoing(message))

    async def _take_report(self, report: Report, message: Message) -> None:
        await self._deliver(self._receiver(message.sender), receipt(report, message))

    async def _deliver(self, session: smpp34.Esme, fields: dict[str, Any]) -> None:
        try:
            answer = await session.deliver_sm(**fields)
        except smpp34.SmppError:
            raise Refused(ABSENT) from None
        if not answer.is_success:
            raise Refused(CONGESTION)


class SmppClient:
    """Binds to a real service centre, which then serves every number with one of `prefixes`.

    What arrives from there goes to the modems and applications of this network. A lost
    connection is made again; meanwhile messages wait.
    """

    def __init__(
        self,
        centre: ServiceCentre,
        host: str,
        port: int,
        system_id: str,
        password: str,
        *,
        prefixes: tuple[str, ...] = ("",),
        port_fields: str = "header",
        system_type: str = "",
    ) -> None:
        self.centre = centre
        self.prefixes = prefixes
        self.port_fields = port_fields
        self.session: smpp34.Smsc | None = None
        self._bind = host, port, system_id, password
        self._system_type = system_type
        self._sent: dict[str, Message] = {}

    def start(self) -> None:
        """Begin to bind; messages wait until that has worked."""
        for prefix in self.prefixes:
            self.centre.route(prefix, self._take, final=False)
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """Unbind."""
        self._task.cancel()
        for prefix in self.prefixes:
            self.centre.unroute(prefix)
        if self.session is not None:
            await self.session.unbind()

    async def _serve(self) -> None:
        while True:
            try:
                client = smpp34.Client(*self._bind, system_type=self._system_type)
                self.session = await client.connect()
            except (smpp34.SmppError, OSError):
                await self.centre.clock.sleep(_PAUSE)
                continue
            for prefix in self.prefixes:
                self.centre.available(prefix)
            while not isinstance(event := await self.session.next(), smpp34.Disconnected):
                self._received(event)
            self.session = None

    def _received(self, event: smpp34.DeliverSmEvent) -> None:
        try:
            if event.esm_class & _TYPE == _RECEIPT:
                self._receipt(event)
            else:
                self.centre.submit(incoming(event, self.port_fields))
        except (Refused, ValueError, KeyError) as error:
            _log.warning("message from the service centre dropped: %r", error)

    def _receipt(self, event: smpp34.DeliverSmEvent) -> None:
        fields = dict(re.findall(r"(id|stat):(\S+)", event.short_message.decode("latin-1")))
        message = self._sent.get(fields.get("id", ""))
        if message is not None and fields.get("stat") in _STATUS:
            self.centre.report(message, _STATUS[fields["stat"]])

    async def _take(self, message: Message) -> None:
        if self.session is None:
            raise Refused(ABSENT)
        try:
            answer = await self.session.submit_sm(**outgoing(message))
        except smpp34.SmppError:
            raise Refused(ABSENT) from None
        if not answer.is_success:
            raise Refused(CONGESTION)
        if message.report and answer.message_id:
            self._sent[answer.message_id] = message
