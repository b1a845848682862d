"""The process dies by SIGKILL around each thing that it does to stacks; another goes on, and nothing is done twice."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from runners.contract import ActionFailed
from tests.aws.estate import STACK, Estate, template
from tests.aws.playing import played, some
from tests.aws.test_infra_service import made, running
from tests.aws.test_infra_service import template as with_service
from tests.doubles.aws.tasks import Tasks

__all__ = ["made"]

ROOT = Path(__file__).parents[2]
PLANNING = ["stack.plan.before", "stack.plan.after"]
FORGETTING = ["stack.forget.before", "stack.forget.after"]
DROPPING = ["stack.drop.before", "stack.drop.after"]
APPLYING = ["stack.apply.before", "stack.apply.after"]
UPLOADING = ["stack.upload.before", "stack.upload.after"]
STOPPING = ["stack.cancel.before", "stack.cancel.after"]
KEEPING = ["stack.keep.before", "stack.keep.after", "stack.undo.before", "stack.undo.after"]


async def play(
    estate: Estate, do: str, crash_at: str = "", scene: str = "run", artifacts: Mapping[str, str] | None = None
) -> dict[str, str] | None:
    """Give what was made; `None` when the process was killed."""
    work = estate.work(do, "hello-900", artifacts)
    said = {name: getattr(work, name) for name in ("key", "run", "stage", "action", "options", "artifacts")}
    given = {
        "scene": scene,
        "aws": asdict(estate.environment.aws) if estate.environment.aws else {},
        "pace": 1 / estate.server.clock.speed,
        "work": {**said, "workspace": str(work.workspace)},
    }
    code, printed = await played("tests.aws.infra_scene", given, crash_at)
    return json.loads(printed or b"{}") if code == 0 else None


@pytest.mark.sweep
@pytest.mark.parametrize("spot", PLANNING)
async def test_one_change_set_is_made(spot: str, estate: Estate) -> None:
    estate.commit(template())
    assert await play(estate, "plan", spot) is None
    assert await play(estate, "plan") is not None
    assert len(estate.stacks.known[STACK].sets) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", [*PLANNING, *DROPPING])
async def test_a_preview_leaves_nothing(spot: str, estate: Estate) -> None:
    estate.commit(template())
    assert await play(estate, "preview", spot) is None
    assert await play(estate, "preview") == {}
    assert estate.stacks.known == {}


@pytest.mark.sweep
@pytest.mark.parametrize("spot", FORGETTING)
async def test_a_preview_of_a_change_leaves_the_stack_alone(spot: str, estate: Estate) -> None:
    await estate.applied(template())
    before = dict(estate.stacks.known[STACK].sets)
    estate.commit(template("Logs"))
    assert await play(estate, "preview", spot) is None
    assert await play(estate, "preview") == {}
    assert estate.stacks.known[STACK].sets == before


@pytest.mark.parametrize("spot", some([*PLANNING, *APPLYING], "stack.apply.after"))
async def test_what_was_approved_is_applied_once(spot: str, estate: Estate) -> None:
    estate.commit(template())
    if spot in PLANNING:
        assert await play(estate, "plan", spot) is None
    planned = await play(estate, "plan")
    if spot in APPLYING:
        assert await play(estate, "apply", spot, artifacts=planned) is None
    assert await play(estate, "apply", artifacts=planned) == {}
    assert len(estate.stacks.executed) == estate.server.count("CreateChangeSet") == 1
    assert estate.stacks.status(STACK) == "CREATE_COMPLETE"


@pytest.mark.sweep
@pytest.mark.parametrize("spot", UPLOADING)
async def test_a_large_template_is_put_into_the_bucket_once(spot: str, estate: Estate) -> None:
    assert estate.stacks.objects is not None
    kept = estate.stacks.objects.kept["estiva-templates"] = {}
    estate.options["bucket"] = "estiva-templates"
    estate.commit(template(Description="x" * 60_000))
    assert await play(estate, "plan", spot) is None
    assert await play(estate, "plan") is not None
    assert len(kept) == len(estate.stacks.known[STACK].sets) == estate.server.count("CreateChangeSet") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", STOPPING)
async def test_an_update_is_cancelled_once(spot: str, estate: Estate) -> None:
    await estate.applied(template())
    estate.stacks.takes = 1e6
    estate.commit(template("Logs"))
    planned = await play(estate, "plan")
    assert await play(estate, "apply", "stack.apply.after", artifacts=planned) is None
    estate.stacks.takes = 1
    assert await play(estate, "apply", spot, "stop", planned) is None
    await play(estate, "apply", "", "stop", planned)
    assert estate.server.count("CancelUpdateStack") == 1
    assert set(estate.stacks.resources(STACK)) == {"Repository", "Task"}


@pytest.mark.parametrize("spot", some(KEEPING, "stack.keep.before"))
async def test_a_service_is_put_back_all_the_same(spot: str, made: Estate, tasks: Tasks) -> None:
    made.stacks.failing["Zone"] = "Limit exceeded"
    made.commit(with_service("Zone", cpu="512"))
    planned = await play(made, "plan")
    assert planned is not None
    assert await play(made, "apply", spot, artifacts=planned) is None
    with pytest.raises(ActionFailed):
        await made.does("apply", "hello-900", **planned)
    assert running(tasks) == "hello:2"
    assert [each.task_definition[-7:] for each in tasks.services["web", "hello"].deployments][-2:] == [
        *("hello:1", "hello:2"),
    ]
    assert [tags for tags in tasks.tags.values() if "estiva:undone" in tags]


def test_every_labelled_place_is_swept() -> None:
    sources = [path.read_text() for path in (ROOT / "runners" / "aws" / "infra").glob("*.py")]
    labelled = {name for source in sources for name in re.findall(r'crash_here\("([\w.]+)"\)', source)}
    assert labelled == {*PLANNING, *FORGETTING, *DROPPING, *APPLYING, *STOPPING, *UPLOADING, *KEEPING}
