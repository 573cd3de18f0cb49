"""Makes the bearers that fewer clients use, and the notices of any: see ``microimps.ports``."""

from . import port


def sms(where, service, profile=None, pin=None, smsc=None, line=None, **options):
    """Bearer of CSP over SMS, through a modem, to the service's ``service`` number.

    where: the modem's line: on a host a device or a URL of pyserial, on a board the number of the
    UART; line: dict of more arguments of the port's Line, such as baudrate or the power pin.
    profile: of sms_bearer.profiles; pin: of the SIM, smsc: service centre, both str. options: of
    SmsBearer. The modem's driver is the bearer's ``modem``.
    """
    from ..sms_bearer import GENERIC
    from ..sms_bearer.at import At
    from ..sms_bearer.bearer import SmsBearer
    from ..sms_bearer.modem import Modem
    from .wire import Wire

    wire = Wire(where, line or {})
    modem = Modem(
        At(port.ticks_ms),
        profile or GENERIC,
        pin and pin.encode(),
        smsc and smsc.encode(),
        wire.press if line and ("power" in line or "reset" in line) else None,
        forget=getattr(port, "forget", None),
    )
    return SmsBearer(wire, modem, service, **options)


def wsp(gateway, url, session=False, **options):
    """Bearer of CSP over WSP, through the WAP gateway ``gateway`` (host or host:port, 9200 unless
    told otherwise), to the service's ``url``. session: connection-oriented, in segments where a
    datagram is too short, on port 9201. options: of WspBearer, of WtpBearer with ``session``.
    """
    if session:
        from ..wtp_bearer import WtpBearer as Bearer
    else:
        from ..wsp_bearer import WspBearer as Bearer
    host, _, number = gateway.partition(":")
    return Bearer(_datagrams(), host, int(number or 9200 + session), url, **options)


def cir(*methods, **options):
    """Communication initiation by these methods, the best first: "STCP", "SHTTP", "SUDP",
    "WAPUDP", and "SSMS", "WAPSMS" with ``sms``, an SmsBearer that listens. For the ``cir`` of a
    client. options: of cir_client.Cir. Raises ValueError for a method that cannot be.
    """
    from ..cir_client import Cir
    from . import http

    udp = _datagrams() if "SUDP" in methods or "WAPUDP" in methods else None
    return Cir(port, methods, udp, http, **options)


def _datagrams():
    return __import__(port.__name__ + ".udp", None, None, ("Link",))
