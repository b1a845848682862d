"""The process dies by SIGKILL around each thing that it does in AWS; another goes on, and nothing is done twice."""

import re
import signal
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.aws.fleet import Fleet
from tests.aws.playing import played, some
from tests.aws.workshop import Workshop
from tests.aws.yard import Yard
from tests.doubles.aws.batches import Task
from tests.doubles.aws.builds import Script as BuildScript
from tests.doubles.aws.jobs import Script
from tests.doubles.aws.pipelines import Action
from tests.doubles.aws.repositories import Repositories
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.server import Server
from tests.doubles.aws.tasks import Behaviour

ROOT = Path(__file__).parents[2]
DEPLOYING = ["ecs.register.before", "ecs.register.after", "ecs.update.before", "ecs.update.after"]
GOING_BACK = ["ecs.mark.before", "ecs.mark.after"]
STOPPING = ["ecs.back.before", "ecs.back.after"]
SCALING = ["ecs.scale.before", "ecs.scale.after"]
MIGRATING = ["ecs.task.before", "ecs.task.after", "ecs.done.before", "ecs.done.after"]
PAUSING = ["ecs.continue.before", "ecs.continue.after"]
HALTING = ["ecs.halt.before", "ecs.halt.after"]
IN_ECR = ["ecr.create.before", "ecr.create.after", "ecr.setting.before", "ecr.setting.after"]


BUILDING = ["codebuild.start.before", "codebuild.start.after"]
IN_A_BATCH = ["codebuild.batch.before", "codebuild.batch.after"]
AGAIN = ["codebuild.again.before", "codebuild.again.after"]
HALTING_A_BATCH = ["codebuild.halt.before", "codebuild.halt.after"]
STARTING = ["codepipeline.start.before", "codepipeline.start.after"]
ANSWERING = ["codepipeline.answer.before", "codepipeline.answer.after"]
RETRYING = ["codepipeline.retry.before", "codepipeline.retry.after"]
ROLLING_BACK = ["codepipeline.rollback.before", "codepipeline.rollback.after"]
HALTING_A_PIPELINE = ["codepipeline.stop.before", "codepipeline.stop.after"]
CLOSING = ["codepipeline.door.before", "codepipeline.door.after"]
STOPPING_A_BUILD = ["codebuild.stop.before", "codebuild.stop.after"]


async def play(
    scene: str, fleet: Fleet | Workshop | Yard, digest: str = "", crash_at: str = "", run: str = "hello-900"
) -> int:
    given = {
        "scene": scene,
        "aws": asdict(fleet.environment.aws) if fleet.environment.aws else {},
        "registry": "" if isinstance(fleet, Yard) else fleet.registry.host,
        "image": "" if isinstance(fleet, Yard) else fleet.image,
        "digest": digest,
        "run": run,
        "pace": 1 / fleet.server.clock.speed,
        "workspace": str(fleet.root),
    }
    code, _ = await played("tests.aws.scene", given, crash_at)
    return code


@pytest.mark.parametrize("spot", some(DEPLOYING, "ecs.register.after", "ecs.update.after"))
async def test_a_deploy_is_registered_and_begun_once(spot: str, fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    assert await play("deploy", fleet, new, spot) == -signal.SIGKILL
    assert await play("deploy", fleet, new) == 0
    assert fleet.revisions() == ["hello:1", "hello:2"]
    assert fleet.service.primary.task_definition.endswith("hello:2")
    assert fleet.service.primary.rollout == "COMPLETED"
    assert len(fleet.service.deployments) == 2
    assert server.count("RegisterTaskDefinition") == server.count("UpdateService") == 1


@pytest.mark.parametrize("spot", some(MIGRATING, "ecs.task.after"))
async def test_a_migration_is_run_once(spot: str, fleet: Fleet, rest: Rest, server: Server) -> None:
    networked(fleet, rest)
    new = fleet.pushed("new")
    assert await play("migrate", fleet, new, spot) == -signal.SIGKILL
    assert await play("migrate", fleet, new) == 0
    assert len(fleet.tasks.jobs.tasks) == server.count("UpdateService") == 1
    assert fleet.service.primary.rollout == "COMPLETED"


@pytest.mark.sweep
async def test_a_migration_that_went_well_is_remembered_when_ecs_has_forgotten_it(fleet: Fleet, rest: Rest) -> None:
    networked(fleet, rest)
    new = fleet.pushed("new")
    assert await play("migrate", fleet, new, "ecs.done.after") == -signal.SIGKILL
    fleet.tasks.jobs.forget()
    assert await play("migrate", fleet, new) == 0
    assert len(fleet.tasks.jobs.tasks) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", ["ecs.update.after", *PAUSING])
async def test_a_paused_deployment_goes_on_once(spot: str, fleet: Fleet, server: Server) -> None:
    shifted = {"alternateTargetGroupArn": "arn:green", "productionListenerRule": "arn:rule"}
    fleet.service.more["loadBalancers"] = [{"targetGroupArn": "arn:blue", "advancedConfiguration": shifted}]
    new = fleet.pushed("new")
    assert await play("paused", fleet, new, spot) == -signal.SIGKILL
    assert await play("paused", fleet, new) == 0
    assert fleet.service.primary.outcome == "SUCCESSFUL"
    assert server.count("UpdateService") == server.count("ContinueServiceDeployment") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", HALTING)
async def test_a_migration_is_stopped_whatever_dies(spot: str, fleet: Fleet, rest: Rest, server: Server) -> None:
    networked(fleet, rest)
    new = fleet.pushed("new")
    fleet.tasks.jobs.scripts = [Script(takes=1e9)]
    assert await play("migrate", fleet, new, "ecs.task.after") == -signal.SIGKILL
    assert await play("stop", fleet, new, spot) == -signal.SIGKILL
    assert await play("stop", fleet, new) == 0
    (task,) = fleet.tasks.jobs.shown()
    assert (task["stopCode"], server.count("UpdateService")) == ("UserInitiated", 0)


def networked(fleet: Fleet, rest: Rest) -> None:
    """Give the service a network, which a task takes over."""
    fleet.service.more["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    rest.subnets.add("subnet-1")


@pytest.mark.sweep
@pytest.mark.parametrize("spot", [*GOING_BACK, "ecs.update.before", "ecs.update.after"])
async def test_a_rollback_is_begun_once(spot: str, fleet: Fleet, server: Server) -> None:
    first = fleet.pushed("one")
    await fleet.deploy(first)
    await fleet.deploy(fleet.pushed("two"))
    assert await play("back", fleet, first, spot) == -signal.SIGKILL
    assert await play("back", fleet, first) == 0
    assert fleet.service.primary.task_definition.endswith("hello:2")
    assert len(fleet.service.deployments) == 4
    assert server.count("RegisterTaskDefinition") == 2


@pytest.mark.parametrize("spot", some(STOPPING, "ecs.back.after"))
async def test_a_deployment_is_stopped_once(spot: str, fleet: Fleet) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(starts=1e6, steady=1e6)
    assert await play("deploy", fleet, new, "ecs.update.after") == -signal.SIGKILL
    assert await play("stop", fleet, new, spot) == -signal.SIGKILL
    assert await play("stop", fleet, new) == 0
    assert fleet.service.primary.task_definition == fleet.definition
    assert len(fleet.service.deployments) == 3


@pytest.mark.sweep
@pytest.mark.parametrize("spot", SCALING)
async def test_a_service_is_scaled_whatever_dies(spot: str, fleet: Fleet) -> None:
    assert await play("scale", fleet, fleet.old, spot) == -signal.SIGKILL
    assert await play("scale", fleet, fleet.old) == 0
    assert fleet.service.primary.running == fleet.service.desired == 3


@pytest.mark.sweep
@pytest.mark.parametrize("spot", IN_ECR)
async def test_a_repository_is_made_once(spot: str, fleet: Fleet, repositories: Repositories) -> None:
    assert await play("repository", fleet, "", spot) == -signal.SIGKILL
    assert await play("repository", fleet, "") == 0
    assert list(repositories.known) == list(repositories.policies) == ["hello"]


@pytest.mark.sweep
@pytest.mark.parametrize("spot", ["ecr.setting.before", "ecr.setting.after"])
async def test_the_settings_of_a_repository_are_changed_once(
    spot: str, fleet: Fleet, repositories: Repositories, server: Server
) -> None:
    repositories.add("hello", mutable=True, tags=[{"Key": "managed-by", "Value": "estiva"}])
    assert await play("repository", fleet, "", spot) == -signal.SIGKILL
    assert await play("repository", fleet, "") == 0
    assert repositories.known["hello"]["imageTagMutability"] == "IMMUTABLE"
    assert repositories.known["hello"]["imageScanningConfiguration"] == {"scanOnPush": True}
    changes = ("PutImageTagMutability", "PutImageScanningConfiguration", "PutLifecyclePolicy")
    assert [server.count(each) for each in changes] == [1, 1, 1]


@pytest.mark.parametrize("spot", some(BUILDING, "codebuild.start.after"))
async def test_a_build_is_started_once(spot: str, workshop: Workshop, server: Server) -> None:
    assert await play("build", workshop, crash_at=spot) == -signal.SIGKILL
    for _ in range(6):  # the token lives for five minutes of AWS's, and others build meanwhile
        workshop.builds.start("hello")
    assert await play("build", workshop) == 0
    assert sum("idempotencyToken" in build.given for build in workshop.builds.built) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", STOPPING_A_BUILD)
async def test_a_build_is_stopped_whatever_dies(spot: str, workshop: Workshop) -> None:
    workshop.script(BuildScript(lasts={"BUILD": 1e6}))
    assert await play("build", workshop, crash_at="codebuild.start.after") == -signal.SIGKILL
    assert await play("build-stop", workshop, crash_at=spot) == -signal.SIGKILL
    assert await play("build-stop", workshop) == 0
    assert [build.stopped is not None for build in workshop.builds.built] == [True]


@pytest.mark.parametrize("spot", some(IN_A_BATCH, "codebuild.batch.after"))
async def test_a_batch_is_started_once(spot: str, workshop: Workshop) -> None:
    workshop.plan(Task(name="linux"), Task(name="arm", after=("linux",)))
    assert await play("build-batch", workshop, crash_at=spot) == -signal.SIGKILL
    assert await play("build-batch", workshop) == 0
    (batch,) = workshop.batches.begun
    assert {name: len(tries) for name, tries in batch.tries.items()} == {"linux": 1, "arm": 1}


@pytest.mark.parametrize("spot", some(AGAIN, "codebuild.again.after"))
async def test_what_failed_of_a_batch_is_built_again_once(spot: str, workshop: Workshop, server: Server) -> None:
    broken = BuildScript(wrong="BUILD", message="exit status 1")
    workshop.plan(Task(name="linux", scripts=[broken, BuildScript()]))
    assert await play("build-batch-again", workshop, crash_at=spot) == -signal.SIGKILL
    assert await play("build-batch-again", workshop) == 0
    (batch,) = workshop.batches.begun
    assert len(batch.tries["linux"]) == 2
    assert server.count("RetryBuildBatch") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", HALTING_A_BATCH)
async def test_a_batch_is_stopped_whatever_dies(spot: str, workshop: Workshop) -> None:
    workshop.plan(Task(name="linux", scripts=[BuildScript(lasts={"BUILD": 1e6})]))
    assert await play("build-batch", workshop, crash_at="codebuild.batch.after") == -signal.SIGKILL
    assert await play("build-batch-stop", workshop, crash_at=spot) == -signal.SIGKILL
    assert await play("build-batch-stop", workshop) == 0
    assert [batch.stopped is not None for batch in workshop.batches.begun] == [True]


@pytest.mark.parametrize("spot", some([*STARTING, *ANSWERING], "codepipeline.answer.after"))
async def test_a_pipeline_is_started_and_answered_once(spot: str, yard: Yard, server: Server) -> None:
    yard.pipeline(approved=True)
    assert await play("pipeline", yard, crash_at=spot) == -signal.SIGKILL
    assert await play("pipeline", yard) == 0
    assert [each.status for each in yard.executions] == ["Succeeded"]
    assert server.count("PutApprovalResult") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("spot", STARTING)
async def test_a_pipeline_is_started_once_where_nobody_has_a_session_of_their_own(spot: str, yard: Yard) -> None:
    yard.without_role()
    assert await play("pipeline", yard, crash_at=spot) == -signal.SIGKILL
    assert await play("pipeline", yard) == 0
    assert [each.status for each in yard.executions] == ["Succeeded"]


@pytest.mark.sweep
@pytest.mark.parametrize("spot", RETRYING)
async def test_failed_actions_are_done_again_once(spot: str, yard: Yard, server: Server) -> None:
    yard.pipeline(Action(name="Flaky", provider="Lambda", fails=["timeout"]))
    assert await play("pipeline", yard) == 0
    assert await play("pipeline-retry", yard, crash_at=spot) == -signal.SIGKILL
    assert await play("pipeline-retry", yard) == 0
    assert [each.status for each in yard.executions] == ["Succeeded"]
    assert server.count("RetryStageExecution") == 1


@pytest.mark.sweep
@pytest.mark.parametrize("own_session", [True, False])
@pytest.mark.parametrize("spot", ROLLING_BACK)
async def test_a_stage_is_rolled_back_once(spot: str, yard: Yard, *, own_session: bool) -> None:
    if not own_session:
        yard.without_role()
    assert await play("pipeline", yard, run="hello-901") == 0
    assert await play("pipeline-back", yard, crash_at=spot) == -signal.SIGKILL
    assert await play("pipeline-back", yard) == 0
    assert [each.status for each in yard.executions] == ["Succeeded", "Succeeded"]


@pytest.mark.sweep
@pytest.mark.parametrize("spot", HALTING_A_PIPELINE)
async def test_a_pipeline_is_stopped_whatever_dies(spot: str, yard: Yard) -> None:
    yard.pipeline(Action(name="Service", seconds=1e6))
    assert await play("pipeline", yard, crash_at="codepipeline.start.after") == -signal.SIGKILL
    assert await play("pipeline-stop", yard, crash_at=spot) == -signal.SIGKILL
    assert await play("pipeline-stop", yard) == 0
    assert [each.status in ("Stopping", "Stopped") for each in yard.executions] == [True]


@pytest.mark.sweep
@pytest.mark.parametrize("spot", CLOSING)
async def test_a_door_is_closed_whatever_dies(spot: str, yard: Yard, server: Server) -> None:
    assert await play("pipeline-doors", yard, crash_at=spot) == -signal.SIGKILL
    assert await play("pipeline-doors", yard) == 0
    assert yard.pipelines.known["hello"].stage("Deploy").reason == "Estiva - frozen by UANA"
    assert server.count("DisableStageTransition") == 1


def test_every_labelled_place_is_swept() -> None:
    paths = (ROOT / "runners" / "aws").rglob("*.py")
    sources = [path.read_text() for path in paths if path.parent.name != "infra"]  # which test_infra_kill sweeps
    labelled = {name for source in sources for name in re.findall(r'crash_here\("([\w.]+)"\)', source)}
    of_ecs = {*PAUSING, *DEPLOYING, *GOING_BACK, *STOPPING, *SCALING, *MIGRATING, *HALTING}
    of_builds = {*BUILDING, *STOPPING_A_BUILD, *IN_A_BATCH, *AGAIN, *HALTING_A_BATCH}
    of_pipelines = {*STARTING, *ANSWERING, *RETRYING, *ROLLING_BACK, *HALTING_A_PIPELINE, *CLOSING}
    assert labelled == {*of_ecs, *IN_ECR, *of_builds, *of_pipelines}
