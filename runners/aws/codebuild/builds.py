"""A build of CodeBuild: started once for a key, found again by it, stopped; read from one look at it."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed
from runners.crash import crash_here
from storage.model.worded import worded

ERRORS = {
    "no_project": "there is no such project in CodeBuild, or it cannot be started by itself",
    "no_build": "CodeBuild no longer knows the build",
    "queue_full": "the account may have no more builds at the same time",
}
KEY = "ESTIVA_KEY"
"""Variable of a build that says which work it belongs to; a build that CodeBuild tries again has it too."""
_RUNNING = "IN_PROGRESS"
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase, as far as it got."""

    name: str
    status: str
    """Empty while it goes on."""
    seconds: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The build at one moment."""

    id: str
    """`project:uuid`."""
    number: int
    project: str
    status: str
    """IN_PROGRESS, SUCCEEDED, FAILED, FAULT, TIMED_OUT or STOPPED."""
    key: str
    started_at: datetime
    phases: Sequence[Phase]
    tries_left: int
    """How often CodeBuild itself would try it again."""
    next: str
    """Id of the build that tries it again, once there is one."""
    raw: Mapping[str, Any]
    is_batch: bool = False
    """It is a batch, taken as one."""

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.status != _RUNNING

    @property
    def named(self) -> str:
        """Give `hello #7`, or `hello batch #7`."""
        return f"{self.project} batch #{self.number}" if self.is_batch else f"{self.project} #{self.number}"

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, once it has."""
        ended: datetime | None = self.raw.get("endTime")
        return ended

    @property
    def log(self) -> tuple[str, str] | None:
        """Log group and stream, once they are known; `None` as well when it does not log to CloudWatch."""
        logs = self.raw.get("logs", {})
        group, stream = logs.get("groupName"), logs.get("streamName")
        return (group, stream) if group and stream else None

    @property
    def logs_elsewhere(self) -> bool:
        """Tell whether the project logs nothing to CloudWatch."""
        return bool(self.raw.get("logs", {}).get("cloudWatchLogs", {}).get("status") == "DISABLED")

    @property
    def exported(self) -> dict[str, str]:
        """The variables that its buildspec exports."""
        given = self.raw.get("exportedEnvironmentVariables", [])
        return {str(each["name"]): str(each.get("value", "")) for each in given}

    @property
    def commit(self) -> str:
        """What was built, as CodeBuild resolved it."""
        return str(self.raw.get("resolvedSourceVersion", ""))


def read(raw: Mapping[str, Any], *, is_batch: bool = False) -> Build:
    """Read a build out of an answer."""
    again = raw.get("autoRetryConfig", {})
    variables = raw.get("environment", {}).get("environmentVariables", [])
    return Build(
        id=raw["id"],
        number=raw.get("buildNumber", 0),
        project=raw.get("projectName", ""),
        status=raw.get("buildStatus", _RUNNING),
        key=next((str(each["value"]) for each in variables if each["name"] == KEY), ""),
        started_at=raw["startTime"],
        phases=[_phase(each) for each in raw.get("phases", [])],
        tries_left=max(0, again.get("autoRetryLimit", 0) - again.get("autoRetryNumber", 0)),
        next=id_of(again.get("nextAutoRetry", "")),
        raw=raw,
        is_batch=is_batch,
    )


def id_of(arn: str) -> str:
    """Give the id of a build by its ARN; an id stays what it is."""
    return arn.rpartition(":build/")[2]


async def project(account: Account, name: str) -> Mapping[str, Any]:
    """Describe a project. Raises `ActionFailed` when there is none."""
    answer = await account.call("codebuild", "batch_get_projects", names=[name])
    if not answer.get("projects"):
        raise ActionFailed(
            worded(
                "there is no CodeBuild project {name} in {account}, {region}",
                name=name,
                account=account.place.account,
                region=account.place.region,
            ),
            hint=worded("see the action's option project"),
            error="no_project",
        )
    return dict(answer["projects"][0])


async def look(account: Account, id_: str) -> Build:
    """Look at a build. Raises `ActionFailed` when there is none."""
    found = await several(account, [id_])
    if not found:
        raise lost(id_)
    return found[0]


def lost(id_: str) -> ActionFailed:
    """Say that CodeBuild does not know a build, or a batch."""
    return ActionFailed(
        worded("CodeBuild does not know the build {id}", id=id_),
        hint=worded("was it deleted? retry starts another one"),
        error="no_build",
    )


async def find(account: Account, project_: str, key: str, since: datetime | None) -> Build | None:
    """Find the build that was started for a key: among the newest hundred, or all of those since then."""
    async for ids in listed(account, "list_builds_for_project", project_):
        page = await several(account, ids)
        mine = [build for build in page if build.key == key]
        if mine:
            return min(mine, key=lambda build: build.started_at)  # the others are tries of it
        if since is None or any(build.started_at < since for build in page):
            break
    return None


async def listed(account: Account, operation: str, project_: str) -> AsyncIterator[Sequence[str]]:
    """List the ids of a project's builds, or batches, newest first, a page at a time."""
    try:
        async for page in account.pages("codebuild", operation, projectName=project_, sortOrder="DESCENDING"):
            yield page.get("ids", [])
    except AwsRefused as refused:
        if refused.code != "ResourceNotFoundException":  # no such project, which is said when it is looked at
            raise


async def start(account: Account, key: str, given: Mapping[str, Any]) -> Build:
    """Start a build for a key. Asked twice within five minutes, CodeBuild itself starts one."""
    crash_here("codebuild.start.before")
    with room():
        answer = await account.call("codebuild", "start_build", idempotencyToken=token(key), **given)
    crash_here("codebuild.start.after")
    return read(answer["build"])


async def stop(account: Account, build: Build) -> Build:
    """Stop a build; gives it as it is then. Harmless when it is over."""
    crash_here("codebuild.stop.before")
    try:
        answer = await account.call("codebuild", "stop_build", id=build.id)
    except AwsRefused:
        now = await look(account, build.id)
        if not now.over:
            raise
    else:
        now = read(answer["build"])
    crash_here("codebuild.stop.after")
    return now


async def several(account: Account, ids: Sequence[str]) -> list[Build]:
    """Look at up to a hundred builds; those that there are not are left out."""
    if not ids:
        return []
    answer = await account.call("codebuild", "batch_get_builds", ids=list(ids)[:_PAGE])
    return [read(each) for each in answer.get("builds", [])]


def _phase(raw: Mapping[str, Any]) -> Phase:
    contexts = raw.get("contexts", [])
    said: Mapping[str, str] = next((each for each in contexts if each.get("statusCode") or each.get("message")), {})
    return Phase(
        name=raw["phaseType"],
        status=raw.get("phaseStatus", ""),
        seconds=raw.get("durationInSeconds"),
        code=said.get("statusCode", ""),
        message=" ".join(said.get("message", "").split()),
    )


def token(key: str) -> str:
    """Make what CodeBuild knows a request by that it gets twice."""
    return hashlib.sha256(key.encode()).hexdigest()


@contextmanager
def room() -> Iterator[None]:
    """Tell apart a start that is refused because too much is built already."""
    try:
        yield
    except AwsRefused as refused:
        if refused.code == "AccountLimitExceededException":
            raise _full(refused) from refused
        raise


def _full(refused: AwsRefused) -> ActionFailed:
    return ActionFailed(
        worded("CodeBuild takes no more builds: {reason}", reason=refused.reason),
        hint=worded("retry when others have ended, or ask AWS for a higher quota"),
        error="queue_full",
        retryable=True,
    )
