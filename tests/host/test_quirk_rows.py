"""Each row of the robustness check-list for modems and networks is a test of the client's side.

What the simulated network offers for a row is in test_gsm_quirks.py, test_NN_... .
"""

import re

import pytest

from conftest import ROOT

LIST = ROOT.parent / "shared" / "guide" / "modem-quirks.md"
VIRTUAL = "host/test_modem_virtual.py"
CHAIN = "host/test_sms_end_to_end.py"
BEARER = "core/test_sms_bearer.py"
# Rows that are tested under a name without their number, and where: file, text in it.
ELSEWHERE = {
    "29": (CHAIN, "def test_order_of_arrival"),
    "30": (VIRTUAL, '"30 asleep"'),
    "32": (CHAIN, 'Rewriting(ports="rewrite-source"'),
    "34": (CHAIN, 'Rewriting(ports="as-fields")'),
    "36": (CHAIN, "def test_spoofed_and_malformed_messages_change_nothing"),
}


def text(path):
    return (ROOT / "tests" / path).read_text("utf-8")


def named():
    """Rows that the name of a test of the client tells."""
    found = set()
    for path in (VIRTUAL, BEARER, *(f"core/test_{n}.py" for n in ("modem", "modem_send", "at"))):
        for first, second in re.findall(
            r"^def test_rows?_(\d+a?)(?:_and_(\d+a?))?", text(path), re.M
        ):
            found.update((first, second))
    found.update(re.findall(r'^    "(\d+a?) .*": Settings\(', text(VIRTUAL), re.M))
    return found


@pytest.mark.parametrize("row", ELSEWHERE)
def test_rows_elsewhere_are_there(row):
    path, words = ELSEWHERE[row]
    assert words in text(path)


def test_every_row_has_a_test():
    if not LIST.exists():
        pytest.skip("the check-list is not here")
    rows = re.findall(r"^\| (\d+a?) [ABC] \|", LIST.read_text("utf-8"), re.M)
    assert len(rows) == 40
    assert not set(rows) - named() - ELSEWHERE.keys()
