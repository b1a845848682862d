"""One action, from its first attempt to its end, as facts in the journal.

May be called again for the same action at any time: what ended stays ended, an attempt that was under way is run again
with the same key (its runner finds what that key started), and no fact is written twice.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from runners.consent import Unapproved, check_consent
from runners.contract import ActionFailed, Asks, Outcome, Runner, Sink, Stopper, Work, unforeseen
from runners.crash import crash_here
from runners.described import Described
from runners.excerpt import excerpt_of
from runners.interrupt import Interrupted, Interrupts, Watch, Why, supervised
from runners.limits import Limits
from runners.progress import Progress
from runners.questions import Questions, answers, asked_by, place_of
from runners.variables import options_of
from runners.walk import cancelled_by
from storage.model.approval import Decision
from storage.model.catalog import Action, Json, Registry, Stage
from storage.model.event import Kind
from storage.model.run import Run, Status
from storage.model.view import ActionView, RunView, StageView
from storage.model.worded import Worded, data_of, data_of_lines, worded
from storage.store import Store

_log = logging.getLogger(__name__)
_SAID = 300
"""Characters of what an action says about how far it is."""
_TAIL = 2_000
"""How many log lines are searched for the excerpt."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Runs actions."""

    store: Store
    runners: Mapping[str, Runner]
    registry: Callable[[], Registry]
    data: Path
    clock: Callable[[], datetime]
    interrupts: Interrupts
    limits: Limits
    worker: Callable[[], str]
    """Under which name this process works now."""
    turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Count the turns."""
        object.__setattr__(self, "turns", asyncio.Semaphore(self.limits.parallel))

    async def act(self, progress: Progress, leg: int, stage_name: str, action_name: str) -> str:
        """Bring an action to its end and return its status, or `stale`, or `cancelled` when it never began.

        Raises `asyncio.CancelledError` when the process shuts down: nothing is then written.
        """
        with self.interrupts.watch(progress.run_id, stage_name, action_name) as watch:
            try:
                return await self._act(progress, watch, leg)
            except Interrupted:
                if watch.why is Why.SHUTDOWN:
                    raise asyncio.CancelledError("Estiva stops") from None
                return Status.CANCELLED.value

    async def _act(self, progress: Progress, watch: Watch, leg: int) -> str:
        view = await progress.known()
        if view.run.leg != leg or view.run.status.over:
            return "stale"
        now = _find(view, watch)
        if now.status.over:
            return now.status.value
        if _stage(view, watch).restoring:
            watch.stand_fast()
        self.heed(watch, view)
        attempt = max(1, now.attempt)
        while True:
            now = _find(view, watch)
            if now.ended_at is not None:  # failed, and to be tried again: nobody's turn is taken up by the pause
                await self._undisturbed(watch, asyncio.sleep(self._pause(now, attempt)))
                attempt += 1
            async with self._turn(watch):
                status = await _Attempt(
                    self, progress, watch, view.run, _stage(view, watch), now.action, attempt
                ).run_to_end(view)
            if status is not Status.RUNNING:
                return status.value
            view = await progress.known()

    async def stop_left(self, view: RunView, place: StageView, action: ActionView) -> bool:
        """Stop what an action that has ended may still do outside, its process being dead. False: not certain."""
        watch = Watch(view.run.id, place.stage.name, action.action.name)
        progress = Progress(self.store, view.run.id)
        return await _Attempt(self, progress, watch, view.run, place, action.action, action.attempt).stop_outside(view)

    def _pause(self, failed: ActionView, attempt: int) -> float:
        """How long to wait before the next attempt; what passed since the failure, a crash too, is waited already.

        Never more than the pause itself, also when the clock was put back meanwhile.
        """
        first = self.limits.backoff if failed.action.backoff is None else failed.action.backoff
        passed = max(0.0, (self.clock() - (failed.ended_at or self.clock())).total_seconds())
        return max(0.0, min(max(60.0, first), first * 2.0 ** (attempt - 1)) - passed)

    def heed(self, watch: Watch, view: RunView) -> None:
        """Interrupt at once what was cancelled while nobody looked: before a restart, or in another process.

        What is cancelled from now on finds the watch.
        """
        if view.run.cancel_requested:
            watch.interrupt(Why.CANCEL, cancelled_by(view))
        for other in _stage(view, watch).actions:
            if other.action.cancel_siblings and other.status is Status.FAILED and other.action.name != watch.action:
                watch.interrupt(Why.SIBLING, _stopped_by(other.action))

    @asynccontextmanager
    async def _turn(self, watch: Watch) -> AsyncIterator[None]:
        """Wait for one of the turns; an interrupted action goes on without, only to be ended."""
        got = await self._undisturbed(watch, self.turns.acquire())
        try:
            yield
        finally:
            if got:
                self.turns.release()

    async def _undisturbed(self, watch: Watch, wait: Coroutine[Any, Any, object]) -> bool:
        try:
            await supervised(wait, watch, timeout=None, grace=self.limits.grace)
        except Interrupted:
            return False
        return True


@dataclass(slots=True)
class _Attempt:
    """One attempt under way."""

    engine: Attempts
    progress: Progress
    watch: Watch
    run: Run
    place: StageView
    action: Action
    number: int
    reached: bool = False
    """Its runner was called here: what it began, it also stops."""

    async def run_to_end(self, view: RunView) -> Status:
        """Return the action's status after this attempt; `RUNNING` when it is to be tried again."""
        if self.watch.why is not None:
            return await self._stopped_unseen(view, _find(view, self.watch))
        try:
            if not self.place.restoring:  # what comes back ran there before, with the yes of its own run
                await check_consent(self.engine.store.approvals, view, self.stage)
        except Unapproved as unapproved:
            return await self._broken(unapproved.args[0])
        # what was asked before is in what this tells, what is asked from now on finds the watch
        self.engine.heed(self.watch, await self._journal(Kind.ACTION_STARTED, "started", {}))
        try:
            outcome = await self._work(view)
        except (Interrupted, Asks, ActionFailed) as rest:
            return await self._at_rest(view, rest)
        except Exception as error:  # noqa: BLE001 - whatever a runner raises, it is told as the run's end
            _log.exception("action %s broke", self._about.key)
            if self.watch.why is not Why.SHUTDOWN:  # what it or a dead process began would go on without the lock
                await self.stop_outside(view)
            return await self._broken(unforeseen(error))
        await self._release(view, outcome)
        made: dict[str, Json] = {
            "artifacts": {**outcome.artifacts},
            **data_of(summary=outcome.summary),
            **data_of_lines("details", outcome.details),
        }
        if outcome.variables:
            made["variables"] = {**outcome.variables}
        await self._journal(Kind.ACTION_SUCCEEDED, "ended", made)
        return Status.SUCCEEDED

    @property
    def _about(self) -> Described:
        return Described(self.engine.store, self.run, self.place, self.action, self.number)

    async def _work(self, view: RunView) -> Outcome:
        engine, sink = self.engine, self.engine.store.logs.sink(*self._place)
        try:
            crash_here("work.before")
            described = await self._described(view, options_of(view, *self._about.planned, self._runner))
            described.workspace.mkdir(parents=True, exist_ok=True)
            work = self._reach(described, sink)
            outcome = await supervised(work, self.watch, timeout=self.action.timeout, grace=engine.limits.grace)
            crash_here("work.after")
            return outcome
        finally:
            sink.close()
            if not sink.done:  # before its end is a fact: after that nobody would write it again
                await engine.store.logs.settle(*self._place)
            await self.watch.still_ours()

    async def _reach(self, work: Work, sink: Sink) -> Outcome:
        self.reached = True
        return await self._runner.run(work, sink)

    @property
    def _runner(self) -> Runner:
        try:
            return self.engine.runners[self.action.uses]
        except KeyError:
            known = ", ".join(sorted(self.engine.runners))
            raise LookupError(f"nothing here runs `{self.action.uses}` actions (known: {known})") from None

    @property
    def _place(self) -> tuple[str, str, str, int]:
        return self.run.id, self.stage.name, self.action.name, self.number

    @property
    def stage(self) -> Stage:
        """The stage, as planned or as added to put something back."""
        return self.place.stage

    async def _described(self, view: RunView, options: Mapping[str, Json]) -> Work:
        return await self._about.work(
            view,
            options,
            registry=self.engine.registry(),
            workspace=self.engine.data / "work" / self.run.id,
            tell=self._tell,
            abandoned=self.watch.abandoned,
        )

    async def _tell(self, text: str) -> None:
        """Journal how far the work is; the same is said once, and what is stopped has nothing to say any more."""
        said = text if isinstance(text, Worded) else text[:_SAID]
        if self.watch.why is not None or self.watch.left:
            return
        word = f"told/{hashlib.sha256(said.encode()).hexdigest()[:16]}"
        await self._journal(Kind.ACTION_PROGRESSED, word, data_of(progress=said), point="told")

    async def _release(self, view: RunView, outcome: Outcome) -> None:
        """Note what now runs where; before the success is a fact, so that no crash leaves a success without it."""
        release = await self._about.release(view, outcome, self.engine.clock())
        if release is not None:
            crash_here("release.before")
            await self.engine.store.releases.record(release, restored=self.place.restoring is not None)
            crash_here("release.after")

    async def _at_rest(self, view: RunView, rest: Interrupted | Asks | ActionFailed) -> Status:
        match rest:
            case Asks():
                return await self._ask(view, rest)
            case ActionFailed():
                return await self._failed(rest)
            case _ if self.reached:
                return await self._cancelled()
            case _:  # it was stopped on the way to its runner, which has not looked for what a dead process began
                return await self._unreached(view, _find(view, self.watch))

    async def _ask(self, view: RunView, asks: Asks) -> Status:
        """Put a question of the work to people; it is run again when they have decided."""
        self.progress.doubt()  # a person may have decided about an earlier one
        asked = Questions(self.engine.store, self.engine.clock())
        approval = await asked.put(await self.progress.known(), self.place, self.action, asks)
        self.progress.doubt()
        if approval.decision is Decision.CANCELLED or asks.name in answers(view, self.place, self.action):
            return await self._broken(worded("it asks `{name}` again, which was over", name=asks.name))
        return Status.WAITING

    async def _failed(self, failure: ActionFailed) -> Status:
        # never a second one beside the first, if that heeds no cancellation
        again = self.number < self.action.attempts and _may_pass(failure, self.action) and not self.watch.left
        data: dict[str, Json] = {
            **data_of(reason=failure.reason, hint=failure.hint),
            **self._lingers,
            "error": failure.error,
            "excerpt": [],
            **data_of_lines("excerpt", excerpt_of(await self.engine.store.logs.tail(*self._place, lines=_TAIL))),
            "final": not again,
        }
        if failure.exit_code is not None:
            data["exit_code"] = failure.exit_code
        await self._journal(Kind.ACTION_FAILED, "ended", data)
        if again:
            return Status.RUNNING
        if self.action.cancel_siblings:
            self.engine.interrupts.siblings(self.run.id, self.stage.name, self.action.name, _stopped_by(self.action))
        return Status.FAILED

    async def _stopped_unseen(self, view: RunView, begun: ActionView) -> Status:
        """End an action that was stopped before this process began it, and what a dead process left of it."""
        if self.watch.why is Why.CANCEL and begun.attempt == 0:
            return Status.CANCELLED  # it never began: the end of the run says it all
        return await self._unreached(view, begun)

    async def _unreached(self, view: RunView, begun: ActionView) -> Status:
        """End an action whose runner was not called here, and what a dead process left of it."""
        if self.watch.why is not Why.SHUTDOWN and begun.attempt == self.number:
            await self.stop_outside(view)  # if not, what is labelled with an ended run is swept later
        return await self._cancelled()

    async def stop_outside(self, view: RunView) -> bool:
        """Stop what nobody follows any more: a dead process left it, or it broke. False when that is not certain."""
        runner = self.engine.runners.get(self.action.uses)
        if not isinstance(runner, Stopper):
            return True
        crash_here("stop.before")
        try:
            async with asyncio.timeout(self.engine.limits.grace):
                # by its key: what began is stopped, whatever its options were
                await runner.stop(await self._described(view, self.action.options))
        except Exception:  # noqa: BLE001 - whatever is the matter, the caller goes on
            _log.exception("what %s left outside could not be stopped", self._about.key)
            return False
        crash_here("stop.after")
        return True

    async def _cancelled(self) -> Status:
        if self.watch.why is Why.SHUTDOWN:
            raise Interrupted
        if (await self.engine.store.runs.get(self.run.id)).status.over:
            return Status.CANCELLED  # nothing follows the end of a run
        await self._journal(Kind.ACTION_CANCELLED, "ended", {**data_of(reason=self.watch.reason), **self._lingers})
        return Status.CANCELLED

    async def _broken(self, reason: str) -> Status:
        if self.watch.why is Why.SHUTDOWN:
            raise Interrupted  # the debris of a shutdown is no fact
        await self._journal(Kind.ACTION_BROKEN, "ended", {**data_of(reason=reason), **self._lingers})
        return Status.BROKEN

    @property
    def _lingers(self) -> dict[str, Json]:
        """Say whose process it is in which the work may go on, if it does."""
        return {"lingers": self.engine.worker()} if self.watch.left else {}

    async def _journal(self, kind: Kind, word: str, data: dict[str, Json], point: str = "") -> RunView:
        place: dict[str, Json] = {"stage": self.stage.name, "action": self.action.name, "attempt": self.number}
        key = f"{self.stage.name}/{self.action.name}/{self.number}/{word}"
        asked = word == "ended" and asked_by(await self.progress.known(), self.place, self.action)
        withdraws = place_of(self.place, self.action) if asked else ""
        return await self.progress.note(point or word, kind, key, {**place, **data}, withdraws=withdraws)


def _stopped_by(failed: Action) -> str:
    return worded("stopped because `{action}` failed", action=failed.name)


def _may_pass(failure: ActionFailed, action: Action) -> bool:
    """Tell whether this failure is one after which the catalog, or else the runner, would try again."""
    return failure.retryable if action.retry_on is None else failure.error in action.retry_on


def _find(view: RunView, watch: Watch) -> ActionView:
    return next(action for action in _stage(view, watch).actions if action.action.name == watch.action)


def _stage(view: RunView, watch: Watch) -> StageView:
    return next(stage for stage in view.stages if stage.stage.name == watch.stage)
