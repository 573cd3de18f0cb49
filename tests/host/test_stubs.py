"""The stubs that editors and type checkers read: current, and true."""

import inspect
import os
import subprocess
import sys

from microimps import AsyncClient, Client
from microimps.tools import stubs
from microimps.tools.stage import link

CODE = """
from microimps import AsyncClient, Client, StatusError

client = Client(None, "wv:anna@example.org")
reveal_type(client.send("wv:bo@example.org", "Hello"))
for contact in client.contacts():
    reveal_type(contact)
for who in client.presence(("wv:bo@example.org",)):
    reveal_type(who)
client.send()
client.sned("wv:bo@example.org", "Hello")


async def main(client: AsyncClient) -> None:
    reveal_type(await client.create_list("friends"))
    async for address in client.lists():
        reveal_type(address)
"""


def test_the_stubs_are_current():
    for path, text in stubs.files().items():
        assert path.read_text() == text, "make modules"


def test_the_skins_have_what_the_stubs_say():
    for kind in (Client, AsyncClient):
        for name in ("events", "close", "move"):
            assert callable(getattr(kind, name))
    stub = (stubs.CORE / "client.pyi").read_text()
    for name in inspect.signature(Client.__init__).parameters:
        assert f"        {name}" in stub


def test_a_type_checker_knows_every_task(tmp_path):
    source = tmp_path / "application.py"
    source.write_text(CODE)
    link(tmp_path / "src")  # where import names are paths, as in an installed copy
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(source)]
    paths = {**os.environ, "MYPYPATH": str(tmp_path / "src")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=paths)
    said = done.stdout
    for line, text in (
        (5, 'Revealed type is "str | None"'),
        (7, 'Revealed type is "tuple[str, str]"'),
        (9, 'Revealed type is "microimps.known.Presence"'),
        (10, 'Missing positional arguments "to", "content"'),
        (11, '"Client" has no attribute "sned"'),
        (15, 'Revealed type is "str"'),
        (17, 'Revealed type is "str"'),
    ):
        found = [each for each in said.splitlines() if f"application.py:{line}:" in each]
        assert any(text in each.replace("builtins.", "") for each in found), said
