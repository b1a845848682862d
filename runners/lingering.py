"""Locks that a run keeps beyond its end, because its work heeded no cancellation and may go on.

For people the run is over. Nobody else gets the environment before the work is known to have ended, or its process is
known to be dead and what it left outside is stopped.
"""

from dataclasses import dataclass

from runners.attempt import Attempts
from runners.crash import crash_here
from runners.interrupt import Interrupts
from runners.leg import Durability
from runners.walk import view_of
from storage.model.view import ActionView, RunView, StageView
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Lingering:
    """Lets them go."""

    store: Store
    attempts: Attempts
    interrupts: Interrupts
    durable: Durability

    async def let_go(self) -> None:
        """Let go of each lock that nothing works behind any more."""
        for run, environment in await self.store.locks.kept():
            _, view, _ = await view_of(self.store, run)
            if all([await self._ended(view, *place) for place in view.lingering(environment)]):
                crash_here("let_go.before")
                await self.store.locks.leave(run, environment)
                crash_here("let_go.after")

    async def _ended(self, view: RunView, stage: StageView, action: ActionView) -> bool:
        place = (view.run.id, stage.stage.name, action.action.name)
        if self.interrupts.lingers(*place):
            return False
        if self.interrupts.has_ended(*place):
            return True
        elsewhere = action.lingers != self.durable.worker and await self.durable.lives(action.lingers)
        return not elsewhere and await self.attempts.stop_left(view, stage, action)
