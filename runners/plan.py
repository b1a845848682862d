"""What a run will do, decided before it starts: the stages of a service cut to what was asked."""

from collections.abc import Mapping
from dataclasses import replace

from runners.soundness import problems_of
from storage.model import artifact
from storage.model.catalog import Catalog, Environment, Pipeline, Service, Stage
from storage.model.release import Release, artifacts_of
from storage.model.run import Plan, Run, Trigger
from storage.model.soundness import closest, only_looks
from storage.model.view import RunView
from storage.model.worded import worded

_OF_THE_COMMIT = (artifact.COMMIT, artifact.AUTHOR, artifact.SUBJECT, artifact.COMMITTED_AT)


HandedOn = Mapping[str, Mapping[str, str]]
"""`stage/action` -> what it handed on, in the run that made a release: for plans that leave such actions out."""


class Unplannable(Exception):  # noqa: N818 - says what is the matter
    """What was asked cannot be planned: no stage does it, or the plan could not do what it says."""


def plan_deploy(
    catalog: Catalog,
    service: Service,
    environment: Environment,
    ref: str,
    artifacts: Mapping[str, str] | None = None,
    pipeline: str | None = None,
) -> Plan:
    """Plan a pipeline (`None`: the default one) from its beginning through the last stage of the environment.

    `artifacts` is what is known of the commit already. Raises `Unplannable`.
    """
    chosen = _chosen(service, pipeline, environment)
    last = max((i for i, s in enumerate(chosen.stages) if _acts_in(s, environment)), default=None)
    if last is None:
        raise _nothing_for(service, environment, pipeline)
    stages = chosen.stages[: last + 1]
    return _plan(catalog, service, chosen, environment, Trigger.DEPLOY, ref, stages, artifacts or {})


def plan_promotion(
    catalog: Catalog,
    service: Service,
    environment: Environment,
    release: Release,
    pipeline: str | None = None,
    handed_on: HandedOn | None = None,
) -> Plan:
    """Plan to release here what `release` runs elsewhere: the environment's gates and stages, the same digest.

    Raises `Unplannable`.
    """
    chosen = _chosen(service, pipeline, environment)
    stages = _of_environment(service, chosen, environment)
    return _of_release(catalog, service, chosen, environment, Trigger.PROMOTE, release, stages, handed_on)


def plan_rollback(
    catalog: Catalog,
    service: Service,
    environment: Environment,
    release: Release,
    pipeline: str | None = None,
    handed_on: HandedOn | None = None,
) -> Plan:
    """Plan to deploy an earlier release again: the stages that deploy, and the gate where people must approve.

    `service` is configured as it was then. It is the way out of trouble, so it waits for no pause and no window.
    Raises `Unplannable`.
    """
    return _again(catalog, service, environment, Trigger.ROLLBACK, release, pipeline, handed_on)


def plan_redeploy(
    catalog: Catalog,
    service: Service,
    environment: Environment,
    release: Release,
    pipeline: str | None = None,
    handed_on: HandedOn | None = None,
) -> Plan:
    """Plan to deploy the image that runs once more, with the configuration that the catalog has now.

    It brings something new, so it waits as a deploy does. Raises `Unplannable`.
    """
    return _again(catalog, service, environment, Trigger.REDEPLOY, release, pipeline, handed_on)


def plan_restart(
    catalog: Catalog, run: Run, environment: Environment, release: Release, handed_on: HandedOn | None = None
) -> Plan:
    """Plan new containers for what runs: its image, and the configuration that `run` released it with.

    Like a rollback it waits for no pause and no window. Raises `Unplannable`.
    """
    today = catalog.services[release.service]
    service = replace(run.plan.service, stages=today.stages, pipelines=today.pipelines)
    return _again(catalog, service, environment, Trigger.RESTART, release, None, handed_on)


def plan_scale(
    catalog: Catalog,
    run: Run,
    environment: Environment,
    release: Release,
    replicas: int,
    handed_on: HandedOn | None = None,
) -> Plan:
    """Plan more or fewer containers of what runs, with the image and the configuration that `run` released it with.

    Like a restart it waits for no pause and no window. Raises `Unplannable`.
    """
    again = plan_restart(catalog, run, environment, release, handed_on)
    return replace(again, trigger=Trigger.SCALE, replicas=replicas)


def _again(
    catalog: Catalog,
    service: Service,
    environment: Environment,
    trigger: Trigger,
    release: Release,
    pipeline: str | None,
    handed_on: HandedOn | None,
) -> Plan:
    chosen = _chosen(service, pipeline, environment)
    stages = tuple(
        stage if trigger is Trigger.REDEPLOY else replace(stage, pause=False, window=None, succeeded_in=None)
        for stage in _of_environment(service, chosen, environment)
        if (stage.approval and environment.approvals > 0) or any(a.uses == environment.target for a in stage.actions)
    )
    if not any(stage.actions for stage in stages):
        raise _nothing_for(service, environment, pipeline)
    return _of_release(catalog, service, chosen, environment, trigger, release, stages, handed_on)


def _of_release(
    catalog: Catalog,
    service: Service,
    pipeline: Pipeline,
    environment: Environment,
    trigger: Trigger,
    release: Release,
    stages: tuple[Stage, ...],
    handed_on: HandedOn | None,
) -> Plan:
    known, origin = artifacts_of(release), release.run
    return _plan(
        catalog, service, pipeline, environment, trigger, release.commit, stages, known, origin, handed_on or {}
    )


def plan_retry(catalog: Catalog, run: Run, view: RunView) -> Plan:
    """Plan the same again from its first stage: the same commit, or the same digest when that was what was asked.

    The environments are today's: whoever guards one now is asked, whatever the rule was then. Raises `Unplannable`.
    """
    old = run.plan
    gone = [name for name in (old.environment.name, *old.environments) if name not in catalog.environments]
    if gone or old.service.name not in catalog.services:
        raise Unplannable(worded("`{name}` is not in the catalog any more", name=gone[0] if gone else old.service.name))
    environments = {name: catalog.environments[name] for name in old.environments}
    known = {name: view.artifacts[name] for name in _OF_THE_COMMIT if name in view.artifacts}
    return sound(
        replace(
            old,
            trigger=Trigger.RETRY,
            environment=catalog.environments[old.environment.name],
            environments=environments,
            stages=guarded(old.stages, environments),
            artifacts={**known, **old.artifacts},
            origin=run.id,
        )
    )


def _plan(
    catalog: Catalog,
    service: Service,
    pipeline: Pipeline,
    environment: Environment,
    trigger: Trigger,
    ref: str,
    stages: tuple[Stage, ...],
    artifacts: Mapping[str, str],
    origin: str | None = None,
    handed_on: HandedOn | None = None,
) -> Plan:
    named = {stage.environment for stage in stages if stage.environment is not None} | {environment.name}
    environments = {name: catalog.environments[name] for name in sorted(named)}
    return sound(
        Plan(
            # of its pipelines a plan keeps the one that it is cut from
            service=replace(service, stages=pipeline.stages, pipelines={}, infra={}),
            environment=environment,
            trigger=trigger,
            ref=ref,
            stages=guarded(stages, environments),
            environments=environments,
            artifacts=dict(artifacts),
            origin=origin,
            pipeline=pipeline.name,
            mode=pipeline.mode,
            variables=dict(handed_on or {}),
        )
    )


def sound(plan: Plan) -> Plan:
    """Give a plan that can do what it says. Raises `Unplannable` with everything that is wrong with it."""
    problems = problems_of(plan)
    if problems:
        raise Unplannable("; ".join(problem.removesuffix("?") for problem in problems))
    return plan


def _chosen(service: Service, pipeline: str | None, environment: Environment) -> Pipeline:
    """Take the pipeline that is named, or else the first that leads to the environment."""
    try:
        return service.pipeline_to(environment.name) if pipeline is None else service.pipeline(pipeline)
    except KeyError:
        raise _no_pipeline(service, str(pipeline)) from None


def _no_pipeline(service: Service, pipeline: str) -> Unplannable:
    there = list(service.pipelines or ["default"])
    names, near = {"service": service.name, "pipeline": pipeline}, closest(pipeline, there)
    if near:
        return Unplannable(worded("`{service}` has no pipeline `{pipeline}`; did you mean {near}", **names, near=near))
    every = ", ".join(there)
    return Unplannable(worded("`{service}` has no pipeline `{pipeline}`; there are: {every}", **names, every=every))


def guarded(stages: tuple[Stage, ...], environments: Mapping[str, Environment]) -> tuple[Stage, ...]:
    """Put a gate before the first stage of each environment that needs approval, where the pipeline has none."""
    planned: list[Stage] = []
    for stage in _named(stages):
        name = stage.environment
        changes = bool(stage.actions) and not only_looks(stage)
        needs = name is not None and changes and environments[name].approvals > 0
        if needs and not any(earlier.approval and earlier.environment == name for earlier in planned):
            planned.append(Stage(name=f"approve-{name}", approval=True, environment=name))
        planned.append(stage)
    return tuple(planned)


def _named(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Give each stage of gates that names no environment the one that it stands before."""
    named: list[Stage] = []
    ahead: str | None = None
    for stage in reversed(stages):
        ahead = stage.environment or ahead
        named.append(stage if stage.actions else replace(stage, environment=ahead))
    return tuple(reversed(named))


def _of_environment(service: Service, pipeline: Pipeline, environment: Environment) -> tuple[Stage, ...]:
    """Take the stages that act in an environment, and the gates right before them."""
    taken: list[Stage] = []
    gates: list[Stage] = []
    for stage in pipeline.stages:
        if not stage.actions:
            gates.append(stage)
            continue
        if stage.environment == environment.name:
            taken += [gate for gate in gates if gate.environment in (environment.name, None)] + [stage]
        gates = []
    if not taken:
        raise _nothing_for(service, environment, pipeline.name)
    return tuple(taken)


def _acts_in(stage: Stage, environment: Environment) -> bool:
    return stage.environment == environment.name and bool(stage.actions)


def _nothing_for(service: Service, environment: Environment, pipeline: str | None) -> Unplannable:
    names = {"service": service.name, "environment": environment.name}
    if len(service.pipelines) < 2 or not pipeline:  # noqa: PLR2004 - one pipeline needs no name
        return Unplannable(worded("no stage of `{service}` deploys to {environment}: add one to the catalog", **names))
    return Unplannable(
        worded(
            "no stage of `{service}` in its pipeline `{pipeline}` deploys to {environment}: add one to the catalog",
            **names,
            pipeline=pipeline,
        )
    )
