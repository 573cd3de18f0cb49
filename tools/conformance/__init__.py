"""What the protocol asks of a message and how much of it this project does (host only).

`check` holds an element tree against the content models of its version.
"""

from .models import Model, check, models, primitives

__all__ = ("Model", "check", "models", "primitives")
