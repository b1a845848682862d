"""Whose approval a plan waits for: said before it is asked for, by the plan and in the answer that a run was opened."""

from commands.approvers import lacking, may_approve
from commands.command import Asked
from commands.texts import listing, several
from storage.model.catalog import Environment, Stage
from storage.model.run import Plan

_NAMED = 5


def approvers_named(asked: Asked, plan: Plan, environment: Environment) -> str:
    """Name who may approve what this person asks there; empty when nobody may."""
    may = may_approve(asked.catalog, plan.service.name, environment.name, asked.request.user, asked.groups)
    return listing(asked.language, [asked.name(user) for user in may[:_NAMED]])


def approved_for(plan: Plan, stage: Stage) -> Environment:
    """Give the environment that an approval is about."""
    return plan.environments.get(stage.environment or "", plan.environment)


def awaited(asked: Asked, plan: Plan) -> str:
    """Say whose approval the run will wait for, or that too few can give it; empty when it waits for nobody's."""
    stage = next((stage for stage in plan.stages if stage.approval), None)
    if stage is None:
        return ""
    environment = approved_for(plan, stage)
    needed, who = max(1, environment.approvals), approvers_named(asked, plan, environment)
    why = lacking(asked.catalog, plan.service.name, environment.name, asked.request.user, asked.groups, needed)
    if why:
        return asked.say(why)
    text = several(
        "It waits for {count} approval, which {who} may give: nothing changes in {environment} before.",
        "It waits for {count} approvals, which {who} may give: nothing changes in {environment} before.",
    )
    return asked.say(text, environment=environment.name, count=needed, who=who)
