"""What the scan of an image forbids goes no further, whoever pushed it: CodeBuild, or a buildspec."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace

import pytest

from runners.aws.codebuild.made import Collector
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.ecr import Registries
from runners.aws.ecs.runner import EcsRunner
from runners.aws.session import Clouds
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed, Work
from storage.model import artifact
from storage.model.catalog import Json, Registry
from storage.model.cloud import Aws, Ecr, Severity
from tests.aws.fleet import Fleet
from tests.aws.images import put
from tests.aws.workshop import Workshop, packed
from tests.doubles.aws.builds import Script
from tests.doubles.aws.front import Front
from tests.doubles.aws.repositories import Repositories, Scan
from tests.doubles.aws.server import Server
from tests.runners.bench import Bench, Notes

PACE = 0.01
BAD, FINE = Scan({"CRITICAL": 1, "LOW": 3}), Scan({"HIGH": 2})


@pytest.fixture
def known(place: Aws, front: Front, repositories: Repositories) -> Registry:
    """The catalog's registry is one of ECR's, and lets no critical finding pass."""
    return Registry(host=front.host, ecr=Ecr(aws=place, block=Severity.CRITICAL, scan_timeout=20))


class TestCodeBuild:
    """It pushes by itself, and says by a digest or a file which image that was."""

    @pytest.fixture
    def name(self) -> str:
        return f"gate-{uuid.uuid4().hex[:6]}"

    @pytest.fixture
    def digest(self, workshop: Workshop, clouds: Clouds, name: str) -> str:
        """What a build of the project pushes."""
        pace = 1 / workshop.server.clock.speed
        workshop.runner = CodeBuildRunner(clouds, Collector({}, Registries(clouds, pace=PACE)), pace=pace)
        digest = put(workshop.registry, name, "new", tag="new")
        workshop.script(Script(exported={"IMAGE_DIGEST": digest}))
        return digest

    def work(self, workshop: Workshop, known: Registry, name: str, **options: Json) -> Work:
        work = workshop.work(options)
        return replace(work, registry=known, service=replace(work.service, image=f"{known.host}/{name}"))

    async def test_a_finding_as_bad_as_declared_stops_what_was_exported(
        self, workshop: Workshop, known: Registry, name: str, digest: str, repositories: Repositories, notes: Notes
    ) -> None:
        repositories.scan = BAD
        work = self.work(workshop, known, name)
        for _ in range(2):  # a process that died in between asks again, and gets the same answer
            with pytest.raises(ActionFailed, match="found 1 critical, 3 low") as failed:
                await workshop.runner.run(work, notes)
            assert failed.value.error == "scan_blocked"
        assert workshop.server.count("StartBuild") == 1
        repositories.scan = FINE
        outcome = await workshop.runner.run(work, notes)
        assert outcome.artifacts[artifact.DIGEST] == digest
        assert "image scan: 2 high" in notes.text

    async def test_it_stops_what_a_file_names_too(
        self, workshop: Workshop, known: Registry, name: str, digest: str, repositories: Repositories, notes: Notes
    ) -> None:
        repositories.scan = BAD
        text = json.dumps([{"name": "hello", "imageUri": f"{known.host}/{name}:new"}])
        workshop.objects.kept["kept"] = {"out": packed({"imagedefinitions.json": text})}
        workshop.script(Script(location="arn:aws:s3:::kept/out"))
        with pytest.raises(ActionFailed) as failed:
            await workshop.runner.run(self.work(workshop, known, name, fetch=True), notes)
        assert failed.value.error == "scan_blocked"

    async def test_without_findings_nothing_is_handed_on(
        self, workshop: Workshop, known: Registry, name: str, digest: str, repositories: Repositories, notes: Notes
    ) -> None:
        repositories.scan = None
        with pytest.raises(ActionFailed, match="gave no findings") as failed:
            await workshop.runner.run(self.work(workshop, known, name), notes)
        assert (failed.value.error, failed.value.retryable) == ("scan_missing", True)

    async def test_the_repository_is_made_as_declared_before_the_build(
        self, workshop: Workshop, known: Registry, name: str, digest: str, repositories: Repositories, server: Server
    ) -> None:
        await workshop.runner.run(self.work(workshop, known, name), Notes())
        assert repositories.known[name]["imageTagMutability"] == "IMMUTABLE"
        asked = [each.operation for each in server.calls]
        assert asked.index("CreateRepository") < asked.index("StartBuild")

    async def test_a_role_that_may_only_read_builds_into_a_repository_of_others(
        self,
        workshop: Workshop,
        known: Registry,
        name: str,
        digest: str,
        repositories: Repositories,
        server: Server,
        notes: Notes,
    ) -> None:
        repositories.add(name)
        server.denied.add("ecr:DescribeRepositories")
        await workshop.runner.run(self.work(workshop, known, name), notes)
        assert "not looked at beforehand: allow ecr:DescribeRepositories" in notes.text

    async def test_of_an_image_of_another_registry_ecr_is_asked_nothing(
        self, workshop: Workshop, known: Registry, name: str, digest: str, repositories: Repositories, notes: Notes
    ) -> None:
        repositories.add(name)
        elsewhere = replace(workshop.registry.catalog, ecr=known.ecr, host="ecr.example.com")
        work = replace(self.work(workshop, known, name), registry=elsewhere)
        with pytest.raises(ActionFailed) as failed:  # nor is it sent the registry's credentials
            await workshop.runner.run(work, notes)
        assert failed.value.error == "registry_refused"
        asked = {each.operation for each in workshop.server.calls}
        assert not asked & {"DescribeRepositories", "DescribeImageScanFindings", "GetAuthorizationToken"}


class TestEcs:
    """It releases what was judged, and images of others that `imagedefinitions.json` names beside it."""

    @pytest.mark.parametrize("pinned", [True, False])
    async def test_an_image_beside_the_services_own_is_judged_before_anything_is_touched(
        self, fleet: Fleet, clouds: Clouds, known: Registry, repositories: Repositories, server: Server, *, pinned: bool
    ) -> None:
        fleet.runner = EcsRunner(clouds, {}, Registries(clouds, pace=PACE), pace=1 / server.clock.speed)
        fleet.definition = fleet.tasks.define("hello", [fleet.container("app"), fleet.container("proxy")])
        fleet.tasks.serve("hello", fleet.definition)
        names = [fleet.image.partition("/")[2], f"side-{uuid.uuid4().hex[:6]}"]
        for name in names:
            repositories.add(name)
        work = fleet.work(fleet.pushed("new"))
        work = replace(work, registry=known, service=replace(work.service, image=f"{known.host}/{names[0]}"))
        reference = f"@{put(fleet.registry, names[1], 'side', tag='v1')}" if pinned else ":v1"
        uris = {"app": f"{work.service.image}:new", "proxy": f"{known.host}/{names[1]}{reference}"}
        (work.workspace / "artifacts").mkdir()
        listed = json.dumps([{"name": name, "imageUri": uri} for name, uri in uris.items()])
        (work.workspace / "artifacts" / "imagedefinitions.json").write_text(listed)
        put(fleet.registry, names[1], "side", tag="v1")
        repositories.scan = BAD
        with pytest.raises(ActionFailed) as failed:
            await fleet.runner.run(work, Notes())
        assert (failed.value.error, server.count("RegisterTaskDefinition")) == ("scan_blocked", 0)
        repositories.scan = FINE
        await fleet.runner.run(work, Notes())
        assert server.count("RegisterTaskDefinition") == 1


@pytest.mark.docker
class TestBuildspec:
    """A build here, whose image is in the registry by the time it ends."""

    SPEC = """version: 0.2
phases:
  build:
    commands:
      - printf '[{"name":"hello","imageUri":"%s"}]' $IMAGE_REPOSITORY:new > imagedefinitions.json
artifacts: {files: imagedefinitions.json}
"""

    @pytest.fixture
    def runner(self, bench: Bench, clouds: Clouds, known: Registry) -> BuildspecRunner:
        bench.registry = known
        bench.service = replace(bench.service, image=f"{known.host}/gate-{bench.run}")
        return BuildspecRunner(bench.containers, {}, bench.root / "caches", Registries(clouds, pace=PACE), clouds)

    def work(self, bench: Bench, attempt: int = 1, options: Mapping[str, Json] | None = None) -> Work:
        source = bench.source({"buildspec.yml": self.SPEC})
        return bench.work({"image": "estiva/ci:base", **(options or {})}, source, attempt=attempt)

    async def test_a_finding_as_bad_as_declared_stops_the_image(
        self, runner: BuildspecRunner, bench: Bench, repositories: Repositories, workshop: Workshop, notes: Notes
    ) -> None:
        name = bench.service.image.partition("/")[2]
        repositories.add(name)
        digest = put(workshop.registry, name, "new", tag="new")
        repositories.scan = BAD
        with pytest.raises(ActionFailed, match="found 1 critical, 3 low") as failed:
            await runner.run(self.work(bench), notes)
        assert failed.value.error == "scan_blocked"
        repositories.scan = FINE
        outcome = await runner.run(self.work(bench, attempt=2), notes)
        assert outcome.artifacts[artifact.DIGEST] == digest

    async def test_the_repository_is_made_for_a_build_that_may_push(
        self, runner: BuildspecRunner, bench: Bench, repositories: Repositories, notes: Notes
    ) -> None:
        with pytest.raises(ActionFailed) as failed:  # it pushes nothing
            await runner.run(self.work(bench), notes)
        assert (failed.value.error, repositories.known) == ("image_missing", {})
        with pytest.raises(ActionFailed):
            await runner.run(self.work(bench, attempt=2, options={"network": "bridge"}), notes)
        assert list(repositories.known) == [bench.service.image.partition("/")[2]]
