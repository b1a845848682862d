"""Who may approve: the policy, the environment's own rule, and the relation to what is asked, in one place."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from commands.directory import Directory, DirectoryDown, Groups
from commands.policy import able, groups_named, is_among
from commands.texts import later
from storage.model.catalog import Catalog
from storage.model.view import RunView, StageView

log = logging.getLogger(__name__)


_NOBODY = later(
    "Nobody else may approve this, so it will not be approved: cancel it and let somebody else ask for it, "
    "or give more people the right to approve in the catalog."
)
_TOO_FEW = later(
    "Fewer people than needed may approve this, so it will not be approved: "
    "cancel it and let somebody else ask for it, or give more people the right to approve in the catalog."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Who may approve what a run asks."""

    users: tuple[str, ...] = ()
    """User ids of those who may now."""
    lacking: str = ""
    """Why there will never be enough of them, and what to do, to be said; empty when there may be."""


async def approvers_of(catalog: Catalog, directory: Directory, view: RunView) -> Approvers:
    """Tell who may approve the gate at which a run stands: for a card; whoever clicks is asked about anew."""
    stage = next((stage for stage in reversed(view.stages) if stage.gate), None)
    if stage is None or stage.gate is None:
        return Approvers()
    environment, groups = _environment(view, stage), await groups_to_show(catalog, directory)
    asks = view.run.plan.service.name, environment, view.run.requester, groups
    users = may_approve(catalog, *asks, escalated=stage.gate.escalated)
    # others may answer what AWS asks: it is answered there too; and of a group that does not answer nobody is known
    known = not stage.asked_by and all(group in groups for group in groups_named(catalog))
    left = stage.gate.needed - len(stage.gate.given_by)
    return Approvers(users=tuple(users), lacking=lacking(catalog, *asks, left, stage.gate.given_by) if known else "")


def may_approve(
    catalog: Catalog, service: str, environment: str, requester: str, groups: Groups, *, escalated: bool = False
) -> list[str]:
    """List who may approve what somebody asks there; `escalated`: those too who are asked when nobody answers."""
    return [
        user
        for user in able(catalog, "approve", service=service, environment=environment, groups=groups)
        if not catalog.same_person(user, requester)
        and is_asked(catalog, environment, user, groups, escalated=escalated)
    ]


def lacking(
    catalog: Catalog,
    service: str,
    environment: str,
    requester: str,
    groups: Groups,
    needed: int,
    given_by: Collection[str] = (),
) -> str:
    """Say why there are not `needed` people who may still approve, nor will be; empty when there are."""
    every = may_approve(catalog, service, environment, requester, groups, escalated=True)
    others = [user for user in every if not any(catalog.same_person(user, given) for given in given_by)]
    if len(others) >= needed:
        return ""
    return _TOO_FEW if every else _NOBODY


def is_asked(catalog: Catalog, environment: str, user: str, groups: Groups, *, escalated: bool = False) -> bool:
    """Tell whether an environment's rule asks this person; one that names nobody asks everybody."""
    place = catalog.environments.get(environment)
    if place is None or not place.approval.of:
        return True
    asked = place.approval.of + (place.approval.escalate_to if escalated else ())
    return is_among(catalog, asked, user, groups)


def _environment(view: RunView, stage: StageView) -> str:
    return stage.stage.environment or view.run.plan.environment.name


async def groups_to_show(catalog: Catalog, directory: Directory) -> Groups:
    """Give who is in the user groups that the policy names, for what is only shown: nobody when it is not known."""
    try:
        return {group: await directory.members(group, fresh=False) for group in groups_named(catalog)}
    except DirectoryDown as problem:
        log.warning("who is in the user groups is not known just now (%s): a card names fewer people", problem)
        return {}
