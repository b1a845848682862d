"""What people do, as the bot would do it for them. Each may be delivered more than once, to any process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from runners.onward import plan_onward, stopped_at
from storage.database import UNREACHABLE
from storage.model.approval import Approval
from storage.model.catalog import Catalog, Registry
from storage.model.fold import fold
from storage.model.gate import GateKind
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.model.run import Plan, Run, Status, Trigger

if TYPE_CHECKING:
    from tests.simulation.world import Worker

REQUESTER, BOB, EVE = "U0ANN", "U0BOB", "U0EVE"


async def ask(worker: "Worker", request: Request, plan: Plan) -> None:
    """Have a run opened, as the intake does: durable first, then acknowledged, done last."""
    await worker.store.requests.accept(request)
    worker.world.acknowledge(request.id)
    await opened(worker, request, plan)


async def opened(worker: "Worker", request: Request, plan: Plan) -> None:
    """Open the run of a request that was accepted, however often the database has to be asked."""
    while True:
        try:
            run = await worker.store.runs.open(request, plan)
            await worker.store.requests.answer(request.id, Reply(verdict=Verdict.STARTED, text=run.id))
        except UNREACHABLE:
            await asyncio.sleep(1)
        else:
            return


async def cancel(worker: "Worker", pick: int) -> None:
    active = await worker.store.runs.active()
    if active:
        await worker.engine.cancel(active[pick % len(active)].id, BOB)


async def reject(worker: "Worker", pick: int) -> None:
    for approval in await _one(worker, pick):
        await worker.store.approvals.reject(approval.id, BOB, "not today")


async def resume(worker: "Worker", pick: int) -> None:
    for run in (await worker.store.runs.active())[pick % 2 :]:
        for gate in await worker.store.gates.closed(run.id):
            if gate.kind in (GateKind.PAUSE, GateKind.HOLD):
                await worker.store.gates.open(gate.run, gate.stage, gate.kind, BOB)


async def pause(worker: "Worker", pick: int) -> None:
    active = await worker.store.runs.active()
    if active:
        await worker.store.gates.pause(active[pick % len(active)].id, BOB)


async def unlock(worker: "Worker", pick: int) -> None:
    """End the lock that a rollback left behind."""
    for hold in await worker.store.holds.active():
        await worker.store.holds.release(hold.id, BOB)
        worker.engine.wake()


async def retry(worker: "Worker", pick: int) -> None:
    """Go on where a run stopped, with all of that stage or with what did not succeed there."""
    for run in await _over(worker, pick):
        events = await worker.store.journal.of_run(run.id)
        stopped = stopped_at(fold(run, events))
        if run.status is not Status.SUCCEEDED and stopped is not None:
            plan = plan_onward(
                _catalog(run.plan), run, events, stopped.stage.name, Trigger.RETRY, failed_only=pick % 2 == 0
            )
            await _again(worker, run, plan)


async def rerun(worker: "Worker", pick: int) -> None:
    """Do a run again from one of its stages on."""
    for run in await _over(worker, pick):
        stages = run.plan.stages
        name, events = stages[pick % len(stages)].name, await worker.store.journal.of_run(run.id)
        await _again(worker, run, plan_onward(_catalog(run.plan), run, events, name, Trigger.RERUN))


async def _over(worker: "Worker", pick: int) -> list[Run]:
    over = sorted((run for run in await worker.store.runs.recent() if run.status.over), key=lambda run: run.id)
    return [over[pick % len(over)]] if over else []


async def _again(worker: "Worker", run: Run, plan: Plan) -> None:
    """Ask for it, once for each run; what was asked first is what counts."""
    request = Request(
        id=f"again/{run.id}", via=Via.BUTTON, team="T1", channel="C1", user=REQUESTER, text="again", at=run.opened_at
    )
    await ask(worker, request, worker.world.plans.setdefault(request.id, plan))


def _catalog(plan: Plan) -> Catalog:
    """The catalog as it was: nothing in it has changed."""
    return Catalog(
        services={plan.service.name: plan.service},
        environments={plan.environment.name: plan.environment, **plan.environments},
        people={},
        grants=(),
        registry=Registry(host="127.0.0.1:5001"),
    )


async def cancel_all(worker: "Worker") -> None:
    for run in await worker.store.runs.active():
        await worker.engine.cancel(run.id, BOB)


async def approve(worker: "Worker", pick: int) -> None:
    for approval in await _one(worker, pick):
        await worker.store.approvals.approve(approval.id, (BOB, EVE)[pick % 2], approval.subject)


async def approve_twice(worker: "Worker", pick: int) -> None:
    for approval in await _one(worker, pick):
        await worker.store.approvals.approve(approval.id, BOB, approval.subject)
        await worker.store.approvals.approve(approval.id, BOB, approval.subject)


async def approve_own(worker: "Worker", pick: int) -> None:
    for approval in await _one(worker, pick):
        await worker.store.approvals.approve(approval.id, REQUESTER, approval.subject)


async def approve_another(worker: "Worker", pick: int) -> None:
    """Approve what is no longer, or never was, what would be released."""
    for approval in await _one(worker, pick):
        await worker.store.approvals.approve(approval.id, BOB, "0" * 64)


async def _one(worker: "Worker", pick: int) -> list[Approval]:
    pending = await worker.store.approvals.pending()
    return [pending[pick % len(pending)]] if pending else []


DEEDS: dict[str, Callable[["Worker", int], Awaitable[None]]] = {
    "cancel": cancel,
    "pause": pause,
    "unlock": unlock,
    "retry": retry,
    "rerun": rerun,
    "reject": reject,
    "resume": resume,
    "approve": approve,
    "approve twice": approve_twice,
    "approve own": approve_own,
    "approve another": approve_another,
}
"""Name -> the deed; the number picks of several."""
