"""microimps: an OMA IMPS (Wireless Village) client for MicroPython boards and CPython."""

from .errors import Error, LocalError, PeerError, StatusError  # noqa: F401

try:
    from . import status  # noqa: F401  texts for errors, where there is room for them
except ImportError:
    pass


def __getattr__(name):
    # loaded when first asked for: a board pays for what it uses
    home = "aio" if name == "AsyncClient" else "client" if name == "Client" else None
    if not home:
        raise AttributeError(name)
    return getattr(__import__(__name__ + "." + home, None, None, (name,)), name)
