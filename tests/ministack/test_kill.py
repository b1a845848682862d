"""The process dies by SIGKILL at each place that a release to ECS passes; another goes on, and so does ministack."""

import asyncio
import json
import re
import signal
from dataclasses import asdict

import pytest

from tests.aws.playing import played, some
from tests.ministack.cluster import FAILS, SERVES
from tests.ministack.house import PACE, House
from tests.stories.place import ROOT

REGISTERING = ["ecs.register.before", "ecs.register.after"]
UPDATING = ["ecs.update.before", "ecs.update.after"]
MIGRATING = ["ecs.task.before", "ecs.task.after", "ecs.done.before", "ecs.done.after"]
GOING_BACK = ["ecs.mark.before", "ecs.mark.after"]
STOPPING = ["ecs.back.before", "ecs.back.after"]
HALTING = ["ecs.halt.before", "ecs.halt.after"]
SCALING = ["ecs.scale.before", "ecs.scale.after"]
IN_ECR = ["ecr.create.before", "ecr.create.after", "ecr.setting.before", "ecr.setting.after"]
PAUSING = ["ecs.continue.before", "ecs.continue.after"]
"""Left to the strict double (tests/aws/test_kill.py): ministack knows no deployments in stages."""


async def play(scene: str, house: House, digest: str = "", crash_at: str = "") -> int:
    """Do a piece of work in a process of its own, which dies where it is said."""
    given = {
        "scene": scene,
        "aws": asdict(house.cluster.emulator.place),
        "registry": house.cluster.emulator.host,
        "image": house.image,
        "digest": digest,
        "run": "hello-900",
        "pace": PACE,
        "workspace": str(house.root),
    }
    code, _ = await played("tests.aws.scene", given, crash_at, patience=120)
    return code


@pytest.fixture
def old(house: House) -> str:
    """Digest of what runs."""
    digest = house.cluster.image("old")
    house.cluster.serve("hello", f"{house.image}@{digest}")
    return digest


def migrations(house: House) -> int:
    """How often the migration was begun; ministack remembers the tasks that ended."""
    listed = [house.cluster.ecs.list_tasks(cluster="web", desiredStatus=each) for each in ("RUNNING", "STOPPED")]
    arns = [arn for each in listed for arn in each["taskArns"]]
    tasks = house.cluster.ecs.describe_tasks(cluster="web", tasks=arns)["tasks"] if arns else []
    return sum(each["startedBy"].startswith("estiva/") for each in tasks)


async def settled(house: House, digest: str) -> None:
    """See that in the end just this runs, once."""
    await house.cluster.until(lambda: house.cluster.runs("hello") == [f"{house.image}@{digest}"])
    assert house.cluster.primary("hello")["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize("spot", some([*REGISTERING, *UPDATING], "ecs.update.after"))
async def test_a_release_is_registered_and_begun_once(spot: str, house: House, old: str) -> None:
    new = house.cluster.image("new")
    assert await play("deploy", house, new, spot) == -signal.SIGKILL
    assert await play("deploy", house, new) == 0
    await settled(house, new)
    assert house.cluster.revisions("hello") == ["hello:1", "hello:2"]
    assert house.cluster.begun("hello") == 1


@pytest.mark.sweep
async def test_a_release_that_ecs_rolled_back_meanwhile_is_not_begun_again(house: House, old: str) -> None:
    bad = house.cluster.image("bad", does=FAILS)
    assert await play("deploy", house, bad, "ecs.register.after") == -signal.SIGKILL
    await asyncio.sleep(1.1)  # times are whole seconds here: a deployment is of a revision that is older than it
    assert await play("deploy", house, bad, "ecs.update.after") == -signal.SIGKILL
    await house.cluster.until(lambda: house.cluster.primary("hello")["taskDefinition"].endswith("hello:1"))
    with pytest.raises(AssertionError, match=r"circuit breaker was triggered .*; ECS goes to hello:1"):
        await play("deploy", house, bad)
    await house.cluster.until(lambda: house.cluster.primary("hello")["rolloutState"] == "COMPLETED")
    await settled(house, old)
    assert house.cluster.begun("hello") == 1


@pytest.mark.parametrize("spot", some(MIGRATING, "ecs.task.after"))
async def test_a_migration_is_run_once(spot: str, house: House, old: str) -> None:
    new = house.cluster.image("new")
    assert await play("migrate", house, new, spot) == -signal.SIGKILL
    assert await play("migrate", house, new) == 0
    await settled(house, new)
    assert migrations(house) == house.cluster.begun("hello") == 1
    assert house.cluster.revisions("hello") == ["hello:1", "hello:2"]


@pytest.mark.sweep
@pytest.mark.parametrize("spot", [*GOING_BACK, *UPDATING])
async def test_a_rollback_is_begun_once(spot: str, house: House, old: str) -> None:
    one, two = house.cluster.image("one"), house.cluster.image("two")
    await house.deploy(one)
    await house.deploy(two)
    assert await play("back", house, one, spot) == -signal.SIGKILL
    assert await play("back", house, one) == 0
    await settled(house, one)
    assert house.cluster.primary("hello")["taskDefinition"].endswith("hello:2")
    assert house.cluster.revisions("hello") == ["hello:1", "hello:2", "hello:3"]
    assert house.cluster.begun("hello") == 3


@pytest.mark.sweep
@pytest.mark.parametrize("spot", STOPPING)
async def test_a_release_is_taken_back_once(spot: str, house: House) -> None:
    old, new = (house.cluster.image(text, does=does) for text, does in (("old", SERVES), ("new", FAILS)))
    house.cluster.serve("hello", f"{house.image}@{old}", breaker=False)
    assert await play("deploy", house, new, "ecs.update.after") == -signal.SIGKILL
    assert await play("stop", house, new, spot) == -signal.SIGKILL
    assert await play("stop", house, new) == 0
    await house.cluster.until(lambda: house.cluster.primary("hello")["rolloutState"] == "COMPLETED")
    await settled(house, old)
    assert house.cluster.begun("hello") == 2


@pytest.mark.sweep
@pytest.mark.parametrize("spot", HALTING)
async def test_a_migration_is_stopped_whatever_dies(spot: str, house: House, old: str) -> None:
    new = house.cluster.image("new", migrates="sleep 3600")
    assert await play("migrate", house, new, "ecs.task.after") == -signal.SIGKILL
    assert await play("stop", house, new, spot) == -signal.SIGKILL
    assert await play("stop", house, new) == 0
    await settled(house, old)
    assert (migrations(house), house.cluster.begun("hello")) == (1, 0)


@pytest.mark.sweep
@pytest.mark.parametrize("spot", SCALING)
async def test_a_service_is_scaled_whatever_dies(spot: str, house: House, old: str) -> None:
    assert await play("scale", house, old, spot) == -signal.SIGKILL
    assert await play("scale", house, old) == 0
    await house.cluster.until(lambda: house.cluster.runs("hello") == [f"{house.image}@{old}"] * 3)


@pytest.mark.sweep
@pytest.mark.parametrize("spot", IN_ECR)
async def test_a_repository_is_made_once(spot: str, house: House) -> None:
    assert await play("repository", house, "", spot) == -signal.SIGKILL
    assert await play("repository", house, "") == 0
    assert house.cluster.repositories() == ["hello"]
    policy = house.cluster.ecr.get_lifecycle_policy(repositoryName="hello")["lifecyclePolicyText"]
    assert len(json.loads(policy)["rules"]) == 1


def test_every_labelled_place_of_a_release_is_swept() -> None:
    sources = [path.read_text() for path in (ROOT / "runners" / "aws").rglob("*.py")]
    labelled = {name for source in sources for name in re.findall(r'crash_here\("(ec[sr]\.[\w.]+)"\)', source)}
    swept = {*REGISTERING, *UPDATING, *MIGRATING, *GOING_BACK, *STOPPING, *HALTING, *SCALING, *IN_ECR}
    assert labelled == {*swept, *PAUSING}
