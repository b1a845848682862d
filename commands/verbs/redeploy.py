"""`redeploy <service> in <environment>`: the image that runs, released once more with the configuration of today."""

from commands.command import Asked, Command, Topic
from commands.current import running_release, started
from commands.permit import permit, permit_plan
from commands.places import environment_of, service_of
from commands.planning import handed_on
from commands.texts import PORTUGUESE, later
from runners.plan import plan_redeploy
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that builds nothing: what the catalog says about the service now takes effect."""
    service, environment = service_of(asked), environment_of(asked)
    permit(asked, service=service.name, environment=environment.name)
    release = await running_release(asked)
    plan = plan_redeploy(asked.catalog, service, environment, release, handed_on=await handed_on(asked, release))
    permit_plan(asked, plan)
    return await started(
        asked,
        plan,
        later("Releasing `{service}` `{commit}` to {environment} again, configured as of now: run `{run}`."),
        service=service.name,
        commit=release.commit[:7],
        environment=environment.name,
    )


COMMAND = Command(
    name="redeploy",
    verbs=("redeploy", "reimplantar", "reimplanta", "republicar", "republica"),
    shown={PORTUGUESE: "reimplantar"},
    usage=("[!] <service+> [to|in|on|para|pra|pro|em|no|na] <environment> [because|porque <reason...>]",),
    summary=later("Release the image that runs once more, with the configuration of today."),
    examples=(later("redeploy hello in homolog"), later("redeploy hello production")),
    topic=Topic.DELIVER,
    handle=handle,
)
