"""Which container is the service's: a deploy, and what foresees it, choose the same."""

from typing import Any

import pytest

from runners.contract import ActionFailed
from storage.model.catalog import Json, Service
from tests.aws.fleet import Fleet

NGINX = "public.ecr.aws/nginx/nginx:stable"


@pytest.mark.parametrize(
    ("containers", "options", "chosen"),
    [
        ([("web", "ours"), ("proxy", NGINX)], {}, "web"),
        ([("proxy", NGINX), ("hello", NGINX)], {}, "hello"),
        ([("hello", NGINX), ("web", "ours")], {}, "web"),
        ([("web", NGINX)], {}, "web"),
        ([("web", "ours"), ("proxy", "ours")], {"container": "proxy"}, "proxy"),
    ],
)
async def test_plan_and_deploy_choose_the_same(
    containers: list[tuple[str, str]], options: dict[str, Json], chosen: str, fleet: Fleet
) -> None:
    new = fleet.pushed("new")
    runs(fleet, containers)
    lines = await foreseen(fleet, options, new)
    assert [line.partition(":")[0] for line in lines if ": image " in line] == [chosen]
    await fleet.deploy(new, options=options)
    images = {each["name"]: each["image"] for each in fleet.definition_in_use()["containerDefinitions"]}
    assert [name for name, image in images.items() if image.endswith(new)] == [chosen]


async def test_neither_guesses_among_several(fleet: Fleet) -> None:
    new = fleet.pushed("new")
    runs(fleet, [("web", NGINX), ("proxy", NGINX)])
    for work in (foreseen(fleet, {}, new), fleet.deploy(new)):
        with pytest.raises(ActionFailed) as failed:
            await work
        assert failed.value.error == "no_container"
        assert failed.value.hint == "name it with the option container; its containers are web, proxy"


async def foreseen(fleet: Fleet, options: dict[str, Json], digest: str) -> list[str]:
    fleet.environment.options.update(options)  # type: ignore[attr-defined]
    service = Service(name="hello", repository="unused", image=fleet.image)
    return await fleet.runner.foresee(service, fleet.environment, digest)


def runs(fleet: Fleet, containers: list[tuple[str, str]]) -> None:
    """Let the service have containers by these names, with the service's own image or another."""
    ours = f"{fleet.image}@{fleet.old}"
    made: list[dict[str, Any]] = [
        fleet.container(name, image=ours if image == "ours" else image) for name, image in containers
    ]
    fleet.tasks.deploy(fleet.service, fleet.tasks.define("hello", made))
