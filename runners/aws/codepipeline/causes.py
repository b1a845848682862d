"""Why an execution of a pipeline did not succeed, with what lies behind it: the build, the tasks that stopped."""

import asyncio
from collections.abc import Mapping
from functools import partial

from runners.aws.codebuild import builds
from runners.aws.codebuild.building import failure_of as failure_of_build
from runners.aws.codepipeline.executions import Execution, Step
from runners.aws.ecs import revisions, services, stopped
from runners.aws.ecs.services import Target
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink
from storage.model.worded import joined, worded

ERRORS = {
    "pipeline_failed": "an action of the pipeline failed",
    "rejected": "a manual approval of the pipeline was answered with no, or by nobody in time",
    "pipeline_stopped": "somebody stopped the execution in AWS",
    "superseded": "a newer execution of the pipeline took the place of this one",
}
_REST = 3.0
"""Seconds between two looks behind a step: CodePipeline may give it up before what did its work is over."""


async def failure_of(account: Account, execution: Execution, sink: Sink, pace: float) -> ActionFailed | None:
    """Say why an execution did not succeed; nothing when it did. `pace`: 1, unless AWS's time runs faster."""
    name = execution.named
    match execution.status:
        case "Succeeded":
            return None
        case "Superseded":
            return ActionFailed(
                worded("a newer execution took the place of {execution}", execution=name),
                hint=worded("see which one, or let the pipeline queue its executions"),
                error="superseded",
            )
        case "Stopped" | "Cancelled":
            said = worded(": {said}", said=execution.said) if execution.said else ""
            return ActionFailed(
                worded("somebody stopped {execution} in AWS{said}", execution=name, said=said),
                hint=worded("CloudTrail says who; retry starts it again"),
                error="pipeline_stopped",
            )
    if not execution.failed:
        return ActionFailed(
            worded("{execution} failed: {said}", execution=name, said=execution.said or execution.status),
            hint=worded("see the conditions of its stages in CodePipeline"),
            error="pipeline_failed",
        )
    return await _of_a_step(account, execution.failed[0], sink, pace)


async def _of_a_step(account: Account, step: Step, sink: Sink, pace: float) -> ActionFailed:
    if step.category == "Approval":
        return ActionFailed(
            worded(
                "{place} was not approved: {said}", place=step.place, said=step.summary or step.error or step.status
            ),
            hint=worded("ask who said no; a new run asks again"),
            error="rejected",
        )
    cause = await _cause(account, step, sink, pace)
    said = step.error or step.summary or step.status
    return ActionFailed(
        worded("{place} failed: {said}", place=step.place, said=joined([cause.reason, said] if cause else [said])),
        exit_code=cause.exit_code if cause else None,
        hint=cause.hint if cause and cause.hint else worded("see the action in CodePipeline, or its lines in the log"),
        error="pipeline_failed",
    )


async def _cause(account: Account, step: Step, sink: Sink, pace: float) -> ActionFailed | None:
    """Look behind a step: what the service says that did its work. What cannot be looked at, or goes on, is said."""
    look = {"CodeBuild": _of_a_build, "ECS": _of_a_deployment}.get(step.provider)
    if look is None:
        return None
    try:
        return await patiently(
            partial(look, account, step, sink), partial(asyncio.sleep, _REST * pace), sink, "it is looked at again"
        )
    except ActionFailed as failure:
        sink.line(f"what is behind {step.place} cannot be looked at: {failure.reason}; {failure.hint}")
        return None


async def _of_a_build(account: Account, step: Step, sink: Sink) -> ActionFailed | None:
    if not step.outside:
        return None
    build = await builds.look(account, builds.id_of(step.outside))
    if not build.over:
        raise ActionFailed(
            worded("{build} has not ended yet", build=build.named),
            hint=worded("see it in CodeBuild"),
            error="pipeline_failed",
            retryable=True,
        )
    if build.log is not None:
        await stopped.show_tail(account, build.log, build.named, sink)
    return failure_of_build(build)


async def _of_a_deployment(account: Account, step: Step, sink: Sink) -> ActionFailed | None:
    """Read why tasks of the service stopped since the step began."""
    target = _target(step.configuration)
    if target is None:
        return None
    state = await services.look(account, target)
    deployments = sorted(state.deployments, key=lambda each: each.created_at)
    mine = [each for each in deployments if each.id == step.outside or each.created_at >= step.started_at]
    revision = await revisions.read(account, mine[0].task_definition) if mine else None
    for event in state.events(step.started_at):
        sink.line(str(event["message"]))
    if revision is None:
        return None
    first = await stopped.tell(account, target, revision, step.started_at, sink)
    return ActionFailed(first.why, exit_code=first.exit_code, error="tasks_failed") if first.why else None


def _target(configuration: Mapping[str, str]) -> Target | None:
    cluster, service = configuration.get("ClusterName"), configuration.get("ServiceName")
    return Target(cluster=cluster, service=service) if cluster and service else None
