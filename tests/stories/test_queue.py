"""One run at a time per service and environment; the others wait their turn; any can be stopped."""

from tests.stories.person import Person
from tests.stories.reading import words
from tests.stories.sources import Source, page
from tests.stories.world import World

SLOW = "import time\ntime.sleep(300)\n"


def _slow_to_test(world: World, name: str) -> Source:
    """A service whose branch `slow` has a test that never ends."""
    check = {"name": "unit", "with": {"run": ["python3", "check.py"]}}
    source = world.service(name, {"check.py": ""}, tests=[check])
    source.commit("Test for long", {"check.py": SLOW}, branch="slow")
    return source


async def test_a_second_deploy_waits_is_told_its_place_and_starts_after(world: World, ana: Person, bia: Person) -> None:
    _slow_to_test(world, "gull")
    first = await ana.starts("deploy gull@slow to homolog")
    await ana.reads(f"{first}/card", "Testing unit", 60)
    second = await bia.starts("deploy gull to homolog")
    await bia.reads(f"{second}/card", "Waiting for homolog: number 1 in the queue")
    third = await ana.starts("deploy gull@slow to homolog")
    await ana.reads(f"{third}/card", "Waiting for homolog: number 2 in the queue")
    assert (await ana.asks(f"cancel {third}")).verdict == "done"
    assert await ana.run_ends(third) == "cancelled"
    assert (await ana.asks(f"cancel {first}")).verdict == "done"
    assert await ana.run_ends(first) == "cancelled"
    assert await bia.run_ends(second) == "succeeded"
    assert (await world.answers("gull.homolog")).strip() == "I am gull"
    assert "Cancelled by Ana after" in words(await ana.reads(f"{first}/ended"))
    assert not await world.containers(run=first)


async def test_a_build_that_is_cancelled_leaves_nothing_and_frees_the_place(world: World, ana: Person) -> None:
    source = world.service("tarn", build={"uses": "buildspec", "with": {"image": "estiva/ci:base"}})
    source.commit("Build for long", {"buildspec.yml": "version: 0.2\nphases: {build: {commands: [sleep 300]}}\n"})
    run = await ana.starts("deploy tarn to homolog")
    await ana.reads(f"{run}/card", "Building", 60)
    assert await world.until_container(run=run)
    await ana.clicks(await ana.reads(f"{run}/card"), "Cancel")
    assert await ana.run_ends(run, 15) == "cancelled"
    assert not await world.containers(run=run)
    again = await ana.starts("deploy tarn to homolog")
    await ana.reads(f"{again}/card", "Building", 60)
    assert (await ana.asks("cancel tarn")).verdict == "done"
    assert await ana.run_ends(again, 15) == "cancelled"
    refused = await ana.asks(f"cancel {again}")
    assert refused.verdict == "refused"
    assert "already ended" in refused.text


async def test_environments_do_not_wait_for_each_other(world: World, ana: Person, rui: Person) -> None:
    source = _slow_to_test(world, "loon")
    await ana.deploys("deploy loon to homolog")
    source.commit("Unused", {"service.py": page("later")})
    slow = await ana.starts("deploy loon@slow to homolog")
    await ana.reads(f"{slow}/card", "Testing unit", 60)
    run = await ana.starts("deploy loon to production")
    await rui.clicks(await rui.reads(f"{run}/approval/approve-production"), "Approve")
    assert await ana.run_ends(run) == "succeeded"
    assert (await world.answers("loon.production")).strip() == "I am loon"
    await ana.asks(f"cancel {slow}")
    assert await ana.run_ends(slow) == "cancelled"
