"""What pipelines of CodePipeline, and stacks of CloudFormation, need."""

from collections.abc import Iterator, Mapping, Sequence

from runners.aws.codepipeline import executions
from runners.aws.codepipeline.runner import CodePipelineRunner, pipeline_of
from runners.aws.ecs import revisions, services
from runners.aws.ecs.services import Target, short
from runners.aws.infra.runner import CloudFormationRunner, service_of
from runners.aws.infra.stack import Declared
from runners.aws.infra.templates import PREFIX
from runners.aws.permissions.need import EVERYTHING, SOME, Arns, Need, actions_of
from runners.aws.session import Account
from runners.aws.told import told
from runners.contract import ActionFailed
from storage.model.catalog import Catalog, Environment, Json

ON_PIPELINE = (
    *("codepipeline:StartPipelineExecution", "codepipeline:StopPipelineExecution", "codepipeline:GetPipelineState"),
    *("codepipeline:GetPipeline", "codepipeline:GetPipelineExecution"),
    *("codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions"),
)
ON_STAGE = ("codepipeline:RetryStageExecution",)
ON_STAGE_BACK = ("codepipeline:RollbackStage",)
ON_DOOR = ("codepipeline:DisableStageTransition", "codepipeline:EnableStageTransition")
ON_APPROVAL = ("codepipeline:PutApprovalResult",)
BEHIND = ("ecs:DescribeTaskDefinition",)
BEHIND_SOME = ("ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks", "logs:GetLogEvents")
BEHIND_PROJECT = ("codebuild:BatchGetBuilds",)
"""What the cause of a failed pipeline is looked up with. Without one of them, less is said."""
ON_TEMPLATE = ("cloudformation:GetTemplateSummary",)
ON_STACK = (
    *("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:CreateChangeSet"),
    *("cloudformation:DescribeChangeSet", "cloudformation:ListChangeSets", "cloudformation:DeleteChangeSet"),
    *("cloudformation:ExecuteChangeSet", "cloudformation:CancelUpdateStack", "cloudformation:DeleteStack"),
    "cloudformation:TagResource",
)
"""What changes of stacks ask for, besides what the templates themselves make."""
ON_LARGE_TEMPLATE = ("s3:PutObject", "s3:GetObject")
"""What templates that are too large for a call ask for: CloudFormation reads them as whoever asks it."""
ON_SERVICE = ("ecs:DescribeServices", "ecs:UpdateService")
ON_DEFINITION = ("ecs:TagResource",)
"""What it takes to let a stack's service go on with what it runs, where the stack's entry has `task`."""
PASS = ("iam:PassRole",)
TO_CLOUDFORMATION = (("iam:PassedToService", "cloudformation.amazonaws.com"),)


async def of_pipelines(catalog: Catalog, environment: Environment, account: Account) -> list[Need]:
    """Give what is needed for the pipelines of CodePipeline there."""
    found: list[Need] = []
    for service, action in actions_of(catalog, environment, CodePipelineRunner.kind):
        name = pipeline_of(service, environment, action.options)
        given = told(CodePipelineRunner.kind, environment, action.options)
        found += _of_a_pipeline(Arns(account.place), name, given, await _stages(account, name))
    return found


async def _stages(account: Account, pipeline: str) -> list[str]:
    try:
        return [stage.name for stage in await executions.stages(account, pipeline)]
    except ActionFailed:
        return []


def _of_a_pipeline(arns: Arns, name: str, given: Mapping[str, Json], stages: Sequence[str]) -> Iterator[Need]:
    pipeline = arns.of("codepipeline", name)
    yield Need(actions=ON_PIPELINE, on=(pipeline,))
    yield Need(actions=ON_STAGE, on=tuple(f"{pipeline}/{each}" for each in stages or (SOME,)), known=bool(stages))
    if back := given.get("stage"):
        yield Need(actions=ON_STAGE_BACK, on=(f"{pipeline}/{back}",))
    if door := given.get("freeze"):
        yield Need(actions=ON_DOOR, on=(f"{pipeline}/{door}",))
    # which of its actions are approvals, and what is behind the others, nothing says before they are under way
    yield Need(actions=ON_APPROVAL, on=(f"{pipeline}/{SOME}/{SOME}",), known=False)
    yield Need(actions=BEHIND)
    yield Need(actions=BEHIND_SOME, known=False)
    yield Need(actions=BEHIND_PROJECT, on=(arns.of("codebuild", f"project/{name}"),), known=False)


async def of_stacks(catalog: Catalog, environment: Environment, account: Account) -> list[Need]:
    """Give what is needed for the stacks there, and for the services of ECS in them."""
    found = [*_of_the_stacks(catalog, environment, Arns(account.place))]
    for service, action in actions_of(catalog, environment, CloudFormationRunner.kind):
        for declared in Declared.read(action.options.get("stacks")):
            if declared.task:
                found += await _of_its_service(account, service_of(declared, service, environment))
    return found


async def _of_its_service(account: Account, target: Target) -> list[Need]:
    arns, cluster = Arns(account.place), short(target.cluster)
    within = (("ecs:cluster", arns.of("ecs", f"cluster/{cluster}")),)
    service = arns.of("ecs", f"service/{cluster}/{short(target.service)}")
    found = [Need(actions=ON_SERVICE, on=(service,), context=within)]
    try:
        revision = await revisions.read(account, (await services.look(account, target)).task_definition)
    except ActionFailed:
        return found
    definition = arns.of("ecs", f"task-definition/{revision.definition['family']}:1")
    return [*found, Need(actions=ON_DEFINITION, on=(definition,))]


def _of_the_stacks(catalog: Catalog, environment: Environment, arns: Arns) -> Iterator[Need]:
    """Give what is needed for the stacks themselves, and to hand CloudFormation the roles that it works with."""
    for _, action in actions_of(catalog, environment, CloudFormationRunner.kind):
        declared = Declared.read(action.options.get("stacks"))
        yield Need(actions=ON_TEMPLATE)
        yield Need(
            actions=ON_STACK,
            on=tuple(arns.of("cloudformation", f"stack/{each.name}/{SOME}") for each in declared) or EVERYTHING,
            known=bool(declared),
        )
        if bucket := action.options.get("bucket"):
            yield Need(actions=ON_LARGE_TEMPLATE, on=(arns.bucket(f"{bucket}/{PREFIX}{SOME}"),))
        if roles := tuple(sorted({each.role for each in declared if each.role})):
            yield Need(actions=PASS, on=roles, context=TO_CLOUDFORMATION)
