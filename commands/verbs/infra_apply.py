"""`infra apply <environment>`: show what the commit would change in the infrastructure, ask, and change just that."""

from commands.command import Asked, Command, Topic
from commands.infra import started
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that looks, waits for a yes to what it saw, and does it."""
    return await started(
        asked, later("Changing the infrastructure of `{service}` in {environment}: run `{run}`."), apply=True
    )


COMMAND = Command(
    name="infra-apply",
    verbs=("infra apply", "apply infra", "infra aplicar", "aplicar infra", "aplicar a infra"),
    shown={PORTUGUESE: "infra aplicar"},
    usage=(
        (
            "[!] [[of|for|de|do|da] <service:target>] [to|in|on|into|para|pra|pro|em|no|na] <environment> "
            "[because|porque <reason...>]"
        ),
    ),
    summary=later("Change the infrastructure: what would change is shown, and done after a yes to exactly that."),
    examples=(
        later("infra apply homolog"),
        later("infra apply hello in production"),
        later("infra apply hello@main in production"),
    ),
    topic=Topic.DELIVER,
    handle=handle,
)
