"""`withdraw <run>`: take an approval back, as long as it was not enough for the run to go on."""

from commands.approvals import accounts, not_counted, open_approval
from commands.command import Asked, Command, Refused, Topic
from commands.permit import permit
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply, Verdict
from storage.model.run import service_of


async def handle(asked: Asked) -> Reply:
    """Take one's own yes back; whoever may approve may do so."""
    approval = await open_approval(asked)
    permit(asked, service=service_of(approval.run), environment=approval.environment, act="approve")
    settled = await asked.desk.store.approvals.withdraw(approval.id, asked.request.user, accounts(asked))
    if not settled.ok or settled.approval is None:
        raise Refused(not_counted(asked, settled), run=approval.run)
    given, needed = len(settled.approval.given_by), settled.approval.needed
    text = asked.say("Your approval is taken back: {given} of {needed}.", given=given, needed=needed)
    return Reply(verdict=Verdict.DONE, text=text, run=approval.run)


COMMAND = Command(
    name="withdraw",
    verbs=("withdraw", "unapprove", "desaprovar", "desaprovo", "retirar", "retiro"),
    shown={PORTUGUESE: "desaprovar"},
    usage=("<approval>", "<service> [[in|on|to|em|no|na|para|pra] <environment>]"),
    summary=later("Take your approval back, while it was not enough."),
    examples=(later("withdraw hello-12"), later("withdraw hello")),
    topic=Topic.DECIDE,
    handle=handle,
    personal=True,
)
