"""A real microcontroller image: the micro:bit's MicroPython 1.9.2, emulated by QEMU.

It is too old for the client, which `microimps flash` and `microimps doctor` have to say; programs
are run on it as on any board.
"""

import re
import subprocess

import pytest
from mpremote.transport_serial import SerialTransport
from typer.testing import CliRunner

from conftest import need, unavailable
from microimps.tools import cli

pytestmark = pytest.mark.interop

FIRMWARE = "/usr/share/firmware-microbit-micropython/firmware.hex"


@pytest.fixture(scope="module")
def microbit():
    """The port of a running one."""
    program = need("qemu-system-arm")
    try:
        open(FIRMWARE).close()
    except OSError:
        unavailable(f"{FIRMWARE} is missing: apt install firmware-microbit-micropython")
    machine = [program, "-M", "microbit", "-nographic", "-monitor", "null", "-serial", "pty"]
    loader = ["-device", f"loader,file={FIRMWARE}"]
    process = subprocess.Popen(
        [*machine, *loader], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        said = process.stdout.readline()
        found = re.search(r"redirected to (\S+)", said)
        assert found, said
        yield found[1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_programs_run(microbit, tmp_path):
    (tmp_path / "program.py").write_text("import sys\nprint(sys.implementation)\n")
    board = SerialTransport(microbit, timeout=10)
    try:
        board.enter_raw_repl(soft_reset=False)
        assert board.exec("print(6 * 7)") == b"42\r\n"
        assert b"(1, 9, 2)" in board.execfile(str(tmp_path / "program.py"))
        board.exit_raw_repl()
    finally:
        board.close()


def test_it_is_too_old(microbit):
    done = CliRunner().invoke(cli.app, ["flash", "--port", microbit])
    assert done.exit_code == 4, done.output
    assert "micropython 1.9.2" in done.stderr and "1.24 or later" in done.stderr
    assert "micropython.org/download" in done.stderr
    done = CliRunner().invoke(cli.app, ["doctor", "--port", microbit])
    assert done.exit_code == 1 and "1.24 or later" in done.output
