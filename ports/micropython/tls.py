"""TLS on MicroPython: certificates are checked against roots that the board carries."""

import ssl


def context(roots="/roots.der"):
    """TLS context that accepts only servers whose chain ends in ``roots`` (a DER or PEM file).

    Raises OSError where there is no such file: without roots a server cannot be checked, and
    an unchecked one may be anybody.
    """
    with open(roots, "rb") as f:
        octets = f.read()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(cadata=octets)
    return tls
