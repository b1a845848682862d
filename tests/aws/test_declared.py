"""A task definition as a file of the source has it (`taskdef.json`), with placeholders as CodePipeline writes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from runners.contract import ActionFailed, Outcome
from storage.model import artifact
from storage.model.catalog import Service
from tests.aws.fleet import Fleet
from tests.aws.images import put
from tests.doubles.aws.server import ACCOUNT
from tests.runners.bench import Notes

PATH = "deploy/taskdef.json"
OPTIONS: dict[str, Any] = {"options": {"task_definition": PATH}}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-execution"


def taskdef(**more: Any) -> dict[str, Any]:
    """As a repository has it."""
    container = {"name": "hello", "image": "<IMAGE1_NAME>", "essential": True, "command": ["serve"]}
    given = {"family": "hello", "cpu": "1024", "memory": "2048", "executionRoleArn": ROLE}
    return {**given, "containerDefinitions": [container], **more}


def commit(fleet: Fleet, text: str | dict[str, Any]) -> dict[str, str]:
    """Put the file into the source; gives the artifacts of a run that has fetched it."""
    file = fleet.root / "source" / PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text if isinstance(text, str) else json.dumps(text))
    return {artifact.SOURCE: str(fleet.root / "source"), artifact.COMMIT: "c0ffee1" + "0" * 33}


async def deploy(fleet: Fleet, text: str | dict[str, Any], notes: Notes | None = None, **more: Any) -> Outcome:
    new = fleet.pushed("new")
    artifacts = {artifact.DIGEST: new, **commit(fleet, text)}
    return await fleet.deploy(new, notes, **{**OPTIONS, "artifacts": artifacts, **more})


async def refused(fleet: Fleet, text: str | dict[str, Any], **more: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as failed:
        await deploy(fleet, text, **more)
    assert fleet.revisions() == ["hello:1"]
    assert failed.value.error == "bad_task_definition"
    assert "\n" not in failed.value.reason
    return failed.value


async def test_the_file_is_what_is_registered_with_image_variables_and_tags(fleet: Fleet, notes: Notes) -> None:
    await deploy(fleet, taskdef(tags=[{"key": "cost", "value": "web"}]), notes)
    made = fleet.definition_in_use()
    (container,) = made["containerDefinitions"]
    assert (made["cpu"], container["command"]) == ("1024", ["serve"])
    assert "taskRoleArn" not in made, "what is not in the file is not kept"
    assert container["image"] == f"{fleet.image}@{fleet.pushed('new')}"
    names = {each["name"] for each in container["environment"]}
    assert {"GREETING", "ESTIVA_RUN"} <= names
    tags = fleet.tasks.tags[made["taskDefinitionArn"]]
    assert (tags["team"], tags["cost"], tags["estiva:previous"]) == ("web", "web", fleet.definition)
    assert "hello:2 registered, from taskdef.json" in notes.lines
    assert "  cpu: 256 becomes 1024" in notes.lines
    assert "  hello: what differs besides: command, logConfiguration, portMappings" in notes.lines


async def test_what_ecs_shows_of_a_revision_may_stand_in_it(fleet: Fleet) -> None:
    await deploy(fleet, taskdef(taskDefinitionArn="arn:x", revision=7, status="ACTIVE", registeredBy="somebody"))
    assert fleet.definition_in_use()["revision"] == 2


async def test_what_the_build_made_is_taken_before_the_source(fleet: Fleet) -> None:
    work = fleet.work(fleet.pushed("new"), **OPTIONS)
    made = work.workspace / "artifacts" / PATH
    made.parent.mkdir(parents=True)
    made.write_text(json.dumps(taskdef(cpu="2048", memory="4096")))
    await fleet.runner.run(work, Notes())
    assert fleet.definition_in_use()["cpu"] == "2048"


async def test_a_placeholder_stands_for_the_image_wherever_it_is(fleet: Fleet) -> None:
    side = put(fleet.registry, "side", "side", tag="1")
    names = {"web": "<IMAGE1_NAME>", "worker": "<IMAGE1_NAME>", "proxy": "<IMAGE2_NAME>", "agent": "agent:3"}
    given = taskdef(containerDefinitions=[{"name": name, "image": image} for name, image in names.items()])
    failure = await refused(fleet, given)
    assert failure.reason.endswith("nothing says the image of proxy, <IMAGE2_NAME>")
    work = fleet.work(
        fleet.pushed("new"), **OPTIONS, artifacts={artifact.DIGEST: fleet.pushed("new"), **commit(fleet, given)}
    )
    file = work.workspace / "artifacts" / "imagedefinitions.json"
    file.parent.mkdir()
    file.write_text(json.dumps([{"name": "proxy", "imageUri": f"{fleet.registry.host}/side:1"}]))
    await fleet.runner.run(work, Notes())
    images = {each["name"]: each["image"] for each in fleet.definition_in_use()["containerDefinitions"]}
    ours = f"{fleet.image}@{fleet.pushed('new')}"
    assert images == {
        "web": ours,
        "worker": ours,
        "proxy": f"{fleet.registry.host}/side@{side}",
        "agent": "agent:3",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "JSONDecodeError: Expecting property name"),
        ("[]", "it is no object"),
        ("x" * 100_001, "it has more than 100000 bytes"),
        (taskdef(memroy="1"), "unknown field memroy; did you mean memory"),
        (taskdef(cpu=256), "Invalid type for parameter cpu, value: 256, type: <class 'int'>"),
        (taskdef(family="other"), "its family is other, and the service's is hello"),
        (taskdef(containerDefinitions=[]), "it has no containers"),
        (taskdef(containerDefinitions=[{"image": "x"}]), "a container has no name"),
        (taskdef(tags=[{"value": "web"}]), "a tag has no key"),
        (
            taskdef(containerDefinitions=[{"name": "a", "imge": "x"}], zzz=1),
            "unknown field containerDefinitions[0].imge; did you mean image; unknown field zzz",
        ),
        ({"cpu": "256"}, 'Missing required parameter in input: "containerDefinitions"'),
    ],
)
async def test_a_file_that_cannot_be_is_refused_before_anything_is_touched(
    text: str | dict[str, Any], said: str, fleet: Fleet
) -> None:
    failure = await refused(fleet, text)
    assert failure.reason.startswith(f"{PATH}, the task definition of this commit: ")
    assert said in failure.reason


async def test_a_file_that_is_not_there_is_said(fleet: Fleet) -> None:
    new = fleet.pushed("new")
    for artifacts, said in (
        ({}, "no earlier stage has fetched the source"),
        ({artifact.SOURCE: str(fleet.root)}, "it is not in the source"),
    ):
        with pytest.raises(ActionFailed) as failed:
            await fleet.deploy(new, artifacts={artifact.DIGEST: new, **artifacts}, **OPTIONS)
        assert failed.value.reason.endswith(said)


async def test_it_is_taken_from_inside_the_source_only(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text(json.dumps(taskdef()))
    commit(fleet, "")
    file = fleet.root / "source" / PATH
    file.unlink()
    file.symlink_to(tmp_path / "outside.json")
    new = fleet.pushed("new")
    artifacts = {artifact.DIGEST: new, artifact.SOURCE: str(fleet.root / "source")}
    with pytest.raises(ActionFailed) as failed:
        await fleet.deploy(new, artifacts=artifacts, **OPTIONS)
    assert failed.value.reason.endswith("it leads out of the source")
    file.unlink()
    file.symlink_to(file)
    with pytest.raises(ActionFailed) as failed:
        await fleet.deploy(new, artifacts=artifacts, **OPTIONS)
    assert "RuntimeError: Symlink loop" in failed.value.reason
    assert "a path inside the source" in fleet.runner.problems({"task_definition": "../x.json"})[0]


async def test_what_goes_back_or_begins_anew_reads_no_file(fleet: Fleet) -> None:
    await deploy(fleet, taskdef())
    await fleet.deploy(fleet.pushed("new"), restarts=True, **OPTIONS)
    assert fleet.definition_in_use()["cpu"] == "1024"
    await fleet.deploy(fleet.old, goes_back=True, **OPTIONS)
    assert fleet.service.primary.task_definition == fleet.definition


async def test_a_plan_says_where_the_rest_is_said(fleet: Fleet) -> None:
    fleet.environment.options["task_definition"] = PATH  # type: ignore[index]
    service = Service(name="hello", repository="unused", image=fleet.image)
    lines = await fleet.runner.foresee(service, fleet.environment, fleet.pushed("new"))
    assert f"{PATH} becomes the task definition: what it changes stands in the log of the deploy" in lines
