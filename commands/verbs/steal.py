"""`steal <service> in <environment> because <reason>`: take over somebody's lock; its owner is told."""

from commands.command import Asked, Command, Refused, Topic
from commands.holding import by_whom, needed, permit_place, place_of, take, tell_owner
from commands.texts import PORTUGUESE, later
from storage.model.hold import HoldKind
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Take over exactly the lock that was seen, with a right of its own and a reason."""
    service, environment = asked.arguments.get("service"), asked.arguments["environment"]
    permit_place(asked)
    hold, reason = await needed(asked, HoldKind.LOCK), asked.arguments["reason"]
    place = place_of(asked, service, environment)
    taken = await take(asked, HoldKind.LOCK, service, environment, instead_of=hold.id)
    if not taken.ok:
        raise Refused(asked.say("{place} is locked already: {who}.", place=place, who=by_whom(asked, taken.hold)))
    said = later("{name} took over your lock of {place}: {reason}")
    await tell_owner(asked, hold, said, name=asked.name(asked.request.user), reason=reason)
    text = asked.say("{place} is locked: {who}.", place=place, who=by_whom(asked, taken.hold))
    return Reply(verdict=Verdict.DONE, text=text + " " + asked.say("{name} was told.", name=asked.name(hold.owner)))


COMMAND = Command(
    name="steal",
    verbs=("steal", "tomar"),
    shown={PORTUGUESE: "tomar"},
    usage=(
        "<service> [in|on|em|no|na] <environment> [[for|por] <duration>] because|porque <reason...>",
        "<environment> [[for|por] <duration>] because|porque <reason...>",
    ),
    summary=later("Take over somebody's lock; its owner is told."),
    examples=(later("steal hello in homolog because Ana is on holiday"),),
    topic=Topic.DECIDE,
    handle=handle,
    everywhere=True,
)
