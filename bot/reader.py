"""Slack's reader of the journal: makes Slack show what the journal says, no more often and no less than once.

A run's messages are a pure function of its events (`desired`); this compares them with what was posted and has the
difference sent. It may die between any two steps: the next start finds the same difference.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.rounds import PAUSE, Rounds
from bot.slack.cards.shown import Desired, Surroundings
from bot.slack.desired import desired
from bot.slack.outbox import Outbox
from storage.model.event import Kind
from storage.model.fold import fold
from storage.model.run import REPEATING
from storage.model.view import RunView
from storage.store import Store

log = logging.getLogger(__name__)

READER = "slack"
_AT_ONCE = 200
_OF_AGAIN = frozenset({Kind.RUN_REQUESTED, Kind.RUN_ENDED})
"""What the run has to be told of that is done again."""
_QUESTIONS = 50
"""Runs of one service whose open questions are drawn anew, the newest, when it is released."""


class SlackReader:
    """Follows every run with news. `run` goes on until cancelled; `wake` says that there may be news."""

    def __init__(
        self,
        *,
        store: Store,
        outbox: Outbox,
        surroundings: Callable[[RunView], Awaitable[Surroundings]],
        evidence: Callable[[RunView], Awaitable[None]],
        ended: Callable[[RunView], None] = lambda _view: None,
    ) -> None:
        """`evidence` shares what goes along with the messages; `ended` is called once for each run that is all told."""
        self._store = store
        self._outbox = outbox
        self._surroundings = surroundings
        self._evidence = evidence
        self._ended = ended
        self._followed: dict[str, int] = {}
        self._rounds = Rounds(self._look, trouble="the journal could not be read")

    def __len__(self) -> int:
        """Count the runs whose messages are not all in Slack yet."""
        return len(self._followed)

    def wake(self) -> None:
        """Look for news now."""
        self._rounds.wake()

    async def run(self) -> None:
        """Keep Slack up to date."""
        await self._rounds.run()

    async def _look(self) -> None:
        for run_id in await self._store.runs.news():
            if len(self._rounds) >= _AT_ONCE:
                return
            await self._follow(run_id)

    async def _follow(self, run_id: str) -> None:
        events = await self._store.journal.of_run(run_id)
        newest = events[-1].sequence if events else 0
        if newest <= self._followed.get(run_id, 0):
            return
        self._followed[run_id] = newest
        view = fold(await self._store.runs.get(run_id), events)
        told = await self._store.runs.cursor(run_id)
        news = frozenset(event.kind for event in events if event.sequence > told)
        self._rounds.start(self._settle(view, newest, news))

    async def _settle(self, view: RunView, newest: int, news: frozenset[Kind]) -> None:
        """Have everything said that this state of the run asks for, then note that it was."""
        run_id = view.run.id
        try:
            await self._show(view, newest)
            if Kind.RELEASED in news:
                await self._ask_anew(view)
            if news & _OF_AGAIN:
                await self._point_here(view)
            await self._evidence(view)
            await self._store.runs.seen(run_id, newest)
            if view.status.over:
                self._ended(view)
        except Exception:
            log.exception("the messages of %s could not be made; it is tried again", run_id)
            await asyncio.sleep(PAUSE)
        if self._followed.get(run_id) == newest:
            self._followed.pop(run_id, None)

    async def _show(self, view: RunView, newest: int) -> None:
        """Have it said; once more where something beside the run that it tells of has become another meanwhile.

        A question compares with what runs there, and stands in its thread before the card can lead to it.
        """
        around = await self._surroundings(view)
        while True:
            messages = desired(view, around, newest)
            if await self._parents_first(messages):  # what follows leads back to them
                around = await self._surroundings(view)
                messages = desired(view, around, newest)
            await self._outbox.show(*messages)
            told = around.moving
            if not (view.asking or view.status.over) or (around := await self._surroundings(view)).moving == told:
                return

    async def _ask_anew(self, released: RunView) -> None:
        """Draw the open questions about a service anew: what they would replace may be something else now."""
        runs = await self._store.runs.active(released.run.plan.service.name)
        for run in [run for run in runs if run.id != released.run.id][-_QUESTIONS:]:
            events = await self._store.journal.of_run(run.id)
            view = fold(run, events)
            if view.asking:
                await self._show(view, events[-1].sequence)

    async def _point_here(self, view: RunView) -> None:
        """Have the run that this one does again lead here, and offer no more than makes sense by now."""
        if view.run.plan.trigger in REPEATING and view.run.plan.origin is not None:
            run, events = await self._store.runs.told(view.run.plan.origin)
            await self._show(fold(run, events), events[-1].sequence if events else 0)

    async def _parents_first(self, messages: tuple[Desired, ...]) -> bool:
        """See the run's card posted before anything is said about it, and a thread's first message before the rest.

        Tells whether that was to be done.
        """
        parents, posted = {message.thread_of for message in messages}, False
        for message in messages:
            if (message.key in parents or message is messages[0]) and await self._store.posts.get(message.key) is None:
                await self._outbox.show(message)
                posted = True
        return posted
