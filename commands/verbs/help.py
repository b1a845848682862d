"""`help [<command>]`: what *you* may ask, with examples."""

from commands.command import Asked, Command, Refused
from commands.policy import Allowed, decide
from storage.model.reply import Offer, Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """List the commands that this person may give somewhere; or explain one."""
    named = asked.arguments.get("command")
    if named:
        return Reply(verdict=Verdict.DONE, text=_one(asked, asked.desk.commands()[named]), private=True)
    mine = [c for c in asked.desk.commands().values() if c.name == "help" or _may(asked, c)]
    if len(mine) == 1:
        raise Refused(
            asked.say(
                "You are not listed in the catalog, so there is nothing that you may ask. An operator can add you."
            )
        )
    lines = [asked.say("Here is what you can ask:")]
    lines += [f"`{_line(command)}` {asked.say(command.summary)}" for command in mine]
    offers = (Offer(label="status", command="status"),)
    return Reply(verdict=Verdict.DONE, text="\n".join(lines), offers=offers, private=True)


def _may(asked: Asked, command: Command) -> bool:
    return isinstance(decide(asked.catalog, asked.request.user, command.name), Allowed)


def _line(command: Command) -> str:
    longest = max(command.usage, key=len)
    return f"{command.verbs[0]} {longest}".strip()


def _one(asked: Asked, command: Command) -> str:
    lines = [f"*{command.verbs[0]}*: {asked.say(command.summary)}"]
    lines += [f"`{command.verbs[0]} {usage}`".replace(" `", "`") for usage in command.usage]
    lines += [asked.say("Also: {words}.", words=", ".join(f"`{verb}`" for verb in command.verbs[1:]))] * (
        len(command.verbs) > 1
    )
    lines += [asked.say("For example:"), *(f"`{example}`" for example in command.examples)]
    return "\n".join(lines)


COMMAND = Command(
    name="help",
    verbs=("help", "ajuda", "socorro", "?"),
    usage=("<command>", ""),
    summary="What you can ask, or how one command is used.",
    examples=("help", "help deploy", "ajuda"),
    handle=handle,
)
