"""Each row of the robustness check-list: the setting that shows it, turned on."""

import dataclasses

import pytest
from gsm_wire import FINAL, SERVICE, A, Inbox, Wire, play

from microimps.tools.gsm import Faults, Message, Network, Rewriting, Settings
from microimps.tools.gsm.families import FAMILIES
from microimps.tools.gsm.message import ports_element
from microimps.tools.gsm.tpdu import read_deliver, submit


def tpdu(body=b"WV", **values):
    return submit(Message("", SERVICE, body, (ports_element(3590, 3590),), **values), b"\xa7")


def with_modem(scenario, family="generic", faults=None, rewriting=None, settings=None, **options):
    """Run a scenario with a network, its modem A on a wire and the service's inbox.

    `settings` are given as a dictionary.
    """

    async def run():
        async with Network(faults, rewriting, speed=20, retries=(10.0,)) as network:
            modem = await network.add_modem(
                A, family, Settings(**(settings or {})), pty=False, **options
            )
            await scenario(network, Wire(modem), Inbox(network))

    play(run)


async def received(network, wire, inbox, content=b"WV", **values):
    """Send from the service to the modem; the message as the modem's store has it."""
    inbox.application.send(A, content, **values)
    await network.drain()
    (slot,) = wire.modem.stores["SM"].slots.values()
    return read_deliver(slot.tpdu)[0]


# start-up and resets


@pytest.mark.parametrize(
    "family", [f for f in FAMILIES.values() if f.banner], ids=lambda f: f.name
)
def test_01_start_up_lines(family):
    async def scenario(network, wire, inbox):
        wire.modem.restart()
        for _, line in family.banner:
            await wire.until(b"\r\n" + line.replace("+", r"\+").replace("*", r"\*").encode())
        assert wire.modem.restarts == 1

    with_modem(scenario, family)


@pytest.mark.parametrize(
    ("code", "answer"), [(14, "+CME ERROR: 14"), (515, "+CMS ERROR: 515"), (None, "ERROR")]
)
def test_02_not_ready(code, answer):
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        assert await wire.ask("AT+CMGF=0") == [answer]
        assert (await wire.ask("AT+CSQ"))[-1] == "OK"
        assert wire.modem.ready_at > network.clock.time()
        wire.modem.ready_at = network.clock.time()
        assert await wire.ask("AT+CMGF=0") == ["OK"]

    with_modem(scenario, settings={"ready_delay": 1e6, "ready_error": code})


def test_03_settings_are_forgotten():
    async def scenario(network, wire, inbox):
        await wire.ask("ATE0;+CMEE=1;+CNMI=2,2;+CMGF=1")
        wire.modem.restart()
        assert await wire.ask("AT+CMGF?") == ["+CMGF: 0", "OK"]
        assert await wire.ask("AT+CNMI?") == ["+CNMI: 2,1,0,0,0", "OK"]
        wire.modem.feed(b"AT\r")
        assert (await wire.until(FINAL)).lstrip().startswith(b"AT\r")  # echo is back

    with_modem(scenario)


def test_04_bad_profile():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        assert (await wire.send(tpdu()))[-1] == "+CMS ERROR: 500"
        await wire.ask("ATZ")
        assert (await wire.send(tpdu()))[-1] == "ERROR"
        await wire.ask("AT&F")
        assert (await wire.send(tpdu()))[-1] == "OK"

    with_modem(scenario, settings={"bad_profile": True})


@pytest.mark.parametrize(("moment", "arrives"), [("prompt", 0), ("unsent", 0), ("sent", 1)])
def test_05_restart_while_sending(moment, arrives):
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        if moment != "prompt":
            await wire.until(b"> ")
            wire.modem.feed(b"00" + tpdu().hex().encode() + b"\x1a")
        said = await wire.until(rb"\r\nRDY\r\n")
        assert b"+CMGS:" not in said.replace(b"AT+CMGS", b"")
        await network.drain()
        assert len(inbox.messages) == arrives
        assert (await wire.send(tpdu()))[-1] == "OK"  # it happens restart_times only

    with_modem(scenario, "ec2x", settings={"restart_at": moment})


def test_06_first_octets_are_lost():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT\r")
        assert await wire.quiet() == b"\r"
        assert await wire.ask("AT") == ["OK"]

    with_modem(scenario, settings={"lose_first": 2})


def test_07_first_octet_after_idle_is_lost():
    async def scenario(network, wire, inbox):
        await network.clock.sleep(21)
        wire.modem.feed(b"AT\r")
        assert b"OK" not in await wire.quiet(0.02)
        assert await wire.ask("AT") == ["OK"]

    with_modem(scenario, settings={"lose_after_idle": 20.0})


def test_07_power_saving_can_be_turned_off():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+UPSV=0")
        await network.clock.sleep(2)
        assert await wire.ask("AT") == ["OK"]

    with_modem(scenario, "sara", settings={"lose_after_idle": 1.0})


@pytest.mark.parametrize(
    ("family", "command"),
    [("sim7600", "+CRESET"), ("telit", "#REBOOT"), ("sara", "+CFUN=16"), ("sim800", "+CFUN=1,1")],
)
def test_reset_commands(family, command):
    async def scenario(network, wire, inbox):
        await wire.ask("ATE0")
        assert await wire.ask("AT" + command) == ["OK"]
        await wire.quiet()
        assert wire.modem.restarts == 1 and wire.modem.echo

    with_modem(scenario, family)


# the line


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        ("before", ["+CREG: 5", "+CMGL: 1", "X", "+CMGL: 2", "X", "OK"]),
        ("inside", ["+CMGL: 1", "X", "+CREG: 5", "+CMGL: 2", "X", "OK"]),
        ("after", ["+CMGL: 1", "X", "+CMGL: 2", "X", "OK"]),
    ],
)
def test_08_indication_in_an_answer(place, answer):
    async def scenario(network, wire, inbox):
        inbox.application.send(A, b"1")
        inbox.application.send(A, b"2")
        await network.drain()
        await wire.ask("AT+CNMI=2,0")
        await wire.quiet(0.02)
        lines = await wire.ask("AT+CMGL=4")
        assert [line[:8] if line[0] == "+" else "X" for line in lines[:-1]] + ["OK"] == answer
        if place == "after":
            await wire.until(rb"\+CREG: 5")

    with_modem(scenario, settings={"urc_at": frozenset({place})})


def test_08_indication_at_the_prompt():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        await wire.until(rb"> \r\n\+CREG: 5\r\n")
        wire.modem.feed(b"00" + tpdu().hex().encode() + b"\x1a")
        assert b"+CMGS: 1" in await wire.until(FINAL)

    with_modem(scenario, settings={"urc_at": frozenset({"prompt"})})


def test_09_answer_and_indication_of_one_prefix():
    async def scenario(network, wire, inbox):
        assert await wire.ask("AT+CREG?") == ["+CREG: 5", "+CREG: 0,1", "OK"]

    with_modem(scenario, settings={"urc_at": frozenset({"before"})})


@pytest.mark.parametrize(
    ("echo", "end", "said"),
    [
        ("on", "cr", b"AT\r\r\nOK\r\n"),
        ("on", "crlf", b"AT\r\n\r\nOK\r\n"),
        ("on", "none", b"AT\r\nOK\r\n"),
        ("off", "cr", b"\r\nOK\r\n"),
    ],
)
def test_10_echo(echo, end, said):
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT\r")
        assert await wire.quiet(0.05) == said

    with_modem(scenario, settings={"echo": echo, "echo_end": end})


@pytest.mark.parametrize(
    ("form", "said"),
    [("crlf", b"\r\n> "), ("bare", b"\r\n>"), ("cr", b"\r\n>\r"), ("crlf-after", b"\r\n>\r\n")],
)
def test_11_prompt_forms(form, said):
    async def scenario(network, wire, inbox):
        await wire.ask("ATE0")
        await wire.quiet(0.02)
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        assert await wire.quiet(0.05) == said
        wire.modem.feed(b"00" + tpdu().hex().encode() + b"\x1a")
        await wire.until(rb"\+CMGS: 1")

    with_modem(scenario, settings={"prompt_form": form})


def test_11_text_before_the_prompt():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        await wire.until(rb"\r\nSend:\r\n\r\n> $")

    with_modem(scenario, settings={"text_around": "Send:"})


def test_12_no_prompt():
    async def scenario(network, wire, inbox):
        await wire.ask("ATE0")
        await wire.quiet(0.02)
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        assert await wire.quiet() == b""
        wire.modem.feed(b"\x1b")
        await wire.until(b"OK")
        assert await wire.ask("AT") == ["OK"]

    with_modem(scenario, settings={"prompt_form": "none"})


def test_13_indication_without_an_index():
    async def scenario(network, wire, inbox):
        inbox.application.send(A, b"WV")
        await wire.until(rb"\+CMTI: ,-1\r")

    with_modem(scenario, settings={"cmti_bad_index": True})


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("zero", rb"\+CMT: 0\r\n0[0-9A-F]{20,}\r\n"),
        ("no-name", rb"\+CMT: ,\d+\r\n0[0-9A-F]{20,}\r\n"),
        ("name", rb'\+CMT: "Mum",\d+\r\n0[0-9A-F]{20,}\r\n'),
        ("cut", rb"\+CMT: ,\d+\r\n\+CREG: 5\r\n0[0-9A-F]{20,}\r\n"),
    ],
)
def test_13_forms_of_cmt(form, said):
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CNMI=2,2")
        inbox.application.send(A, b"WV")
        await wire.until(said)

    with_modem(scenario, settings={"cmt_form": form})


def test_14_indications_are_held_back():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        await wire.until(b"> ")
        inbox.application.send(A, b"WV")
        assert b"+CMTI" not in await wire.quiet()
        wire.modem.feed(b"\x1b")
        assert b"+CMTI" not in await wire.until(b"OK\r\n")
        assert b"+CMTI" not in await wire.quiet(0.02)
        await wire.until(rb"\+CMTI")

    with_modem(scenario, settings={"urc_hold": 2.0})


def test_14a_stray_octets():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT\r")
        assert await wire.quiet(0.05) == b"AT\r\0\xff\r\nOK\r\n"

    with_modem(scenario, settings={"noise": b"\0\xff"})


@pytest.mark.parametrize(
    ("form", "said"), [("cr", b"AT\r+CSQ: 22,0\rOK\r"), ("trailing", b"AT\r+CSQ: 22,0\r\nOK\r\n")]
)
def test_line_ends(form, said):
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CSQ\r")
        assert (await wire.quiet(0.05)).replace(b"AT+CSQ", b"AT") == said

    with_modem(scenario, settings={"line_end": form})


def test_half_lines():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"ATE0+CSQ\r")
        assert b"\r\n+CSQ: 22,0\r\n\r\nO" in await wire.quiet(0.05)

    with_modem(scenario, settings={"truncate_every": 2})


@pytest.mark.parametrize("silent", ["+CSQ", "*"])
def test_silence(silent):
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CSQ\r")
        assert await wire.quiet() == b"AT+CSQ\r"

    with_modem(scenario, settings={"silent": frozenset({silent})})


def test_missing_commands():
    async def scenario(network, wire, inbox):
        for command in ("AT", "AT+CNMI=2,1", "AT+CPMS?", "AT+CSMS=1"):
            assert await wire.ask(command) == ["ERROR"]
        assert (await wire.ask("AT+CSMS=0"))[-1] == "OK"

    missing = frozenset({"AT", "+CNMI", "+CPMS", "+CSMS=1"})
    with_modem(scenario, settings={"missing": missing})


def test_error_then_ok():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+NONE\r")
        await wire.until(rb"\r\nERROR\r\n\r\nOK\r\n")

    with_modem(scenario, settings={"ok_after_error": True})


def test_answers_of_ones_own():
    async def scenario(network, wire, inbox):
        assert await wire.ask("AT+QGMR") == ["+QGMR: 7", "OK"]

    with_modem(scenario, settings={"extra": {"+QGMR": "+QGMR: 7"}})


# sending


def test_15_late_answer():
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        await wire.until(b"> ")
        wire.modem.feed(b"00" + tpdu().hex().encode() + b"\x1a")
        assert b"+CMGS: " not in await wire.quiet(0.1)
        assert len(inbox.messages) == 1  # it is on its way all the same
        await wire.until(rb"\+CMGS: 1")

    with_modem(scenario, settings={"cmgs_delay": 20.0})


@pytest.mark.parametrize(("answer", "arrives"), [("none", 0), ("none-but-sent", 1)])
def test_15_no_answer(answer, arrives):
    async def scenario(network, wire, inbox):
        wire.modem.feed(b"AT+CMGS=%d\r" % len(tpdu()))
        await wire.until(b"> ")
        wire.modem.feed(b"00" + tpdu().hex().encode() + b"\x1a")
        assert b"OK" not in await wire.quiet()
        assert len(inbox.messages) == arrives
        assert await wire.ask("AT") == ["OK"]

    with_modem(scenario, settings={"cmgs_answer": answer})


@pytest.mark.parametrize("code", [500, 38, 69, 21, 512])
def test_16_17_send_errors_then_recovery(code):
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        for _ in range(2):
            assert (await wire.send(tpdu()))[-1] == f"+CMS ERROR: {code}"
        assert (await wire.send(tpdu()))[-1] == "OK"

    with_modem(scenario, settings={"cmgs_answer": "error", "cmgs_error": code, "cmgs_times": 2})


def test_18_no_service_centre():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        assert await wire.ask("AT+CSCA?") == ['+CSCA: "",129', "OK"]
        assert (await wire.send(tpdu()))[-1] == "+CMS ERROR: 330"
        await wire.ask('AT+CSCA="+15550100",145')
        assert (await wire.send(tpdu()))[-1] == "OK"

    with_modem(scenario, service_centre="")


def test_19_packet_domain_only():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        assert await wire.ask("AT+CREG?") == ["+CREG: 0,0", "OK"]
        assert await wire.ask("AT+CEREG?") == ["+CEREG: 0,1", "OK"]
        assert (await wire.send(tpdu()))[-1] == "+CMS ERROR: 331"
        await wire.ask("AT+CGSMS=2")
        assert (await wire.send(tpdu()))[-1] == "OK"

    with_modem(scenario, settings={"domain": "packet"})


def test_20_rate_limit():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CMEE=1")
        answers = [(await wire.send(tpdu()))[-1] for _ in range(4)]
        assert answers == ["OK", "OK", "+CMS ERROR: 42", "+CMS ERROR: 42"]
        await network.clock.sleep(50)
        assert (await wire.send(tpdu()))[-1] == "OK"

    with_modem(scenario, faults=Faults(rate_limit=0.04, rate_window=50))


# receiving


def test_22_lost_indications():
    async def scenario(network, wire, inbox):
        for _ in range(4):
            inbox.application.send(A, b"WV")
        await network.drain()
        assert (await wire.quiet()).count(b"+CMTI") == 2
        assert wire.modem.sim.store.used == 4

    with_modem(scenario, settings={"drop_cmti_every": 2})


def test_23_another_store():
    async def scenario(network, wire, inbox):
        inbox.application.send(A, b"WV")
        await wire.until(rb'\+CMTI: "ME",1')
        assert await wire.ask("AT+CMGR=1") == ["ERROR"]
        await wire.ask('AT+CPMS="ME"')
        assert len(await wire.ask("AT+CMGR=1")) == 3

    with_modem(scenario, settings={"store_in": "ME"})


def test_23_ok_and_nothing():
    async def scenario(network, wire, inbox):
        assert await wire.ask("AT+CMGR=1") == ["OK"]

    with_modem(scenario, dataclasses.replace(FAMILIES["generic"], empty_slot=None))


def test_24_full_store():
    async def scenario(network, wire, inbox):
        for n in range(7):
            inbox.application.send(A, bytes((n,)))
        await wire.until(rb'\^SMMEMFULL: "SM"\r\n')
        await network.clock.sleep(5)
        assert '+CPMS: "SM",5,5,"SM",5,5,"SM",5,5' in await wire.ask("AT+CPMS?")
        await wire.ask("AT+CMGD=1,4")
        await network.drain()
        assert wire.modem.sim.store.used == 2  # the rest comes as soon as there is room

    with_modem(scenario, settings={"storage_size": 5, "full_notice": '^SMMEMFULL: "SM"'})


def test_25_delete_does_nothing():
    async def scenario(network, wire, inbox):
        await received(network, wire, inbox)
        assert (await wire.ask("AT+CMGD=1"))[-1] == "OK"
        assert wire.modem.sim.store.used == 1

    with_modem(scenario, settings={"delete_works": False})


def test_26_values_of_cnmi():
    async def scenario(network, wire, inbox):
        assert await wire.ask("AT+CNMI=?") == ["+CNMI: (0-3),(0,1),(0,2,3),(0,2),(1)", "OK"]
        assert await wire.ask("AT+CNMI=2,1,0,2,0") == ["ERROR"]
        assert await wire.ask("AT+CNMI=2,1,0,2,1") == ["OK"]

    with_modem(scenario, settings={"cnmi_list": "(0-3),(0,1),(0,2,3),(0,2),(1)"})


def test_27_reports_are_elsewhere():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CNMI=2,1,0,2,0")
        await wire.send(tpdu(report=True))
        await wire.until(rb'\+CDSI: "SM",0')
        assert not wire.modem.sim.store.used
        assert wire.modem.stores["SR"].used == 1

    with_modem(scenario, "ec2x", settings={"report_style": "stored-elsewhere"})


def test_28_unconfirmed_delivery():
    async def scenario(network, wire, inbox):
        await wire.ask("AT+CSMS=1;+CNMI=2,2")
        await wire.quiet(0.02)
        inbox.application.send(A, b"1")
        await wire.until(rb"\+CMT: ,\d+\r\n\S+")
        assert (await wire.ask("AT+CNMA"))[-1] == "OK"
        await network.drain()
        wire.modem.settings.cnma_timeout = 1.0
        inbox.application.send(A, b"2")
        await wire.until(rb"\+CMT: ")
        await network.clock.sleep(20)  # no +CNMA: not taken, and no more direct delivery
        assert wire.modem.values["+CNMI"][1] == "0"
        await network.drain()
        assert wire.modem.sim.store.used == 1  # the network sent it again
        states = [row["state"] for row in network.journal.rows()]
        assert states == ["delivered", "delivered"]

    with_modem(scenario, settings={"cnma_timeout": 1e6})


@pytest.mark.parametrize(
    ("order", "arrives"), [("sent", b"0123"), ("reversed", b"3210"), ("shuffled", None)]
)
def test_29_order(order, arrives):
    async def scenario(network, wire, inbox):
        for n in b"0123":
            await wire.send(tpdu(bytes((n,))))
        await network.drain()
        came = b"".join(m.body for m in inbox.messages)
        assert came == arrives if arrives else sorted(came) == sorted(b"0123") and came != b"0123"

    with_modem(scenario, faults=Faults(order=order, order_window=10, seed=3))


def test_29_repeat_and_withhold():
    async def scenario(network, wire, inbox):
        for n in b"0123":
            await wire.send(tpdu(bytes((n,))))
        await network.drain()
        assert sorted(b"".join(m.body for m in inbox.messages)) == sorted(b"001133")

    with_modem(scenario, faults=Faults(duplicate=1.0, duplicate_delay=0.1, withhold_part=3))


def test_30_wake_ups():
    async def scenario(network, wire, inbox):
        await network.clock.sleep_until((network.clock.time() // 8 + 1) * 8)
        inbox.application.send(A, b"WV")
        wakes = (network.clock.time() // 8 + 1) * 8
        await wire.until(rb"\+CMTI")
        assert network.clock.time() >= wakes

    with_modem(scenario, settings={"wake_every": 8.0})


def test_31_fifty_messages():
    async def scenario(network, wire, inbox):
        for n in range(50):
            inbox.application.send(A, bytes((n,)))
        await network.drain()
        assert len(await wire.ask("AT+CMGL=4", 5)) > 100

    with_modem(scenario, sim_size=50)


# on the way


def test_32_source_port_changes():
    async def scenario(network, wire, inbox):
        message = await received(network, wire, inbox, ports=(3590, 3590))
        assert message.ports == (3590, 49152)

    with_modem(scenario, rewriting=Rewriting(ports="rewrite-source"))


@pytest.mark.parametrize(
    ("rewriting", "header", "body"),
    [
        (Rewriting(ports="drop"), b"", b"WV"),
        (Rewriting(header="strip"), b"", b"WV"),
        (Rewriting(header="leave-in-body"), b"", bytes.fromhex("0605040E060E06") + b"WV"),
    ],
)
def test_33_header_goes_missing(rewriting, header, body):
    async def scenario(network, wire, inbox):
        message = await received(network, wire, inbox, ports=(3590, 3590))
        assert (message.header_octets(), message.body) == (header, body)

    with_modem(scenario, rewriting=rewriting)


def test_34_ports_as_fields():
    async def scenario(network, wire, inbox):
        await wire.send(tpdu())
        await network.drain()
        (message,) = inbox.messages
        assert not message.header
        assert message.fields == {"destination_port": 3590, "source_port": 3590}
        assert message.ports == (3590, 3590)

    with_modem(scenario, rewriting=Rewriting(ports="as-fields"))


@pytest.mark.parametrize("dcs", [0xF5, 0x15, 0xF4])
def test_35_coding_changes(dcs):
    async def scenario(network, wire, inbox):
        message = await received(network, wire, inbox)
        assert (message.dcs, message.body) == (dcs, b"WV")

    with_modem(scenario, rewriting=Rewriting(dcs_map={4: dcs}))


def test_36_corrupt_and_cut():
    async def corrupt(network, wire, inbox):
        message = await received(network, wire, inbox, b"WV12")
        changed = [a ^ b for a, b in zip(message.body, b"WV12", strict=True) if a != b]
        assert len(changed) == 1 and changed[0].bit_count() == 1

    async def cut(network, wire, inbox):
        assert (await received(network, wire, inbox, b"WV\0rest")).body == b"WV"

    with_modem(corrupt, rewriting=Rewriting(body="corrupt"))
    with_modem(cut, rewriting=Rewriting(body="cut-at-zero"))


def test_37_wrong_label():
    async def scenario(network, wire, inbox):
        inbox.application.send(A, "abcd", dcs=8)
        await network.drain()
        (slot,) = wire.modem.stores["SM"].slots.values()
        assert read_deliver(slot.tpdu)[0].dcs == 0
        assert slot.tpdu.endswith("abcd".encode("utf-16-be"))

    with_modem(scenario, rewriting=Rewriting(dcs_map={8: 0}))


def test_38_sender_changes():
    async def scenario(network, wire, inbox):
        assert (await received(network, wire, inbox)).sender == "IMPS"

    with_modem(scenario, rewriting=Rewriting(sender="IMPS"))


def test_39_too_long():
    async def scenario(network, wire, inbox):
        inbox.application.send(A, b"WV")
        await network.drain()
        (slot,) = wire.modem.stores["SM"].slots.values()
        assert len(slot.tpdu) == 17 + 144 and slot.tpdu[16] == 144

    with_modem(scenario, rewriting=Rewriting(body="too-long"))


def test_settings_change_while_it_runs():
    async def scenario(network, wire, inbox):
        wire.modem.settings.silent = frozenset({"*"})
        wire.modem.feed(b"AT\r")
        assert await wire.quiet(0.05) == b"AT\r"
        wire.modem.settings.silent = frozenset()
        assert await wire.ask("AT") == ["OK"]

    with_modem(scenario)
