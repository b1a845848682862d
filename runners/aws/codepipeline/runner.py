"""Kind `codepipeline`: a pipeline of CodePipeline, started for the run and mirrored to its end.

The pipeline is yours. Its manual approvals are put to the approvers of the environment, and answered with their word.
A second attempt, and a `retry` of the run, do the failed actions of the same execution again; a rollback rolls the
stage back to the execution that brought the earlier commit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runners import options
from runners.aws import errors
from runners.aws.codepipeline import causes, executions
from runners.aws.codepipeline.executions import Execution
from runners.aws.codepipeline.mirror import Mirror
from runners.aws.errors import AwsRefused
from runners.aws.notes import Notes
from runners.aws.session import NOWHERE, Account, Clouds, Visitor
from runners.aws.stopping import stopping
from runners.aws.told import called, told
from runners.contract import ActionFailed, Outcome, Silence, Sink, Work
from runners.given import FROM_CHAT
from storage.model import artifact
from storage.model.catalog import Environment, Json, Service
from storage.model.worded import worded

_KNOWN = {
    "pipeline": options.text,
    "pipelines": options.variables,
    "variables": options.variables,
    FROM_CHAT: options.names,
    "revisions": options.variables,
    "stage": options.text,
    "abandon": options.flag,
    "freeze": options.text,
}
_ERRORS = {
    **errors.ERRORS,
    **executions.ERRORS,
    **causes.ERRORS,
    **NOWHERE,
    "no_revision": "an option `revisions` names what the run does not have, or nothing that there is",
    "no_variable": "the pipeline does not declare a variable that it is to get",
    "no_rollback": "no earlier execution can be rolled back to",
}
_VARIABLE = re.compile(r"[A-Za-z0-9@_-]{1,128}")
_REVISIONS = {"commit": ("COMMIT_ID", artifact.COMMIT), "digest": ("IMAGE_DIGEST", artifact.DIGEST)}
"""What an option says -> what CodePipeline calls it, and which artifact of the run it is."""
_OTHERS = {"version": "S3_OBJECT_VERSION_ID", "key": "S3_OBJECT_KEY"}
_NOT_AGAIN = {"StageNotRetryableException", "NotLatestPipelineExecutionException"}
_BY_HAND = {"StartPipelineExecution", "ManualRollback"}


class CodePipelineRunner:
    """Options stand with the environment, or with the action, which wins."""

    kind = "codepipeline"
    errors = _ERRORS
    exports = None
    by_service = ("pipelines",)

    def __init__(self, clouds: Clouds, pace: float = 1.0) -> None:
        """Take the way to AWS. `pace`: 1, unless AWS's time runs faster."""
        self._clouds = clouds
        self._pace = pace

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options, of an action or of an environment."""
        wrong = options.problems(options_, _KNOWN) + [
            f"option {given}: {name!r} is no name of a variable: letters, digits, @, - and _"
            for given, names in (("variables", options.texts), (FROM_CHAT, options.words))
            for name in names(options_.get(given))
            if not _VARIABLE.fullmatch(name)
        ]
        if any(name.lower() == "force" for name in options.words(options_.get(FROM_CHAT))):
            wrong.append(f"option {FROM_CHAT}: force is a word of the commands themselves")
        return wrong + [
            f"option revisions: {name} should be commit, digest, version:... or key:..., not {value!r}"
            for name, value in options.texts(options_.get("revisions")).items()
            if value not in _REVISIONS and value.partition(":")[0] not in _OTHERS
        ]

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Start the pipeline, or find it started, and mirror it to its end. Raises `Asks` at a manual approval."""
        return await (await self._ordered(work, sink)).run()

    async def stop(self, work: Work) -> None:
        """Stop the execution of the work, when nobody awaits it any more."""
        await (await self._ordered(work, Silence())).stop()

    async def _ordered(self, work: Work, sink: Sink) -> "_Order":
        account, environment = await self._clouds.within(work.environment, Visitor.of(work))
        return _Order(
            account=account,
            work=work,
            sink=sink,
            told=told(self.kind, environment, work.options),
            pipeline=pipeline_of(work.service, environment, work.options),
            pace=self._pace,
        )


def pipeline_of(service: Service, environment: Environment, given: Mapping[str, Json]) -> str:
    """Name the pipeline of an action that is given these options."""
    return called(CodePipelineRunner.kind, service, environment, given, by="pipeline")


@dataclass(slots=True, kw_only=True)
class _Order:
    """One execution that was asked for."""

    account: Account
    work: Work
    sink: Sink
    told: Mapping[str, Json]
    """The options."""
    pipeline: str
    pace: float
    notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = Notes(self.work)

    async def run(self) -> Outcome:
        """Give what came of it; stops it when that is what is wanted."""
        async with stopping(self.work, self.stop, self.sink, "the execution could not be stopped"):
            return await self._carried_out()

    async def stop(self) -> None:
        """Stop what the key started, if it still goes on."""
        id_ = await self._found()
        if not id_ or (await executions.look(self.account, self.pipeline, id_)).over:
            return
        reason = f"cancelled in Estiva, run {self.work.run}"
        abandon = self.told.get("abandon") is True
        await executions.stop(self.account, self.pipeline, id_, reason, abandon=abandon)

    async def _carried_out(self) -> Outcome:
        mirror = Mirror(
            account=self.account,
            work=self.work,
            sink=self.sink,
            pipeline=self.pipeline,
            id=await self._begun(),
            notes=self.notes,
            pace=self.pace,
        )
        ended = await mirror.to_its_end()
        if failed := await causes.failure_of(self.account, ended, self.sink, self.pace):
            raise failed
        place = self.work.environment.name if self.work.environment else ""
        address = self.work.service.addresses.get(place, "")
        return Outcome(
            artifacts={artifact.ADDRESS: address} if address else {},
            variables={"EXECUTION": ended.id, **_handed_on(ended)},
            summary=worded("{execution}: {stages}", execution=ended.named, stages=_stages(ended)),
        )

    async def _begun(self) -> str:
        """Give the id of the execution of the work: begun before, done again, rolled back to, or new."""
        id_ = await self._found()
        if not id_:
            id_ = await self._retried() or await self._rolled_back() or await self._started()
            self.notes.write(execution=id_)
            self.sink.line(f"{self.pipeline}: execution {id_}")
        return id_

    async def _found(self) -> str:
        """Find what was begun for the key: it is in the notes, or it came after what they know of."""
        noted = self.notes.read()
        if "execution" in noted or "known" not in noted:
            return self.notes.text("execution")
        known = self.notes.names("known")
        for each in await executions.recent(self.account, self.pipeline):
            if each["pipelineExecutionId"] in known:
                break
            if self._is_ours(each):
                return str(each["pipelineExecutionId"])
        return ""

    async def _retried(self) -> str:
        """Do the failed actions of the execution before again, where there is one; nothing when that cannot be."""
        before = await self._before()
        if not before:
            return ""
        execution = await executions.look(self.account, self.pipeline, before)
        if execution.status == "Failed" and execution.failed:
            stage, failed = execution.failed[0].stage, execution.failed[0].id
            if self.notes.text("retried") in ("", failed):
                self.notes.write(retried=failed)
                try:
                    await executions.retry(self.account, execution, stage)
                except AwsRefused as refused:
                    if refused.code not in _NOT_AGAIN:
                        raise
                    self.sink.line(f"{execution.named} cannot be retried ({refused.code}), so it is started anew")
                    return ""
            self.sink.line(f"{execution.named}: the failed actions of {stage} are done again")
            return before
        return before if self.notes.text("retried") else ""

    async def _before(self) -> str:
        """Find the execution that this one is to go on with: of the attempt before, or of the run that is retried."""
        if self.work.attempt > 1:
            return Notes.of_attempt(self.work, self.work.attempt - 1).text("execution")
        if not self.work.retries or not self._has_own_session:
            return ""
        session = self._session_of(Visitor(name=self.work.retries).session_name)
        found = await executions.recent(self.account, self.pipeline)
        mine = (each for each in found if each.get("trigger", {}).get("triggerDetail") == session)
        return next((str(each["pipelineExecutionId"]) for each in mine), "")

    async def _rolled_back(self) -> str:
        """Roll the stage back to the execution that brought the earlier commit, when the run goes back."""
        stage = str(self.told.get("stage") or "")
        if not stage or not (self.work.goes_back or self.work.restores):
            return ""
        commit = self.work.artifacts.get(artifact.COMMIT, "")
        found = await executions.recent(self.account, self.pipeline, stage)
        targets = [each for each in found if each.get("executionType") != "ROLLBACK" and _brought(each, commit)]
        if not targets:
            raise ActionFailed(
                worded(
                    "no execution of {pipeline} brought {commit} to {stage}",
                    pipeline=self.pipeline,
                    commit=artifact.short(commit),
                    stage=stage,
                ),
                hint=worded(
                    "CodePipeline rolls back to executions of the pipeline as it is now only; deploy the commit"
                ),
                error="no_rollback",
            )
        target = str(targets[0]["pipelineExecutionId"])
        await self._note_known(target)
        return await executions.roll_back(self.account, self.pipeline, stage, target)

    async def _started(self) -> str:
        given: dict[str, Any] = {}
        if variables := {**options.texts(self.told.get("variables")), **self.work.given}:
            await self._see_declared(variables)
            given["variables"] = [{"name": name, "value": value} for name, value in variables.items()]
        if revisions := options.texts(self.told.get("revisions")):
            given["sourceRevisions"] = [self._revision(*each) for each in revisions.items()]
        await self._note_known()
        return await executions.start(self.account, self.pipeline, self.work.key, given)

    async def _see_declared(self, variables: Mapping[str, str]) -> None:
        """Raise when the pipeline declares no such variables. What may not be looked up is believed."""
        try:
            known = await executions.declared(self.account, self.pipeline)
        except AwsRefused as refused:
            if refused.error != "aws_denied":
                raise
            self.sink.line(f"the variables are not checked beforehand: {refused.hint}")
            return
        if unknown := [name for name in variables if name not in known]:
            raise ActionFailed(
                worded(
                    "the pipeline {pipeline} declares no variable {names}",
                    pipeline=self.pipeline,
                    names=", ".join(unknown),
                ),
                hint=worded("it declares {known}", known=", ".join(known))
                if known
                else worded("declare it in the pipeline, or leave it out"),
                error="no_variable",
            )

    async def _note_known(self, target: str = "") -> None:
        """Note which executions there are, before there is one more."""
        if "known" not in self.notes.read():
            known = await executions.recent(self.account, self.pipeline)
            self.notes.write(known=[str(each["pipelineExecutionId"]) for each in known], target=target)

    def _revision(self, action: str, said: str) -> dict[str, str]:
        word, _, rest = said.partition(":")
        if word in _OTHERS:
            return {"actionName": action, "revisionType": _OTHERS[word], "revisionValue": rest}
        kind, name = _REVISIONS[word]
        value = self.work.artifacts.get(name, "")
        if not value:
            raise ActionFailed(
                worded("the run has no {word} for the source {action} of the pipeline", word=word, action=action),
                hint=worded("put an action before this one that makes it, or mend the option revisions"),
                error="no_revision",
            )
        return {"actionName": action, "revisionType": kind, "revisionValue": value}

    @property
    def _has_own_session(self) -> bool:
        """Tell whether AWS's records name the run: whoever assumes a role has a session of their own."""
        return self.account.identity.endswith(f"/{Visitor.of(self.work).session_name}")

    def _session_of(self, name: str) -> str:
        return f"{self.account.identity.rpartition('/')[0]}/{name}"

    def _is_ours(self, summary: Mapping[str, Any]) -> bool:
        """Tell whether an execution that came since is the one of this work: by whom it was begun.

        Whoever has no session of their own finds a rollback by its target; what is started twice with the same token
        is the same execution.
        """
        trigger = summary.get("trigger", {})
        if trigger.get("triggerType") not in _BY_HAND or trigger.get("triggerDetail") != self.account.identity:
            return False
        target = summary.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId", "")
        return self._has_own_session or (bool(target) and target == self.notes.text("target"))


def _brought(summary: Mapping[str, Any], commit: str) -> bool:
    return any(each.get("revisionId") == commit for each in summary.get("sourceRevisions", []))


def _handed_on(execution: Execution) -> dict[str, str]:
    """Give what the actions hand on, by `NAMESPACE_NAME`."""
    found = (pair for step in execution.newest for pair in step.variables.items())
    return {name.replace(".", "_").replace("-", "_"): value for name, value in found}


def _stages(execution: Execution) -> str:
    return ", ".join(dict.fromkeys(step.stage for step in execution.steps))
