"""Segmentation of PTS and its assembly (core/sms_bearer/segment.py): pts.md section 7."""

from microimps.errors import LocalError
from microimps.pts import head
from microimps.sms_bearer.segment import Assembly, plan


def of(text):
    """(size, index, last, lettered) of a text's preamble, None if it has none."""
    octets = b"??" + text
    found = head(octets, 2, len(octets))
    if found < 0:
        return None
    return found & 15, found >> 4 & 31, found >> 9 & 31, found > 0x3FFF


def cut(message, room=133):
    """The parts of a message by the rule, made in another way than the bearer does."""
    preamble, _, rest = message.partition(b" ")
    most, n = plan(len(preamble), len(message), room)
    if n == 1:
        return [message]
    letters = b"abcdefghijklmnopqrstuvwxyz"
    last = letters[n - 1 : n]
    return [
        preamble + letters[k : k + 1] + last + b" " + rest[k * most : (k + 1) * most]
        for k in range(n)
    ]


def test_arithmetic_of_the_specification():
    for size, most in ((7, 123), (8, 122), (9, 121)):
        assert plan(size, 133, 133) == (133, 1)
        assert plan(size, 134, 133) == (most, 2)
        assert plan(size, size + 1 + 2 * most, 133) == (most, 2)
        assert plan(size, size + 2 + 2 * most, 133) == (most, 3)
        assert plan(size, size + 1 + 26 * most, 133) == (most, 26)
        try:
            plan(size, size + 2 + 26 * most, 133)
        except LocalError as error:
            assert error.args[0] == 49
        else:
            raise AssertionError("27 parts")


def test_worked_example():
    whole = (
        b'WV13UP58 SI=s8Kd UV=((UA,T,AV),(ST,T,"Out walking the dog until about six, call me on '
        b'the other phone if it is really urgent please"),(CF,T,((CT,MP),(CP,Acme),(CV,2.1))))'
    )
    parts = cut(whole)
    assert [len(part) for part in parts] == [133, 50]
    assert parts[1] == b'WV13UP58bb "),(CF,T,((CT,MP),(CP,Acme),(CV,2.1))))'


def test_every_length_is_cut_and_no_part_too_long():
    for tid in (b"1", b"58", b"999"):
        for n in range(100, 700):
            message = b"WV13UP" + tid + b" " + b"x" * n
            parts = cut(message)
            assert max([len(part) for part in parts]) <= 133
            size = len(tid) + 6
            joined = parts[0]
            if len(parts) > 1:
                joined = message[: size + 1] + b"".join([part[size + 3 :] for part in parts])
            assert joined == message


def test_preambles():
    assert of(b"WV13UP58 SI=s8Kd") == (8, 0, 0, False)
    assert of(b"WV12PO0") == (7, 0, 0, False)
    assert of(b"wv13up999 x") == (9, 0, 0, False)
    assert of(b"WVXXLR1 x") == (7, 0, 0, False)
    assert of(b"WV13UP58ab SI=s8Kd") == (8, 0, 1, True)
    assert of(b"WV13UP58AB SI=s8Kd") == (8, 0, 1, True)
    assert of(b"WV13UP58zz x") == (8, 25, 25, True)
    assert of(b"WV13UP5aa") == (7, 0, 0, True)


def test_what_is_no_preamble():
    for text in (
        b"",
        b"WV",
        b"WV13",
        b"WV13UP",
        b"WV13UPx",
        b"WV13UP x",
        b"WX13UP1 x",
        b"WV1aUP1 x",
        b"WV13U21 x",
        b"WV13UP1234 x",
        b"WV13UP1a x",
        b"WV13UP1a",
        b"WV13UP1abc x",
        b"WV13UP1ba x",
        b"WV13UP1{z x",
        b"Hello there",
        b"\xff" * 140,
        b"\0" * 140,
    ):
        assert of(text) is None, text


def part(index, last):
    return 8 | index << 4 | last << 9 | 0x4000


def test_any_order():
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        a = Assembly()
        for k in order[:2]:
            assert a.put(b"k", "5", part(k, 2), 100 + k, 0) is None
        parts = a.put(b"k", "5", part(order[2], 2), 100 + order[2], 0)
        assert parts.slots == [100, 101, 102] and parts.tid == "5"
        assert not a.begun and not a.free


def test_a_part_twice_and_the_same_slot_again():
    a = Assembly()
    a.put(b"k", "5", part(0, 1), 1, 0)
    a.put(b"k", "5", part(0, 1), 1, 0)
    assert a.repeats == 0 and a.free == []
    a.put(b"k", "5", part(0, 1), 7, 0)
    assert a.repeats == 1 and a.free == [1]
    assert a.put(b"k", "5", part(1, 1), 2, 0).slots == [7, 2]


def test_contradicting_counts_do_not_mix():
    a = Assembly()
    assert a.put(b"k", "5", part(0, 1), 1, 0) is None
    assert a.put(b"k", "5", part(1, 2), 2, 0) is None
    assert a.put(b"k", "5", part(1, 1), 3, 0).slots == [1, 3]
    assert len(a.begun) == 1


def test_expiry_over_the_wrap_of_the_clock():
    a = Assembly(8, 1000)
    now = (1 << 29) - 500
    a.put(b"k", "5", part(0, 1), 1, now)
    a.expire(400)
    assert a.begun and not a.expired
    a.expire(600)
    assert not a.begun and a.expired == 1 and a.free == [1]


def test_the_oldest_gives_way():
    a = Assembly(3)
    for i in range(5):
        a.put(b"%d" % i, "5", part(0, 1), i, 0)
    assert len(a.begun) == 3 and a.free == [0, 1] and a.expired == 2


if __name__ == "__main__":
    from testing import run

    run(globals())
