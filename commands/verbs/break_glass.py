"""`break-glass <run> because <reason>`: release in an emergency without the approval of others, and tell everybody."""

from commands.approvals import check_right, not_counted, open_approval, told
from commands.command import Asked, Command, Refused, Topic
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Open the gate alone, the requester too: with a right of its own, and a reason that everybody reads."""
    approval = await open_approval(asked)
    await check_right(asked, approval)
    await told(asked, approval)
    reason = asked.arguments["reason"]
    settled = await asked.desk.store.approvals.break_glass(approval.id, asked.request.user, reason)
    if not settled.ok:
        raise Refused(not_counted(asked, settled), run=approval.run)
    asked.desk.engine.wake()
    text = asked.say(
        "You broke the glass: run `{run}` goes on to {environment} without the approval of others. Everybody is told.",
        run=approval.run,
        environment=approval.environment,
    )
    return Reply(verdict=Verdict.DONE, text=text, run=approval.run)


COMMAND = Command(
    name="break-glass",
    verbs=("break-glass", "breakglass", "break glass", "emergência"),
    shown={PORTUGUESE: "emergência"},
    usage=(
        "<approval> because|porque <reason...>",
        "<service> [[in|on|to|em|no|na|para|pra] <environment>] because|porque <reason...>",
    ),
    summary=later("Release in an emergency without the approval of others; everybody is told."),
    examples=(later("break-glass hello-12 because checkout is down"),),
    topic=Topic.DECIDE,
    handle=handle,
    personal=True,
)
