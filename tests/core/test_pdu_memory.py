"""A received and a sent message leave next to nothing behind them on the heap."""

# heap: 64K
import gc

from microimps.sms_bearer.pdu import Received
from microimps.sms_bearer.submit import Submit

LINE = b"0591515510004404810202000462304151906200" + b"8C0605040E06C000" + b"41" * 133
REPORT = b"059151551000062A089151552143623041519062006230415190130000"
ROUNDS = 16


def grown(call):
    """Octets of heap that one call takes, collector off; 0 where there is nothing to measure."""
    if not hasattr(gc, "mem_alloc"):
        call()
        return 0
    call()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(ROUNDS):
        call()
    after = gc.mem_alloc()
    gc.enable()
    return (after - before) // ROUNDS


message = Received()
line = bytearray(LINE)
report = bytearray(REPORT)


def receive():
    message.feed(line, 0, len(line))
    if message.parse() or message.dst != 3590 or message.stop - message.start != 133:
        raise ValueError("not the message")


def receive_report():
    message.feed(report, 0, len(report))
    if message.parse() != 2 or message.mr != 42:
        raise ValueError("not the report")


sending = Submit()
chunk = bytearray(64)
number = b"+15551234"
part = memoryview(bytearray(133))


def send():
    sending.open(number)
    sending.element(5, 4, 3590, 3590)
    sending.write(part)
    sending.close()
    n = 0
    while True:
        k = sending.hex(chunk)
        if not k:
            break
        n += k
    if n != 2 * 153:
        raise ValueError("not the message")


def test_receiving_makes_no_garbage():
    assert grown(receive) == 0
    assert grown(receive_report) == 0


def test_sending_makes_no_garbage():
    assert grown(send) == 0


if __name__ == "__main__":
    print(
        "garbage: DELIVER %d, STATUS-REPORT %d, SUBMIT %d"
        % tuple(grown(call) for call in (receive, receive_report, send))
    )
    from testing import run

    run(globals())
