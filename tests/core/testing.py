"""Runs the test_* functions of a file on MicroPython; pytest finds the same ones by itself."""

import sys


def run(namespace):
    """Call every test_*, print `N passed, N failed`, exit 1 if any failed or none was there."""
    total = failed = 0
    for name in sorted(namespace):
        if not name.startswith("test_"):
            continue
        total += 1
        try:
            namespace[name]()
        except Exception as error:
            failed += 1
            print("FAIL", name)
            sys.print_exception(error)
    print("%d passed, %d failed" % (total - failed, failed))
    sys.exit(1 if failed or not total else 0)
