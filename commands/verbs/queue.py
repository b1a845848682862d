"""`queue [<service>] [in <environment>]`: who has the turn to deploy, and who waits, in order."""

from commands.command import Asked, Command
from commands.permit import permit
from commands.places import places
from commands.texts import PORTUGUESE, later
from storage.model.moment import token
from storage.model.reply import Reply, Table, Verdict


async def handle(asked: Asked) -> Reply:
    """Show every queue that somebody stands in."""
    permit(asked, service=asked.arguments.get("service"), environment=asked.arguments.get("environment"))
    queues = await asked.desk.store.locks.queues()
    rows = [
        await _row(asked, service, environment, position, run)
        for service, environment in places(asked)
        for position, run in enumerate(queues.get((service, environment), ()))
    ]
    if not rows:
        return Reply(verdict=Verdict.DONE, text=asked.say("Nobody deploys and nobody waits: the queues are empty."))
    say = asked.say
    header = (say("Service"), say("Environment"), say("Place"), say("Run"), say("What"), say("By"), say("When"))
    return Reply(
        verdict=Verdict.DONE, text=say("Who has the turn, and who waits:"), table=Table(header=header, rows=tuple(rows))
    )


async def _row(asked: Asked, service: str, environment: str, position: int, run_id: str) -> tuple[str, ...]:
    run = await asked.desk.store.runs.get(run_id)
    return (
        service,
        environment,
        asked.say("has the turn") if position == 0 else str(position),
        run.id,
        asked.say(run.plan.trigger.value),
        asked.name(run.requester),
        token(run.opened_at),
    )


COMMAND = Command(
    name="queue",
    verbs=(
        "queue",
        "what is in the queue",
        "what's in the queue",
        "who is in the queue",
        "who's in the queue",
        "fila",
        "o que tem na fila",
        "quem está na fila",
        "quem tá na fila",
    ),
    shown={PORTUGUESE: "fila"},
    usage=("[[of|de|do|da] <service>] [[in|on|of|em|no|na|de] <environment>]",),
    summary=later("Who has the turn to deploy, and who waits for it, in order."),
    examples=(later("queue"), later("queue hello"), later("queue homolog")),
    handle=handle,
    reads=True,
)
