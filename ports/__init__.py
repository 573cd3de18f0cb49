"""What the core needs of its runtime: a clock, digests, links. The runtime is met here, once.

``http(url)``, ``sms(device, number)`` and ``wsp(gateway, url)`` make a bearer of a service, which
clients take as their first argument. ``cir(...)`` makes what tells them that something waits.
"""

try:
    from . import micropython as port  # noqa: F401
except ImportError:
    from . import cpython as port  # noqa: F401


def __getattr__(name):
    # what makes bearers is needed once: loaded when asked for, and forgotten by a board when the
    # client has logged in (core/envelope.py)
    if name.startswith("__"):
        raise AttributeError(name)
    home = __name__ + (".bearers_http" if name == "http" else ".bearers")
    return getattr(__import__(home, None, None, (name,)), name)
