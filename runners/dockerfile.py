"""Kind `dockerfile`: an image from a Dockerfile in the source, built by the engine's own builder."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.auth import AuthConfig
from docker.errors import APIError

from runners import options, registry
from runners.aws import errors as aws
from runners.aws.session import Visitor
from runners.containers import Containers
from runners.contract import ActionFailed, Away, Outcome, Sink, Work
from runners.lines import Lines
from runners.registry import Logins
from runners.trouble import trouble_in
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.worded import worded

_KNOWN = {
    "dockerfile": options.inside,
    "context": options.inside,
    "args": options.variables,
    "target": options.text,
    "network": options.text,
}
_AGAIN = 5
"""Times that a build is begun again which ended only because images were removed beside it."""
_MISSED = re.compile(r'unable to find image "sha256:[0-9a-f]{64}"')
"""What the builder says then: it looks through all children of the base for a step that it has done before."""

_ERRORS = {
    "build_failed": "a step of the Dockerfile failed",
    "bad_dockerfile": "the Dockerfile is missing, or lies outside the source",
    "no_commit": "no earlier action fetched the source",
    "no_credentials": registry.ERRORS["no_credentials"],
    **aws.ERRORS,
}


class DockerfileRunner:
    """Builds `service.image:<first 7 digits of the commit>`."""

    kind = "dockerfile"
    errors = _ERRORS
    exports = ("IMAGE", "IMAGE_ID")

    def __init__(self, containers: Containers, environ: Mapping[str, str], logins: Logins | None = None) -> None:
        """Take the engine, and where the registry's credentials are (a base image may be private)."""
        self._logins = logins
        self._containers = containers
        self._environ = environ

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, _KNOWN)

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Build, or find the image that this key already built."""
        tag = tag_of(work)
        image_id = await self._found(work, tag)
        if image_id:
            sink.line(f"{image_id[:19]} was already built by this run")
        else:
            image_id = await self._built(work, sink, tag)
        summary = worded("{image} built as {tag}", image=image_id[7:19], tag=tag)
        return Outcome(artifacts={artifact.IMAGE: tag, artifact.IMAGE_ID: image_id}, summary=summary)

    async def _found(self, work: Work, tag: str) -> str | None:
        def find(engine: APIClient) -> str | None:
            there = engine.images(filters=self._containers.filters(key=work.key))
            # a label is not enough: a Dockerfile can give any to its stages, a later run's key too; our tag it cannot
            return next((str(each["Id"]) for each in there if tag in (each["RepoTags"] or ())), None)

        return await self._containers.ask(find)

    async def _built(self, work: Work, sink: Sink, tag: str) -> str:
        context, dockerfile = _places(work)
        login = await registry.login(work.registry, work.service.image, self._environ, self._logins, Visitor.of(work))
        # no more than are needed: the engine makes a step of the build of each, a tenth of a second
        labels = self._containers.labels(key=work.key, commit=work.artifacts[artifact.COMMIT])

        def build(engine: Any) -> Iterator[dict[str, Any]]:
            # only the catalog's registry: whatever this machine's user is logged in to is none of the build's business
            engine._auth_configs = AuthConfig({})  # noqa: SLF001
            if login:
                engine._auth_configs.add_auth(work.registry.host, {**login, "serveraddress": work.registry.host})  # noqa: SLF001
            built: Iterator[dict[str, Any]] = engine.build(
                path=str(context),
                dockerfile=str(dockerfile.relative_to(context)),
                tag=tag,
                labels=labels,
                buildargs=options.texts(work.options.get("args")),
                target=work.options.get("target"),
                network_mode=work.options.get("network"),
                rm=True,
                forcerm=True,
                decode=True,
            )
            return built

        return await self._followed(build, sink)

    async def _followed(self, build: Callable[[Any], Iterator[dict[str, Any]]], sink: Sink) -> str:
        seen = await self._seen(build, sink)
        for _ in range(_AGAIN):
            if not seen.missed:
                break
            sink.line("an image was removed while the builder looked for what it has, so it builds again")
            seen = await self._seen(build, sink)
        if seen.failure is not None:
            raise seen.failure
        if not seen.image_id:
            raise ActionFailed(
                worded("the build ended without an image"), hint=worded("see its log"), error="build_failed"
            )
        return seen.image_id

    async def _seen(self, build: Callable[[Any], Iterator[dict[str, Any]]], sink: Sink) -> "_Seen":
        seen = _Seen(sink)
        try:
            await self._containers.stream(build, seen.message)
        except APIError as error:  # a Dockerfile that cannot be parsed is refused before the stream begins
            raise trouble_in(str(error.explanation or error)) or ActionFailed(
                _one_line(str(error.explanation or error)), hint=worded("mend the Dockerfile"), error="build_failed"
            ) from error
        seen.lines.end()
        return seen


class _Seen:
    """What the builder's stream has said so far."""

    def __init__(self, sink: Sink) -> None:
        self.lines = Lines(sink.line)
        self.image_id = ""
        self.failure: ActionFailed | Away | None = None
        self.missed = False
        """An image beside the base was gone that the builder had just listed: nobody has done anything wrong."""
        self._sink = sink

    def message(self, message: dict[str, Any]) -> None:
        if "stream" in message:
            self.lines.add(message["stream"])
        if "status" in message and "progress" not in message:
            self._sink.line(" ".join(filter(None, (message.get("id"), message["status"]))))
        aux = message.get("aux")
        if isinstance(aux, dict) and aux.get("ID"):
            self.image_id = aux["ID"]
        detail = message.get("errorDetail")
        if detail:
            self.lines.end()
            text = _one_line(str(detail.get("message", message.get("error", ""))))
            self._sink.line(text)
            self.missed = _MISSED.fullmatch(text) is not None
            self.failure = trouble_in(text) or ActionFailed(
                text, exit_code=detail.get("code"), hint=_hint(text), error="build_failed"
            )


def tag_of(work: Work) -> str:
    """Repository and tag for the commit: its first 7 digits, as CodeBuild's sample has it."""
    commit = work.artifacts.get(artifact.COMMIT)
    if not commit:
        raise ActionFailed(
            worded("no commit to build"), hint=worded("put an action that uses git before this one"), error="no_commit"
        )
    return f"{work.service.image}:{artifact.short(commit)}"


def _places(work: Work) -> tuple[Path, Path]:
    """Context and Dockerfile, both inside the source even when links lead elsewhere."""
    source = Path(work.artifacts[artifact.SOURCE]).resolve()
    context = (source / str(work.options.get("context", "."))).resolve()
    dockerfile = (context / str(work.options.get("dockerfile", "Dockerfile"))).resolve()
    if not context.is_relative_to(source) or not dockerfile.is_relative_to(context):
        raise ActionFailed(
            worded("the Dockerfile or its context lies outside the source"),
            hint=worded("mend the action's options"),
            error="bad_dockerfile",
        )
    if not dockerfile.is_file():
        shown = dockerfile.relative_to(source)
        raise ActionFailed(
            worded("there is no {file} in the source", file=shown),
            hint=worded("add it, or set the action's option dockerfile"),
            error="bad_dockerfile",
        )
    return context, dockerfile


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:500]


def _hint(text: str) -> str:
    if "returned a non-zero code" in text:
        return worded("the command's own words are above")
    if "no such file or directory" in text or "COPY failed" in text or "ADD failed" in text:
        return worded("see that the file is in the repository and not in .dockerignore")
    if "pull access denied" in text or "not found" in text:
        return worded("see that the base image exists and that Estiva may pull it")
    return ""
