"""What can be deployed, where, how, and by whom: the catalog as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from storage.model.cloud import Aws, Ecr
from storage.model.hold import Freeze
from storage.model.window import Window

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class OnFailure(StrEnum):
    """What a failed action does to the rest of its pipeline."""

    ABORT = "abort"
    CONTINUE = "continue"
    ROLLBACK = "rollback"
    """The environment of the stage is put back to what ran there before this run; then the run fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One piece of work in a stage. `uses` names the kind of runner; `options` are that runner's own."""

    name: str
    uses: str
    options: Mapping[str, Json] = field(default_factory=dict)
    run_order: int = 1
    """Equal numbers run in parallel; a higher number waits for all lower ones to succeed."""
    timeout: int = 1800
    """Seconds, for one attempt."""
    attempts: int = 1
    """How often the action is tried in all, when it fails for a reason that may pass."""
    backoff: int | None = None
    """Seconds before the second attempt, doubled for each further one; `None`: the engine's own pause."""
    retry_on: tuple[str, ...] | None = None
    """Names of the errors after which it is tried again; `None`: those that its runner calls retryable."""
    on_failure: OnFailure = OnFailure.ABORT
    cancel_siblings: bool = False
    """When this action fails: stop the actions running beside it (else they go on to their own end)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Actions that belong together. Stages run in series.

    A stage may have gates: `succeeded_in`, `approval`, `pause` and `window` are passed in this order before it begins.
    """

    name: str
    actions: tuple[Action, ...] = ()
    approval: bool = False
    """The stage is a gate: it has no actions and waits until people approve (policy: the environment's)."""
    environment: str | None = None
    """The stage runs while holding the lock of (service, environment); `None`: no lock needed."""
    pause: bool = False
    """The run waits before the stage until somebody resumes it."""
    window: Window | None = None
    """The run waits before the stage until the window is open."""
    succeeded_in: str | None = None
    """The run ends before the stage unless the same image digest has succeeded in this environment."""
    looks: bool = False
    """Its actions change nothing in the environment (each `does` only plan): nobody has to approve before."""

    @property
    def gated(self) -> bool:
        """Tell whether it has gates besides an approval."""
        return self.pause or self.window is not None or self.succeeded_in is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Who may give the approvals that an environment needs, and what happens while nobody does."""

    of: tuple[str, ...] = ()
    """User ids, `role:NAME`, `group:S0...`; empty: whoever the policy lets approve. The policy has to as well."""
    without_authors: bool = False
    """Who wrote one of the commits cannot approve them. The requester never can."""
    remind: int | None = None
    """Seconds until the approvers are reminded; then twice as long, and so on."""
    escalate_after: int | None = None
    escalate_to: tuple[str, ...] = ()
    """Who may approve too, and is told, when nobody has within `escalate_after` seconds."""
    reuse: int = 0
    """Seconds in which an approval of exactly the same counts again, for the same requester."""
    second_factor: bool = False
    """A yes takes a code of the approver's authenticator."""


class Mode(StrEnum):
    """How the runs of one pipeline meet at the lock of an environment."""

    QUEUED = "queued"
    """First come, first served; every run gets its turn."""
    SUPERSEDED = "superseded"
    """Of those that wait only the newest gets a turn; the older ones end."""
    PARALLEL = "parallel"
    """Only a stage that deploys waits for the lock of its environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One way of a service through its environments."""

    name: str
    stages: tuple[Stage, ...]
    mode: Mode = Mode.QUEUED

    def acts_in(self, environment: str) -> bool:
        """Tell whether any of its stages has work to do there."""
        return any(stage.environment == environment and stage.actions for stage in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where a service can be deployed."""

    name: str
    aliases: tuple[str, ...] = ()
    production: bool = False
    approvals: int = 0
    """How many people other than the requester must approve before a deploy here (0: none)."""
    approval_ttl: int = 86_400
    """Seconds until an unanswered approval request expires."""
    approval: ApprovalRule = field(default_factory=ApprovalRule)
    promotes_from: str | None = None
    """The environment whose running image is released here when no ref is named: build once, promote the digest."""
    target: str = "docker"
    """Kind of runner that deploys here."""
    options: Mapping[str, Json] = field(default_factory=dict)
    aws: Aws | None = None
    """The account that a target in AWS deploys to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much of a service's past stays."""

    images: int = 10
    """How many of its newest images stay on an engine, besides those that run, wait, or a rollback may need."""
    releases: int = 3
    """How many releases before the running one stay in each environment, to roll back to."""
    logs: int = 90 * 86_400
    """Seconds for which the logs of ended runs stay."""
    registry: bool = False
    """Images that no longer stay are deleted from the registry too."""
    caches: int = 10 * 2**30
    """Bytes that the caches of its builds may take on one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What can be deployed."""

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    repository: str
    """git URL or absolute path of the repository."""
    branch: str = "main"
    """The ref taken when none is named."""
    image: str
    """Image repository without tag, as the registry knows it: `127.0.0.1:5001/hello`."""
    port: int = 8000
    """The port the container listens on."""
    health: str = "/healthz"
    """Path that answers 200 when the container may receive traffic."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Environment name -> the address at which people reach the service there: `http://127.0.0.1:18081`."""
    channel: str | None = None
    """Channel id for runs that nobody started from a channel."""
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Environment name -> variables given to the container there."""
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Environment name -> variable -> where its value is, which is kept nowhere here: `parameter:/hello/db`,
    `secret:hello/api`, `secret:hello/api:key` in AWS, or `variable:HELLO_API_KEY` of Estiva's own process."""
    keep: Keep = field(default_factory=Keep)
    stages: tuple[Stage, ...] = ()
    """The whole default pipeline, first stage to last, over all environments."""
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    """All pipelines by name, the default one first; empty when there is none but `stages`, and in plans."""
    infra: Mapping[str, Action] = field(default_factory=dict)
    """Environment name -> what makes the infrastructure there, without what it is to `do`; empty in plans."""

    @property
    def every_stage(self) -> tuple[Stage, ...]:
        """The stages of all pipelines, one pipeline after the other."""
        ways = [*self.pipelines.values()] or [self.pipeline()]
        return tuple(stage for way in ways for stage in way.stages)

    def actions(self, environment: str, kind: str) -> list[Action]:
        """List what is done in an environment by actions of a kind, in any pipeline; what several share, once."""
        found: list[Action] = []
        for stage in self.every_stage:
            if stage.environment == environment:
                found += [each for each in stage.actions if each.uses == kind and each not in found]
        return found

    def configuration(self, environment: str) -> Mapping[str, str]:
        """Give what is set there by its names: values of the catalog, and for secrets where they are."""
        return {**self.env.get(environment, {}), **self.secrets.get(environment, {})}

    def pipeline(self, name: str | None = None) -> Pipeline:
        """Return the pipeline of that name, or the default one. Raises `KeyError`."""
        if not self.pipelines and name in (None, "default"):
            return Pipeline(name="default", stages=self.stages)
        return self.pipelines[name if name is not None else next(iter(self.pipelines))]

    def pipeline_to(self, environment: str) -> Pipeline:
        """Return the first pipeline that does something in an environment, the default one where none does."""
        ways = (way for way in self.pipelines.values() if way.acts_in(environment))
        return next(ways, self.pipeline())


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One line of the policy: who may do which commands in which environments on which services."""

    who: tuple[str, ...]
    """User ids (`U0AAA1111`), `role:NAME`, `group:S0...` (a Slack user group), or `everyone` listed under `people`."""
    may: tuple[str, ...]
    """Command names, or `*` (but for `force`, `break-glass` and `steal`, which have to be named)."""
    environments: tuple[str, ...] = ("*",)
    """`*` reaches every environment but production, which has to be named."""
    services: tuple[str, ...] = ("*",)
    channels: tuple[str, ...] = ("*",)
    """Ids of the channels where it may be said; `direct` is a direct message."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Argument of the command -> patterns, one of which has to fit what was said: `ref` -> `main`, `release/*`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the catalog knows, by Slack user id (never by name: names can be changed by their bearer)."""

    id: str
    name: str
    roles: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Other accounts of the same person."""
    emails: tuple[str, ...] = ()
    """Addresses under which they commit."""
    totp_from: str | None = None
    """Name of the environment variable that holds the secret of their second factor."""
    token_from: str | None = None
    """Name of the environment variable that holds the token by which their scripts approve."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """All user ids of this person."""
        return (self.id, *self.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The image registry. Credentials are never in the catalog: the names of environment variables are."""

    host: str
    username_from: str | None = None
    password_from: str | None = None
    ecr: Ecr | None = None
    """The registry is one of ECR's: its login comes from AWS, and its repositories are made when they are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything that can be asked for. Read from one YAML file, validated as a whole."""

    services: Mapping[str, Service]
    environments: Mapping[str, Environment]
    people: Mapping[str, Person]
    grants: tuple[Grant, ...]
    registry: Registry
    freezes: tuple[Freeze, ...] = ()
    digest: str = ""
    """SHA-256 of the file it was read from: an audit row can say under which catalog somebody acted."""

    def person(self, user: str) -> Person | None:
        """Find who is behind an account, be it the first one or another of theirs."""
        found = self.people.get(user)
        return found or next((person for person in self.people.values() if user in person.also), None)

    def same_person(self, one: str, other: str) -> bool:
        """Tell whether two accounts belong to one person."""
        person = self.person(one)
        return one == other or (person is not None and other in person.accounts)
