"""Commands that are not about messages: identity, SIM, network, line (27.007, V.250)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .atline import EXEC, READ, SET, TEST, AtError, Command, Ranges
from .families import Family

if TYPE_CHECKING:
    from .modem import VirtualModem

Handler = Callable[["VirtualModem", Command], Any]

OPERATOR = ("Simulated network", "SIMNET", "00101")

_CME = {
    3: "operation not allowed",
    4: "operation not supported",
    11: "SIM PIN required",
    12: "SIM PUK required",
    14: "SIM busy",
    16: "incorrect password",
    30: "no network service",
    100: "unknown",
}
_CMS = {
    38: "Network out of order",
    300: "ME failure",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    311: "(U)SIM PIN required",
    314: "(U)SIM busy",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}


def error_text(cmee: str, message_command: bool, code: int | None) -> str:
    """The final result for an error, as `+CMEE` wants it: plain, by number, in words.

    A code below 300 of a message command is a network cause; 10 to 16 are the SIM's and stay
    `+CME` ones even there, as modules answer while the SIM is being read.
    """
    if code is None or cmee == "0":
        return "ERROR"
    cms = message_command and not 10 <= code <= 16
    words = (_CMS if cms else _CME).get(code) if cmee == "2" else None
    return f"+{'CMS' if cms else 'CME'} ERROR: {words or code}"


class Parameter(NamedTuple):
    """A command that keeps values: `ranges` is what its test form prints."""

    name: str
    ranges: Ranges
    default: tuple[str, ...]
    failure: int | None = None
    quoted: bool = False

    def handle(self, modem: VirtualModem, command: Command) -> list[str]:
        """Test, read or set; values left out keep their old setting."""
        if command.form == TEST:
            return [f"{self.name}: {self.ranges.text}"]
        if command.form == READ:
            values = modem.values[self.name]
            shown = [f'"{v}"' if self.quoted else v for v in values]
            return [f"{self.name}: {','.join(shown)}"]
        if command.form != SET:
            raise AtError(self.failure)
        fields = command.fields()
        if not 1 <= len(fields) <= len(self.ranges):
            raise AtError(self.failure)
        for position, value in enumerate(fields):
            if value is not None and not self.ranges.takes(position, value):
                raise AtError(self.failure)
        current = modem.values[self.name]
        for position, value in enumerate(fields):
            if value is not None and position < len(current):
                current[position] = value
        return []


def parameters(family: Family) -> dict[str, Parameter]:
    """The parameter commands of a family outside messaging, by name."""
    rows = (
        ("+CMEE", "(0-2)", ("0",)),
        ("+CREG", "(0-2)", ("0",)),
        ("+CGREG", "(0-2)", ("0",)),
        ("+CEREG", "(0-2)", ("0",)),
        ("+CLIP", "(0,1)", ("0",)),
        ("+CRC", "(0,1)", ("0",)),
        ("+CVHU", "(0-2)", ("0",)),
        ("+CTZU", "(0,1)", ("0",)),
        ("+CTZR", "(0,1)", ("0",)),
        ("+CCWA", "(0,1),(0-2),(1-255)", ("0",)),
        ("+CUSD", "(0-2)", ("0",)),
        ("+CGATT", "(0,1)", ("1",)),
        ("+IFC", "(0-2),(0-2)", ("0", "0")),
        ("+ICF", "(0-6),(0-3)", ("3", "3")),
        ("+IPR", "(0,9600,19200,38400,57600,115200)", ("115200",)),
    )
    table = {name: Parameter(name, Ranges(text), default) for name, text, default in rows}
    sets = Ranges('("GSM","IRA","UCS2","HEX")')
    table["+CSCS"] = Parameter("+CSCS", sets, ("GSM",), quoted=True)
    return table


def _identity(get: Callable[[VirtualModem], str], prefix: str = "") -> Handler:
    def handler(modem: VirtualModem, command: Command) -> list[str]:
        if command.form == TEST:
            return []
        if command.form != EXEC:
            raise AtError(modem.family.unknown)
        return [prefix + get(modem)]

    return handler


def _accept(modem: VirtualModem, command: Command) -> list[str]:
    return []


def _echo(modem: VirtualModem, command: Command) -> list[str]:
    if command.values not in ("", "0", "1"):
        raise AtError(None)
    modem.echo = command.values == "1"
    return []


def _only(*taken: str) -> Handler:
    def handler(modem: VirtualModem, command: Command) -> list[str]:
        if command.values not in taken:
            raise AtError(None)
        return []

    return handler


def _restore(modem: VirtualModem, command: Command) -> list[str]:
    modem.profile(modem.saved)
    return []


def _factory(modem: VirtualModem, command: Command) -> list[str]:
    modem.settings.bad_profile = False
    modem.profile(None)
    return []


def _save(modem: VirtualModem, command: Command) -> list[str]:
    modem.saved = {name: list(values) for name, values in modem.values.items()}
    return []


def _ati(modem: VirtualModem, command: Command) -> list[str]:
    return ["\r\n".join(modem.family.ati)]


def _cpin(modem: VirtualModem, command: Command) -> list[str]:
    sim = modem.sim
    if command.form == TEST:
        return []
    if command.form == READ:
        if modem.unlocked:
            return ["+CPIN: READY"]
        return ["+CPIN: SIM PIN" if sim.pin_tries else "+CPIN: SIM PUK"]
    fields = command.fields()
    if command.form != SET or not fields or None in fields or modem.unlocked:
        raise AtError(3)
    if sim.pin_tries:
        good = len(fields) == 1 and sim.unlock(str(fields[0]))
    else:
        good = len(fields) == 2 and sim.unblock(str(fields[0]), str(fields[1]))
    if not good:
        raise AtError(16 if sim.pin_tries else 12)
    modem.unlocked = True
    modem.indicate("+CPIN: READY")
    modem.radio.available(sim.number)
    return []


def _clck(modem: VirtualModem, command: Command) -> list[str]:
    fields = command.fields()
    if fields[:2] != ["SC", "2"]:
        raise AtError(3)
    return [f"+CLCK: {int(bool(modem.sim.pin))}"]


def registration(modem: VirtualModem, name: str) -> int:
    """The `<stat>` of `+CREG`, `+CGREG` or `+CEREG`: 1 home, 0 not registered, 2 searching."""
    if not modem.registered:
        return 2 if modem.radio_on and modem.unlocked else 0
    return 0 if name == "+CREG" and modem.settings.domain == "packet" else 1


def _creg(modem: VirtualModem, command: Command) -> list[str]:
    if command.form != READ:
        return modem.parameters[command.name].handle(modem, command)
    mode = modem.values[command.name][0]
    cell = ""
    if mode == "2" and modem.registered:
        cell = ',"00C3","0000A1B2"' + {"+CREG": ",0", "+CGREG": ",0"}.get(command.name, ",7")
    return [f"{command.name}: {mode},{registration(modem, command.name)}{cell}"]


def _cops(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        names = ",".join(f'"{name}"' for name in OPERATOR)
        return [f"+COPS: (2,{names}),,(0-4),(0-2)"]
    if command.form == READ:
        if not modem.registered:
            return ["+COPS: 0"]
        return [f'+COPS: 0,{modem.cops_format},"{OPERATOR[modem.cops_format]}"']
    mode, form = command.numbers(1, 4)[:2]
    if mode not in (0, 1, 2, 3, 4) or form not in (None, 0, 1, 2):
        raise AtError(3)
    modem.cops_format = modem.cops_format if form is None else form
    return []


def _csq(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        return ["+CSQ: (0-31,99),(0-7,99)"]
    return ["+CSQ: 22,0" if modem.registered else "+CSQ: 99,99"]


def _cfun(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        return ["+CFUN: (0,1,4),(0,1)"]
    if command.form == READ:
        return [f"+CFUN: {1 if modem.radio_on else 4}"]
    level, reset = command.numbers(1, 2)
    if level not in (0, 1, 4, modem.family.reset_level) or reset not in (None, 0, 1):
        raise AtError(3)
    if reset or level == modem.family.reset_level:
        return _reset(modem, command)
    modem.radio_on = level == 1
    if modem.registered:
        modem.radio.available(modem.sim.number)
    return []


def _reset(modem: VirtualModem, command: Command) -> list[str]:
    asyncio.get_running_loop().call_later(0.02, modem.restart)  # the OK still goes out
    return []


def _saving(modem: VirtualModem, command: Command) -> list[str]:
    """UART power saving, for which the module pays with the first octet after a pause."""
    if command.form == SET and command.values.startswith("0"):
        modem.settings.lose_after_idle = 0.0
    return []


def special(family: Family) -> dict[str, Handler]:
    """The commands that only that family has."""
    table: dict[str, Handler] = dict.fromkeys(family.accepts, _accept)
    table[family.saving], table[family.reset] = _saving, _reset
    table.pop("", None)
    return table


def _cnum(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        return []
    number = modem.sim.number
    return [f'+CNUM: "","{number}",{145 if number.startswith("+") else 129}']


def _cclk(modem: VirtualModem, command: Command) -> list[str]:
    if command.form != READ:
        return []
    return ['+CCLK: "' + modem.clock.now().strftime("%y/%m/%d,%H:%M:%S") + '+00"']


def _clac(modem: VirtualModem, command: Command) -> list[str]:
    if command.form == TEST:
        return []
    return ["\r\n".join(sorted(modem.handlers.keys() | modem.parameters.keys()))]


def _fixed(line: str) -> Handler:
    return lambda modem, command: [] if command.form == TEST else [line]


TABLE: dict[str, Handler] = {
    "AT": _accept,
    "ATE": _echo,
    "E": _echo,
    "V": _only("", "1"),
    "Q": _only("", "0"),
    "X": _accept,
    "H": _accept,
    "L": _accept,
    "M": _accept,
    "&C": _accept,
    "&D": _accept,
    "&K": _accept,
    "&S": _accept,
    "S0": _accept,
    "S3": _accept,
    "S4": _accept,
    "S7": _accept,
    "Z": _restore,
    "&F": _factory,
    "&W": _save,
    "I": _ati,
    "+CGMI": _identity(lambda m: m.family.manufacturer),
    "+GMI": _identity(lambda m: m.family.manufacturer),
    "+CGMM": _identity(lambda m: m.family.model),
    "+GMM": _identity(lambda m: m.family.model),
    "+CGMR": _identity(lambda m: m.family.revision),
    "+GMR": _identity(lambda m: m.family.revision),
    "+CGSN": _identity(lambda m: m.imei),
    "+GSN": _identity(lambda m: m.imei),
    "+CIMI": _identity(lambda m: m.sim.imsi),
    "+CCID": _identity(lambda m: m.sim.iccid, "+CCID: "),
    "+CPIN": _cpin,
    "+CLCK": _clck,
    "+CREG": _creg,
    "+CGREG": _creg,
    "+CEREG": _creg,
    "+COPS": _cops,
    "+CSQ": _csq,
    "+CFUN": _cfun,
    "+CNUM": _cnum,
    "+CCLK": _cclk,
    "+CLAC": _clac,
    "+CGDCONT": _accept,
    "+GCAP": _fixed("+GCAP: +CGSM"),
    "+CBC": _fixed("+CBC: 0,85,3900"),
    "+CPAS": _fixed("+CPAS: 0"),
}
