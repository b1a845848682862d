"""`cancel <run>`: stop a run, whatever it is doing."""

from commands.command import Asked, Command, Refused, Topic
from commands.permit import permit
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply, Verdict
from storage.model.run import Run


async def handle(asked: Asked) -> Reply:
    """Ask the run to stop; whoever walks it stops what runs outside and cleans up, within seconds."""
    run = await _which(asked)
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    if run.status.over:
        status = asked.say(run.status.value)
        raise Refused(asked.say("Run `{run}` has already ended: {status}.", run=run.id, status=status), run=run.id)
    await asked.desk.store.runs.request_cancel(run.id, asked.request.user)
    asked.desk.engine.wake()
    return Reply(verdict=Verdict.DONE, text=asked.say("Cancelling run `{run}`.", run=run.id), run=run.id)


async def _which(asked: Asked) -> Run:
    store = asked.desk.store
    if "run" in asked.arguments:
        run = await store.runs.find(asked.arguments["run"])
        if run is None:
            raise Refused(asked.say("There is no run `{run}`.", run=asked.arguments["run"]))
        return run
    service = asked.arguments["service"]
    active = await store.runs.active(service)
    if len(active) == 1:
        return active[0]
    if not active:
        raise Refused(asked.say("No run of `{service}` is going on.", service=service))
    names = ", ".join(f"`{run.id}`" for run in active)
    raise Refused(
        asked.say("Several runs of `{service}` are going on: {runs}. Say which.", service=service, runs=names)
    )


COMMAND = Command(
    name="cancel",
    verbs=("cancel", "stop", "abort", "cancelar", "parar", "pare", "abortar", "interromper"),
    shown={PORTUGUESE: "cancelar"},
    usage=("<run>", "<service>"),
    summary=later("Stop a run that is going on or waiting."),
    examples=(later("cancel hello-12"), later("cancel hello")),
    topic=Topic.STEER,
    handle=handle,
)
