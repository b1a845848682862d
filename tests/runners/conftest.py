"""The engine, a registry and the base images, shared by all tests of runners; nothing is left behind."""

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient

from runners.buildspec.runner import BuildspecRunner
from runners.containers import DEFAULT_URL, Containers
from storage.model.catalog import Service
from tests.registry import Registry, running
from tests.runners.bench import Bench, Notes

_BASE_IMAGES = Path(__file__).parents[2] / ".ci" / "base-images"


@pytest.fixture(scope="session")
def engine() -> Iterator[APIClient]:
    subprocess.run([_BASE_IMAGES, "busybox", "ci"], check=True)
    client = APIClient(base_url=DEFAULT_URL)
    yield client
    client.close()


@pytest.fixture(scope="session")
def namespace(engine: APIClient) -> Iterator[str]:
    """A namespace of this session; whatever carries it is removed at the end."""
    name = f"estiva-test-{uuid.uuid4().hex[:6]}"
    yield name
    ours = {"label": f"estiva.namespace={name}"}
    for container in engine.containers(all=True, filters=ours):
        engine.remove_container(container["Id"], force=True, v=True)
    for network in engine.networks(filters=ours):
        engine.remove_network(network["Id"])
    for image in engine.images(filters=ours):
        engine.remove_image(image["Id"], force=True)


@pytest.fixture(scope="session")
def containers(namespace: str) -> Iterator[Containers]:
    engine = Containers(namespace=namespace)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def bench(containers: Containers, registry: Registry, tmp_path: Path) -> Bench:
    service = Service(
        name="hello", repository="unused", image=f"{registry.host}/hello-{uuid.uuid4().hex[:6]}", port=8000
    )
    return Bench(containers=containers, registry=registry.catalog, root=tmp_path, service=service)


@pytest.fixture
def builder(bench: Bench, registry: Registry) -> BuildspecRunner:
    return BuildspecRunner(bench.containers, registry.environ, bench.root / "caches")
