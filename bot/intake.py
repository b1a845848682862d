"""Takes requests in: durable first, handed to workers after; what a crash interrupts is taken up again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from bot.presence import Presence
from bot.recent import Recent
from commands.texts import DEFAULT, phrase
from runners.crash import crash_here
from storage.model.reply import Offer, Reply, Style, Verdict
from storage.model.request import Request
from storage.store import Store

log = logging.getLogger(__name__)

STALE = timedelta(minutes=5)
_LANES = 8
_SWEEP = 5.0
_LONGEST = 120.0
_LONGEST_VALUE = 2000


class Answering(Protocol):
    """What answers requests: `commands.desk.Desk`."""

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""


def _now() -> datetime:
    return datetime.now(UTC)


async def _nothing(_user: str) -> None:
    """Learn nothing."""


class Intake:
    """The one way in for everything that is asked."""

    def __init__(
        self,
        store: Store,
        desk: Answering,
        wake: Callable[[], None],
        *,
        presence: Presence,
        clock: Callable[[], datetime] = _now,
        language_of: Callable[[str], str] = lambda _user: DEFAULT,
        learn: Callable[[str], Awaitable[None]] = _nothing,
    ) -> None:
        """`wake` is called when an answer is stored: somebody may show it; `learn` before `language_of` must know."""
        self._store = store
        self._presence = presence
        self._desk = desk
        self._wake = wake
        self._clock = clock
        self._language_of = language_of
        self._learn = learn
        self._queue: asyncio.Queue[Request] = asyncio.Queue()
        self._in_hand: set[str] = set()
        # a sweep may have read a request as unanswered just before its answer was stored
        self._answered = Recent()

    def __len__(self) -> int:
        """Count the requests that were taken and are not answered yet."""
        return len(self._in_hand)

    async def take(self, request: Request) -> bool:
        """Keep a request; it is durable on return, and may be acknowledged. False: it was delivered before."""
        new = await self._store.requests.accept(request, self._presence.name)
        crash_here("request.after")
        if new:
            self._enqueue(request)
        return new

    async def run(self) -> None:
        """Answer requests until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep())
            for _ in range(_LANES):
                group.create_task(self._lane())

    def _enqueue(self, request: Request) -> None:
        if request.id not in self._in_hand and request.id not in self._answered:
            self._in_hand.add(request.id)
            self._queue.put_nowait(request)

    async def _sweep(self) -> None:
        """Take up what nobody answers: left by a crash of this process or another, or by a fault of the store."""
        while True:
            await self._guarded(self._take_up, "unanswered requests could not be read")
            await asyncio.sleep(_SWEEP)

    async def _take_up(self) -> None:
        waiting: dict[str | None, list[Request]] = {}
        for request, taker in await self._store.requests.taken():
            waiting.setdefault(taker, []).append(request)
        for request in waiting.pop(self._presence.name, []):
            self._enqueue(request)
        for taker, theirs in waiting.items():
            async with self._presence.of_the_dead(taker) as dead:
                for request in theirs if dead else ():
                    if await self._store.requests.take_over(request.id, taker, self._presence.name):
                        self._enqueue(request)

    async def _lane(self) -> None:
        while True:
            request = await self._queue.get()
            try:
                await self._guarded(partial(self._answer, request), f"request {request.id} is not answered")
            finally:
                self._in_hand.discard(request.id)

    async def _guarded(self, work: Callable[[], Awaitable[None]], trouble: str) -> None:
        try:
            await work()
        except Exception:
            log.exception("%s; it is tried again in %s s", trouble, _SWEEP)

    async def _answer(self, request: Request) -> None:
        await self._learn(request.user)
        late = self._clock() - request.at
        if late > STALE and not await self._was_begun(request):
            reply = self._question(request, late)
        else:
            reply = await self._handled(request)
        crash_here("answer.before")
        await self._store.requests.answer(request.id, reply)
        crash_here("answer.after")
        self._answered.add(request.id)
        self._wake()

    async def _was_begun(self, request: Request) -> bool:
        """Tell whether a crash came between the start of a run and its answer: then it must not be asked again."""
        return any(
            run.request == request.id or run.request.startswith(f"{request.id}/")  # one of several services
            for run in await self._store.runs.recent(limit=100)
        )

    async def _handled(self, request: Request) -> Reply:
        try:
            async with asyncio.timeout(_LONGEST):
                return await self._desk.handle(request)
        except Exception:
            log.exception("request %s broke", request.id)
        text = phrase(
            self._language_of(request.user),
            "Something went wrong in Estiva itself while handling this. The operators' log has it under `{id}`.",
            id=request.id,
        )
        return Reply(verdict=Verdict.BROKEN, text=text)

    def _question(self, request: Request, late: timedelta) -> Reply:
        language = self._language_of(request.user)
        asked = " ".join(request.text.split())
        text = phrase(
            language,
            "This reached me {minutes} minutes late, so I did not do it: `{asked}`. Shall I do it now?",
            minutes=int(late.total_seconds() // 60),
            asked=asked[:300].replace("`", "'"),
        )
        offer = Offer(label=phrase(language, "Do It Now"), command=asked, style=Style.PRIMARY)
        offers = (offer,) if len(asked) <= _LONGEST_VALUE else ()
        # privately: whoever clicks it asks in their own name, and `approve ...` is not for others to offer
        return Reply(verdict=Verdict.ASK, text=text, offers=offers, private=True)
