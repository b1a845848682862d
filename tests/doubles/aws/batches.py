"""CodeBuild: batches, whose builds begin when those that they depend on are done, in the server's own time."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.builds import ARN, Build, Builds, Script
from tests.doubles.aws.server import Identity, Server
from tests.doubles.aws.wire import Asked, Refusal

_TOKEN_LIVES = timedelta(minutes=5)
_PAGE = 2


@dataclass(kw_only=True)
class Task:
    """One build of a batch. `scripts`: of its tries, the last one stays."""

    name: str
    scripts: list[Script] = field(default_factory=lambda: [Script()])
    after: tuple[str, ...] = ()
    ignored: bool = False
    location: str = ""


@dataclass(kw_only=True)
class Plan:
    """What a buildspec's `batch` says."""

    tasks: Sequence[Task]
    fast_fail: bool = False
    wrong: str = ""
    """Why there is no batch: the buildspec has a mistake."""
    combined: str = ""
    """Where the artifacts of all are put together."""
    reports: tuple[str, ...] = ()


@dataclass
class Batch:
    project: str
    number: int
    given: dict[str, Any]
    plan: Plan
    started: datetime
    id: str = ""
    tries: dict[str, list[Build]] = field(default_factory=dict)
    stopped: datetime | None = None
    retried: dict[str, Any] | None = None


class Batches:
    """`plans` (project -> what its buildspec says) and `begun`: change as needed."""

    def __init__(self, server: Server, builds: Builds) -> None:
        self._server = server
        self._builds = builds
        self.plans: dict[str, Plan] = {}
        self.begun: list[Batch] = []
        names = ("StartBuildBatch", "StopBuildBatch", "RetryBuildBatch", "BatchGetBuildBatches")
        every = (*names, "ListBuildBatchesForProject")
        server.handlers |= {("codebuild", name): getattr(self, f"_{name}") for name in every}

    # what AWS answers

    def _StartBuildBatch(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        given = asked.given
        self._builds.check(given)
        name, token = given["projectName"], given.get("idempotencyToken")
        if not self._builds.projects[name].get("buildBatchConfig", {}).get("serviceRole"):
            raise Refusal("InvalidInputException", f"Project {name} has no service role for batch builds")
        for known in self.begun:
            if token and known.given.get("idempotencyToken") == token and self._now() - known.started < _TOKEN_LIVES:
                if known.given != given:
                    raise Refusal("InvalidInputException", "Idempotency token was used with other parameters")
                return {"buildBatch": self._described(known)}
        if not self._builds.most:
            raise Refusal("AccountLimitExceededException", "Cannot have more than 0 builds in queue for the account")
        number = 1 + sum(each.project == name for each in self.begun)
        batch = Batch(name, number, dict(given), self.plans[name], self._now(), f"{name}:{uuid.uuid4()}")
        self.begun.append(batch)
        return {"buildBatch": self._described(batch)}

    def _StopBuildBatch(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        batch = self._find(asked.given["id"])
        if self._status(batch) != "IN_PROGRESS":
            raise Refusal("InvalidInputException", f"Build batch {batch.id} is not in progress")
        batch.stopped = self._now()
        self._stop_builds(batch)
        return {"buildBatch": self._described(batch)}

    def _RetryBuildBatch(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        batch = self._find(asked.given["id"])
        if batch.retried == asked.given:
            return {"buildBatch": self._described(batch)}
        if self._status(batch) != "FAILED":
            raise Refusal("InvalidInputException", f"Build batch {batch.id} has not failed")
        batch.retried = dict(asked.given)
        every = asked.given.get("retryType", "RETRY_ALL_BUILDS") == "RETRY_ALL_BUILDS"
        for task in batch.plan.tasks:
            tries = batch.tries.get(task.name, [])
            if tries and (every or self._builds.status(tries[-1]) != "SUCCEEDED"):
                self._begin(batch, task)
        return {"buildBatch": self._described(batch)}

    def _BatchGetBuildBatches(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        known = {batch.id: batch for batch in self.begun}
        found = [self._described(known[each]) for each in asked.given["ids"] if each in known]
        missing = [each for each in asked.given["ids"] if each not in known]
        return {"buildBatches": found, **({"buildBatchesNotFound": missing} if missing else {})}

    def _ListBuildBatchesForProject(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        project = asked.given["projectName"]
        if project not in self._builds.projects:
            raise Refusal("ResourceNotFoundException", f"Project cannot be found: {ARN}:project/{project}")
        ids = [batch.id for batch in self.begun if batch.project == project]
        if asked.given.get("sortOrder", "DESCENDING") == "DESCENDING":
            ids.reverse()
        at = int(asked.given.get("nextToken", 0))
        more = {"nextToken": str(at + _PAGE)} if ids[at + _PAGE :] else {}
        return {"ids": ids[at : at + _PAGE], **more}

    # how batches go

    def _move(self, batch: Batch) -> None:
        """Begin what can begin: when all that it depends on went well, or may fail."""
        if batch.stopped or batch.plan.wrong:
            return
        if batch.plan.fast_fail and self._broken(batch):
            self._stop_builds(batch)
            return
        for task in batch.plan.tasks:
            if task.name not in batch.tries and all(self._passed(batch, name) for name in task.after):
                self._begin(batch, task)

    def _begin(self, batch: Batch, task: Task) -> None:
        tries = batch.tries.setdefault(task.name, [])
        script = task.scripts[min(len(tries), len(task.scripts) - 1)]
        own = {"name": "CODEBUILD_BATCH_BUILD_IDENTIFIER", "value": task.name, "type": "PLAINTEXT"}
        variables = [*batch.given.get("environmentVariablesOverride", []), own]
        version = {name: batch.given[name] for name in ("sourceVersion",) if name in batch.given}
        tries.append(self._builds.start(batch.project, script, environmentVariablesOverride=variables, **version))

    def _stop_builds(self, batch: Batch) -> None:
        for tries in batch.tries.values():
            if self._builds.status(tries[-1]) == "IN_PROGRESS":
                tries[-1].stopped = self._now()

    def _task(self, batch: Batch, name: str) -> Task:
        return next(task for task in batch.plan.tasks if task.name == name)

    def _passed(self, batch: Batch, name: str) -> bool:
        tries = batch.tries.get(name)
        status = self._builds.status(tries[-1]) if tries else "IN_PROGRESS"
        return status == "SUCCEEDED" or (status != "IN_PROGRESS" and self._task(batch, name).ignored)

    def _broken(self, batch: Batch) -> bool:
        ended = {name: self._builds.status(tries[-1]) for name, tries in batch.tries.items()}
        return any(s not in ("SUCCEEDED", "IN_PROGRESS") and not self._task(batch, n).ignored for n, s in ended.items())

    def _status(self, batch: Batch) -> str:
        self._move(batch)
        if batch.stopped:
            return "STOPPED"
        if batch.plan.wrong:
            return "FAILED"
        if any(self._builds.status(tries[-1]) == "IN_PROGRESS" for tries in batch.tries.values()):
            return "IN_PROGRESS"
        return "FAILED" if self._broken(batch) else "SUCCEEDED"

    def _described(self, batch: Batch) -> dict[str, Any]:
        status = self._status(batch)
        over = status != "IN_PROGRESS"
        raw: dict[str, Any] = {
            "id": batch.id,
            "arn": f"{ARN}:build-batch/{batch.id}",
            "startTime": batch.started,
            "currentPhase": status,
            "buildBatchStatus": status,
            "projectName": batch.project,
            "phases": self._phases(batch, status),
            "source": self._builds.projects[batch.project]["source"],
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": batch.given.get("environmentVariablesOverride", []),
            },
            "complete": over,
            "buildBatchNumber": batch.number,
            "buildGroups": [self._group(batch, task) for task in batch.plan.tasks if task.name in batch.tries],
        }
        if "sourceVersion" in batch.given:
            raw["sourceVersion"] = raw["resolvedSourceVersion"] = batch.given["sourceVersion"]
        if over:
            raw |= {"endTime": self._now(), "reportArns": list(batch.plan.reports)}
            if batch.plan.combined:
                raw["artifacts"] = {"location": batch.plan.combined}
        return raw

    def _phases(self, batch: Batch, status: str) -> list[dict[str, Any]]:
        at = {"startTime": batch.started, "endTime": batch.started, "durationInSeconds": 0}
        submitted = {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED", **at}
        if batch.plan.wrong:
            said = [{"statusCode": "YAML_FILE_ERROR", "message": batch.plan.wrong}]
            return [submitted, {"phaseType": "DOWNLOAD_BATCHSPEC", "phaseStatus": "FAILED", "contexts": said, **at}]
        got = {"phaseType": "DOWNLOAD_BATCHSPEC", "phaseStatus": "SUCCEEDED", **at}
        going: dict[str, Any] = {"phaseType": "IN_PROGRESS", "startTime": batch.started}
        if status == "IN_PROGRESS":
            return [submitted, got, going]
        return [submitted, got, {**going, "phaseStatus": status}, {"phaseType": status, "startTime": self._now()}]

    def _group(self, batch: Batch, task: Task) -> dict[str, Any]:
        tries = batch.tries[task.name]
        prior = [self._summary(each, task) for each in tries[:-1]]
        return {
            "identifier": task.name,
            "dependsOn": list(task.after),
            "ignoreFailure": task.ignored,
            "currentBuildSummary": self._summary(tries[-1], task),
            **({"priorBuildSummaryList": prior} if prior else {}),
        }

    def _summary(self, build: Build, task: Task) -> dict[str, Any]:
        kind = {"type": "S3", "location": task.location} if task.location else {"type": "NO_ARTIFACTS"}
        status = self._builds.status(build)
        return {"arn": build.arn, "requestedOn": build.started, "buildStatus": status, "primaryArtifact": kind}

    def _find(self, id_: str) -> Batch:
        found = next((batch for batch in self.begun if batch.id == id_), None)
        if found is None:
            raise Refusal("ResourceNotFoundException", f"Build batch cannot be found: {id_}")
        return found

    def _now(self) -> datetime:
        return self._server.clock.now()
