"""What runs somewhere now, for the commands that act on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.command import Asked, Refused
from commands.opening import begun, open_run
from commands.permit import permit, permit_plan
from commands.places import environment_of, service_of
from commands.planning import handed_on
from runners.plan import HandedOn
from storage.model import artifact
from storage.model.catalog import Environment, Service
from storage.model.release import Release
from storage.model.reply import Offer, Reply
from storage.model.run import Plan, Run


async def running_release(asked: Asked) -> Release:
    """Give the release that runs where the request is about. Raises `Refused` when there is none."""
    service, environment = service_of(asked).name, environment_of(asked).name
    release = await asked.desk.store.releases.current(service, environment)
    if release is None:
        command = asked.say("deploy {service} to {environment}", service=service, environment=environment)
        offer = Offer(label=asked.say("Deploy to {name}", name=environment), command=command)
        text = asked.say("Nothing of `{service}` runs in {name} yet.", service=service, name=environment)
        raise Refused(text, offers=(offer,))
    return release


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a request wants done once more with what runs somewhere."""

    service: Service
    environment: Environment
    release: Release
    handed_on: HandedOn

    @property
    def names(self) -> dict[str, str]:
        """Its names, as messages have them."""
        return {
            "service": self.service.name,
            "commit": artifact.short(self.release.commit),
            "environment": self.environment.name,
        }


async def permitted_release(asked: Asked) -> Running:
    """Give what runs where the request is about. Raises `Refused`: the asker may not, or nothing runs there."""
    service, environment = service_of(asked), environment_of(asked)
    permit(asked, service=service.name, environment=environment.name)
    release = await running_release(asked)
    return Running(service=service, environment=environment, release=release, handed_on=await handed_on(asked, release))


async def maker_of(asked: Asked, release: Release) -> Run:
    """Give the run that made a release: what it was configured with when it was new."""
    origin = await asked.desk.store.releases.origin(release)
    return await asked.desk.store.runs.get(origin.run)


async def under_way(asked: Asked) -> Sequence[Run]:
    """Give the runs that have not ended and change, or will change, the place that the request is about."""
    service, environment = service_of(asked).name, environment_of(asked).name
    active = await asked.desk.store.runs.active(service)
    return [run for run in active if any(s.environment == environment and s.actions for s in run.plan.stages)]


async def started(asked: Asked, plan: Plan, text: str, **values: object) -> Reply:
    """Open a run of a plan, if all of it is permitted, and say so; `{run}` in the text is the new run."""
    permit_plan(asked, plan)
    run = await open_run(asked, plan)
    return begun(asked, run, asked.say(text, run=run.id, **values))
