"""Digests of the 4-way login: transactions.md section 2.1.

hashlib where the build has the hash, else ``ports/md5.py`` and ``ports/sha1.py``.
"""

import hashlib


def digest(scheme, octets):
    """Digest of ``octets`` by scheme SHA or MD5. Raises ValueError for another scheme."""
    if scheme == "SHA":
        if hasattr(hashlib, "sha1"):
            return hashlib.sha1(octets).digest()
        from ..sha1 import sha1 as make
    elif scheme == "MD5":
        if hasattr(hashlib, "md5"):
            return hashlib.md5(octets).digest()
        from ..md5 import md5 as make
    else:
        raise ValueError("no digest scheme " + scheme)
    return make(octets)
