"""What the commands about approvals share: which one is meant, and whether this person may decide on it."""

import asyncio
import contextlib

from commands.approvers import is_asked
from commands.command import Asked, Refused
from commands.policy import NAMED, Denied, decide
from commands.texts import later, listing
from storage.approvals import Settled, Why
from storage.model import artifact
from storage.model.approval import Approval, Decision, is_about
from storage.model.catalog import ApprovalRule
from storage.model.fold import fold
from storage.model.request import Via
from storage.model.run import service_of
from storage.model.view import RunView
from storage.posts import Post

_LOOK_AGAIN = 0.1


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
            if (pending.run == named if named else service_of(pending.run) == service)
            and asked.arguments.get("environment") in (None, pending.environment)
        ]
    if not candidates:
        raise Refused(asked.say("Nothing of `{name}` waits for approval.", name=named or asked.arguments["service"]))
    if len(candidates) > 1:
        names = listing(asked.language, (f"`{pending.run}`" for pending in candidates))
        raise Refused(asked.say("Several wait for approval: {runs}. Say which.", runs=names))
    if candidates[0].decision is not Decision.PENDING:
        raise Refused(_settled(asked, candidates[0]), run=candidates[0].run)
    await _check_message(asked, candidates[0])
    return candidates[0]


async def _check_message(asked: Asked, approval: Approval) -> None:
    """Refuse a click on a message that is not the one that asks this question: an old one, or somebody's copy."""
    request = asked.request
    if request.via not in (Via.BUTTON, Via.MODAL) or not request.message:
        return
    post = await _question(asked, approval)
    if post is None or (post.channel, post.ts) != (request.channel, request.message):
        text = asked.say("This message does not ask that any more; the question stands in another one.")
        await deny(asked, approval, "message", text)


async def _question(asked: Asked, approval: Approval) -> Post | None:
    """Find the message that asks. It is noted soon after people see it; after a crash in between, by the next start."""
    posts, key = asked.desk.store.posts, f"{approval.run}/approval/{approval.stage}"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(asked.desk.patience):
            while (post := await posts.get(key)) is None:  # noqa: ASYNC110 - who speaks may be another process
                await asyncio.sleep(_LOOK_AGAIN)
            return post
    return None


async def deny(asked: Asked, approval: Approval, why: str, text: str) -> None:
    """Journal the denied click, and refuse it."""
    await asked.desk.store.approvals.deny(approval.id, asked.request.user, why)
    raise Refused(text, run=approval.run)


async def check_right(asked: Asked, approval: Approval, act: str | None = None) -> None:
    """Refuse whoever the policy does not let decide on this approval (`act`, when it is another than the command)."""
    command = act or asked.command.name
    decision = decide(
        asked.catalog,
        asked.request.user,
        command,
        service=service_of(approval.run),
        environment=approval.environment,
        channel=asked.request.channel or "D",
        groups=asked.groups,
    )
    if isinstance(decision, Denied):
        if command in NAMED and decision.why == "no_grant":
            await deny(asked, approval, decision.why, _lacking(asked, approval, command, decision.able))
        able = [u for u in decision.able if not asked.catalog.same_person(u, approval.requester)]
        await _deny_but(asked, approval, decision.why, able)


async def check_asked(asked: Asked, approval: Approval) -> None:
    """Refuse whoever the environment's own rule does not ask: its roles and groups, never the requester."""
    catalog, user = asked.catalog, asked.request.user
    if catalog.same_person(user, approval.requester):
        text = asked.say("You asked for this release, so somebody else must approve it.")
        await deny(asked, approval, "requester", text)
    if not is_asked(catalog, approval.environment, user, asked.groups, escalated=approval.escalated):
        await _deny_but(asked, approval, "not_asked", [])


async def check_authors(asked: Asked, approval: Approval, view: RunView) -> None:
    """Refuse whoever wrote one of the commits, where the rule says so; also whoever that cannot be told of."""
    if not rule_of(asked, approval).without_authors:
        return
    person = asked.catalog.person(asked.request.user)
    mine = {email.lower() for email in person.emails} if person else set()
    if not mine:
        text = asked.say("Your e-mail addresses are not in the catalog, so I cannot tell that you wrote none of this.")
        await deny(asked, approval, "no_addresses", text)
    service = view.run.plan.service
    running = await asked.desk.store.releases.current(service.name, approval.environment)
    commit, before = view.artifacts.get(artifact.COMMIT, ""), running.commit if running else ""
    authors = await asked.desk.mirrors.authors_between(service, before, commit)
    if authors is None:
        text = asked.say("Who wrote these commits cannot be told just now, so nobody can approve them.")
        await deny(asked, approval, "unknown_authors", text)
    elif mine & authors:
        text = asked.say("You wrote one of these commits, so somebody else must approve them.")
        await deny(asked, approval, "author", text)


async def told(asked: Asked, approval: Approval) -> RunView:
    """Read the run as it stands now. Refuses when what it would release is not what was asked about."""
    run, events = await asked.desk.store.runs.told(approval.run)
    view = fold(run, events)
    if not is_about(approval.subject, run.plan, dict(view.artifacts)):
        await deny(asked, approval, Why.CHANGED.value, asked.say(_WHY[Why.CHANGED]))
    return view


def rule_of(asked: Asked, approval: Approval) -> ApprovalRule:
    """Give the rule of the approval's environment, as the catalog has it now."""
    environment = asked.catalog.environments.get(approval.environment)
    return environment.approval if environment else ApprovalRule()


def accounts(asked: Asked) -> tuple[str, ...]:
    """Give all accounts of the asker."""
    person = asked.catalog.person(asked.request.user)
    return person.accounts if person else (asked.request.user,)


async def _deny_but(asked: Asked, approval: Approval, why: str, able: list[str]) -> None:
    text = asked.say("You may not decide on releases to {environment}.", environment=approval.environment)
    if able:
        text += " " + asked.say("Ask {who}.", who=listing(asked.language, [asked.name(user) for user in able[:5]]))
    await deny(asked, approval, why, text)


def _lacking(asked: Asked, approval: Approval, right: str, able: tuple[str, ...]) -> str:
    """Say that somebody lacks a right of its own, which approving does not include, and who has it."""
    text = asked.say(
        "You lack the right `{right}` in {environment}; the right to approve does not include it.",
        right=right,
        environment=approval.environment,
    )
    who = listing(asked.language, [asked.name(user) for user in able[:5]])
    return f"{text} " + (asked.say("Ask {who}.", who=who) if who else asked.say("Nobody has it here."))


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
    Why.NOT_GIVEN: later("You have not approved this, so there is nothing to take back."),
}


def not_counted(asked: Asked, settled: Settled) -> str:
    """Say why a decision did not count."""
    if settled.approval and settled.why is Why.SETTLED:
        return _settled(asked, settled.approval)
    return asked.say(_WHY.get(settled.why, later("This cannot be decided any more.")))
