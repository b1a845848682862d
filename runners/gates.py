"""The gates of a stage other than people's yes: the same digest elsewhere, a pause, a window of time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runners.crash import crash_here
from storage.model import artifact
from storage.model.catalog import Stage
from storage.model.fold import fold
from storage.model.gate import GateKind
from storage.model.release import Release
from storage.model.run import Status
from storage.model.view import RunView, StageView
from storage.model.worded import worded
from storage.store import Store


class Unmet(Exception):  # noqa: N818 - says what is the matter
    """A gate that is checked and not waited for does not let the run pass: the reason is the message."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Looks at the gates before a stage; where a run waits, it waits as a row."""

    store: Store
    clock: Callable[[], datetime]

    async def passed(self, view: RunView, stage: StageView) -> bool:
        """Tell whether the run may pass the pause and the window of a stage now; else it is parked.

        The window comes last, and the clock alone decides: nobody resumes a run at night into a window by day.
        """
        if stage.stage.pause and not await self._wait(view, stage, GateKind.PAUSE):
            return False
        if stage.stage.window is None:
            return True
        now = self.clock()
        opens_at = stage.stage.window.opens(now)
        return opens_at <= now or await self._wait(view, stage, GateKind.WINDOW, opens_at)

    async def held(self, view: RunView, stage: StageView) -> bool:
        """Park a run that somebody has paused; false when it was resumed meanwhile."""
        await self.step_aside(view, stage)
        crash_here("held.before")
        parked = await self.store.gates.stay(view.run.id)
        crash_here("held.after")
        return parked

    async def _wait(self, view: RunView, stage: StageView, kind: GateKind, opens_at: datetime | None = None) -> bool:
        if await self.store.gates.passed(view.run.id, stage.stage.name, kind, opens_at):
            return True  # what is open costs nobody a place in a queue
        await self.step_aside(view, stage)
        crash_here("wait.before")
        gate = await self.store.gates.wait(view.run.id, stage.stage.name, kind, opens_at)
        crash_here("wait.after")
        return gate.open

    async def step_aside(self, view: RunView, stage: StageView) -> None:
        """Let others into an environment where this run has not yet begun: a wait may be long."""
        environment = stage.stage.environment
        if environment is None or any(s.begun for s in view.stages if s.stage.environment == environment):
            return
        crash_here("aside.before")
        await self.store.locks.leave(view.run.id, environment)
        crash_here("aside.after")

    async def check_success(self, view: RunView, stage: Stage) -> None:
        """Raise `Unmet` unless what the run has made has succeeded in the environment that the stage names."""
        if stage.succeeded_in is None:
            return
        digest = view.artifacts.get(artifact.DIGEST, "")
        released = await self.store.releases.of_digest(view.run.plan.service.name, stage.succeeded_in, digest)
        for release in released:
            if await self._all_went_well(release):
                return
        image = worded("image {digest}", digest=digest[:19]) if digest else worded("an image (the run has none yet)")
        raise Unmet(
            worded(
                "stage `{stage}` was not run: {image} has not succeeded in {environment}; deploy it there first",
                stage=stage.name,
                image=image,
                environment=stage.succeeded_in,
            )
        )

    async def _all_went_well(self, release: Release) -> bool:
        """Tell whether the run of a release did all of its work in that environment, even if it has not ended yet."""
        view = fold(*await self.store.runs.told(release.run))
        there = [stage for stage in view.stages if stage.actions and stage.stage.environment == release.environment]
        return all(stage.status is Status.SUCCEEDED for stage in there)
