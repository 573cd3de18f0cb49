"""MD5 (RFC 1321) for builds of MicroPython without it."""

from binascii import unhexlify

# floor(2**32 * abs(sin(i + 1))) for i = 0 to 63, four octets each
_SINES = unhexlify(
    b"d76aa478e8c7b756242070dbc1bdceeef57c0faf4787c62aa8304613fd469501698098d88b44f7af"
    b"ffff5bb1895cd7be6b901122fd987193a679438e49b40821f61e2562c040b340265e5a51e9b6c7aa"
    b"d62f105d02441453d8a1e681e7d3fbc821e1cde6c33707d6f4d50d87455a14eda9e3e905fcefa3f8"
    b"676f02d98d2a4c8afffa39428771f6816d9d6122fde5380ca4beea444bdecfa9f6bb4b60bebfbc70"
    b"289b7ec6eaa127fad4ef308504881d05d9d4d039e6db99e51fa27cf8c4ac5665f4292244432aff97"
    b"ab9423a7fc93a039655b59c38f0ccc92ffeff47d85845dd16fa87e4ffe2ce6e0a30143144e0811a1"
    b"f7537e82bd3af2352ad7d2bbeb86d391"
)
_SHIFTS = b"\x07\x0c\x11\x16\x05\x09\x0e\x14\x04\x0b\x10\x17\x06\x0a\x0f\x15"
_ALL = 0xFFFFFFFF


def md5(octets):
    """MD5 digest of ``octets``: 16 bytes."""
    padding = b"\x80" + bytes((55 - len(octets)) % 64)
    octets = bytes(octets) + padding + (8 * len(octets)).to_bytes(8, "little")
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for at in range(0, len(octets), 64):
        a, b, c, d = state
        for i in range(64):
            turn = i >> 4
            if turn == 0:
                f, g = b & c | ~b & d, i
            elif turn == 1:
                f, g = d & b | ~d & c, (5 * i + 1) & 15
            elif turn == 2:
                f, g = b ^ c ^ d, (3 * i + 5) & 15
            else:
                f, g = c ^ (b | ~d & _ALL), 7 * i & 15
            word = int.from_bytes(octets[at + 4 * g : at + 4 * g + 4], "little")
            f = f + a + word + int.from_bytes(_SINES[4 * i : 4 * i + 4], "big") & _ALL
            n = _SHIFTS[turn << 2 | i & 3]
            a, d, c, b = d, c, b, b + (f << n | f >> 32 - n) & _ALL
        state = [
            state[0] + a & _ALL,
            state[1] + b & _ALL,
            state[2] + c & _ALL,
            state[3] + d & _ALL,
        ]
    return b"".join([x.to_bytes(4, "little") for x in state])
