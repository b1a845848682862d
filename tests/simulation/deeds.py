"""What people do, as the bot would do it for them. Each may be delivered more than once, to any process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from storage.database import UNREACHABLE
from storage.model.approval import Approval
from storage.model.gate import GateKind
from storage.model.reply import Reply, Verdict
from storage.model.request import Request
from storage.model.run import Plan

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
            return worker.engine.wake()


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
            if gate.kind is GateKind.PAUSE:
                await worker.store.gates.open(gate.run, gate.stage, gate.kind, BOB)


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
    "reject": reject,
    "resume": resume,
    "approve": approve,
    "approve twice": approve_twice,
    "approve own": approve_own,
    "approve another": approve_another,
}
"""Name -> the deed; the number picks of several."""
