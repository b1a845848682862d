"""A hand of a person in the workspace: says, clicks, and sees what arrives, live."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.workspace.client import WorkspaceClient
from tests.stories.reading import Json, buttons, choices, key_of, run_of, status_of, words

T = TypeVar("T")
DEPLOYS = "#deploys"
_OVER = ("succeeded", "failed", "cancelled", "broken")
_SOON, _LONG = 20.0, 120.0


@dataclass(frozen=True)
class Answer:
    """What the bot answered to something: the verdict that the message carries, the words, and the message."""

    verdict: str
    message: Json

    @property
    def text(self) -> str:
        return words(self.message)

    @property
    def run(self) -> str:
        return run_of(self.message)


class Person:
    """Somebody at work. `seen` holds the messages that arrived since, each in its newest form."""

    def __init__(self, client: WorkspaceClient) -> None:
        self.client = client
        self.seen: dict[tuple[str, str], Json] = {}
        self.views: list[Json] = []
        self.home: Json = {}
        self.failures: list[Json] = []
        self._news = asyncio.Event()

    async def listen(self, after: int) -> None:
        """Take what happens after event `after`, for ever."""
        async with contextlib.aclosing(self.client.events(after)) as events:
            async for event in events:
                self._take(event)
                self._news.set()

    def _take(self, event: Json) -> None:
        match event["type"]:
            case "message" | "message_changed" | "ephemeral":
                self.seen[event["channel"], event["ts"]] = event["message"]
            case "view":
                self.views = event["views"]
            case "home":
                self.home = event["view"]
            case "failure":
                self.failures.append(event)

    async def until(self, found: Callable[[], T | None], seconds: float = _SOON) -> T:
        """Wait until there is something, and give it."""
        try:
            async with asyncio.timeout(seconds):
                while not (there := found()):
                    self._news.clear()
                    await self._news.wait()
                return there
        except TimeoutError:
            lines = "\n".join(f"{key}: {words(message)[:300]!r}" for key, message in self.seen.items())
            raise AssertionError(f"not within {seconds:.0f} s; seen so far:\n{lines}") from None

    async def says(self, text: str, channel: str = DEPLOYS, thread: str | None = None) -> Json:
        """Say something to the bot; gives the message."""
        direct = channel == "@estiva"
        return await self.types(text if direct else f"@estiva {text}", channel, thread)

    async def types(self, text: str, channel: str = DEPLOYS, thread: str | None = None) -> Json:
        """Type something just as it stands."""
        said = await self.client.say(channel, text, thread)
        assert said["ok"], said
        return dict(said.get("message", said))

    async def asks(self, text: str, channel: str = DEPLOYS, seconds: float = _SOON) -> Answer:
        """Say something to the bot, and wait for its answer."""
        said = await self.says(text, channel)
        return await self.answer(said["ts"], seconds)

    async def answer(self, ts: str, seconds: float = _SOON) -> Answer:
        """Wait for the answer to a message."""
        return await self.until(lambda: self._answer(ts), seconds)

    def _answer(self, ts: str) -> Answer | None:
        for message in self.seen.values():
            mark = str((message.get("blocks") or [{}])[0].get("block_id", ""))
            if message.get("is_ephemeral") and mark.startswith("estiva:") and mark.endswith(f":{ts}"):
                return Answer(mark.split(":")[1], message)
            if key_of(message).startswith("reply/") and key_of(message).endswith(f"/{ts}"):
                return Answer(status_of(message), message)
        return None

    async def starts(self, text: str, channel: str = DEPLOYS) -> str:
        """Ask for a run; gives its id."""
        answer = await self.asks(text, channel)
        assert answer.verdict == "started", answer.text
        return answer.run

    async def deploys(self, text: str, channel: str = DEPLOYS) -> str:
        """Ask for a run, and see it succeed."""
        run = await self.starts(text, channel)
        status = await self.run_ends(run)
        assert status == "succeeded", "\n".join(words(m) for m in self.seen.values() if run_of(m) == run)
        return run

    async def run_ends(self, run: str, seconds: float = _LONG) -> str:
        """Wait until the card of a run says that it is over; gives its status."""
        card = await self.until(lambda: self._over(run), seconds)
        return status_of(card)

    def _over(self, run: str) -> Json | None:
        card = self.there(f"{run}/card")
        return card if card and status_of(card) in _OVER else None

    def there(self, key: str) -> Json | None:
        """Give a message by its key, if it is there."""
        return next((message for message in self.seen.values() if key_of(message) == key), None)

    async def reads(self, key: str, part: str = "", seconds: float = _SOON) -> Json:
        """Wait for a message of the bot by its key, until its words hold `part`."""

        def found() -> Json | None:
            message = self.there(key)
            return message if message and part in words(message) else None

        return await self.until(found, seconds)

    async def sees(self, part: str, seconds: float = _SOON) -> Json:
        """Wait for any message with these words."""
        return await self.until(lambda: next((m for m in self.seen.values() if part in words(m)), None), seconds)

    def about(self, run: str) -> list[Json]:
        """Give the messages of a run, in the order in which they were said."""
        mine = [message for message in self.seen.values() if key_of(message).startswith(f"{run}/")]
        return sorted(mine, key=lambda message: str(message["ts"]))

    async def clicks(self, message: Json, label: str) -> None:
        """Press a button, by what it says."""
        block, element = buttons(self._now(message, label))[label]
        place = {"channel": message["channel"], "message_ts": message["ts"]}
        done = await self.client.act("click", **place, block_id=block, action_id=element["action_id"])
        assert done["ok"], done

    async def chooses(self, message: Json, label: str) -> None:
        """Choose in the menu behind the three dots of a message, by what it says there."""
        block, element, value = choices(self._now(message, label))[label]
        place = {"channel": message["channel"], "message_ts": message["ts"]}
        done = await self.client.act("click", **place, block_id=block, action_id=element["action_id"], selected=value)
        assert done["ok"], done

    def _now(self, message: Json, label: str) -> Json:
        """Give a message as it stands there now, if it still has the label: it may have been edited since."""
        newest = self.seen.get((message["channel"], message["ts"]), message)
        return newest if label in {**buttons(newest), **choices(newest)} else message

    async def modal(self) -> Json:
        """Wait until a modal is open for this person."""
        return await self.until(lambda: self.views[-1] if self.views else None)


@contextlib.asynccontextmanager
async def at_work(url: str, token: str, handle: str) -> AsyncIterator[Person]:
    """Somebody who sees everything from now on."""
    async with WorkspaceClient(url, token, handle) as client:
        person = Person(client)
        listening = asyncio.create_task(person.listen((await client.look("state"))["event_id"]))
        try:
            yield person
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
