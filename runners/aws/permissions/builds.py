"""What builds need: in CodeBuild, of a buildspec on Estiva's own machine, and to push an image to ECR."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from runners import options
from runners.aws.codebuild import builds
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.permissions.need import SOME, Arns, Need, actions_of
from runners.aws.session import Account
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed
from storage.model.catalog import Catalog, Environment
from storage.model.cloud import Ecr

LOGIN = ("ecr:GetAuthorizationToken",)
ON_REPOSITORY = (
    *("ecr:DescribeRepositories", "ecr:CreateRepository", "ecr:TagResource", "ecr:ListTagsForResource"),
    *("ecr:GetLifecyclePolicy", "ecr:PutLifecyclePolicy", "ecr:DeleteLifecyclePolicy"),
    *("ecr:PutImageTagMutability", "ecr:PutImageScanningConfiguration", "ecr:DescribeImageScanFindings"),
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
    *("ecr:PutImage", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchDeleteImage"),
)
"""What the push, and the retention of images, ask of ECR."""
ON_PROJECT = (
    *("codebuild:BatchGetProjects", "codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"),
    "codebuild:ListBuildsForProject",
)
ON_BATCHES = (
    *("codebuild:StartBuildBatch", "codebuild:StopBuildBatch", "codebuild:RetryBuildBatch"),
    *("codebuild:BatchGetBuildBatches", "codebuild:ListBuildBatchesForProject"),
)
"""What a project is asked for besides that builds in batches."""
ON_REPORTS = ("codebuild:BatchGetReports", "codebuild:DescribeTestCases")
ON_LOG = ("logs:GetLogEvents",)
ON_OBJECT, ON_BUCKET = ("s3:GetObject",), ("s3:ListBucket",)
"""What fetching artifacts asks for."""
ON_PARAMETER, ON_SECRET = ("ssm:GetParameters",), ("secretsmanager:GetSecretValue",)
"""What a buildspec asks for that names parameters and secrets."""


def of_the_registry(catalog: Catalog, ecr: Ecr) -> list[Need]:
    """Give what is needed to push the images of all services that have theirs in it."""
    host = f"{catalog.registry.host}/"
    names = {each.image.removeprefix(host) for each in catalog.services.values() if each.image.startswith(host)}
    repositories = tuple(Arns(ecr.aws).of("ecr", f"repository/{name}") for name in sorted(names))
    return [Need(actions=LOGIN), *([Need(actions=ON_REPOSITORY, on=repositories)] if repositories else [])]


async def needs(catalog: Catalog, environment: Environment, account: Account) -> list[Need]:
    """Give what is needed for the builds in CodeBuild there, and for the values that buildspecs name."""
    found = list(_of_values(catalog, environment, Arns(account.place)))
    for project, wants in sorted(_projects(catalog, environment).items()):
        found += _of_a_project(Arns(account.place), project, await _project(account, project), wants)
    return found


def _projects(catalog: Catalog, environment: Environment) -> dict[str, set[str]]:
    """Give the projects, and what is wanted of them besides a build: `fetch`, `batch`."""
    found: dict[str, set[str]] = {}
    for _, action in actions_of(catalog, environment, CodeBuildRunner.kind):
        wants = {name for name in ("fetch", "batch") if action.options.get(name) is True}
        found.setdefault(str(action.options.get("project", "")), set()).update(wants)
    return found


async def _project(account: Account, name: str) -> Mapping[str, Any] | None:
    try:
        return await builds.project(account, name)
    except ActionFailed:
        return None


def _of_a_project(arns: Arns, name: str, project: Mapping[str, Any] | None, wants: Container[str]) -> Iterator[Need]:
    yield Need(actions=ON_PROJECT, on=(arns.of("codebuild", f"project/{name}"),))
    if "batch" in wants:
        yield Need(actions=ON_BATCHES, on=(arns.of("codebuild", f"project/{name}"),))
    yield Need(actions=ON_REPORTS, on=(arns.of("codebuild", f"report-group/{name}-{SOME}"),))
    log = (project or {}).get("logsConfig", {}).get("cloudWatchLogs", {})
    if log.get("status") != "DISABLED":
        group = log.get("groupName") or f"/aws/codebuild/{name}"
        yield Need(actions=ON_LOG, on=(arns.log(group),), known=project is not None)
    if "fetch" in wants:
        yield from _of_artifacts(arns, project or {})


def _of_artifacts(arns: Arns, project: Mapping[str, Any]) -> Iterator[Need]:
    """The bucket stands in the project; without it nobody can name it."""
    each = project.get("artifacts", {})
    bucket = each.get("location") if each.get("type") == "S3" else None
    if not bucket:
        yield Need(actions=(*ON_OBJECT, *ON_BUCKET), known=False)
        return
    key = "/".join(part.strip("/") for part in (each.get("path", ""), each.get("name", "")) if part.strip("/"))
    yield Need(actions=ON_OBJECT, on=(arns.bucket(f"{bucket}/{key or SOME}"),))
    yield Need(actions=ON_BUCKET, on=(arns.bucket(bucket),))


def _of_values(catalog: Catalog, environment: Environment, arns: Arns) -> Iterator[Need]:
    """A pattern among the names is no name: what is allowed on all that it may stand for is enough."""
    for _, action in actions_of(catalog, environment, BuildspecRunner.kind):
        for name in options.words(action.options.get("parameter_store")):
            yield Need(actions=ON_PARAMETER, on=(arns.parameter(name),), known="*" not in name)
        for name in options.words(action.options.get("secrets_manager")):
            yield Need(actions=ON_SECRET, on=(arns.secret(name),), known="*" not in name)
