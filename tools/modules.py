"""The one list of modules: what a board gets, under which feature, and what stays on the host.

    python -m microimps.tools.modules --write

rewrites what is derived from it: package.json (for mip and manifest.py) and the package list of
pyproject.toml.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import microimps
from microimps import ports

ROOT = Path(__file__).resolve().parent.parent

# Folder of the checkout -> import name, as package-dir in pyproject.toml has it, and where the
# sources are (in the checkout or in an installed copy).
PACKAGES = {"core": "microimps", "ports": "microimps.ports", "tools": "microimps.tools"}
SOURCES = {
    "core": Path(str(microimps.__file__)).parent,
    "ports": Path(str(ports.__file__)).parent,
}

HOST = "host"

# Feature -> its modules, as patterns relative to the checkout. Each module of core/ and
# ports/micropython/ belongs to exactly one feature; those of HOST never go to a board.
FEATURES: dict[str, tuple[str, ...]] = {
    "base": (
        "core/__init__.py",
        "core/character.py",
        "core/client.py",
        "core/codec.py",
        "core/const.py",
        "core/dates.py",
        "core/envelope.py",
        "core/errors.py",
        "core/operations.py",
        "core/session.py",
        "core/words.py",
        "core/primitives/__init__.py",
        "core/primitives/access.py",
        "core/primitives/areas.py",
        "core/primitives/negotiation.py",
        "core/primitives/capabilities.py",
        "core/primitives/note.py",
        "ports/__init__.py",
        "ports/micropython/__init__.py",
        "ports/micropython/hashes.py",
    ),
    "wbxml": ("core/wbxml/*.py",),
    # XML spells every value word out; a board with WBXML knows those it meets every day
    "xml": ("core/xml/*.py", "core/tokens.py"),
    "pts": ("core/pts/*.py",),
    "http": (
        "core/http_bearer.py",
        "core/chunks.py",
        "ports/bearers_http.py",
        "ports/micropython/net.py",
        "ports/micropython/tls.py",
    ),
    "sms": ("core/sms_bearer/*.py", "ports/wire.py", "ports/micropython/uart.py"),
    "wsp": ("core/wsp_bearer.py",),
    "wtp": ("core/wtp_bearer.py",),  # needs "wsp"
    # CIR on sockets; the text of its notices is also needed with "sms", datagrams also with "wsp"
    "cir": ("core/cir_client.py", "core/cir_channels.py"),
    "notices": ("core/cir.py",),
    # all that are not HTTP: with sms, wsp or cir
    "bearers": ("ports/bearers.py",),
    "datagrams": ("ports/micropython/udp.py",),
    "tty": ("ports/micropython/tty.py",),
    "lists": ("core/primitives/lists.py",),
    "presence": (
        "core/known.py",
        "core/primitives/presence.py",
        "core/primitives/publish.py",
        "core/primitives/sublist.py",
    ),
    "extend": ("core/primitives/extend.py",),
    "attributes": ("core/primitives/attributes.py",),
    "authorisation": ("core/primitives/authorisation.py",),
    "location": ("core/primitives/location.py",),
    "messaging": (
        "core/message.py",
        "core/primitives/messaging.py",
        "core/primitives/content.py",
    ),
    "mailbox": ("core/primitives/mailbox.py",),
    "blocking": ("core/primitives/blocking.py",),
    "search": ("core/primitives/search.py",),
    "invite": ("core/primitives/invite.py",),
    "profile": ("core/primitives/profile.py",),
    "segments": ("core/segments.py",),
    "service": ("core/primitives/service.py",),
    "system": ("core/primitives/system.py",),
    "notifications": ("core/primitives/notifications.py",),
    "guidelines": ("core/primitives/guidelines.py",),
    "groups": (
        "core/primitives/groups.py",
        "core/primitives/group_admin.py",
        "core/primitives/properties.py",
    ),
    # for firmware whose hashlib lacks them
    "hashes": ("ports/md5.py", "ports/sha1.py"),
    "async": ("core/aio.py", "ports/micropython/anet.py"),
    HOST: ("core/status.py",),
}

# What is always loaded together is one module on a board: the one that has the others' names
# there -> these, each behind those that it needs. See join.py.
JOINED: dict[str, tuple[str, ...]] = {
    "core/__init__.py": ("core/errors.py",),
    "core/client.py": ("core/envelope.py", "core/session.py", "core/operations.py"),
    "core/wbxml/__init__.py": ("core/wbxml/reader.py", "core/wbxml/writer.py"),
    "core/xml/__init__.py": ("core/xml/reader.py", "core/xml/writer.py"),
    "core/pts/reader.py": ("core/pts/scanner.py",),
    "core/pts/writer.py": ("core/pts/texts.py",),
    "core/sms_bearer/__init__.py": (
        "core/sms_bearer/at.py",
        "core/sms_bearer/pdu.py",
        "core/sms_bearer/heard.py",
        "core/sms_bearer/modem.py",
        "core/sms_bearer/segment.py",
        "core/sms_bearer/incoming.py",
        "core/sms_bearer/joined.py",
        "core/sms_bearer/unasked.py",
        "core/sms_bearer/bearer.py",
        "ports/wire.py",
    ),
    "core/sms_bearer/outgoing.py": ("core/sms_bearer/submit.py",),
    "ports/micropython/__init__.py": ("ports/micropython/hashes.py",),
}


@dataclass(frozen=True, order=True)
class Module:
    """One module of the list.

    path: in the checkout, such as `core/wbxml/reader.py`; source: where the file is now.
    """

    path: str
    feature: str
    source: Path

    @property
    def target(self) -> str:
        """Where a board has it, such as `microimps/wbxml/reader.py`."""
        folder, _, rest = self.path.partition("/")
        return PACKAGES[folder].replace(".", "/") + "/" + rest

    @property
    def name(self) -> str:
        """Its import name, such as `microimps.wbxml.reader`."""
        return self.target.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """Import name of the package that its relative imports begin in."""
        inside = self.path.endswith("__init__.py")
        return self.name if inside else self.name.rpartition(".")[0]

    def source_of(self, node: ast.ImportFrom) -> str:
        """Import name of what a relative import in it takes names from."""
        above = self.package.split(".")
        above = above[: len(above) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)


def _matches(feature: str) -> list[Module]:
    found = []
    for pattern in FEATURES[feature]:
        folder, _, rest = pattern.partition("/")
        for source in SOURCES[folder].glob(rest):
            path = folder + "/" + source.relative_to(SOURCES[folder]).as_posix()
            found.append(Module(path, feature, source))
    return found


def modules(features: Iterable[str] | None = None) -> list[Module]:
    """The modules of `base` and of `features` (all that boards may have by default), by path.

    Raises KeyError for an unknown feature.
    """
    names = set(FEATURES) - {HOST} if features is None else {"base", *features}
    return sorted(module for name in names for module in _matches(name))


def package_json(version: str) -> str:
    """package.json for `mpremote mip install ./package.json`, with URLs relative to itself."""
    urls = [[module.target, module.path] for module in modules()]
    lines = ",\n    ".join(json.dumps(url) for url in urls)
    return f'{{\n  "urls": [\n    {lines}\n  ],\n  "deps": [],\n  "version": "{version}"\n}}\n'


def python_packages() -> list[str]:
    """Every import package of the distribution."""
    found = []
    for folder, name in PACKAGES.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            found.append(".".join((name, *init.parent.relative_to(ROOT / folder).parts)))
    return sorted(found)


def derived() -> dict[Path, str]:
    """The files of the checkout that follow from the list, with the text they must have."""
    pyproject = ROOT / "pyproject.toml"
    text = pyproject.read_text()
    version = re.search(r'^version = "(.+)"$', text, re.M)
    if version is None:
        raise ValueError(f"{pyproject} has no version")
    lines = "".join(f'    "{name}",\n' for name in python_packages())
    packages = re.compile(r"^packages = \[.*?\]$", re.M | re.S)
    return {
        ROOT / "package.json": package_json(version[1]),
        pyproject: packages.sub(f"packages = [\n{lines}]", text),
    }


def stale() -> list[Path]:
    """Derived files that are not what the list says."""
    return [
        path for path, text in derived().items() if not path.exists() or path.read_text() != text
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m microimps.tools.modules")
    parser.add_argument("--write", action="store_true", help="bring the derived files up to date")
    args = parser.parse_args()
    out = stale()
    for path in out:
        if args.write:
            path.write_text(derived()[path])
        print(path.name, "written" if args.write else "is out of date: run with --write")
    return 1 if out and not args.write else 0


if __name__ == "__main__":
    sys.exit(main())
