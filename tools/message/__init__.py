"""Whole CSP messages on a host: octets to an element tree and back, in WBXML, XML and PTS.

The readers and writers of core do the work; here is what a board has no need or room for: names,
types, literals, attributes, and strictness. A tree uses plain names: `xmlns` is an attribute like
any other, integers are decimal text, dates are text, and blank text between child elements is
left out. spec: wbxml.md; addresses-and-types.md section 2.
"""

from .model import MAX_DEPTH, MAX_SIZE, DecodeError, EncodeError, Message, tidy
from .reading import decode, recognise
from .writing import encode, fragment

__all__ = (
    "MAX_DEPTH",
    "MAX_SIZE",
    "DecodeError",
    "EncodeError",
    "Message",
    "decode",
    "encode",
    "fragment",
    "recognise",
    "tidy",
)
