"""What a deploy to a service of ECS would change there, looked up without doing it."""

from collections.abc import Mapping, Sequence
from typing import Any

from runners.aws import configuration
from runners.aws.ecs import revisions, services, strategy
from runners.aws.ecs.images import BY_NAME, container_of, have
from runners.aws.ecs.revisions import Change
from runners.aws.ecs.services import Target
from runners.aws.ecs.verify import Verification
from runners.aws.session import Account
from runners.before import Before, tasks_of
from runners.contract import ActionFailed, Silence
from storage.model.catalog import Environment, Json, Service
from storage.model.worded import worded

NEWEST = "newest"
"""Value of the option `base`: new revisions are made of the newest that others made since the one in use."""


async def foresee(
    account: Account,
    target: Target,
    service: Service,
    environment: Environment,
    told: Mapping[str, Json],
    digest: str | None,
) -> list[str]:
    """Say how the task definition would change, and what is not ready; registers nothing.

    `told`: the options of the deploy.
    """
    state = await services.look(account, target)
    current = await revisions.read(account, state.task_definition)
    base = (await revisions.newest(account, current) if told.get("base") == NEWEST else None) or current
    container = container_of(service, base, current, str(told.get("container") or ""))
    have(base, container, BY_NAME)
    own = {"ESTIVA_SERVICE": service.name, "ESTIVA_ENVIRONMENT": environment.name}
    variables = {**service.env.get(environment.name, {}), **own}
    found = await configuration.sources(account, service.secrets.get(environment.name, {}))
    change = Change(
        images={container: f"{service.image}@{digest}" if digest else current.image_of(container)},
        container=container,
        variables=variables,
        tags={},
        secrets={name: source.value_from for name, source in found.items()},
    )
    known = state.raw.get("deploymentConfiguration", {})
    settings = strategy.configured(told.get("strategy"), known) or known
    verification = Verification(
        account=account, service=state, revision=base, variables=variables, settings=settings, sink=Silence()
    )
    known_fields = await revisions.members(account)
    becomes = revisions.derived(base, change, known_fields)
    return [
        *revisions.lost(base),
        *revisions.difference(current.definition, becomes, known_fields),
        *_of_a_file(told.get("task_definition")),
        *_foreseen(tasks_of(told.get("before"), service.name), known, settings),
        *await _not_ready(verification),
    ]


def _of_a_file(path: Json) -> list[str]:
    """Say that more may change: the source of the commit is fetched by the deploy."""
    if not path:
        return []
    return [worded("{file} becomes the task definition: what it changes stands in the log of the deploy", file=path)]


def _foreseen(tasks: Sequence[Before], known: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Say what would run before the release, and whether deployments would go another way than now."""
    lines: list[str] = [worded("{task} runs before the release", task=task.name) for task in tasks]
    was, becomes = strategy.strategy_of(known), strategy.strategy_of(settings)
    if was != becomes:
        lines.append(worded("the deployment strategy {old} becomes {new}", old=was, new=becomes))
    return lines


async def _not_ready(verification: Verification) -> list[str]:
    try:
        await verification.check()
    except ActionFailed as failure:
        if failure.error != "not_ready":
            raise
        return [failure.reason]
    return []
