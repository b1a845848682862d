"""`unfreeze [<environment>|all]`: let releases through again."""

from commands.command import Asked, Command, Refused, Topic
from commands.holding import ended, needed, permit_place, place_of, tell_owner
from commands.texts import PORTUGUESE, later
from storage.model.hold import HoldKind
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """End a freeze; its owner is told when it was another's. Those of the catalog end by themselves."""
    environment = asked.arguments.get("environment")
    permit_place(asked)
    hold, place = await needed(asked, HoldKind.FREEZE), place_of(asked, None, environment)
    goes_on = await ended(asked, hold)
    if goes_on is None:
        raise Refused(asked.say("{place} is not frozen.", place=place))
    if not asked.catalog.same_person(hold.owner, asked.request.user):
        said = later("{name} ended your freeze of {place}.")
        await tell_owner(asked, hold, said, name=asked.name(asked.request.user))
    text = asked.say("{place} is not frozen any more.", place=place)
    return Reply(verdict=Verdict.DONE, text=f"{text} {goes_on}".rstrip())


COMMAND = Command(
    name="unfreeze",
    verbs=(
        "unfreeze",
        "thaw",
        "lift the freeze",
        "end the freeze",
        "descongelar",
        "tira o congelamento",
        "tirar o congelamento",
        "desfaz o congelamento",
        "encerra o congelamento",
        "encerrar o congelamento",
    ),
    shown={PORTUGUESE: "descongelar"},
    usage=("<environment>", "<all>"),
    summary=later("End a freeze; what waited for it goes on."),
    examples=(later("unfreeze production"), later("unfreeze all")),
    topic=Topic.DECIDE,
    handle=handle,
    everywhere=True,
)
