"""`redeploy <service> in <environment>`: the image that runs, released once more with the configuration of today."""

from commands.command import Asked, Command, Topic
from commands.current import permitted_release, started
from commands.texts import PORTUGUESE, later
from runners.plan import plan_redeploy
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that builds nothing: what the catalog says about the service now takes effect."""
    found = await permitted_release(asked)
    plan = plan_redeploy(asked.catalog, found.service, found.environment, found.release, handed_on=found.handed_on)
    text = later("Releasing `{service}` `{commit}` to {environment} again, configured as of now: run `{run}`.")
    return await started(asked, plan, text, **found.names)


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
