"""The `microimps` command: quick help, nothing imported before it is needed, clear failures."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from microimps.tools import cli

run = CliRunner().invoke


def test_help_names_every_tool_and_the_exit_statuses():
    done = run(cli.app, ["--help"])
    assert done.exit_code == 0
    for name in cli.TOOLS:
        assert name in done.output
    assert "Exit status" in done.output


def test_help_imports_no_tool():
    script = (
        "import sys\nfrom microimps.tools import cli\n"
        "try:\n    cli.app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = ('starlette', 'sqlalchemy', 'uvicorn', 'microimps.tools.')\n"
        "loaded = [n for n in sys.modules if n.startswith(heavy) and n != 'microimps.tools.cli']\n"
        "sys.exit(' '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", cli.TOOLS)
def test_every_tool_loads_and_has_help(name):
    done = run(cli.app, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert name in done.output


def test_version():
    done = run(cli.app, ["--version"])
    assert done.output.startswith("microimps ")


def test_wrong_usage_is_2():
    assert run(cli.app, ["no-such-tool"]).exit_code == 2
    assert run(cli.app, ["--no-such-option"]).exit_code == 2


def test_a_missing_package_names_the_cure(monkeypatch):
    monkeypatch.setitem(cli.TOOLS, "broken", ("broken:run", "Needs what is not there."))

    def missing(name):
        raise ModuleNotFoundError("No module named 'antimatter'", name="antimatter")

    monkeypatch.setattr(cli, "importlib", SimpleNamespace(import_module=missing))
    done = run(cli.app, ["broken"])
    assert done.exit_code == 1
    assert "antimatter" in done.output and "microimps[tools]" in done.output


ADDRESS = "no-such-folder/file"


@pytest.mark.parametrize(
    "line",
    (
        f"decode {ADDRESS}",
        f"doctor --account {ADDRESS}",
        f"flash --account {ADDRESS} --dry-run",
        f"gsm --config {ADDRESS}",
        f"gsm --journal {ADDRESS}",
        f"provision show {ADDRESS}",
        f"provision write --url http://127.0.0.1/ --output {ADDRESS}",
        f"sim --config {ADDRESS}",
        f"sim --database {ADDRESS}",
        f"trial new {ADDRESS}",
        f"trial check {ADDRESS}",
        f"trial run {ADDRESS}",
        f"trial report {ADDRESS}",
        f"chat --import {ADDRESS}",
    ),
)
def test_a_file_that_cannot_be_used_is_one_line_that_names_it(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(cli.app, line.split())
    assert (done.exit_code, done.stdout) == (1, ""), done.output
    assert done.stderr.startswith(f"microimps {line.split()[0]}: ")
    assert ADDRESS in done.stderr and "Errno" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", ("gsm --journal @", "sim --config @", "gsm --config @"))
def test_a_file_of_something_else_is_refused_and_kept(line, tmp_path):
    file = tmp_path / "letter"
    file.write_bytes(b"\xff\xfe dear Bo")
    done = run(cli.app, line.replace("@", str(file)).split())
    assert done.exit_code == 1 and str(file) in done.stderr and done.stderr.count("\n") == 1
    assert file.read_bytes() == b"\xff\xfe dear Bo"


def test_the_reason_of_a_system_error_has_no_number():
    assert cli.reason(OSError(2, "No such file", "a")) == "a: No such file"
    assert cli.reason(OSError("the line is gone")) == "the line is gone"
