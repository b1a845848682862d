"""Kind `ecs`: a release on a service of ECS, on EC2 or Fargate, by a rolling deployment.

The new task definition is made of the one that the service uses, with the image by its digest; the service is updated,
and our deployment followed by its id. When ECS itself goes back to the old one, that is a failure. Nothing that may be
needed is ever deregistered.
"""

from collections.abc import Mapping
from datetime import datetime

from runners import options, registry
from runners.aws import configuration, errors
from runners.aws.ecr import Registries
from runners.aws.ecs import (
    declared,
    images,
    oneoff,
    revisions,
    rollout,
    services,
    staged,
    stopped,
    strategy,
    verify,
)
from runners.aws.ecs.deploy import Deploy
from runners.aws.ecs.events import Events
from runners.aws.ecs.foreseen import NEWEST, foresee
from runners.aws.ecs.images import container_of
from runners.aws.ecs.services import Target, short
from runners.aws.session import NOWHERE, Account, Clouds, Visitor
from runners.aws.told import called, told
from runners.before import tasks_of
from runners.contract import ActionFailed, Outcome, Silence, Sink, Work
from storage.model.catalog import Environment, Json, Service
from storage.model.worded import worded

_KNOWN = {
    "cluster": options.text,
    "service": options.text,
    "services": options.variables,
    "container": options.text,
    "before": oneoff.problem,
    "strategy": strategy.problem,
    "events": options.text,
    "base": options.one_of(NEWEST, "in_use"),
    "task_definition": options.inside,
}
_ERRORS = {
    **registry.ERRORS,
    **errors.ERRORS,
    **services.ERRORS,
    **images.ERRORS,
    **declared.ERRORS,
    **verify.ERRORS,
    **rollout.ERRORS,
    **oneoff.ERRORS,
    **staged.ERRORS,
    **configuration.ERRORS,
    **NOWHERE,
}
_TASKS = 10
"""Running tasks whose newest lines are read."""


class EcsRunner:
    """Options stand with the environment, or with the action, which wins."""

    kind = "ecs"
    errors = _ERRORS
    exports = ("ADDRESS", "TASK_DEFINITION", "DEPLOYMENT")
    by_service = ("services", "before")
    most = 5000

    def __init__(
        self, clouds: Clouds, environ: Mapping[str, str], ecr: Registries | None = None, pace: float = 1.0
    ) -> None:
        """Take the way to AWS, and where the registry's credentials are. `pace`: 1, unless AWS's time runs faster."""
        self._clouds = clouds
        self._environ = environ
        self._ecr = ecr
        self._pace = pace
        self._events = Events()

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options, of an action or of an environment."""
        return options.problems(options_, _KNOWN)

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Deploy the digest among the artifacts to the work's environment."""
        return await (await self._deploy(work, sink)).run()

    async def stop(self, work: Work) -> None:
        """Put the service back, when what the work began is still under way and nobody awaits it any more."""
        await (await self._deploy(work, Silence())).stop()

    async def tail(self, service: Service, environment: Environment, since: datetime | None, lines: int) -> list[str]:
        """Give what the tasks write that run now."""
        account, _ = await self._clouds.within(environment, Visitor(name="estiva-logs"))
        deploys = deploys_of(service, environment)
        written = [
            await _written(account, target, str(given.get("container") or ""), service, since, lines)
            for target, given in deploys.items()
        ]
        if all(each is None for each in written):
            targets = ", ".join(str(target) for target in deploys)
            raise ActionFailed(
                worded("no task of {name} runs in {target}", name=service.name, target=targets),
                hint=worded("deploy it first"),
                error="not_running",
            )
        return [line for each in written for line in each or ()][-lines:]

    async def configuration(self, service: Service, environment: Environment) -> Mapping[str, str]:
        """Say where the service's secrets are there, and in which version."""
        account, _ = await self._clouds.within(environment, Visitor(name="estiva-plan"))
        found = await configuration.sources(account, service.secrets.get(environment.name, {}))
        return {name: source.pinned for name, source in found.items()}

    async def foresee(self, service: Service, environment: Environment, digest: str | None) -> list[str]:
        """Say how each task definition would change, and what is not ready; registers nothing."""
        account, _ = await self._clouds.within(environment, Visitor(name="estiva-plan"))
        deploys = deploys_of(service, environment)
        lines: list[str] = []
        for target, given in deploys.items():
            found = await foresee(account, target, service, environment, given, digest)
            several = len(deploys) > 1
            lines += [worded("{target}: {what}", target=target, what=each) if several else each for each in found]
        return lines

    async def _deploy(self, work: Work, sink: Sink) -> Deploy:
        account, environment = await self._clouds.within(work.environment, Visitor.of(work))
        given = told(self.kind, environment, work.options)
        return Deploy(
            account=account,
            target=target_of(work.service, environment, work.options),
            work=work,
            sink=sink,
            container=str(given.get("container") or ""),
            before=tasks_of(given.get("before"), work.service.name),
            events=self._events,
            queue=str(given.get("events") or ""),
            strategy=given.get("strategy"),
            newest=given.get("base") == NEWEST,
            file=str(given.get("task_definition") or ""),
            environ=self._environ,
            registries=self._ecr,
            pace=self._pace,
        )


async def _written(
    account: Account, target: Target, container: str, service: Service, since: datetime | None, lines: int
) -> list[str] | None:
    """Read what the tasks of one service in ECS write now; nothing when none runs."""
    state = await services.look(account, target)
    listed = await account.call(
        "ecs", "list_tasks", cluster=target.cluster, serviceName=target.service, maxResults=_TASKS
    )
    if not listed["taskArns"]:
        return None
    revision = await revisions.read(account, state.task_definition)
    names = [each["name"] for each in revision.containers]
    container = container_of(service, revision, revision, container)
    container = container if container in names else names[0]
    logs, found = account.at(stopped.log_region(revision, container)), []
    for arn in listed["taskArns"]:
        place = stopped.stream_of(revision, container, short(arn))
        found += await stopped.tail(logs, *place, lines=lines, since=since) if place else []
    return found


def target_of(service: Service, environment: Environment, given: Mapping[str, Json]) -> Target:
    """Name the service in ECS of an action that is given these options."""
    cluster = told(EcsRunner.kind, environment, given).get("cluster") or "default"
    return Target(cluster=str(cluster), service=called(EcsRunner.kind, service, environment, given, by="service"))


def deploys_of(service: Service, environment: Environment) -> Mapping[Target, Mapping[str, Json]]:
    """Give the services in ECS that are deployed to in an environment, each with the options of its first deploy.

    Without an action that does, it is what the environment says.
    """
    actions = service.actions(environment.name, EcsRunner.kind)
    found: dict[Target, Mapping[str, Json]] = {}
    for given in [each.options for each in actions] or [{}]:
        found.setdefault(target_of(service, environment, given), told(EcsRunner.kind, environment, given))
    return found
