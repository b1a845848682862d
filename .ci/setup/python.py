"""The virtual environment and the Python packages in it, exactly as locked."""

import hashlib
import sys
from pathlib import Path

import debian
from command import CannotGoOn, output_of, run
from places import LOCK, OLDEST_PYTHON, PYTHON, ROOT, VENV
from step import Step

STAMP = VENV / "estiva-packages"
"""Holds what was installed: the digest of the lock and of pyproject.toml."""


def has_environment() -> bool:
    """Tell whether the virtual environment runs, has pip, and was made here: one that was copied starts elsewhere."""
    if output_of(PYTHON, "-m", "pip", "--version") is None:
        return False
    return str(VENV) in (VENV / "bin" / "pip").read_text(encoding="utf-8")


def make_environment() -> None:
    """Make the virtual environment; where Debian split `ensurepip` off, install it first."""
    if sys.version_info < OLDEST_PYTHON:
        wanted, found = (".".join(map(str, version[:2])) for version in (OLDEST_PYTHON, sys.version_info))
        raise CannotGoOn(
            f"Estiva needs Python {wanted} or newer, and {sys.executable} is {found}.\n"
            f"  Install a newer one and name it: make PYTHON=python{wanted} ..."
        )
    if output_of(sys.executable, "-c", "import ensurepip, venv") is None:
        debian.install(["python3-venv"])
    run(sys.executable, "-m", "venv", "--clear", VENV)


def has_packages() -> bool:
    """Tell whether the packages of the lock, and Estiva itself, were installed here."""
    return STAMP.is_file() and STAMP.read_text() == wanted() and (VENV / "bin" / "estiva").exists()


def install_packages() -> None:
    """Install the lock with every hash checked, then Estiva itself from this checkout, so that edits are live."""
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--progress-bar",
        "off",
    ]
    run(*pip, "--require-hashes", "-r", LOCK)
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ROOT)
    STAMP.write_text(wanted())


def wanted() -> str:
    """Give the digest of all that decides what is installed."""
    seen = hashlib.sha256(str(VENV).encode())
    for path in (LOCK, ROOT / "pyproject.toml"):
        seen.update(path.read_bytes())
    return seen.hexdigest()


ENVIRONMENT = Step(
    name="virtual environment", why="a Python of our own in .venv", done=has_environment, do=make_environment
)
PACKAGES = Step(
    name="Python packages",
    why="as locked in .ci/requirements.txt, about a minute",
    done=has_packages,
    do=install_packages,
)
