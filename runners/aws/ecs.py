"""Kind `ecs`: a release on a service of ECS, on EC2 or Fargate, by a rolling deployment.

The new task definition is made of the one that the service uses, with the image by its digest; the service is updated,
and our deployment followed by its id. When ECS itself goes back to the old one, that is a failure. Nothing that may be
needed is ever deregistered.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from runners import options, registry
from runners.aws import (
    configuration,
    errors,
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
from runners.aws.deploy import Deploy
from runners.aws.events import Events
from runners.aws.oneoff import Before
from runners.aws.revisions import Change
from runners.aws.services import Target, short
from runners.aws.session import NOWHERE, Clouds, Visitor
from runners.aws.verify import Verification
from runners.contract import ActionFailed, Outcome, Silence, Sink, Work
from runners.registry import Logins
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
}
_ERRORS = {
    **registry.ERRORS,
    **errors.ERRORS,
    **services.ERRORS,
    **images.ERRORS,
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
    most = 5000

    def __init__(
        self, clouds: Clouds, environ: Mapping[str, str], logins: Logins | None = None, pace: float = 1.0
    ) -> None:
        """Take the way to AWS, and where the registry's credentials are. `pace`: 1, unless AWS's time runs faster."""
        self._clouds = clouds
        self._environ = environ
        self._logins = logins
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
        target = target_of(service, environment, {})
        state = await services.look(account, target)
        revision = await revisions.read(account, state.task_definition)
        container = str(environment.options.get("container", "")) or _first(revision, service)
        listed = await account.call(
            "ecs", "list_tasks", cluster=target.cluster, serviceName=target.service, maxResults=_TASKS
        )
        if not listed["taskArns"]:
            raise ActionFailed(
                worded("no task of {name} runs in {target}", name=service.name, target=target),
                hint=worded("deploy it first"),
                error="not_running",
            )
        found: list[str] = []
        logs = account.at(stopped.log_region(revision, container))
        for arn in listed["taskArns"]:
            place = stopped.stream_of(revision, container, short(arn))
            found += await stopped.tail(logs, *place, lines=lines, since=since) if place else []
        return found[-lines:]

    async def configuration(self, service: Service, environment: Environment) -> Mapping[str, str]:
        """Say where the service's secrets are there, and in which version."""
        account, _ = await self._clouds.within(environment, Visitor(name="estiva-plan"))
        found = await configuration.sources(account, service.secrets.get(environment.name, {}))
        return {name: source.pinned for name, source in found.items()}

    async def foresee(self, service: Service, environment: Environment, digest: str | None) -> list[str]:
        """Say how the task definition would change, and what is not ready; registers nothing."""
        account, _ = await self._clouds.within(environment, Visitor(name="estiva-plan"))
        state = await services.look(account, target_of(service, environment, {}))
        current = await revisions.read(account, state.task_definition)
        container = str(environment.options.get("container", "")) or _first(current, service)
        image = f"{service.image}@{digest}" if digest else current.image_of(container)
        own = {"ESTIVA_SERVICE": service.name, "ESTIVA_ENVIRONMENT": environment.name}
        variables = {**service.env.get(environment.name, {}), **own}
        found = await configuration.sources(account, service.secrets.get(environment.name, {}))
        secrets = {name: source.value_from for name, source in found.items()}
        change = Change(images={container: image}, container=container, variables=variables, tags={}, secrets=secrets)
        lines = revisions.difference(current.definition, revisions.derived(current, change, ()))
        known = state.raw.get("deploymentConfiguration", {})
        settings = strategy.configured(_option(service, environment, "strategy"), known) or known
        lines += _foreseen(oneoff.read(_option(service, environment, "before"), service.name), known, settings)
        verification = Verification(
            account=account,
            service=state,
            revision=current,
            variables=variables,
            settings=settings,
            sink=Silence(),
        )
        try:
            await verification.check()
        except ActionFailed as failure:
            if failure.error != "not_ready":
                raise
            lines.append(failure.reason)
        return lines

    async def _deploy(self, work: Work, sink: Sink) -> Deploy:
        account, environment = await self._clouds.within(work.environment, Visitor.of(work))
        return Deploy(
            account=account,
            target=target_of(work.service, environment, work.options),
            work=work,
            sink=sink,
            container=str(work.options.get("container") or environment.options.get("container") or ""),
            before=oneoff.read(work.options.get("before") or environment.options.get("before"), work.service.name),
            events=self._events,
            queue=str(work.options.get("events") or environment.options.get("events") or ""),
            strategy=work.options.get("strategy") or environment.options.get("strategy"),
            environ=self._environ,
            logins=self._logins,
            pace=self._pace,
        )


def target_of(service: Service, environment: Environment, given: Mapping[str, Json]) -> Target:
    """Name the service in ECS: as the action or the environment says, else as it is called in the catalog."""
    names = environment.options.get("services")
    named = names.get(service.name) if isinstance(names, dict) else None
    cluster = given.get("cluster") or environment.options.get("cluster") or "default"
    called = given.get("service") or named or environment.options.get("service") or service.name
    return Target(cluster=str(cluster), service=str(called))


def _option(service: Service, environment: Environment, name: str) -> Json:
    """Give an option of the deploy to an environment: its action's own, or the environment's."""
    stages = (stage for stage in service.stages if stage.environment == environment.name)
    actions = (action for stage in stages for action in stage.actions if action.uses == EcsRunner.kind)
    return next((each.options[name] for each in actions if name in each.options), environment.options.get(name))


def _foreseen(tasks: Sequence[Before], known: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Say what would run before the release, and whether deployments would go another way than now."""
    lines: list[str] = [worded("{task} runs before the release", task=task.name) for task in tasks]
    was, becomes = strategy.strategy_of(known), strategy.strategy_of(settings)
    if was != becomes:
        lines.append(worded("the deployment strategy {old} becomes {new}", old=was, new=becomes))
    return lines


def _first(revision: revisions.Revision, service: Service) -> str:
    names = [each["name"] for each in revision.containers]
    return revision.container_of(service.image) or next((name for name in names if name == service.name), names[0])
