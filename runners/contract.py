"""What a kind of action must do: the seam between the engine and the work.

Call order: `problems` once when the catalog is read; `run` once per attempt. `run` may be called again with the very
same `Work.key` after a crash of the process at any moment: it first *finds what this key already started* (labels on
containers and images, tags in the registry), else starts it, then waits for its end. An effect whose outcome is
unclear is read back before it is done again.

Cancellation is normal: `asyncio.CancelledError` may arrive at any await. When `Work.abandoned()` is true the process
is only shutting down and the outside work is left running, to be found again; otherwise the outside work is stopped
and cleaned up, within 2 seconds, before the error is raised on.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from storage.model.catalog import Environment, Json, Registry, Service

Tell = Callable[[str], Awaitable[None]]


async def nobody(_text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One attempt at one action."""

    key: str
    """`run/stage/action/attempt`: `hello-12/build/image/1`. Put it on whatever is started outside, as a label."""
    run: str
    stage: str
    action: str
    attempt: int
    service: Service
    environment: Environment | None
    """Where the stage deploys; `None` for stages that deploy nowhere."""
    registry: Registry
    options: Mapping[str, Json]
    """The action's own, with the values of this run in place of every `#{...}`."""
    artifacts: Mapping[str, str]
    """What earlier actions made, by the names of `storage.model.artifact`."""
    workspace: Path
    """Host directory of this run, shared by its actions; the same path inside containers."""
    timeout: int | None = None
    """Seconds after which the engine ends the work: for what has a limit of its own outside; `None`: never."""
    replicas: int | None = None
    """How many containers are to run; `None`: nobody has ever said, and the target chooses."""
    scales: bool = False
    """Only `replicas` changes: what already runs of this very release goes on, and is not replaced."""
    restores: bool = False
    """The work puts back what ran before, because the run failed: if that still runs, it is left as it is."""
    goes_back: bool = False
    """The run goes back to a release that ran here before: it may be used again just as it was."""
    restarts: bool = False
    """Nothing of the release changes: what runs is only begun anew."""
    retries: str = ""
    """The run that did not succeed, and whose work this one does again; empty when it is no retry."""
    configuration: Mapping[str, str] = field(default_factory=dict)
    """The versions of the service's secrets that were planned; empty where none were: see `Configured`."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What whoever asked for the run said in chat, of what this action takes: see `runners.given`."""
    answers: Mapping[str, "Answer"] = field(default_factory=dict)
    """What people answered to this action's questions, by their names."""
    tell: Tell = field(default=nobody)
    """Says in one line how far the work is, for whoever reads the run's card: when that changes, as it is journaled."""
    abandoned: Callable[[], bool] = lambda: False
    """True while the process shuts down: leave outside work running on cancellation."""


class Sink(Protocol):
    """Where an action's output goes. Never raises, never blocks for long; redaction happens behind it."""

    def line(self, text: str) -> None:
        """Take one line without its newline."""


class Silence:
    """A sink that nobody reads."""

    def line(self, text: str) -> None:
        """Take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an action made, and one line that says so."""

    artifacts: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    """What else later actions may refer to, by the names in `#{action.NAME}`; every artifact is one already."""
    unchanged: bool = False
    """Nothing was done: what should be there was there already."""
    summary: str = ""
    """`7 tests passed`, `sha256:1a2b… pushed`: the subject of the task card."""
    details: Sequence[str] = ()
    """What people have to see besides, one line each: what a plan would change. Kept in the journal, so not endless."""


class ActionFailed(Exception):  # noqa: N818 - a fact about the user's work, not an error of ours
    """The work failed: the command said no, the image cannot be built, the container never got healthy.

    Anything else that a runner raises is a fault of Estiva or its surroundings and makes the action `broken`.
    """

    def __init__(
        self,
        reason: str,
        *,
        exit_code: int | None = None,
        hint: str = "",
        error: str = "failed",
        retryable: bool = False,
    ) -> None:
        """Take what happened (`reason`, one line), what to do next (`hint`, one line), and the error's stable name.

        `error` is one of the runner's `errors`. `retryable`: the same may well succeed if it is only tried again.
        """
        super().__init__(reason)
        self.reason = reason
        self.error = error
        self.exit_code = exit_code
        self.hint = hint
        self.retryable = retryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What people said to a question of an action. No answer in time is a no."""

    yes: bool
    by: str
    reason: str = ""


class Asks(Exception):  # noqa: N818 - says what is
    """The work goes on outside, and waits there for people: raised by `run`, which comes to rest by it.

    The run waits as a row, without a leg or a turn. The same work is run again with the same key when people have
    decided, with their word in `Work.answers`; and every `look_again` seconds, to see whether somebody answered
    elsewhere: then it raises the same again, or goes on.
    """

    def __init__(
        self, name: str, question: str, *, expires_at: datetime | None = None, look_again: float = 60.0
    ) -> None:
        """Take a name that stays the same for this question of this run (`a-z0-9-`), and the question, one line."""
        super().__init__(question)
        self.name = name
        self.question = question
        self.expires_at = expires_at
        self.look_again = look_again


class Runner(Protocol):
    """One kind of action. The engine knows runners only by this."""

    kind: str
    """What an action's `uses` says: `git`, `buildspec`, `dockerfile`, `command`, `push`, `docker`."""

    @property
    def errors(self) -> Mapping[str, str]:
        """Name of an error -> when the work fails with it: what `ActionFailed.error` may be."""

    @property
    def exports(self) -> Collection[str] | None:
        """Names of the variables that its outcomes hand on; `None` when the work itself names them."""

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with an action's options: one line each, empty when all is well."""

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Do the work, or find it done. Raises `ActionFailed` for facts of the work, `Asks` to wait for people."""


TAIL_ERRORS = {
    "not_running": "nothing of the service runs there",
    "engine_unavailable": "the target does not answer",
}
"""Error name -> when: of the question below, which is no action and so is not tried again by any `retry`."""


@runtime_checkable
class Tailing(Protocol):
    """What the runner of a target may offer besides: what the release that runs there writes at this moment."""

    async def tail(self, service: Service, environment: Environment, since: datetime | None, lines: int) -> list[str]:
        """Give the newest `lines` lines, oldest first, not redacted; `since` a time when one is given.

        Raises `ActionFailed` when nothing runs there, or the target does not answer.
        """


@runtime_checkable
class Foreseeing(Protocol):
    """What the runner of a target may offer besides: what a deploy would change there, looked up without doing it."""

    async def foresee(self, service: Service, environment: Environment, digest: str | None) -> list[str]:
        """Say what would be different with that image, and what would keep the deploy from working; each in one line.

        `None`: the image is still to be built. Raises `ActionFailed` when it cannot be looked at.
        """


@runtime_checkable
class Configured(Protocol):
    """What the runner of a target may offer besides: containers there get secrets that stand outside the catalog."""

    async def configuration(self, service: Service, environment: Environment) -> Mapping[str, str]:
        """Give for each variable of `service.secrets` where its value is and in which version, never the value.

        What a plan pins like that comes back in `Work.configuration`: a deploy with another version fails. Raises
        `ActionFailed` when something is not there, or cannot be looked up.
        """


@runtime_checkable
class Scaling(Protocol):
    """What the runner of a target may offer besides: it runs as many containers of a release as `Work.replicas` says.

    Later deploys, rollbacks and restarts bring the same number. A number of `Work.scales` takes effect without a
    failed request: the new ones are healthy before they get any, the others have answered theirs before they stop.
    """

    most: int
    """How many containers it runs of one service."""


@runtime_checkable
class Stopper(Protocol):
    """What a runner may offer besides: ending what it left running when nobody awaits it any more.

    Asked after a restart, when the run was cancelled while no process watched the action.
    """

    async def stop(self, work: Work) -> None:
        """Find what `work.key` started outside, stop and clean it up. Harmless when there is nothing."""


class Away(RuntimeError):  # noqa: N818 - says what is, as errors of the outside do
    """Something outside does not answer. A fault of the surroundings, never of the work."""

    def __init__(self, reason: str) -> None:
        """Take what does not answer, and what to do about it."""
        super().__init__(reason)
        self.reason = reason


def unforeseen(error: BaseException) -> str:
    """Say what a runner raised besides `ActionFailed`: what does not answer says itself what to do about it."""
    return error.reason if isinstance(error, Away) else f"{type(error).__name__}: {error}"[:500]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something outside that was made for a run, carries our labels, and is still there."""

    kind: str
    """What it is: `container`, `image`, `network`, `folder`."""
    id: str
    """By which its cleaner finds it again."""
    name: str
    """What people call it."""
    run: str
    release: str = ""
    """The environment, when it is a release's: it stays as long as that release took effect."""
    size: int | None = None
    """Bytes, when they are known."""


class Cleaner(Protocol):
    """A place where runs leave things: asked what is there, told what to remove. Which runs are over is not its matter.

    Call order: `leftovers` as often as one likes, `remove` for any that it gave; both may be called by several workers
    at once, and again after a crash at any moment.
    """

    async def leftovers(self) -> Sequence[Leftover]:
        """List what carries our labels and namespace, and serves nobody right now. Raises `Away`."""

    async def remove(self, leftover: Leftover) -> bool:
        """Remove it; false when it is used by now, and stays. Raises `Away`, and `OSError` when it may not."""
