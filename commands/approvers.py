"""Who may approve: the policy, the environment's own rule, and the relation to what is asked, in one place."""

import logging

from commands.directory import Directory, DirectoryDown, Groups
from commands.policy import able, groups_named, is_among
from storage.model.catalog import Catalog
from storage.model.view import RunView, StageView

log = logging.getLogger(__name__)


async def approvers_of(catalog: Catalog, directory: Directory, view: RunView) -> list[str]:
    """List who may approve the gate at which a run stands: for a card; whoever clicks is asked about anew."""
    gate = next((stage for stage in reversed(view.stages) if stage.gate), None)
    environment, escalated = _environment(view, gate), bool(gate and gate.gate and gate.gate.escalated)
    groups = await groups_to_show(catalog, directory)
    may = able(catalog, "approve", service=view.run.plan.service.name, environment=environment, groups=groups)
    return [
        user
        for user in may
        if not catalog.same_person(user, view.run.requester)
        and is_asked(catalog, environment, user, groups, escalated=escalated)
    ]


def is_asked(catalog: Catalog, environment: str, user: str, groups: Groups, *, escalated: bool = False) -> bool:
    """Tell whether an environment's rule asks this person; one that names nobody asks everybody."""
    place = catalog.environments.get(environment)
    if place is None or not place.approval.of:
        return True
    asked = place.approval.of + (place.approval.escalate_to if escalated else ())
    return is_among(catalog, asked, user, groups)


def _environment(view: RunView, gate: StageView | None) -> str:
    return (gate.stage.environment if gate else None) or view.run.plan.environment.name


async def groups_to_show(catalog: Catalog, directory: Directory) -> Groups:
    """Give who is in the user groups that the policy names, for what is only shown: nobody when it is not known."""
    try:
        return {group: await directory.members(group, fresh=False) for group in groups_named(catalog)}
    except DirectoryDown as problem:
        log.warning("who is in the user groups is not known just now (%s): a card names fewer people", problem)
        return {}
