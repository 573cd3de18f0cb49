"""The simulated GSM network: virtual modems on ptys, a service centre with faults, SMPP."""

from .faults import Faults
from .message import Message
from .net import Application, Network
from .radio import Refused
from .rewriting import Rewriting
from .settings import Settings
from .tpdu import Report

__all__ = [
    "Application",
    "Faults",
    "Message",
    "Network",
    "Refused",
    "Report",
    "Rewriting",
    "Settings",
]
