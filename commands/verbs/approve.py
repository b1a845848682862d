"""`approve <run>`: release to production exactly what was tested; never by the one who asked for it."""

from commands.approvals import decide_on, not_counted, open_approval
from commands.command import Asked, Command, Refused, Topic
from commands.texts import PORTUGUESE, later
from storage.model.approval import Decision
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Give one person's yes. Enough of them open the gate."""
    approval = await open_approval(asked)
    await decide_on(asked, approval)
    if approval.requester == asked.request.user:
        reason = asked.say("You asked for this release, so somebody else must approve it.")
        await asked.desk.store.approvals.deny(approval.id, asked.request.user, "requester")
        raise Refused(reason, run=approval.run)
    settled = await asked.desk.store.approvals.approve(approval.id, asked.request.user, approval.subject)
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
    verbs=("approve", "aprovar", "aprovo"),
    shown={PORTUGUESE: "aprovar"},
    usage=("<approval>", "<service>"),
    summary=later("Approve a release that waits for it."),
    examples=(later("approve hello-12"), later("approve hello")),
    topic=Topic.DECIDE,
    handle=handle,
)
