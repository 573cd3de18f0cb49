"""Modem families: what one vendor's modules answer differently, as data over one engine.

Sources: the project's survey of what programs and modules say (modem-quirks.md rows 1, 24, 26, 27;
at-transcripts.md sections 1 and 5) and the vendors' public AT command manuals. Firmware versions
differ; every value can be replaced with `dataclasses.replace`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Family:
    """The habits of one module family.

    `banner` is what comes after power-on: (seconds after the restart, line). `stores` maps a
    store's name to its size and first index; `SM` is the SIM's, with `sim_first` as its first
    index. `mem1` to `mem3` are the stores that `+CPMS` takes in each position; `MT`, which only
    joins two others, is left out.
    """

    name: str
    manufacturer: str
    model: str
    revision: str
    ati: tuple[str, ...]
    banner: tuple[tuple[float, str], ...] = ()
    echo: bool = True
    stores: dict[str, tuple[int, int]] = field(default_factory=lambda: {"ME": (50, 1)})
    sim_first: int = 1
    mem1: tuple[str, ...] = ("SM", "ME")
    mem2: tuple[str, ...] = ("SM", "ME")
    mem3: tuple[str, ...] = ("SM", "ME")
    default_mem: str = "SM"
    cnmi: str = "(0-2),(0-3),(0,2),(0-2),(0,1)"
    cnmi_default: tuple[str, ...] = ("2", "1", "0", "0", "0")
    csms: str = "(0,1)"
    cgsms: str = "(0-3)"
    report_store: str = ""  # where stored status reports go; "" is mem3
    empty_slot: int | None = 321  # +CMS error of +CMGR on a free place; None answers a bare OK
    unknown: int | None = None  # +CME error of an unknown command; None is a bare ERROR
    http: str = ""  # the HTTP commands it has: "sim800", "sim7600", "quectel" or none
    saving: str = ""  # the command that turns UART power saving on and off
    reset: str = ""  # a command of its own that restarts the module
    reset_level: int = -1  # so does +CFUN with this level, besides <rst> 1
    accepts: tuple[str, ...] = ()  # commands that are taken and do nothing here
    missing: frozenset[str] = frozenset()


_SR = {"SR": (10, 1)}

SIM800 = Family(
    name="sim800",
    manufacturer="SIMCOM_Ltd",
    model="SIMCOM_SIM800L",
    revision="Revision:1418B05SIM800L24",
    ati=("SIM800 R14.18",),
    banner=(
        (0.1, "RDY"),
        (0.3, "+CFUN: 1"),
        (0.5, "+CPIN: READY"),
        (2.0, "Call Ready"),
        (2.5, "SMS Ready"),
    ),
    stores={"ME": (50, 1)},
    cnmi="(0-3),(0-3),(0,2),(0,1),(0,1)",
    http="sim800",
    saving="+CSCLK",
    missing=frozenset({"+CEREG"}),
)

SIM7600 = Family(
    name="sim7600",
    manufacturer="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E-H",
    revision="+CGMR: LE20B03SIM7600M22",
    ati=(
        "Manufacturer: SIMCOM INCORPORATED",
        "Model: SIMCOM_SIM7600E-H",
        "Revision: SIM7600M22_V2.0",
    ),
    banner=(
        (0.1, "RDY"),
        (0.3, "*ATREADY: 1"),
        (0.5, "+CPIN: READY"),
        (2.0, "SMS DONE"),
        (2.5, "PB DONE"),
    ),
    stores={"ME": (23, 0), **_SR},
    sim_first=0,
    mem1=("ME", "SM", "SR"),
    mem2=("ME", "SM", "SR"),
    mem3=("ME", "SM"),
    default_mem="ME",
    http="sim7600",
    saving="+CSCLK",
    reset="+CRESET",
)

EC2X = Family(
    name="ec2x",
    manufacturer="Quectel",
    model="EC25",
    revision="EC25EFAR06A06M4G",
    ati=("Quectel", "EC25", "Revision: EC25EFAR06A06M4G"),
    banner=(
        (0.1, "RDY"),
        (0.4, "+CPIN: READY"),
        (0.6, "+QUSIM: 1"),
        (0.8, "+CFUN: 1"),
        (1.8, "+QIND: SMS DONE"),
        (2.2, "+QIND: PB DONE"),
    ),
    stores={"ME": (255, 0), **_SR},
    sim_first=0,
    mem1=("SM", "ME", "SR"),
    mem2=("SM", "ME", "SR"),
    mem3=("SM", "ME"),
    default_mem="ME",
    report_store="SR",
    http="quectel",
    saving="+QSCLK",
    accepts=("+QURCCFG",),
)

BG9X = Family(
    name="bg9x",
    manufacturer="Quectel",
    model="BG96",
    revision="BG96MAR02A07M1G",
    ati=("Quectel", "BG96", "Revision: BG96MAR02A07M1G"),
    banner=((0.1, "RDY"), (0.3, "APP RDY"), (0.5, "+CFUN: 1"), (0.8, "+CPIN: READY")),
    stores={"ME": (23, 0), **_SR},
    sim_first=0,
    mem1=("ME", "SM", "SR"),
    mem2=("ME", "SM", "SR"),
    mem3=("ME", "SM"),
    default_mem="ME",
    http="quectel",
    saving="+QSCLK",
    accepts=("+QURCCFG",),
)

SARA = Family(
    name="sara",
    manufacturer="u-blox",
    model="SARA-R410M-02B",
    revision="L0.0.00.00.05.06",
    ati=("Manufacturer: u-blox", "Model: SARA-R410M-02B", "Revision: L0.0.00.00.05.06"),
    stores={"ME": (23, 0)},
    sim_first=0,
    mem1=("ME", "SM"),
    mem2=("ME", "SM"),
    mem3=("ME", "SM"),
    default_mem="ME",
    cnmi_default=("1", "0", "0", "0", "0"),
    unknown=100,
    saving="+UPSV",
    reset_level=16,
)

TELIT = Family(
    name="telit",
    manufacturer="Telit",
    model="LE910",
    revision="17.00.503",
    ati=("332",),
    stores={"ME": (8, 1), "SR": (8, 1)},
    mem1=("SM", "ME", "SR"),
    mem2=("SM", "ME"),
    mem3=("SM", "ME"),
    cnmi="(0-3),(0-3),(0,2),(0-2),(0,1)",
    cnmi_default=("0", "0", "0", "0", "0"),
    report_store="SR",
    reset="#REBOOT",
)

GENERIC = Family(
    name="generic",
    manufacturer="Generic",
    model="GSM modem",
    revision="1.0",
    ati=("Generic", "GSM modem", "Revision: 1.0"),
)

FAMILIES = {f.name: f for f in (SIM800, SIM7600, EC2X, BG9X, SARA, TELIT, GENERIC)}


def family(name: str) -> Family:
    """The family of that name; ValueError names the ones there are."""
    try:
        return FAMILIES[name]
    except KeyError:
        known = ", ".join(FAMILIES)
        raise ValueError(f"unknown modem family {name!r}; known: {known}") from None
