"""One-off tasks of ECS: begun once per client token, ended as a test scripts it."""

import itertools
import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from tests.doubles.aws.definitions import ECS, Definitions
from tests.doubles.aws.logs import Logs
from tests.doubles.aws.server import Identity, Server
from tests.doubles.aws.wire import Asked, Refusal

_STARTED_BY = re.compile(r"[\w/-]{1,128}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Script:
    """How a task does. Times are seconds of AWS's."""

    takes: float = 10
    exit_code: int | None = 0
    log: tuple[str, ...] = ()
    late: float = 0
    """By how much its last lines come after its end."""
    reason: str = "Essential container in task exited"
    refused: str = ""
    """Why it is not placed at all."""


@dataclass
class _Job:
    arn: str
    given: dict[str, Any]
    begun: datetime
    script: Script
    container: str
    stopped: str = ""
    """By whom, and why."""
    ended: datetime | None = None


class Jobs:
    """`scripts`: of the tasks to come, in their order; `tasks`: all there were. `forget` as ECS does after an hour."""

    def __init__(self, server: Server, definitions: Definitions, logs: Logs) -> None:
        self._clock = server.clock
        self._definitions = definitions
        self._logs = logs
        self._number = itertools.count(1)
        self.scripts: list[Script] = []
        self.tasks: dict[str, _Job] = {}
        self.forgotten: set[str] = set()
        self._tokens: dict[str, tuple[dict[str, Any], str]] = {}
        server.handlers |= {("ecs", "RunTask"): self._run, ("ecs", "StopTask"): self._stop}

    def forget(self) -> None:
        self.forgotten |= set(self.tasks)

    def listed(self, asked: Asked, cluster: str) -> dict[str, Any]:
        """Answer ListTasks without a service."""
        given = asked.given
        by, family = given.get("startedBy"), given.get("family")
        if by and {"family", "desiredStatus", "serviceName", "launchType"} & set(given):
            raise Refusal("InvalidParameterException", "startedBy must be the only filter that you use")
        wanted = given.get("desiredStatus", "RUNNING")
        found = [
            each
            for each in self.shown()
            if each["desiredStatus"] == wanted
            and each["clusterArn"].endswith(f"/{cluster}")
            and by in (None, each.get("startedBy"))
            and family in (None, each["taskDefinitionArn"].rpartition("/")[2].partition(":")[0])
        ]
        return {"taskArns": [each["taskArn"] for each in found][: given.get("maxResults", 100)]}

    def shown(self) -> list[dict[str, Any]]:
        """Give the tasks as they are described now."""
        return [self._shown(each) for arn, each in self.tasks.items() if arn not in self.forgotten]

    def _run(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        given = dict(asked.given)
        token = given.pop("clientToken", None)
        if token in self._tokens:
            before, arn = self._tokens[token]
            if before != given:
                raise Refusal("ConflictException", "The client token was used with other parameters.")
            return {"tasks": [self._shown(self.tasks[arn])], "failures": []}
        definition = self._definitions.find(given["taskDefinition"])
        self._check(given, definition)
        script = self.scripts.pop(0) if self.scripts else Script()
        if script.refused:
            return {"tasks": [], "failures": [{"reason": script.refused}]}
        cluster = given.get("cluster", "default")
        arn = f"{ECS}:task/{cluster}/{next(self._number):031x}f"
        container = given.get("overrides", {}).get("containerOverrides", [{}])[0].get("name")
        job = _Job(arn, given, self._clock.now(), script, container or definition["containerDefinitions"][0]["name"])
        self.tasks[arn] = job
        if token:
            self._tokens[token] = given, arn
        return {"tasks": [self._shown(job)], "failures": []}

    def _check(self, given: dict[str, Any], definition: dict[str, Any]) -> None:
        names = {each["name"] for each in definition["containerDefinitions"]}
        for each in given.get("overrides", {}).get("containerOverrides", []):
            if each["name"] not in names:
                text = f"Override for container named {each['name']} is not a container in the TaskDefinition."
                raise Refusal("ClientException", text)
        if not _STARTED_BY.fullmatch(given.get("startedBy", "x")):
            raise Refusal("InvalidParameterException", "startedBy contains invalid characters.")
        if definition.get("networkMode") == "awsvpc" and "networkConfiguration" not in given:
            text = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            raise Refusal("InvalidParameterException", text)
        if definition.get("networkMode") != "awsvpc" and "networkConfiguration" in given:
            text = "Network Configuration is not valid for the given networkMode of this task definition."
            raise Refusal("InvalidParameterException", text)
        serverless = given.get("launchType") == "FARGATE"
        if serverless and (given.get("placementStrategy") or given.get("placementConstraints")):
            raise Refusal("InvalidParameterException", "Placement is not supported with FARGATE launch type.")
        if given.get("launchType") == "EC2" and given.get("platformVersion"):
            raise Refusal("InvalidParameterException", "The platform version must be null with an EC2 launch type.")
        if given.get("launchType") and given.get("capacityProviderStrategy"):
            raise Refusal("InvalidParameterException", "Specifying both a launch type and a strategy is not supported.")

    def _stop(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name = asked.given["task"]
        job = next((each for each in self.tasks.values() if name in (each.arn, each.arn.rpartition("/")[2])), None)
        if job is None or job.arn in self.forgotten:
            raise Refusal("InvalidParameterException", "The referenced task was not found.")
        if not job.ended and not job.stopped:
            job.stopped = asked.given.get("reason", "Task stopped by user")
        return {"task": self._shown(job)}

    def _shown(self, job: _Job) -> dict[str, Any]:
        self._move(job)
        container: dict[str, Any] = {"name": job.container, "lastStatus": "STOPPED" if job.ended else "RUNNING"}
        shown: dict[str, Any] = {
            "taskArn": job.arn,
            "clusterArn": f"{ECS}:cluster/{job.given.get('cluster', 'default')}",
            "taskDefinitionArn": self._definitions.find(job.given["taskDefinition"])["taskDefinitionArn"],
            "startedBy": job.given.get("startedBy", ""),
            "tags": job.given.get("tags", []),
            "createdAt": job.begun,
            "lastStatus": "STOPPED" if job.ended else "RUNNING",
            "desiredStatus": "STOPPED" if job.ended else "RUNNING",
        }
        if job.ended:
            code = 143 if job.stopped else job.script.exit_code
            if code is not None:
                container["exitCode"] = code
            shown |= {
                "stoppedAt": job.ended,
                "stopCode": "UserInitiated" if job.stopped else _code(job.script),
                "stoppedReason": job.stopped or job.script.reason,
            }
        return {**shown, "containers": [container]}

    def _move(self, job: _Job) -> None:
        now = self._clock.now()
        over = (now - job.begun).total_seconds() >= job.script.takes
        definition = self._definitions.find(job.given["taskDefinition"])
        named = next(each for each in definition["containerDefinitions"] if each["name"] == job.container)
        options = named.get("logConfiguration", {}).get("options")
        if options and job.script.log:
            place = options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{job.container}/{job.arn[-32:]}"
            self._logs.streams[place] = partial(self._written, job)
        if job.ended is None and (over or job.stopped):
            job.ended = now

    def _written(self, job: _Job) -> list[str]:
        whole = (self._clock.now() - job.begun).total_seconds() >= job.script.takes + job.script.late
        return list(job.script.log if whole else job.script.log[:1])


def _code(script: Script) -> str:
    return "TaskFailedToStart" if script.exit_code is None else "EssentialContainerExited"
