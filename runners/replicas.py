"""How many containers of a release are to run, read when the work is done: nothing planned earlier undoes it."""

from storage.model.run import Plan
from storage.model.view import StageView
from storage.store import Store


async def replicas_of(store: Store, plan: Plan, place: StageView) -> int | None:
    """Give as many as are asked for, as ran before this run where it puts something back, or else as run now."""
    if place.restoring:
        return place.restoring.release.replicas
    environment = place.stage.environment
    if environment is None or plan.replicas is not None:
        return plan.replicas
    now = await store.releases.current(plan.service.name, environment)
    return now.replicas if now else None
