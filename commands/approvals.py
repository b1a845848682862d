"""What approve and reject share: which approval is meant, and whether this person may decide on it."""

from commands.command import Asked, Refused
from commands.policy import Denied, decide
from commands.texts import later, listing
from storage.approvals import Settled, Why
from storage.model.approval import Approval, Decision


async def open_approval(asked: Asked) -> Approval:
    """Find the one approval that was meant. Raises `Refused` when there is none, or it is settled."""
    approvals = asked.desk.store.approvals
    named = asked.arguments.get("approval", "")
    if "/" in named:
        found = await approvals.get(named)
        candidates = [found] if found else []
    else:
        service = asked.arguments.get("service")
        candidates = [
            pending
            for pending in await approvals.pending()
            if (pending.run == named if named else pending.run.rpartition("-")[0] == service)
        ]
    if not candidates:
        raise Refused(asked.say("Nothing of `{name}` waits for approval.", name=named or asked.arguments["service"]))
    if len(candidates) > 1:
        names = listing(asked.language, (f"`{pending.run}`" for pending in candidates))
        raise Refused(asked.say("Several wait for approval: {runs}. Say which.", runs=names))
    if candidates[0].decision is not Decision.PENDING:
        raise Refused(_settled(asked, candidates[0]), run=candidates[0].run)
    return candidates[0]


async def decide_on(asked: Asked, approval: Approval) -> None:
    """Refuse, and journal the denied click of, whoever may not decide on this approval."""
    service = approval.run.rpartition("-")[0]
    decision = decide(
        asked.catalog, asked.request.user, asked.command.name, service=service, environment=approval.environment
    )
    if not isinstance(decision, Denied):
        return
    await asked.desk.store.approvals.deny(approval.id, asked.request.user, decision.why)
    able = [asked.name(user) for user in decision.able if user != approval.requester]
    text = asked.say("You may not decide on releases to {environment}.", environment=approval.environment)
    if able:
        text += " " + asked.say("Ask {who}.", who=listing(asked.language, able[:5]))
    raise Refused(text, run=approval.run)


def _settled(asked: Asked, approval: Approval) -> str:
    who = asked.name(approval.decided_by) if approval.decided_by else "Estiva"
    return asked.say(
        "Run `{run}` is already {decision} (by {who}).",
        run=approval.run,
        decision=asked.say(approval.decision.value),
        who=who,
    )


_WHY = {
    Why.UNKNOWN: later("There is no such approval."),
    Why.EXPIRED: later("This approval has expired; ask for the release again."),
    Why.CHANGED: later("What would be released has changed since this was asked; ask for the release again."),
    Why.REPEATED: later("You have already approved this; somebody else must too."),
    Why.OWN: later("You asked for this release, so somebody else must approve it."),
}


def not_counted(asked: Asked, settled: Settled) -> str:
    """Say why a decision did not count."""
    if settled.approval and settled.why is Why.SETTLED:
        return _settled(asked, settled.approval)
    return asked.say(_WHY.get(settled.why, later("This cannot be decided any more.")))
