"""`scale <service> in <environment> to <count>`: how many containers of the release that runs answer for a service."""

from commands.command import Asked, Command, Refused, Topic
from commands.current import maker_of, permitted_release, started
from commands.texts import PORTUGUESE, later
from runners.contract import Scaling
from runners.plan import plan_scale
from storage.model.catalog import Environment
from storage.model.release import Release
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that changes only the number of containers; it stays, whatever is deployed later."""
    count, found = int(asked.arguments["count"]), await permitted_release(asked)
    _refuse_what_cannot_be(asked, found.environment, found.release, count)
    made_by = await maker_of(asked, found.release)
    plan = plan_scale(asked.catalog, made_by, found.environment, found.release, count, found.handed_on)
    text = later("Scaling `{service}` in {environment} to {count}: run `{run}`.")
    return await started(asked, plan, text, count=count, **found.names)


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
    usage=("[!] <service+> [in|on|em|no|na] <environment> [to|para|pra] <count> [because|porque <reason...>]",),
    summary=later("How many containers of a service run in an environment, from now on; no request fails."),
    examples=(later("scale hello in homolog to 3"),),
    topic=Topic.DELIVER,
    handle=handle,
)
