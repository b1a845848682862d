"""Where the cases are built: two containers for most, and an AWS that knows what they name."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient

from runners.containers import Containers
from tests.doubles.aws.server import Server, serving
from tests.doubles.aws.values import Kept
from tests.runners.conformance.shared import SharedMachine, shared

DASH = "estiva-test/dash:base"


@pytest.fixture(scope="session")
def dash(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image whose /bin/sh is dash, as in Ubuntu's, and whose tar is GNU's."""
    context = tmp_path_factory.mktemp("dash")
    for program in ("/bin/dash", "/bin/tar"):
        for place in [program, *_libraries(program)]:
            (context / "root" / place.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place, context / "root" / place.lstrip("/"))
    (context / "Dockerfile").write_text(
        "FROM estiva/ci:base\nRUN rm /bin/tar\nCOPY root/bin /bin\nCOPY root/lib /lib\nRUN ln -sf dash /bin/sh\n"
    )
    subprocess.run(["docker", "build", "-q", "-t", DASH, str(context)], check=True, capture_output=True)
    return DASH


def _libraries(program: str) -> list[str]:
    """Ask which libraries a program needs beside the C library, which the image has."""
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    found = [line.split()[2] for line in said.splitlines() if "=>" in line]
    return [place for place in found if "libc." not in place]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("builds")


@pytest.fixture(scope="session")
def machines(engine: APIClient, containers: Containers, dash: str, root: Path) -> Iterator[dict[str, SharedMachine]]:
    with (
        shared(engine, containers, "estiva/ci:base", root) as busybox,
        shared(engine, containers, dash, root) as dashed,
    ):
        yield {"estiva/ci:base": busybox, "dash": dashed}


@pytest.fixture(scope="session")
def aws() -> Iterator[Server]:
    with serving(Server()) as server:
        yield server


@pytest.fixture
def kept(aws: Server) -> Kept:
    return Kept(aws)
