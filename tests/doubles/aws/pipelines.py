"""CodePipeline: pipelines whose executions move from stage to stage in the server's own time, as AWS documents it.

A stage is locked by the execution in it; what fails starts nothing more; a manual approval waits for its token.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.server import ACCOUNT, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal

_PAGE = 3
"""Steps in one answer: AWS gives a hundred."""


@dataclass(kw_only=True)
class Action:
    """One action of a stage. `fails`: what it says at its first tries; it succeeds when they are used up."""

    name: str
    category: str = "Build"
    provider: str = "CodeBuild"
    order: int = 1
    seconds: float = 4
    fails: list[str] = field(default_factory=list)
    outside: Callable[[datetime], str] | None = None
    """Begins what does the work, at a time that may be a while ago: nobody looked since. Gives its id."""
    configuration: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    timeout: int | None = None
    """Minutes that an approval waits, where its declaration says so."""

    def declared(self) -> dict[str, Any]:
        said = {} if self.timeout is None else {"timeoutInMinutes": self.timeout}
        return {"name": self.name, "actionTypeId": self.kind(), "runOrder": self.order, **said}

    def kind(self) -> dict[str, str]:
        return {"category": self.category, "owner": "AWS", "provider": self.provider, "version": "1"}


def approval(name: str = "Manual", **more: Any) -> Action:
    return Action(name=name, category="Approval", provider="Manual", **more)


@dataclass
class Stage:
    name: str
    actions: list[Action]
    reason: str = ""
    """Why nothing may enter; empty: the door is open."""
    changed_by: str = ""


@dataclass
class Pipeline:
    name: str
    stages: list[Stage]
    variables: tuple[str, ...] = ()
    mode: str = "SUPERSEDED"
    executions: list["Execution"] = field(default_factory=list)
    """Oldest first."""
    most: int = 50
    earlier: list[list[dict[str, Any]]] = field(default_factory=list)
    """How the stages were declared in the versions before this one."""

    @property
    def version(self) -> int:
        return len(self.earlier) + 1

    def declared(self) -> list[dict[str, Any]]:
        return [{"name": stage.name, "actions": [each.declared() for each in stage.actions]} for stage in self.stages]

    def change(self, stage: str, action: str, **more: Any) -> None:
        """Declare an action otherwise, as a new version; what runs goes on as it was declared."""
        self.earlier.append(self.declared())
        changed = self.stage(stage)
        changed.actions = [replace(each, **more) if each.name == action else each for each in changed.actions]

    def stage(self, name: str) -> Stage:
        found = next((stage for stage in self.stages if stage.name == name), None)
        if found is None:
            raise Refusal("StageNotFoundException", f"Stage {name} not found")
        return found


@dataclass
class Step:
    stage: str
    action: Action
    begun: datetime
    outside: str
    error: str = ""
    """What it is going to fail with."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    token: str = ""
    status: str = "InProgress"
    ended: datetime | None = None
    summary: str = ""


@dataclass
class Execution:
    given: dict[str, Any]
    by: str
    begun: datetime
    status: str = "InProgress"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    at: int = 0
    """Number of the stage in which it is, or before which it waits."""
    entered: bool = False
    moved: datetime | None = None
    """When it came where it is."""
    steps: list[Step] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
    rolls_back: "Execution | None" = None
    abandons: bool = False
    said: str = ""
    version: int = 1


class Pipelines:
    """`known` by name."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.known: dict[str, Pipeline] = {}
        names = (
            *("StartPipelineExecution", "StopPipelineExecution", "GetPipelineState", "GetPipelineExecution"),
            *("ListActionExecutions", "ListPipelineExecutions", "PutApprovalResult", "RetryStageExecution"),
            *("RollbackStage", "DisableStageTransition", "EnableStageTransition", "GetPipeline"),
        )
        server.handlers |= {("codepipeline", name): getattr(self, f"_{name}") for name in names}

    def add(self, name: str, *stages: Stage, **more: Any) -> Pipeline:
        self.known[name] = Pipeline(name, list(stages), **more)
        return self.known[name]

    def begin(self, pipeline: Pipeline, by: str, **given: Any) -> Execution:
        """Start an execution, as anybody may."""
        execution = Execution(given, by, self._now(), moved=self._now(), version=pipeline.version)
        pipeline.executions.append(execution)
        return execution

    # what AWS answers

    def _StartPipelineExecution(self, asked: Asked, who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["name"])
        token = asked.given["clientRequestToken"]
        for known in pipeline.executions:
            if known.given.get("clientRequestToken") == token:
                return {"pipelineExecutionId": known.id}
        for variable in asked.given.get("variables", []):
            if variable["name"] not in pipeline.variables:
                raise Refusal("ValidationException", f"Variable {variable['name']} is not declared")
        sources = {action.name for action in pipeline.stages[0].actions}
        for revision in asked.given.get("sourceRevisions", []):
            if revision["actionName"] not in sources:
                raise Refusal("ValidationException", f"No source action is called {revision['actionName']}")
        if sum(each.status == "InProgress" for each in pipeline.executions) >= pipeline.most:
            raise Refusal("ConcurrentPipelineExecutionsLimitExceededException", "Too many concurrent executions")
        return {"pipelineExecutionId": self.begin(pipeline, who.arn, **asked.given).id}

    def _GetPipeline(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["name"])
        version = asked.given.get("version", pipeline.version)
        if version > pipeline.version:
            raise Refusal("PipelineVersionNotFoundException", f"No version {version}")
        return {
            "pipeline": {
                "name": pipeline.name,
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
                "stages": [*pipeline.earlier, pipeline.declared()][version - 1],
                "version": version,
                "executionMode": pipeline.mode,
                "pipelineType": "V2",
                "variables": [{"name": name, "defaultValue": "default"} for name in pipeline.variables],
            }
        }

    def _StopPipelineExecution(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline, execution = self._both(asked)
        abandon = asked.given.get("abandon", False)
        if execution.status == "Stopping" and execution.abandons >= abandon:
            raise Refusal("DuplicatedStopRequestException", "The execution is already stopping")
        if execution.status not in ("InProgress", "Stopping"):
            raise Refusal("PipelineExecutionNotStoppableException", f"The execution is {execution.status}")
        execution.status, execution.abandons = "Stopping", abandon
        execution.said = asked.given.get("reason", "")
        self._advance(pipeline)
        return {"pipelineExecutionId": execution.id}

    def _GetPipelineExecution(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline, execution = self._both(asked)
        return {
            "pipelineExecution": {
                "pipelineName": pipeline.name,
                "pipelineVersion": execution.version,
                "pipelineExecutionId": execution.id,
                "status": execution.status,
                **({"statusSummary": execution.said} if execution.said else {}),
                "executionMode": pipeline.mode,
                "executionType": "ROLLBACK" if execution.rolls_back else "STANDARD",
            }
        }

    def _ListActionExecutions(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["pipelineName"])
        id_ = asked.given["filter"]["pipelineExecutionId"]
        execution = self._execution(pipeline, id_)
        steps = execution.steps[::-1]
        at = int(asked.given.get("nextToken", 0))
        more = {"nextToken": str(at + _PAGE)} if steps[at + _PAGE :] else {}
        return {
            "actionExecutionDetails": [_detail(id_, step, pipeline.mode) for step in steps[at : at + _PAGE]],
            **more,
        }

    def _ListPipelineExecutions(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["pipelineName"])
        stage = asked.given.get("filter", {}).get("succeededInStage", {}).get("stageName")
        found = [each for each in pipeline.executions[::-1] if stage is None or stage in each.passed]
        return {"pipelineExecutionSummaries": [_summary(each) for each in found]}

    def _GetPipelineState(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["name"])
        stages = [self._stage_state(pipeline, number) for number in range(len(pipeline.stages))]
        return {"pipelineName": pipeline.name, "pipelineVersion": pipeline.version, "stageStates": stages}

    def _stage_state(self, pipeline: Pipeline, number: int) -> dict[str, Any]:
        stage = pipeline.stages[number]
        inside = [each for each in pipeline.executions if any(step.stage == stage.name for step in each.steps)]
        waiting = [e for e in pipeline.executions if e.at == number and not e.entered and e.status == "InProgress"]
        door: dict[str, Any] = {"enabled": not stage.reason}
        if stage.reason:
            door |= {"disabledReason": stage.reason, "lastChangedBy": stage.changed_by}
        state: dict[str, Any] = {"stageName": stage.name, "inboundTransitionState": door, "actionStates": []}
        if waiting:
            state["inboundExecution"] = {"pipelineExecutionId": waiting[-1].id, "status": "InProgress"}
        if inside:
            latest = inside[-1]
            state["latestExecution"] = {
                "pipelineExecutionId": latest.id,
                "status": _stage_status([step for step in latest.steps if step.stage == stage.name]),
            }
            for action in stage.actions:
                steps = [step for step in latest.steps if (step.stage, step.action.name) == (stage.name, action.name)]
                if steps:
                    state["actionStates"].append(_action_state(steps[-1], pipeline.mode))
        return state

    def _PutApprovalResult(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["pipelineName"])
        stage = pipeline.stage(asked.given["stageName"])
        if not any(action.name == asked.given["actionName"] for action in stage.actions):
            raise Refusal("ActionNotFoundException", "No such action")
        steps = [s for e in pipeline.executions for s in e.steps if s.token and s.token == asked.given["token"]]
        mine = [s for s in steps if (s.stage, s.action.name) == (stage.name, asked.given["actionName"])]
        if not mine:
            raise Refusal("InvalidApprovalTokenException", "The token is invalid")
        if mine[0].status != "InProgress":
            raise Refusal("ApprovalAlreadyCompletedException", "The approval is already completed")
        self.answer(mine[0], asked.given["result"]["status"], asked.given["result"]["summary"])
        return {"approvedAt": self._now()}

    def answer(self, step: Step, status: str, summary: str) -> None:
        """Answer an approval, as somebody may in AWS's own console."""
        step.status, step.error = "Succeeded" if status == "Approved" else "Failed", ""
        step.summary, step.ended = summary, self._now()

    def _RetryStageExecution(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline, execution = self._both(asked)
        stage = pipeline.stage(asked.given["stageName"])
        inside = [each for each in pipeline.executions if any(step.stage == stage.name for step in each.steps)]
        if inside[-1:] != [execution]:
            raise Refusal("NotLatestPipelineExecutionException", "A newer execution is in the stage")
        failed = [step for step in _newest(execution) if step.stage == stage.name and step.status == "Failed"]
        if not failed or execution.status != "Failed":
            raise Refusal("StageNotRetryableException", "The stage has no failed actions")
        execution.status, execution.entered = "InProgress", True
        execution.steps += [self._step(stage, step.action, self._now()) for step in failed]
        return {"pipelineExecutionId": execution.id}

    def _RollbackStage(self, asked: Asked, who: Identity) -> dict[str, Any]:  # noqa: N802
        pipeline = self._find(asked.given["pipelineName"])
        stage = pipeline.stage(asked.given["stageName"])
        target = self._execution(pipeline, asked.given["targetPipelineExecutionId"])
        if target.rolls_back or stage.name not in target.passed or pipeline.mode == "PARALLEL":
            raise Refusal("UnableToRollbackStageException", "Unable to roll back the stage")
        made = self.begin(pipeline, who.arn, sourceRevisions=target.given.get("sourceRevisions", []))
        made.rolls_back, made.at = target, pipeline.stages.index(stage)
        return {"pipelineExecutionId": made.id}

    def _DisableStageTransition(self, asked: Asked, who: Identity) -> dict[str, Any]:  # noqa: N802
        stage = self._door(asked)
        stage.reason, stage.changed_by = asked.given["reason"], who.arn
        return {}

    def _EnableStageTransition(self, asked: Asked, who: Identity) -> dict[str, Any]:  # noqa: N802
        stage = self._door(asked)
        stage.reason, stage.changed_by = "", who.arn
        return {}

    def _door(self, asked: Asked) -> Stage:
        if asked.given["transitionType"] != "Inbound":
            raise Refusal("ValidationException", "this double has doors at the entrance only")
        return self._find(asked.given["pipelineName"]).stage(asked.given["stageName"])

    # how executions go

    def _advance(self, pipeline: Pipeline) -> None:
        while any(self._moves(pipeline, execution) for execution in pipeline.executions):
            pass

    def _moves(self, pipeline: Pipeline, execution: Execution) -> bool:
        """Move an execution one thing further; false when nothing is to be moved now."""
        if execution.status not in ("InProgress", "Stopping"):
            return False
        here = [step for step in execution.steps if step.stage == pipeline.stages[execution.at].name]
        busy = [step for step in here if step.status == "InProgress"]
        if execution.status == "Stopping" and (not busy or execution.abandons):
            for step in busy:
                step.status, step.ended = "Abandoned", self._now()
            execution.status = "Stopped"
            return True
        due = [step for step in busy if _ends(step) <= self._now()]
        for step in due:
            step.ended = _ends(step)
            step.status = "Failed" if step.error else "Succeeded"
        if due:
            return True
        return False if busy else self._goes_on(pipeline, execution, here)

    def _goes_on(self, pipeline: Pipeline, execution: Execution, here: list[Step]) -> bool:
        stage = pipeline.stages[execution.at]
        if not execution.entered:
            return self._enters(pipeline, execution)
        newest = {step.action.name: step for step in here}
        if any(step.status != "Succeeded" for step in newest.values()):
            execution.status = "Failed"
            return True
        at = max(step.ended or step.begun for step in here)
        left = [action for action in stage.actions if action.name not in newest]
        if left:
            order = min(action.order for action in left)
            execution.steps += [self._step(stage, action, at) for action in left if action.order == order]
            return True
        execution.passed.add(stage.name)
        if execution.rolls_back or execution.at + 1 == len(pipeline.stages):
            execution.status = "Succeeded"
            return True
        execution.at, execution.entered, execution.moved = execution.at + 1, False, at
        return True

    def _enters(self, pipeline: Pipeline, execution: Execution) -> bool:
        stage = pipeline.stages[execution.at]
        others = [e for e in pipeline.executions if e is not execution and e.at == execution.at]
        newer = [e for e in others if not e.entered and e.status == "InProgress" and e.begun > execution.begun]
        if newer and pipeline.mode == "SUPERSEDED" and execution.at > 0:
            execution.status = "Superseded"
            return True
        locked = any(e.entered and e.status in ("InProgress", "Stopping") for e in others)
        if stage.reason or (locked and pipeline.mode != "PARALLEL"):
            execution.moved = self._now()
            return False
        order = min(action.order for action in stage.actions)
        at = execution.moved or self._now()
        execution.entered = True
        execution.steps += [self._step(stage, action, at) for action in stage.actions if action.order == order]
        return True

    def _step(self, stage: Stage, action: Action, at: datetime) -> Step:
        error = action.fails.pop(0) if action.fails else ""
        step = Step(stage.name, action, at, action.outside(at) if action.outside else "", error)
        if action.category == "Approval":
            step.token, step.error = str(uuid.uuid4()), "The approval was not answered in time"
        return step

    def _find(self, name: str) -> Pipeline:
        if name not in self.known:
            raise Refusal("PipelineNotFoundException", f"Account '1' does not have a pipeline with name '{name}'")
        self._advance(self.known[name])
        return self.known[name]

    def _both(self, asked: Asked) -> tuple[Pipeline, Execution]:
        pipeline = self._find(asked.given["pipelineName"])
        return pipeline, self._execution(pipeline, asked.given["pipelineExecutionId"])

    def _execution(self, pipeline: Pipeline, id_: str) -> Execution:
        found = next((each for each in pipeline.executions if each.id == id_), None)
        if found is None:
            raise Refusal("PipelineExecutionNotFoundException", f"No execution {id_}")
        return found

    def _now(self) -> datetime:
        return self._server.clock.now()


def _ends(step: Step) -> datetime:
    """Tell when a step ends by itself; an approval does when nobody has answered it."""
    if not step.token:
        return step.begun + timedelta(seconds=step.action.seconds)
    return step.begun + (timedelta(days=7) if step.action.timeout is None else timedelta(minutes=step.action.timeout))


def _newest(execution: Execution) -> list[Step]:
    return list({(step.stage, step.action.name): step for step in execution.steps}.values())


def _stage_status(steps: list[Step]) -> str:
    statuses = {step.status for step in {step.action.name: step for step in steps}.values()}
    return "InProgress" if "InProgress" in statuses else "Failed" if statuses != {"Succeeded"} else "Succeeded"


def _result(step: Step, mode: str) -> dict[str, Any]:
    """Say what came of a step; where executions run side by side, its id outside is an approval's token."""
    result: dict[str, Any] = {}
    outside = step.outside or (step.token if mode == "PARALLEL" else "")
    if outside:
        result["externalExecutionId"] = outside
    if step.error and step.status == "Failed":
        result["errorDetails"] = {"code": "JobFailed", "message": step.error}
    return result


def _detail(execution: str, step: Step, mode: str) -> dict[str, Any]:
    given: dict[str, Any] = {"actionTypeId": step.action.kind(), "resolvedConfiguration": step.action.configuration}
    if step.action.namespace:
        given["namespace"] = step.action.namespace
    summary = {"externalExecutionSummary": step.summary} if step.summary else {}
    return {
        "pipelineExecutionId": execution,
        "actionExecutionId": step.id,
        "stageName": step.stage,
        "actionName": step.action.name,
        "startTime": step.begun,
        "lastUpdateTime": step.ended or step.begun,
        "status": step.status,
        "input": given,
        "output": {
            "executionResult": {**_result(step, mode), **summary},
            "outputVariables": step.action.variables if step.status == "Succeeded" else {},
        },
    }


def _action_state(step: Step, mode: str) -> dict[str, Any]:
    latest = {"actionExecutionId": step.id, "status": step.status, "lastStatusChange": step.ended or step.begun}
    if step.token and step.status == "InProgress" and mode != "PARALLEL":
        latest["token"] = step.token
    return {"actionName": step.action.name, "latestExecution": {**latest, **_result(step, mode)}}


def _summary(execution: Execution) -> dict[str, Any]:
    revisions = [
        {"actionName": each["actionName"], "revisionId": each["revisionValue"]}
        for each in execution.given.get("sourceRevisions", [])
    ]
    kind = "ManualRollback" if execution.rolls_back else "StartPipelineExecution"
    raw: dict[str, Any] = {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "startTime": execution.begun,
        "lastUpdateTime": execution.begun,
        "sourceRevisions": revisions,
        "trigger": {"triggerType": kind, "triggerDetail": execution.by},
        "executionType": "ROLLBACK" if execution.rolls_back else "STANDARD",
    }
    if execution.rolls_back:
        raw["rollbackMetadata"] = {"rollbackTargetPipelineExecutionId": execution.rolls_back.id}
    return raw
