"""`pause <run>`: let what runs come to its end, and start nothing more."""

from commands.command import Asked, Command, Refused, Topic
from commands.meant import refuse_ended, run_going_on
from commands.permit import permit
from commands.texts import PORTUGUESE, later
from storage.model.reply import Offer, Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Hold the run before whatever it would start next, for however long."""
    run = await run_going_on(asked)
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    refuse_ended(asked, run)
    resume = Offer(label=asked.say("Resume"), command=f"resume {run.id}")
    if await asked.desk.store.gates.pause(run.id, asked.request.user) is None:
        raise Refused(asked.say("Run `{run}` is paused already.", run=run.id), run=run.id, offers=(resume,))
    text = asked.say("Paused: run `{run}` starts nothing more; what runs now goes on to its end.", run=run.id)
    return Reply(verdict=Verdict.DONE, text=text, run=run.id, offers=(resume,))


COMMAND = Command(
    name="pause",
    verbs=("pause", "hold", "pausar", "pausa", "segurar", "segura", "segure"),
    shown={PORTUGUESE: "pausar"},
    usage=("<run>", "<service> [[in|on|to|em|no|na|para|pra] <environment>]"),
    summary=later("Let a run start nothing more until somebody resumes it."),
    examples=(later("pause hello-12"), later("pause hello")),
    topic=Topic.STEER,
    handle=handle,
)
