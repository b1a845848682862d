"""`retry <run>`: do again what a run that did not succeed was asked to do."""

from commands.command import Asked, Command, Refused, Topic
from commands.permit import permit, permit_plan
from commands.texts import PORTUGUESE, later
from runners.plan import plan_retry
from storage.model.reply import Reply, Verdict
from storage.model.run import Status
from storage.model.view import fold


async def handle(asked: Asked) -> Reply:
    """Open a new run for the same commit (or the same digest); the old run stays as it ended."""
    store = asked.desk.store
    run = await store.runs.find(asked.arguments["run"])
    if run is None:
        raise Refused(asked.say("There is no run `{run}`.", run=asked.arguments["run"]))
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    if not run.status.over:
        raise Refused(asked.say("Run `{run}` is still going on.", run=run.id), run=run.id)
    if run.status is Status.SUCCEEDED:
        raise Refused(asked.say("Run `{run}` succeeded; there is nothing to retry.", run=run.id), run=run.id)
    view = fold(run, await store.journal.of_run(run.id))
    plan = plan_retry(asked.catalog, run, view)
    permit_plan(asked, plan)
    again = await store.runs.open(asked.request, plan, channel=run.channel)
    asked.desk.engine.wake()
    text = asked.say("Trying `{run}` again: run `{again}`.", run=run.id, again=again.id)
    return Reply(verdict=Verdict.STARTED, text=text, run=again.id)


COMMAND = Command(
    name="retry",
    verbs=("retry", "try", "repetir", "repete", "repita", "tentar", "refazer", "refaz", "refaça"),
    shown={PORTUGUESE: "repetir"},
    usage=("<run> [again|novamente]",),
    summary=later("Do again what a failed or cancelled run was asked to do."),
    examples=(later("retry hello-12"),),
    topic=Topic.STEER,
    handle=handle,
)
