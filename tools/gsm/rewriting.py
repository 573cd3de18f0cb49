"""What networks and gateways change in a message: ports, header, coding, sender, body."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from .message import GSM7, OCTETS, PORTS8, PORTS16, Message, pack, ports_element, unpack

_CHOICES = {
    "ports": ("keep", "drop", "as-fields", "rewrite-source"),
    "header": ("keep", "strip", "leave-in-body"),
    "body": ("keep", "corrupt", "cut-at-zero", "too-long"),
}


@dataclass
class Rewriting:
    """Changes made to every message; the default makes none.

    `ports`: the application port element is kept, dropped, moved into SMPP fields, or its source
    port replaced by `source_port`. `header`: the whole header is kept, stripped, or left in
    front of the body with the header flag off. `dcs_map` replaces data coding values. `sender`
    replaces the originating address. `body`: one octet flipped, cut at the first zero octet, or
    filled up to 144 octets, four more than a message can hold.
    """

    ports: str = "keep"
    source_port: int = 49152
    header: str = "keep"
    dcs_map: dict[int, int] = field(default_factory=dict)
    sender: str = ""
    body: str = "keep"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose {', '.join(choices)}")

    def apply(self, message: Message) -> Message:
        """The message as the recipient gets it; the one given is left as it is."""
        message = self._body(self._header(self._ports(message)))
        message = self._relabel(message)
        return replace(message, sender=self.sender or message.sender)

    def _relabel(self, message: Message) -> Message:
        """Another data coding for the same octets."""
        changed = replace(message, dcs=self.dcs_map.get(message.dcs, message.dcs))
        if changed.alphabet == message.alphabet:
            return changed
        octets = pack(message.body) if message.alphabet == GSM7 else message.body
        if changed.alphabet == GSM7:
            octets = unpack(octets, len(octets) * 8 // 7)
        return replace(changed, body=octets)

    def _ports(self, message: Message) -> Message:
        ports = message.ports
        if self.ports == "keep" or ports is None:
            return message
        header = tuple(e for e in message.header if e[0] not in (PORTS8, PORTS16))
        if self.ports == "rewrite-source":
            return replace(message, header=(ports_element(ports[0], self.source_port), *header))
        fields = dict(message.fields)
        if self.ports == "as-fields":
            fields.update(destination_port=ports[0], source_port=ports[1])
        return replace(message, header=header, fields=fields)

    def _header(self, message: Message) -> Message:
        if self.header == "keep" or not message.header:
            return message
        if self.header == "strip":
            return replace(message, header=())
        # The octets stay where they were; read without the flag they are part of the text.
        units, octets = message.user_data()
        body = unpack(octets, units) if message.alphabet == GSM7 else octets
        return replace(message, header=(), body=body)

    def _body(self, message: Message) -> Message:
        body = message.body
        if self.body == "keep" or not body:
            return message
        if self.body == "corrupt":
            chance = random.Random(f"{self.seed}/{message.id}")
            at, bit = chance.randrange(len(body)), 1 << chance.randrange(7)
            body = body[:at] + bytes((body[at] ^ bit,)) + body[at + 1 :]
        elif self.body == "cut-at-zero":
            body = body.split(b"\0", 1)[0]
        elif message.alphabet == OCTETS:
            body = body.ljust(144 - len(message.header_octets()), b"\0")
        return replace(message, body=body)
