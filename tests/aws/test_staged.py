"""Blue/green, linear and canary deployments of ECS: declared, followed stage by stage, answered by people, put back."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from runners.contract import ActionFailed, Answer, Asks
from tests.aws.fleet import Fleet
from tests.doubles.aws.rollouts import EXITS, Behaviour
from tests.doubles.aws.server import Fault, Server
from tests.runners.bench import Notes

_SHIFTED = {"alternateTargetGroupArn": "arn:green", "productionListenerRule": "arn:rule"}
BALANCED = {"loadBalancers": [{"targetGroupArn": "arn:blue", "advancedConfiguration": _SHIFTED}]}
CANARY: dict[str, Any] = {"type": "canary", "percent": 10, "wait": 1, "bake": 1}
PAUSED: dict[str, Any] = {
    "type": "blue_green",
    "bake": 1,
    "pauses": ["post_test_traffic_shift"],
    "pause_timeout": 20_160,
}
YES, NO = Answer(yes=True, by="U0BOB"), Answer(yes=False, by="U0BOB", reason="errors")


@pytest.fixture(autouse=True)
def _balanced(fleet: Fleet) -> None:
    fleet.service.more |= BALANCED


def like(strategy: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"options": {"strategy": strategy}, **more}


class Told:
    """Takes what is told to the run's card."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, text: str) -> None:
        self.texts.append(str(text))


async def asks(fleet: Fleet, digest: str, **more: Any) -> Asks:
    with pytest.raises(Asks) as raised:
        await fleet.deploy(digest, **more)
    return raised.value


async def failed(fleet: Fleet, digest: str, notes: Notes | None = None, **more: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as raised:
        await fleet.deploy(digest, notes, **more)
    return raised.value


async def test_a_canary_is_declared_and_followed_through_its_stages(fleet: Fleet, server: Server, notes: Notes) -> None:
    slow, told = {**CANARY, "wait": 5}, Told()
    await fleet.step_by_step(fleet.pushed("new"), notes, **like(slow, tell=told))
    assert "PRODUCTION_TRAFFIC_SHIFT: 10 % of the traffic (IN_PROGRESS)" in told.texts
    (update,) = [each.given for each in server.calls if each.operation == "UpdateService"]
    settings = update["deploymentConfiguration"]
    assert settings["canaryConfiguration"] == {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5}
    assert (settings["strategy"], settings["bakeTimeInMinutes"]) == ("CANARY", 1)
    assert settings["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}, "what else it said stays"
    assert fleet.service.primary.outcome == "SUCCESSFUL"
    for part in ("\nSCALE_UP: ", "\nTEST_TRAFFIC_SHIFT: ", "10 % of the traffic", "BAKE_TIME", "100 % of the traffic"):
        assert part in notes.text
    server.clock.speed = 200
    await fleet.deploy(fleet.pushed("newer"), **like(slow))
    assert "deploymentConfiguration" not in next(
        each.given for each in reversed(server.calls) if each.operation == "UpdateService"
    ), "as declared already"


async def test_what_the_service_says_itself_is_followed_as_well(fleet: Fleet, server: Server, notes: Notes) -> None:
    linear = {"stepPercent": 50.0, "stepBakeTimeInMinutes": 5}
    own = {"strategy": "LINEAR", "linearConfiguration": linear, "bakeTimeInMinutes": 1}
    fleet.service.more["deploymentConfiguration"] = own
    await fleet.step_by_step(fleet.pushed("new"), notes)
    assert "50 % of the traffic" in notes.text
    assert server.count("UpdateService") == 1


async def test_a_pause_asks_people_and_a_yes_goes_on(fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    question = await asks(fleet, new, **like(PAUSED, run="hello-800"))
    assert "waits at POST_TEST_TRAFFIC_SHIFT" in question.question
    assert question.expires_at is not None
    again = await asks(fleet, new, **like(PAUSED, run="hello-800"))
    assert again.name == question.name, "the same question, to whoever looks again"
    outcome = await fleet.deploy(new, **like(PAUSED, run="hello-800", answers={question.name: YES}))
    assert outcome.variables["DEPLOYMENT"] == fleet.service.primary.id
    assert server.count("UpdateService") == server.count("ContinueServiceDeployment") == 1


async def test_a_no_lets_it_go_back_and_is_the_reason(fleet: Fleet, notes: Notes) -> None:
    new = fleet.pushed("new")
    question = await asks(fleet, new, **like(PAUSED, run="hello-801"))
    failure = await failed(fleet, new, notes, **like(PAUSED, run="hello-801", answers={question.name: NO}))
    assert (failure.error, failure.reason) == ("rejected", "rejected by U0BOB: errors; ECS goes to hello:1")
    assert fleet.service.primary.task_definition == fleet.definition
    assert "ROLLBACK_SUCCESSFUL" in notes.text


async def test_a_pause_that_somebody_answered_in_ecs_is_asked_no_more(fleet: Fleet) -> None:
    new = fleet.pushed("new")
    await asks(fleet, new, **like(PAUSED, run="hello-802"))
    staged = fleet.service.primary.staged
    assert staged is not None
    staged.answer(staged.hooks[-1]["hookId"], "CONTINUE", fleet.server.clock.now())
    await fleet.deploy(new, **like(PAUSED, run="hello-802"))
    assert fleet.service.primary.outcome == "SUCCESSFUL"


@pytest.mark.parametrize("code", ["InvalidParameterException", "ServiceDeploymentNotFoundException"])
async def test_an_answer_that_comes_too_late_is_said_and_followed_on(
    fleet: Fleet, server: Server, notes: Notes, code: str
) -> None:
    new = fleet.pushed("new")
    question = await asks(fleet, new, **like(PAUSED, run="hello-811"))
    server.faults = [Fault("ContinueServiceDeployment", code)]
    await fleet.deploy(new, notes, **like(PAUSED, run="hello-811", answers={question.name: YES}))
    assert "the pause at POST_TEST_TRAFFIC_SHIFT is over already" in notes.text
    assert fleet.service.primary.outcome == "SUCCESSFUL"


async def test_a_deployment_that_waits_is_put_back_when_its_run_is_cancelled(fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    await asks(fleet, new, **like(PAUSED, run="hello-803"))
    await fleet.runner.stop(fleet.work(new, **like(PAUSED, run="hello-803")))
    stopped = next(each.given for each in server.calls if each.operation == "StopServiceDeployment")
    assert stopped["stopType"] == "ROLLBACK"
    assert fleet.service.primary.task_definition == fleet.definition


@pytest.mark.parametrize(
    ("behaviour", "error", "reason"),
    [
        (Behaviour(alarm_at=35), "alarm", "an alarm stopped the deployment: too-many-errors; ECS goes to hello:1"),
        (
            Behaviour(hook_fails="POST_SCALE_UP"),
            "hook_failed",
            "Lifecycle hook failed at POST_SCALE_UP.; ECS goes to hello:1",
        ),
        (
            Behaviour(fails=EXITS),
            "tasks_failed",
            (
                "hello ended with exit code 3: Essential container in task exited; "
                "ECS deployment circuit breaker: tasks failed to start.; ECS goes to hello:1"
            ),
        ),
    ],
)
async def test_what_ecs_itself_puts_back_is_a_failure_with_its_reason(
    fleet: Fleet, behaviour: Behaviour, error: str, reason: str
) -> None:
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = behaviour
    failure = await failed(fleet, bad, **like(CANARY))
    assert (failure.error, failure.reason) == (error, reason)


async def test_a_deployment_that_somebody_aborted_is_put_back(fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(stage=1e6)
    work = await fleet.begun(new, **like(CANARY))
    deployment = fleet.service.primary
    fleet.tasks.abort(deployment)
    with pytest.raises(ActionFailed) as raised:
        await work
    assert raised.value.error == "rolled_back"
    assert raised.value.reason.endswith("web/hello goes back to hello:1")
    assert fleet.service.primary.task_definition == fleet.definition


async def test_a_rollback_waits_for_nobody(fleet: Fleet, server: Server) -> None:
    first, second = fleet.pushed("one"), fleet.pushed("two")
    await fleet.deploy(first)
    await fleet.deploy(second)
    await fleet.deploy(first, **like(PAUSED, goes_back=True))
    update = [each.given for each in server.calls if each.operation == "UpdateService"][-1]
    assert "lifecycleHooks" not in update["deploymentConfiguration"]


async def test_a_shutdown_leaves_it_to_be_found_again(fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(stage=1e6)
    work = await fleet.begun(new, **like(CANARY, run="hello-804"))
    fleet.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    fleet.abandoned = False
    server.clock.skip(2e7)
    await fleet.deploy(new, **like(CANARY, run="hello-804"))
    assert server.count("RegisterTaskDefinition") == server.count("UpdateService") == 1


@pytest.mark.parametrize(
    ("strategy", "problem"),
    [
        ({}, "option type is missing"),
        ({"type": "canari"}, "one of rolling, blue_green, linear, canary"),
        ({"type": "canary", "percnt": 5}, "did you mean percent?"),
        ({"type": "linear", "percent": 2}, "percent: should be 3 to 100"),
        ({"type": "blue_green", "percent": 5}, "percent does not go with blue_green"),
        ({"type": "rolling", "bake": 5}, "bake does not go with rolling"),
        ({"type": "canary", "pauses": ["test_traffic_shift"]}, "a list of reconcile_service, pre_scale_up"),
        ({"type": "canary", "pauses": ["pre_scale_up"], "pause_timeout": 0}, "whole minutes, 1 to 20160"),
        ({"type": "canary", "hooks": [{"lambda": "x", "role": "y", "stages": ["pre_scale_up"]}]}, "a list such as"),
    ],
)
def test_says_what_a_strategy_should_be(fleet: Fleet, strategy: dict[str, Any], problem: str) -> None:
    assert problem in fleet.runner.problems({"strategy": strategy})[0]
    assert fleet.runner.problems({"strategy": PAUSED}) == []


async def test_a_plan_says_what_runs_before_and_which_way_it_would_go(fleet: Fleet, server: Server) -> None:
    before = [{"name": "migrate", "command": ["migrate"]}]
    options: dict[str, Any] = {**fleet.environment.options, "strategy": CANARY, "before": {"hello": before}}
    environment = replace(fleet.environment, options=options)
    lines = await fleet.runner.foresee(fleet.work("").service, environment, None)
    assert "migrate runs before the release" in lines
    assert "the deployment strategy ROLLING becomes CANARY" in lines
    del fleet.service.more["loadBalancers"]
    assert "CANARY shifts traffic" in (await fleet.runner.foresee(fleet.work("").service, environment, None))[-1]
    assert {each.operation for each in server.calls}.isdisjoint({"RunTask", "UpdateService"})
