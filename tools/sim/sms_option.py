"""The settings `sms`, `sms_number`, `sms_profile` and `sms_pin`: what carries short messages."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from microimps.sms_bearer import profiles

from ..gsm import Network
from ..gsm.families import family
from .carriers import ModemCarrier, NetworkCarrier, SmppCarrier
from .config import Config, ConfigError
from .sms import Carrier

WAYS = "modem:DEVICE, smpp://USER:PASSWORD@HOST:PORT or gsm:NUMBER[:FAMILY],..."
_PROFILES = [name for name in vars(profiles) if name.isupper()]


def shown(way: str) -> str:
    """The setting `sms` without its user and password."""
    return "smpp://" + way.rpartition("@")[2] if way.startswith("smpp:") else way


class OwnNetwork(NetworkCarrier):
    """A simulated network of the service's own, with virtual modems for clients."""

    def __init__(self, number: str, modems: list[tuple[str, str]]) -> None:
        self._modems = modems
        self.devices: dict[str, str] = {}  # of each number, once started
        super().__init__(Network(), number)

    async def start(self) -> None:
        """Switch the modems on. Raises OSError, ValueError."""
        await super().start()
        for number, kind in self._modems:
            self.devices[number] = (await self._network.add_modem(number, kind)).device

    async def stop(self) -> None:
        """Switch everything off."""
        await self._network.close()


def make(config: Config) -> Carrier | None:
    """The carrier that the settings ask for, None for a service without SMS.

    Raises ConfigError for settings that cannot be.
    """
    way, _, rest = config.sms.partition(":")
    if not config.sms:
        if config.sms_profile or config.sms_pin:
            raise ConfigError("sms_profile and sms_pin are for a modem: give sms = modem:DEVICE")
        return None
    if not config.sms_number.lstrip("+").isdigit():
        raise ConfigError(f"sms_number {config.sms_number!r}: digits, with + in front as a rule")
    try:
        if way == "modem" and rest:
            return ModemCarrier(rest, _profile(config.sms_profile), config.sms_pin or None)
        if way == "smpp" and rest:
            return _smpp(config)
        if way == "gsm" and rest:
            return OwnNetwork(config.sms_number, [_modem(each) for each in rest.split(",")])
    except ValueError as error:  # a port that is no number, an unknown family
        raise ConfigError(f"sms {shown(config.sms)!r}: {error}") from None
    raise ConfigError(f"sms {shown(config.sms)!r}: give {WAYS}")


def _profile(name: str) -> tuple[object, ...]:
    name = name.upper() or "GENERIC"
    if name not in _PROFILES:
        raise ConfigError(f"sms_profile {name}: choose from {', '.join(_PROFILES)}")
    profile: tuple[object, ...] = getattr(profiles, name)
    return profile


def _smpp(config: Config) -> Carrier:
    url = urlsplit(config.sms)
    if not url.hostname or not url.username:
        raise ConfigError(f"sms {shown(config.sms)!r}: give {WAYS}")
    user, password = unquote(url.username), unquote(url.password or "")
    return SmppCarrier(url.hostname, url.port or 2775, user, password, config.sms_number)


def _modem(text: str) -> tuple[str, str]:
    number, _, kind = text.partition(":")
    if not number.lstrip("+").isdigit():
        raise ValueError(f"{number!r} is no telephone number")
    return number, family(kind or "generic").name
