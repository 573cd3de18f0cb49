"""The port to CPython."""

from os import urandom

from .clock import sleep_ms, ticks_ms
from .digest import digest
from .net import AsyncLink, Link, context

__all__ = ("AsyncLink", "Link", "context", "digest", "sleep_ms", "ticks_ms", "urandom")
