"""Following a batch of CodeBuild to its end: each of its builds with its phases and its log, side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from runners.aws.codebuild import batches, builds
from runners.aws.codebuild.batches import Batch, Group
from runners.aws.codebuild.building import OFTEN, SELDOM, failure_of, told
from runners.aws.codebuild.builds import Build
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.aws.streams import Stream, Tail
from runners.contract import ActionFailed, Sink, Tell
from runners.exports import together
from storage.model.worded import worded

T = TypeVar("T")


@dataclass(slots=True)
class FollowingBatch:
    """A batch and its builds."""

    account: Account
    sink: Sink
    latest: Batch
    tell: Tell
    pace: float = 1.0
    """1, unless the AWS of a test runs faster."""
    known: dict[str, Build] = field(default_factory=dict)
    """Builds by their ids, as they were seen last."""
    _tails: dict[str, Tail] = field(default_factory=dict)
    _drained: set[str] = field(default_factory=set)
    _told: set[tuple[str, str]] = field(default_factory=set)
    _now: str = ""

    async def to_its_end(self) -> Build:
        """Give the batch as it ended, as if it were one build, with all that its builds export."""
        looks = 0
        while True:
            await self._show()
            if self.latest.whole.over:
                break
            await self._sleep(min(SELDOM, OFTEN + looks / 10))
            look = partial(batches.look, self.account, self.latest.whole.id)
            self.latest, looks = await self._patiently(look), looks + 1
        exported = together({name: build.exported for name, build in self._by_name().items()})
        raw = [{"name": name, "value": value} for name, value in exported.items()]
        return replace(self.latest.whole, raw={**self.latest.whole.raw, "exportedEnvironmentVariables": raw})

    def failure(self) -> ActionFailed | None:
        """Say why the batch did not succeed, by the first of its builds that failed; nothing when it did."""
        failed = failure_of(self.latest.whole)
        of_builds = self._failed()
        if failed is None or not of_builds:
            return failed
        group, build = of_builds[0]
        cause = failure_of(build) or failed
        others = [each.name for each, _ in of_builds[1:]]
        more = worded(" (and {names})", names=", ".join(others)) if others else ""
        return ActionFailed(
            worded(
                "{batch}: {name}{more}: {reason}",
                batch=self.latest.whole.named,
                name=group.name,
                more=more,
                reason=cause.reason,
            ),
            exit_code=cause.exit_code,
            hint=cause.hint,
            error=failed.error if failed.error == "build_stopped" else cause.error,
            retryable=cause.retryable,
        )

    def _failed(self) -> list[tuple[Group, Build]]:
        """List what failed, first of all what was not only stopped because of another."""
        pairs = [(group, self.known[group.build]) for group in self.latest.groups if group.build in self.known]
        mine = [(group, build) for group, build in pairs if group.failed]
        own = [pair for pair in mine if pair[1].status != "STOPPED"]
        return sorted(own or mine, key=lambda pair: pair[1].ended_at or pair[1].started_at)

    async def _show(self) -> None:
        for build in await self._changed():
            self.known[build.id] = build
        for name, build in self._by_name().items():
            for phase in build.phases:
                if phase.status and (build.id, phase.name) not in self._told:
                    self._told.add((build.id, phase.name))
                    self.sink.line(f"{name}: {told(phase)}")
            await self._show_log(name, build)
        await self._drain()
        await self._tell()

    async def _changed(self) -> Sequence[Build]:
        """Look at the builds that may have gone on since they were seen."""
        ids = [each.build for each in self.latest.groups if each.build and not self._is_over(each.build)]
        return await self._patiently(partial(builds.several, self.account, ids)) if ids else []

    def _is_over(self, id_: str) -> bool:
        return id_ in self.known and self.known[id_].over

    async def _show_log(self, name: str, build: Build) -> None:
        if build.log is not None and build.id not in self._tails:
            stream = Stream(account=self.account, group=build.log[0], name=build.log[1])
            self._tails[build.id] = Tail(stream=stream, sink=self.sink, before=f"{name} | ", pace=self.pace)
        if build.id in self._tails and build.id not in self._drained:
            await self._tails[build.id].show()
        elif build.over and build.logs_elsewhere and build.id not in self._drained:
            self._drained.add(build.id)
            self.sink.line(f"{name} does not log to CloudWatch, so its log cannot be shown")

    async def _drain(self) -> None:
        """Show the last lines of what is over by now; nothing is asked about it any more."""
        over = [id_ for id_ in self._tails if self._is_over(id_) and id_ not in self._drained]
        self._drained.update(over)
        await asyncio.gather(*(self._tails[id_].drain() for id_ in over))

    async def _tell(self) -> None:
        """Say on the card how many of its builds are done, and which run."""
        groups = self.latest.groups
        done = sum(each.status not in ("", "IN_PROGRESS") for each in groups)
        running = ", ".join(each.name for each in groups if each.status == "IN_PROGRESS")
        now = f"{self.latest.whole.named}: {done}/{len(groups)}" + (f" · {running}" if running else "")
        if now != self._now:
            self._now = now
            await self.tell(now)

    def _by_name(self) -> Mapping[str, Build]:
        return {each.name: self.known[each.build] for each in self.latest.groups if each.build in self.known}

    async def _patiently(self, look: Callable[[], Awaitable[T]]) -> T:
        rest = partial(self._sleep, SELDOM)
        return await patiently(look, rest, self.sink, "the batch goes on, and is looked at again")

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.pace)
