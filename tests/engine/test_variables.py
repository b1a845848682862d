"""What earlier actions made reaches later ones, as data and nothing else."""

from typing import Any

from runners.variables import given
from storage.model import artifact
from storage.model.catalog import OnFailure, Stage
from storage.model.run import Status
from storage.model.variables import Reference
from tests.engine.world import HOMOLOG, World, action, plan


def build(**options: Any) -> Stage:
    return Stage(name="build", actions=(action("image", **options),))


def use(text: str, **rest: Any) -> Stage:
    return Stage(name="use", environment="homolog", actions=(action("probe", say=text, **rest),))


async def test_an_action_gets_what_earlier_ones_handed_on(world: World) -> None:
    await world.start()
    made = build(makes={artifact.DIGEST: "sha256:d"}, hands_on={"VERSION": "1.2"})
    text = (
        "#{image.IMAGE_DIGEST} #{build/image.VERSION} #{run.ID} #{run.REF} #{run.REQUESTER} #{environment.NAME} ##{x}"
    )
    run = await world.ask(plan(made, use(text, run_order=2)))
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert (await world.action(run, "probe")).summary == f"sha256:d 1.2 {run.id} main U0ANN homolog #{{x}}"


async def test_in_one_stage_a_later_order_gets_it_too(world: World) -> None:
    await world.start()
    actions = (action("image", hands_on={"VERSION": "1"}), action("probe", say="v#{image.VERSION}", run_order=2))
    run = await world.ask(plan(Stage(name="build", actions=actions)))
    await world.ended(run)
    assert (await world.action(run, "probe")).summary == "v1"


ODD = ["#{run.ID}", "##{run.ID}", "$(id)", "`id`", "{0} {run} %s", "'; drop --", "a\nb", "{{ 7 * 7 }}", "\\1", ""]


async def test_a_value_is_never_looked_into(world: World) -> None:
    await world.start()
    made = build(hands_on={f"V{number}": value.replace("#{", "##{") for number, value in enumerate(ODD)})
    probes = tuple(action(f"probe{number}", say=f"<#{{image.V{number}}}>") for number in range(len(ODD)))
    run = await world.ask(plan(made, Stage(name="use", actions=probes)))
    view = await world.ended(run)
    assert [probe.summary for probe in view.stages[1].actions] == [f"<{value}>" for value in ODD]


async def test_a_value_that_is_not_there_fails_the_action_and_says_what_is(world: World) -> None:
    await world.start()
    run = await world.ask(plan(build(hands_on={"VERSION": "1"}), use("#{image.VERSON}")))
    view = await world.ended(run)
    assert (view.status, view.reason) == (
        Status.FAILED,
        "use/probe: #{image.VERSON} has no value: build/image handed on VERSION",
    )
    assert (await world.action(run, "probe")).error == "no_value"
    assert world.outside.begun(f"{run.id}/use/probe/1") is None


async def test_a_value_of_an_action_that_was_allowed_to_fail_is_missing(world: World) -> None:
    await world.start()
    run = await world.ask(plan(build(fail="no", on_failure=OnFailure.CONTINUE), use("#{image.VERSION}")))
    view = await world.ended(run)
    assert (view.status, view.reason) == (
        Status.FAILED,
        "use/probe: #{image.VERSION} has no value: build/image did not succeed",
    )


async def test_a_value_may_come_from_the_run_before_when_the_plan_leaves_its_action_out(world: World) -> None:
    await world.start()
    cut = plan(use("#{build/image.VERSION} #{image.VERSION} #{image.COMMIT}"))
    before = type(cut)(
        **{
            **{name: getattr(cut, name) for name in cut.__slots__},
            "service": plan(build(), *cut.stages).service,
            "variables": {"build/image": {"VERSION": "7", "SOURCE": "/gone"}},
        }
    )
    assert given(before, Reference("build/image", "SOURCE")) is None
    assert given(before, Reference("build/image", "IMAGE_DIGEST")) is None
    run = await world.ask(before)
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert (await world.action(run, "probe")).summary == "7 7 " + "c" * 40


async def test_the_values_are_there_after_a_restart(world: World) -> None:
    engine = await world.start()
    world.outside.held = True
    hold = action("hold", hold=True, run_order=2)
    first = Stage(name="build", actions=(action("image", hands_on={"VERSION": "1.2"}), hold))
    run = await world.ask(plan(first, use("#{image.VERSION}"), environment=HOMOLOG))
    await world.began(f"{run.id}/build/hold/1")
    await world.stop(engine)
    world.outside.held = False
    await world.start()
    await world.ended(run)
    assert (await world.action(run, "probe")).summary == "1.2"
