"""A batch of CodeBuild: several builds that a buildspec makes of one start; found, started and stopped once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runners.aws.codebuild import builds
from runners.aws.codebuild.builds import Build
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed
from runners.crash import crash_here
from storage.model.worded import worded

ERRORS = {"no_batch": "the project is not set up for batches"}
_PAGE = 100
_BAD = ("FAILED", "FAULT", "TIMED_OUT", "STOPPED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One build of a batch, by the name that the buildspec gives it; it may have been tried before."""

    name: str
    build: str
    """Id of the build that counts; empty before there is one."""
    status: str
    ignored: bool
    """Its failure fails nothing."""
    location: str
    """Where its artifact is; empty when it has none."""

    @property
    def failed(self) -> bool:
        """Tell whether it is what a batch fails by."""
        return self.status in _BAD and not self.ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The batch at one moment."""

    whole: Build
    """All of it as if it were one build: phases, end, artifacts, reports, commit."""
    groups: Sequence[Group]

    @property
    def failed(self) -> list[str]:
        """Ids of the builds that it failed by; other ones once it is tried again."""
        return [each.build for each in self.groups if each.failed]


def read(raw: Mapping[str, Any]) -> Batch:
    """Read a batch out of an answer."""
    groups = [_group(each) for each in raw.get("buildGroups", [])]
    artifacts = raw.get("artifacts", {})
    described = {
        **raw,
        "buildNumber": raw.get("buildBatchNumber", 0),
        "buildStatus": raw.get("buildBatchStatus", "IN_PROGRESS"),
        # combined they are all in one place; else each build has its own
        "secondaryArtifacts": raw.get("secondaryArtifacts", [])
        if artifacts.get("location")
        else [{"artifactIdentifier": each.name, "location": each.location} for each in groups if each.location],
    }
    return Batch(whole=builds.read(described, is_batch=True), groups=groups)


def _group(raw: Mapping[str, Any]) -> Group:
    current = raw.get("currentBuildSummary", {})
    return Group(
        name=raw.get("identifier", ""),
        build=builds.id_of(current.get("arn", "")),
        status=current.get("buildStatus", ""),
        ignored=raw.get("ignoreFailure", False),
        location=current.get("primaryArtifact", {}).get("location", ""),
    )


def see_configured(project: Mapping[str, Any]) -> None:
    """Raise `ActionFailed` when a project cannot be built in batches."""
    if not project.get("buildBatchConfig"):
        raise ActionFailed(
            worded("the CodeBuild project {name} is not set up for batches", name=project.get("name", "")),
            hint=worded("give it a batch configuration with a service role, or leave out the option batch"),
            error="no_batch",
        )


async def look(account: Account, id_: str) -> Batch:
    """Look at a batch. Raises `ActionFailed` when there is none."""
    found = await _look(account, [id_])
    if not found:
        raise builds.lost(id_)
    return found[0]


async def find(account: Account, project: str, key: str, since: datetime | None) -> Batch | None:
    """Find the batch that was started for a key: among the newest hundred, or all of those since then."""
    async for ids in builds.listed(account, "list_build_batches_for_project", project):
        page = await _look(account, ids)
        mine = [batch for batch in page if batch.whole.key == key]
        if mine:
            return mine[0]
        if since is None or any(batch.whole.started_at < since for batch in page):
            break
    return None


async def start(account: Account, key: str, given: Mapping[str, Any]) -> Batch:
    """Start a batch for a key. Asked twice within five minutes, CodeBuild itself starts one."""
    crash_here("codebuild.batch.before")
    with builds.room():
        answer = await account.call("codebuild", "start_build_batch", idempotencyToken=builds.token(key), **given)
    crash_here("codebuild.batch.after")
    return read(answer["buildBatch"])


async def retry(account: Account, key: str, batch: Batch) -> Batch:
    """Do the builds of a batch again that failed, and what waited for them."""
    crash_here("codebuild.again.before")
    with builds.room():
        answer = await account.call(
            "codebuild",
            "retry_build_batch",
            id=batch.whole.id,
            retryType="RETRY_FAILED_BUILDS",
            idempotencyToken=builds.token(key),
        )
    crash_here("codebuild.again.after")
    return read(answer["buildBatch"])


async def stop(account: Account, batch: Batch) -> None:
    """Stop a batch and all of its builds. Harmless when it is over."""
    crash_here("codebuild.halt.before")
    try:
        await account.call("codebuild", "stop_build_batch", id=batch.whole.id)
    except AwsRefused:
        if not (await look(account, batch.whole.id)).whole.over:
            raise
    crash_here("codebuild.halt.after")


async def _look(account: Account, ids: Sequence[str]) -> list[Batch]:
    if not ids:
        return []
    answer = await account.call("codebuild", "batch_get_build_batches", ids=list(ids)[:_PAGE])
    return [read(each) for each in answer.get("buildBatches", [])]
