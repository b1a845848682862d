"""A run that was overtaken: something newer is there where doing it again deploys. That is asked about first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from commands.command import Asked, Refused
from commands.grammar import compiled
from commands.meant import run_named
from commands.printer import printed
from storage.model import artifact
from storage.model.moment import token
from storage.model.release import Release
from storage.model.reply import Offer, Style, Table, Verdict
from storage.model.run import REPEATING, Plan, Run, known_environments, number_of
from storage.model.soundness import deploys

OVER = "over"
"""Argument by which the question is answered: all that was asked for up to this run has been seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newer:
    """What would be replaced somewhere; `since` is `None` while it is still on its way there."""

    environment: str
    run: str
    commit: str
    subject: str
    by: str
    since: datetime | None


async def ask_if_overtaken(asked: Asked, run: Run, plan: Plan) -> None:
    """Raise `Refused`, which asks, where the plan would replace what newer runs have released or are about to.

    Only where the plan itself deploys: an environment whose stages it leaves out stays as it is. An answer holds for
    what it was given about: what has been asked for since is asked about anew.
    """
    newer = [each async for each in _newer(asked, run, plan)]
    if not newer or max(number_of(each.run) for each in newer) <= await _seen(asked, plan) or await _begun(asked):
        return
    made = f"`{artifact.short(plan.artifacts.get(artifact.COMMIT, '')) or plan.ref}`"
    subject = plan.artifacts.get(artifact.SUBJECT, "").replace("`", "'")
    raise Refused(
        asked.say(
            "Something newer than `{run}` is there already. Doing it again would replace that with {what}. "
            "Shall I do it all the same?",
            run=run.id,
            what=f"{made} {subject}".strip(),
        ),
        table=_table(asked, newer),
        offers=_offers(asked, max((each.run for each in newer), key=number_of)),
        verdict=Verdict.ASK,
        run=run.id,
    )


async def _newer(asked: Asked, run: Run, plan: Plan) -> AsyncIterator[_Newer]:
    store, service = asked.desk.store, plan.service.name
    first, others = number_of((await _first(asked, run)).id), await store.runs.active(service)
    for environment in _places(plan):
        release = await store.releases.current(service, environment)
        if release is not None and number_of(release.run) > first and not _brings(plan, release):
            yield _released(release)
        for other in others:
            if number_of(other.id) > first and await _will_replace(asked, other, plan, environment):
                yield _on_its_way(other, environment)


async def _will_replace(asked: Asked, other: Run, plan: Plan, environment: str) -> bool:
    """Tell whether another run has yet to bring something else to an environment."""
    if environment not in _places(other.plan) or _same_commit(plan, other.plan):
        return False
    return not await asked.desk.store.releases.took_effect(other.id, environment)


async def _first(asked: Asked, run: Run) -> Run:
    """Give the run that this one does again: it is as old as that."""
    while run.plan.trigger in REPEATING and run.plan.origin is not None:
        run = await asked.desk.store.runs.get(run.plan.origin)
    return run


async def _seen(asked: Asked, plan: Plan) -> int:
    """Give the number of the run up to which the asker has been shown everything."""
    if OVER not in asked.arguments:
        return 0
    seen = await run_named(asked, asked.arguments[OVER])
    return number_of(seen.id) if seen.plan.service.name == plan.service.name else 0


async def _begun(asked: Asked) -> bool:
    """Tell whether this very request has opened its run already, and is only handled again after a crash."""
    return await asked.desk.store.runs.opened_by(asked.request.id) is not None


def _places(plan: Plan) -> list[str]:
    """Name the environments to which a plan deploys, in its order."""
    known = known_environments(plan)
    return list(dict.fromkeys(s.environment for s in plan.stages if s.environment and deploys(s, known)))


def _brings(plan: Plan, release: Release) -> bool:
    """Tell whether the plan deploys the very thing that was released."""
    digest = plan.artifacts.get(artifact.DIGEST, "")
    if digest and release.digest:
        return digest == release.digest
    return plan.artifacts.get(artifact.COMMIT, "") == release.commit != ""


def _same_commit(plan: Plan, other: Plan) -> bool:
    return plan.artifacts.get(artifact.COMMIT, "") == other.artifacts.get(artifact.COMMIT) != ""


def _released(release: Release) -> _Newer:
    return _Newer(
        environment=release.environment,
        run=release.run,
        commit=release.commit,
        subject=release.subject,
        by=release.by,
        since=release.at,
    )


def _on_its_way(run: Run, environment: str) -> _Newer:
    made = run.plan.artifacts
    return _Newer(
        environment=environment,
        run=run.id,
        commit=made.get(artifact.COMMIT, run.plan.ref),
        subject=made.get(artifact.SUBJECT, ""),
        by=run.requester,
        since=None,
    )


def _table(asked: Asked, newer: list[_Newer]) -> Table:
    say = asked.say
    rows = tuple(
        (
            each.environment,
            each.run,
            f"{artifact.short(each.commit)} {each.subject}".strip(),
            token(each.since) if each.since else say("on its way"),
            asked.name(each.by),
        )
        for each in newer
    )
    return Table(header=(say("Environment"), say("Run"), say("Commit"), say("Since"), say("By")), rows=rows)


def _offers(asked: Asked, newest: str) -> tuple[Offer, ...]:
    usage = compiled(asked.command.usage[0])
    command = printed(asked.command, usage, [{**asked.arguments, OVER: newest}], asked.language)
    return (
        Offer(label=asked.say("Replace It"), command=command, style=Style.DANGER),
        Offer(label=asked.say("Leave It"), command=""),
    )
