"""The port to MicroPython: clock, digests, links. What is not needed at once is loaded later."""

import time
from os import urandom  # noqa: F401
from time import sleep_ms  # noqa: F401

from .hashes import digest  # noqa: F401

_HOMES = {"Link": "net", "AsyncLink": "anet", "context": "tls"}


def ticks_ms():
    """Milliseconds of a clock that only goes forward, modulo 2**29."""
    return time.ticks_ms() & 0x1FFFFFFF


def __getattr__(name):
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(name)
    return getattr(__import__(__name__ + "." + home, None, None, (name,)), name)


def lines(where):
    """The module with the lines that ``where`` is one of: a UART's number, or a host's device."""
    home = ".tty" if isinstance(where, str) else ".uart"
    return __import__(__name__ + home, None, None, ("Line",))


def forget(*names):
    """Let go of the modules whose names begin so; they are loaded again when they are needed."""
    import gc
    import sys

    for each in list(sys.modules):
        for name in names:
            if each.startswith(name):
                parent, _, leaf = each.rpartition(".")
                parent = sys.modules[parent]
                # a dict keeps what is deleted until something else comes there
                sys.modules[each] = None
                setattr(parent, leaf, None)
                del sys.modules[each]
                delattr(parent, leaf)
    gc.collect()
