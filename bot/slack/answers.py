"""Answers people: posts the replies that are stored and not yet shown, each where its request came from."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp

from bot.recent import Recent
from bot.rounds import Rounds
from bot.slack.blocks import Block, context, notice
from bot.slack.cards.reply import reply as drawn_reply
from bot.slack.cards.shown import Desired, Priority
from bot.slack.desired import key_of
from bot.slack.evidence import file_name
from bot.slack.marks import Say, code, link, marked
from bot.slack.outbox import Outbox
from bot.slack.speaker import RefusedError, Speaker, UnavailableError
from bot.slack.surroundings import LogPage, no_log_page
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.store import Store

log = logging.getLogger(__name__)

_LINK_SECONDS = 25 * 60
_LINKS = 2000
_LONGEST_BACKOFF = 60.0
_PUBLIC = (Via.MENTION, Via.DIRECT)


class Links:
    """Where Slack lets us answer at once (`response_url`). Not kept: they live for half an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._links: dict[str, tuple[str, float]] = {}

    def keep(self, request_id: str, url: str) -> None:
        """Remember the link of a request for a while."""
        if len(self._links) >= _LINKS:
            self._links.pop(next(iter(self._links)))
        self._links[request_id] = (url, self._clock() + _LINK_SECONDS)

    def take(self, request_id: str) -> str | None:
        """Give the link once, when it is still good."""
        url, until = self._links.pop(request_id, ("", 0.0))
        return url if until > self._clock() else None


class Answers:
    """Shows replies. `run` goes on until cancelled; `wake` says that there may be a new one."""

    def __init__(
        self,
        *,
        store: Store,
        outbox: Outbox,
        speaker: Speaker,
        session: aiohttp.ClientSession,
        links: Links,
        say_to: Callable[[str], Say],
        learn: Callable[[str], Awaitable[None]],
        log_page: LogPage = no_log_page,
    ) -> None:
        """`say_to` gives the words in somebody's language, by user id; `learn` before sees that it is known."""
        self._store = store
        self._outbox = outbox
        self._speaker = speaker
        self._session = session
        self._links = links
        self._say_to = say_to
        self._learn = learn
        self._log_page = log_page
        self._in_hand: set[str] = set()
        self._shown = Recent()
        self._rounds = Rounds(self._start_new, trouble="replies could not be read")

    def __len__(self) -> int:
        """Count the replies that are being shown."""
        return len(self._in_hand)

    def wake(self) -> None:
        """Look for new replies now."""
        self._rounds.wake()

    async def run(self) -> None:
        """Show every stored reply once."""
        await self._rounds.run()

    async def _start_new(self) -> None:
        for request, reply in await self._store.requests.unposted():
            new = request.id not in self._in_hand and request.id not in self._shown
            if new and request.via is not Via.TERMINAL:
                self._in_hand.add(request.id)
                task = self._rounds.start(self._until_shown(request, reply))
                task.add_done_callback(partial(self._forget, request.id))

    def _forget(self, request_id: str, _task: "asyncio.Task[None]") -> None:
        self._in_hand.discard(request_id)

    async def _until_shown(self, request: Request, reply: Reply) -> None:
        """Show it, then note that it was shown; each is tried until it is done, and never done twice."""
        await _until_done(partial(self._show_or_give_up, request, reply), f"reply to {request.id}")
        self._shown.add(request.id)
        await _until_done(partial(self._store.requests.posted, request.id), f"the note on {request.id}")

    async def _show_or_give_up(self, request: Request, reply: Reply) -> None:
        try:
            await self._show(request, reply)
        except RefusedError as problem:
            log.error("reply to %s cannot be shown: %s", request.id, problem)  # noqa: TRY400

    async def _show(self, request: Request, reply: Reply) -> None:
        await self._learn(request.user)
        say = self._say_to(request.user)
        blocks, text = drawn_reply(reply, say)
        there = await self._shared(request, reply)
        whole = [marked(say, "The whole log is in this thread: {file}", file=code(there))] if there else []
        if page := await self._page_of_log(reply):
            whole.append(link(page, say("Full Log")))
        blocks = [*blocks, context(*whole)] if whole else blocks
        if _is_public(request, reply):
            await self._outbox.show(_desired(request, reply, blocks, notice(text)))
        else:
            await self._privately(request, _told_apart(request, reply, blocks), notice(text))
        if reply.attachment is not None and not there:
            await self._attach(request, reply)

    async def _shared(self, request: Request, reply: Reply) -> str:
        """Name the file when it stands in the very thread that is answered in, shared there with the failure."""
        if reply.attachment is None or not reply.attachment.of or reply.run is None:
            return ""
        card = await self._store.posts.get(key_of(reply.run, "card"))
        file = await self._store.posts.get(key_of(reply.run, reply.attachment.of))
        here = card is not None and (card.channel, card.ts) == (request.channel, request.thread or request.message)
        return file_name(reply.run, reply.attachment.of) if here and file and file.digest == "uploaded" else ""

    async def _page_of_log(self, reply: Reply) -> str:
        """Give the address of the log that is answered with; empty when it is of no one action, or has no page."""
        kind, _, place = reply.attachment.of.partition("/") if reply.attachment else ("", "", "")
        stage, _, action = place.partition("/")
        if kind != "log" or not action or reply.run is None:
            return ""
        return self._log_page(await self._store.runs.get(reply.run), stage, action)

    async def _privately(self, request: Request, blocks: list[Block], text: str) -> None:
        url = self._links.take(request.id)
        if url is not None and await self._by_link(url, blocks, text):
            return
        await self._speaker.whisper(
            channel=request.channel or request.user,
            user=request.user,
            blocks=blocks,
            text=text,
            thread=request.thread,
        )

    async def _by_link(self, url: str, blocks: list[Block], text: str) -> bool:
        """Answer over a response_url. False when that did not work, and another way is needed."""
        body = {"response_type": "ephemeral", "replace_original": False, "blocks": blocks, "text": text}
        try:
            async with self._session.post(url, json=body, timeout=aiohttp.ClientTimeout(total=10)) as answer:
                if answer.ok:
                    return True
                log.warning("response_url was answered %s; answered another way", answer.status)
        except (aiohttp.ClientError, TimeoutError) as problem:
            log.warning("response_url cannot be reached (%s); answered another way", problem)
        return False

    async def _attach(self, request: Request, reply: Reply) -> None:
        assert reply.attachment is not None  # noqa: S101 - the caller looked
        place = await self._store.posts.get(f"reply/{request.id}")
        channel = place.channel if place else request.channel
        await self._speaker.upload(
            f"reply/{request.id}/file",
            channel=channel,
            thread=_thread(request),
            name=reply.attachment.name,
            text=reply.attachment.text,
        )


async def _until_done(work: Callable[[], Awaitable[None]], what: str) -> None:
    backoff = 1.0
    while True:
        try:
            await work()
        except UnavailableError as problem:
            log.warning("%s waits: %s", what, problem)
        except Exception:
            log.exception("%s failed; it is tried again", what)
        else:
            return
        await asyncio.sleep(backoff)
        backoff = min(backoff * 2, _LONGEST_BACKOFF)


def _is_public(request: Request, reply: Reply) -> bool:
    """Tell whether a reply belongs where all can read it. In a direct message there is nobody else."""
    if not request.channel or request.via is Via.DIRECT:
        return True
    if reply.private or request.via is Via.SLASH or (request.via is Via.MODAL and not request.message):
        return False  # a form that no message of a thread has opened is answered where only its sender reads
    if request.via in _PUBLIC or reply.attachment is not None:
        return True
    return reply.verdict is Verdict.STARTED


def _thread(request: Request) -> str | None:
    """Find the thread for an answer: that of the question; a direct message has none unless the question is in one."""
    return request.thread or (None if request.via is Via.DIRECT else request.message)


def _desired(request: Request, reply: Reply, blocks: list[Block], text: str) -> Desired:
    key = f"reply/{request.id}"
    return Desired(
        key=key,
        channel=request.channel or request.user,
        thread=_thread(request),
        blocks=tuple(blocks),
        text=text,
        event="estiva_reply",
        payload={"run": reply.run or "", "key": key, "status": reply.verdict.value},
        priority=Priority.ANSWER,
        instead=request.user,
    )


def _told_apart(request: Request, reply: Reply, blocks: list[Block]) -> list[Block]:
    """Say in the first block's id what is answered, and how: an ephemeral message carries no metadata."""
    return [{**blocks[0], "block_id": f"estiva:{reply.verdict.value}:{request.message or ''}"[:255]}, *blocks[1:]]
