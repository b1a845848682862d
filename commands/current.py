"""What runs somewhere now, for the commands that act on it."""

from collections.abc import Sequence

from commands.command import Asked, Refused
from commands.opening import open_run
from commands.places import environment_of, service_of
from storage.model.release import Release
from storage.model.reply import Offer, Reply, Verdict
from storage.model.run import Plan, Run


async def running_release(asked: Asked) -> Release:
    """Give the release that runs where the request is about. Raises `Refused` when there is none."""
    service, environment = service_of(asked).name, environment_of(asked).name
    release = await asked.desk.store.releases.current(service, environment)
    if release is None:
        offer = Offer(
            label=asked.say("Deploy to {name}", name=environment), command=f"deploy {service} to {environment}"
        )
        text = asked.say("Nothing of `{service}` runs in {name} yet.", service=service, name=environment)
        raise Refused(text, offers=(offer,))
    return release


async def under_way(asked: Asked) -> Sequence[Run]:
    """Give the runs that have not ended and change, or will change, the place that the request is about."""
    service, environment = service_of(asked).name, environment_of(asked).name
    active = await asked.desk.store.runs.active(service)
    return [run for run in active if any(s.environment == environment and s.actions for s in run.plan.stages)]


async def started(asked: Asked, plan: Plan, text: str, **values: object) -> Reply:
    """Open a run of a plan and say so; `{run}` in the text is the new run."""
    run = await open_run(asked, plan)
    return Reply(verdict=Verdict.STARTED, text=asked.say(text, run=run.id, **values), run=run.id)
