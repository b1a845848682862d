"""Opening a run: after locks and freezes were looked at, wherever its plan acts."""

from dataclasses import replace

from commands.awaited import awaited
from commands.command import Asked, Refused
from commands.configuration import pinned
from commands.given import given
from commands.holding import by_whom, place_of
from commands.meant import repeated
from commands.permit import permit
from commands.texts import later
from commands.usage import verb
from runners.barriers import hindrance
from storage.model.hold import Hindrance, HoldKind
from storage.model.reply import Offer, Reply, Verdict
from storage.model.run import Plan, Run
from storage.runs import Repeated

_HOW = later(
    "Nothing was started. With the right `force` it can be done all the same: `{command}! ... because <reason>`."
)


async def open_run(asked: Asked, plan: Plan, channel: str | None = None) -> Run:
    """Open a run, which rings for its worker.

    Raises `Refused` when a place is locked or frozen, unless forced, and for the second of two that do a run again.
    """
    ready = await pinned(asked, await unhindered(asked, await given(asked, plan)))
    try:
        return await asked.desk.store.runs.open(asked.request, ready, channel=channel)
    except Repeated as first:
        raise repeated(asked, plan.origin or "", first.run) from first


def begun(asked: Asked, run: Run, text: str) -> Reply:
    """Answer that a run was opened, and whose approval it waits for."""
    said = " ".join(part for part in (text, awaited(asked, run.plan)) if part)
    return Reply(verdict=Verdict.STARTED, text=said, run=run.id)


async def unhindered(asked: Asked, plan: Plan) -> Plan:
    """Give the plan, with the reason when it goes past a lock or a freeze. Raises `Refused` where it may not."""
    plan = replace(plan, force="")  # what a run repeats has no say in that
    for environment in dict.fromkeys(s.environment for s in plan.stages if s.actions and s.environment):
        found = await hindrance(
            asked.desk.store, asked.catalog.freezes, plan, asked.request.user, environment, asked.request.at
        )
        if found is not None:
            return _forced(asked, plan, environment, found)
    return plan


def _forced(asked: Asked, plan: Plan, environment: str, found: Hindrance) -> Plan:
    """Give the plan that goes past what is in its way: with a right of its own, everywhere it acts, and a reason."""
    reason = asked.arguments.get("reason", "")
    if not asked.arguments.get("force") or not reason:
        raise _refusal(asked, plan, environment, found)
    for name in dict.fromkeys(s.environment for s in plan.stages if s.actions and s.environment):
        permit(asked, service=plan.service.name, environment=name, act="force")
    return replace(plan, force=reason)


def forced(asked: Asked, command: str) -> str:
    """Give the command that an offer asks with, forced for the same reason when the request is."""
    name, _, rest = command.partition(" ")
    reason = asked.arguments.get("reason", "")
    return f"{name}! {rest} because {reason}" if asked.arguments.get("force") and reason else command


def _refusal(asked: Asked, plan: Plan, environment: str, found: Hindrance) -> Refused:
    who = by_whom(asked, found)
    if found.rollback:
        text = asked.say(
            "{place} is locked since it was rolled back (run `{run}`), so that no deploy undoes that by accident.",
            place=place_of(asked, plan.service.name, environment),
            run=found.rollback,
        )
    elif found.kind is HoldKind.LOCK:
        text = asked.say("{place} is locked: {who}.", place=place_of(asked, plan.service.name, environment), who=who)
    else:
        text = asked.say("{place} is frozen: {who}.", place=place_of(asked, None, environment), who=who)
    command = asked.say("unlock {service} in {environment}", service=plan.service.name, environment=environment)
    offers = (Offer(label=asked.say("Unlock"), command=command),) if found.rollback else ()
    if offers:
        text += " " + asked.say("Say `{command}` when deploys may go on.", command=command)
    text += " " + asked.say(_HOW, command=verb(asked.command, asked.language))
    return Refused(text, offers=offers)
