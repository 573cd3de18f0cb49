"""The port to CPython."""

from os import urandom
from types import ModuleType

from .clock import sleep_ms, ticks_ms
from .digest import digest
from .net import AsyncLink, Link, context

__all__ = ("AsyncLink", "Link", "context", "digest", "lines", "sleep_ms", "ticks_ms", "urandom")


def lines(where: str) -> ModuleType:
    """The module with the lines that ``where`` is one of: pyserial's."""
    from . import serial

    return serial
