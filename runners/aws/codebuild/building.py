"""Following one build of CodeBuild to its end: its phases, its log as it is written, and the builds that retry it."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from runners.aws.codebuild import builds
from runners.aws.codebuild.builds import Build, Phase
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.aws.streams import Stream, Tail
from runners.contract import ActionFailed, Sink, Tell
from storage.model.worded import worded

ERRORS = {
    "build_failed": "a phase of the build failed",
    "build_fault": "CodeBuild itself went wrong",
    "build_timed_out": "the build took longer than CodeBuild lets it",
    "build_stopped": "somebody stopped the build in AWS",
}
OFTEN, SELDOM = 2.0, 10.0
"""Seconds between two looks: at first, and at most."""
_AGAIN = 120.0
"""Seconds in which CodeBuild is given to begin a retry of its own."""
_LONG_AGO = timedelta(minutes=10)
"""After which no retry comes any more, however much our clock and AWS's differ."""
_TRIED_AGAIN = {"FAILED", "FAULT", "TIMED_OUT"}
_EXIT = re.compile(r"exit status (\d+)")
_LONGEST = 1_024


@dataclass(slots=True)
class Following:
    """The builds of one piece of work, one after the other. `latest`: the one that counts."""

    account: Account
    sink: Sink
    latest: Build
    tell: Tell
    pace: float = 1.0
    """1, unless the AWS of a test runs faster."""
    _now: str = field(default="", init=False)
    _told: set[tuple[str, str]] = field(default_factory=set, init=False)

    async def to_its_end(self) -> Build:
        """Give the build as it ended, after all tries of CodeBuild's own."""
        while True:
            await self._to_one_end()
            if not await self._is_tried_again():
                return self.latest

    async def _to_one_end(self) -> None:
        tail, looks = None, 0
        while True:
            await self._tell()
            tail = tail or self._tail()
            if tail is not None:
                await tail.show()
            if self.latest.over:
                break
            await self._sleep(min(SELDOM, OFTEN + looks / 10))
            self.latest, looks = await self._look(self.latest.id), looks + 1
        if tail is not None:
            await tail.drain()
        elif self.latest.logs_elsewhere:
            self.sink.line(f"{self.latest.named} does not log to CloudWatch, so its log cannot be shown")

    async def _is_tried_again(self) -> bool:
        """Go on with the build that tries it again, if there is to be one."""
        ended, again = self.latest, await self._next()
        if again is None:
            return False
        self.latest = again
        self.sink.line(f"{ended.named} ended as {ended.status}; CodeBuild tries again: {again.named}")
        return True

    async def _next(self) -> Build | None:
        """Wait for the build that tries the latest one again, which CodeBuild begins a moment after its end."""
        ended, waited = self.latest, 0.0
        while _is_to_be_tried_again(ended) and waited < _AGAIN:
            await self._sleep(OFTEN)
            ended, waited = await self._look(ended.id), waited + OFTEN
        if ended.next:
            return await self._look(ended.next)
        if _is_to_be_tried_again(ended):
            self.sink.line(
                f"{ended.named} may be tried again, and CodeBuild has not begun to: "
                "see that the role of the project may call codebuild:RetryBuild"
            )
        return None

    async def stop(self) -> None:
        """Stop the build that counts. One that has failed before that is over only when its retries are stopped too."""
        while True:
            if not self.latest.over:
                self.latest = await builds.stop(self.account, self.latest)
            again = await self._next()
            if again is None:
                return
            self.latest = again

    async def _look(self, id_: str) -> Build:
        return await patiently(
            partial(builds.look, self.account, id_),
            partial(self._sleep, SELDOM),
            self.sink,
            "the build goes on, and is looked at again",
        )

    def _tail(self) -> Tail | None:
        if self.latest.log is None:
            return None
        group, name = self.latest.log
        return Tail(stream=Stream(account=self.account, group=group, name=name), sink=self.sink, pace=self.pace)

    async def _tell(self) -> None:
        now = next((phase.name for phase in reversed(self.latest.phases) if not phase.status), "")
        if now and now != self._now:
            self._now = now
            await self.tell(f"{self.latest.named}: {now}")
        for phase in self.latest.phases:
            known = (self.latest.id, phase.name)
            if phase.status and known not in self._told:
                self._told.add(known)
                self.sink.line(told(phase))

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.pace)


def _is_to_be_tried_again(ended: Build) -> bool:
    """Tell whether CodeBuild has a try left that it has not begun, and may still begin."""
    if ended.status not in _TRIED_AGAIN or not ended.tries_left or ended.next:
        return False
    return ended.ended_at is None or datetime.now(UTC) - ended.ended_at < _LONG_AGO


def failure_of(build: Build) -> ActionFailed | None:
    """Say why a build did not succeed; nothing when it did."""
    if build.status == "SUCCEEDED":
        return None
    wrong = next((phase for phase in build.phases if phase.status not in ("", "SUCCEEDED", "IN_PROGRESS")), None)
    where = worded(" in {phase}", phase=wrong.name) if wrong else ""
    said = ": ".join(part for part in (wrong.code, wrong.message[:_LONGEST]) if part) if wrong else ""
    why = worded(": {said}", said=said) if said else ""
    if build.status == "FAULT":
        return ActionFailed(
            worded("CodeBuild itself went wrong with {build}{where}{why}", build=build.named, where=where, why=why),
            hint=worded("retry; if it goes on, see https://health.aws.amazon.com"),
            error="build_fault",
            retryable=True,
        )
    if build.status == "TIMED_OUT":
        return ActionFailed(
            worded("{build} took longer than it may{where}{why}", build=build.named, where=where, why=why),
            hint=worded("find what hangs at the end of its log, or raise the timeout of the action"),
            error="build_timed_out",
        )
    if build.status == "STOPPED":
        return ActionFailed(
            worded("somebody stopped {build} in AWS{where}", build=build.named, where=where),
            hint=worded("CloudTrail says who; retry builds it again"),
            error="build_stopped",
        )
    code = _EXIT.search(wrong.message) if wrong else None
    return ActionFailed(
        worded("{build} failed{where}{why}", build=build.named, where=where, why=why),
        exit_code=int(code[1]) if code else None,
        hint=_hint(wrong.code if wrong else ""),
        error="build_failed",
    )


def _hint(code: str) -> str:
    if code == "YAML_FILE_ERROR":
        return worded("mend the buildspec, or see the action's option buildspec")
    if code == "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE":
        return worded("see that the build image is there, and that the project's role may pull it")
    return ""


def told(phase: Phase) -> str:
    """Say how a phase ended, in one line."""
    took = f" in {phase.seconds} s" if phase.seconds is not None else ""
    why = ": ".join(part for part in (phase.code, phase.message) if part)
    return f"{phase.name}: {phase.status}{took}{f': {why}' if why else ''}"
