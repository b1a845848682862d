"""Whose approval a plan waits for: said before it is asked for, by the plan and in the answer that a run was opened."""

from commands.approvers import is_asked
from commands.command import Asked
from commands.policy import able
from commands.texts import listing, several
from storage.model.catalog import Environment, Stage
from storage.model.run import Plan

_NAMED = 5


def approvers_named(asked: Asked, plan: Plan, environment: Environment) -> str:
    """Name who may approve what this person asks there; empty when nobody may."""
    catalog = asked.catalog
    may = able(catalog, "approve", service=plan.service.name, environment=environment.name, groups=asked.groups)
    names = [
        asked.name(user)
        for user in may
        if not catalog.same_person(user, asked.request.user) and is_asked(catalog, environment.name, user, asked.groups)
    ]
    return listing(asked.language, names[:_NAMED])


def approved_for(plan: Plan, stage: Stage) -> Environment:
    """Give the environment that an approval is about."""
    return plan.environments.get(stage.environment or "", plan.environment)


def awaited(asked: Asked, plan: Plan) -> str:
    """Say whose approval the run will wait for, and that nothing changes before; empty when it waits for nobody's."""
    stage = next((stage for stage in plan.stages if stage.approval), None)
    if stage is None:
        return ""
    environment = approved_for(plan, stage)
    who = approvers_named(asked, plan, environment)
    if not who:
        return asked.say("It waits for an approval that nobody else may give: see the catalog.")
    text = several(
        "It waits for {count} approval, which {who} may give: nothing changes in {environment} before.",
        "It waits for {count} approvals, which {who} may give: nothing changes in {environment} before.",
    )
    return asked.say(text, environment=environment.name, count=max(1, environment.approvals), who=who)
