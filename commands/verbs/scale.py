"""`scale <service> in <environment> to <count>`: how many containers answer for a service. The targets here run one."""

from commands.command import Asked, Command, Refused, Topic
from commands.current import running_release
from commands.permit import permit
from commands.places import environment_of, service_of
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Refuse, and say what can be done instead: no target that there is runs more than one container of a release."""
    service, environment = service_of(asked).name, environment_of(asked)
    permit(asked, service=service, environment=environment.name)
    await running_release(asked)
    raise Refused(
        asked.say(
            "The target `{target}` of {environment} runs one container of `{service}` and cannot run {count}. "
            "More memory for it is an option of the environment in the catalog.",
            target=environment.target,
            environment=environment.name,
            service=service,
            count=asked.arguments["count"],
        )
    )


COMMAND = Command(
    name="scale",
    verbs=("scale", "escalar", "dimensionar"),
    shown={PORTUGUESE: "escalar"},
    usage=("<service> [in|on|em|no|na] <environment> [to|para|pra] <count>",),
    summary=later("How many containers of a service run, where the target can run more than one."),
    examples=(later("scale hello in homolog to 3"),),
    topic=Topic.DELIVER,
    handle=handle,
)
