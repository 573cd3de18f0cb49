"""docs/tutorial.md, done as it says."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
SCRIPTS = Path(sys.executable).parent
SECONDS = 100


def command(start):
    """The words of a command on the page, by its beginning."""
    (line,) = [line.strip() for line in PAGE.splitlines() if line.startswith(f"    {start}")]
    return re.findall(r'"[^"]*"|\S+', line)


@pytest.mark.slow
def test_two_boards_chat_over_sms(micropython, tmp_path):
    (tmp_path / "talk.py").write_text(re.search(r"```python\n(.*?)```", PAGE, re.S)[1])
    stage = command("python -m microimps.tools.stage")
    subprocess.run([sys.executable, *stage[1:]], cwd=tmp_path, check=True, capture_output=True)
    service = [SCRIPTS / "microimps", *command("microimps sim")[1:], "--port", "0"]
    serving = subprocess.Popen(service, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    talking = []
    try:
        modems = {}
        while len(modems) < 2:
            line = serving.stdout.readline()
            assert line, "the service ended"
            if found := re.match(r"modem (\S+) at (\S+)", line):
                modems[found[1]] = found[2]
        environment = {**os.environ, "MICROPYPATH": command("export MICROPYPATH")[1].split("=")[1]}
        devices = dict(zip(("/dev/pts/3", "/dev/pts/4"), modems.values(), strict=True))
        for line in re.findall(r"^    (micropython .*)$", PAGE, re.M):
            words = re.findall(r'"[^"]*"|\S+', line)
            words = [devices.get(word, word.strip('"')) for word in words]
            talking.append(
                subprocess.Popen(
                    [micropython, *words[1:]],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        said = [each.communicate(timeout=SECONDS)[0].splitlines() for each in talking]
    finally:
        for each in talking:
            each.kill()
        serving.send_signal(signal.SIGINT)
        serving.wait(SECONDS)
    shown = re.findall(r"^    (anna is .*|wv:bo.*|\d+ SMS sent.*)$", PAGE, re.M)
    assert said[0][:3] == shown[:3]
    assert re.fullmatch(r"\d+ SMS sent, \d+ received", said[0][3])
    assert said[1][0] == "bo is logged in"
    assert said[1][2] == "wv:anna@im.example.com says: Hello from Anna"


def test_what_is_decoded_is_an_sms():
    words = next(line for line in PAGE.splitlines() if "| microimps decode -" in line).split()
    digits = words[1].encode()
    done = subprocess.run(
        [SCRIPTS / "microimps", "decode", "-"], input=digits, capture_output=True
    )
    assert done.returncode == 0 and done.stdout.startswith(b"SMS-SUBMIT\n"), done.stderr
