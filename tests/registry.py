"""A real image registry for tests: Debian's `docker-registry` on a free port, with one user."""

import contextlib
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from storage.model import catalog

USER = "robot"
PASSWORD = "correct horse battery"
_LOWEST, _PORTS = 20_000, 12_000
"""Below those that Linux gives to connections (32768 and above)."""

_CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
http: {{addr: 127.0.0.1:{port}}}
auth:
  htpasswd: {{realm: test, path: {passwords}}}
"""


@dataclass(frozen=True)
class Registry:
    """One that answers at `host`; `environ` holds its credentials, under the names that `catalog` gives."""

    host: str

    @property
    def catalog(self) -> catalog.Registry:
        return catalog.Registry(
            host=self.host, username_from="TEST_REGISTRY_USERNAME", password_from="TEST_REGISTRY_PASSWORD"
        )

    @property
    def environ(self) -> dict[str, str]:
        return {"TEST_REGISTRY_USERNAME": USER, "TEST_REGISTRY_PASSWORD": PASSWORD}


def free_port() -> int:
    """Choose a port that nothing listens at, and that no connection is given before it is used."""
    while True:
        port = _LOWEST + secrets.randbelow(_PORTS)  # not `random`, which each worker of the tests begins alike
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Registry]:
    """Run a registry that keeps its state in `directory`, until the block ends."""
    program = shutil.which("docker-registry")
    assert program, "docker-registry is not installed: run the project's set-up"
    port = free_port()
    passwords = directory / "htpasswd"
    passwords.write_text(f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
    configuration = directory / "registry.yml"
    configuration.write_text(_CONFIGURATION.format(root=directory / "blobs", port=port, passwords=passwords))
    with (directory / "registry.log").open("w") as log:
        process = subprocess.Popen([program, "serve", str(configuration)], stdout=log, stderr=log)
    try:
        _wait(port, process)
        yield Registry(host=f"127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        assert process.poll() is None, "the registry ended at once; see registry.log"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return  # it asks who we are: it is up
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the registry did not answer within 5 s")
