"""Date and time on the wire. spec: addresses-and-types.md section 3"""

from __future__ import annotations

from datetime import datetime, timezone


def date_time(seconds: float) -> str:
    """UTC in the basic form, such as 20010925T165859Z. seconds: since 1970."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
