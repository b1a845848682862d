"""`unlock <service> in <environment>`: let releases through again."""

from commands.command import Asked, Command, Refused, Topic
from commands.holding import ended, needed, permit_ending, permit_place, place_of, tell_owner
from commands.texts import PORTUGUESE, later
from storage.model.hold import HoldKind
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """End a lock: one's own, the one after a rollback, or (who may `steal`) another's, who is told."""
    service, environment = asked.arguments.get("service"), asked.arguments["environment"]
    permit_place(asked)
    hold = await needed(asked, HoldKind.LOCK)
    others = hold.rollback is None and not asked.catalog.same_person(hold.owner, asked.request.user)
    if others:
        permit_ending(asked, hold)
    place = place_of(asked, service, environment)
    goes_on = await ended(asked, hold)
    if goes_on is None:
        raise Refused(asked.say("{place} is not locked.", place=place))
    if others:
        said = later("{name} ended your lock of {place}. {reason}")
        reason = asked.arguments.get("reason", "")
        await tell_owner(asked, hold, said, name=asked.name(asked.request.user), reason=reason)
    text = asked.say("{place} is unlocked.", place=place)
    return Reply(verdict=Verdict.DONE, text=f"{text} {goes_on}".rstrip())


COMMAND = Command(
    name="unlock",
    verbs=("unlock", "destravar", "desbloquear"),
    shown={PORTUGUESE: "destravar"},
    usage=(
        "<service+> [in|on|em|no|na] <environment> [because|porque <reason...>]",
        "<environment> [because|porque <reason...>]",
    ),
    summary=later("End a lock; what waited for it goes on."),
    examples=(later("unlock hello in homolog"), later("unlock homolog")),
    topic=Topic.DECIDE,
    handle=handle,
    everywhere=True,
)
