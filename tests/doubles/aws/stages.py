"""Deployments of ECS that go in stages: blue/green, linear, canary, with hooks that pause them or fail."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.wire import Refusal

ORDER = (
    *("RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT"),
    *("POST_TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"),
)
_NO_PAUSE = {"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}
_hooks = itertools.count(1)


def check(settings: dict[str, Any], service: dict[str, Any]) -> None:
    """Refuse what ECS refuses of a deployment configuration."""
    strategy = settings.get("strategy", "ROLLING")
    for name, of in (("linearConfiguration", "LINEAR"), ("canaryConfiguration", "CANARY")):
        if name in settings and strategy != of:
            raise Refusal("InvalidParameterException", f"{name} is only valid with the strategy {of}.")
    if strategy == "ROLLING" and settings.get("lifecycleHooks"):
        raise Refusal("InvalidParameterException", "Lifecycle hooks are not supported with the strategy ROLLING.")
    balanced = any("advancedConfiguration" in each for each in service.get("loadBalancers", []))
    if strategy != "ROLLING" and not balanced:
        raise Refusal("InvalidParameterException", f"{strategy} needs an alternate target group and listener rules.")
    for hook in settings.get("lifecycleHooks", []):
        paused = hook.get("targetType") == "PAUSE"
        if paused and set(hook["lifecycleStages"]) & _NO_PAUSE:
            raise Refusal("InvalidParameterException", "PAUSE hooks cannot be configured at traffic shift stages.")
        if not paused and not hook.get("hookTargetArn"):
            raise Refusal("InvalidParameterException", "hookTargetArn is required for AWS_LAMBDA hooks.")
        if not 1 <= hook.get("timeoutConfiguration", {}).get("timeoutInMinutes", 1440) <= 20_160:
            raise Refusal("InvalidParameterException", "timeoutInMinutes must be between 1 and 20160.")


@dataclass
class Staged:
    """How far a deployment is. Moves on when somebody looks; a pause stops its time."""

    settings: dict[str, Any]
    entered: datetime
    seconds: float
    """For each stage; those that the settings say something of take that."""
    failing: str = ""
    """The stage at which a Lambda hook fails."""
    at: int = 0
    weight: float = 0.0
    hooks: list[dict[str, Any]] = field(default_factory=list)
    over: str = ""
    why: str = ""

    @property
    def stage(self) -> str:
        return ORDER[self.at]

    def move(self, now: datetime) -> None:
        """Go as far as time allows; `over` says SUCCESSFUL, or ROLLBACK when a hook says so."""
        while not self.over:
            waiting = next((hook for hook in self.hooks if hook["status"] == "AWAITING_ACTION"), None)
            if waiting is not None:
                if now < waiting["expiresAt"]:
                    return
                self.answer(waiting["hookId"], waiting["timeoutAction"], waiting["expiresAt"], "TIMED_OUT")
                continue
            if self.stage == self.failing:
                self.hooks.append({"hookId": f"hook-{next(_hooks)}", "targetType": "AWS_LAMBDA", "status": "FAILED"})
                self.over, self.why = "ROLLBACK", f"Lifecycle hook failed at {self.failing}."
                return
            left = self.entered + timedelta(seconds=self._takes())
            if now < left:
                self.weight = self._shifted((now - self.entered).total_seconds())
                return
            self._enter(left)

    def answer(self, hook_id: str, action: str, now: datetime, status: str = "SUCCEEDED") -> None:
        hook = next((each for each in self.hooks if each["hookId"] == hook_id), None)
        if hook is None or hook["status"] != "AWAITING_ACTION":
            raise Refusal("InvalidParameterException", "The hook is not awaiting an action.")
        hook["status"] = status
        self.entered = now
        if action == "ROLLBACK":
            self.over, self.why = "ROLLBACK", f"Rolled back at the lifecycle hook of {self.stage}."

    def _enter(self, when: datetime) -> None:
        if self.at + 1 == len(ORDER):
            self.over = "SUCCESSFUL"
            return
        self.at, self.entered = self.at + 1, when
        if self.at > ORDER.index("PRODUCTION_TRAFFIC_SHIFT"):
            self.weight = 100.0
        for hook in self.settings.get("lifecycleHooks", []):
            if hook.get("targetType") == "PAUSE" and self.stage in hook["lifecycleStages"]:
                timeout = hook.get("timeoutConfiguration", {})
                self.hooks.append(
                    {
                        "hookId": f"hook-{next(_hooks)}",
                        "targetType": "PAUSE",
                        "status": "AWAITING_ACTION",
                        "expiresAt": when + timedelta(minutes=timeout.get("timeoutInMinutes", 1440)),
                        "timeoutAction": timeout.get("action", "ROLLBACK"),
                    }
                )

    def _takes(self) -> float:
        if self.stage == "BAKE_TIME":
            return float(self.settings.get("bakeTimeInMinutes", 15) * 60)
        if self.stage == "PRODUCTION_TRAFFIC_SHIFT":
            return max(self.seconds, sum(wait for _, wait in self._steps()))
        return self.seconds

    def _steps(self) -> list[tuple[float, float]]:
        """The weights of the shift before all of it, and how many seconds each stays."""
        linear, canary = self.settings.get("linearConfiguration"), self.settings.get("canaryConfiguration")
        if canary is not None:
            return [(canary.get("canaryPercent", 5.0), canary.get("canaryBakeTimeInMinutes", 10) * 60.0)]
        if linear is None:
            return []
        percent, wait = linear.get("stepPercent", 10.0), linear.get("stepBakeTimeInMinutes", 6) * 60.0
        return [(percent * n, wait) for n in range(1, int(-(-100 // percent)))]

    def _shifted(self, elapsed: float) -> float:
        if self.stage != "PRODUCTION_TRAFFIC_SHIFT":
            return self.weight
        for weight, wait in self._steps():
            if elapsed < wait:
                return float(weight)
            elapsed -= wait
        return 100.0
