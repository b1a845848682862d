"""`help [<command>]`: what *you* may ask, with examples."""

from commands.command import Asked, Command, Refused, Topic
from commands.permit import allowed
from commands.policy import able, knows
from commands.texts import PORTUGUESE, later, listing
from commands.usage import usage_lines, verb
from storage.model.reply import Offer, Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Give a short screen of the commands that this person may give somewhere; or all of them; or explain one."""
    mine = [command for command in asked.desk.commands().values() if _may(asked, command)]
    if not knows(asked.catalog, asked.request.user, asked.groups) or not mine:
        raise Refused(
            asked.say(
                "You are not listed in the catalog, so there is nothing that you may ask. An operator can add you."
            )
        )
    named = asked.arguments.get("command")
    if named:
        return Reply(verdict=Verdict.DONE, text=_one(asked, asked.desk.commands()[named]), private=True)
    if "all" in asked.arguments:
        return Reply(verdict=Verdict.DONE, text=_all(asked, mine), private=True)
    offers = [Offer(label=asked.say("Status"), command="status")]
    offers.append(Offer(label=asked.say("All Commands"), command="help all"))
    return Reply(verdict=Verdict.DONE, text=_first(asked, mine), offers=tuple(offers), private=True)


def _may(asked: Asked, command: Command) -> bool:
    return command.name == "help" or allowed(asked, command.name)


def _first(asked: Asked, mine: list[Command]) -> str:
    lines = [asked.say("Here is what you can ask, {name}:", name=asked.name(asked.request.user))]
    for topic in Topic:
        verbs = [f"`{verb(command, asked.language)}`" for command in mine if command.topic is topic]
        lines += [f"*{asked.say(topic.value)}*: {' '.join(verbs)}"] if verbs else []
    lines += [asked.say("For example:"), *(f"`{example}`" for example in _examples(asked))]
    shown = verb(asked.desk.commands()["help"], asked.language)
    first = verb(min(mine, key=lambda command: [*Topic].index(command.topic)), asked.language)
    lines.append(asked.say("`{help} {command}` says how one of them is used.", help=shown, command=first))
    return "\n".join(lines)


def _examples(asked: Asked) -> list[str]:
    """Give what this very person can say, with the catalog's own names."""
    every = [(s, e) for s in asked.catalog.services for e in asked.catalog.environments]
    mine = [(s, e) for s, e in every if allowed(asked, "deploy", service=s, environment=e)]
    examples = [asked.say("deploy {service} to {environment}", service=s, environment=e) for s, e in mine[:1]]
    seen = [s for s, e in every if allowed(asked, "status", service=s, environment=e)][:1]
    examples += [asked.say("status {service}", service=service) for service in seen]
    return examples + [asked.say("logs {service}", service=service) for service in seen]


def _all(asked: Asked, mine: list[Command]) -> str:
    lines = (f"`{_longest(asked, command)}` {asked.say(command.summary)}" for command in mine)
    return "\n".join([asked.say("Here is what you can ask:"), *lines])


def _longest(asked: Asked, command: Command) -> str:
    return max(usage_lines(command, asked.language), key=lambda line: line.count("<"))


def _one(asked: Asked, command: Command) -> str:
    shown = verb(command, asked.language)
    lines = [f"*{shown}*: {asked.say(command.summary)}"]
    lines += [f"`{usage}`" for usage in usage_lines(command, asked.language)]
    others = ", ".join(f"`{other}`" for other in command.verbs if other != shown)
    lines += [asked.say("Also: {words}.", words=others)] if others else []
    lines += [asked.say("For example:"), *(f"`{asked.say(example)}`" for example in command.examples)]
    if not _may(asked, command):
        who = listing(
            asked.language, [asked.name(user) for user in able(asked.catalog, command.name, groups=asked.groups)][:5]
        )
        lines.append(
            asked.say("You may not give it; {who} may.", who=who) if who else asked.say("Nobody may give it here.")
        )
    return "\n".join(lines)


COMMAND = Command(
    name="help",
    verbs=("help", "ajuda", "comandos", "socorro", "?"),
    shown={PORTUGUESE: "ajuda"},
    usage=("[<command>]", "<all>"),
    summary=later("What you can ask, or how one command is used."),
    examples=(later("help"), later("help deploy"), later("help all")),
    topic=Topic.HELP,
    handle=handle,
    reads=True,
)
