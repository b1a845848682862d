"""`reject <run> [because <reason>]`: refuse a release that waits for approval."""

from commands.approvals import check_right, not_counted, open_approval
from commands.command import Asked, Command, Refused, Topic
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Close the gate for good; the requester may do this too (a changed mind)."""
    approval = await open_approval(asked)
    if not asked.catalog.same_person(approval.requester, asked.request.user):
        await check_right(asked, approval)
    reason = asked.arguments.get("reason", "")
    settled = await asked.desk.store.approvals.reject(approval.id, asked.request.user, reason)
    if not settled.ok:
        raise Refused(not_counted(asked, settled), run=approval.run)
    asked.desk.engine.wake()
    text = asked.say(
        "Rejected: run `{run}` will not go to {environment}.", run=approval.run, environment=approval.environment
    )
    return Reply(verdict=Verdict.DONE, text=text, run=approval.run)


COMMAND = Command(
    name="reject",
    verbs=(
        "reject",
        "deny",
        "decline",
        "rejeitar",
        "rejeito",
        "recusar",
        "recuso",
        "reprovar",
        "reprovo",
        "negar",
        "nega",
        "negue",
        "nego",
    ),
    shown={PORTUGUESE: "rejeitar"},
    usage=(
        "<approval> [[because|porque] <reason...>]",
        "<service> [[in|on|to|em|no|na|para|pra] <environment>] [[because|porque] <reason...>]",
    ),
    summary=later("Refuse a release that waits for approval."),
    examples=(later("reject hello-12"), later("reject hello-12 because the tests are flaky"), later("reject hello")),
    topic=Topic.DECIDE,
    handle=handle,
    personal=True,
)
