"""`make demo` and `make demo-sms`, with a shorter list and a network that loses nothing."""

from typer.testing import CliRunner

from microimps.tools import cli

run = CliRunner().invoke


def test_demo(micropython):
    done = run(cli.app, ["demo", "--contacts", "50"])
    assert done.exit_code == 0, done.output
    assert "MicroPython, heap of 64K" in done.output and "each exactly once" in done.output


def test_demo_sms(micropython):
    perfect = ("--loss", "0", "--duplicate", "0", "--reorder", "0")
    done = run(cli.app, ["demo-sms", *perfect])
    assert done.exit_code == 0, done.output
    assert "MicroPython, heap of 92K" in done.output and "4, each exactly once" in done.output
