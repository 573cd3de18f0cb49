"""CSP in binary XML (wbxml.md): ``reader`` and ``writer``, and ``rare`` for rare forms."""
