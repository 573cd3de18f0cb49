"""Quirks of one virtual modem: every setting starts harmless and can be changed while it runs.

Each is a row of the robustness check-list that drivers are held against; docs/gsm.md has the
table. Times are network seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

PROMPTS = {
    "crlf": b"\r\n> ",
    "bare": b"\r\n>",
    "cr": b"\r\n>\r",
    "crlf-after": b"\r\n>\r\n",
    "none": b"",
}
LINE_ENDS = {"crlf": (b"\r\n", b"\r\n"), "cr": (b"", b"\r"), "trailing": (b"", b"\r\n")}

_CHOICES = {
    "echo": ("family", "on", "off"),
    "echo_end": ("cr", "crlf", "none"),
    "prompt_form": tuple(PROMPTS),
    "line_end": tuple(LINE_ENDS),
    "restart_at": ("", "prompt", "unsent", "sent"),
    "cmgs_answer": ("ok", "error", "none", "none-but-sent"),
    "report_style": ("as-set", "direct", "stored", "stored-elsewhere"),
    "domain": ("circuit", "packet", "none"),
    "cmt_form": ("normal", "zero", "no-name", "name", "cut"),
}


@dataclass
class Settings:
    """Quirk settings of a virtual modem."""

    # start-up and resets
    ready_delay: float = 0.0  # message commands are refused so long after a restart
    ready_error: int | None = 14  # with this code: 14 SIM busy (CME), 314, 515 (CMS); None ERROR
    restart_at: str = ""  # restart at the prompt, or between end mark and answer (un)sent
    restart_times: int = 1  # so often
    bad_profile: bool = False  # +CMGS fails until AT&F
    lose_first: int = 0  # octets swallowed after a restart
    lose_after_idle: float = 0.0  # the first octet after so long a pause is swallowed; 0 never

    # the line
    echo: str = "family"
    echo_end: str = "cr"  # what ends the echo of a command
    prompt_form: str = "crlf"
    line_end: str = "crlf"
    urc_at: frozenset[str] = frozenset()  # of "before", "inside", "after", "prompt"
    urc_text: str = "+CREG: 5"  # the indication inserted there
    urc_hold: float = 0.0  # indications come so long after the OK they waited for
    noise: bytes = b""  # octets in front of every answer line
    truncate_every: int = 0  # each n-th answer line loses its second half
    silent: frozenset[str] = frozenset()  # commands never answered; "*" is all
    missing: frozenset[str] = frozenset()  # commands the module does not have
    ok_after_error: bool = False  # ERROR is followed by OK
    text_around: str = ""  # a line printed before each prompt

    # sending
    cmgs_delay: float = 0.0
    cmgs_answer: str = "ok"
    cmgs_error: int = 500
    cmgs_times: int = 0  # after so many sends the answer is ok again; 0 never
    domain: str = "circuit"

    # receiving
    storage_size: int = 0  # of every store; 0 is the family's and the SIM's
    store_in: str = ""  # store received messages there, whatever +CPMS selects
    drop_cmti_every: int = 0  # each n-th indication is lost
    cmti_bad_index: bool = False  # +CMTI: ,-1
    cmt_form: str = "normal"  # +CMT: 0 | ,n | "name",n | urc_text before the PDU
    delete_works: bool = True
    cnmi_list: str = ""  # what +CNMI takes; "" is the family's
    report_style: str = "as-set"
    unconfirmed_limit: int = 1  # direct deliveries without +CNMA before they stop (+CSMS=1)
    cnma_timeout: float = 15.0
    wake_every: float = 0.0  # messages arrive only at multiples of this; 0 at once
    full_notice: str = ""  # the line that says the store is full, such as ^SMMEMFULL: "SM"

    # HTTP through the modem
    http_delay: float = 0.0  # the result of a request comes so much later
    http_strict: bool = False  # octets of a body that come before DOWNLOAD are lost

    extra: dict[str, str] = field(default_factory=dict)  # command -> the answer it gets instead

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise ValueError, naming setting and choices, for a word that is none of them."""
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(
                    f"{name}={value!r}: choose one of {', '.join(map(repr, choices))}"
                )
        bad = set(self.urc_at) - {"before", "inside", "after", "prompt"}
        if bad:
            raise ValueError(f"urc_at has no place {', '.join(sorted(bad))}")

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Settings:
        """Settings from a TOML table; lists become sets, text becomes octets where needed."""
        known = {f.name for f in fields(cls)}
        for name in table:
            if name not in known:
                raise ValueError(
                    f"unknown modem setting {name!r}; known: {', '.join(sorted(known))}"
                )
        values = dict(table)
        for name in ("urc_at", "silent", "missing"):
            if name in values:
                values[name] = frozenset(values[name])
        if isinstance(values.get("noise"), str):
            values["noise"] = values["noise"].encode("latin-1")
        return cls(**values)
