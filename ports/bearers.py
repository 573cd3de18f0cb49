"""What makes the bearers that fewer clients use: see ``microimps.ports``."""

from . import port


def sms(where, service, profile=None, pin=None, smsc=None, line=None, **options):
    """Bearer of CSP over SMS, through a modem, to the service's ``service`` number.

    where: the modem's line: on a host a device or a URL of pyserial, on a board the number of the
    UART; line: dict of more arguments of the port's Line, such as baudrate or the power pin.
    profile: of sms_bearer.profiles; pin: of the SIM, smsc: service centre, both str. options: of
    SmsBearer. The modem's driver is the bearer's ``modem``.
    """
    from ..sms_bearer.at import At
    from ..sms_bearer.bearer import SmsBearer
    from ..sms_bearer.modem import Modem
    from ..sms_bearer.profiles import GENERIC

    wire = _Wire(where, line or {})
    modem = Modem(
        At(port.ticks_ms),
        profile or GENERIC,
        pin and pin.encode(),
        smsc and smsc.encode(),
        wire.press if line and ("power" in line or "reset" in line) else None,
        forget=getattr(port, "forget", None),
    )
    return SmsBearer(wire, modem, service, **options)


class _Wire:
    # the port, with a serial line in place of connections

    def __init__(self, where, named):
        self.where = where
        self.named = named
        self.line = None

    def __getattr__(self, name):
        return getattr(port, name)

    def Link(self, bearer):
        self.line = port.lines(self.where).Line(self.where, **self.named)
        return self.line

    def AsyncLink(self):
        self.line = port.lines(self.where).AsyncLine(self.where, **self.named)
        return self.line

    def press(self, level):
        self.line.press(level)
