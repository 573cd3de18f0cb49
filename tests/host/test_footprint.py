"""The budgets of flash and heap, held by one measurement that all these tests share."""

import json
import struct

import pytest
from typer.testing import CliRunner

from conftest import unavailable
from microimps.tools.cli import app
from microimps.tools.footprint import commands, measure, report, romfs, runtimes, surroundings
from microimps.tools.footprint.budgets import BUDGETS, CLIENT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def figures(tmp_path_factory):
    found = measure.measure()
    print("\n" + report.markdown(found))
    return found


@pytest.fixture
def complete(figures):
    if figures["missing"]:
        unavailable("; ".join(figures["missing"]))
    return figures


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: budget.what)
def test_budget(figures, budget):
    value = budget.figure(figures)
    if value is None:
        unavailable("; ".join(figures["missing"]))
    assert value <= budget.limit


def test_every_part_is_measured(complete):
    sizes = set(complete["flash"])
    assert (
        set(measure.WHOLE) <= sizes and {"base", "wbxml", "xml", "http", *measure.AREAS} <= sizes
    )
    for part in ("modules", "kept", "garbage"):
        assert set(complete[part]["32"]) == set(complete[part]["64"])
    assert all(value > 0 for value in complete["kept"]["32"].values())
    assert len(complete["garbage"]["32"]) == 4


def test_figures_agree_with_each_other(complete):
    """Words of 32 bits cost less than those of 64; ROMFS less than .mpy; a session its client."""
    for name, value in complete["kept"]["32"].items():
        assert value < complete["kept"]["64"][name]
    heaps = complete["smallest"]
    assert complete["kept"]["64"][CLIENT] < heaps[CLIENT]
    assert heaps[f"{CLIENT}, from ROMFS"] < heaps[CLIENT]
    assert complete["flash"][CLIENT] > sum(complete["flash"][name] for name in measure.AREAS)


def test_reports_from_the_same_figures(figures, monkeypatch):
    monkeypatch.setattr(commands, "measure", lambda say: figures)
    run = CliRunner().invoke
    assert json.loads(run(app, ["footprint", "--json"]).stdout) == figures
    assert run(app, ["footprint", "--readme"]).stdout.count("\n|") == len(BUDGETS) + 1
    assert "messaging" in run(app, ["footprint"]).stdout
    over = json.loads(json.dumps(figures))
    over["flash"][CLIENT] = 1 << 20
    monkeypatch.setattr(commands, "measure", lambda say: over)
    done = run(app, ["footprint", "--budget"])
    assert done.exit_code == 1 and "1 048 576" in done.stdout


def test_a_missing_runtime_is_said(figures, monkeypatch):
    class Missing:
        def __init__(self):
            raise runtimes.MeasureError("node is not installed: no 32-bit figures")

    monkeypatch.setattr(measure, "WebAssembly", Missing)
    monkeypatch.setattr(measure, "Binary", Missing)
    result = CliRunner().invoke(app, ["footprint", "--readme"])
    assert result.exit_code == 0
    assert "node is not installed" in result.stdout
    flash = f"{BUDGETS[-1].limit:,}".replace(",", " ")
    assert flash in result.stdout  # measured without any runtime


def test_smallest_finds_the_limit():
    asked = []
    assert measure.smallest(lambda heap: asked.append(heap) or heap >= 40_000) == 40_192
    assert len(set(asked)) < 15
    with pytest.raises(runtimes.MeasureError, match="262144"):
        measure.smallest(lambda heap: False)


def test_smallest_is_not_lucky():
    """A heap that suffices sometimes is too small."""
    tried = []
    lucky = measure.smallest(lambda h: tried.append(h) or h >= 40_000 or len(tried) % 3 > 0)
    assert lucky == 40_192


def test_a_failing_program_is_an_error(micropython, tmp_path):
    with pytest.raises(runtimes.MeasureError, match="NameError"):
        runtimes.Binary().run(tmp_path, ["absent"])


def test_the_record_holds_each_answer():
    tape = surroundings.record("job", 3, "xml")
    answers = []
    while tape:
        size = struct.unpack(">I", tape[:4])[0]
        answers.append(tape[4 : 4 + size])
        tape = tape[4 + size :]
    assert len(answers) > 6
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert sum(answer.count(b"wv:u0000") for answer in answers) == 3


def test_romfs_image_of_nothing(tmp_path):
    assert romfs.image(tmp_path) == b"\xd2\xcd\x31\x00"


def test_romfs_image(tmp_path):
    """Octets by hand: magic, length, a folder `a` that holds the file `b.mpy` of 200 octets."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.mpy").write_bytes(bytes(200))
    (tmp_path / "a" / "notes.txt").write_bytes(b"left out")
    data = b"\x02\x81\x48" + bytes(200)
    file = b"\x05\x81\x51" + b"\x05b.mpy" + data
    here = b"\x04\x81\x56" + b"\x01a" + file
    assert romfs.image(tmp_path) == b"\xd2\xcd\x31\x81\x59" + here
