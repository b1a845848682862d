"""What a new revision is made of: the one in use, or, with `base: newest`, the newest that others made since."""

from typing import Any

import pytest

from runners.contract import ActionFailed
from storage.model.catalog import Service
from tests.aws.fleet import Fleet
from tests.doubles.aws.rollouts import EXITS, Behaviour
from tests.runners.bench import Notes

NEWEST: dict[str, Any] = {"options": {"base": "newest"}}


def defined(fleet: Fleet, **more: Any) -> str:
    """Register what a stack does: a placeholder's image, and no variables; gives its ARN."""
    container = fleet.container(environment=[], image="public.ecr.aws/nginx/nginx:stable")
    given = {name: fleet.tasks.definitions[fleet.definition][name] for name in ("taskRoleArn", "executionRoleArn")}
    return fleet.tasks.define("hello", [container], **{**given, "networkMode": "awsvpc", "cpu": "512", **more})


def variables(fleet: Fleet) -> dict[str, str]:
    (container,) = fleet.definition_in_use()["containerDefinitions"]
    return {each["name"]: each["value"] for each in container["environment"]}


async def test_what_others_changed_is_brought_with_the_release(fleet: Fleet, notes: Notes) -> None:
    defined(fleet)
    new = fleet.pushed("new")
    await fleet.deploy(new, notes, **NEWEST)
    made = fleet.definition_in_use()
    assert (made["taskDefinitionArn"][-7:], made["cpu"]) == ("hello:3", "512")
    assert made["containerDefinitions"][0]["image"] == f"{fleet.image}@{new}"
    assert (variables(fleet)["GREETING"], variables(fleet)["ESTIVA_DIGEST"]) == ("olá", new)
    assert fleet.tasks.tags[made["taskDefinitionArn"]]["estiva:previous"] == fleet.definition
    assert "hello:3 registered, from hello:2" in notes.lines
    for line in ("cpu: 256 becomes 512", "memory: 512 becomes -", "what differs besides: requiresCompatibilities"):
        assert f"  {line}" in notes.lines
    assert "  hello: variables that go: MODE" in notes.lines, "which nobody has declared"


async def test_it_is_brought_once_and_what_was_released_since_is_built_on(fleet: Fleet) -> None:
    defined(fleet)
    await fleet.deploy(fleet.pushed("one"), **NEWEST)
    fleet.definition_in_use()["memory"] = "1024"
    await fleet.deploy(fleet.pushed("two"), **NEWEST)
    assert (fleet.definition_in_use()["cpu"], fleet.definition_in_use()["memory"]) == ("512", "1024")


async def test_a_release_that_failed_is_not_built_on(fleet: Fleet) -> None:
    defined(fleet)
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS)
    with pytest.raises(ActionFailed):
        await fleet.deploy(bad, **NEWEST)
    notes = Notes()
    await fleet.deploy(fleet.pushed("good"), notes, **NEWEST)
    assert "hello:4 registered, from hello:2" in notes.lines


async def test_what_a_stack_has_undone_is_not_built_on(fleet: Fleet) -> None:
    fleet.tasks.tags[defined(fleet)] = {"estiva:undone": "hello"}
    await fleet.deploy(fleet.pushed("new"), **NEWEST)
    assert fleet.definition_in_use()["cpu"] == "256"


async def test_what_goes_back_or_begins_anew_stays_as_it_is(fleet: Fleet, notes: Notes) -> None:
    new = fleet.pushed("new")
    await fleet.deploy(new, **NEWEST)
    defined(fleet)
    await fleet.deploy(new, notes, restarts=True, **NEWEST)
    assert "hello:4 registered, from hello:2" in notes.lines
    await fleet.deploy(fleet.old, goes_back=True, **NEWEST)
    assert fleet.service.primary.task_definition == fleet.definition


async def test_it_is_foreseen(fleet: Fleet) -> None:
    defined(fleet)
    fleet.environment.options["base"] = "newest"  # type: ignore[index]
    service = Service(name="hello", repository="unused", image=fleet.image)
    new = fleet.pushed("new")
    lines = await fleet.runner.foresee(service, fleet.environment, new)
    assert lines[:2] == ["cpu: 256 becomes 512", "memory: 512 becomes -"]
    assert f"hello: image {fleet.image}@{fleet.old} becomes {fleet.image}@{new}" in lines
    assert fleet.revisions() == ["hello:1", "hello:2"]


async def test_the_container_is_that_of_the_release_in_use(fleet: Fleet) -> None:
    """What others made has other images: none of them tells which container is the service's."""
    proxy = fleet.container("proxy", image="public.ecr.aws/nginx/nginx:stable")
    fleet.tasks.deploy(fleet.service, fleet.tasks.define("hello", [proxy, fleet.container("web")], cpu="256"))
    web = fleet.container("web", image="public.ecr.aws/nginx/nginx:stable")
    fleet.tasks.define("hello", [proxy, web], cpu="512")
    await fleet.deploy(fleet.pushed("new"), **NEWEST)
    images = {each["name"]: each["image"] for each in fleet.definition_in_use()["containerDefinitions"]}
    assert images == {"proxy": proxy["image"], "web": f"{fleet.image}@{fleet.pushed('new')}"}
