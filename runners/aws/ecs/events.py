"""Hearing of deployments: a queue to which EventBridge sends ECS's own events of their ends and pauses, long polled.

By looking alone, nobody sees the end of a rollout of unknown length within two seconds for no more calls than one in
fifteen: between two looks it may end. An empty queue answers after twenty seconds, and at once when something is there.
"""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from runners.aws.session import Account
from runners.contract import ActionFailed, unforeseen

_LONGEST, _MOST = 20, 10
"""Seconds for which SQS lets one wait, and messages that it gives at once."""


@dataclass(slots=True, eq=False)
class Heard:
    """What somebody hears about one service."""

    service: str
    """ARN."""
    loop: asyncio.AbstractEventLoop
    deaf: str = ""
    """Why the queue cannot be read; empty: it is."""
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Wait until something was said about the service, at most so long; tells whether it was."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    def ring(self, deaf: str = "") -> None:
        """Wake whoever waits; from any thread."""
        self.deaf = self.deaf or deaf
        self.loop.call_soon_threadsafe(self._rung.set)


class Events:
    """The queues of this process."""

    def __init__(self) -> None:
        """None is read until somebody listens."""
        self._queues: dict[str, _Queue] = {}

    @contextmanager
    def listening(self, account: Account, url: str, service: str) -> Iterator[Heard | None]:
        """Hear of a service while the block runs; nothing where there is no queue."""
        if not url:
            yield None
            return
        queue = self._queues.setdefault(url, _Queue(url))
        heard = Heard(service, asyncio.get_running_loop())
        queue.join(heard, account)
        try:
            yield heard
        finally:
            queue.leave(heard)


class _Queue:
    """One queue, read by a thread of its own while somebody listens: nobody waits for that thread at the end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listeners: set[Heard] = set()
        self._reading = False
        self._guard = threading.Lock()

    def join(self, heard: Heard, account: Account) -> None:
        with self._guard:
            self._listeners.add(heard)
            if not self._reading:
                self._reading = True
                threading.Thread(target=self._read, args=(account,), name="ecs-events", daemon=True).start()

    def leave(self, heard: Heard) -> None:
        with self._guard:
            self._listeners.discard(heard)

    def _read(self, account: Account) -> None:
        """Read as long as somebody listens. However it ends before, whoever listens is told: nobody waits in vain."""
        try:
            while self._wanted():
                self._receive(account)
        except ActionFailed as failure:
            self._give_up(failure.reason)
        except Exception as error:  # noqa: BLE001 - what cannot be foreseen of a queue is said as well
            self._give_up(unforeseen(error))

    def _wanted(self) -> bool:
        with self._guard:
            self._reading = bool(self._listeners)
            return self._reading

    def _receive(self, account: Account) -> None:
        answer = account.asked(
            "sqs", "receive_message", QueueUrl=self._url, WaitTimeSeconds=_LONGEST, MaxNumberOfMessages=_MOST
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        named = {name for message in messages for name in _services(message)}
        with self._guard:
            told = [heard for heard in self._listeners if heard.service in named]
        for heard in told:
            heard.ring()
        entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
        account.asked("sqs", "delete_message_batch", QueueUrl=self._url, Entries=entries)

    def _give_up(self, why: str) -> None:
        with self._guard:
            self._reading = False
            listeners = [*self._listeners]
            self._listeners.clear()
        for heard in listeners:
            heard.ring(deaf=why)


def _services(message: Mapping[str, Any]) -> list[str]:
    """Name the services that a message is about; of one that is no event of ECS none. It only ever makes us look."""
    try:
        event = json.loads(message["Body"])
        return [_service(str(arn)) for arn in event["resources"]] if event["source"] == "aws.ecs" else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def _service(arn: str) -> str:
    """Name the service that a resource belongs to: itself, or that of a service deployment."""
    head, of_a_deployment, rest = arn.partition(":service-deployment/")
    return f"{head}:service/{rest.rpartition('/')[0]}" if of_a_deployment else arn
