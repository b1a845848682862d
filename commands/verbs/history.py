"""`history [<service>] [in <environment>]`: the last runs, who asked for them and how they ended."""

from commands.command import Asked, Command
from commands.permit import may, permit
from commands.texts import PORTUGUESE, later
from storage.model import artifact
from storage.model.reply import Reply, Table, Verdict
from storage.model.run import Run


async def handle(asked: Asked) -> Reply:
    """Show the newest runs first."""
    service, environment = asked.arguments.get("service"), asked.arguments.get("environment")
    permit(asked, service=service, environment=environment)
    found = await asked.desk.store.runs.recent(service=service, environment=environment, limit=15)
    runs = [run for run in found if may(asked, service=run.plan.service.name, environment=run.plan.environment.name)]
    if not runs:
        return Reply(verdict=Verdict.DONE, text=asked.say("No runs yet."))
    say = asked.say
    header = (say("Run"), say("What"), say("Environment"), say("Ref"), say("By"), say("When"), say("Ended"))
    table = Table(header=header, rows=tuple(_row(asked, run) for run in runs))
    return Reply(verdict=Verdict.DONE, text=asked.say("The last runs, newest first:"), table=table)


def _row(asked: Asked, run: Run) -> tuple[str, ...]:
    took = f" ({(run.closed_at - run.opened_at).total_seconds():.0f} s)" if run.closed_at else ""
    return (
        run.id,
        asked.say(run.plan.trigger.value),
        run.plan.environment.name,
        _ref(run),
        asked.name(run.requester),
        run.opened_at.strftime("%Y-%m-%d %H:%M UTC"),
        asked.say(run.status.value) + took,
    )


def _ref(run: Run) -> str:
    """Name what was asked for, and the commit that it was."""
    ref, commit = run.plan.ref, run.plan.artifacts.get(artifact.COMMIT, "")
    short = commit[:7]
    if ref == commit:
        return short
    return ref if ref.startswith(short or " ") else f"{ref} {short}".strip()


COMMAND = Command(
    name="history",
    verbs=("history", "histórico"),
    shown={PORTUGUESE: "histórico"},
    usage=(
        "[of|de|do|da] <service> [in|on|em|no|na] <environment>",
        "[of|de|do|da] <service>",
        "[in|on|em|no|na] <environment>",
        "",
    ),
    summary=later("The last runs: what, where, who, when, and how they ended."),
    examples=(
        later("history hello"),
        later("history"),
        later("history hello in production"),
        later("history of hello"),
    ),
    handle=handle,
)
