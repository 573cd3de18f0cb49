"""CSP in binary XML (wbxml.md): ``reader`` and ``writer``, and ``rare`` for rare forms."""

from .reader import Reader  # noqa: F401
from .writer import Writer  # noqa: F401
