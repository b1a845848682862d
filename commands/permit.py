"""Refuse, politely and with the names of those who may, whoever the policy does not allow."""

from collections.abc import Mapping

from commands.command import Asked, Refused
from commands.policy import Allowed, Denied, decide
from commands.texts import DEFAULT, later, listing
from commands.usage import verb
from storage.model import artifact
from storage.model.run import Plan, Trigger
from storage.model.soundness import changes_infra, subject_of

_DEEDS = {
    "force": later("go past locks and freezes"),
    "variables": later("give variables to a deploy"),
    "channel-settings": later("choose the language of a channel"),
}
"""What the rights let people do that are of no command."""


def permit(
    asked: Asked,
    *,
    service: str | None = None,
    environment: str | None = None,
    act: str | None = None,
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Raise `Refused` unless the asker may do this, read from the policy at this very moment.

    `act` is what is done when it is not the command itself (`force`); `arguments` are the words that the policy may
    have an opinion on, when they are not those that were said.
    """
    command = act or asked.command.name
    denied = denial(asked, command, service=service, environment=environment, arguments=arguments)
    if denied is None:
        return
    where = asked.say("in {environment}", environment=environment) if environment else None
    raise refusal(asked, denied, deed(asked, command, service, where))


def denial(
    asked: Asked,
    command: str,
    *,
    service: str | None = None,
    environment: str | None = None,
    arguments: Mapping[str, str] | None = None,
) -> Denied | None:
    """Give why the asker may not do this, and who may; `None` when they may."""
    decision = _decided(asked, command, service, environment, arguments)
    return decision if isinstance(decision, Denied) else None


def refusal(asked: Asked, denied: Denied, what: str) -> Refused:
    """Word a denial of `what`, which is a `deed`."""
    return Refused(" ".join([_why(asked, denied, what), *_who(asked, denied)]))


def may(asked: Asked, *, service: str, environment: str) -> bool:
    """Tell whether the asker may do this there: for lists, which leave out what is not for everybody."""
    return isinstance(_decided(asked, asked.command.name, service, environment, None), Allowed)


def allowed(asked: Asked, command: str, *, service: str | None = None, environment: str | None = None) -> bool:
    """Tell whether the asker may give another command: for what is offered as a next step."""
    return isinstance(_decided(asked, command, service, environment, {}), Allowed)


def permit_plan(asked: Asked, plan: Plan) -> None:
    """Raise `Refused` unless the asker may do this in every environment where the plan acts, not only in the last.

    Who does again what was done to infrastructure needs the right to that, too.
    """
    built = artifact.DIGEST not in plan.artifacts  # else what was built before is released, whatever its ref is called
    arguments = {**asked.arguments, "ref": plan.ref} if built else asked.arguments
    for environment in dict.fromkeys(stage.environment for stage in plan.stages if not stage.approval):
        if environment is not None:
            permit(asked, service=plan.service.name, environment=environment, arguments=arguments)
            if subject_of(plan) is Trigger.INFRA:
                act = "infra-apply" if changes_infra(plan) else "infra-plan"
                permit(asked, service=plan.service.name, environment=environment, act=act, arguments=arguments)


def _decided(
    asked: Asked, command: str, service: str | None, environment: str | None, arguments: Mapping[str, str] | None
) -> Allowed | Denied:
    return decide(
        asked.catalog,
        asked.request.user,
        command,
        service=service,
        environment=environment,
        channel=asked.request.channel or "D",  # an App Home is as private as a direct message
        arguments=asked.arguments if arguments is None else arguments,
        groups=asked.groups,
    )


def called(asked: Asked, act: str) -> str:
    """Call a right as who reads this says it; some are of no command, and are called as the policy does."""
    command = asked.desk.commands().get(act)
    return act if command is None or asked.language == DEFAULT else verb(command, asked.language)


def deed(asked: Asked, act: str, *place: str | None) -> str:
    """Say what somebody may or may not do, to follow the word `may`: give a command, or what a right is for."""
    said = " ".join(part for part in (called(asked, act), *place) if part)
    if act in _DEEDS:
        return asked.say("{deed} (the right `{right}`)", deed=asked.say(_DEEDS[act]), right=said)
    return asked.say("ask for `{command}`", command=said)


def _why(asked: Asked, denied: Denied, what: str) -> str:
    if denied.why == "unknown_person":
        return asked.say("You are not listed in the catalog, so you may not {what}.", what=what)
    if denied.why == "channel":
        places = listing(asked.language, (_channel(asked, name) for name in denied.allowed))
        return asked.say("You may not {what} from here, only in {channels}.", what=what, channels=places)
    if denied.why == "argument":
        patterns = listing(asked.language, (f"`{pattern}`" for pattern in denied.allowed))
        return asked.say("You may {what} only with {patterns}.", what=what, patterns=patterns)
    return asked.say("You may not {what}.", what=what)


def _channel(asked: Asked, name: str) -> str:
    return asked.say("a direct message") if name == "direct" else f"`{name}`"


def _who(asked: Asked, denied: Denied) -> list[str]:
    if denied.why in ("channel", "argument"):
        return []
    who = listing(asked.language, (asked.name(user) for user in denied.able[:5]))
    return [asked.say("Ask {who}.", who=who)] if who else []
