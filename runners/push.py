"""Kind `push`: the image that was built and tested is in the registry under its tag, and nothing else is."""

from collections.abc import Iterator, Mapping
from typing import Any

from docker import APIClient
from docker.errors import ImageNotFound

from runners import options, registry
from runners.aws import ecr
from runners.aws.ecr import Registries
from runners.aws.gate import Gate
from runners.aws.session import Visitor
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.registry import Manifest, Name
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.worded import worded

_ERRORS = {
    **registry.ERRORS,
    **ecr.ERRORS,
    "wrong_image": "what was built is no image of this service",
    "image_missing": "the image is not on this machine",
    "tag_moved": "somebody else pushed the same tag at the same time",
    "tag_taken": "the tag holds something else already",
}


class PushRunner:
    """Tags are never moved: another build of the same commit gets a tag of its own, anything else is an error."""

    kind = "push"
    errors = _ERRORS
    exports = ("IMAGE", "IMAGE_DIGEST")

    def __init__(self, containers: Containers, environ: Mapping[str, str], ecr: Registries | None = None) -> None:
        """Take the engine, where the registry's credentials are, and the way to registries in ECR."""
        self._containers = containers
        self._environ = environ
        self._ecr = ecr
        self._gate = Gate(ecr)

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, {})

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Read the tag back, push only when it is absent, read it back again."""
        image = work.artifacts.get(artifact.IMAGE, "")
        repository, tag = registry.split(image)
        if repository != work.service.image:
            raise ActionFailed(
                worded("`{image}` is not an image of {repository}", image=image, repository=work.service.image)
                if image
                else worded("nothing was built that could be pushed as {repository}", repository=work.service.image),
                hint=worded("build it before this action; its repository is the catalog's image of the service"),
                error="wrong_image",
            )
        await self._gate.ensure(work, sink)
        login = await registry.login(work.registry, repository, self._environ, self._ecr, Visitor.of(work))
        image_id = work.artifacts.get(artifact.IMAGE_ID) or await self._image_id(image)
        there = await registry.manifest(repository, tag, login)
        if there and not there.holds(image_id):
            # what was tested is what goes on: the other build may hold anything, whatever its labels say
            await _same_commit(work, repository, tag, there, login)
            sink.line(f"{image} already holds another build of this commit ({there.digest}), which is kept")
            # named by its content, so that this tag can hold nothing else, whatever else pushes to this registry
            tag = f"{tag}-{image_id.rpartition(':')[2][:12]}"
            there = await registry.manifest(repository, tag, login)
        if there and there.holds(image_id):
            sink.line(f"{registry.joined(repository, tag)} is there already: {there.digest}")
        elif there:
            raise _taken(repository, tag, there)
        elif ":" in tag:  # a digest: whoever built it pushed it, and what is not there any more cannot be pushed as it
            raise _gone(image)
        else:
            there = await self._pushed(sink, repository, tag, image_id, login)
        found = await self._gate.passed(work, repository, there.digest, sink)
        return Outcome(
            artifacts={artifact.IMAGE: registry.joined(repository, tag), artifact.DIGEST: there.digest},
            summary=_summary(there.digest, Name.parse(repository).host, found),
        )

    async def _pushed(
        self,
        sink: Sink,
        repository: str,
        tag: str,
        image_id: str,
        login: Mapping[str, str] | None,
    ) -> Manifest:
        def push(engine: APIClient) -> Iterator[dict[str, Any]]:
            # what was tested is an id: the local tag may have been moved since by another run of the same commit
            engine.tag(image_id, repository, tag)
            # without an auth_config of ours the SDK would send what this machine's user is logged in to
            pushing: Iterator[dict[str, Any]] = engine.push(
                repository, tag, stream=True, decode=True, auth_config=dict(login or {"username": "", "password": ""})
            )
            return pushing

        seen = Transfer(sink)
        try:
            await self._containers.stream(push, seen.message)
        except ImageNotFound as error:
            raise ActionFailed(
                worded("the image {image} is not on this machine any more", image=image_id[:19]),
                hint=worded("retry the run"),
                error="image_missing",
            ) from error
        if not seen.tag_is_taken:
            seen.check(Name.parse(repository).host)
        there = await registry.manifest(repository, tag, login)
        if seen.tag_is_taken and there and not there.holds(image_id):
            raise _taken(repository, tag, there)
        if there is None or not there.holds(image_id):
            raise ActionFailed(
                worded("{repository}:{tag} does not hold what was pushed", repository=repository, tag=tag),
                hint=worded("somebody else pushed this tag just now? retry"),
                error="tag_moved",
                retryable=True,
            )
        sink.line(f"{repository}:{tag} pushed: {there.digest}")
        return there

    async def _image_id(self, image: str) -> str:
        try:
            return await self._containers.ask(lambda engine: image_id_of(engine, image))
        except ImageNotFound as error:
            raise ActionFailed(
                worded("there is no image {image} on this machine", image=image),
                hint=worded("build it before this action"),
                error="image_missing",
            ) from error


def _gone(image: str) -> ActionFailed:
    return ActionFailed(
        worded("{image} is not in the registry", image=image),
        hint=worded("was it removed, by a lifecycle policy perhaps? release its commit again"),
        error="image_missing",
    )


def _summary(digest: str, host: str, found: str) -> str:
    if found:
        return worded("{digest} in {host}; scan: {found}", digest=digest[:19], host=host, found=found)
    return worded("{digest} in {host}", digest=digest[:19], host=host)


def image_id_of(engine: Any, image: str) -> str:
    """The engine's id of an image that it has. Raises the SDK's `ImageNotFound`."""
    return str(engine.inspect_image(image)["Id"])


class Transfer:
    """What the stream of a push or pull has said: its errors never raise by themselves."""

    def __init__(self, sink: Sink) -> None:
        """Take where the progress goes."""
        self._sink = sink
        self._error = ""

    def message(self, message: dict[str, Any]) -> None:
        """Take one message of the stream."""
        detail = message.get("errorDetail")
        if detail or message.get("error"):
            self._error = str((detail or {}).get("message") or message.get("error"))
            self._sink.line(self._error)
        elif "status" in message and "progress" not in message:
            self._sink.line(" ".join(filter(None, (message.get("id"), message["status"]))))

    @property
    def tag_is_taken(self) -> bool:
        """Whether the registry keeps its tags as they are, and has this one (ECR says so after all layers are up)."""
        return "cannot be overwritten because the" in self._error

    def check(self, host: str) -> None:
        """Raise `ActionFailed` for what went wrong."""
        if not self._error:
            return
        if "connection refused" in self._error or "no such host" in self._error or "timeout" in self._error.lower():
            raise ActionFailed(
                worded("the registry {host} does not answer ({error})", host=host, error=self._error),
                hint=worded("see that it runs and that the engine reaches it, then retry"),
                error="registry_unavailable",
                retryable=True,
            )
        raise registry.refused(host, self._error)


async def _same_commit(work: Work, repository: str, tag: str, there: Manifest, login: Mapping[str, str] | None) -> None:
    known = (await registry.labels(repository, there, login)).get("estiva.commit")
    if not known or known != work.artifacts.get(artifact.COMMIT):
        raise _taken(repository, tag, there)


def _taken(repository: str, tag: str, there: Manifest) -> ActionFailed:
    return ActionFailed(
        worded(
            "the tag {tag} of {repository} already holds another image ({digest})",
            tag=tag,
            repository=repository,
            digest=there.digest[:19],
        ),
        hint=worded("tags are never moved: release another commit, or remove that tag from the registry"),
        error="tag_taken",
    )
