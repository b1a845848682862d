"""How often a rollout is looked at: the end is seen within two seconds, for no more calls than the SDK's waiter."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from runners.aws.ecs.looks import WAITER, Looks
from runners.aws.ecs.runner import EcsRunner
from runners.aws.ecs.services import Deployment
from runners.aws.session import Clouds
from tests.aws.fleet import Fleet
from tests.doubles.aws.server import KEY, REGION, SECRET, Server
from tests.doubles.aws.tasks import Behaviour

WHEN = datetime(2026, 11, 26, tzinfo=UTC)


def rollout(*, running: int = 0, pending: int = 2, failed: int = 0) -> Deployment:
    return Deployment(
        id="ecs-svc/1",
        status="PRIMARY",
        task_definition="hello:2",
        rollout="IN_PROGRESS",
        reason="",
        desired=2,
        running=running,
        pending=pending,
        failed=failed,
        created_at=WHEN,
    )


def watched(ends: float, looks: Looks, *, starts: float | None = None) -> tuple[float, int]:
    """Watch a rollout that ends then; gives how late the end is seen, and with how many calls."""
    now = 0.0
    while now < ends:
        up = starts is not None and now >= starts
        now += looks.pause(now, rollout(running=2 if up else 0, pending=0 if up else 2))
    return now - ends, looks.made


def calls_of_the_waiter(ends: float) -> int:
    return next(n + 1 for n in itertools.count() if n * WAITER >= ends)


@pytest.mark.parametrize("ends", [20, 47, 60, 95, 130, 182, 240, 333, 600])
@pytest.mark.parametrize("other", [-3, -1, 0, 1, 3])
def test_the_end_of_a_rollout_like_the_last_one_is_seen_at_once_and_for_no_more_calls(ends: int, other: int) -> None:
    looks = Looks(expected=ends + other)
    looks.made = 1
    late, made = watched(ends, looks)
    assert made <= calls_of_the_waiter(ends + late)
    assert late <= 2 or ends < 60, "a rollout of less than a minute has few looks to spare"
    assert late <= WAITER


@pytest.mark.parametrize("expected", [None, 30, 60, 300, 3000])
@pytest.mark.parametrize("ends", [31, 64, 155, 305, 610])
def test_whatever_was_expected_it_is_never_looked_at_more_often(expected: float | None, ends: int) -> None:
    looks = Looks(expected=expected)
    looks.made = 1
    late, made = watched(ends, looks, starts=ends * 0.6)
    assert made <= calls_of_the_waiter(ends + late)
    assert late <= 2 * WAITER or (expected is not None and expected > ends)


def test_a_task_that_fails_is_watched_closely() -> None:
    looks = Looks(expected=600)
    looks.made = 1
    assert looks.pause(100, rollout(failed=1)) < 2


@pytest.mark.bench
async def test_the_same_scripted_rollout_takes_the_waiter_no_fewer_calls(
    fleet: Fleet, server: Server, clouds: Clouds
) -> None:
    """Both on the double, twenty times as fast as AWS: what the runner asks, and what `services_stable` asks."""
    server.clock.speed = 20
    fleet.runner = EcsRunner(clouds, fleet.registry.environ, pace=1 / 20)
    first, second = fleet.pushed("one"), fleet.pushed("two")
    steady = Behaviour(starts=60, steady=309)  # between two looks of the waiter, which come a little late each
    fleet.tasks.behaviours |= {first: steady, second: steady, fleet.old: steady}
    known = fleet.service.deployments[0]  # what went before took as long
    known.finished = known.created + timedelta(seconds=steady.steady)
    await fleet.deploy(first)
    before = len(server.calls)
    await fleet.deploy(second)
    asked = [each.operation for each in server.calls[before:]]
    following = asked[asked.index("UpdateService") + 1 :]
    seen = server.clock.now()
    ended = fleet.service.primary.finished
    assert ended is not None

    def wait() -> None:
        ecs = boto3.client("ecs", REGION, endpoint_url=server.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET)
        ecs.update_service(cluster="web", service="hello", taskDefinition=fleet.definition)
        ecs.get_waiter("services_stable").wait(
            cluster="web", services=["hello"], WaiterConfig={"Delay": WAITER / server.clock.speed, "MaxAttempts": 100}
        )

    before = len(server.calls)
    await asyncio.to_thread(wait)
    waiter = len(server.calls) - before - 1
    print(f"runner: {len(following)} calls, waiter: {waiter}; {(seen - ended).total_seconds():.1f} s after the end")
    assert len(following) <= waiter
