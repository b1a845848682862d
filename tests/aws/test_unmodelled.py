"""Fields of a task definition that AWS has and the installed SDK does not know: they are lost, and that is said."""

from typing import Any

from storage.model.catalog import Service
from tests.aws.fleet import Fleet
from tests.runners.bench import Notes

LOST = "lost, as Estiva's SDK of AWS is too old to know it: containerDefinitions[0].warmth, snapshots"


def newer(answer: dict[str, Any]) -> None:
    """Answer as an AWS of some years from now."""
    for each in answer["taskDefinition"]["containerDefinitions"]:
        each["warmth"] = "high"
    answer["taskDefinition"]["snapshots"] = {"every": 60}


async def test_a_deploy_says_what_is_lost(fleet: Fleet, notes: Notes) -> None:
    fleet.server.newer["DescribeTaskDefinition"] = newer
    await fleet.deploy(fleet.pushed("new"), notes)
    assert f"  {LOST}" in notes.lines


async def test_a_plan_says_it_before(fleet: Fleet) -> None:
    fleet.server.newer["DescribeTaskDefinition"] = newer
    service = Service(name="hello", repository="unused", image=fleet.image)
    assert LOST in await fleet.runner.foresee(service, fleet.environment, fleet.pushed("new"))


async def test_nothing_is_said_where_nothing_is_lost(fleet: Fleet, notes: Notes) -> None:
    await fleet.deploy(fleet.pushed("new"), notes)
    assert "lost" not in notes.text
