"""Pinning configuration that stands outside the catalog: its versions are part of the plan, and so of the approval."""

from dataclasses import replace

from commands.command import Asked, Refused, sentence
from runners.contract import ActionFailed, Configured
from storage.model.run import Plan, Trigger, known_environments
from storage.model.soundness import subject_of

_NEW = {Trigger.DEPLOY, Trigger.PROMOTE, Trigger.REDEPLOY, Trigger.RETRY, Trigger.RERUN}
"""What brings the configuration of today; all else brings back what was."""


async def pinned(asked: Asked, plan: Plan) -> Plan:
    """Give the plan with the versions that the configuration has now. Raises `Refused` when it cannot be looked up."""
    if subject_of(plan) not in _NEW:
        return plan
    found: dict[str, dict[str, str]] = {}
    for name in dict.fromkeys(s.environment for s in plan.stages if s.actions and s.environment):
        place = known_environments(plan)[name]
        runner = asked.desk.runners.get(place.target)
        if not plan.service.secrets.get(name) or not isinstance(runner, Configured):
            continue
        try:
            found[name] = dict(await runner.configuration(plan.service, place))
        except ActionFailed as problem:
            raise Refused(sentence(asked, problem)) from problem
    return replace(plan, configuration=found)
