"""`freeze [<environment>|all] [for <duration>] [because <reason>]`: nobody releases there."""

from commands.command import Asked, Command, Refused, Topic
from commands.holding import by_whom, permit_place, place_of, take
from commands.texts import PORTUGUESE, later
from storage.model.hold import HoldKind
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Freeze an environment, or all of them; taking one's own again renews it."""
    environment = asked.arguments.get("environment")
    permit_place(asked)
    place = place_of(asked, None, environment)
    taken = await take(asked, HoldKind.FREEZE, None, environment)
    if not taken.ok:
        raise Refused(asked.say("{place} is frozen already: {who}.", place=place, who=by_whom(asked, taken.hold)))
    text = asked.say("{place} is frozen: {who}.", place=place, who=by_whom(asked, taken.hold))
    return Reply(
        verdict=Verdict.DONE, text=text + " " + asked.say("Stages that have begun go on; no other begins until then.")
    )


COMMAND = Command(
    name="freeze",
    verbs=("freeze", "congelar"),
    shown={PORTUGUESE: "congelar"},
    usage=(
        (
            "[deploys|releases|implantações] [to|of|in|em|de|no|na] <environment> [[for|por] <duration>] "
            "[because|porque <reason...>]"
        ),
        "<all> [[for|por] <duration>] [because|porque <reason...>]",
    ),
    summary=later("Let nobody release to an environment, or to any, for a while."),
    examples=(
        later("freeze production"),
        later("freeze production for 2d because of the sale"),
        later("freeze all for 1h"),
    ),
    topic=Topic.DECIDE,
    handle=handle,
    everywhere=True,
)
