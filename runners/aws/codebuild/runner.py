"""Kind `codebuild`: a project of CodeBuild, started for the commit of the run and followed to its end.

The project is yours, made by whatever makes your infrastructure. A build is known by a variable that has the key of its
work: it is found again by it, and not started twice.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from runners import options
from runners.aws import errors
from runners.aws.codebuild import batches, building, builds, made, reports
from runners.aws.codebuild.batches import Batch
from runners.aws.codebuild.batching import FollowingBatch
from runners.aws.codebuild.building import Following, failure_of
from runners.aws.codebuild.builds import KEY, Build
from runners.aws.errors import AwsRefused
from runners.aws.notes import Notes
from runners.aws.session import NOWHERE, Account, Clouds, Visitor
from runners.aws.stopping import stopping
from runners.contract import ActionFailed, Outcome, Silence, Sink, Work
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.worded import worded

_KNOWN = {
    "project": options.text,
    "source_version": options.text,
    "buildspec": options.text,
    "image": options.text,
    "privileged": options.flag,
    "compute_type": options.text,
    "auto_retry": options.count,
    "env": options.variables,
    "parameter_store": options.variables,
    "secrets_manager": options.variables,
    "fetch": options.flag,
    "batch": options.flag,
}
_ERRORS = {
    **errors.ERRORS,
    **builds.ERRORS,
    **batches.ERRORS,
    **building.ERRORS,
    **made.ERRORS,
    **NOWHERE,
    "other_commit": "CodeBuild built another commit than the run is about",
}
_OVERRIDES = {
    "buildspec": "buildspecOverride",
    "image": "imageOverride",
    "privileged": "privilegedModeOverride",
    "compute_type": "computeTypeOverride",
    "auto_retry": "autoRetryLimitOverride",
}
"""Option -> what StartBuild calls it."""
_KINDS = {"env": "PLAINTEXT", "parameter_store": "PARAMETER_STORE", "secrets_manager": "SECRETS_MANAGER"}
_RESERVED = {"CODEBUILD_": "CodeBuild", "ESTIVA_": "Estiva"}
_OF_GIT = {"CODECOMMIT", "GITHUB", "GITHUB_ENTERPRISE", "GITLAB", "GITLAB_SELF_MANAGED", "BITBUCKET"}
"""Sources whose version is a commit."""
_APART = timedelta(minutes=10)
"""By which our clock and AWS's may differ."""
_LIMIT = {False: "timeoutInMinutesOverride", True: "buildTimeoutInMinutesOverride"}
"""What StartBuild, and StartBuildBatch for each build, call the limit."""
_LEAST, _MOST = 5, 2_160
"""Minutes that CodeBuild takes as the limit of a build."""


class CodeBuildRunner:
    """Hands on the exported variables, and the image that `imagedefinitions.json` names."""

    kind = "codebuild"
    errors = _ERRORS
    exports = None

    def __init__(self, clouds: Clouds, collector: made.Collector, pace: float = 1.0) -> None:
        """Take the way to AWS, and who collects what builds made. `pace`: 1, unless AWS's time runs faster."""
        self._clouds = clouds
        self._collector = collector
        self._pace = pace

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        wrong = options.problems(options_, _KNOWN, required=("project",))
        if options_.get("batch") is True and "auto_retry" in options_:
            wrong.append("option auto_retry: CodeBuild does not try the builds of a batch again by itself")
        return wrong + [
            f"option {given}: {name} is a name that {owner} uses itself"
            for given in _KINDS
            for name in options.texts(options_.get(given))
            for prefix, owner in _RESERVED.items()
            if name.startswith(prefix)
        ]

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Start the build, or find it started, and follow it to its end."""
        return await (await self._ordered(work, sink)).run()

    async def stop(self, work: Work) -> None:
        """Stop the build that the work started, when nobody awaits it any more."""
        await (await self._ordered(work, Silence())).stop()

    async def _ordered(self, work: Work, sink: Sink) -> "_Order":
        account, _ = await self._clouds.within(work.environment, Visitor.of(work))
        return _Order(account=account, work=work, sink=sink, collector=self._collector, pace=self._pace)


@dataclass(slots=True, kw_only=True)
class _Order:
    """One build that was asked for."""

    account: Account
    work: Work
    sink: Sink
    collector: made.Collector
    pace: float
    _following: Following | FollowingBatch | None = field(default=None, init=False)

    async def run(self) -> Outcome:
        """Give what came of it; stops it when that is what is wanted."""
        async with stopping(self.work, self.stop, self.sink, "the build could not be stopped"):
            return await self._built()

    async def stop(self) -> None:
        """Stop what the key started, if it still goes on."""
        if self._in_batch:
            await self._stop_batch()
            return
        if isinstance(self._following, Following):
            await self._following.stop()
        elif (build := await self._found()) is not None:
            await self._follow(build).stop()

    def _follow(self, build: Build) -> Following:
        return Following(self.account, self.sink, build, self.work.tell, self.pace)

    async def _stop_batch(self) -> None:
        following = self._following
        batch = following.latest if isinstance(following, FollowingBatch) else await self._found_batch()
        if batch is not None and not batch.whole.over:
            await batches.stop(self.account, batch)

    async def _ended(self) -> tuple[Build, ActionFailed | None]:
        """Give the build, or the batch as one, as it ended; and why it failed, when it did."""
        if self._in_batch:
            batch = await self._found_batch() or await self._retried_batch() or await self._started_batch()
            Notes(self.work).write(batch=batch.whole.id)
            self._following = FollowingBatch(self.account, self.sink, batch, self.work.tell, self.pace)
            return await self._following.to_its_end(), self._following.failure()
        build = await self._found() or await self._started()
        self._following = following = self._follow(build)
        build = await following.to_its_end()
        return build, failure_of(build)

    async def _built(self) -> Outcome:
        build, failed = await self._ended()
        tested = await reports.read(self.account, build, self.sink)
        if failed:
            raise tested.told_in(failed)
        self._see_commit(build)
        handed = await self.collector.collect(self.account, self.work, build, self.sink)
        return Outcome(
            artifacts={**{f"exported.{name}": value for name, value in build.exported.items()}, **handed},
            variables={**made.places(build), **build.exported},
            summary=tested.summary or worded("{build} succeeded", build=build.named),
        )

    async def _found(self) -> Build | None:
        build = await builds.find(self.account, self._project, self.work.key, self._intended())
        if build is not None:
            self.sink.line(f"{build.named} was started before: {build.id}")
        return build

    async def _found_batch(self) -> Batch | None:
        if noted := Notes(self.work).text("batch"):
            return await batches.look(self.account, noted)
        batch = await batches.find(self.account, self._project, self.work.key, self._intended())
        if batch is not None:
            self.sink.line(f"{batch.whole.named} was started before: {batch.whole.id}")
        return batch

    async def _retried_batch(self) -> Batch | None:
        """Do what failed of the batch of the attempt before again; nothing where there is none to go on with."""
        before = Notes.of_attempt(self.work, self.work.attempt - 1).text("batch") if self.work.attempt > 1 else ""
        if not before:
            return None
        batch, notes = await batches.look(self.account, before), Notes(self.work)
        failed = batch.failed if batch.whole.status == "FAILED" else []
        retried = notes.names("retried")
        if retried and retried != failed:
            return batch  # it was retried before a crash
        if not failed:
            return None
        notes.write(retried=[*failed])
        self.sink.line(f"{batch.whole.named}: what failed is built again")
        return await batches.retry(self.account, self.work.key, batch)

    async def _started_batch(self) -> Batch:
        batch = await batches.start(self.account, self.work.key, await self._prepared())
        self.sink.line(f"{batch.whole.named} started: {batch.whole.id}")
        return batch

    async def _prepared(self) -> dict[str, Any]:
        """Give what it is started with, when all is ready for that."""
        given = self._overrides(await self._source())
        await self.collector.prepare(self.work, self.sink)
        Notes(self.work).write(since=datetime.now(UTC).isoformat())  # so far back it is looked for after a long time
        return given

    async def _started(self) -> Build:
        given = await self._prepared()
        build = await builds.start(self.account, self.work.key, given)
        self.sink.line(f"{build.named} started: {build.id}")
        return build

    async def _source(self) -> str:
        """Give the kind of the project's source; a project that may not be looked at is believed to be of git."""
        try:
            described = await builds.project(self.account, self._project)
        except AwsRefused as refused:
            if refused.error != "aws_denied":
                raise
            self.sink.line(f"not checked beforehand: {refused.hint}")
            return "GITHUB"
        kind = str(described.get("source", {}).get("type", ""))
        if kind == "CODEPIPELINE":
            raise ActionFailed(
                worded("the CodeBuild project {name} gets its source from CodePipeline", name=self._project),
                hint=worded("start its pipeline with uses: codepipeline, or name a project with a source of its own"),
                error="no_project",
            )
        if self._in_batch:
            batches.see_configured(described)
        return kind

    def _overrides(self, source: str) -> dict[str, Any]:
        told = self.work.options
        given: dict[str, Any] = {name: told[key] for key, name in _OVERRIDES.items() if key in told}
        if self.work.timeout is not None:
            given[_LIMIT[self._in_batch]] = min(_MOST, max(_LEAST, math.ceil(self.work.timeout / 60)))
        version = str(told.get("source_version") or (self._commit if source in _OF_GIT else ""))
        if version:
            given["sourceVersion"] = version
        return {"projectName": self._project, "environmentVariablesOverride": self._variables(), **given}

    def _variables(self) -> list[dict[str, str]]:
        work = self.work
        own = {
            KEY: work.key,
            "ESTIVA_RUN": work.run,
            "ESTIVA_SERVICE": work.service.name,
            "ESTIVA_COMMIT": self._commit,
            "IMAGE_REPOSITORY": work.service.image,
        }
        known = [("PLAINTEXT", own), *((kind, options.texts(work.options.get(name))) for name, kind in _KINDS.items())]
        return [{"name": n, "value": v, "type": kind} for kind, values in known for n, v in values.items()]

    def _see_commit(self, build: Build) -> None:
        """Raise when what was built is not what the run is about."""
        wanted, kind = self.work.artifacts.get(artifact.COMMIT), build.raw.get("source", {}).get("type")
        if "source_version" in self.work.options or kind not in _OF_GIT or not wanted or not build.commit:
            return
        if build.commit != wanted:
            raise ActionFailed(
                worded("{build} built {commit}, not {wanted}", build=build.named, commit=build.commit, wanted=wanted),
                hint=worded("see that the project and the service in the catalog have the same repository"),
                error="other_commit",
            )

    @property
    def _in_batch(self) -> bool:
        return self.work.options.get("batch") is True

    @property
    def _project(self) -> str:
        return str(self.work.options["project"])

    @property
    def _commit(self) -> str:
        return self.work.artifacts.get(artifact.COMMIT) or self.work.artifacts.get(artifact.REF, "")

    def _intended(self) -> datetime | None:
        noted = Notes(self.work).text("since")
        return datetime.fromisoformat(noted) - _APART if noted else None
