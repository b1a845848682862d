"""`scale <service> in <environment> to <count>`: how many containers of the release that runs answer for a service."""

from commands.command import Asked, Command, Refused, Topic
from commands.current import running_release, started
from commands.permit import permit, permit_plan
from commands.places import environment_of, service_of
from commands.planning import handed_on
from commands.texts import PORTUGUESE, later
from runners.contract import Scaling
from runners.plan import plan_scale
from storage.model.catalog import Environment
from storage.model.release import Release
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that changes only the number of containers; it stays, whatever is deployed later."""
    service, environment, count = service_of(asked), environment_of(asked), int(asked.arguments["count"])
    permit(asked, service=service.name, environment=environment.name)
    release = await running_release(asked)
    _refuse_what_cannot_be(asked, environment, release, count)
    made = await asked.desk.store.releases.origin(release)
    made_by = await asked.desk.store.runs.get(made.run)
    plan = plan_scale(asked.catalog, made_by, environment, release, count, await handed_on(asked, release))
    permit_plan(asked, plan)
    return await started(
        asked,
        plan,
        later("Scaling `{service}` in {environment} to {count}: run `{run}`."),
        service=service.name,
        environment=environment.name,
        count=count,
    )


def _refuse_what_cannot_be(asked: Asked, environment: Environment, release: Release, count: int) -> None:
    names = {"service": release.service, "environment": environment.name, "count": count, "target": environment.target}
    runner = asked.desk.runners.get(environment.target)
    if not isinstance(runner, Scaling):
        text = later("The target `{target}` of {environment} cannot change how many containers of `{service}` run.")
        raise Refused(asked.say(text, **names))
    if count > runner.most:
        text = later("The target `{target}` of {environment} runs at most {most} containers of `{service}`.")
        raise Refused(asked.say(text, **names, most=runner.most))
    if count == release.replicas:
        raise Refused(asked.say("`{service}` has been scaled to {count} in {environment} already.", **names))


COMMAND = Command(
    name="scale",
    verbs=("scale", "escalar", "dimensionar"),
    shown={PORTUGUESE: "escalar"},
    usage=("[!] <service> [in|on|em|no|na] <environment> [to|para|pra] <count> [because|porque <reason...>]",),
    summary=later("How many containers of a service run in an environment, from now on; no request fails."),
    examples=(later("scale hello in homolog to 3"),),
    topic=Topic.DELIVER,
    handle=handle,
)
