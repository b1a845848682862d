"""Refuse, politely and with the names of those who may, whoever the policy does not allow."""

from commands.command import Asked, Refused
from commands.policy import Denied, decide
from commands.texts import listing
from storage.model.run import Plan


def permit(asked: Asked, *, service: str | None = None, environment: str | None = None, act: str | None = None) -> None:
    """Raise `Refused` unless the asker may do this, read from the policy at this very moment."""
    command = act or asked.command.name
    decision = decide(asked.catalog, asked.request.user, command, service=service, environment=environment)
    if not isinstance(decision, Denied):
        return
    what = " ".join(
        part
        for part in (command, service, environment and asked.say("in {environment}", environment=environment))
        if part
    )
    who = listing(asked.language, (asked.name(user) for user in decision.able[:5]))
    if decision.why == "unknown_person":
        text = asked.say("You are not listed in the catalog, so you may not `{what}`.", what=what)
    else:
        text = asked.say("You may not `{what}`.", what=what)
    if who:
        text += " " + asked.say("Ask {who}.", who=who)
    raise Refused(text)


def may(asked: Asked, *, service: str, environment: str) -> bool:
    """Tell whether the asker may do this there: for lists, which leave out what is not for everybody."""
    decision = decide(asked.catalog, asked.request.user, asked.command.name, service=service, environment=environment)
    return not isinstance(decision, Denied)


def allowed(asked: Asked, command: str, *, service: str | None = None, environment: str | None = None) -> bool:
    """Tell whether the asker may give another command: for what is offered as a next step."""
    decision = decide(asked.catalog, asked.request.user, command, service=service, environment=environment)
    return not isinstance(decision, Denied)


def permit_plan(asked: Asked, plan: Plan) -> None:
    """Raise `Refused` unless the asker may do this in every environment where the plan acts, not only in the last."""
    for environment in dict.fromkeys(stage.environment for stage in plan.stages if not stage.approval):
        if environment is not None:
            permit(asked, service=plan.service.name, environment=environment)
