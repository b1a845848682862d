"""`retry <run> [failed|all] [stage <stage>] [over <run>]`: do again what a run that did not succeed was asked to do."""

from commands.command import Asked, Command, Refused, Topic
from commands.endings import headline
from commands.meant import refuse_repeated, run_named
from commands.opening import begun, open_run, unhindered
from commands.overtaken import ask_if_overtaken
from commands.permit import permit, permit_plan
from commands.texts import PORTUGUESE, later
from runners.onward import plan_onward, stopped_at
from runners.plan import plan_retry
from storage.model.event import Event
from storage.model.fold import fold
from storage.model.reply import Offer, Reply, Verdict
from storage.model.run import Plan, Run, Status, Trigger


async def handle(asked: Asked) -> Reply:
    """Open a new run for the same commit (or the same digest); the old run stays as it ended.

    It begins at the first stage; with `all` or `failed` at the stage that did not succeed (or the one that is named),
    with all of its actions or only those that did not. Where only a service is named, it asks which run is meant.
    """
    store = asked.desk.store
    if "run" not in asked.arguments:
        return await _ask(asked)
    run = await run_named(asked, asked.arguments["run"])
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    if not run.status.over:
        raise Refused(asked.say("Run `{run}` is still going on.", run=run.id), run=run.id)
    if run.status is Status.SUCCEEDED:
        raise Refused(asked.say("Run `{run}` succeeded; there is nothing to retry.", run=run.id), run=run.id)
    await refuse_repeated(asked, run)
    plan = _plan(asked, run, await store.journal.of_run(run.id))
    permit_plan(asked, plan)
    await unhindered(asked, plan)
    await ask_if_overtaken(asked, run, plan)
    again = await open_run(asked, plan, channel=run.channel)
    text = asked.say("Trying `{run}` again: run `{again}`.", run=run.id, again=again.id)
    return begun(asked, again, text)


async def _ask(asked: Asked) -> Reply:
    """Offer the newest run of a service that did not succeed: which one is meant is never guessed."""
    service, environment = asked.arguments["service"], asked.arguments.get("environment")
    permit(asked, service=service, environment=environment)
    recent = await asked.desk.store.runs.recent(service, environment)
    run = next((run for run in recent if run.status.over and run.status is not Status.SUCCEEDED), None)
    if run is None:
        what = " ".join(filter(None, (service, environment)))
        raise Refused(asked.say("No run of {what} has failed.", what=what), verdict=Verdict.DONE)
    permit(asked, service=service, environment=run.plan.environment.name)
    view = fold(run, await asked.desk.store.journal.of_run(run.id))
    offer = Offer(label=asked.say("Retry from Start"), command=f"retry {run.id}")
    text = f"{headline(asked, view)}\n{asked.say('Is this the run to try again?')}"
    return Reply(verdict=Verdict.ASK, text=text, offers=(offer,), run=run.id, private=True)


def _plan(asked: Asked, run: Run, events: list[Event]) -> Plan:
    view = fold(run, events)
    stopped, extent = stopped_at(view), asked.arguments.get("extent")
    name = asked.arguments.get("stage") or (stopped.stage.name if stopped else "")
    if not name or (extent is None and "stage" not in asked.arguments):
        return plan_retry(asked.catalog, run, view)
    return plan_onward(asked.catalog, run, events, name, Trigger.RETRY, failed_only=extent in _FAILED)


_FAILED = ("failed", "falhas")

COMMAND = Command(
    name="retry",
    verbs=(
        "retry",
        "try",
        "repetir",
        "repete",
        "repita",
        "tentar",
        "refazer",
        "refaz",
        "refaça",
        "redo",
        "run again",
        "rodar",
        "executar",
        "reprocessar",
    ),
    shown={PORTUGUESE: "repetir"},
    usage=(
        (
            "[!] <run> [again|novamente] [<extent:failed|all|falhas|tudo>] [stage|etapa <stage>] "
            "[over|substituindo <over:run>] [because|porque <reason...>]"
        ),
        "<service> [[in|on|to|em|no|na|para|pra] <environment>] [again|novamente]",
    ),
    summary=later("Do again what a run that did not succeed was asked to do: all of it, or what did not succeed."),
    examples=(
        later("retry hello-12"),
        later("retry hello-12 failed"),
        later("retry hello-12 all stage deploy-homolog"),
        later("retry hello-12 over hello-14"),
        later("retry hello"),
    ),
    topic=Topic.STEER,
    handle=handle,
)
