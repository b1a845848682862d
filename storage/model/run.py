"""One walk of one plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.model.catalog import Environment, Mode, Service, Stage

LATER = {"later": True}
"""Of a field that older versions do not know: it is written only when it says something, so that they go on reading."""


class Status(StrEnum):
    """Status of a run, a stage or an action. A parent's is derived from its children (see `view`)."""

    REQUESTED = "requested"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """A fact about the user's work."""
    CANCELLED = "cancelled"
    """Stopped by a person, rejected, expired, or aborted because another action failed."""
    BROKEN = "broken"
    """Estiva itself went wrong."""

    @property
    def over(self) -> bool:
        """True for the four terminal states; they are absorbing."""
        return self in _OVER


_OVER = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.BROKEN})


class Trigger(StrEnum):
    """Why a run exists."""

    DEPLOY = "deploy"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    RETRY = "retry"
    """What a run that did not succeed was asked to do, again; all of it, or from the stage that did not succeed."""
    RERUN = "rerun"
    """From a stage on, whether it had succeeded or not."""
    REDEPLOY = "redeploy"
    """The image that runs, with the configuration of today."""
    RESTART = "restart"
    """The release that runs, in new containers."""
    SCALE = "scale"
    """The release that runs, in more or fewer containers."""
    INFRA = "infra"
    """Infrastructure: looked at, or changed as it was shown and approved."""


REPEATING = frozenset({Trigger.RETRY, Trigger.RERUN})
"""Of a run that does its origin again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will do: a snapshot, so that an approval releases exactly what was shown."""

    service: Service
    environment: Environment
    trigger: Trigger
    ref: str
    """What was asked for: branch, tag or commit (for a promotion or rollback: the commit)."""
    stages: tuple[Stage, ...]
    environments: Mapping[str, Environment] = field(default_factory=dict)
    """Every environment that the stages name."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Known before the first stage: the commit and digest of a promotion (names: `artifact`)."""
    force: str = ""
    """Why it goes past locks and freezes; empty: it waits for their end."""
    origin: str | None = None
    """The run that a retry, promotion or rollback goes back to."""
    pipeline: str = "default"
    """Name of the service's pipeline that it is cut from."""
    mode: Mode = Mode.QUEUED
    replicas: int | None = None
    """How many containers are to run from now on; `None`: as many as before."""
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`stage/action` -> what it handed on in the run before: for actions that this plan leaves out."""
    configuration: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Environment -> variable -> where its value is, and in AWS in which version: `parameter:/hello/db@7`."""
    given: Mapping[str, str] = field(default_factory=dict, metadata=LATER)
    """What whoever asked for it said in chat: variable -> value, see `runners.given`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One walk of one plan. What happened in it is in the journal; this is what it was asked to be."""

    id: str
    """Service and number: `hello-12`."""
    plan: Plan
    request: str
    """Id of the request that opened it."""
    requester: str
    """Slack user id."""
    channel: str
    thread: str | None
    opened_at: datetime
    status: Status
    leg: int
    """How many legs were started; the engine's own counter."""
    cancel_requested: bool
    closed_at: datetime | None = None


def service_of(run: str) -> str:
    """Give the service of a run by the run's id, for who has no more of it than that."""
    return run.rpartition("-")[0]


def number_of(run: str) -> int:
    """Give the number of a run by its id: the runs of a service are counted in the order in which they were opened."""
    return int(run.rpartition("-")[2])


def known_environments(plan: Plan) -> Mapping[str, Environment]:
    """Every environment that a plan knows, its own too."""
    return {plan.environment.name: plan.environment, **plan.environments}
