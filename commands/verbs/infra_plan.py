"""`infra plan <environment>`: what the commit would change in the infrastructure; nothing is changed."""

from commands.command import Asked, Command, Topic
from commands.infra import started
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that only looks."""
    return await started(
        asked,
        later("Looking at what would change in the infrastructure of `{service}` in {environment}: run `{run}`."),
        apply=False,
    )


COMMAND = Command(
    name="infra-plan",
    verbs=(
        "infra plan",
        "infra preview",
        "infra diff",
        "plan infra",
        "infra planejar",
        "infra simular",
        "planejar infra",
        "planejar a infra",
    ),
    shown={PORTUGUESE: "infra planejar"},
    usage=("[[of|for|de|do|da] <service:target>] [to|in|on|into|para|pra|pro|em|no|na] <environment>",),
    summary=later("What would change in the infrastructure, resource by resource; nothing is changed."),
    examples=(
        later("infra plan homolog"),
        later("infra plan hello in production"),
        later("infra plan hello@main in production"),
    ),
    topic=Topic.LOOK,
    handle=handle,
)
