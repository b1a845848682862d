"""Locks and freezes, as runs meet them: kept out before a stage begins, and let in as soon as nothing hinders."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.freezing import frozen
from storage.model.catalog import Catalog
from storage.model.hold import Freeze, Hindrance, HoldKind
from storage.model.run import Plan, Run
from storage.model.view import StageView
from storage.store import Store

Frozen = Callable[[str], Awaitable[str | None]]
"""Gives why an environment is frozen; `None` when it is not."""


def frozen_in(store: Store, catalog: Callable[[], Catalog], clock: Callable[[], datetime]) -> Frozen:
    """Ask the freezes of people and of the catalog that hold all services; says people's names, as outside of Slack."""

    async def is_frozen(environment: str) -> str | None:
        known, now = catalog(), clock()
        for hold in await store.holds.active():
            if hold.kind is HoldKind.FREEZE and hold.covers(None, environment) and not hold.over(now):
                person = known.person(hold.owner)
                return f"frozen by {person.name if person else hold.owner} {hold.reason}"
        found = frozen(known.freezes, environment, now)
        return f"frozen by the catalog {found.reason}" if found else None

    return is_frozen


async def hindrance(
    store: Store, freezes: Sequence[Freeze], plan: Plan, requester: str, environment: str, now: datetime
) -> Hindrance | None:
    """Say what keeps a plan out of an environment now; `None` when nothing does, or it is forced."""
    if plan.force:
        return None
    held = await store.holds.hindering(plan.service.name, environment, requester, plan.trigger, now)
    return held or frozen(freezes, environment, now)


@dataclass(frozen=True, slots=True)
class Barriers:
    """Looks at locks and freezes for the walk and the sweep; both read them anew each time."""

    store: Store
    clock: Callable[[], datetime]
    freezes: Callable[[], Sequence[Freeze]] = tuple

    async def before(self, run: Run, stage: StageView) -> Hindrance | None:
        """Say what keeps a run from beginning a stage now. A stage that has begun is never stopped half-way."""
        environment = stage.stage.environment
        if environment is None or stage.begun or not stage.actions:
            return None
        return await self._hindrance(run, environment)

    async def let_in(self) -> None:
        """End what has expired, and make ready every run that nothing keeps out any more.

        Few questions however many runs wait. What was forced is never among them.
        """
        now = self.clock()
        await self.store.holds.expire(now)
        free = await self.store.holds.free(now)
        places = {environment for _, _, environment in free}
        closed = {place for place in places if frozen(self.freezes(), place, now) is not None}
        for run, stage, environment in free:
            if environment not in closed:
                await self.store.holds.let_go(run, stage)

    async def _hindrance(self, run: Run, environment: str) -> Hindrance | None:
        return await hindrance(self.store, self.freezes(), run.plan, run.requester, environment, self.clock())
