"""How events, commands and interactions reach the app: one attempt, an ack in time, retries for events only."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Protocol

from bot.workspace.log import Log
from bot.workspace.settings import Settings
from bot.workspace.switches import Switches
from bot.workspace.wire import APP, BOT_USER, TEAM, Json, fresh

logger = logging.getLogger(__name__)
_REORDER_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Which attempt this is (0 is the first) and why the one before failed."""

    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the app acknowledged one attempt, with what payload; if not, why, and whether it wants no retry."""

    acked: bool
    reason: str = ""
    payload: Json = field(default_factory=dict)
    final: bool = False


class Transport(Protocol):
    """Socket Mode or signed HTTP."""

    async def send(self, kind: str, payload: Json, retry: Retry, entry: Json) -> Outcome:
        """Deliver one payload (`events_api`, `slash_commands`, `interactive`) and wait for its ack."""
        ...


class Delivery:
    """Hands everything to the transport and keeps account in the log."""

    def __init__(
        self, transport: Transport, *, settings: Settings, switches: Switches, log: Log, clock: Callable[[], float]
    ) -> None:
        self.transport = transport
        self._settings = settings
        self._switches = switches
        self._log = log
        self._clock = clock
        self._tasks: set[asyncio.Task[object]] = set()
        self._held: list[Json] = []

    def event(self, event: Json) -> None:
        """Send an event, now and again at Slack's times until it is acked."""
        payload = self._callback(event)
        if self._switches.take("reorder"):
            self._hold(payload)
            return
        self._dispatch(payload)

    async def ask(self, kind: str, payload: Json) -> Outcome:
        """Send a command or an interaction: once, no retry."""
        return await self._attempt(kind, payload, Retry())

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Run `work` beside; it is stopped with the workspace, and its failure is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def stop(self) -> None:
        """Cancel what is still under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _callback(self, event: Json) -> Json:
        return {
            "token": self._settings.verification_token,
            "team_id": TEAM,
            "context_team_id": TEAM,
            "context_enterprise_id": None,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": fresh("Ev"),
            "event_time": int(self._clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": fresh("4-", 20),
        }

    def _hold(self, payload: Json) -> None:
        self._held.append(payload)
        if self._switches.reorder == 0:
            self._release()
        elif len(self._held) == 1:
            self.spawn(self._release_late())

    def _release(self) -> None:
        held, self._held = self._held[::-1], []
        for payload in held:
            self._dispatch(payload)

    async def _release_late(self) -> None:
        await asyncio.sleep(_REORDER_PATIENCE)
        self._release()

    def _dispatch(self, payload: Json) -> None:
        self.spawn(self._insist(payload))
        if self._switches.take("duplicate_events"):
            self.spawn(self._insist(payload))

    async def _insist(self, payload: Json) -> None:
        outcome = await self._attempt("events_api", payload, Retry())
        for attempt, wait in enumerate(self._settings.retry_seconds, start=1):
            if outcome.acked or outcome.final:
                return
            await asyncio.sleep(wait * self._settings.retry_scale)
            outcome = await self._attempt("events_api", payload, Retry(attempt, outcome.reason))
        if not outcome.acked:
            logger.warning("The app never acknowledged event %s (%s).", payload["event_id"], outcome.reason)

    async def _attempt(self, kind: str, payload: Json, retry: Retry) -> Outcome:
        began = time.monotonic()
        entry = self._log.add(
            "delivery",
            type=kind,
            payload=payload,
            attempt=retry.attempt,
            retry_reason=retry.reason,
            at=self._clock(),
            acked_ms=None,
            reason="",
        )
        outcome = await self.transport.send(kind, payload, retry, entry)
        entry["reason"] = outcome.reason
        entry["response"] = outcome.payload
        if outcome.acked:
            entry["acked_ms"] = round((time.monotonic() - began) * 1000, 1)
        return outcome

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A delivery broke.", exc_info=error)
