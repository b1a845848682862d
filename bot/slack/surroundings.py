"""Gathers what a run's cards need to know besides its journal: names, approvers, what runs now, what would change."""

import logging
from collections.abc import Awaitable, Callable

from bot.slack.cards.shown import Again, Difference, Surroundings
from bot.slack.marks import Say
from bot.slack.permalinks import Permalinks
from commands.approvers import Approvers
from storage.model.approval import Decision
from storage.model.catalog import Catalog
from storage.model.release import Release
from storage.model.run import Run
from storage.model.view import RunView, StageView
from storage.store import Store

log = logging.getLogger(__name__)

AskApprovers = Callable[[RunView], Awaitable[Approvers]]
"""Tells who may approve a run."""
Changes = Callable[[RunView, Release], Awaitable[Difference]]
"""What lies between what runs (the release) and what the run would bring."""

_REMEMBERED = 500


async def nobody(_view: RunView) -> Approvers:
    """Name no approvers."""
    return Approvers()


async def unknown(_view: RunView, _running: Release) -> Difference:
    """Know of no changes."""
    return Difference()


def no_page(_view: RunView) -> str:
    """Have no pages."""
    return ""


LogPage = Callable[[Run, str, str], str]
"""Gives the address of the log of a stage's action; empty when there are no pages."""


def no_log_page(_run: Run, _stage: str, _action: str) -> str:
    """Have no pages."""
    return ""


class Gatherer:
    """Looks around for each state of each run."""

    def __init__(
        self,
        store: Store,
        catalog: Callable[[], Catalog],
        say: Callable[[RunView], Awaitable[Say]],
        *,
        approvers: AskApprovers = nobody,
        changes: Changes = unknown,
        page: Callable[[RunView], str] = no_page,
        log_page: LogPage = no_log_page,
        permalinks: Permalinks | None = None,
    ) -> None:
        """`say` gives the words for whoever reads about a run; `page` gives the address of a run's page."""
        self._store = store
        self._catalog = catalog
        self._say = say
        self._approvers = approvers
        self._changes = changes
        self._page = page
        self._log_page = log_page
        self._permalink = permalinks or Permalinks(store.posts.get)
        self._known: dict[tuple[str, str], Difference] = {}

    async def __call__(self, view: RunView) -> Surroundings:
        """Look around for one run."""
        gate = next((stage for stage in reversed(view.stages) if stage.gate), None)
        running = await self._running(view, gate) if gate else None
        approvers = await self._approvers(view) if gate else Approvers()
        names = {person.id: person.name for person in self._catalog().people.values()}
        return Surroundings(
            say=await self._say(view),
            names=names,
            mentions=(await self._store.preferences.get(view.run.requester)).mentions is not False,
            approvers=approvers.users,
            lacking=approvers.lacking,
            changes=await self._what_changes(view, running) if running else Difference(),
            running=running,
            onward=self._onward(view),
            previous=await self._previous(view) if view.failed else None,
            page=self._page(view),
            logs=self._logs(view),
            card=await self._permalink(f"{view.run.id}/card") if gate else "",
            questions=await self._questions(view),
            again=await self._again(view) if view.status.over else None,
        )

    def _logs(self, view: RunView) -> dict[tuple[str, str], str]:
        """Give where the logs of what failed are, as far as something was written."""
        failed = [(s.stage.name, a.action.name) for s in view.stages for a in s.actions if a.excerpt]
        known = {place: self._log_page(view.run, *place) for place in failed}
        return {place: address for place, address in known.items() if address}

    async def _questions(self, view: RunView) -> dict[str, str]:
        run = view.run.id
        open_ = [s.stage.name for s in view.stages if s.gate and s.gate.decision is Decision.PENDING]
        known = {name: await self._permalink(f"{run}/approval/{name}", within=f"{run}/card") for name in open_}
        return {name: address for name, address in known.items() if address}

    async def _again(self, view: RunView) -> Again | None:
        run = await self._store.runs.repeating(view.run)
        if run is None:
            return None
        return Again(run=run.id, address=await self._permalink(f"{run.id}/card"), going_on=not run.status.over)

    def _onward(self, view: RunView) -> tuple[str, ...]:
        here = view.run.plan.environment.name
        return tuple(name for name, there in self._catalog().environments.items() if there.promotes_from == here)

    async def _running(self, view: RunView, stage: StageView) -> Release | None:
        """Find what ran there when the question was asked; a card that was decided long ago must not change."""
        environment = stage.stage.environment or view.run.plan.environment.name
        gate = stage.gate
        decided = gate.decided_at if gate and gate.decision is not Decision.PENDING else view.ended_at
        releases = await self._store.releases.history(view.run.plan.service.name, environment, 20)
        before = [r for r in releases if r.run != view.run.id and (decided is None or r.at <= decided)]
        return max(before, key=lambda release: release.at, default=None)

    async def _previous(self, view: RunView) -> Release | None:
        return await self._store.releases.previous(view.run.plan.service.name, view.run.plan.environment.name)

    async def _what_changes(self, view: RunView, running: Release) -> Difference:
        key = (view.run.id, running.commit)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = await self._asked(view, running)
        return self._known[key]

    async def _asked(self, view: RunView, running: Release) -> Difference:
        try:
            return await self._changes(view, running)
        except Exception:
            log.exception("what %s would change cannot be listed; its card says nothing about it", view.run.id)
            return Difference()
