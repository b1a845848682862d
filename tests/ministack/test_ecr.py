"""Real pushes to ministack's ECR, which keeps tags as ECR does: into the repository that Estiva makes as declared."""

import json
from dataclasses import replace

import pytest

from runners.aws.ecr import Registries
from runners.aws.repositories import lifecycle
from runners.aws.session import Clouds
from runners.contract import ActionFailed
from runners.dockerfile import DockerfileRunner
from runners.push import PushRunner
from storage.model import artifact
from storage.model.catalog import Registry
from storage.model.cloud import Ecr
from tests.ministack.cluster import Cluster
from tests.runners.bench import Bench, Notes


@pytest.fixture
def ecr(bench: Bench, cluster: Cluster) -> Ecr:
    """The bench's registry is that of ministack."""
    known = Ecr(aws=cluster.emulator.place, untagged=14, keep=200)
    bench.registry = Registry(host=cluster.emulator.host, ecr=known)
    bench.service = replace(bench.service, image=f"{cluster.emulator.host}/hello")
    return known


@pytest.fixture
def runner(bench: Bench, clouds: Clouds) -> PushRunner:
    return PushRunner(bench.containers, {}, Registries(clouds))


async def built(bench: Bench, text: str, run: str) -> dict[str, str]:
    source = bench.source({"Dockerfile": f"FROM estiva/busybox:base\nRUN echo {text} > /text\n"}, run=run)
    outcome = await DockerfileRunner(bench.containers, {}).run(bench.work(artifacts=source, run=run), Notes())
    return {**source, **outcome.artifacts}


async def test_a_repository_is_made_as_declared_and_its_tags_stay(
    runner: PushRunner, bench: Bench, ecr: Ecr, cluster: Cluster, notes: Notes
) -> None:
    one = await built(bench, "one", "hello-1")
    pushed = await runner.run(bench.work(artifacts=one, run="hello-1"), notes)
    (made,) = cluster.ecr.describe_repositories()["repositories"]
    assert made["repositoryName"] == "hello"
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = cluster.ecr.get_lifecycle_policy(repositoryName="hello")["lifecyclePolicyText"]
    assert json.loads(policy) == lifecycle(untagged=14, keep=200)
    (image,) = cluster.ecr.describe_images(repositoryName="hello")["imageDetails"]
    assert image["imageDigest"] == pushed.artifacts[artifact.DIGEST]

    again = await runner.run(bench.work(artifacts=one, run="hello-1"), notes)
    assert again.artifacts == pushed.artifacts
    assert "is there already" in notes.text

    # who pushes at the same time is refused in ECR's words there and in others here, so only the look before is seen
    other = {**await built(bench, "two", "hello-2"), artifact.COMMIT: "another"}
    with pytest.raises(ActionFailed, match="already holds another image") as failed:
        await runner.run(bench.work(artifacts=other, run="hello-2"), notes)
    assert failed.value.error == "tag_taken"
    name, _, tag = other[artifact.IMAGE].rpartition(":")
    cluster.emulator.engine.tag(other[artifact.IMAGE_ID], name, tag)
    said = list(cluster.emulator.engine.push(name, tag=tag, stream=True, decode=True))
    assert "is immutable" in said[-1]["error"]
    (image,) = cluster.ecr.describe_images(repositoryName="hello")["imageDetails"]
    assert image["imageDigest"] == pushed.artifacts[artifact.DIGEST]
