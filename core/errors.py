"""The family of errors: who is at fault, and an integer that says what.

``args[0]`` is always the code; texts for the codes live in ``status.py``, which is not put on
boards. Trouble of the transport itself (refused, reset, timed out) stays ``OSError``.
"""


class Error(Exception):
    """Base of all; ``args[0]`` is the code."""


class LocalError(Error):
    """Our caller asked for something that cannot be done."""


class PeerError(Error):
    """What arrived breaks the protocol or a limit set here."""


class StatusError(Error):
    """The service refused. args: IMPS status (transactions.md 16), description, details."""
