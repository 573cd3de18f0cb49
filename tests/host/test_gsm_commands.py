"""`microimps gsm` as a user runs it."""

import dataclasses
import os
import signal
import sqlite3
import subprocess
import time

import pytest
from gsm_wire import wait_for

from conftest import COMMAND
from microimps.tools.gsm import Faults, Rewriting, Settings

ARGV = [*COMMAND, "gsm"]
A, B = "447700900001", "447700900002"
PDU = "0011000C914477000900200004A7020102"

CONFIG = """
speed = 20
[faults]
seed = 4
[rewriting]
ports = "rewrite-source"
dcs_map = {"0x04" = 0xF5}
[[modem]]
number = "+447700900001"
family = "ec2x"
link = "LINK"
tcp = 0
[modem.settings]
prompt_form = "bare"
urc_at = ["inside"]
"""


def start(*argv):
    return subprocess.Popen(
        [*ARGV, *map(str, argv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "160", "PYTHONUNBUFFERED": "1"},
    )


def ask(fd, text, end, timeout=60.0):
    os.write(fd, text)
    said, until = b"", time.monotonic() + timeout
    while end not in said:
        assert time.monotonic() < until, said
        try:
            said += os.read(fd, 1000)
        except BlockingIOError:
            time.sleep(0.01)
    return said


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_run(tmp_path, stop):
    journal = tmp_path / "sms.db"
    process = start("--link", tmp_path, "--journal", journal, "--speed", "20", "--price", "0.1")
    try:
        link = tmp_path / f"modem-{A}"
        wait_for(link, process)
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        ask(fd, b"AT+CMGF=0\r", b"OK\r\n")
        ask(fd, b"AT+CMGS=%d\r" % (len(PDU) // 2 - 1), b"> ")
        assert b"OK" in ask(fd, PDU.encode() + b"\x1a", b"\r\nOK\r\n")
        os.close(fd)
        out = ""
        while "octets: delivered" not in out:
            line = process.stdout.readline()
            assert line, out
            out += line
        process.send_signal(stop)
        out += process.stdout.read()
        process.wait(60)
    finally:
        process.kill()
    assert process.returncode == 0, out
    assert f"modem-{A}" in out and f"modem-{B}" in out
    assert "accepted, cost 0.1" in out
    assert not link.exists()
    with sqlite3.connect(journal) as database:
        assert database.execute("select state from sms").fetchall() == [("delivered",)]


def test_configuration(tmp_path):
    config, link = tmp_path / "gsm.toml", tmp_path / "modem"
    config.write_text(CONFIG.replace("LINK", str(link)))
    process = start("--config", config, "--quiet")
    try:
        wait_for(link, process)
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        assert b"EC25" in ask(fd, b"ATI\r", b"OK\r\n")
        os.close(fd)
        process.terminate()
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and "socket://127.0.0.1:" in out


@pytest.mark.parametrize(
    ("argv", "toml", "says"),
    [
        (["--loss", "2"], "", "loss is a probability from 0 to 1"),
        (["--modem", "+1:nokia"], "", "unknown modem family 'nokia'; known: sim800"),
        (["--modem", "+1", "--modem", "+1"], "", "number +1 is already in use"),
        (["--speed", "0"], "", "speed must be above 0"),
        ([], "spede = 1", "unknown key spede; known: "),
        ([], "[faults]\nlos = 1", "[faults] has no los; known: "),
        ([], "[[modem]]\nfamily = 'ec2x'", "[[modem]] needs a number"),
        ([], "[[modem]]\nnumber='+1'\n[modem.settings]\necho='x'", "echo='x': choose one of"),
        ([], "speed = ", "Invalid value"),
    ],
)
def test_mistakes(tmp_path, argv, toml, says):
    if toml:
        (tmp_path / "c.toml").write_text(toml)
        argv = ["--config", tmp_path / "c.toml"]
    process = start(*argv)
    try:
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert says in out and "Traceback" not in out


@pytest.mark.parametrize("kind", [Settings, Faults, Rewriting])
def test_every_setting_is_documented(root, kind):
    text = (root / "docs" / "gsm.md").read_text()
    names = [field.name for field in dataclasses.fields(kind) if field.init]
    assert [name for name in names if f"`{name}`" not in text] == []
