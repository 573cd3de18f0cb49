"""The simulated IMPS service: `serve(Config(...))` in a program, `microimps sim` on a line."""

from .config import Account, Config, ConfigError, Limits, Room
from .exchange import Record
from .incoming import Unintelligible
from .server import Running, serve
from .service import Service

__all__ = (
    "Account",
    "Config",
    "ConfigError",
    "Limits",
    "Record",
    "Room",
    "Running",
    "Service",
    "Unintelligible",
    "serve",
)
