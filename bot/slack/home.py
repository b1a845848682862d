"""Gathers what one person's App Home shows: what the policy keeps from them is not there."""

import asyncio
from collections.abc import Callable

from bot.slack.cards.home import RUNS, Home
from commands.approvers import groups_to_show, is_asked
from commands.directory import Directory, Groups
from commands.policy import Allowed, decide, knows
from storage.model.approval import Approval
from storage.model.catalog import Catalog
from storage.model.fold import fold
from storage.model.run import Run, service_of
from storage.model.view import RunView
from storage.store import Store

_LOOKED_BACK = 100
_PLACES = 60
_HERE = "D"
"""An App Home is as private as a direct message."""


async def gather_home(store: Store, catalog: Callable[[], Catalog], directory: Directory, user: str) -> Home:
    """Look up what waits for this person, what they asked for, and what runs where they may look."""
    known = catalog()
    groups = await groups_to_show(known, directory)
    if not knows(known, user, groups):
        return Home(known=False)
    places = [
        (service, environment)
        for service in known.services
        for environment in known.environments
        if _may(known, groups, user, "status", service, environment)
    ][:_PLACES]
    pending, recent = await asyncio.gather(store.approvals.pending(), store.runs.recent(limit=_LOOKED_BACK))
    releases = await asyncio.gather(*(store.releases.current(service, environment) for service, environment in places))
    return Home(
        known=True,
        approvals=[approval for approval in pending if _decides(known, groups, user, approval)],
        runs=await asyncio.gather(*(_seen(store, run) for run in [r for r in recent if r.requester == user][:RUNS])),
        places=places,
        releases=[release for release in releases if release],
        deploys=any(_may(known, groups, user, "deploy", s, e) for s in known.services for e in known.environments),
    )


async def _seen(store: Store, run: Run) -> RunView:
    return fold(run, await store.journal.of_run(run.id))


def _decides(catalog: Catalog, groups: Groups, user: str, approval: Approval) -> bool:
    """Tell whether a question waits for this person; a click is decided on anew."""
    service = service_of(approval.run)
    return (
        _may(catalog, groups, user, "approve", service, approval.environment)
        and not catalog.same_person(user, approval.requester)
        and is_asked(catalog, approval.environment, user, groups)
    )


def _may(catalog: Catalog, groups: Groups, user: str, command: str, service: str, environment: str) -> bool:
    decision = decide(catalog, user, command, service=service, environment=environment, channel=_HERE, groups=groups)
    return isinstance(decision, Allowed)
