"""Kind `buildspec`: a CodeBuild buildspec, run in a container on this machine as CodeBuild would.

The container walks the phases by itself (`buildspec_driver.sh`), so a build outlives the bot: whoever comes back
follows its log from the first line on. With `privileged: true` the build gets the engine's socket, which equals root
on this machine: only for repositories that the operators trust.
"""

import asyncio
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.errors import ImageNotFound

from runners import buildspec_script, job, options, registry
from runners.buildspec_artifacts import NoArtifacts, Upload
from runners.buildspec_file import Buildspec, BuildspecInvalid, parse
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.push import image_id_of
from storage.model import artifact
from storage.model.catalog import Json

_KNOWN = {
    "buildspec": options.inside,
    "image": options.text,
    "privileged": options.flag,
    "env": options.variables,
    "network": options.one_of("host", "none", "bridge"),
    "memory": options.memory,
}
_SHORTEST_SECRET = 4
_MOST = 100_000
"""Bytes that are read of a file that a build left."""


_ERRORS = {
    **registry.ERRORS,
    **job.ERRORS,
    "build_failed": "a command of the buildspec failed",
    "bad_buildspec": "the buildspec is missing or wrong",
    "upload_failed": "the artifacts that the buildspec names are not there",
    "wrong_image": "the build names an image that is not this service's",
    "bad_image_definitions": "imagedefinitions.json cannot be read",
}


class BuildspecRunner:
    """Hands on the image that `imagedefinitions.json` names, and the exported variables."""

    kind = "buildspec"
    errors = _ERRORS
    exports = None

    def __init__(
        self, containers: Containers, environ: Mapping[str, str], logins: registry.Logins | None = None
    ) -> None:
        """Take the engine, and where the registry's credentials are."""
        self._logins = logins
        self._containers = containers
        self._environ = environ

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, _KNOWN, required=("image",))

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Run the phases, or follow them if they run already, then collect the artifacts."""
        login = await registry.login(work.registry, work.service.image, self._environ, self._logins)
        # in a thread: the file is the repository's, and a large one takes seconds to read
        build = await asyncio.to_thread(_Build.of, work, login, sink)
        build.announce()
        await asyncio.to_thread(buildspec_script.write, build.job, build.spec, build.variables)
        ended = await job.finish(self._containers, self._job(work, build), work, build.line)
        if ended.out_of_memory:
            raise ActionFailed(
                "the build was killed: out of memory",
                exit_code=ended.code,
                hint="raise the action's option memory",
                error="out_of_memory",
            )
        failure = build.failure(ended.code)
        try:
            if build.uploads:
                await asyncio.to_thread(build.upload)
        except NoArtifacts as error:
            build.say("Phase complete: UPLOAD_ARTIFACTS State: FAILED")
            build.say(f"Phase context status code: CLIENT_ERROR Message: {error}")
            failure = failure or ActionFailed(
                f"UPLOAD_ARTIFACTS: {error}", hint="see artifacts in the buildspec", error="upload_failed"
            )
        if failure:
            raise failure
        made, exported = await self._image(work, build), build.exported()
        return Outcome(
            artifacts={**{f"exported.{name}": value for name, value in exported.items()}, **made},
            variables=exported,
            summary=made.get(artifact.IMAGE, f"{len(build.spec.phases)} phases succeeded"),
        )

    def _job(self, work: Work, build: "_Build") -> job.Job:
        privileged = work.options.get("privileged") is True
        sockets = [f"{self._containers.socket}:/var/run/docker.sock"] if privileged else []
        memory = work.options.get("memory")
        return job.Job(
            key=work.key,
            image=str(work.options["image"]),
            command=("/bin/sh", str(build.job / buildspec_script.DRIVER), str(build.job), str(build.source)),
            environment=build.environment,
            labels=self._containers.labels(run=work.run, service=work.service.name),
            # not the whole workspace: what a build can reach it can replace, by links out of it too
            binds=(f"{build.source}:{build.source}", f"{build.job}:{build.job}", *sockets),
            network=str(work.options.get("network", "bridge")),
            directory=str(build.source),
            user="root",
            memory=memory if isinstance(memory, str | int) else None,
            tmpfs={buildspec_script.STATE: "mode=0700"},
        )

    async def _image(self, work: Work, build: "_Build") -> dict[str, str]:
        """Name the image of `imagedefinitions.json`, with what the registry holds under it by now."""
        uri = build.image_uri()
        if uri is None:
            return {}
        repository, _, tag = uri.rpartition(":")
        if repository != work.service.image:
            raise ActionFailed(
                f"imagedefinitions.json names {uri}, which is no image of {work.service.image}",
                hint="tag the image with $IMAGE_REPOSITORY, or mend the service's image in the catalog",
                error="wrong_image",
            )
        there = await registry.manifest(repository, tag, build.login)
        if there:
            return {artifact.IMAGE: uri, artifact.DIGEST: there.digest, artifact.IMAGE_ID: there.config or there.digest}
        try:
            image_id = await self._containers.ask(lambda engine: image_id_of(engine, uri))
        except ImageNotFound as error:
            raise ActionFailed(
                f"{uri} is neither in the registry nor on this machine",
                hint="let the buildspec build it under that name",
                error="image_missing",
            ) from error
        return {artifact.IMAGE: uri, artifact.IMAGE_ID: image_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """One build and its files in the workspace."""

    work: Work
    spec: Buildspec
    path: str
    job: Path
    source: Path
    login: Mapping[str, str] | None
    take: Callable[[str], None]

    @classmethod
    def of(cls, work: Work, login: Mapping[str, str] | None, sink: Sink) -> "_Build":
        source = Path(work.artifacts.get(artifact.SOURCE, work.workspace / "source"))
        path, text = _read(source, work.options.get("buildspec"))
        try:
            spec = parse(text)
        except BuildspecInvalid as error:
            for problem in error.problems:
                sink.line(f"{path}: {problem}")
            more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
            raise ActionFailed(
                f"{path}: {error.problems[0]}{more}",
                hint="mend the buildspec; its log names each problem",
                error="bad_buildspec",
            ) from error
        slug = job.name_of("build", work.key)
        return cls(
            work=work,
            spec=spec,
            path=path,
            job=work.workspace / ".buildspec" / slug,
            source=source,
            login=login,
            take=sink.line,
        )

    @property
    def variables(self) -> dict[str, str]:
        """What the buildspec says and the caller does not overrule, then what the caller says."""
        given = options.texts(self.work.options.get("env"))
        kept = {
            name: v for name, v in self.spec.variables.items() if name not in self.environment and name not in given
        }
        return {**kept, **{name: value for name, value in given.items() if name not in self.environment}}

    @property
    def environment(self) -> dict[str, str]:
        """What Estiva gives to every build."""
        work, commit = self.work, self.work.artifacts.get(artifact.COMMIT, "")
        login = (
            {"REGISTRY_USERNAME": self.login["username"], "REGISTRY_PASSWORD": self.login["password"]}
            if self.login
            else {}
        )
        return {
            "CI": "true",
            "HOME": "/root",
            "DOCKER_CONFIG": f"{buildspec_script.STATE}/docker",
            "REGISTRY": work.registry.host,
            "IMAGE_REPOSITORY": work.service.image,
            **login,
            "CODEBUILD_CI": "true",
            "CODEBUILD_LOCAL_BUILD": "true",
            "CODEBUILD_BUILD_ID": f"{work.service.name}:{work.run}-{work.attempt}",
            "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:local:000000000000:build/{work.service.name}:{work.run}",
            "CODEBUILD_BUILD_IMAGE": str(work.options["image"]),
            "CODEBUILD_BUILD_NUMBER": work.run.rpartition("-")[2],
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": f"estiva/{work.run}",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": commit,
            "CODEBUILD_SOURCE_REPO_URL": work.service.repository,
            "CODEBUILD_SOURCE_VERSION": work.artifacts.get(artifact.REF, commit),
            "CODEBUILD_SRC_DIR": str(self.source),
            "CODEBUILD_START_TIME": str(int(time.time() * 1000)),
            # the source belongs to the bot's user, the build is root
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }  # fmt: skip

    def line(self, text: str) -> None:
        """Hand a line on without the registry's password, whole or line by line."""
        for secret in (self.login or {}).get("password", "").splitlines():
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        self.take(text)

    def say(self, text: str) -> None:
        for line in text.splitlines():
            self.take(f"[Container] {time.strftime('%Y/%m/%d %H:%M:%S', time.gmtime())} {line}")

    def announce(self) -> None:
        for warning in self.spec.warnings:
            self.say(warning)
        self.say(
            f"Phase is DOWNLOAD_SOURCE\nCODEBUILD_SRC_DIR={self.source}\nYAML location is {self.source / self.path}"
        )
        self.say(f"Processing environment variables\nMoving to directory {self.source}")
        self.say(f"Phases found in YAML: {len(self.spec.phases)}")
        for name, phase in self.spec.phases.items():
            self.say(f" {name.upper()}: {len(phase.commands)} commands")
        self.say("Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED\nPhase context status code:  Message: ")

    def failure(self, code: int) -> ActionFailed | None:
        if code == 0:
            return None
        known = self._result("exit")
        if not known:
            return ActionFailed(
                f"the build container ended with exit code {code}", exit_code=code, error="build_failed"
            )
        command = " ".join(self._result("command").split())
        exit_code = int(known) if known.isdecimal() and len(known) <= len("255") else code
        return ActionFailed(
            f"{self._result('phase')[:20]}: `{command[:200]}` ended with exit code {exit_code}",
            exit_code=exit_code,
            error="build_failed",
        )

    @property
    def uploads(self) -> bool:
        return self.spec.artifacts is not None and (self.job / "result" / "upload").exists()

    def upload(self) -> None:
        self.say("Entering phase UPLOAD_ARTIFACTS")
        places = {"": self.spec.artifacts, **self.spec.secondary}
        for name, files in places.items():
            target = (
                self.work.workspace / "artifacts" if not name else self.work.workspace / "secondary-artifacts" / name
            )
            if files:
                Upload(files=files, source=self.source, values=self._values(), say=self.say).copy(target)
        self.say("Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED\nPhase context status code:  Message: ")

    def exported(self) -> dict[str, str]:
        """Last values of the exported variables; what is a secret stays inside."""
        secret = (self.login or {}).get("password")
        return {
            name: value
            for name, value in self._values().items()
            if name in self.spec.exported and not name.startswith("AWS_") and value != secret
        }

    def image_uri(self) -> str | None:
        text = _left(self.work.workspace / "artifacts", "imagedefinitions.json")
        if self.spec.artifacts is None or text is None:
            return None
        try:
            entries = json.loads(text)
            named = [each for each in entries if each["name"] == self.work.service.name] or entries
            return str(named[0]["imageUri"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ActionFailed(
                "imagedefinitions.json cannot be read",
                hint='it should be [{"name": "...", "imageUri": "..."}]',
                error="bad_image_definitions",
            ) from error

    def _values(self) -> dict[str, str]:
        last = {name: _left(self.job, f"result/variables/{name}") for name in buildspec_script.wanted(self.spec)}
        return {name: value for name, value in last.items() if value is not None}

    def _result(self, name: str) -> str:
        return _left(self.job, f"result/{name}") or ""


def _left(directory: Path, name: str) -> str | None:
    """Read the beginning of a file that a build may have left; `None` when there is none.

    The build was root in there: it may have left a link to a file of this machine instead, or a pipe.
    """
    place = directory / name
    if not place.parent.resolve().is_relative_to(directory.resolve()):
        return None
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return file.read(_MOST).decode(errors="replace") if regular else None


def _read(source: Path, named: Json) -> tuple[str, str]:
    """Find the buildspec: the one named, else `buildspec.yml`, else `buildspec.yaml`."""
    names = [str(named)] if named else ["buildspec.yml", "buildspec.yaml"]
    for name in names:
        place = (source / name).resolve()
        if place.is_file() and place.is_relative_to(source.resolve()):
            return name, place.read_text(errors="replace")
    raise ActionFailed(
        f"YAML_FILE_ERROR: stat {names[0]}: no such file or directory",
        hint="add the file to the repository, or name it in the action's option buildspec",
        error="bad_buildspec",
    )
