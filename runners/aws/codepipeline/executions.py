"""One execution of a pipeline of CodePipeline: started, found again, stopped, retried; read from one look at it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed
from runners.crash import crash_here
from storage.model.worded import worded

ERRORS = {
    "no_pipeline": "there is no such pipeline in CodePipeline",
    "no_execution": "CodePipeline no longer knows the execution",
    "queue_full": "the pipeline may have no more executions at the same time",
}
_OVER = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"}
_ENOUGH = {"PipelineExecutionNotStoppableException", "DuplicatedStopRequestException"}
_OPEN_FOR = timedelta(days=7)
"""How long CodePipeline waits for an answer, when its action says nothing else."""
_SHOWN = 200
"""Characters of a reason that CodePipeline takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of the pipeline, carried out once; one that is retried is another step."""

    id: str
    stage: str
    action: str
    category: str
    """Source, Build, Deploy, Test, Invoke, Approval or Compute."""
    provider: str
    """CodeBuild, ECS, Manual, ..."""
    status: str
    """InProgress, Succeeded, Failed or Abandoned."""
    started_at: datetime
    outside: str
    """Id of what it started there: a build, a deployment."""
    summary: str
    error: str
    configuration: Mapping[str, str]
    variables: Mapping[str, str]
    """What it hands on, by `namespace.NAME`."""

    @property
    def place(self) -> str:
        """Give `Deploy/Service`."""
        return f"{self.stage}/{self.action}"

    @property
    def waits_for_people(self) -> bool:
        """Tell whether it is a manual approval that nobody has answered."""
        return self.category == "Approval" and self.status == "InProgress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The execution at one moment."""

    pipeline: str
    id: str
    status: str
    """InProgress, Stopping, Stopped, Succeeded, Superseded, Failed or Cancelled."""
    said: str
    version: int
    """Of the pipeline: what runs is the pipeline as it was then, also when somebody changes it meanwhile."""
    steps: Sequence[Step]
    """Oldest first."""

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.status in _OVER

    @property
    def named(self) -> str:
        """Give it as people write it: `hello 1f2e3d4c`."""
        return f"{self.pipeline} {self.id[:8]}"

    @property
    def newest(self) -> list[Step]:
        """The last step of each action."""
        return list({step.place: step for step in self.steps}.values())

    @property
    def failed(self) -> list[Step]:
        """What failed, and was not retried since."""
        return [step for step in self.newest if step.status in ("Failed", "Abandoned")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageState:
    """What a stage of the pipeline is doing, whichever execution is in it."""

    name: str
    execution: str
    waiting: Sequence[str]
    """Executions before its door."""
    open: bool
    """Executions may enter."""
    reason: str
    """Why they may not."""
    tokens: Mapping[str, str]
    """Action -> the token with which its manual approval is answered."""


async def look(account: Account, pipeline: str, id_: str) -> Execution:
    """Look at an execution. Raises `ActionFailed` when there is none."""
    try:
        answer = await account.call(
            "codepipeline", "get_pipeline_execution", pipelineName=pipeline, pipelineExecutionId=id_
        )
        steps = await _steps(account, pipeline, id_)
    except AwsRefused as refused:
        raise _lost(account, pipeline, refused) from refused
    found = answer["pipelineExecution"]
    return Execution(
        pipeline=pipeline,
        id=id_,
        status=found.get("status", "InProgress"),
        said=found.get("statusSummary", ""),
        version=found["pipelineVersion"],
        steps=steps,
    )


async def stages(account: Account, pipeline: str) -> list[StageState]:
    """Look at the stages of a pipeline. Raises `ActionFailed` when there is none."""
    try:
        answer = await account.call("codepipeline", "get_pipeline_state", name=pipeline)
    except AwsRefused as refused:
        raise _lost(account, pipeline, refused) from refused
    return [_stage(each) for each in answer.get("stageStates", [])]


async def recent(account: Account, pipeline: str, succeeded_in: str = "") -> list[Mapping[str, Any]]:
    """List the newest hundred executions, newest first; only those that have succeeded in a stage, if one is named."""
    only = {"filter": {"succeededInStage": {"stageName": succeeded_in}}} if succeeded_in else {}
    try:
        answer = await account.call(
            "codepipeline", "list_pipeline_executions", pipelineName=pipeline, maxResults=100, **only
        )
    except AwsRefused as refused:
        raise _lost(account, pipeline, refused) from refused
    return list(answer.get("pipelineExecutionSummaries", []))


async def declared(account: Account, pipeline: str) -> list[str]:
    """List the variables that a pipeline declares. Raises `ActionFailed` when there is no such pipeline."""
    try:
        answer = await account.call("codepipeline", "get_pipeline", name=pipeline)
    except AwsRefused as refused:
        raise _lost(account, pipeline, refused) from refused
    return [str(each["name"]) for each in answer["pipeline"].get("variables", [])]


async def open_for(account: Account, execution: Execution, step: Step) -> timedelta:
    """Tell how long a manual approval of an execution waits. Raises `ActionFailed` when that cannot be read."""
    try:
        answer = await account.call("codepipeline", "get_pipeline", name=execution.pipeline, version=execution.version)
    except AwsRefused as refused:
        raise _lost(account, execution.pipeline, refused) from refused
    stages_ = answer["pipeline"]["stages"]
    known = {f"{stage['name']}/{action['name']}": action for stage in stages_ for action in stage["actions"]}
    minutes = known.get(step.place, {}).get("timeoutInMinutes")
    return _OPEN_FOR if minutes is None else timedelta(minutes=minutes)


async def start(account: Account, pipeline: str, key: str, given: Mapping[str, Any]) -> str:
    """Start an execution for a key; gives its id. Asked twice, CodePipeline itself starts one."""
    token = hashlib.sha256(key.encode()).hexdigest()
    crash_here("codepipeline.start.before")
    try:
        answer = await account.call(
            "codepipeline", "start_pipeline_execution", name=pipeline, clientRequestToken=token, **given
        )
    except AwsRefused as refused:
        raise _lost(account, pipeline, refused) from refused
    crash_here("codepipeline.start.after")
    return str(answer["pipelineExecutionId"])


async def retry(account: Account, execution: Execution, stage: str) -> None:
    """Do the failed actions of a stage again, in the same execution. Raises `AwsRefused` when that is not possible."""
    crash_here("codepipeline.retry.before")
    await account.call(
        "codepipeline",
        "retry_stage_execution",
        pipelineName=execution.pipeline,
        stageName=stage,
        pipelineExecutionId=execution.id,
        retryMode="FAILED_ACTIONS",
    )
    crash_here("codepipeline.retry.after")


async def roll_back(account: Account, pipeline: str, stage: str, target: str) -> str:
    """Bring what an earlier execution brought into a stage there again; gives the id of the execution that does."""
    crash_here("codepipeline.rollback.before")
    answer = await account.call(
        "codepipeline", "rollback_stage", pipelineName=pipeline, stageName=stage, targetPipelineExecutionId=target
    )
    crash_here("codepipeline.rollback.after")
    return str(answer["pipelineExecutionId"])


async def stop(account: Account, pipeline: str, id_: str, reason: str, *, abandon: bool) -> None:
    """Stop an execution: after what is under way, or at once when it is abandoned. Harmless when it is over."""
    crash_here("codepipeline.stop.before")
    try:
        await account.call(
            "codepipeline",
            "stop_pipeline_execution",
            pipelineName=pipeline,
            pipelineExecutionId=id_,
            abandon=abandon,
            reason=reason[:_SHOWN],
        )
    except AwsRefused as refused:
        if refused.code not in _ENOUGH:
            raise
    crash_here("codepipeline.stop.after")


async def _steps(account: Account, pipeline: str, id_: str) -> list[Step]:
    found: list[Step] = []
    asked = {"pipelineName": pipeline, "filter": {"pipelineExecutionId": id_}, "maxResults": 100}
    async for page in account.pages("codepipeline", "list_action_executions", **asked):
        found += [_step(each) for each in page.get("actionExecutionDetails", [])]
    return sorted(found, key=lambda step: step.started_at)


def _step(raw: Mapping[str, Any]) -> Step:
    asked, output = raw.get("input", {}), raw.get("output", {})
    kind, result = asked.get("actionTypeId", {}), output.get("executionResult", {})
    error, namespace = result.get("errorDetails", {}), asked.get("namespace", "")
    return Step(
        id=raw["actionExecutionId"],
        stage=raw["stageName"],
        action=raw["actionName"],
        category=kind.get("category", ""),
        provider=kind.get("provider", ""),
        status=raw.get("status", "InProgress"),
        started_at=raw["startTime"],
        outside=result.get("externalExecutionId", ""),
        summary=" ".join(result.get("externalExecutionSummary", "").split()),
        error=": ".join(part for part in (error.get("code", ""), " ".join(error.get("message", "").split())) if part),
        configuration=asked.get("resolvedConfiguration") or asked.get("configuration", {}),
        variables={f"{namespace}.{n}": str(v) for n, v in output.get("outputVariables", {}).items()}
        if namespace
        else {},
    )


def _stage(raw: Mapping[str, Any]) -> StageState:
    door = raw.get("inboundTransitionState", {})
    latest = {each["actionName"]: each.get("latestExecution", {}) for each in raw.get("actionStates", [])}
    waiting = [raw.get("inboundExecution", {}), *raw.get("inboundExecutions", [])]
    return StageState(
        name=raw["stageName"],
        execution=raw.get("latestExecution", {}).get("pipelineExecutionId", ""),
        waiting=[each["pipelineExecutionId"] for each in waiting if each],
        open=door.get("enabled", True),
        reason=door.get("disabledReason", ""),
        tokens={
            name: each["token"] for name, each in latest.items() if each.get("token") and each["status"] == "InProgress"
        },
    )


def _lost(account: Account, pipeline: str, refused: AwsRefused) -> ActionFailed:
    """Say what CodePipeline lacks; what else it refuses stays as it is."""
    where = {"pipeline": pipeline, "account": account.place.account, "region": account.place.region}
    if refused.code == "PipelineNotFoundException":
        return ActionFailed(
            worded("there is no pipeline {pipeline} in {account}, {region}", **where),
            hint=worded("see the option pipeline of the environment or of the action"),
            error="no_pipeline",
        )
    if refused.code == "PipelineExecutionNotFoundException":
        return ActionFailed(
            worded("{pipeline} does not know the execution any more", pipeline=pipeline),
            hint=worded("was the pipeline made anew? retry starts another execution"),
            error="no_execution",
        )
    if refused.code == "ConcurrentPipelineExecutionsLimitExceededException":
        return ActionFailed(
            worded("{pipeline} takes no more executions: {reason}", pipeline=pipeline, reason=refused.reason),
            hint=worded("retry when others have ended"),
            error="queue_full",
            retryable=True,
        )
    return refused
