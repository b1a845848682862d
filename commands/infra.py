"""What the commands about infrastructure share: whose it is, and opening the run."""

from dataclasses import replace

from commands.command import Asked, Refused
from commands.opening import begun, open_run
from commands.permit import may, permit, permit_plan
from commands.places import environment_of
from commands.planning import commit_of
from commands.texts import listing
from commands.usage import verb
from runners.infra import plan_infra
from storage.model.catalog import Service
from storage.model.reply import Offer, Reply


async def started(asked: Asked, text: str, *, apply: bool) -> Reply:
    """Open a run of the infrastructure that is meant, and say so. Raises `Refused`."""
    service, environment = _service(asked), environment_of(asked)
    asked = replace(asked, arguments={**asked.arguments, "service": service.name})
    permit(asked, service=service.name, environment=environment.name)
    ref = asked.arguments.get("ref") or service.branch
    commit = await commit_of(asked, service, environment, ref)
    running = await asked.desk.store.releases.current(service.name, environment.name)
    plan = plan_infra(asked.catalog, service, environment, ref, commit, running, apply=apply)
    permit_plan(asked, plan)
    run = await open_run(asked, plan)
    said = asked.say(text, service=service.name, environment=environment.name, run=run.id)
    return begun(asked, run, said)


def _service(asked: Asked) -> Service:
    """Give the service that is named, or the only one that has infrastructure there. Raises `Refused`."""
    named, environment = asked.arguments.get("service"), environment_of(asked)
    if named:
        return asked.catalog.services[named]
    found = [
        service
        for service in asked.catalog.services.values()
        if environment.name in service.infra and may(asked, service=service.name, environment=environment.name)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        text = asked.say(
            "No service of yours has `infra` in {environment} in the catalog.", environment=environment.name
        )
        raise Refused(text)
    names = listing(asked.language, (f"`{service.name}`" for service in found))
    offers = tuple(
        Offer(label=service.name[:75], command=f"{verb(asked.command, 'en')} {service.name} in {environment.name}")
        for service in found[:3]
    )
    raise Refused(asked.say("Several have infrastructure there: {services}. Say which.", services=names), offers=offers)
