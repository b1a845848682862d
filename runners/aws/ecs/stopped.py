"""Why tasks of a deployment stopped: ECS's own words, exit codes, and the last lines that their containers wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runners.aws.ecs.revisions import Revision
from runners.aws.ecs.services import Target, short
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.aws.streams import lines_of as lines_of_events
from runners.contract import ActionFailed, Sink
from storage.model.worded import worded

_SHOWN = 3
_TAIL = 40
_NOT_OURS = {"ServiceSchedulerInitiated", "UserInitiated"}
"""Stop codes of tasks that were told to stop: what is of interest stopped by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The first task that stopped, in short."""

    why: str = ""
    exit_code: int | None = None


async def tell(account: Account, target: Target, revision: Revision, since: datetime, sink: Sink) -> Stopped:
    """Write to the log what stopped and why; give the first one in short. What cannot be read is said, too."""
    try:
        tasks = await _tasks(account, target, revision, since)
    except ActionFailed as failure:
        sink.line(f"the stopped tasks cannot be read: {failure.reason}")
        return Stopped()
    if not tasks:
        return Stopped()
    for task in tasks[:_SHOWN]:
        for line in lines_of(task):
            sink.line(line)
    first = tasks[0]
    container = culprit(first)
    await _show_tail(account, revision, str(container.get("name", "")), short(first["taskArn"]), sink)
    return Stopped(why=why_of(first, container), exit_code=container.get("exitCode"))


async def _tasks(account: Account, target: Target, revision: Revision, since: datetime) -> list[Mapping[str, Any]]:
    listed = await account.call(
        "ecs", "list_tasks", cluster=target.cluster, serviceName=target.service, desiredStatus="STOPPED", maxResults=100
    )
    if not listed["taskArns"]:
        return []
    answer = await account.call("ecs", "describe_tasks", cluster=target.cluster, tasks=listed["taskArns"])
    mine = [
        task
        for task in answer["tasks"]
        if task.get("taskDefinitionArn") == revision.arn and task.get("createdAt", since) >= since
    ]
    told = [task for task in mine if task.get("stopCode") not in _NOT_OURS or "health" in task.get("stoppedReason", "")]
    return sorted(told, key=lambda task: task.get("stoppedAt") or task["createdAt"])


def lines_of(task: Mapping[str, Any]) -> list[str]:
    """Say how a task ended: in ECS's words, and each container's exit code."""
    lines = [f"task {short(task['taskArn'])}: {task.get('stopCode', 'stopped')}: {task.get('stoppedReason', '')}"]
    for each in task.get("containers", []):
        code = f"exit code {each['exitCode']}" if "exitCode" in each else "no exit code"
        lines.append(f"  {each['name']}: {', '.join(filter(None, (code, each.get('reason'))))}")
    return lines


def culprit(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the container to look at: one that says a reason, else one that failed, else the first."""
    known: Sequence[Mapping[str, Any]] = task.get("containers", [])
    with_reason = [each for each in known if each.get("reason")]
    failed = [each for each in known if each.get("exitCode")]
    return next(iter([*with_reason, *failed, *known]), {})


def why_of(task: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    """Say in short why a container of a task ended."""
    name, code = container.get("name", "the task"), container.get("exitCode")
    said = container.get("reason") or task.get("stoppedReason", "")
    ended = (
        worded("{name} ended with exit code {code}", name=name, code=code)
        if code is not None
        else worded("{name} did not start", name=name)
    )
    return worded("{ended}: {said}", ended=ended, said=said[:500]) if said else ended


async def _show_tail(account: Account, revision: Revision, container: str, task: str, sink: Sink) -> None:
    place = stream_of(revision, container, task)
    if place is None:
        sink.line(f"  {container} does not log to CloudWatch, so its last lines cannot be shown")
        return
    await show_tail(account.at(log_region(revision, container)), place, f"  {container}", sink)


async def show_tail(account: Account, place: tuple[str, str], named: str, sink: Sink) -> None:
    """Write the last lines of a log stream (group and name) to the log; what keeps them from being read is said."""
    try:
        lines = await tail(account, *place, lines=_TAIL + 1)
    except ActionFailed as failure:
        if isinstance(failure, AwsRefused) and failure.code == "ResourceNotFoundException":
            sink.line(f"{named} wrote nothing: there is no log stream {place[1]}")
        else:
            sink.line(f"the log of {named.strip()} cannot be read: {failure.reason}")
        return
    if len(lines) > _TAIL:
        sink.line(f"the last {_TAIL} lines of {named.strip()}; it wrote more before them:")
    for line in lines[-_TAIL:]:
        sink.line(f"{named} | {line}")


def log_region(revision: Revision, container: str) -> str | None:
    """Give the region to which a container writes its log, when it says one."""
    known = next((each for each in revision.containers if each["name"] == container), {})
    region: str | None = known.get("logConfiguration", {}).get("options", {}).get("awslogs-region")
    return region


def stream_of(revision: Revision, container: str, task: str) -> tuple[str, str] | None:
    """Give the log group and stream of a container of a task; `None` when it logs elsewhere."""
    known = next((each for each in revision.containers if each["name"] == container), {})
    logging = known.get("logConfiguration", {})
    options = logging.get("options", {})
    prefix = options.get("awslogs-stream-prefix")
    if logging.get("logDriver") != "awslogs" or not prefix or not options.get("awslogs-group"):
        return None
    return options["awslogs-group"], f"{prefix}/{container}/{task}"


async def tail(account: Account, group: str, stream: str, *, lines: int, since: datetime | None = None) -> list[str]:
    """Read the newest lines of a log stream, oldest first."""
    start = {"startTime": int(since.timestamp() * 1000)} if since else {}
    answer = await account.call(
        "logs", "get_log_events", logGroupName=group, logStreamName=stream, limit=lines, startFromHead=False, **start
    )
    return lines_of_events(answer["events"])[-lines:]
