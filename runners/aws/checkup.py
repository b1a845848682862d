"""Whether what the catalog says of AWS is so: the account, and each permission that Estiva needs there."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial

from runners.aws.codebuild import builds
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.codepipeline import executions
from runners.aws.codepipeline.runner import CodePipelineRunner, pipeline_of
from runners.aws.ecs import services
from runners.aws.ecs.runner import EcsRunner, deploys_of
from runners.aws.ecs.services import Target
from runners.aws.permissions.all import needed, of_the_registry
from runners.aws.permissions.asked import permissions
from runners.aws.permissions.need import Need, actions_of
from runners.aws.session import Account, Clouds, Visitor
from runners.contract import ActionFailed
from runners.findings import Finding
from storage.model.catalog import Catalog, Environment, Service
from storage.model.cloud import Aws

DOCTOR = Visitor(name="estiva-doctor")


async def checkup(catalog: Catalog, clouds: Clouds) -> AsyncIterator[Finding]:
    """Look at each account that the catalog names, as Estiva would enter it."""
    for what, place, needs in _places(catalog):
        try:
            account = await clouds.enter(place, DOCTOR)
        except ActionFailed as problem:
            yield Finding(what, problem.reason, problem.hint)
            continue
        yield Finding(what, f"{account.identity} in {place.region}", "")
        if wanted := await needs(account):
            yield await permissions(f"{what}: permissions", account, wanted)
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
        account = await clouds.enter(environment.aws, DOCTOR) if environment.aws else None
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
        for _, action in actions_of(catalog, environment, CodeBuildRunner.kind)
    }
    return [(catalog.environments[name], project) for name, project in sorted(found)]


async def _project(clouds: Clouds, environment: Environment, project: str) -> Finding:
    """Look whether the project is there."""
    what = f"CodeBuild project {project} in {environment.name}"
    try:
        account = await clouds.enter(environment.aws, DOCTOR) if environment.aws else None
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
        account = await clouds.enter(environment.aws, DOCTOR) if environment.aws else None
        stages = await executions.stages(account, pipeline) if account else []
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    return Finding(what, f"its stages are {', '.join(stage.name for stage in stages)}", "")


def _places(catalog: Catalog) -> Iterator[tuple[str, Aws, Callable[[Account], Awaitable[Sequence[Need]]]]]:
    """Give each account that is entered, and how to find out what is needed there."""
    if (ecr := catalog.registry.ecr) is not None:
        yield "aws for the registry", ecr.aws, partial(of_the_registry, catalog, ecr)
    for environment in catalog.environments.values():
        if environment.aws is not None:
            yield f"aws for {environment.name}", environment.aws, partial(needed, catalog, environment)
