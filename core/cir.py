"""Communication initiation: the notice that tells a client to poll. transport.md section 4."""

_PUSH = b"\x06\x03\xc6\xaf\x8a"  # push; 3 octets of headers: content type, application


def padded(text):
    """The text (bytes) with a CR behind it where 7-bit packing would let an "@" appear there.

    8n - 1 characters fill 7n octets but for one septet of zeros, which is "@" to a receiver that
    counts octets (transport.md section 5.1)."""
    return text + b"\r" if len(text) & 7 == 7 else text


def pushed(octets):
    """The text in a WSP push PDU (transport.md section 5.2), None if it is another PDU."""
    return octets[6:] if octets[1:6] == _PUSH else None


def notice(text, cookie):
    """Whether a text (bytes) is a notice for the session with this cookie (str).

    It may do no more than cause a poll: whoever knows the cookie can send one. Its version says
    nothing (more-pts-and-transport.md section 5)."""
    words = text.strip().split()
    if len(words) != 3 or words[0].upper() != b"WVCI":
        return False
    cookie = cookie.encode()
    return words[2] == cookie or words[2] == cookie + b"@"


def noticed(pdu, s, push):
    """Takes in an SMS (pdu.Received) to a port of CIR; returns whether it was for session s (None:
    there is none), which will poll. push: it holds a WSP push PDU instead of text."""
    from .errors import PeerError
    from .sms_bearer.text import decode

    out = bytearray(320)
    try:
        text = bytes(out[: decode(pdu, out)])
    except PeerError:
        return False
    if push:
        text = pushed(text)
    if not text or not s or not s.id or not notice(text, s.cookie):
        return False
    s.poll = True
    return True
