"""SHA-1 (FIPS 180-4 section 6.1) for builds of MicroPython without it."""

_ALL = 0xFFFFFFFF


def sha1(octets):
    """SHA-1 digest of ``octets``: 20 bytes."""
    padding = b"\x80" + bytes((55 - len(octets)) % 64)
    octets = bytes(octets) + padding + (8 * len(octets)).to_bytes(8, "big")
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    for at in range(0, len(octets), 64):
        words = [int.from_bytes(octets[i : i + 4], "big") for i in range(at, at + 64, 4)]
        a, b, c, d, e = state
        for i in range(80):
            if i > 15:
                w = words[i - 3 & 15] ^ words[i - 8 & 15] ^ words[i - 14 & 15] ^ words[i & 15]
                words[i & 15] = w = (w << 1 | w >> 31) & _ALL
            else:
                w = words[i]
            if i < 20:
                f = (b & c | ~b & d) + 0x5A827999
            elif i < 40:
                f = (b ^ c ^ d) + 0x6ED9EBA1
            elif i < 60:
                f = (b & c | b & d | c & d) + 0x8F1BBCDC
            else:
                f = (b ^ c ^ d) + 0xCA62C1D6
            f = (a << 5 | a >> 27) + f + e + w & _ALL
            a, b, c, d, e = f, a, (b << 30 | b >> 2) & _ALL, c, d
        added = (a, b, c, d, e)
        state = [state[i] + added[i] & _ALL for i in range(5)]
    return b"".join([x.to_bytes(4, "big") for x in state])
