"""The terminal client in a real terminal: tmux shows what a user would see."""

import shlex
import subprocess
import time

import pytest

from conftest import COMMAND
from microimps import Client
from microimps.ports import http
from microimps.tools.chat.accounts import Account, save
from microimps.tools.sim import Account as User
from microimps.tools.sim import Config, serve

pytestmark = pytest.mark.interop

SECRET = "kestrel55"
SECONDS = 60


class Terminal:
    """A program in a tmux of its own, 80 x 24."""

    def __init__(self, program, folder, *command):
        self.tmux = [program, "-f", "/dev/null", "-u", "-S", str(folder / "tmux")]
        # -u: the terminal shows UTF-8, whatever the locale of the test says
        line = shlex.join(map(str, command))
        self.do("new-session", "-d", "-x", "80", "-y", "24", line)

    def do(self, *words):
        done = subprocess.run([*self.tmux, *words], capture_output=True, text=True, timeout=30)
        return done.stdout

    def press(self, *keys):
        self.do("send-keys", *keys)

    def write(self, text):
        self.do("send-keys", "-l", text)

    def until(self, *texts):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            screen = self.do("capture-pane", "-p")
            if all(text in screen for text in texts):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"not all of {texts} in\n{screen}")

    def over(self):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if not self.do("list-sessions"):
                return True
            time.sleep(0.1)
        return False


def test_a_talk_in_a_real_terminal(tmp_path, need):
    users = (User("anna", SECRET, lists={"friends": ("wv:bo=Bo",)}), User("bo", SECRET))
    with serve(Config(users=users)) as service:
        save(tmp_path, [Account("Home", "anna@im.example.com", SECRET, service.url)])
        bo = Client(http(service.url), "bo@im.example.com", SECRET, 3)
        bo.login()
        terminal = Terminal(need("tmux"), tmp_path, *COMMAND, "chat", "--folder", tmp_path)
        try:
            terminal.until("Contacts (1)", "● Bo", "available", "online 0:00", "F1 explains")
            terminal.press("F1")
            terminal.until("this help; Esc closes it", "Ctrl+Q")
            terminal.press("Escape")
            terminal.until("F1 explains the keys.")
            terminal.press("C-n")
            terminal.until("Bo <bo@im.example.com> available", "Nothing was said yet.")
            terminal.write("Grüße ✓ [b]bold[/b]")
            terminal.until("[b]bold[/b]")
            terminal.press("Enter")
            terminal.until("me: Grüße ✓ [b]bold[/b]")
            end = time.monotonic() + SECONDS
            got = []
            while not got and time.monotonic() < end:
                got = [event.text for event in bo.events(0) if event.kind == "message"]
            assert got == ["Grüße ✓ [b]bold[/b]"]
            terminal.until("✓✓ delivered")
            bo.send("anna@im.example.com", "To you too")
            screen = terminal.until("Bo: To you too")
            assert all(len(line) <= 80 for line in screen.split("\n")) and SECRET not in screen
            terminal.press("C-q")
            assert terminal.over()
            assert not service.service.sessions.of("wv:anna@im.example.com")
        finally:
            terminal.do("kill-server")
            bo.close()
