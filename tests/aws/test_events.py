"""The end of a rollout is heard of: for any length of it at once, and for no more calls than the SDK's waiter makes."""

import asyncio
from dataclasses import replace

import pytest

from runners.aws.ecs.events import Heard
from runners.aws.ecs.looks import WAITER, Looks
from runners.aws.ecs.runner import EcsRunner
from runners.aws.ecs.watch import Watch
from runners.aws.session import Clouds
from runners.contract import ActionFailed, Answer, Asks
from storage.model.catalog import Json
from tests.aws.fleet import Fleet
from tests.aws.test_looks import rollout
from tests.aws.test_staged import BALANCED, CANARY, PAUSED
from tests.doubles.aws.queue import Queue
from tests.doubles.aws.rollouts import EXITS, NEVER, Behaviour
from tests.doubles.aws.server import Server
from tests.runners.bench import Notes

DEAF = "the events of ECS cannot be heard, so it is looked at instead: "

ASKED_OF_ECS = (
    *("DescribeServices", "ListServiceDeployments"),
    *("DescribeServiceDeployments", "DescribeServiceRevisions"),
)


@pytest.fixture
def queue(fleet: Fleet, server: Server) -> Queue:
    queue = Queue(server, fleet.tasks)
    fleet.environment = replace(fleet.environment, options={**fleet.environment.options, "events": queue.url})
    return queue


@pytest.fixture
def attentive(fleet: Fleet, clouds: Clouds) -> None:
    """Let silence make us look only after hours: what is not heard of is not seen before the test is given up."""
    fleet.runner = EcsRunner(clouds, fleet.registry.environ, pace=100)


def following(server: Server, *operations: str) -> list[str]:
    asked = [each.operation for each in server.calls]
    return [each for each in asked[asked.index("UpdateService") + 1 :] if each in operations]


@pytest.mark.usefixtures("attentive")
async def test_what_is_heard_is_looked_at_once(fleet: Fleet, server: Server, queue: Queue) -> None:
    queue.say("no event at all")
    queue.say('{"source": "aws.ecs", "resources": ["arn:of:another"]}')
    await fleet.deploy(fleet.pushed("new"))
    assert len(following(server, "DescribeServices")) <= 2, "the end, and once more if it was not yet seen"
    assert following(server, "ListServiceDeployments") == []
    assert server.count("DeleteMessageBatch") >= 1


@pytest.mark.usefixtures("attentive", "queue")
async def test_a_failure_is_heard_as_well(fleet: Fleet) -> None:
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS)
    with pytest.raises(ActionFailed) as raised:
        await fleet.deploy(bad)
    assert raised.value.error == "tasks_failed"


@pytest.mark.parametrize("wrong", ["denied", "elsewhere", "no queue as AWS has them"])
async def test_a_queue_that_cannot_be_read_is_told_and_it_is_looked_at_instead(
    fleet: Fleet, server: Server, queue: Queue, notes: Notes, wrong: str
) -> None:
    if wrong == "denied":
        server.denied.add("sqs:ReceiveMessage")
    elif wrong == "elsewhere":
        queue.url += "-other"
    else:
        queue.without_receipts = True
        queue.say("no event at all")
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(steady=NEVER)
    work = await fleet.begun(new, notes)
    while DEAF not in notes.text and not work.done():  # noqa: ASYNC110 - what is written rings no bell
        await asyncio.sleep(0.01)
    fleet.service.primary.behaviour = Behaviour()
    await work
    assert notes.text.count(DEAF) == 1
    assert fleet.service.primary.rollout == "COMPLETED"


async def test_silence_is_no_reason_to_wait_for_ever(fleet: Fleet, queue: Queue) -> None:
    new = fleet.pushed("new")
    queue._told |= {f"ecs-svc/{9_223_370_000_000_000_001 + n}" for n in range(9)}  # noqa: SLF001 - events get lost
    await fleet.deploy(new)
    assert fleet.service.primary.rollout == "COMPLETED"


@pytest.mark.usefixtures("attentive", "queue")
async def test_the_end_of_a_deployment_in_stages_is_heard_as_well(fleet: Fleet, server: Server) -> None:
    fleet.service.more |= BALANCED
    await fleet.deploy(fleet.pushed("new"), options={"strategy": CANARY})
    assert len(following(server, "DescribeServiceDeployments")) <= 3, "at once, at the end, and if it was not yet seen"
    assert fleet.service.primary.outcome == "SUCCESSFUL"


@pytest.mark.usefixtures("attentive", "queue")
async def test_a_pause_is_heard_of_and_asked_about_at_once(fleet: Fleet, server: Server) -> None:
    fleet.service.more |= BALANCED
    new = fleet.pushed("new")
    with pytest.raises(Asks) as raised:
        await fleet.deploy(new, run="hello-850", options={"strategy": PAUSED})
    assert len(following(server, "DescribeServiceDeployments")) <= 2
    answers = {raised.value.name: Answer(yes=True, by="U0BOB")}
    await fleet.deploy(new, run="hello-850", options={"strategy": PAUSED}, answers=answers)
    assert fleet.service.primary.outcome == "SUCCESSFUL"


@pytest.mark.parametrize("deaf_at", ["before", "during", "after"])
async def test_that_nothing_is_heard_is_said_once_whenever_it_happens(notes: Notes, deaf_at: str) -> None:
    heard = Heard("arn:service", asyncio.get_running_loop())
    watch = Watch(looks=Looks(), heard=heard, sink=notes, pace=1e-4)
    if deaf_at == "before":
        heard.ring(deaf="denied")
    elif deaf_at == "during":
        asyncio.get_running_loop().call_soon(heard.ring, "denied")
    await watch.rest(rollout())
    heard.ring(deaf="denied")
    await watch.rest(rollout())
    await watch.rest(rollout())
    assert notes.lines == [f"{DEAF}denied"]


@pytest.mark.bench
@pytest.mark.parametrize(
    ("strategy", "lasts"),
    [
        ({"type": "canary", "wait": 5, "bake": 5}, 680),
        ({"type": "blue_green", "bake": 15}, 990),
    ],
)
async def test_the_end_of_a_long_deployment_in_stages_is_heard_for_no_more_calls_than_the_waiter(
    fleet: Fleet, server: Server, clouds: Clouds, strategy: dict[str, Json], lasts: float
) -> None:
    server.clock.speed = 20
    queue = Queue(server, fleet.tasks)
    fleet.service.more |= BALANCED
    options = {**fleet.environment.options, "events": queue.url, "strategy": strategy}
    fleet.environment = replace(fleet.environment, options=options)
    fleet.runner = EcsRunner(clouds, fleet.registry.environ, pace=1 / 20)
    await fleet.deploy(fleet.pushed("new"))
    late = (server.clock.now() - (fleet.service.primary.finished or server.clock.now())).total_seconds()
    made = len(following(server, *ASKED_OF_ECS, "ReceiveMessage", "DeleteMessageBatch"))
    waiter = int((lasts + WAITER - 1) // WAITER) + 1
    print(f"{strategy['type']}, {lasts} s: {late:.1f} s late, {made} calls; the waiter makes {waiter}")
    assert made <= waiter
    assert late <= 2 * 20, "two seconds of ours"


@pytest.mark.bench
@pytest.mark.parametrize("steady", [40, 97, 199, 409, 611])
async def test_the_end_of_any_rollout_is_heard_within_two_seconds_for_no_more_calls_than_the_waiter(
    fleet: Fleet, server: Server, clouds: Clouds, steady: float
) -> None:
    """Twenty times as fast as AWS, and nothing known of how long a rollout takes."""
    server.clock.speed = 20
    queue = Queue(server, fleet.tasks)
    fleet.environment = replace(fleet.environment, options={**fleet.environment.options, "events": queue.url})
    fleet.runner = EcsRunner(clouds, fleet.registry.environ, pace=1 / 20)
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(starts=steady / 2, steady=steady)
    await fleet.deploy(new)
    late = (server.clock.now() - (fleet.service.primary.finished or server.clock.now())).total_seconds()
    of_ecs = len(following(server, *ASKED_OF_ECS))
    made = of_ecs + len(following(server, "ReceiveMessage", "DeleteMessageBatch"))
    waiter = int((steady + WAITER - 1) // WAITER) + 1
    print(f"{steady} s: {late:.1f} s late, {of_ecs} calls of ECS, {made} in all; the waiter makes {waiter}")
    assert made <= waiter
    assert late <= 2 * 20, "two seconds of ours: the double runs twenty times as fast, and the machine may be busy"
