"""Writing SUBMIT: every vector octet for octet, validity in all forms, limits."""

# heap: 80K
from sms_vectors import cases, code, received

from microimps.errors import LocalError
from microimps.sms_bearer import text, times
from microimps.sms_bearer.pdu import Received
from microimps.sms_bearer.submit import Submit


def digits(message, size=32):
    chunk = bytearray(size)
    view = memoryview(chunk)
    whole = b""
    while True:
        n = message.hex(chunk)
        if not n:
            return str(whole, "ascii")
        whole += bytes(view[:n])


def begin(message, case):
    message.centre = case["smsc"]
    message.mr = case.get("mr", 0)
    message.flags = 0x20 * case.get("srr", 0) | 4 * case.get("rd", 0) | 0x80 * case.get("rp", 0)
    message.vp = b""
    if "vp" in case:
        message.flags |= 0x10
        message.vp = times.relative(case["vp_seconds"] // 60)
        assert message.vp[0] == case["vp"], case["id"]
    message.open(case["address"], case["dcs"])
    for element in case.get("ies", ()):
        data = bytes.fromhex(element["data"])
        value = 0
        for octet in data:
            value = value << 8 | octet
        message.element(int(element["iei"], 16), len(data), value >> 16, value & 0xFFFF)


def test_submit_vectors():
    message = Submit()
    for case in cases("submit"):
        begin(message, case)
        if "text" in case:
            text.encode(message, case["text"])
        else:
            message.write(bytes.fromhex(case["data"]))
        assert message.close() == case["tpdu_len"], case["id"]
        assert digits(message) == case["pdu"], case["id"]


def test_hex_in_any_pieces_and_again():
    message = Submit()
    message.open(b"2020")
    message.element(5, 4, 3590, 3590)
    message.write(b"WV13UP58 SI=s8Kd")
    length = message.close()
    whole = digits(message, 400)
    assert len(whole) == 2 * length + 2
    assert digits(message) == ""
    for size in (2, 3, 7, 64):
        assert message.close() == length
        assert digits(message, size) == whole


def test_pieces_of_data_join():
    message = Submit()
    message.open("+15551234")
    message.element(5, 4, 3590, 49152)
    assert message.end - message.pos == 133  # spec: transport.md section 3
    data = bytes(range(133))
    for i in range(0, 133, 19):
        assert message.write(memoryview(data)[i : i + 19]) == 19
    assert message.end == message.pos
    assert code(LocalError, message.write, b"x") == 210
    assert message.close() == 1 + 1 + 6 + 3 + 1 + 140
    back = Received()
    received(back, digits(message))
    assert bytes(back.buf[back.start : back.stop]) == data
    assert (back.dst, back.src) == (3590, 49152)


def test_validity_forms():
    message = Submit()
    back = Received()
    when = (2026, 3, 14, 15, 9, 26, -300)
    for flags, vp in (
        (0x00, b""),
        (0x10, times.relative(5)),
        (0x18, times.absolute(when)),
        (0x08, times.enhanced(90)),
    ):
        message.flags = flags
        message.vp = vp
        message.open("2020", 0)
        text.encode(message, "vp")
        message.close()
        received(back, digits(message))
        assert bytes(back.buf[back.stamp : back.stamp + len(vp)]) == vp
        assert text.text(back) == "vp"
    message.flags = 0x18
    message.vp = times.absolute(when)
    message.open("2020")
    message.close()
    received(back, digits(message))
    assert times.stamp(back.buf, back.stamp) == when


def test_relative_steps():
    # 23.040 clause 9.2.3.12.1; what lies between two steps becomes the later one
    for minutes, octet in (
        (1, 0),
        (5, 0),
        (6, 1),
        (720, 143),
        (721, 144),
        (750, 144),
        (751, 145),
        (1440, 167),
        (1441, 168),
        (2 * 1440, 168),
        (30 * 1440, 196),
        (30 * 1440 + 1, 197),
        (5 * 10080, 197),
        (63 * 10080, 255),
    ):
        assert times.relative(minutes) == bytes((octet,)), minutes
    for minutes in (0, -5, 63 * 10080 + 1):
        assert code(LocalError, times.relative, minutes) == 215


def test_enhanced_seconds():
    assert times.enhanced(1) == bytes((3, 0, 0, 0x10, 0, 0, 0))
    assert times.enhanced(99 * 3600 + 59 * 60 + 58) == bytes((3, 0x99, 0x95, 0x85, 0, 0, 0))
    for seconds in (0, 360000):
        assert code(LocalError, times.enhanced, seconds) == 215


def test_numbers():
    message = Submit()
    for number in ("", "+", "12a", "+1 555", "1" * 21, "++1", b"\xff"):
        assert code(LocalError, message.open, number) == 211, number
        message.open("2020")
        assert message.close() == 10
    message.open("+" + "1234567890" * 2)
    message.close()
    back = Received()
    received(back, digits(message))
    assert bytes(back.sender[: back.sender_len]) == b"+12345678901234567890"


def test_order_and_room():
    message = Submit()
    message.open("2020")
    message.write(b"data")
    assert code(LocalError, message.element, 5, 4, 1, 2) == 212
    message.open("2020", 0)
    assert code(LocalError, message.write, b"octets") == 210
    text.encode(message, "text")
    assert code(LocalError, message.element, 5, 4, 1, 2) == 212
    message.open("2020", 0)
    assert code(LocalError, text.encode, message, "x" * 161) == 210
    message.open("2020", 0)
    assert code(LocalError, text.encode, message, "x" * 159 + "€") == 210
    message.open("2020", 8)
    assert code(LocalError, text.encode, message, "ж" * 69 + "\U0001f600") == 210
    message.open("2020", 4)
    for _ in range(23):
        message.element(5, 4, 1, 2)
    assert code(LocalError, message.element, 5, 4, 1, 2) == 210
    message.open("2020")
    message.write(b"fine")
    message.close()
    assert digits(message) == "001100048102020004A70466696E65"


def test_text_after_every_length_of_header():
    message = Submit()
    back = Received()
    for size in range(1, 5):
        for times_over in range(4):
            for dcs in (0, 4, 8):
                message.open("2020", dcs)
                for _ in range(times_over):
                    message.element(0x70, size, 0xFFFF, 0xFFFF)
                for word in ("", "@", "{a}", "é"):
                    text.encode(message, word)
                message.close()
                received(back, digits(message))
                assert text.text(back) == "@{a}é", (size, times_over, dcs)


if __name__ == "__main__":
    from testing import run

    run(globals())
