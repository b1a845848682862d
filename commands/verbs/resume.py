"""`resume <run>`: let a run go on that somebody has paused, or that waits at a pause of its pipeline."""

from collections.abc import Sequence

from commands.command import Asked, Command, Refused, Topic
from commands.meant import refuse_ended, run_going_on, run_named
from commands.permit import permit
from commands.texts import PORTUGUESE, later
from storage.model.gate import Gate
from storage.model.moment import token
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Open what people open. A button names the very pause that it was drawn for, so that an old one opens no other."""
    name, _, pause = asked.arguments.get("gate", "").partition("/")
    run = await (run_named(asked, name) if name else run_going_on(asked))
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    refuse_ended(asked, run)
    gates = asked.desk.store.gates
    closed = await gates.closed(run.id)
    opened = [
        await gates.open(gate.run, gate.stage, gate.kind, asked.request.user)
        for gate in closed
        if gate.opens_at is None and pause in ("", gate.stage)
    ]
    if not any(opened):
        raise Refused(_not_paused(asked, run.id, closed), run=run.id)
    asked.desk.engine.wake()
    return Reply(verdict=Verdict.DONE, text=asked.say("Run `{run}` goes on.", run=run.id), run=run.id)


def _not_paused(asked: Asked, run: str, closed: Sequence[Gate]) -> str:
    opens_at = next((gate.opens_at for gate in closed if gate.opens_at is not None), None)
    if opens_at is not None:
        return asked.say("Run `{run}` waits for its window, which opens at {when}.", run=run, when=token(opens_at))
    return asked.say("Run `{run}` is not paused there any more.", run=run)


COMMAND = Command(
    name="resume",
    verbs=("resume", "continue", "unpause", "retomar", "retoma", "continuar", "continua", "prosseguir"),
    shown={PORTUGUESE: "retomar"},
    usage=("<gate>", "<service> [[in|on|to|em|no|na|para|pra] <environment>]"),
    summary=later("Let a run go on that is paused."),
    examples=(later("resume hello-12"), later("resume hello")),
    topic=Topic.STEER,
    handle=handle,
)
