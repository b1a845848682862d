"""`help [<command>]`: what *you* may ask, with examples."""

from commands.command import Asked, Command, Refused
from commands.policy import Allowed, decide
from commands.texts import PORTUGUESE, later
from commands.usage import usage_lines, verb
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
    lines += [f"`{_line(asked, command)}` {asked.say(command.summary)}" for command in mine]
    offers = (Offer(label=asked.say("Status"), command="status"),)
    return Reply(verdict=Verdict.DONE, text="\n".join(lines), offers=offers, private=True)


def _may(asked: Asked, command: Command) -> bool:
    return isinstance(decide(asked.catalog, asked.request.user, command.name), Allowed)


def _line(asked: Asked, command: Command) -> str:
    return max(usage_lines(command, asked.language), key=lambda line: line.count("<"))


def _one(asked: Asked, command: Command) -> str:
    shown = verb(command, asked.language)
    lines = [f"*{shown}*: {asked.say(command.summary)}"]
    lines += [f"`{usage}`" for usage in usage_lines(command, asked.language)]
    others = ", ".join(f"`{other}`" for other in command.verbs if other != shown)
    lines += [asked.say("Also: {words}.", words=others)] if others else []
    lines += [asked.say("For example:"), *(f"`{asked.say(example)}`" for example in command.examples)]
    return "\n".join(lines)


COMMAND = Command(
    name="help",
    verbs=("help", "ajuda", "comandos", "socorro", "?"),
    shown={PORTUGUESE: "ajuda"},
    usage=("<command>", ""),
    summary=later("What you can ask, or how one command is used."),
    examples=(later("help"), later("help deploy")),
    handle=handle,
)
