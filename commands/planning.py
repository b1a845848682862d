"""What deploy, promote and their dry run share: from words to a plan, with everything refused that can be at once."""

from commands.command import Asked, Refused, sentence
from runners.contract import ActionFailed
from runners.mirrors import UnknownRef
from runners.plan import HandedOn, plan_deploy, plan_promotion
from storage.model import artifact
from storage.model.catalog import Environment, Service
from storage.model.fold import fold
from storage.model.release import Release
from storage.model.reply import Offer
from storage.model.run import Plan


async def plan_of(asked: Asked, service: Service, environment: Environment) -> Plan:
    """Plan what `deploy` does: a build of the ref, or without one what was tested in the environment before."""
    ref = asked.arguments.get("ref")
    if ref is None and environment.promotes_from:
        return await promotion(asked, service, environment)
    return await _build(asked, service, environment, ref or service.branch)


async def promotion(asked: Asked, service: Service, environment: Environment) -> Plan:
    """Plan to release the image that runs in the environment before: build once, promote the digest."""
    if environment.promotes_from is None:
        text = asked.say("Nothing is promoted to {environment}: it builds.", environment=environment.name)
        raise Refused(text, offers=(_deploy_offer(asked, service, environment.name),))
    before = environment.promotes_from
    tested = await asked.desk.store.releases.current(service.name, before)
    if tested is None:
        text = asked.say(
            "Nothing of `{service}` runs in {before} yet, and {environment} releases only what was tested there.",
            service=service.name,
            before=before,
            environment=environment.name,
        )
        raise Refused(text, offers=(_deploy_offer(asked, service, before),))
    made, pipeline = await handed_on(asked, tested), asked.arguments.get("pipeline")
    return plan_promotion(asked.catalog, service, environment, tested, pipeline, made)


async def handed_on(asked: Asked, release: Release) -> HandedOn:
    """Give what the actions handed on that made a release: a plan that leaves them out may still refer to it."""
    made = await asked.desk.store.releases.origin(release)
    return fold(*await asked.desk.store.runs.told(made.run)).variables


def _deploy_offer(asked: Asked, service: Service, environment: str) -> Offer:
    return Offer(
        label=asked.say("Deploy to {name}", name=environment), command=f"deploy {service.name} to {environment}"
    )


async def _build(asked: Asked, service: Service, environment: Environment, ref: str) -> Plan:
    known = await commit_of(asked, service, environment, ref)
    return plan_deploy(asked.catalog, service, environment, ref, known, asked.arguments.get("pipeline"))


async def commit_of(asked: Asked, service: Service, environment: Environment, ref: str) -> dict[str, str]:
    """Resolve the ref to a commit now, so that a wrong one is refused before anything starts."""
    try:
        found = await asked.desk.mirrors.resolve(service, ref)
    except UnknownRef as unknown:
        raise Refused(
            sentence(asked, unknown), offers=_near(asked, service, environment, unknown.nearest), about="ref"
        ) from unknown
    except ActionFailed as unreachable:
        raise Refused(sentence(asked, unreachable)) from unreachable
    return {
        artifact.COMMIT: found.commit,
        artifact.AUTHOR: found.author,
        artifact.SUBJECT: found.subject,
        artifact.COMMITTED_AT: found.committed_at,
    }


def _near(asked: Asked, service: Service, environment: Environment, names: list[str]) -> tuple[Offer, ...]:
    verb = asked.command.verbs[0]
    return tuple(
        Offer(label=f"{service.name}@{name}"[:75], command=f"{verb} {service.name}@{name} to {environment.name}")
        for name in names[:3]
    )
