"""What a build of CodeBuild made: artifacts, and the image that a deploy may take."""

import re
from collections.abc import Mapping

from runners import registry
from runners.aws import ecr
from runners.aws.codebuild import fetched
from runners.aws.codebuild.builds import Build
from runners.aws.ecr import Registries
from runners.aws.gate import Gate
from runners.aws.session import Account, Visitor
from runners.buildspec import definitions
from runners.buildspec.definitions import Image, image_of
from runners.contract import Sink, Work
from storage.model import artifact

ERRORS = {
    **registry.ERRORS,
    **ecr.ERRORS,
    **fetched.ERRORS,
    **definitions.ERRORS,
    "image_missing": "the image that the build names is not in the registry",
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def places(build: Build) -> dict[str, str]:
    """Give where to find the build and what it made, as variables."""
    location = build.raw.get("artifacts", {}).get("location", "")
    return {"BUILD_ID": build.id, **({"ARTIFACTS": str(location)} if location else {})}


class Collector:
    """Collects what later actions need of a build."""

    def __init__(self, environ: Mapping[str, str], ecr: Registries | None = None) -> None:
        """Take where the registry's credentials are, and the way to registries in ECR."""
        self._environ = environ
        self._ecr = ecr
        self._gate = Gate(ecr)

    async def prepare(self, work: Work, sink: Sink) -> None:
        """Have the repository that the build pushes to."""
        await self._gate.ensure_if_allowed(work, sink)

    async def collect(self, account: Account, work: Work, build: Build, sink: Sink) -> dict[str, str]:
        """Name the artifacts, fetch them when the action says so, and give the image that the build pushed."""
        for each in (build.raw.get("artifacts", {}), *build.raw.get("secondaryArtifacts", [])):
            if each.get("location"):
                sink.line(f"artifacts: {each['location']}")
        location = build.raw.get("artifacts", {}).get("location", "")
        if work.options.get("fetch") is not True:
            return await self._exported(work, build, sink)
        if location:
            count = await fetched.fetch(account, location, work.workspace / "artifacts")
            sink.line(f"{count} files fetched")
        for each in build.raw.get("secondaryArtifacts", []):
            if each.get("location"):
                name = fetched.folder(each.get("artifactIdentifier", ""))
                count = await fetched.fetch(account, each["location"], work.workspace / "secondary-artifacts" / name)
                sink.line(f"{count} files of {name} fetched")
        return await self._named(work, sink) or await self._exported(work, build, sink)

    async def _named(self, work: Work, sink: Sink) -> dict[str, str]:
        """Give the image that `imagedefinitions.json` names."""
        image = image_of(work)
        return await self._image(work, image, sink) if image else {}

    async def _exported(self, work: Work, build: Build, sink: Sink) -> dict[str, str]:
        """Give the image whose digest the buildspec exports as `IMAGE_DIGEST`."""
        digest = build.exported.get(artifact.variable(artifact.DIGEST), "")
        if not _DIGEST.fullmatch(digest):
            return {}
        return await self._image(work, Image(work.service.image, digest), sink)

    async def _image(self, work: Work, image: Image, sink: Sink) -> dict[str, str]:
        login = await registry.login(work.registry, work.service.image, self._environ, self._ecr, Visitor.of(work))
        there = await registry.manifest(image.repository, image.reference, login)
        if there is None:
            raise definitions.not_pushed(image)
        await self._gate.passed(work, image.repository, there.digest, sink)
        return image.as_held(there)
