"""The walk of a run: what comes next, read from its journal.

Every decision here is a function of the run's plan and its events, so a leg that starts after a crash, a wait or an
upgrade finds its place by reading. Everything done here may be done again.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runners import rollback
from runners.barriers import Barriers
from runners.consent import Unapproved, check_consent, environment_of
from runners.contract import unforeseen
from runners.crash import crash_here
from runners.gates import Gates, Unmet
from runners.infra import nothing_to_change
from runners.progress import Progress
from runners.questions import stay, waits_for_people
from storage.fence import Claim
from storage.model.approval import Decision, subject_of
from storage.model.catalog import Json, Mode, OnFailure
from storage.model.event import Event, Kind
from storage.model.fold import fold
from storage.model.hold import Freeze
from storage.model.run import Run, Status, known_environments
from storage.model.soundness import deploys
from storage.model.view import ActionView, GateView, RunView, StageView
from storage.model.worded import worded
from storage.questions import Stay
from storage.store import Store

_log = logging.getLogger(__name__)

_AT_ONCE = 20

Move = dict[str, Json]
"""`{"do": "act", "stage": name, "actions": [names]}`, `do`: `again`, or `parked`, `ended`, `stale`: the leg is over."""

AGAIN: Move = {"do": "again"}
PARKED: Move = {"do": "parked"}
ENDED: Move = {"do": "ended"}
STALE: Move = {"do": "stale"}


@dataclass(frozen=True, slots=True)
class Walk:
    """Decides and journals; the actions themselves are run by `attempt.Attempts`."""

    store: Store
    clock: Callable[[], datetime]
    freezes: Callable[[], Sequence[Freeze]] = tuple
    """The catalog's, as they are now."""

    @property
    def barriers(self) -> Barriers:
        """What may keep a run out of an environment."""
        return Barriers(self.store, self.clock, self.freezes)

    @property
    def gates(self) -> Gates:
        """What may stand before a stage."""
        return Gates(self.store, self.clock)

    async def claim(self, run_id: str, leg: int) -> Claim | None:
        """Take the leg. `None`: it is over or overtaken, and nothing is to be done."""
        crash_here("claim.before")
        taken = await self.store.runs.begin_leg(run_id, leg)
        crash_here("claim.after")
        return taken

    async def move(self, progress: Progress, leg: int) -> Move:
        """Find what comes next, do what needs no runner (locks, gates, the end), return the rest."""
        for _ in range(_AT_ONCE):
            move = await self._move(progress, leg)
            if move != AGAIN:
                return move
        return AGAIN

    async def _move(self, progress: Progress, leg: int) -> Move:
        view = await progress.look()
        if view.run.status.over:
            return ENDED
        if view.run.leg != leg:
            return STALE
        return _under_way(view) or await self._waits_for_people(view) or await self._next(progress, view)

    async def _waits_for_people(self, view: RunView) -> Move | None:
        """Park the run while an action under way waits for an answer, unless it is time to look."""
        match await stay(self.store, view):
            case None:
                return None
            case Stay.PARKED, _, _:
                return PARKED
            case Stay.LOOK, stage, action:
                return {"do": "act", "stage": stage, "actions": [action]}
            case _:
                return AGAIN

    async def _next(self, progress: Progress, view: RunView) -> Move:
        run, end = view.run, _end_of(view)
        stage = next((stage for stage in view.stages if not _passed(stage)), None)
        if end is None and stage is None:
            end = (Status.SUCCEEDED, _allowed(view))
        if end is None and run.cancel_requested:
            end = (Status.CANCELLED, cancelled_by(view))
        if end is not None:
            back = await self._roll_back(progress, view) if end[0] is Status.FAILED else None
            return back or await self.end(view, *end)
        if stage is None:
            raise AssertionError("a walk without a next stage has an end")
        if view.paused is not None and await self.gates.held(view, stage):
            return PARKED
        return await self._enter(progress, view, stage)

    async def _roll_back(self, progress: Progress, view: RunView) -> Move | None:
        """Put back what a failed action says, one environment after the other; nothing when all is done."""
        for environment, stage, action in rollback.to_roll_back(view):
            back = view.restored(environment)
            if back is not None and back.status.over:
                continue
            fact = None if back else await rollback.begun(self.store, view, environment, stage, action)
            if back is None and fact is None:
                continue
            if not await self._lock(view.run, environment):
                return PARKED
            if fact is not None:
                crash_here("rollback.before")
                await self.store.journal.append(fact)
                crash_here("rollback.after")
                return AGAIN
            if back is not None:
                return await self._begin(progress, back)
        return None

    async def end(self, view: RunView, status: Status, reason: str) -> Move:
        """End the run; locks and pending approvals go with it, but for the lock where its work may still go on."""
        by = view.cancelled_by if status is Status.CANCELLED else None
        keeping = sorted({s.stage.environment for s in view.stages if s.stage.environment and _lingers(s)})
        crash_here("finish.before")
        await self.store.runs.finish(view.run.id, status, _still_there(view, reason, keeping), by or "estiva", keeping)
        crash_here("finish.after")
        return ENDED

    async def broke(self, run_id: str, leg: int, error: BaseException) -> None:
        """End a run whose leg went wrong in a way that nobody foresaw: never silently stuck."""
        _log.error("leg %s/%d broke", run_id, leg, exc_info=error)
        reason = worded("Estiva went wrong: {error}", error=unforeseen(error))
        await self.store.runs.finish(run_id, Status.BROKEN, reason)

    async def _enter(self, progress: Progress, view: RunView, stage: StageView) -> Move:
        """Go on with a stage: pass its gates, take the lock of its environment, name the actions to run."""
        await self._leave_behind(view, stage)
        try:
            closed = None if stage.begun else await self._at_gates(view, stage)
            if closed is not None:
                return closed
            if await self._kept_out(view, stage):
                return PARKED
            locked = _lock_of(view, stage)
            if locked is not None and not await self._lock(view.run, locked):
                return PARKED
            await check_consent(self.store.approvals, view, stage.stage)
        except Unapproved as unapproved:
            return await self.end(view, Status.BROKEN, unapproved.args[0])
        except Unmet as unmet:
            return await self.end(view, Status.FAILED, unmet.args[0])
        return await self._begin(progress, stage)

    async def _at_gates(self, view: RunView, stage: StageView) -> Move | None:
        """Pass the gates in their order; what does not let the run pass gives the move instead."""
        if nothing_to_change(view, stage.stage):
            return await self.end(view, Status.SUCCEEDED, worded("there is nothing to change"))
        await self.gates.check_success(view, stage.stage)
        if stage.stage.approval and (stage.gate is None or stage.gate.decision is Decision.PENDING):
            return await self._ask(view, stage)
        return None if await self.gates.passed(view, stage) else PARKED

    async def _kept_out(self, view: RunView, stage: StageView) -> bool:
        """Park the run where a lock or a freeze is in its way; others may go first meanwhile."""
        found = await self.barriers.before(view.run, stage)
        if found is None:
            return False
        await self.gates.step_aside(view, stage)  # before it is parked: then another leg may be on its way already
        await self.store.holds.wait(view.run, stage.stage.name, str(stage.stage.environment), found)
        return True

    async def _leave_behind(self, view: RunView, stage: StageView) -> None:
        """Let go of the locks that no stage from here on uses."""
        at = view.stages.index(stage)
        later = {s.stage.environment for s in view.stages[at:] if s.actions}
        done = {s.stage.environment for s in view.stages[:at] if s.actions and not _lingers(s)} - later
        for environment in sorted(name for name in done if name is not None):
            crash_here("leave.before")
            await self.store.locks.leave(view.run.id, environment)
            crash_here("leave.after")

    async def _lock(self, run: Run, environment: str) -> bool:
        crash_here("lock.before")
        superseding = run.plan.mode is Mode.SUPERSEDED
        entered = await self.store.locks.enter(run.id, run.plan.service.name, environment, superseding=superseding)
        crash_here("lock.after")
        return entered.held

    async def _ask(self, view: RunView, stage: StageView) -> Move:
        """Ask people; the run waits as a row. An approval that is settled already decides at once."""
        run, environment = view.run, environment_of(view.run.plan, stage.stage)
        crash_here("ask.before")
        approval = await self.store.approvals.ask(
            run.id,
            stage.stage.name,
            environment.name,
            subject_of(run.plan, dict(view.artifacts)),
            max(1, environment.approvals),  # a gate that the pipeline has on purpose asks at least one person
            self.clock() + timedelta(seconds=environment.approval_ttl),
            environment.approval,
        )
        crash_here("ask.after")
        if approval.decision is Decision.PENDING:
            return PARKED
        return AGAIN

    async def _begin(self, progress: Progress, stage: StageView) -> Move:
        name = stage.stage.name
        if not stage.begun:
            await progress.note("stage", Kind.STAGE_STARTED, f"{name}/started", {"stage": name})
        if not stage.actions:
            return AGAIN
        order = min(a.action.run_order for a in stage.actions if not _settled(a))
        names = [a.action.name for a in stage.actions if a.action.run_order == order and not _settled(a)]
        return {"do": "act", "stage": name, "actions": [*names]}


async def view_of(store: Store, run_id: str) -> tuple[Run, RunView, list[Event]]:
    """Read a run and what happened in it."""
    run, events = await store.runs.told(run_id)
    return run, fold(run, events), events


def cancelled_by(view: RunView) -> str:
    """Word who cancelled."""
    return worded("cancelled by {name}", name=view.cancelled_by) if view.cancelled_by else worded("cancelled")


def _under_way(view: RunView) -> Move | None:
    """Name what was begun and has not ended, as its walker died: it is brought to its end before anything else."""
    for stage in view.stages:
        running = (action for action in stage.actions if action.status is Status.RUNNING)
        names = [action.action.name for action in running if not waits_for_people(view, stage, action)]
        if names:
            return {"do": "act", "stage": stage.stage.name, "actions": [*names]}
    return None


def _end_of(view: RunView) -> tuple[Status, str] | None:
    """Derive the end that what has happened demands; what broke weighs more than what failed, then a no."""
    actions = [(stage, action) for stage in view.stages for action in stage.actions]
    broken = [_ended_with(s, a) for s, a in actions if a.status is Status.BROKEN]
    failed = [_ended_with(s, a) for s, a in actions if _aborts(a)]
    gates = [s.gate for s in view.stages if s.gate is not None and not s.asked_by]  # an action's question is its own
    closed = [_refusal(gate) for gate in gates if _refusal(gate)]
    if broken:
        return Status.BROKEN, broken[0]
    if failed:
        return Status.FAILED, rollback.outcome(view, failed[0])
    if closed:
        return Status.CANCELLED, closed[0]
    stopped = view.cancelled_by and any(a.status is Status.CANCELLED for _, a in actions)
    return (Status.CANCELLED, cancelled_by(view)) if stopped else None


def _ended_with(stage: StageView, action: ActionView) -> str:
    return worded("{action}: {reason}", action=f"{stage.stage.name}/{action.action.name}", reason=action.reason)


def _lingers(stage: StageView) -> bool:
    """Tell whether work of a stage may still go on although it has ended."""
    return any(action.lingers for action in stage.actions)


def _still_there(view: RunView, reason: str, keeping: Sequence[str]) -> str:
    """Add to the reason of an end what stays locked, and until when."""
    for environment in keeping:
        actions = ", ".join(f"{s.stage.name}/{a.action.name}" for s, a in view.lingering(environment))
        reason = worded(
            "{reason}; {environment} stays locked until {actions} has really stopped, or Estiva was restarted",
            reason=reason,
            environment=environment,
            actions=actions,
        )
    return reason


def _lock_of(view: RunView, stage: StageView) -> str | None:
    """Name the environment whose lock the stage needs; of a parallel pipeline only what deploys needs one."""
    plan = view.run.plan
    if not stage.actions or (plan.mode is Mode.PARALLEL and not deploys(stage.stage, known_environments(plan))):
        return None
    return stage.stage.environment


def _aborts(view: ActionView) -> bool:
    return view.status is Status.FAILED and view.action.on_failure is not OnFailure.CONTINUE


def _refusal(gate: GateView) -> str:
    match gate.decision:
        case Decision.REJECTED:
            if gate.reason:
                return worded("rejected by {name}: {reason}", name=gate.decided_by, reason=gate.reason)
            return worded("rejected by {name}", name=gate.decided_by)
        case Decision.EXPIRED:
            return worded("nobody approved in time (`{approval}` expired)", approval=gate.approval)
        case Decision.CANCELLED:
            return worded("the approval was cancelled")
        case _:
            return ""


def _passed(stage: StageView) -> bool:
    if stage.asked_by:
        return True
    if not stage.actions:
        return stage.status is Status.SUCCEEDED
    return all(_settled(action) for action in stage.actions)


def _settled(view: ActionView) -> bool:
    """Tell whether an action is done with, as far as going on is concerned: what ends the run was asked before."""
    return view.status in (Status.SUCCEEDED, Status.CANCELLED) or (view.status is Status.FAILED and not _aborts(view))


def _allowed(view: RunView) -> str:
    """Word the failures that were allowed to happen."""
    names = [f"{s.stage.name}/{a.action.name}" for s in view.stages for a in s.actions if a.status is Status.FAILED]
    return worded("failed, but was allowed to: {actions}", actions=", ".join(names)) if names else ""
