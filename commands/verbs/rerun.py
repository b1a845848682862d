"""`rerun <run> from <stage> [over <run>]`: do a run again from a stage on, with what its earlier stages have made."""

from commands.command import Asked, Command, Refused, Topic
from commands.meant import refuse_repeated, run_named
from commands.opening import begun, open_run, unhindered
from commands.overtaken import ask_if_overtaken
from commands.permit import permit, permit_plan
from commands.texts import PORTUGUESE, later
from runners.onward import plan_onward
from storage.model.reply import Reply
from storage.model.run import Plan, Run, Trigger


async def handle(asked: Asked) -> Reply:
    """Open a new run that starts at the stage; the old run stays as it ended."""
    run, plan = await _planned(asked)
    await unhindered(asked, plan)
    await ask_if_overtaken(asked, run, plan)
    again = await open_run(asked, plan, channel=run.channel)
    stage = asked.arguments["stage"]
    text = asked.say("Doing `{run}` again from `{stage}`: run `{again}`.", run=run.id, stage=stage, again=again.id)
    return begun(asked, again, text)


async def checked(asked: Asked) -> None:
    """Refuse all that `handle` would refuse."""
    _, plan = await _planned(asked)
    await unhindered(asked, plan)


async def _planned(asked: Asked) -> tuple[Run, Plan]:
    run = await run_named(asked, asked.arguments["run"])
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    if not run.status.over:
        raise Refused(asked.say("Run `{run}` is still going on.", run=run.id), run=run.id)
    await refuse_repeated(asked, run)
    events = await asked.desk.store.journal.of_run(run.id)
    plan = plan_onward(asked.catalog, run, events, asked.arguments["stage"], Trigger.RERUN)
    permit_plan(asked, plan)
    return run, plan


COMMAND = Command(
    name="rerun",
    verbs=("rerun", "reexecutar", "reexecuta"),
    shown={PORTUGUESE: "reexecutar"},
    usage=("[!] <run> from|desde|de|da|do <stage> [over|substituindo <over:run>] [because|porque <reason...>]",),
    summary=later("Do a run again from one of its stages on, with what the earlier ones have made."),
    examples=(later("rerun hello-12 from deploy-homolog"),),
    topic=Topic.STEER,
    handle=handle,
    check=checked,
)
