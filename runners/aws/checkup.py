"""Whether what the catalog says of AWS is so: the account, and each permission that Estiva needs there."""

from collections.abc import AsyncIterator, Iterator, Sequence

from runners.aws.codebuild import builds
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.codepipeline import executions
from runners.aws.codepipeline.runner import CodePipelineRunner, pipeline_of
from runners.aws.ecs import services
from runners.aws.ecs.runner import EcsRunner, deploys_of
from runners.aws.ecs.services import Target
from runners.aws.errors import AwsRefused
from runners.aws.infra.runner import CloudFormationRunner
from runners.aws.session import Account, Clouds, Visitor
from runners.aws.told import told
from runners.contract import ActionFailed
from runners.findings import Finding
from storage.model.catalog import Action, Catalog, Environment, Service
from storage.model.cloud import Aws

_DOCTOR = Visitor(name="estiva-doctor")
TO_PUSH = (
    *("ecr:GetAuthorizationToken", "ecr:DescribeRepositories", "ecr:CreateRepository", "ecr:TagResource"),
    *("ecr:ListTagsForResource", "ecr:GetLifecyclePolicy", "ecr:PutLifecyclePolicy", "ecr:DescribeImageScanFindings"),
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
    *("ecr:PutImage", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchDeleteImage"),
)
"""Permissions: what the push, and the retention of images, ask of ECR."""

TO_DEPLOY = (
    *("ecs:DescribeClusters", "ecs:DescribeServices", "ecs:UpdateService", "ecs:ListTasks", "ecs:DescribeTasks"),
    *("ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:RegisterTaskDefinition", "ecs:TagResource"),
    *("ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:StopServiceDeployment", "iam:PassRole"),
    *("ecs:DescribeServiceDeployments", "ecs:ContinueServiceDeployment"),
    *("ecs:RunTask", "ecs:StopTask", "logs:GetLogEvents"),
)
"""Permissions: what a deploy to ECS asks for."""
TO_LISTEN = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
"""Permissions: what hearing of the end of deployments asks for, where a queue is named."""
TO_VERIFY = (
    *("iam:GetRole", "logs:DescribeLogGroups", "secretsmanager:DescribeSecret", "ssm:DescribeParameters"),
    *("ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"),
)
"""Permissions: what is looked at before a deploy to ECS. Without one of them, what it would tell is believed."""

TO_BUILD = (
    *("codebuild:BatchGetProjects", "codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"),
    *("codebuild:ListBuildsForProject", "codebuild:BatchGetReports", "logs:GetLogEvents"),
)
"""Permissions: what a build in CodeBuild asks for."""
TO_FETCH = ("s3:GetObject", "s3:ListBucket")
"""Permissions: what fetching its artifacts asks for."""
TO_PROVISION = (
    *("cloudformation:GetTemplateSummary", "cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"),
    *("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:ListChangeSets"),
    *("cloudformation:DeleteChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:CancelUpdateStack"),
    *("cloudformation:DeleteStack", "cloudformation:TagResource"),
)
"""Permissions: what changes of stacks ask for, besides what the templates themselves make."""
TO_MIRROR = (
    *("codepipeline:StartPipelineExecution", "codepipeline:StopPipelineExecution", "codepipeline:GetPipelineState"),
    *("codepipeline:GetPipelineExecution", "codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions"),
    *("codepipeline:PutApprovalResult", "codepipeline:RetryStageExecution", "codepipeline:RollbackStage"),
)
"""Permissions: what a pipeline in CodePipeline asks for."""
TO_FREEZE = ("codepipeline:DisableStageTransition", "codepipeline:EnableStageTransition")
"""Permissions: what closing its door asks for."""
TO_EXPLAIN = (
    *("codebuild:BatchGetBuilds", "logs:GetLogEvents", "ecs:DescribeServices", "ecs:DescribeTaskDefinition"),
    *("ecs:ListTasks", "ecs:DescribeTasks"),
)
"""Permissions: what the cause of a failed pipeline is looked up with. Without one of them, less is said."""


async def checkup(catalog: Catalog, clouds: Clouds) -> AsyncIterator[Finding]:
    """Look at each account that the catalog names, as Estiva would enter it."""
    for what, place, needed in _places(catalog):
        try:
            account = await clouds.enter(place, _DOCTOR)
        except ActionFailed as problem:
            yield Finding(what, problem.reason, problem.hint)
            continue
        yield Finding(what, f"{account.identity} in {place.region}", "")
        if needed:
            yield await _permissions(f"{what}: permissions", account, needed)
    for service, environment in _deployed(catalog):
        for target in deploys_of(service, environment):
            yield await _service(clouds, service, environment, target)
    for environment, project in _projects(catalog):
        yield await _project(clouds, environment, project)
    for environment, pipeline in _pipelines(catalog):
        yield await _pipeline(clouds, environment, pipeline)


def _deployed(catalog: Catalog) -> Iterator[tuple[Service, Environment]]:
    for environment in catalog.environments.values():
        for service in catalog.services.values():
            if environment.aws and service.actions(environment.name, EcsRunner.kind):
                yield service, environment


async def _service(clouds: Clouds, service: Service, environment: Environment, target: Target) -> Finding:
    """Look whether the service is there, as its deploy would."""
    what = f"ECS service of {service.name} in {environment.name}"
    try:
        account = await clouds.enter(environment.aws, _DOCTOR) if environment.aws else None
        found = await services.look(account, target) if account else None
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    return Finding(what, f"{target} runs {services.short(found.task_definition)}" if found else "", "")


def _projects(catalog: Catalog) -> list[tuple[Environment, str]]:
    """List the projects of CodeBuild, each once in an environment."""
    found = {
        (environment.name, str(action.options.get("project", "")))
        for environment in catalog.environments.values()
        if environment.aws is not None
        for action in _actions(catalog, environment, CodeBuildRunner.kind)
    }
    return [(catalog.environments[name], project) for name, project in sorted(found)]


async def _project(clouds: Clouds, environment: Environment, project: str) -> Finding:
    """Look whether the project is there."""
    what = f"CodeBuild project {project} in {environment.name}"
    try:
        account = await clouds.enter(environment.aws, _DOCTOR) if environment.aws else None
        found = await builds.project(account, project) if account else {}
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    return Finding(what, f"builds from {found.get('source', {}).get('type', '')}", "")


def _pipelines(catalog: Catalog) -> list[tuple[Environment, str]]:
    """List the pipelines of CodePipeline, each once in an environment."""
    found = {
        (environment.name, pipeline_of(service, environment, action.options))
        for environment in catalog.environments.values()
        if environment.aws is not None
        for service in catalog.services.values()
        for action in service.actions(environment.name, CodePipelineRunner.kind)
    }
    return [(catalog.environments[name], pipeline) for name, pipeline in sorted(found)]


async def _pipeline(clouds: Clouds, environment: Environment, pipeline: str) -> Finding:
    """Look whether the pipeline is there."""
    what = f"CodePipeline {pipeline} in {environment.name}"
    try:
        account = await clouds.enter(environment.aws, _DOCTOR) if environment.aws else None
        stages = await executions.stages(account, pipeline) if account else []
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    return Finding(what, f"its stages are {', '.join(stage.name for stage in stages)}", "")


def _actions(catalog: Catalog, environment: Environment, kind: str) -> Iterator[Action]:
    """List the actions of a kind that are done in an environment: in all pipelines, and for its infrastructure."""
    made_by = (service.infra.get(environment.name) for service in catalog.services.values())
    yield from (action for action in made_by if action is not None and action.uses == kind)
    for service in catalog.services.values():
        yield from service.actions(environment.name, kind)


def _needed(catalog: Catalog, environment: Environment) -> tuple[str, ...]:
    """List the permissions that an environment's role needs for what the catalog has it do."""
    builds_ = list(_actions(catalog, environment, CodeBuildRunner.kind))
    fetches = any(action.options.get("fetch") is True for action in builds_)
    mirrored = list(_actions(catalog, environment, CodePipelineRunner.kind))
    freezes = any(told(action.uses, environment, action.options).get("freeze") for action in mirrored)
    pipes = (*TO_MIRROR, *TO_EXPLAIN, *(TO_FREEZE if freezes else ())) if mirrored else ()
    deploys = (*TO_DEPLOY, *TO_VERIFY) if environment.target == EcsRunner.kind else ()
    own = [told(action.uses, environment, action.options) for action in _actions(catalog, environment, EcsRunner.kind)]
    hears = TO_LISTEN if any(each.get("events") for each in (environment.options, *own)) else ()
    provisions = TO_PROVISION if any(_actions(catalog, environment, CloudFormationRunner.kind)) else ()
    wanted = (*deploys, *hears, *(TO_BUILD if builds_ else ()), *(TO_FETCH if fetches else ()), *pipes, *provisions)
    return tuple(dict.fromkeys(wanted))


def _places(catalog: Catalog) -> Iterator[tuple[str, Aws, Sequence[str]]]:
    if catalog.registry.ecr is not None:
        yield "aws for the registry", catalog.registry.ecr.aws, TO_PUSH
    for environment in catalog.environments.values():
        if environment.aws is not None:
            yield f"aws for {environment.name}", environment.aws, _needed(catalog, environment)


async def _permissions(what: str, account: Account, needed: Sequence[str]) -> Finding:
    """Ask IAM itself; where that is not allowed, nothing is known, and that is what is said."""
    try:
        answer = await account.call(
            "iam", "simulate_principal_policy", PolicySourceArn=_policy_source(account), ActionNames=[*needed]
        )
    except AwsRefused as refused:
        mend = "" if refused.code == "AccessDenied" else refused.hint
        return Finding(what, f"cannot be found out without iam:SimulatePrincipalPolicy: {', '.join(needed)}", mend)
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    missing = [each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"]
    if missing:
        who = account.place.role or account.identity
        return Finding(what, f"missing: {', '.join(missing)}", f"allow them to {who}; examples/aws has the policies")
    return Finding(what, f"all {len(needed)} are there", "")


def _policy_source(account: Account) -> str:
    """Give whose policies count: of a session its role."""
    arn = account.place.role or account.identity
    head, _, name = arn.partition(":assumed-role/")
    return arn if not name else f"{head.replace(':sts:', ':iam:')}:role/{name.partition('/')[0]}"
