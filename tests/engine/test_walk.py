from dataclasses import replace
from datetime import timedelta

from storage.model.catalog import OnFailure, Stage
from storage.model.run import Status
from tests.engine.world import LIMITS, World, action, pipeline, plan


async def test_a_run_goes_through_its_stages_and_succeeds(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline()))
    view = await world.ended(run)
    assert view.status is Status.SUCCEEDED
    assert [a.summary for s in view.stages for a in s.actions] == ["image is done", "test is done", "release is done"]
    assert view.artifacts["digest"].startswith("sha256:")
    kinds = await world.kinds(run)
    assert kinds.index("lock_taken") > kinds.index("action_succeeded")
    assert kinds[-3:] == ["released", "action_succeeded", "run_ended"]


async def test_a_deploy_is_recorded_as_a_release(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline()))
    await world.ended(run)
    release = await world.store.releases.current("hello", "homolog")
    assert release is not None
    assert (release.run, release.commit, release.digest, release.by) == (
        run.id,
        "c" * 40,
        "sha256:" + "d" * 64,
        "U0ANN",
    )


async def test_actions_of_one_order_run_beside_each_other_and_a_higher_one_waits(world: World) -> None:
    await world.start()
    stage = Stage(
        name="build", actions=(action("one", sleep=0.5), action("two", sleep=0.5), action("three", run_order=2))
    )
    run = await world.ask(plan(stage))
    await world.ended(run)
    events = [(e.kind.value, e.data.get("action")) for e in await world.events(run) if "action" in e.data]
    assert {name for _, name in events[:2]} == {name for _, name in events[2:4]} == {"one", "two"}
    assert [kind for kind, _ in events[:4]] == ["action_started"] * 2 + ["action_succeeded"] * 2
    assert events[4:] == [("action_started", "three"), ("action_succeeded", "three")]


async def test_a_failure_lets_its_siblings_end_and_stops_what_comes_after(world: World) -> None:
    await world.start()
    stages = (
        Stage(name="build", actions=(action("bad", fail="exit code 3", exit_code=3), action("slow", sleep=0.4))),
        Stage(name="deploy", actions=(action("release", uses="deploy"),), environment="homolog"),
    )
    run = await world.ask(plan(*stages))
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.FAILED, "build/bad: exit code 3")
    assert (await world.action(run, "slow")).status is Status.SUCCEEDED
    assert (await world.action(run, "release")).status is Status.REQUESTED
    bad = await world.action(run, "bad")
    assert (bad.exit_code, bad.hint) == (3, "mend it")


async def test_a_failure_stops_its_siblings_when_it_says_so(world: World) -> None:
    await world.start()
    stage = Stage(
        name="build",
        actions=(action("bad", fail="no", sleep=0.2, cancel_siblings=True), action("slow", sleep=30)),
    )
    run = await world.ask(plan(stage))
    view = await world.ended(run)
    assert view.status is Status.FAILED
    slow = await world.action(run, "slow")
    assert (slow.status, slow.reason) == (Status.CANCELLED, "stopped because `bad` failed")
    assert world.outside.keys("stopped") == [f"{run.id}/build/slow/1"]


async def test_a_failure_that_is_allowed_lets_the_run_go_on(world: World) -> None:
    await world.start()
    stages = (
        Stage(
            name="build",
            actions=(
                action("lint", fail="2 warnings", on_failure=OnFailure.CONTINUE, cancel_siblings=True),
                action("slow", sleep=30),
            ),
        ),
        Stage(name="after", actions=(action("last"),)),
    )
    run = await world.ask(plan(*stages))
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.SUCCEEDED, "failed, but was allowed to: build/lint")
    assert (await world.action(run, "last")).status is Status.SUCCEEDED


async def test_a_fault_of_the_runner_is_broken_and_not_failed(world: World) -> None:
    await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("odd", crash="socket gone"),))))
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.BROKEN, "build/odd: OSError: socket gone")
    assert world.outside.keys("stopped") == [f"{run.id}/build/odd/1"], "before others get the environment"


async def test_an_action_that_nothing_runs_is_broken_and_says_what_is_known(world: World) -> None:
    await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("odd", uses="teleport"),))))
    view = await world.ended(run)
    assert view.status is Status.BROKEN
    assert "nothing here runs `teleport` actions (known: deploy, script)" in view.reason
    assert "action_broken" in await world.kinds(run), "it is the action's end, not that of the leg"


async def test_an_action_that_takes_too_long_fails_and_is_stopped(world: World) -> None:
    await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("slow", sleep=30, timeout=1),))))
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.FAILED, "build/slow: timed out after 1 s")
    assert world.outside.keys("stopped") == [f"{run.id}/build/slow/1"]


async def test_the_work_knows_how_long_it_may_take(world: World) -> None:
    await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("slow", limited=True, timeout=90),))))
    await world.ended(run)
    assert world.outside.keys("limited") == [f"{run.id}/build/slow/1 90"]


async def test_an_action_that_will_not_stop_does_not_hold_the_run(world: World) -> None:
    await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("deaf", sleep=30, timeout=1, deaf=True),))))
    view = await world.ended(run, seconds=5)
    assert view.status is Status.FAILED


async def test_a_retryable_failure_is_tried_again_with_the_next_attempt(world: World) -> None:
    await world.start()
    flaky = action("push", fail="registry said 503", retryable=True, fails=2, attempts=3)
    run = await world.ask(plan(Stage(name="build", actions=(flaky,))))
    view = await world.ended(run)
    assert view.status is Status.SUCCEEDED
    assert (await world.action(run, "push")).attempt == 3
    assert world.outside.keys("began") == [f"{run.id}/build/push/{n}" for n in (1, 2, 3)]
    finals = [e.data["final"] for e in await world.events(run) if e.kind.value == "action_failed"]
    assert finals == [False, False]


async def test_only_the_errors_that_the_catalog_names_are_tried_again(world: World) -> None:
    await world.start()
    chosen = action("chosen", fail="no", error="flaky", fails=1, attempts=3, retry_on=("flaky",))
    other = action("other", fail="no", retryable=True, attempts=3, retry_on=("flaky",))
    slow = action("slow", sleep=30, timeout=1, attempts=2, retry_on=("timeout",))
    run = await world.ask(plan(Stage(name="build", actions=(chosen, other, slow))))
    view = await world.ended(run, seconds=30)
    assert (view.status, view.reason) == (Status.FAILED, "build/other: no")
    assert [(a.action.name, a.attempt, a.status) for a in view.stages[0].actions] == [
        ("chosen", 2, Status.SUCCEEDED),
        ("other", 1, Status.FAILED),
        ("slow", 2, Status.FAILED),
    ]
    assert [a.error for a in view.stages[0].actions][1:] == ["failed", "timeout"]


async def test_what_waits_to_be_tried_again_takes_up_nobodys_turn(world: World) -> None:
    world.limits = replace(LIMITS, parallel=1)
    engine = await world.start()
    flaky = action("flaky", fail="503", retryable=True, attempts=2, backoff=600)
    run = await world.ask(plan(Stage(name="build", actions=(flaky,))))
    await world.until(run, lambda view: view.stages[0].actions[0].ended_at is not None)
    other = await world.ask(plan(Stage(name="build", actions=(action("other"),))))
    assert (await world.ended(other)).status is Status.SUCCEEDED
    assert (await world.action(run, "flaky")).status is Status.RUNNING
    await engine.cancel(run.id, "U0BOB")
    assert (await world.ended(run)).status is Status.CANCELLED


async def test_a_pause_before_the_next_attempt_is_not_begun_anew_by_a_restart(world: World) -> None:
    engine = await world.start()
    flaky = action("flaky", fail="503", retryable=True, fails=1, attempts=2, backoff=600)
    run = await world.ask(plan(Stage(name="build", actions=(flaky,))))
    await world.until(run, lambda view: view.stages[0].actions[0].ended_at is not None)
    await world.stop(engine)
    world.ahead = timedelta(seconds=601)
    await world.start()
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_attempts_come_to_an_end(world: World) -> None:
    await world.start()
    flaky = action("push", fail="registry said 503", retryable=True, attempts=2)
    run = await world.ask(plan(Stage(name="build", actions=(flaky,))))
    assert (await world.ended(run)).status is Status.FAILED
    assert len(world.outside.keys("began")) == 2


async def test_a_failure_for_good_is_not_tried_again(world: World) -> None:
    await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("test", fail="1 failed", attempts=3),))))
    assert (await world.ended(run)).status is Status.FAILED
    assert len(world.outside.keys("began")) == 1


async def test_a_failure_carries_the_lines_that_say_why(world: World) -> None:
    await world.start()
    lines = [*(f"compiling file {n}" for n in range(200)), "error: no such symbol `shout`", "make: *** [all] Error 2"]
    lines += [f"cleaning up {n}" for n in range(100)]
    run = await world.ask(plan(Stage(name="build", actions=(action("make", fail="exit code 2", lines=lines),))))
    await world.ended(run)
    excerpt = (await world.action(run, "make")).excerpt
    assert "error: no such symbol `shout`" in excerpt
    assert len(excerpt) <= 30


async def test_the_workspace_of_an_ended_run_is_removed(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline()))
    await world.ended(run)
    for _ in range(100):
        if not (world.data / "work" / run.id).exists():
            break
        engine.wake()
        await world.view(run)
    assert not (world.data / "work" / run.id).exists()


async def test_many_runs_at_once_all_end(world: World) -> None:
    await world.start()
    stage = Stage(name="build", actions=(action("one", sleep=0.05), action("two")))
    runs = [await world.ask(plan(stage)) for _ in range(20)]
    for run in runs:
        assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_no_more_actions_run_at_once_than_the_limit_says(world: World) -> None:
    world.limits = replace(LIMITS, parallel=1)
    await world.start()
    stage = Stage(name="build", actions=tuple(action(f"a{n}", sleep=0.05) for n in range(4)))
    run = await world.ask(plan(stage))
    assert (await world.ended(run)).status is Status.SUCCEEDED
    kinds = [kind for kind in await world.kinds(run) if kind.startswith("action")]
    assert kinds == ["action_started", "action_succeeded"] * 4


async def test_what_waits_for_its_turn_is_cancelled_without_having_begun(world: World) -> None:
    world.limits = replace(LIMITS, parallel=1)
    engine = await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("one", sleep=30), action("two", sleep=30)))))
    await world.until(run, lambda view: view.status is Status.RUNNING)
    await engine.cancel(run.id, "U0BOB")
    assert (await world.ended(run, seconds=3)).status is Status.CANCELLED
    assert len([kind for kind in await world.kinds(run) if kind == "action_started"]) <= 1


async def test_how_far_an_action_is_is_told_once_and_until_it_ends(world: World) -> None:
    await world.start()
    said = ["Source: Succeeded", "Build: InProgress", "Source: Succeeded"]
    run = await world.ask(plan(Stage(name="build", actions=(action("image", tells=said, hold=True),))))
    view = await world.until(run, lambda view: view.stages[0].actions[0].progress == "Build: InProgress")
    assert view.stages[0].actions[0].status is Status.RUNNING
    world.outside.held = False
    await world.ended(run)
    kinds = [kind for kind in await world.kinds(run) if kind.startswith("action")]
    assert kinds == ["action_started", "action_progressed", "action_progressed", "action_succeeded"]
