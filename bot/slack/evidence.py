"""The full log of each failed action, as a file in the thread of its run: shared once, without being asked for."""

from dataclasses import dataclass

from bot.slack.desired import key_of
from bot.slack.speaker import Speaker
from storage.model.run import Status
from storage.model.view import RunView
from storage.store import Store

_BIGGEST = 1_000_000
"""Characters of a log that are shared; the end is what matters."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Shares the logs of what failed."""

    store: Store
    speaker: Speaker

    async def __call__(self, view: RunView) -> None:
        """See that the log of every failed action stands in the run's thread.

        Raises `UnavailableError` when Slack cannot take it now.
        """
        for stage in view.stages:
            for action in stage.actions:
                if action.status in (Status.FAILED, Status.BROKEN):
                    await self._share(view, stage.stage.name, action.action.name)

    async def _share(self, view: RunView, stage: str, action: str) -> None:
        key = key_of(view.run.id, f"log/{stage}/{action}")
        shared = await self.store.posts.get(key)
        card = await self.store.posts.get(key_of(view.run.id, "card"))
        if (shared and shared.digest == "uploaded") or card is None or not card.ts:
            return
        text = "\n".join(await self.store.logs.read(view.run.id, stage, action))[-_BIGGEST:]
        if text:
            name = file_name(view.run.id, f"log/{stage}/{action}")
            await self.speaker.upload(key, channel=card.channel, thread=card.ts, name=name, text=text)


def file_name(run: str, of: str) -> str:
    """Name the file of a log: `hello-12-test-unit.log` for `log/test/unit`."""
    return f"{run}-{of.removeprefix('log/').replace('/', '-')}.log"
