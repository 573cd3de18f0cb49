"""Digests of the 4-way login: transactions.md section 2.1."""

import hashlib


def digest(scheme: str, octets: bytes) -> bytes:
    """Digest of ``octets`` by scheme SHA or MD5. Raises ValueError for another scheme."""
    name = {"SHA": "sha1", "MD5": "md5"}.get(scheme)
    if name is None:
        raise ValueError(f"no digest scheme {scheme}: use SHA or MD5")
    return hashlib.new(name, octets, usedforsecurity=False).digest()
