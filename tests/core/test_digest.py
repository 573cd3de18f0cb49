"""The hashes for builds without them, against RFC 1321, FIPS 180 and the runtime's own."""

import hashlib
from binascii import hexlify

from microimps.ports.md5 import md5
from microimps.ports.sha1 import sha1


def test_published_vectors():
    assert hexlify(md5(b"")) == b"d41d8cd98f00b204e9800998ecf8427e"
    assert hexlify(md5(b"message digest")) == b"f96b697d7cb7938d525a2f31aaf161d0"
    assert hexlify(sha1(b"abc")) == b"a9993e364706816aba3e25717850c26c9cd0d89d"
    assert hexlify(sha1(b"")) == b"da39a3ee5e6b4b0d3255bfef95601890afd80709"


def test_every_length_around_a_block():
    for n in (1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128):
        octets = bytes([i * 7 & 0xFF for i in range(n)])
        assert md5(octets) == hashlib.md5(octets).digest(), n
        assert sha1(octets) == hashlib.sha1(octets).digest(), n


if __name__ == "__main__":
    from testing import run

    run(globals())
