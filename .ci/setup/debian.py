"""Debian packages: only the missing ones are installed, and nothing that is there is touched."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import engine
from command import CannotGoOn, run_as_root
from step import Step

QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A Debian package and how to see that what it brings is there, whoever brought it."""

    name: str
    brings: str
    """A glob under `/`, or the name of a command."""


REGISTRY = Package(name="docker-registry", brings="docker-registry")
CERTIFICATES = Package(name="ca-certificates", brings="/etc/ssl/certs/ca-certificates.crt")
ENGINE = (Package(name="docker.io", brings="dockerd"), Package(name="iptables", brings="iptables"))
FOR_DEMO = (REGISTRY, CERTIFICATES)
FOR_TESTS = (
    REGISTRY,
    CERTIFICATES,
    Package(name="chromium", brings="chromium"),
    Package(name="postgresql", brings="/usr/lib/postgresql/*/bin/initdb"),
)


def packages(wanted: Sequence[Package], why: str) -> Step:
    """Give the step that installs what is missing of the packages, with the engine's own when none answers."""

    def missing() -> list[str]:
        needed = wanted if engine.answers() else (*ENGINE, *wanted)
        return [package.name for package in needed if not _is_there(package)]

    return Step(name="Debian packages", why=why, done=lambda: not missing(), do=lambda: install(missing()))


def install(names: Sequence[str]) -> None:
    """Install packages. The package lists are fetched only when the first try shows that they are too old."""
    if not shutil.which("apt-get"):
        raise CannotGoOn(
            "This is no Debian, so nothing was installed. Install by hand what these Debian packages bring, "
            f"then start again:\n    {' '.join(names)}"
        )
    install_them = ("apt-get", "install", "-y", "--no-install-recommends", *names)
    try:
        run_as_root(*install_them, env=QUIET)
    except CannotGoOn:
        with suppress(CannotGoOn):  # a source other than Debian's may be out of reach; the install below decides
            run_as_root("apt-get", "update", env=QUIET)
        run_as_root(*install_them, env=QUIET)


def _is_there(package: Package) -> bool:
    if package.brings.startswith("/"):
        return any(Path("/").glob(package.brings.lstrip("/")))
    return shutil.which(package.brings, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None
