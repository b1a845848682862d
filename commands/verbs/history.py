"""`history [<service>] [in <environment>] [by <person>] [since <time>]`: who asked for what, and how it ended."""

from datetime import datetime

from commands.command import Asked, Command, Refused
from commands.endings import ending, lasted
from commands.permit import may, permit
from commands.texts import PORTUGUESE, later
from commands.times import earlier, lasting
from storage.model import artifact
from storage.model.fold import fold
from storage.model.moment import token
from storage.model.reply import Offer, Reply, Table, Verdict
from storage.model.run import Run

_SHOWN, _SHOWN_OF_A_TIME = 15, 60


async def handle(asked: Asked) -> Reply:
    """Show the newest runs first."""
    arguments = asked.arguments
    service, environment = arguments.get("service"), arguments.get("environment")
    permit(asked, service=service, environment=environment)
    since = arguments.get("since")
    found = await asked.desk.store.runs.recent(
        service=service,
        environment=environment,
        requester=arguments.get("person"),
        since=_time(asked, since) if since else None,
        limit=_SHOWN_OF_A_TIME if since else _SHOWN,
    )
    runs = [run for run in found if may(asked, service=run.plan.service.name, environment=run.plan.environment.name)]
    if not runs:
        return Reply(verdict=Verdict.DONE, text=asked.say("No such runs.") if arguments else asked.say("No runs yet."))
    say = asked.say
    header = (say("Run"), say("What"), say("Environment"), say("Ref"), say("By"), say("When"), say("Ended"))
    table = Table(header=header, rows=tuple([await _row(asked, run) for run in runs]))
    text = say("The last runs, newest first:")
    return Reply(verdict=Verdict.DONE, text=text, table=table, offers=_offers(asked, service))


def _time(asked: Asked, text: str) -> datetime:
    time = earlier(text)
    if time is None:
        raise Refused(asked.say("`{text}` is no time that I know.", text=text), verdict=Verdict.ASK)
    return time


async def _row(asked: Asked, run: Run) -> tuple[str, ...]:
    view = fold(run, await asked.desk.store.journal.of_run(run.id))
    time = lasted(view)
    took = f" ({lasting(time)})" if time is not None else ""
    return (
        run.id,
        asked.say(run.plan.trigger.value),
        run.plan.environment.name,
        _ref(run),
        asked.name(run.requester),
        token(run.opened_at),
        ending(asked, view) + took,
    )


def _ref(run: Run) -> str:
    """Name what was asked for, and the commit that it was."""
    ref, commit = run.plan.ref, run.plan.artifacts.get(artifact.COMMIT, "")
    short = artifact.short(commit)
    if ref == commit:
        return short
    return ref if ref.startswith(short or " ") else f"{ref} {short}".strip()


def _offers(asked: Asked, service: str | None) -> tuple[Offer, ...]:
    return (Offer(label=asked.say("Last Failure"), command=f"logs {service}"),) if service else ()


COMMAND = Command(
    name="history",
    verbs=(
        "history",
        "last deploys",
        "latest deploys",
        "recent deploys",
        "histórico",
        "últimos deploys",
        "últimas implantações",
    ),
    shown={PORTUGUESE: "histórico"},
    usage=(
        "[[of|de|do|da] <service>] [[in|on|em|no|na] <environment>] [[by|por] <person>] [[since|desde|há] <since>]",
    ),
    summary=later("The last runs: what, where, who, when, and how they ended."),
    examples=(
        later("history hello"),
        later("history"),
        later("history hello in production"),
        later("history of hello"),
        later("history hello since 3d"),
    ),
    handle=handle,
    reads=True,
)
