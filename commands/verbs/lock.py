"""`lock <service> in <environment> [for <duration>] [because <reason>]`: nobody but you releases there."""

from commands.command import Asked, Command, Refused, Topic
from commands.holding import by_whom, permit_place, place_of, take, takers
from commands.texts import PORTUGUESE, later
from storage.model.hold import HoldKind
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Take the lock; taking one's own again renews it."""
    service, environment = asked.arguments.get("service"), asked.arguments["environment"]
    permit_place(asked)
    place = place_of(asked, service, environment)
    taken = await take(asked, HoldKind.LOCK, service, environment)
    if not taken.ok:
        text = asked.say("{place} is locked already: {who}.", place=place, who=by_whom(asked, taken.hold))
        raise Refused(text + " " + takers(asked))
    text = asked.say("{place} is locked: {who}.", place=place, who=by_whom(asked, taken.hold))
    return Reply(verdict=Verdict.DONE, text=text)


COMMAND = Command(
    name="lock",
    verbs=("lock", "travar", "bloquear"),
    shown={PORTUGUESE: "travar"},
    usage=(
        "<service+> [in|on|em|no|na] <environment> [[for|por] <duration>] [because|porque <reason...>]",
        (
            "[deploys|releases|implantações] [to|of|in|em|de|no|na] <environment> [[for|por] <duration>] "
            "[because|porque <reason...>]"
        ),
    ),
    summary=later("Keep everybody else's releases out of a place for a while."),
    examples=(
        later("lock hello in homolog"),
        later("lock hello in homolog for 2h because we test the new queue"),
        later("lock homolog for 30m"),
    ),
    topic=Topic.DECIDE,
    handle=handle,
    everywhere=True,
)
