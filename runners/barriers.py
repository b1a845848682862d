"""Locks and freezes, as runs meet them: kept out before a stage begins, and let in as soon as nothing hinders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.freezing import frozen
from storage.model.hold import Freeze, Hindrance
from storage.model.run import Plan, Run
from storage.model.view import StageView
from storage.store import Store


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
