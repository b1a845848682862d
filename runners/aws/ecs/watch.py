"""Waiting for the next look at a deployment: until something is heard of it, or by a schedule where nobody hears."""

import asyncio
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Self

from runners.aws.ecs.events import Heard
from runners.aws.ecs.looks import Looks
from runners.aws.ecs.services import Deployment, Target
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink

_SILENCE = 120.0
"""Seconds until a deployment of which nothing is heard is looked at all the same."""
_SOON = 1.5
"""Seconds until it is looked at again when it was not yet seen what was heard; doubled each time, up to the silence."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """The watch over one deployment, from its making on."""

    looks: Looks
    heard: Heard | None
    """Where the deployment is heard of, if anywhere."""
    sink: Sink
    pace: float = 1.0
    """1, unless the AWS of a test runs faster."""
    _begun: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _patience: float = _SILENCE
    _deaf: bool = False
    """It was said that the queue is not read."""

    @classmethod
    async def over(cls, account: Account, target: Target, heard: Heard | None, sink: Sink, pace: float) -> Self:
        """Watch over a deployment that is known: how long it will take is only asked where nobody hears its end."""
        looks = Looks(None if heard else await _expected(account, target))
        looks.made = 1
        return cls(looks=looks, heard=heard, sink=sink, pace=pace)

    async def rest(self, now: Deployment) -> None:
        """Wait until it is time for the next look."""
        if self.heard is None or not self._hears(self.heard):
            elapsed = (asyncio.get_running_loop().time() - self._begun) / self.pace
            await asyncio.sleep(self.looks.pause(elapsed, now) * self.pace)
            return
        self.looks.made += 1
        if await self.heard.wait(self._patience * self.pace):
            self._patience = _SOON
        else:
            self._patience = min(2 * self._patience, _SILENCE)
        self._hears(self.heard)

    def _hears(self, heard: Heard) -> bool:
        """Tell whether the queue is read; when it no longer is, that is said once, whenever it happened."""
        if heard.deaf and not self._deaf:
            self._deaf = True
            self.sink.line(f"the events of ECS cannot be heard, so it is looked at instead: {heard.deaf}")
        return not heard.deaf


async def _expected(account: Account, target: Target) -> float | None:
    """Take how long the deployments before this one took; where ECS does not tell, nothing is expected."""
    try:
        answer = await account.call(
            "ecs", "list_service_deployments", **target.named, status=["SUCCESSFUL"], maxResults=5
        )
    except ActionFailed:
        return None
    took = [_seconds(each) for each in answer["serviceDeployments"] if each.get("finishedAt")]
    return median(took) if took else None


def _seconds(deployment: dict[str, Any]) -> float:
    begun = deployment.get("startedAt") or deployment["createdAt"]
    return float((deployment["finishedAt"] - begun).total_seconds())
