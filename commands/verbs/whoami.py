"""`whoami`: who you are to Estiva, and what you may ask for where."""

from collections.abc import Iterator

from commands.command import Asked, Command, Refused, Topic
from commands.permit import allowed
from commands.texts import PORTUGUESE, later
from commands.usage import about_a_place, verb
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Answer from the policy, the same code that decides when it comes to it."""
    user, say = asked.request.user, asked.say
    person = asked.catalog.person(user)
    if person is None:
        raise Refused(
            say("You are `{user}`, and not listed in the catalog. An operator can add you by this id.", user=user)
        )
    roles = ", ".join(person.roles) or say("none")
    lines = [say("You are *{name}* (`{user}`); roles: {roles}.", name=person.name, user=user, roles=roles)]
    for environment in asked.catalog.environments:
        mine = ", ".join(_may(asked, environment)) or say("nothing")
        lines.append(say("In *{environment}* you may: {commands}.", environment=environment, commands=mine))
    return Reply(verdict=Verdict.DONE, text="\n".join(lines), private=True)


def _may(asked: Asked, environment: str) -> Iterator[str]:
    """Name the commands that are for an environment, with the services where it is not for all of them."""
    services = asked.catalog.services
    for command in asked.desk.commands().values():
        if not about_a_place(command):
            continue
        mine = [s for s in services if allowed(asked, command.name, service=s, environment=environment)]
        if mine:
            some = f" ({', '.join(mine)})" if len(mine) < len(services) else ""
            yield verb(command, asked.language) + some


COMMAND = Command(
    name="whoami",
    verbs=("whoami", "who am i", "quemsou", "quem sou", "quem sou eu"),
    shown={PORTUGUESE: "quemsou"},
    usage=("",),
    summary=later("Who you are to me: name, id, roles, and what you may ask for where."),
    examples=(later("whoami"),),
    topic=Topic.HELP,
    handle=handle,
    reads=True,
)
