"""Made by tools/stubs.py: do not edit."""

from .aio import AsyncClient as AsyncClient
from .client import Client as Client
from .errors import Error as Error
from .errors import LocalError as LocalError
from .errors import PeerError as PeerError
from .errors import StatusError as StatusError
