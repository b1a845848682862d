"""`restart <service> in <environment>`: new containers for the release that runs, without a failed request."""

from commands.command import Asked, Command, Topic
from commands.current import running_release, started
from commands.permit import permit, permit_plan
from commands.places import environment_of, service_of
from commands.planning import handed_on
from commands.texts import PORTUGUESE, later
from runners.plan import plan_restart
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that changes nothing of what runs: image and configuration are those of the release."""
    service, environment = service_of(asked), environment_of(asked)
    permit(asked, service=service.name, environment=environment.name)
    release = await running_release(asked)
    made = await asked.desk.store.releases.origin(release)
    made_by = await asked.desk.store.runs.get(made.run)
    plan = plan_restart(asked.catalog, made_by, environment, release, await handed_on(asked, release))
    permit_plan(asked, plan)
    return await started(
        asked,
        plan,
        later("Restarting `{service}` `{commit}` in {environment}: run `{run}`."),
        service=service.name,
        commit=release.commit[:7],
        environment=environment.name,
    )


COMMAND = Command(
    name="restart",
    verbs=("restart", "reboot", "reiniciar", "reinicia"),
    shown={PORTUGUESE: "reiniciar"},
    usage=("[!] <service+> [in|on|em|no|na] <environment> [because|porque <reason...>]",),
    summary=later("Start the release that runs anew, in new containers; no request fails."),
    examples=(later("restart hello in homolog"), later("restart hello production")),
    topic=Topic.DELIVER,
    handle=handle,
)
