"""`status [<service>] [in <environment>]`: what runs where since when, and what is going on."""

from collections.abc import Iterable, Iterator

from commands.command import Asked, Command
from commands.permit import may, permit
from commands.texts import later
from storage.model.reply import Reply, Table, Verdict


async def handle(asked: Asked) -> Reply:
    """Show the releases in place and the runs that are going on or waiting."""
    permit(asked, service=asked.arguments.get("service"), environment=asked.arguments.get("environment"))
    rows = [await _row(asked, service, environment) for service, environment in _places(asked)]
    active = await asked.desk.store.runs.active(asked.arguments.get("service"))
    text = asked.say("What runs where:") if rows else asked.say("No services are in the catalog.")
    for run in active:
        if not may(asked, service=run.plan.service.name, environment=run.plan.environment.name):
            continue
        text += "\n" + asked.say(
            "Run `{run}` to {environment} is {status}.",
            run=run.id,
            environment=run.plan.environment.name,
            status=asked.say(run.status.value),
        )
    say = asked.say
    header = (say("Service"), say("Environment"), say("Commit"), say("Since"), say("By"), say("Run"))
    return Reply(verdict=Verdict.DONE, text=text, table=Table(header=header, rows=tuple(rows)) if rows else None)


def _places(asked: Asked) -> Iterator[tuple[str, str]]:
    for service in _chosen(asked, "service", asked.catalog.services):
        for environment in _chosen(asked, "environment", asked.catalog.environments):
            if may(asked, service=service, environment=environment):
                yield service, environment


def _chosen(asked: Asked, slot: str, names: Iterable[str]) -> tuple[str, ...]:
    named = asked.arguments.get(slot)
    return (named,) if named else tuple(names)


async def _row(asked: Asked, service: str, environment: str) -> tuple[str, ...]:
    release = await asked.desk.store.releases.current(service, environment)
    if release is None:
        return (service, environment, "-", asked.say("never released"), "-", "-")
    since = release.at.strftime("%Y-%m-%d %H:%M UTC")
    commit = f"{release.commit[:7]} {release.subject}".strip()
    return (service, environment, commit, since, asked.name(release.by), release.run)


COMMAND = Command(
    name="status",
    verbs=("status", "estado", "situação"),
    usage=(
        "",
        "[of|de|do|da] <service> [in|on|em|no|na] <environment>",
        "[of|de|do|da] <service>",
        "[in|on|em|no|na] <environment>",
    ),
    summary=later("What runs where since when, and what is going on."),
    examples=(later("status"), later("status hello"), later("status hello in homolog"), later("status production")),
    handle=handle,
)
