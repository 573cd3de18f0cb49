"""microimps: an OMA IMPS (Wireless Village) client for MicroPython boards and CPython."""

try:
    from . import status  # noqa: F401  texts for errors, where there is room for them
except ImportError:
    pass

_HOMES = {"Client": "client", "AsyncClient": "aio"}


def __getattr__(name):
    # loaded when first asked for: a board pays for what it uses
    if name.startswith("__"):
        raise AttributeError(name)
    home = __name__ + "." + _HOMES.get(name, "errors")
    return getattr(__import__(home, None, None, (name,)), name)
