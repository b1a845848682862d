"""Planning what is done to infrastructure: show what would change, and, after a yes to exactly that, change it."""

from collections.abc import Mapping
from dataclasses import replace

from runners.plan import Unplannable, sound
from storage.model import artifact
from storage.model.catalog import Action, Catalog, Environment, Json, Service, Stage
from storage.model.release import Release
from storage.model.run import Plan, Trigger
from storage.model.soundness import APPLY, DO, PLAN, PREVIEW
from storage.model.view import RunView
from storage.model.worded import worded

_SOURCE = Stage(name="source", actions=(Action(name="checkout", uses="git"),))


def plan_infra(
    catalog: Catalog,
    service: Service,
    environment: Environment,
    ref: str,
    commit: Mapping[str, str],
    running: Release | None,
    *,
    apply: bool,
) -> Plan:
    """Plan to look at what a commit would change in the infrastructure, and with `apply` to ask, and to change it.

    The lock of the environment is held from the look to the end: what was shown stays true until it is done. What runs
    there is known to the plan, so that templates can be given the image. Raises `Unplannable`.
    """
    if environment.name not in service.infra:
        text = "nothing makes the infrastructure of `{service}` in {environment}: add `infra` to it in the catalog"
        raise Unplannable(worded(text, service=service.name, environment=environment.name))
    action, name = service.infra[environment.name], environment.name
    look = Stage(name="plan", actions=(_told(action, PLAN if apply else PREVIEW),), environment=name, looks=True)
    stages = (_SOURCE, look, *(_applying(action, environment) if apply else ()))
    known = {artifact.IMAGE: running.image, artifact.DIGEST: running.digest} if running else {}
    return sound(
        Plan(
            service=replace(service, stages=stages, pipelines={}, infra={}),
            environment=environment,
            trigger=Trigger.INFRA,
            ref=ref,
            stages=stages,
            environments={name: catalog.environments[name]},
            artifacts={**known, **commit},
        )
    )


def _applying(action: Action, environment: Environment) -> tuple[Stage, ...]:
    """Let nothing be changed that nobody has seen: others approve it, or where nobody has to, somebody says go on."""
    asks = environment.approvals > 0
    gate = Stage(name=f"approve-{environment.name}", approval=True, environment=environment.name)
    change = Stage(name="apply", actions=(_told(action, APPLY),), environment=environment.name, pause=not asks)
    return (gate, change) if asks else (change,)


def nothing_to_change(view: RunView, stage: Stage) -> bool:
    """Tell whether the look has shown that there is nothing to ask about, and nothing to do, from this stage on."""
    planned = [value for name, value in view.artifacts.items() if artifact.is_changes(name)]
    stages = view.run.plan.stages
    left = [action.options.get(DO) for later in stages[stages.index(stage) :] for action in later.actions]
    only_applies = bool(left) and all(what == APPLY for what in left)
    return only_applies and bool(planned) and all(value == artifact.NO_CHANGES for value in planned)


def _told(action: Action, what: str) -> Action:
    options: dict[str, Json] = {**action.options, DO: what}
    return replace(action, options=options)
