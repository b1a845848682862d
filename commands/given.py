"""What whoever asks for a run gives to it: variables of a pipeline that the catalog lets people say."""

from collections.abc import Mapping
from dataclasses import replace

from commands import assignments
from commands.command import Asked, Refused
from commands.permit import permit
from commands.texts import listing
from commands.words import nearest
from runners.given import taken, takers
from storage.model.run import Plan, Trigger
from storage.model.soundness import subject_of

RIGHT = "variables"
"""What somebody needs who gives any, beside the right to the command."""
_MOST, _LONGEST = 50, 1_000
"""What CodePipeline takes."""
_AS_IT_WAS = {Trigger.ROLLBACK, Trigger.RESTART, Trigger.SCALE, Trigger.REDEPLOY}


async def given(asked: Asked, plan: Plan) -> Plan:
    """Give the plan with what was said, or was said for the release that it brings back. Raises `Refused`."""
    said = assignments.read(asked.arguments.get(RIGHT, ""))
    if said:
        _permit(asked, plan)
        _check(asked, plan, said)
        return replace(plan, given=said)
    if subject_of(plan) not in _AS_IT_WAS or plan.origin is None:
        return plan
    made = (await asked.desk.store.runs.get(plan.origin)).plan
    kept = made.given if made.environment.name == plan.environment.name else {}
    return replace(plan, given={name: value for name, value in kept.items() if name in taken(plan)})


def _permit(asked: Asked, plan: Plan) -> None:
    for environment in takers(plan):
        permit(asked, service=plan.service.name, environment=environment, act=RIGHT)


def _check(asked: Asked, plan: Plan, said: Mapping[str, str]) -> None:
    known = taken(plan)
    for name, value in said.items():
        if name not in known:
            raise Refused(_unknown(asked, plan, name, known), about=RIGHT)
        if not 1 <= len(value) <= _LONGEST:
            text = asked.say("The value of {name} has to have 1 to {most} characters.", name=name, most=_LONGEST)
            raise Refused(text, about=RIGHT)
        if asked.desk.store.redactor.redact(f"{name}={value}") != f"{name}={value}":
            text = asked.say(
                "The value of {name} looks like a secret, which is never to be said here: "
                "put it into Secrets Manager or Parameter Store, and let the pipeline read it there.",
                name=name,
            )
            raise Refused(text, about=RIGHT)
    if len(said) > _MOST:
        raise Refused(asked.say("No more than {most} variables can be given.", most=_MOST), about=RIGHT)


def _unknown(asked: Asked, plan: Plan, name: str, known: tuple[str, ...]) -> str:
    where = {"service": plan.service.name, "environment": plan.environment.name}
    if not known:
        return asked.say(
            "A deploy of `{service}` to {environment} takes no variables from chat: "
            "the option `from_chat` of its pipeline names none.",
            **where,
        )
    close = nearest(name, known, 1)
    meant = " " + asked.say("Did you mean {nearest}?", nearest=f"`{close[0]}`") if close else ""
    names = listing(asked.language, (f"`{each}`" for each in known))
    text = asked.say(
        "A deploy of `{service}` to {environment} takes no variable `{name}` from chat, only {names}.",
        **where,
        name=name,
        names=names,
    )
    return text + meant
