"""Following one deployment of an ECS service to its end, by its own id: a rollback by ECS is never its success."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from runners.aws.ecs import services
from runners.aws.ecs.services import Deployment, Service, Target
from runners.aws.ecs.watch import Watch
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink, Tell
from storage.model.worded import worded

ERRORS = {
    "tasks_failed": "the new tasks do not start, or do not get healthy",
    "alarm": "an alarm of the deployment went off",
    "rolled_back": "ECS, or somebody there, stopped the deployment or went back",
    "overtaken": "somebody else deployed to the service meanwhile",
}
_LONGEST = 500
GOES_ON = "the deployment goes on, and is looked at again"


class Ended(ActionFailed):
    """The deployment failed. `primary`: what the service goes to now, when it is not what was deployed."""

    primary: Deployment | None = None


@dataclass(slots=True)
class Rollout:
    """One deployment, followed."""

    account: Account
    target: Target
    id: str
    revision: str
    """ARN of what is deployed."""
    previous: str
    """ARN of what the service used before, which a rollback goes to."""
    sink: Sink
    watch: Watch
    tell: Tell
    wanted: int | None = None
    """How many tasks are to run in the end; `None`: as many as ECS says itself."""
    _unplaced: str = ""
    _said: set[str] = field(default_factory=set)
    _shown: tuple[int, ...] = ()

    async def to_its_end(self, state: Service) -> None:
        """Return when the deployment is completed. Raises `Ended` with what became of it."""
        since = _since(state, self.id)
        look = partial(services.look, self.account, self.target)
        while now := self._unfinished(state, since):
            await self._tell(state.unplaced(since))
            rest = partial(self.watch.rest, now)
            await rest()
            state = await patiently(look, rest, self.sink, GOES_ON)

    async def _tell(self, unplaced: str) -> None:
        """Say on the card what a rollout waits for that nothing but more room will end."""
        if unplaced and unplaced != self._unplaced:
            self._unplaced = unplaced
            await self.tell(worded("{target}: ECS {said}", target=self.target, said=unplaced[:_LONGEST]))

    def _unfinished(self, state: Service, since: datetime) -> Deployment | None:
        """Give the deployment as long as it is under way, nothing when it is completed; raises when it never can be."""
        self._show(state, since)
        mine, primary = state.deployment(self.id), state.primary
        if mine is None or mine.rollout == "FAILED" or (primary is not None and primary.id != self.id):
            raise self._failed(mine, primary)
        enough = mine.running >= mine.desired if self.wanted is None else mine.running == self.wanted
        return None if mine.rollout == "COMPLETED" and enough else mine

    def _failed(self, mine: Deployment | None, primary: Deployment | None) -> Ended:
        """Say how it ended, from what is still known of it and from what the service runs instead."""
        instead = primary if primary is not None and (mine is None or primary.id != mine.id) else None
        became = worded("; ECS goes to {revision}", revision=instead.revision) if instead else ""
        reason = mine.reason if mine else ""
        ended: Ended
        if "alarm" in reason.lower():
            ended = Ended(
                worded("an alarm stopped the deployment: {reason}{became}", reason=reason, became=became),
                hint=worded("see the alarm"),
                error="alarm",
            )
        elif mine is not None and mine.rollout == "FAILED":
            ended = Ended(
                worded("{reason}{became}", reason=reason or worded("the deployment failed"), became=became),
                hint=worded("see the stopped tasks and their last lines in the log"),
                error="tasks_failed",
            )
        elif instead is not None and instead.task_definition != self.previous:
            ended = Ended(
                worded(
                    "somebody deployed {other} while {revision} was on its way",
                    other=instead.revision,
                    revision=services.short(self.revision),
                ),
                hint=worded("see who deploys to it besides Estiva, then retry"),
                error="overtaken",
            )
        else:
            ended = Ended(
                worded(
                    "the deployment of {revision} is gone{became}",
                    revision=services.short(self.revision),
                    became=became,
                ),
                hint=worded("ECS rolled it back, or somebody stopped it there: see the service's events in the log"),
                error="rolled_back",
            )
        ended.primary = instead
        return ended

    def _show(self, state: Service, since: datetime) -> None:
        for event in state.events(since):
            if event["id"] not in self._said:
                self._said.add(event["id"])
                self.sink.line(str(event["message"]))
        mine = state.deployment(self.id)
        if mine is None:
            return
        others = sum(each.running for each in state.deployments if each.id != self.id)
        counts = (mine.running, mine.desired, mine.pending, mine.failed, others)
        if counts != self._shown:
            self._shown = counts
            failed = f", {mine.failed} failed" if mine.failed else ""
            text = f"{mine.revision}: {mine.running} of {mine.desired} running, {mine.pending} starting{failed}"
            self.sink.line(f"{text}; of the one before: {others}")


def _since(state: Service, id_: str) -> datetime:
    mine = state.deployment(id_) or state.deployments[0]
    return mine.created_at
