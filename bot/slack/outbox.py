"""Brings messages to Slack in the order and at the pace that Slack's limits allow; the latest version wins."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.slack.cards.shown import Desired
from bot.slack.speaker import Speaker, UnavailableError, digest_of
from bot.slack.throttle import Method, Parcel, Throttle
from storage.store import Store

log = logging.getLogger(__name__)

_AT_ONCE = 8
_LONGEST_BACKOFF = 60.0
_REMEMBERED = 5000


@dataclass(slots=True)
class _Entry:
    message: Desired
    arrived: "asyncio.Future[None]"
    failures: int = field(default=0)


class Outbox:
    """Everything on its way to Slack. `show` waits until a message stands there; `run` does the work."""

    def __init__(
        self, speaker: Speaker, store: Store, throttle: Throttle, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds and never goes back."""
        self._speaker = speaker
        self._store = store
        self._throttle = throttle
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._versions: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        """Count the messages that have not arrived yet."""
        return len(self._throttle)

    def hold(self, seconds: float) -> None:
        """Send nothing for so long: Slack asked for it."""
        self._throttle.pause(self._clock() + seconds)

    async def show(self, *messages: Desired) -> None:
        """Return when this version of each message, or a newer one, stands in Slack.

        They are taken in their order: what belongs before another must be here when that may go.
        """
        for arrived in [await self._take(message) for message in messages]:
            if arrived is not None:
                await asyncio.shield(arrived)

    async def _take(self, message: Desired) -> "asyncio.Future[None] | None":
        """Have a message sent, and give what tells of its arrival; `None` when there is nothing to wait for."""
        post = await self._store.posts.get(message.key)
        waiting = self._entries.get(message.key)
        if waiting is None and post is not None and post.digest == digest_of(message):
            return None
        if message.version < self._versions.get(message.key, 0):
            return waiting.arrived if waiting else None
        self._versions[message.key] = message.version
        entry = _Entry(message, waiting.arrived if waiting else asyncio.get_running_loop().create_future())
        self._entries[message.key] = entry
        self._throttle.offer(_parcel(message, Method.EDIT if post else Method.POST))
        self._wake.set()
        return entry.arrived

    async def run(self) -> None:
        """Send until cancelled. What has not arrived by then is found again by its readers after a restart."""
        try:
            while True:
                self._wake.clear()
                self._start_what_may_go()
                at = self._throttle.next_at(self._clock())
                await self._sleep(None if at is None or len(self._tasks) >= _AT_ONCE else at - self._clock())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start_what_may_go(self) -> None:
        while len(self._tasks) < _AT_ONCE and (parcel := self._throttle.pick(self._clock())):
            task = asyncio.create_task(self._send(parcel, self._entries.pop(parcel.key)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _sleep(self, seconds: float | None) -> None:
        try:
            # not wait_for: before Python 3.12 it can swallow a cancellation that comes together with the event
            async with asyncio.timeout(None if seconds is None else max(0.01, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _send(self, parcel: Parcel, entry: _Entry) -> None:
        try:
            await self._speaker.deliver(entry.message)
        except UnavailableError as problem:
            log.warning("message %s waits: %s", parcel.key, problem)
            self._again(parcel, entry)
        except Exception:
            log.exception("message %s could not be sent; it will be tried again", parcel.key)
            self._again(parcel, entry)
        else:
            self._forget_some()
            newer = self._entries.get(parcel.key)
            if newer is not None:
                self._throttle.offer(_parcel(newer.message, Method.EDIT))
            _arrive(entry.arrived)
        finally:
            self._throttle.done(parcel.key)
            self._wake.set()

    def _again(self, parcel: Parcel, entry: _Entry) -> None:
        entry.failures += 1
        newer = self._entries.get(parcel.key)
        if newer is None:
            self._entries[parcel.key] = entry
            self._throttle.offer(parcel)
        else:
            newer.arrived.add_done_callback(lambda _: _arrive(entry.arrived))
            newer.failures = entry.failures
        self._throttle.delay(parcel.key, self._clock() + min(2.0**entry.failures, _LONGEST_BACKOFF))

    def _forget_some(self) -> None:
        if len(self._versions) > _REMEMBERED:
            kept = list(self._versions.items())[_REMEMBERED // 2 :]
            self._versions = dict(kept)


def _arrive(arrived: "asyncio.Future[None]") -> None:
    if not arrived.done():
        arrived.set_result(None)


def _parcel(message: Desired, method: Method) -> Parcel:
    return Parcel(
        key=message.key,
        method=method,
        channel=message.channel,
        priority=message.priority,
        settled=message.settled,
        after=message.thread_of,
        before=message.before,
    )
