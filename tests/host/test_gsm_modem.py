"""The virtual modem's commands, forms and stores, as 27.005, 27.007 and V.250 have them."""

import asyncio
import os
import termios

import pytest
from gsm_wire import SERVICE, A, B, Inbox, Wire, play

from microimps.tools.gsm import Message, Network, Settings
from microimps.tools.gsm.atline import AtError, Command, Ranges, split
from microimps.tools.gsm.families import FAMILIES
from microimps.tools.gsm.message import ports_element
from microimps.tools.gsm.tpdu import submit


def tpdu(body=b"WV", to=SERVICE, **values):
    header = (ports_element(3590, 3590),)
    return submit(Message("", to, body, header, **values), b"\xa7")


def with_modem(scenario, family="generic", settings=None, **options):
    """Run a scenario with a network, its modem A on a wire, and the service's inbox."""

    async def run():
        async with Network(speed=options.pop("speed", 20)) as network:
            modem = await network.add_modem(A, family, settings, pty=False, **options)
            await scenario(network, Wire(modem), Inbox(network))

    play(run)


# command lines


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("", [Command("AT")]),
        ("E0", [Command("E", values="0")]),
        ("+CMEE=1;+CREG=2", [Command("+CMEE", "set", "1"), Command("+CREG", "set", "2")]),
        ("+CIFSR;E0", [Command("+CIFSR"), Command("E", values="0")]),
        ("E0V1&F", [Command("E", values="0"), Command("V", values="1"), Command("&F")]),
        ("S3?", [Command("S3", "read")]),
        ("S0=2+CSQ", [Command("S0", "set", "2"), Command("+CSQ")]),
        ('+CMGL="A;B"', [Command("+CMGL", "set", '"A;B"')]),
        ("+cpms=?", [Command("+CPMS", "test")]),
        ("^CURC=0", [Command("^CURC", "set", "0")]),
    ],
)
def test_split(line, commands):
    assert split(line) == commands


@pytest.mark.parametrize("line", ["1", "=2", '+CPMS="SM', "?"])
def test_split_refuses(line):
    with pytest.raises(AtError):
        split(line)


def test_fields():
    assert Command("+X", "set", '1,,"a,b",').fields() == ["1", None, "a,b", None]
    assert Command("+X", "set", "").fields() == []
    with pytest.raises(AtError):
        Command("+X", "set", "1,x").numbers(1, 2)


def test_ranges():
    ranges = Ranges('(0-2),(0,2),("GSM","UCS2"),*')
    assert len(ranges) == 4
    assert ranges.takes(0, "1") and not ranges.takes(0, "3")
    assert ranges.takes(1, "2") and not ranges.takes(1, "1")
    assert ranges.takes(2, "gsm") and ranges.takes(3, "anything")


# answers


@pytest.mark.parametrize("family", FAMILIES)
def test_identity(family):
    async def scenario(network, wire, inbox):
        data = FAMILIES[family]
        assert await wire.ask("ATI") == [*data.ati, "OK"]
        assert await wire.ask("AT+CGMI") == [data.manufacturer, "OK"]
        assert await wire.ask("AT+CGSN") == [wire.modem.imei, "OK"]
        assert await wire.ask("AT+CIMI") == ["001017700900001", "OK"]
        answer = await wire.ask("AT+CMEE=1;+NONSENSE")
        assert answer == ["ERROR" if data.unknown is None else f"+CME ERROR: {data.unknown}"]
        assert (await wire.ask("AT+CNMI=?"))[0] == f"+CNMI: {data.cnmi}"

    with_modem(scenario, family)


@pytest.mark.parametrize(
    ("commands", "answer"),
    [
        (["AT+CREG?"], "+CREG: 0,1"),
        (["AT+CREG=2", "AT+CREG?"], '+CREG: 2,1,"00C3","0000A1B2",0'),
        (["AT+CGREG=1", "AT+CGREG?"], "+CGREG: 1,1"),
        (["AT+COPS?"], '+COPS: 0,0,"Simulated network"'),
        (["AT+COPS=3,1", "AT+COPS?"], '+COPS: 0,1,"SIMNET"'),
        (["AT+COPS=3,2", "AT+COPS?"], '+COPS: 0,2,"00101"'),
        (["AT+CSMS=1"], "+CSMS: 1,1,1"),
        (["AT+CSMS?"], "+CSMS: 0,1,1,1"),
        (["AT+CNMI=2,2,0,1,0", "AT+CNMI=1", "AT+CNMI?"], "+CNMI: 1,2,0,1,0"),
        (["AT+CNMI=2,2,0,1,0", "AT+CNMI=,1", "AT+CNMI?"], "+CNMI: 2,1,0,1,0"),
        (["AT+CPMS=?"], '+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")'),
        (["AT+CPMS?"], '+CPMS: "SM",0,30,"SM",0,30,"SM",0,30'),
        (['AT+CPMS="ME"'], "+CPMS: 0,50,0,30,0,30"),
        (['AT+CPMS="ME","ME"', "AT+CPMS?"], '+CPMS: "ME",0,50,"ME",0,50,"SM",0,30'),
        (["AT+CSCA?"], '+CSCA: "+15550100",145'),
        (["AT+CNUM"], '+CNUM: "","+447700900001",145'),
        (["AT+CPIN?"], "+CPIN: READY"),
        (["AT+CSQ"], "+CSQ: 22,0"),
        (['AT+CSCS="UCS2"', "AT+CSCS?"], '+CSCS: "UCS2"'),
        (["AT+CMGF=1", "ATZ", "AT+CMGF?"], "+CMGF: 0"),
        (["AT+CMGF=1", "AT&W", "AT&F", "ATZ", "AT+CMGF?"], "+CMGF: 1"),
    ],
)
def test_answers(commands, answer):
    async def scenario(network, wire, inbox):
        for command in commands[:-1]:
            assert (await wire.ask(command))[-1] == "OK"
        assert await wire.ask(commands[-1]) == [answer, "OK"]

    with_modem(scenario)


@pytest.mark.parametrize(
    ("command", "plain", "numbered"),
    [
        ("AT+CMGR=1", "ERROR", "+CMS ERROR: 321"),
        ("AT+CMGR=99", "ERROR", "+CMS ERROR: 321"),
        ("AT+CNMI=9", "ERROR", "+CMS ERROR: 303"),
        ('AT+CPMS="XX"', "ERROR", "+CMS ERROR: 302"),
        ("AT+CMGS=0", "ERROR", "+CMS ERROR: 304"),
        ("AT+CNMA", "ERROR", "+CMS ERROR: 340"),
        ("AT+COPS=9", "ERROR", "+CME ERROR: 3"),
        ("AT+CRSM=192,28421", "ERROR", "ERROR"),
        ("ATE7", "ERROR", "ERROR"),
    ],
)
def test_errors(command, plain, numbered):
    async def scenario(network, wire, inbox):
        assert await wire.ask(command) == [plain]
        await wire.ask("AT+CMEE=1")
        assert await wire.ask(command) == [numbered]

    with_modem(scenario)


def test_errors_in_words():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=2")
        assert await wire.ask("AT+CMGR=1") == ["+CMS ERROR: invalid memory index"]
        assert await wire.ask("AT+COPS=9") == ["+CME ERROR: operation not allowed"]

    with_modem(scenario)


# octets


def test_framing_and_echo():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT\r")
        assert await wire.until(b"OK\r\n") == b"AT\r\r\nOK\r\n"
        await wire.ask("ATE0")
        await wire.quiet(0.02)
        wire.modem.feed(b"AT\r\n")
        assert await wire.until(b"OK\r\n") == b"\r\nOK\r\n"
        for octet in b"at+csq\r":  # one octet per write, lower case
            wire.modem.feed(bytes((octet,)))
        assert await wire.until(b"OK\r\n") == b"\r\n+CSQ: 22,0\r\n\r\nOK\r\n"

    with_modem(scenario)


@pytest.mark.parametrize("before", [b"\x1b\r", b"\0", b"\n\r", b"\xff\xfe", b"garbage "])
def test_octets_before_a_command(before):
    async def scenario(network, wire, inbox):
        wire.modem.feed(before + b"AT\x00+CSQ\r")
        assert b"+CSQ: 22,0" in await wire.until(b"OK\r\n")

    with_modem(scenario)


def test_line_without_at_is_ignored():
    async def scenario(network, wire, inbox):
        await wire.ask("ATE0")
        await wire.quiet(0.02)
        wire.modem.feed(b"nonsense\r")
        assert await wire.quiet() == b""

    with_modem(scenario)


def test_log_keeps_commands():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CSQ")
        assert list(wire.modem.log) == ["AT+CSQ"]

    with_modem(scenario)


# PIN


def test_pin():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        assert await wire.ask("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]
        assert await wire.ask("AT+CMGL=4") == ["+CME ERROR: 11"]
        assert await wire.ask("AT+CREG?") == ["+CREG: 0,0", "OK"]
        assert await wire.ask('AT+CPIN="0000"') == ["+CME ERROR: 16"]
        assert (await wire.ask('AT+CPIN="1234"'))[-1] == "OK"
        await wire.until(rb"\+CPIN: READY")
        assert await wire.ask("AT+CREG?") == ["+CREG: 0,1", "OK"]

    with_modem(scenario, pin="1234")


def test_three_wrong_pins_ask_for_the_puk():
    async def scenario(network, wire, inbox):
        for _ in range(3):
            await wire.ask('AT+CPIN="0000"')
        assert await wire.ask("AT+CPIN?") == ["+CPIN: SIM PUK", "OK"]
        await wire.ask('AT+CPIN="12345678","4321"')
        assert wire.modem.unlocked and wire.modem.sim.pin == "4321"

    with_modem(scenario, pin="1234")


# sending


def test_send_and_message_reference():
    async def scenario(network, wire, inbox):
        assert await wire.send(tpdu()) == ["+CMGS: 1", "OK"]
        assert await wire.send(tpdu()) == ["+CMGS: 2", "OK"]
        await network.drain()
        assert [m.ports for m in inbox.messages] == [(3590, 3590)] * 2
        assert inbox.messages[0].sender == A and inbox.messages[0].body == b"WV"

    with_modem(scenario)


def test_escape_cancels():
    async def scenario(network, wire, inbox):
        assert (await wire.send(tpdu(), cancel=True))[-1] == "OK"
        assert await wire.ask("AT") == ["OK"]
        await network.drain()
        assert not inbox.messages

    with_modem(scenario)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + b"\0", lambda t: b"\0" + t[1:]]
)
def test_bad_pdus_are_refused(change):
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        good = tpdu()
        bad = change(good)
        wire.modem.feed(b"AT+CMGS=%d\r" % len(good))
        await wire.until(b"> ")
        wire.modem.feed(b"00" + bad.hex().encode() + b"\x1a")
        assert b"+CMS ERROR: 304" in await wire.until(rb"ERROR: \d+")

    with_modem(scenario)


def test_octets_behind_the_user_data_are_dropped():
    async def scenario(network, wire, inbox):
        assert (await wire.send(tpdu() + b"\x03"))[-1] == "OK"
        await network.drain()
        assert inbox.messages[0].body == b"WV"

    with_modem(scenario)


def test_text_mode():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMGF=1")
        wire.modem.feed(b'AT+CMGS="%s",145\r' % SERVICE.encode())
        await wire.until(b"> ")
        wire.modem.feed(b"Hello\x1a")
        assert b"+CMGS: 1" in await wire.until(b"OK\r\n")
        await network.drain()
        assert inbox.messages[0].text == "Hello"
        inbox.application.send(A, "Grüße")
        await network.drain()
        await wire.quiet(0.02)
        head, body, _ = await wire.ask('AT+CMGL="ALL"')
        assert head.startswith(f'+CMGL: 1,"REC UNREAD","{SERVICE}",,"')
        assert body == "Grüße"
        assert '"REC READ"' in (await wire.ask("AT+CMGR=1"))[0]

    with_modem(scenario)


# stores


def test_stores_are_separate_and_reading_marks():
    async def scenario(network, wire, inbox):
        inbox.application.send(A, b"one")
        await network.drain()
        await wire.ask('AT+CPMS="SM","SM","ME"')
        inbox.application.send(A, b"two")
        await network.drain()
        await wire.quiet(0.02)
        assert await wire.ask("AT+CPMS?") == ['+CPMS: "SM",1,30,"SM",1,30,"ME",1,50', "OK"]
        first = await wire.ask("AT+CMGR=1")
        assert first[0].startswith("+CMGR: 0,,") and first[1].endswith(b"one".hex().upper())
        assert (await wire.ask("AT+CMGR=1"))[0].startswith("+CMGR: 1,,")
        assert await wire.ask("AT+CMGL") == ["OK"]  # nothing unread is left
        await wire.ask('AT+CPMS="ME"')
        assert (await wire.ask("AT+CMGL=4"))[1].endswith(b"two".hex().upper())
        assert await wire.ask("AT+CMGD=1,4") == ["OK"]
        assert await wire.ask("AT+CMGL=4") == ["OK"]

    with_modem(scenario)


def test_write_and_send_from_store():
    async def scenario(network, wire, inbox):
        message = tpdu(b"later")
        wire.modem.feed(b"AT+CMGW=%d\r" % len(message))
        await wire.until(b"> ")
        wire.modem.feed(b"00" + message.hex().encode() + b"\x1a")
        assert b"+CMGW: 1" in await wire.until(b"OK\r\n")
        assert (await wire.ask("AT+CMGL=2"))[0].startswith("+CMGL: 1,2,,")
        assert (await wire.ask("AT+CMSS=1"))[0] == "+CMSS: 1"
        await network.drain()
        assert inbox.messages[0].body == b"later"

    with_modem(scenario)


# indications


@pytest.mark.parametrize(
    ("cnmi", "said"),
    [
        ("2,1,0,0,0", rb'\r\n\+CMTI: "SM",1\r\n'),
        ("2,2,0,0,0", rb"\r\n\+CMT: ,\d+\r\n[0-9A-F]+\r\n"),
        ("2,3,0,0,0", rb'\+CMTI: "SM",1'),
    ],
)
def test_new_message_indications(cnmi, said):
    async def scenario(network, wire, inbox):
        await wire.ask(f"AT+CNMI={cnmi}")
        await wire.quiet(0.02)
        inbox.application.send(A, b"WV")
        await wire.until(said)

    with_modem(scenario)


def test_no_indication_and_buffered_ones():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CNMI=2,0,0,0,0")
        inbox.application.send(A, b"silent")
        await network.drain()
        assert await wire.quiet() in (b"", b"\n")
        await wire.ask("AT+CNMI=0,1")
        inbox.application.send(A, b"buffered")
        await network.drain()
        assert await wire.quiet() in (b"", b"\n")
        await wire.ask("AT+CNMI=2")
        await wire.until(rb'\+CMTI: "SM",2')

    with_modem(scenario)


@pytest.mark.parametrize(
    ("ds", "said"), [("1", rb"\+CDS: \d+\r\n[0-9A-F]+"), ("2", rb'\+CDSI: "SM",1')]
)
def test_status_reports(ds, said):
    async def scenario(network, wire, inbox):
        await wire.ask(f"AT+CNMI=2,1,0,{ds},0")
        await wire.send(tpdu(report=True))
        await wire.until(said)

    with_modem(scenario)


def test_class_2_goes_to_the_store():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CNMI=2,2,0,0,0")
        inbox.application.send(A, b"WV", dcs=0xF6)
        await wire.until(rb'\+CMTI: "SM",1')

    with_modem(scenario)


# lines to hosts


async def answer(fd):
    """What a device says up to OK."""
    said = b""
    while not said.endswith(b"\r\nOK\r\n"):
        try:
            said += os.read(fd, 4096)
        except BlockingIOError:
            await asyncio.sleep(0.01)
    return said


def test_pty_and_tcp(tmp_path):
    link = tmp_path / "modem"

    async def scenario():
        async with Network() as network:
            modem = await network.add_modem(A, link=link, tcp=0)
            fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            assert not termios.tcgetattr(fd)[3] & termios.ECHO
            os.write(fd, b"ATE0\r")
            assert await answer(fd) == b"ATE0\r\r\nOK\r\n"
            os.close(fd)
            while modem.endpoints[0].attached:
                await asyncio.sleep(0.01)
            modem.indicate("+LOST: 1")  # nobody is there to hear it
            fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(fd, b"AT\r")
            assert await answer(fd) == b"\r\nOK\r\n"
            os.close(fd)
            port = modem.endpoints[1].port
            assert modem.endpoints[1].name == f"socket://127.0.0.1:{port}"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"AT+CSQ\r")
            assert await reader.readuntil(b"OK\r\n") == b"\r\n+CSQ: 22,0\r\n\r\nOK\r\n"
            writer.close()
        assert not link.exists()

    play(scenario)


def test_slow_host_gets_everything():
    """More than a pty's buffer holds, read only afterwards."""

    async def scenario():
        async with Network(speed=20) as network:
            modem = await network.add_modem(A, sim_size=200)
            sender = Inbox(network).application
            for n in range(200):
                sender.send(A, bytes((n,)) * 140)
            await network.drain()
            fd = os.open(modem.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(fd, b"AT+CMGL=4\r")
            await asyncio.sleep(0.3)
            said = await answer(fd)
            os.close(fd)
            assert said.count(b"+CMGL: ") == 200
            assert all((bytes((n,)) * 140).hex().upper().encode() in said for n in range(200))

    play(scenario)


def test_number_in_use():
    async def scenario():
        async with Network() as network:
            await network.add_modem(B, pty=False)
            with pytest.raises(ValueError, match="already in use"):
                await network.add_modem(B, pty=False)

    play(scenario)


def test_settings_name_their_choices():
    with pytest.raises(ValueError, match="choose one of 'crlf', 'bare'"):
        Settings(prompt_form="none at all")
    with pytest.raises(ValueError, match="unknown modem setting 'promt'"):
        Settings.from_table({"promt": 1})
    assert Settings.from_table({"urc_at": ["inside"], "noise": "\0"}).noise == b"\0"
