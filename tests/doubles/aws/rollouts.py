"""How deployments of a double go: what a test scripts, and what a service and its deployments are."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.doubles.aws.stages import Staged

NEVER = 1e9
"""Seconds that no test waits for."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the tasks of an image do. Times are seconds of AWS's."""

    starts: float = 20
    """Until the new tasks run."""
    steady: float = 60
    """Until the old ones are gone and the deployment is completed."""
    fails: dict[str, Any] | None = None
    """What a task and its container say at their end; a task ends every `starts` seconds."""
    log: tuple[str, ...] = ()
    """What a task that ends has written."""
    alarm_at: float | None = None
    stage: float = 10
    """How long each stage of a deployment in stages takes."""
    unplaced: str = ""
    """Why the cluster has no room for its tasks, which are waited for without an end."""
    hook_fails: str = ""
    """The stage at which a hook fails."""
    vanishes_at: float | None = None
    """When somebody else deploys the revision before it."""


EXITS = {
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
    "container": {"exitCode": 3},
}


@dataclass
class Deployment:
    id: str
    arn: str
    task_definition: str
    created: datetime
    desired: int
    behaviour: Behaviour
    running: int = 0
    pending: int = 0
    failed: int = 0
    rollout: str = "IN_PROGRESS"
    reason: str = ""
    outcome: str = "IN_PROGRESS"
    """As the API of service deployments has it."""
    finished: datetime | None = None
    listed: bool = True
    staged: Staged | None = None
    alarms: list[str] = field(default_factory=list)
    scaled: datetime | None = None


@dataclass
class Service:
    name: str
    cluster: str
    desired: int
    deployments: list[Deployment]
    """All there were, oldest first."""
    breaker: bool = True
    rollback: bool = True
    more: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    status: str = "ACTIVE"

    @property
    def settings(self) -> dict[str, Any]:
        """How its deployments go."""
        known = {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING"}
        breaker = {"deploymentCircuitBreaker": {"enable": self.breaker, "rollback": self.rollback}}
        return {**known, **breaker, **self.more.get("deploymentConfiguration", {})}

    @property
    def primary(self) -> Deployment:
        return self.deployments[-1]
