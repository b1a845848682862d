"""CodeBuild: projects and their builds, whose phases go on in the server's own time as a script says.

The first script of a project is for its next build; the last one stays for all that follow.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.growing import GrowingLogs
from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal

ARN = f"arn:aws:codebuild:{REGION}:{ACCOUNT}"
_PHASES = ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
_AT_THE_END = ("UPLOAD_ARTIFACTS", "FINALIZING")
_TOKEN_LIVES = timedelta(minutes=5)
_PAGE = 5
"""Ids in one answer: AWS gives a hundred, and no test has so many."""


@dataclass(kw_only=True)
class Script:
    """How a build goes. `seconds`: how long each phase takes, of AWS's time."""

    seconds: float = 2
    wrong: str = ""
    """The phase that does not succeed."""
    status: str = "FAILED"
    """How it ends, and the build."""
    code: str = "COMMAND_EXECUTION_ERROR"
    message: str = ""
    lasts: Mapping[str, float] = field(default_factory=dict)
    """Phases that take another time."""
    log: tuple[str, ...] = ("[Container] hello",)
    exported: Mapping[str, str] = field(default_factory=dict)
    location: str = ""
    secondary: Mapping[str, str] = field(default_factory=dict)
    """Identifier of a secondary artifact -> where it is."""
    reports: tuple[str, ...] = ()
    resolves: str = ""
    """What the source version turns out to be, when that is not itself."""

    def phases(self) -> list[tuple[str, float, str]]:
        """Every phase that there is with this script: its name, how long it takes, how it ends."""
        names = list(_PHASES)
        if self.wrong in _PHASES:
            after = ["POST_BUILD"] if self.wrong == "BUILD" and self.status == "FAILED" else []
            names = [*names[: names.index(self.wrong) + 1], *after]
        uploads = self.wrong in ("", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS") and self.status == "FAILED"
        names += _AT_THE_END if uploads or not self.wrong else _AT_THE_END[1:]
        return [
            (name, self.lasts.get(name, self.seconds), self.status if name == self.wrong else "SUCCEEDED")
            for name in names
        ]


@dataclass
class Build:
    project: str
    number: int
    given: dict[str, Any]
    script: Script
    started: datetime
    id: str = ""
    stopped: datetime | None = None
    attempt: int = 0
    before: "Build | None" = None
    after: "Build | None" = None
    """The build that tries it again."""

    def __post_init__(self) -> None:
        self.id = f"{self.project}:{uuid.uuid4()}"

    @property
    def arn(self) -> str:
        return f"{ARN}:build/{self.id}"


class Builds:
    """`projects` (name -> as described), `scripts` (name -> in turn), `built`, `reports` (by ARN): change as needed."""

    def __init__(self, server: Server, logs: GrowingLogs) -> None:
        self._server = server
        self._logs = logs
        self.projects: dict[str, dict[str, Any]] = {}
        self.scripts: dict[str, list[Script]] = {}
        self.built: list[Build] = []
        self.reports: dict[str, dict[str, Any]] = {}
        self.cases: dict[str, list[dict[str, Any]]] = {}
        """Report (its ARN) -> its test cases."""
        self.most = 20
        self.retry_after = 3.0
        """Seconds between the end of a build and the one that tries it again."""
        names = ("BatchGetProjects", "StartBuild", "StopBuild", "BatchGetBuilds", "ListBuildsForProject")
        of_reports = ("BatchGetReports", "DescribeTestCases")
        server.handlers |= {("codebuild", name): getattr(self, f"_{name}") for name in (*names, *of_reports)}

    # what tests set up

    def project(self, name: str, *scripts: Script, source: str = "GITHUB", **more: Any) -> None:
        """Have a project, with what its builds do."""
        self.projects[name] = {
            "name": name,
            "arn": f"{ARN}:project/{name}",
            "source": {"type": source, "location": "https://git.example.com/team/hello.git"},
            **more,
        }
        self.scripts[name] = list(scripts) or [Script()]

    def start(self, project: str, script: Script | None = None, begun: datetime | None = None, **given: Any) -> Build:
        """Start a build, as anybody may; `begun`: as if it had been then."""
        scripts = self.scripts[project]
        script = script or (scripts.pop(0) if scripts[1:] else scripts[0])
        number = 1 + sum(each.project == project for each in self.built)
        build = Build(project, number, {"projectName": project, **given}, script, begun or self._now())
        self.built.append(build)
        self._logs.streams[self._stream(build)] = lambda: self._written(build)
        return build

    # what AWS answers

    def _BatchGetProjects(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        names = asked.given["names"]
        missing = [name for name in names if name not in self.projects]
        found = [self.projects[name] for name in names if name in self.projects]
        return {"projects": found, **({"projectsNotFound": missing} if missing else {})}

    def _StartBuild(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        given = asked.given
        self.check(given)
        token = given.get("idempotencyToken")
        for known in self.built:
            if token and known.given.get("idempotencyToken") == token and self._now() - known.started < _TOKEN_LIVES:
                if known.given != given:
                    raise Refusal("InvalidInputException", "Idempotency token was used with other parameters")
                return {"build": self._described(known)}
        if sum(self.status(each) == "IN_PROGRESS" for each in self.built) >= self.most:
            text = f"Cannot have more than {self.most} builds in queue for the account"
            raise Refusal("AccountLimitExceededException", text)
        build = self.start(**{"project" if name == "projectName" else name: value for name, value in given.items()})
        return {"build": self._described(build)}

    def check(self, given: dict[str, Any]) -> None:
        name = given["projectName"]
        if name not in self.projects:
            raise Refusal("ResourceNotFoundException", f"Project cannot be found: {ARN}:project/{name}")
        kind = self.projects[name]["source"]["type"]
        if kind == "CODEPIPELINE" and "sourceTypeOverride" not in given:
            raise Refusal("InvalidInputException", "Project with source type CODEPIPELINE cannot be started directly")
        if kind == "NO_SOURCE" and "sourceVersion" in given:
            raise Refusal("InvalidInputException", "sourceVersion is not allowed with NO_SOURCE")
        for variable in given.get("environmentVariablesOverride", []):
            if variable["name"].startswith("CODEBUILD_"):
                raise Refusal("InvalidInputException", f"{variable['name']} is a reserved name")

    def _StopBuild(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        build = self._find(asked.given["id"])
        if self.status(build) != "IN_PROGRESS":
            raise Refusal("InvalidInputException", f"Build {build.id} is not in progress")
        build.stopped = self._now()
        return {"build": self._described(build)}

    def _BatchGetBuilds(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        self._retry()
        known = {build.id: build for build in self.built}
        ids = asked.given["ids"]
        missing = [each for each in ids if each not in known]
        found = [self._described(known[each]) for each in ids if each in known]
        return {"builds": found, **({"buildsNotFound": missing} if missing else {})}

    def _ListBuildsForProject(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        project = asked.given["projectName"]
        if project not in self.projects:
            raise Refusal("ResourceNotFoundException", f"Project cannot be found: {ARN}:project/{project}")
        ids = [build.id for build in self.built if build.project == project]
        if asked.given.get("sortOrder", "DESCENDING") == "DESCENDING":
            ids.reverse()
        at = int(asked.given.get("nextToken", 0))
        page = ids[at : at + _PAGE]
        more = {"nextToken": str(at + _PAGE)} if ids[at + _PAGE :] else {}
        return {**({"ids": page} if page else {}), **more}

    def _BatchGetReports(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        arns = asked.given["reportArns"]
        found = [self.reports[arn] for arn in arns if arn in self.reports]
        return {"reports": found} if found else {"reportsNotFound": arns}

    def _DescribeTestCases(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        arn, only = asked.given["reportArn"], asked.given.get("filter", {})
        if arn not in self.reports:
            raise Refusal("ResourceNotFoundException", f"Report cannot be found: {arn}")
        wanted = only.get("status")
        if wanted not in (None, "SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN"):
            raise Refusal("InvalidInputException", f"Invalid test case status: {wanted}")
        found = [each for each in self.cases.get(arn, []) if wanted in (None, each["status"])]
        at = int(asked.given.get("nextToken", 0))
        until = at + min(_PAGE, asked.given.get("maxResults", 100))
        more = {"nextToken": str(until)} if found[until:] else {}
        return {"testCases": [{"reportArn": arn, **each} for each in found[at:until]], **more}

    # how builds go

    def status(self, build: Build) -> str:
        if build.stopped is not None:
            return "STOPPED"
        if self._now() < self.ends(build):
            return "IN_PROGRESS"
        return build.script.status if build.script.wrong else "SUCCEEDED"

    def ends(self, build: Build) -> datetime:
        return build.started + timedelta(seconds=sum(seconds for _, seconds, _ in build.script.phases()))

    def _retry(self) -> None:
        """Try again what failed, a moment later, as often as its project or its start says."""
        for build in list(self.built):
            limit = self._limit(build)
            due = self.ends(build) + timedelta(seconds=self.retry_after)
            again = self.status(build) in ("FAILED", "FAULT", "TIMED_OUT") and build.attempt < limit
            if again and build.after is None and self._now() >= due:
                given = {name: value for name, value in build.given.items() if name != "projectName"}
                given.pop("idempotencyToken", None)
                build.after = self.start(build.project, **given)
                build.after.attempt, build.after.before = build.attempt + 1, build

    def _limit(self, build: Build) -> int:
        of_project = self.projects[build.project].get("autoRetryLimit", 0)
        return int(build.given.get("autoRetryLimitOverride", of_project))

    def _described(self, build: Build) -> dict[str, Any]:
        status, script = self.status(build), build.script
        phases = self._phases(build)
        group, stream = self._stream(build)
        raw: dict[str, Any] = {
            "id": build.id,
            "arn": build.arn,
            "buildNumber": build.number,
            "startTime": build.started,
            "currentPhase": phases[-1]["phaseType"],
            "buildStatus": status,
            "projectName": build.project,
            "phases": phases,
            "source": self.projects[build.project]["source"],
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": build.given.get("imageOverride", "aws/codebuild/standard:7.0"),
                "computeType": build.given.get("computeTypeOverride", "BUILD_GENERAL1_SMALL"),
                "environmentVariables": build.given.get("environmentVariablesOverride", []),
                "privilegedMode": build.given.get("privilegedModeOverride", False),
            },
            "logs": self._logs_of(build, group, stream),
            "buildComplete": status != "IN_PROGRESS",
            "autoRetryConfig": self._again(build),
        }
        if "sourceVersion" in build.given:
            raw["sourceVersion"] = build.given["sourceVersion"]
            raw["resolvedSourceVersion"] = script.resolves or build.given["sourceVersion"]
        if status != "IN_PROGRESS":
            raw["endTime"] = build.stopped or self.ends(build)
            raw["exportedEnvironmentVariables"] = [{"name": n, "value": v} for n, v in script.exported.items()]
            raw["reportArns"] = list(script.reports)
            raw["artifacts"] = {"location": script.location} if script.location else {}
            raw["secondaryArtifacts"] = [
                {"artifactIdentifier": name, "location": place} for name, place in script.secondary.items()
            ]
        return raw

    def _logs_of(self, build: Build, group: str, stream: str) -> dict[str, Any]:
        """Say where the log is: not before the container is there."""
        if self.projects[build.project].get("logsConfig", {}).get("cloudWatchLogs", {}).get("status") == "DISABLED":
            return {"cloudWatchLogs": {"status": "DISABLED"}}
        if self._begun(build, "DOWNLOAD_SOURCE") is None:
            return {"cloudWatchLogsArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:null:log-stream:null"}
        return {"groupName": group, "streamName": stream}

    def _again(self, build: Build) -> dict[str, Any]:
        again: dict[str, Any] = {"autoRetryLimit": self._limit(build), "autoRetryNumber": build.attempt}
        if build.after:
            again["nextAutoRetry"] = build.after.arn
        if build.before:
            again["previousAutoRetry"] = build.before.arn
        return again

    def _phases(self, build: Build) -> list[dict[str, Any]]:
        """List the phases that have begun, as AWS does: COMPLETED has neither a status nor an end."""
        found: list[dict[str, Any]] = []
        at, now = build.started, build.stopped or self._now()
        for name, seconds, status in build.script.phases():
            end = at + timedelta(seconds=seconds)
            if end > now:
                last = {"phaseStatus": "STOPPED", "endTime": now} if build.stopped else {}
                return [*found, {"phaseType": name, "startTime": at, **last}]
            said = (build.script.code, build.script.message) if status != "SUCCEEDED" else ("", "")
            found.append(
                {
                    "phaseType": name,
                    "phaseStatus": status,
                    "startTime": at,
                    "endTime": end,
                    "durationInSeconds": int(seconds),
                    "contexts": [{"statusCode": said[0], "message": said[1]}],
                }
            )
            at = end
        return [*found, {"phaseType": "COMPLETED", "startTime": at}]

    def _begun(self, build: Build, phase: str) -> datetime | None:
        begun = [each["startTime"] for each in self._phases(build) if each["phaseType"] == phase]
        return begun[0] if begun else None

    def _written(self, build: Build) -> list[str]:
        """Give the lines there are: one for each second from where the container begins, the last one after the end."""
        begun = self._begun(build, "DOWNLOAD_SOURCE")
        if begun is None:
            return []
        until = (build.stopped or self._now()) - begun
        lines = build.script.log
        late = self.status(build) != "IN_PROGRESS" and self._now() > self.ends(build) + timedelta(seconds=1)
        return list(lines if late else lines[: min(len(lines) - 1, int(until.total_seconds()))])

    def _stream(self, build: Build) -> tuple[str, str]:
        return f"/aws/codebuild/{build.project}", build.id.partition(":")[2]

    def _find(self, id_: str) -> Build:
        found = next((build for build in self.built if build.id == id_), None)
        if found is None:
            raise Refusal("ResourceNotFoundException", f"Build cannot be found: {id_}")
        return found

    def _now(self) -> datetime:
        return self._server.clock.now()
