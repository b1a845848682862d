"""`approve <run> [<code>]`: release to production exactly what was tested; never by the one who asked for it."""

from commands.approvals import accounts, check_asked, check_authors, check_right, not_counted, open_approval, told
from commands.command import Asked, Command, Refused, Topic
from commands.second_factor import check_code
from commands.texts import PORTUGUESE, later
from storage.model.approval import Decision
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Give one person's yes, after everything has been looked at anew. Enough of them open the gate."""
    approval = await open_approval(asked)
    await check_right(asked, approval)
    await check_asked(asked, approval)
    view = await told(asked, approval)
    await check_authors(asked, approval, view)
    await check_code(asked, approval)
    settled = await asked.desk.store.approvals.approve(
        approval.id, asked.request.user, approval.subject, accounts(asked)
    )
    if not settled.ok or settled.approval is None:
        raise Refused(not_counted(asked, settled), run=approval.run)
    asked.desk.engine.wake()
    if settled.approval.decision is Decision.APPROVED:
        text = asked.say(
            "Approved: run `{run}` goes on to {environment}.", run=approval.run, environment=approval.environment
        )
    else:
        given, needed = len(settled.approval.given_by), settled.approval.needed
        text = asked.say("Your approval is noted: {given} of {needed}.", given=given, needed=needed)
    return Reply(verdict=Verdict.DONE, text=text, run=approval.run)


COMMAND = Command(
    name="approve",
    verbs=(
        "approve",
        "aprovar",
        "aprovo",
        "i approve",
        "eu aprovo",
        "autorizar",
        "autorizo",
        "liberar",
        "libero",
        "lgtm",
    ),
    loose=("liberar", "libero", "lgtm"),
    shown={PORTUGUESE: "aprovar"},
    usage=(
        "<approval> [[code|código] <code>]",
        "<service> [[in|on|to|em|no|na|para|pra] <environment>] [[code|código] <code>]",
    ),
    summary=later("Approve a release that waits for it."),
    examples=(later("approve hello-12"), later("approve hello")),
    topic=Topic.DECIDE,
    handle=handle,
    personal=True,
)
