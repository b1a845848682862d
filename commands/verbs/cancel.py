"""`cancel <run>`: stop a run, whatever it is doing."""

from commands.command import Asked, Command, Topic
from commands.meant import refuse_ended, run_going_on
from commands.permit import permit
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Ask the run to stop; whoever walks it stops what runs outside and cleans up, within seconds."""
    run = await run_going_on(asked)
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    refuse_ended(asked, run)
    await asked.desk.store.runs.request_cancel(run.id, asked.request.user)
    asked.desk.engine.wake()
    return Reply(verdict=Verdict.DONE, text=asked.say("Cancelling run `{run}`.", run=run.id), run=run.id)


COMMAND = Command(
    name="cancel",
    verbs=(
        "cancel",
        "stop",
        "abort",
        "cancelar",
        "parar",
        "pare",
        "abortar",
        "interromper",
        "kill",
        "matar",
        "derrubar",
    ),
    loose=("kill", "matar", "derrubar"),
    shown={PORTUGUESE: "cancelar"},
    usage=("<run>", "<service> [[in|on|to|em|no|na|para|pra] <environment>]"),
    summary=later("Stop a run that is going on or waiting."),
    examples=(later("cancel hello-12"), later("cancel hello"), later("cancel hello in homolog")),
    topic=Topic.STEER,
    handle=handle,
)
