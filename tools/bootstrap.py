"""Make .venv with everything the lock names: `python3 tools/bootstrap.py`.

Needs a bare CPython 3.10 or later. Where Debian left out ensurepip it is installed (python3-venv,
as root or by sudo without a password), or else pip is fetched from the index that PIP_INDEX_URL
names. A second run returns at once unless the lock or pyproject.toml has changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "microimps.stamp"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

PIP = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
INDEX = os.environ.get("PIP_INDEX_URL", "")


class Failed(Exception):
    """Set-up cannot go on; the text names cause and cure."""


def interpreter() -> str:
    """What a change of makes the old environment useless."""
    return f"{sys.version.split()[0]} {sys.base_prefix} {ROOT}"


def contents() -> str:
    """Digest of the files that say what is in the environment."""
    digest = hashlib.sha256()
    for path in (LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def get(url: str) -> bytes:
    """Fetch `url`. A machine without CA certificates is served too: the one thing kept, the pip
    wheel, is held against its pinned SHA-256."""
    try:
        context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
        return _read(url, context)
    except urllib.error.URLError as error:
        if not isinstance(error.reason, ssl.SSLCertVerificationError):
            raise
    return _read(url, ssl._create_unverified_context())


def _read(url: str, context: ssl.SSLContext) -> bytes:
    with urllib.request.urlopen(url, timeout=60, context=context) as answer:
        return answer.read()


def has_ensurepip() -> bool:
    """Whether this Python can put pip into an environment."""
    importlib.invalidate_caches()
    return importlib.util.find_spec("ensurepip") is not None


def install_ensurepip() -> None:
    """Let Debian's package manager add what Debian takes out of Python."""
    if not shutil.which("apt-get"):
        return
    package = f"python3.{sys.version_info[1]}-venv"
    print(f"  this Python has no ensurepip: installing Debian's {package}", flush=True)
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and not shutil.which("sudo"):
        return
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*apt, "update"], stdout=subprocess.DEVNULL)
    subprocess.run(
        [*apt, "install", "-y", "--no-install-recommends", package], stdout=subprocess.DEVNULL
    )


def fetch_pip(folder: Path) -> Path:
    """Download the pinned pip wheel from the index into `folder`."""
    if not INDEX:
        raise Failed(
            "this Python has no ensurepip, so it cannot make an environment with pip.\n"
            "Install Debian's python3-venv, or set PIP_INDEX_URL to a package index."
        )
    print(f"  this Python has no ensurepip: fetching {PIP} from {INDEX}", flush=True)
    page = INDEX.rstrip("/") + "/pip/"
    try:
        link = re.search(r'href="([^"#]*/' + re.escape(PIP) + r')["#]', get(page).decode())
        if link is None:
            raise Failed(f"{page} does not offer {PIP}")
        data = get(urllib.parse.urljoin(page, link[1]))
    except OSError as error:
        raise Failed(
            f"cannot reach {page}: {error}\n"
            "Are you offline? Set PIP_INDEX_URL or https_proxy, or install Debian's python3-venv."
        ) from error
    if hashlib.sha256(data).hexdigest() != PIP_SHA256:
        raise Failed(f"{PIP} from {page} has the wrong SHA-256")
    wheel = folder / PIP
    wheel.write_bytes(data)
    return wheel


def run(*args: str | Path) -> None:
    """Run the environment's Python; Failed if it fails."""
    if subprocess.run([PYTHON, *args], cwd=ROOT).returncode:
        raise Failed(
            f"'{' '.join(map(str, args))}' failed, see above.\n"
            "Offline? The first run needs a package index (PIP_INDEX_URL, https_proxy)."
        )


def create() -> None:
    """Make the bare environment, with pip in it."""
    print(f"Creating {VENV.name} with Python {sys.version.split()[0]}", flush=True)
    if not has_ensurepip():
        install_ensurepip()
    has_pip = has_ensurepip()
    venv.create(VENV, clear=True, with_pip=has_pip, symlinks=os.name != "nt")
    if not has_pip:
        with tempfile.TemporaryDirectory() as folder:
            wheel = fetch_pip(Path(folder))
            run(wheel / "pip", "install", "--quiet", "--no-index", wheel)


def main() -> None:
    if sys.version_info < (3, 10):
        raise Failed(f"Python 3.10 or later is needed, this is {sys.version.split()[0]}")
    made = STAMP.read_text().split("\n") if STAMP.exists() else [""]
    wanted = [interpreter(), contents()]
    if made == wanted:
        return
    if made[0] != wanted[0] or not PYTHON.exists():
        create()
    STAMP.write_text(wanted[0])
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    names = len(re.findall(r"^[\w-]+==", LOCK.read_text(), re.M))
    print(f"Installing up to {names} pinned packages (once; about a minute)", flush=True)
    run(*pip, "--progress-bar=off", "--requirement", LOCK)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ".")
    STAMP.write_text("\n".join(wanted))
    print(f"{VENV.name} is ready", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"bootstrap: {failed}")
