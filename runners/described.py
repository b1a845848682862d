"""An action as its runner is told of it, and the release that came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runners.consent import environment_of
from runners.contract import Outcome, Work
from runners.given import given_to
from runners.questions import answers
from runners.replicas import replicas_of
from storage.model import artifact
from storage.model.catalog import Action, Json, Registry, Stage
from storage.model.release import Release, artifacts_of
from storage.model.run import Plan, Run, Trigger
from storage.model.view import RunView, StageView
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Described:
    """One attempt at an action of a run."""

    store: Store
    run: Run
    place: StageView
    action: Action
    number: int

    @property
    def key(self) -> str:
        """What everything that it does outside is known by."""
        return f"{self.run.id}/{self.place.stage.name}/{self.action.name}/{self.number}"

    @property
    def planned(self) -> tuple[Stage, Action]:
        """Say where in the plan the action stands; what puts something back stands for a deploy of the plan."""
        restoring = self.place.restoring
        return (restoring.stage, restoring.action) if restoring else (self.place.stage, self.action)

    async def work(
        self,
        view: RunView,
        options: Mapping[str, Json],
        *,
        registry: Registry,
        workspace: Path,
        tell: Callable[[str], Awaitable[None]],
        abandoned: Callable[[], bool],
    ) -> Work:
        """Give what the runner is told."""
        plan, stage = self.run.plan, self.place.stage
        return Work(
            key=self.key,
            run=self.run.id,
            stage=stage.name,
            action=self.action.name,
            attempt=self.number,
            service=(await self._configured()).service,
            environment=environment_of(plan, stage) if stage.environment is not None else None,
            registry=registry,
            options=options,
            artifacts=self._artifacts(view),
            workspace=workspace,
            timeout=self.action.timeout,
            replicas=await replicas_of(self.store, plan, self.place),
            scales=plan.replicas is not None,
            restores=self.place.restoring is not None,
            goes_back=plan.trigger is Trigger.ROLLBACK,
            restarts=plan.trigger is Trigger.RESTART,
            configuration=plan.configuration.get(stage.environment or "", {}),
            given=given_to(plan, await self._configured(), *self.planned),
            answers=answers(view, self.place, self.action),
            retries=(plan.origin or "") if plan.trigger is Trigger.RETRY else "",
            tell=tell,
            abandoned=abandoned,
        )

    async def release(self, view: RunView, outcome: Outcome, at: datetime) -> Release | None:
        """Give what runs now where; nothing when the action changed nothing of that."""
        plan, environment = self.run.plan, self.place.stage.environment
        if environment is None or self.action.uses != environment_of(plan, self.place.stage).target:
            return None
        if outcome.unchanged and not await self.store.releases.took_effect(self.run.id, environment):
            return None
        known = {**self._artifacts(view), **outcome.artifacts}
        return Release(
            service=plan.service.name,
            environment=environment,
            run=self.run.id,
            commit=known.get(artifact.COMMIT, ""),
            subject=known.get(artifact.SUBJECT, ""),
            author=known.get(artifact.AUTHOR, ""),
            image=known.get(artifact.IMAGE, ""),
            digest=known.get(artifact.DIGEST, ""),
            address=known.get(artifact.ADDRESS, ""),
            by=self.run.requester,
            at=at,
            replicas=await replicas_of(self.store, plan, self.place),
        )

    async def _configured(self) -> Plan:
        """Give the plan whose configuration counts; for what is put back the one that it was released by."""
        restoring = self.place.restoring
        return (await self.store.runs.get(restoring.release.run)).plan if restoring else self.run.plan

    def _artifacts(self, view: RunView) -> Mapping[str, str]:
        restoring = self.place.restoring
        if restoring:
            return {artifact.REF: restoring.release.commit, **artifacts_of(restoring.release)}
        return {artifact.REF: self.run.plan.ref, **view.artifacts}
