"""No release to a guarded environment without the people's yes to exactly this."""

from storage.approvals import Approvals
from storage.model.approval import Approval, Decision, is_about
from storage.model.catalog import Environment, Stage
from storage.model.run import Plan
from storage.model.soundness import only_looks
from storage.model.view import RunView
from storage.model.worded import worded


class Unapproved(Exception):  # noqa: N818 - says what is the matter
    """The run may not touch the environment: the reason is the message."""


def environment_of(plan: Plan, stage: Stage) -> Environment:
    """Return the environment of a stage (a gate that names none guards the plan's own). Raises `Unapproved`."""
    if stage.environment is None or stage.environment == plan.environment.name:
        return plan.environment
    if stage.environment not in plan.environments:
        raise Unapproved(
            worded(
                "stage `{stage}` names the environment `{environment}`, which the plan lacks",
                stage=stage.name,
                environment=stage.environment,
            )
        )
    return plan.environments[stage.environment]


def approval_id(run: str, stage: str) -> str:
    """Name the approval of a gate."""
    return f"{run}/{stage}"


async def check_consent(approvals: Approvals, view: RunView, stage: Stage) -> None:
    """Raise `Unapproved` unless `stage` needs no approval, or this run has one for exactly what would now be released.

    Reads the approvals themselves, not the plan's order of stages: a plan without its gate is refused too.
    """
    if stage.approval or stage.environment is None or only_looks(stage):
        return
    run, environment = view.run, environment_of(view.run.plan, stage)
    found = [await approvals.get(approval_id(run.id, s.name)) for s in run.plan.stages if s.approval]
    given = [a for a in found if a is not None and a.environment == environment.name]
    reasons = [_objection(approval, view, environment.approvals) for approval in given]
    if not reasons and environment.approvals > 0:
        raise Unapproved(
            worded("nobody was asked to approve the release to {environment}", environment=environment.name)
        )
    if reasons and all(reasons):
        raise Unapproved(worded("stage `{stage}` was not run: {reason}", stage=stage.name, reason=reasons[-1]))


def _objection(approval: Approval, view: RunView, needed: int) -> str:
    """Say why an approval does not allow the release; empty when it does."""
    if approval.decision is not Decision.APPROVED:
        return worded("approval `{approval}` is {decision}", approval=approval.id, decision=worded(approval.decision))
    if not is_about(approval.subject, view.run.plan, dict(view.artifacts)):
        return worded(
            "approval `{approval}` is for another commit, digest or configuration: deploy again and ask anew",
            approval=approval.id,
        )
    if approval.emergency:
        return ""  # by somebody with the right to, with a reason, and told to everybody
    others = set(approval.given_by) - {approval.requester}
    if len(others) < needed:
        return worded(
            "approval `{approval}` has {given} of {needed} people other than the requester",
            approval=approval.id,
            given=len(others),
            needed=needed,
        )
    return ""
