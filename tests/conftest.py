"""What the tests share: third-party programs, the staged tree and MicroPython itself."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def unavailable(reason):
    """Skip on a user's machine, fail where interop is compulsory (MICROIMPS_INTEROP=1)."""
    if os.environ.get("MICROIMPS_INTEROP") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need(program):
    """Full path of a third-party program that the test cannot do without."""
    path = shutil.which(program) or shutil.which(program, path=os.path.dirname(sys.executable))
    if path is None:
        unavailable(f"{program} is not installed")
    return path


@pytest.fixture(name="need")
def need_fixture():
    return need


@pytest.fixture(scope="session")
def root():
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def staged():
    """Tree of all modules that boards may have, as .mpy: put it on MICROPYPATH."""
    from microimps.tools.stage import stage

    target = ROOT / "build" / "mpy"
    stage(target)
    return target


@pytest.fixture(scope="session")
def micropython():
    """The 64-bit MicroPython binary."""
    from microimps.tools.stage import micropython_binary

    path, reason = micropython_binary()
    if path is None:
        unavailable(reason)
    return path
