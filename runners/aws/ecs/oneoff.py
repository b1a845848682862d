"""One-off tasks on ECS before a release: migrations, run with the new revision while the old one still serves.

A task is begun once per key: ECS knows it by its client token, we by what started it. What went well stands in the
tags of the revision, because ECS forgets a task that has stopped after an hour.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from runners import before, options
from runners.aws.ecs.images import have
from runners.aws.ecs.revisions import KEY, Revision
from runners.aws.ecs.services import Service, Target, short
from runners.aws.ecs.stopped import culprit, lines_of, log_region, stream_of, why_of
from runners.aws.errors import AwsRefused
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.aws.streams import Stream, Tail
from runners.before import Before
from runners.contract import ActionFailed, Sink
from runners.crash import crash_here
from storage.model.worded import worded

ERRORS = {
    "task_failed": "a task that runs before the release failed, or did not start; the service was not touched",
    "task_not_placed": "ECS has no place for a task that runs before the release",
    "task_unknown": "a task that ran before the release is forgotten by ECS, and how it ended is not known",
}
DONE = "estiva:done:"
"""Tag of a revision, with the task's name behind it: the task that did this, and went well."""
_TASK = "estiva:task"
_PLACE = ("capacityProviderStrategy", "launchType", "platformVersion", "placementConstraints", "placementStrategy")
"""What a task takes over from the service, so that it runs where the service's own tasks do; and its network."""
_NO_TASK = "InvalidParameterException"
"""What ECS says when it does not know a task any more."""
_SHORTEST, _LONGEST = 1.0, 6.0


problem = before.checks(container=options.text, cpu=options.text, memory=options.text)


def check(tasks: Sequence[Before], base: Revision) -> None:
    """Raise `ActionFailed` when a task names a container that there is not."""
    for task in tasks:
        if "container" in task.more:
            have(base, task.more["container"], worded("the task `{task}` names it", task=task.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """Runs the tasks of one piece of work, one after the other."""

    account: Account
    target: Target
    key: str
    sink: Sink
    pace: float = 1.0

    async def run(self, task: Before, container: str, revision: Revision, service: Service) -> None:
        """Bring a task to its end, or find that it went well before. Raises `ActionFailed`; cancelled, it is left."""
        if DONE + task.name in revision.tags:
            self.sink.line(f"{task.name}: done before, by task {revision.tags[DONE + task.name]}")
            return
        name = task.more.get("container", container)
        arn = await self._found(task, revision) or await self._begun(task, name, revision, service)
        ended = await self._followed(task, arn, name, revision)
        self._judge(task, ended, name)
        crash_here("ecs.done.before")
        await self.account.call(
            "ecs", "tag_resource", resourceArn=revision.arn, tags=[{"key": DONE + task.name, "value": short(arn)}]
        )
        crash_here("ecs.done.after")

    async def stop(self) -> None:
        """Stop what the key began and what still runs."""
        for arn in await self._listed(startedBy=self._started_by):
            crash_here("ecs.halt.before")
            stopped = await self._stopped(arn)
            crash_here("ecs.halt.after")
            self.sink.line(f"task {short(arn)} {'is stopped' if stopped else 'has ended meanwhile'}")

    async def _stopped(self, arn: str) -> bool:
        try:
            await self.account.call(
                "ecs", "stop_task", cluster=self.target.cluster, task=arn, reason="Cancelled in Estiva"
            )
        except AwsRefused as refused:
            if refused.code != _NO_TASK:
                raise
            return False
        return True

    @property
    def _started_by(self) -> str:
        readable = re.sub(r"[^a-zA-Z0-9/_-]", "-", self.key)[:100]
        return f"estiva/{readable}/{_short_hash(self.key)}"

    async def _found(self, task: Before, revision: Revision) -> str | None:
        """Find the task that was begun before a crash: it runs, or ended within the hour."""
        family = str(revision.definition["family"])
        listed = await self._listed(startedBy=self._started_by)
        listed += await self._listed(family=family, desiredStatus="STOPPED")
        if not listed:
            return None
        answer = await self.account.call(
            "ecs", "describe_tasks", cluster=self.target.cluster, tasks=listed[:100], include=["TAGS"]
        )
        mine = [each for each in answer["tasks"] if each.get("startedBy") == self._started_by]
        named = {"key": _TASK, "value": task.name}
        return next((str(each["taskArn"]) for each in mine if named in each.get("tags", [])), None)

    async def _listed(self, **by: str) -> list[str]:
        answer = await self.account.call("ecs", "list_tasks", cluster=self.target.cluster, maxResults=100, **by)
        return list(answer["taskArns"])

    async def _begun(self, task: Before, container: str, revision: Revision, service: Service) -> str:
        override = {
            "name": container,
            "command": [*task.command],
            "environment": [{"name": name, "value": value} for name, value in sorted(task.variables.items())],
        }
        crash_here("ecs.task.before")
        answer = await self.account.call(
            "ecs",
            "run_task",
            cluster=self.target.cluster,
            taskDefinition=revision.arn,
            overrides={"containerOverrides": [override], **_size(task)},
            startedBy=self._started_by,
            clientToken=hashlib.sha256(f"{self.key} {task.name}".encode()).hexdigest(),
            tags=[{"key": KEY, "value": self.key}, {"key": _TASK, "value": task.name}],
            count=1,
            **_place(service, revision),
        )
        crash_here("ecs.task.after")
        if not answer["tasks"]:
            raise _not_placed(task, answer.get("failures", []))
        arn = str(answer["tasks"][0]["taskArn"])
        self.sink.line(f"{task.name}: task {short(arn)} of {revision.name} runs in {container} before the release")
        return arn

    async def _followed(self, task: Before, arn: str, container: str, revision: Revision) -> Mapping[str, Any]:
        tail = self._tail(arn, container, revision)
        look, rest = partial(self._looked, task, arn), partial(asyncio.sleep, _LONGEST * self.pace)
        pause = _SHORTEST
        while True:
            known = await patiently(look, rest, self.sink, "the task goes on, and is looked at again")
            if tail is not None:
                await tail.show()
            if known.get("lastStatus") == "STOPPED":
                break
            await asyncio.sleep(pause * self.pace)
            pause = min(pause * 1.3, _LONGEST)
        if tail is not None:
            await tail.drain()
        return known

    def _tail(self, arn: str, container: str, revision: Revision) -> Tail | None:
        place = stream_of(revision, container, short(arn))
        if place is None:
            return None
        account = self.account.at(log_region(revision, container))
        stream = Stream(account=account, group=place[0], name=place[1])
        return Tail(stream=stream, sink=self.sink, before=f"  {container} | ", pace=self.pace)

    async def _looked(self, task: Before, arn: str) -> Mapping[str, Any]:
        answer = await self.account.call("ecs", "describe_tasks", cluster=self.target.cluster, tasks=[arn])
        if answer["tasks"]:
            found: Mapping[str, Any] = answer["tasks"][0]
            return found
        raise ActionFailed(
            worded("ECS has forgotten the task {task} ({id}), and so how it ended", task=task.name, id=short(arn)),
            hint=worded("see in its log whether it did its work, then retry: it is run again"),
            error="task_unknown",
        )

    def _judge(self, task: Before, ended: Mapping[str, Any], container: str) -> None:
        """Raise unless its container has ended well; what else ran in the task ends with it, however."""
        its: Mapping[str, Any] = next((each for each in ended.get("containers", []) if each["name"] == container), {})
        if its.get("exitCode") == 0:
            self.sink.line(f"{task.name}: ended with exit code 0")
            return
        for line in lines_of(ended):
            self.sink.line(line)
        blamed = its if "exitCode" in its or its.get("reason") else culprit(ended)
        raise ActionFailed(
            worded("{task} failed before the release: {why}", task=task.name, why=why_of(ended, blamed)),
            exit_code=blamed.get("exitCode"),
            hint=worded("the service was not touched and runs what it ran; see the task's last lines in the log"),
            error="task_failed",
        )


def _size(task: Before) -> dict[str, str]:
    """Give `cpu` and `memory` of the whole task, where it needs others than the service."""
    return {name: task.more[name] for name in ("cpu", "memory") if name in task.more}


def _place(service: Service, revision: Revision) -> dict[str, Any]:
    """Give where the tasks of a service run. ECS takes a launch type or a strategy, and a network only for awsvpc."""
    found = {name: service.raw[name] for name in _PLACE if service.raw.get(name)}
    if "capacityProviderStrategy" in found:
        found.pop("launchType", None)
    network = service.raw.get("networkConfiguration")
    if network and revision.definition.get("networkMode") == "awsvpc":
        found["networkConfiguration"] = network
    return found


def _not_placed(task: Before, failures: Sequence[Mapping[str, str]]) -> ActionFailed:
    said = ", ".join(sorted({str(each.get("reason", "")) for each in failures})) or "-"
    return ActionFailed(
        worded("ECS does not place the task {task}: {said}", task=task.name, said=said),
        hint=worded("the service was not touched; give the cluster room for one task more, then retry"),
        error="task_not_placed",
        retryable=True,
    )


def _short_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]
