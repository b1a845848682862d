"""ministack: another implementation of AWS, in a process and a virtual environment of its own.

What it differs in from AWS stands beside the test that leaves it out. Two things hold for all: its times are whole
seconds, and it takes any password. Containers of its tasks carry its name, and are removed by it.
"""

import contextlib
import os
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from docker import APIClient
from docker.errors import APIError

from runners.containers import DEFAULT_URL
from storage.model.cloud import SERVICES, Aws
from tests.doubles.aws.server import ACCOUNT, KEY, REGION, SECRET
from tests.registry import free_port

_ROOT = Path(__file__).resolve().parents[2]
_PYTHON = _ROOT / ".venv-emulator" / "bin" / "python"
_PROGRAM = """
from ministack import app
from ministack.services import ecs
assert ecs._ECS_DEPLOYMENT_STEADY_DELAY == 1
ecs._ECS_DEPLOYMENT_STEADY_DELAY = 3
app.main()
"""
"""A task that ran for one second is steady for it. On a machine that does much else, one that ended at once would be
taken for steady now and then: so it has to run for three."""
_PATIENCE, _TRIES = 60.0, 3
"""Seconds until it answers, on a machine that does much else; ports that are tried."""
_INSTANCE = "ministack.instance"
"""Label by which it marks what it starts."""


@dataclass(frozen=True)
class Emulator:
    """One that answers at `host`, as AWS and as the registry of ECR."""

    host: str
    instance: str
    engine: APIClient

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def place(self) -> Aws:
        """Its account, as the catalog has it."""
        return Aws(account=ACCOUNT, region=REGION, endpoints=dict.fromkeys(SERVICES, self.url))

    @property
    def labels(self) -> dict[str, str]:
        """What containers and images have to carry that go with it."""
        return {_INSTANCE: self.instance}

    def client(self, service: str) -> Any:
        """Ask it as AWS's own SDK does: for what a test makes and sees beside Estiva."""
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **keys)

    def containers(self, **labels: str) -> list[dict[str, Any]]:
        """List what it has started, by the labels that ECS gives too (`container_name="hello"`)."""
        named = [f"com.amazonaws.ecs.{name.replace('_', '-')}={value}" for name, value in labels.items()]
        return list(self.engine.containers(all=True, filters={"label": [*self._ours["label"], *named]}))

    def reset(self) -> None:
        """Let it forget everything, and see its containers go."""
        request = urllib.request.Request(f"{self.url}/_ministack/reset", method="POST")
        urllib.request.urlopen(request, timeout=_PATIENCE).close()
        self.clear()

    def clear(self, *, images: bool = False) -> None:
        """Remove what it has started, and perhaps the images; what it just removes or starts itself is awaited."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                for container in self.containers():
                    self.engine.remove_container(container["Id"], force=True, v=True)
                for image in self.engine.images(filters=self._ours) if images else ():
                    self.engine.remove_image(image["Id"], force=True)
            except APIError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    @property
    def _ours(self) -> dict[str, list[str]]:
        return {"label": [f"{name}={value}" for name, value in self.labels.items()]}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Emulator]:
    """Run one on a free port of this machine, until the block ends; its log is in `folder`."""
    assert _PYTHON.exists(), "ministack is not installed: `make test` installs it"
    with contextlib.closing(APIClient(base_url=DEFAULT_URL)) as engine:
        emulator, process = next(filter(None, (_started(folder, engine) for _ in range(_TRIES))))
        try:
            yield emulator
        finally:
            process.kill()
            process.wait(_PATIENCE)
            emulator.clear(images=True)


def _started(folder: Path, engine: APIClient) -> "tuple[Emulator, subprocess.Popen[bytes]] | None":
    """Start one and wait until it answers; nothing when its port was taken meanwhile by somebody else."""
    port, name = free_port(), f"estiva-test-{uuid.uuid4().hex[:6]}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "MINISTACK_HOSTNAME": name,
        "HOSTNAME": name,  # else it takes the container that the tests may be run in for its own
    }
    command, said = [str(_PYTHON), "-c", _PROGRAM], folder / f"{name}.log"
    with said.open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log)
    emulator, deadline = Emulator(f"127.0.0.1:{port}", f"{name}:{port}", engine), time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{emulator.url}/_ministack/health", timeout=5).close()
            return emulator, process
        time.sleep(0.05)
    process.kill()
    process.wait(_PATIENCE)
    words = said.read_text()
    assert "in use" in words, f"ministack does not answer:\n{words[-2000:]}"
    return None
