"""Following a deployment of ECS that goes in stages (blue/green, linear, canary), by its service deployment.

Each look is one call. At a pause hook people are asked; their word is handed on to ECS once, and the deployment is
followed on. However it ends otherwise than well, it is followed until ECS has gone back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from runners.aws.ecs import services
from runners.aws.ecs.history import deployments
from runners.aws.ecs.rollout import GOES_ON, Ended
from runners.aws.ecs.services import Deployment, Target
from runners.aws.ecs.watch import Watch
from runners.aws.errors import AwsRefused
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.contract import Answer, Asks, Sink, Tell
from runners.crash import crash_here
from storage.model.worded import joined, worded

ERRORS = {
    "rejected": "people said no at a pause of the deployment, or nobody answered in time; ECS went back",
    "hook_failed": "a hook of the deployment failed, or did not end in time; ECS went back",
}
_OVER = {"STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
_STAGES = (
    *("PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"),
    *("PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"),
)
"""In their order, as every deployment passes them."""
_WAITS = "AWAITING_ACTION"
_TOO_LATE = {"InvalidParameterException", "ServiceDeploymentNotFoundException"}
"""What ECS says of a pause, or a deployment, that is over: what became of it, the next look tells."""
_MOMENT = timedelta(minutes=1)
"""By so much a deployment and its service deployment may begin apart."""
_LOOK_AGAIN = 60.0
"""Seconds between two looks at a deployment that waits for people: they may answer in ECS, too."""


@dataclass(slots=True, kw_only=True)
class Staged:
    """One deployment in stages, followed."""

    account: Account
    target: Target
    arn: str
    """Of the service deployment."""
    begun: Deployment
    sink: Sink
    answers: Mapping[str, Answer]
    tell: Tell
    watch: Watch
    _told: tuple[str, ...] = ()

    async def to_its_end(self) -> None:
        """Return when it is successful. Raises `Ended` with what became of it, `Asks` where it waits for people."""
        rest = partial(self.watch.rest, self.begun)
        while (counts := await patiently(self._seen, rest, self.sink, GOES_ON)) is not None:
            await self.watch.rest(counts)

    async def _seen(self) -> Deployment | None:
        """Look, and do what is to be done; gives the counts as long as the deployment is not over."""
        now = await self._look()
        return None if await self._is_over(now) else self._counted(now)

    async def _look(self) -> Mapping[str, Any]:
        answer = await self.account.call("ecs", "describe_service_deployments", serviceDeploymentArns=[self.arn])
        if not answer["serviceDeployments"]:
            raise await self._ended({"statusReason": worded("the deployment is gone")})
        found: Mapping[str, Any] = answer["serviceDeployments"][0]
        return found

    async def _is_over(self, now: Mapping[str, Any]) -> bool:
        await self._say(now)
        status = now["status"]
        if status == "SUCCESSFUL":
            return True
        if status in _OVER:
            raise await self._ended(now)
        if status in ("PENDING", "IN_PROGRESS"):
            for hook in now.get("lifecycleHookDetails", []):
                if hook.get("status") == _WAITS and hook.get("targetType") == "PAUSE":
                    await self._answer(hook, str(now.get("lifecycleStage", "")))
        return False

    def _counted(self, now: Mapping[str, Any]) -> Deployment:
        """Give the counts by which it is decided when to look again."""
        target = now.get("targetServiceRevision", {})
        return Deployment(
            id=self.begun.id,
            status=self.begun.status,
            task_definition=self.begun.task_definition,
            rollout="IN_PROGRESS",
            reason="",
            desired=0,  # that all run is not yet the end of a deployment in stages
            running=target.get("runningTaskCount", 0),
            pending=target.get("pendingTaskCount", 0),
            failed=now.get("deploymentCircuitBreaker", {}).get("failureCount", 0),
            created_at=self.begun.created_at,
        )

    async def _say(self, now: Mapping[str, Any]) -> None:
        """Write to the log what has changed, and to the card of the run at which stage it is."""
        target, stage = now.get("targetServiceRevision", {}), str(now.get("lifecycleStage", ""))
        weight = f"{target.get('requestedProductionTrafficWeight', 0.0):g}"
        told = (str(now["status"]), stage, weight, str(target.get("runningTaskCount", 0)))
        if told != self._told:
            for passed in _between(self._told[1] if self._told else "", stage):
                self.sink.line(f"{passed}: passed")
            self._told = told
            count = f"{told[3]} of {target.get('requestedTaskCount', 0)} running"
            self.sink.line(f"{stage or told[0]}: {count}, {weight} % of the traffic ({told[0]})")
            await self.tell(
                worded(
                    "{stage}: {weight} % of the traffic ({status})",
                    stage=stage or told[0],
                    weight=weight,
                    status=told[0],
                )
            )

    async def _answer(self, hook: Mapping[str, Any], stage: str) -> None:
        """Hand on to ECS what people said about a pause; ask them first."""
        name = f"hook-{hashlib.sha256(str(hook['hookId']).encode()).hexdigest()[:8]}"
        answer = self.answers.get(name)
        if answer is None:
            raise Asks(
                name,
                worded(
                    "the deployment of {revision} to {target} waits at {stage}: approve to let it go on, "
                    "reject to let it go back",
                    revision=self.begun.revision,
                    target=self.target,
                    stage=stage,
                ),
                expires_at=hook.get("expiresAt"),
                look_again=_LOOK_AGAIN * self.watch.pace,
            )
        action = "CONTINUE" if answer.yes else "ROLLBACK"
        crash_here("ecs.continue.before")
        try:
            await self.account.call(
                "ecs",
                "continue_service_deployment",
                serviceDeploymentArn=self.arn,
                hookId=hook["hookId"],
                action=action,
            )
        except AwsRefused as refused:
            if refused.code not in _TOO_LATE:
                raise
            self.sink.line(f"the pause at {stage} is over already")
            return
        crash_here("ecs.continue.after")
        self.sink.line(f"{stage}: {action}, by {answer.by}")

    def _error(self, now: Mapping[str, Any]) -> str:
        if _no(self.answers) is not None:
            return "rejected"
        if now.get("alarms", {}).get("triggeredAlarmNames"):
            return "alarm"
        hooks = now.get("lifecycleHookDetails", [])
        if any(each.get("status") in ("FAILED", "TIMED_OUT") for each in hooks):
            paused = any(each.get("targetType") == "PAUSE" and each.get("status") == "TIMED_OUT" for each in hooks)
            return "rejected" if paused else "hook_failed"
        return "tasks_failed" if now.get("deploymentCircuitBreaker", {}).get("status") == "TRIGGERED" else "rolled_back"

    def _why(self, now: Mapping[str, Any]) -> str:
        no, alarms = _no(self.answers), ", ".join(now.get("alarms", {}).get("triggeredAlarmNames", []))
        if no is not None and no.reason:
            return worded("rejected by {name}: {reason}", name=no.by, reason=no.reason)
        if no is not None:
            return worded("rejected by {name}", name=no.by)
        if alarms:
            return worded("an alarm stopped the deployment: {reason}{became}", reason=alarms, became="")
        said = now.get("statusReason") or now.get("rollback", {}).get("reason")
        return str(said) if said else worded("the deployment failed")

    async def _ended(self, now: Mapping[str, Any]) -> Ended:
        state = await services.look(self.account, self.target)
        instead = state.primary if state.primary is not None and state.primary.id != self.begun.id else None
        became = worded("ECS goes to {revision}", revision=instead.revision) if instead else ""
        if now.get("status") == "ROLLBACK_FAILED":
            became = worded("ECS could not go back: see the service in ECS")
        ended = Ended(
            joined([self._why(now), became]),
            hint=worded("see the stages of the deployment, and the stopped tasks if there are any, in the log"),
            error=self._error(now),
        )
        ended.primary = instead
        return ended


def _between(last: str, stage: str) -> tuple[str, ...]:
    """Name the stages that went by between two looks."""
    if stage not in _STAGES:
        return ()
    return _STAGES[_STAGES.index(last) + 1 if last in _STAGES else 0 : _STAGES.index(stage)]


def _no(answers: Mapping[str, Answer]) -> Answer | None:
    return next((each for each in answers.values() if not each.yes), None)


async def deployment_of(
    account: Account, target: Target, state: services.Service, begun: Deployment, sink: Sink
) -> str | None:
    """Find the ARN of the service deployment behind a deployment; nothing where it may not be looked at."""
    for past in await deployments(account, target, begun.created_at - _MOMENT, sink):
        if past.task_definition == begun.task_definition:
            return past.arn
    current: str | None = state.raw.get("currentServiceDeployment")
    return current
