"""CSP in XML: ``reader`` and ``writer`` over one table of names."""

from .reader import Reader  # noqa: F401
from .writer import Writer  # noqa: F401
