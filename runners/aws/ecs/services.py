"""A service of ECS: where it is, what it runs, and how its deployments go, read from one look at it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed
from storage.model.worded import worded

ERRORS = {
    "no_service": "there is no such cluster or service in ECS, or it is not active",
}
_UNPLACED = "unable to place a task"
_ABOUT = re.compile(r"^\(service [^)]*\) ")
_LOST = {"ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which service, in which cluster."""

    cluster: str
    service: str

    @property
    def named(self) -> dict[str, str]:
        """As most operations take it."""
        return {"cluster": self.cluster, "service": self.service}

    def __str__(self) -> str:
        """Give it as people write it."""
        return f"{self.cluster}/{self.service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment of the service."""

    id: str
    status: str
    """PRIMARY: the newest; ACTIVE: being replaced; INACTIVE."""
    task_definition: str
    rollout: str
    """IN_PROGRESS, COMPLETED or FAILED."""
    reason: str
    desired: int
    running: int
    pending: int
    failed: int
    """Tasks that failed one after the other; 0 again when one runs."""
    created_at: datetime

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Deployment":
        """Read one of `deployments`."""
        return cls(
            id=raw["id"],
            status=raw["status"],
            task_definition=raw["taskDefinition"],
            rollout=raw.get("rolloutState", ""),
            reason=raw.get("rolloutStateReason", ""),
            desired=raw.get("desiredCount", 0),
            running=raw.get("runningCount", 0),
            pending=raw.get("pendingCount", 0),
            failed=raw.get("failedTasks", 0),
            created_at=raw["createdAt"],
        )

    @property
    def revision(self) -> str:
        """Give `family:7`."""
        return short(self.task_definition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The service at one moment."""

    target: Target
    arn: str
    task_definition: str
    desired: int
    running: int
    deployments: Sequence[Deployment]
    raw: Mapping[str, Any]

    @property
    def primary(self) -> Deployment | None:
        """The newest deployment."""
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)

    def deployment(self, id_: str) -> Deployment | None:
        """Find a deployment; one that is over is forgotten by ECS after a while."""
        return next((each for each in self.deployments if each.id == id_), None)

    def unplaced(self, since: datetime) -> str:
        """Say why ECS last found no place for a task of it since then; empty when it always did."""
        said = [str(each["message"]) for each in self.events(since) if _UNPLACED in str(each["message"])]
        return _ABOUT.sub("", said[-1]).partition(" For more information")[0] if said else ""

    def events(self, since: datetime) -> list[Mapping[str, Any]]:
        """List what ECS has said since then, oldest first."""
        said = [event for event in self.raw.get("events", []) if event["createdAt"] >= since]
        return sorted(said, key=lambda event: event["createdAt"])


def read(target: Target, raw: Mapping[str, Any]) -> Service:
    """Read a service out of an answer."""
    return Service(
        target=target,
        arn=raw["serviceArn"],
        task_definition=raw.get("taskDefinition", ""),
        desired=raw.get("desiredCount", 0),
        running=raw.get("runningCount", 0),
        deployments=[Deployment.read(each) for each in raw.get("deployments", [])],
        raw=raw,
    )


async def look(account: Account, target: Target) -> Service:
    """Look at the service. Raises `ActionFailed` when there is none that is active."""
    try:
        answer = await account.call("ecs", "describe_services", cluster=target.cluster, services=[target.service])
    except AwsRefused as refused:
        if refused.code in _LOST:
            raise _missing(account, target, refused.code) from refused
        raise
    if answer.get("failures"):
        raise _missing(account, target, str(answer["failures"][0].get("reason", "")))
    found = answer["services"][0]
    if found.get("status") != "ACTIVE":
        raise _missing(account, target, str(found.get("status", "")))
    return read(target, found)


async def why_unplaced(account: Account, target: Target, since: datetime) -> str:
    """Say why ECS had no place for a task since then: for a failure of which no task tells, as none was begun."""
    try:
        said = (await look(account, target)).unplaced(since)
    except ActionFailed:
        return ""  # there is a failure to be told, whether this can be looked at or not
    return worded("ECS {said}", said=said[:500].rstrip(".")) if said else ""


def short(arn: str) -> str:
    """Give the last part of an ARN: `hello:7` of a task definition, the id of a task."""
    return arn.rpartition("/")[2]


def _missing(account: Account, target: Target, said: str) -> ActionFailed:
    return ActionFailed(
        worded(
            "there is no active ECS service {target} in {account}, {region} ({said})",
            target=target,
            account=account.place.account,
            region=account.place.region,
            said=said,
        ),
        hint=worded("see cluster and service in the environment's options; Estiva deploys to services that are there"),
        error="no_service",
    )
