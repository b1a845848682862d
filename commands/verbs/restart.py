"""`restart <service> in <environment>`: new containers for the release that runs, without a failed request."""

from commands.command import Asked, Command, Topic
from commands.current import maker_of, permitted_release, started
from commands.texts import PORTUGUESE, later
from runners.plan import plan_restart
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that changes nothing of what runs: image and configuration are those of the release."""
    found = await permitted_release(asked)
    made_by = await maker_of(asked, found.release)
    plan = plan_restart(asked.catalog, made_by, found.environment, found.release, found.handed_on)
    text = later("Restarting `{service}` `{commit}` in {environment}: run `{run}`.")
    return await started(asked, plan, text, **found.names)


COMMAND = Command(
    name="restart",
    verbs=("restart", "reboot", "bounce", "reiniciar", "reinicia", "restartar"),
    shown={PORTUGUESE: "reiniciar"},
    usage=("[!] <service+> [in|on|em|no|na] <environment> [because|porque <reason...>]",),
    summary=later("Start the release that runs anew, in new containers; no request fails."),
    examples=(later("restart hello in homolog"), later("restart hello production")),
    topic=Topic.DELIVER,
    handle=handle,
)
