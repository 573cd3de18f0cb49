"""What the tests share: third-party programs, the staged tree and MicroPython itself."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from watch import watch

ROOT = Path(__file__).resolve().parent.parent
# what runs `microimps`
COMMAND = (sys.executable, "-c", "from microimps.tools.cli import app; app()")
# what tests compile; each worker of pytest-xdist has its own
BUILD = ROOT / "build" / os.environ.get("PYTEST_XDIST_WORKER", "")


# how long an example takes says nothing on a busy machine
settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")


def pytest_addoption(parser):
    parser.addoption("--conformance", metavar="FILE", help="write there what messages were seen")


def pytest_configure():
    watch.install()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    """What fixtures send belongs to the test that they are set up for."""
    watch.begin(item.nodeid, "micropython" in item.fixturenames)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """A test fails when a message of client or service in it breaks the content models."""
    result = yield
    _hold_to_the_models()
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown():
    """The same for what is said while fixtures end."""
    result = yield
    _hold_to_the_models()
    return result


def _hold_to_the_models():
    broken = dict.fromkeys(watch.broken)
    watch.broken.clear()
    if broken:
        pytest.fail("content models broken:\n" + "\n".join(broken), False)


def pytest_sessionfinish(session):
    path = session.config.getoption("--conformance")
    if path and hasattr(session.config, "workeroutput"):
        session.config.workeroutput["seen"] = watch.told()
    elif path:
        watch.write(path)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """A worker of pytest-xdist has ended: what it saw counts."""
    watch.hear(getattr(node, "workeroutput", {}).get("seen", ()))


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

    target = BUILD / "mpy"
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
