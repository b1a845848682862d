"""`estiva say "<message>"`: say something in the local workspace, and watch the thread until the run ends."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import aiohttp
import typer

from bot.cli.telling import Names, plain, tell
from bot.cli.terminal import err, fail, harmless, out, run, settings
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.workspace.client import WorkspaceClient

_ANSWER = 60.0
"""Seconds within which an answer is expected when nobody waits for the run."""
_ENDED = {"succeeded": 0, "failed": 1, "broken": 1, "cancelled": 1}
_ANSWERED = {"done": 0, "started": 0, "ask": 2, "refused": 2, "broken": 1}


class NoWorkspace(Exception):  # noqa: N818 - told to the person as it stands
    """No local workspace is running here."""


def say(
    message: Annotated[str, typer.Argument(help='What to say: "deploy hello to homolog".')],
    as_user: Annotated[str, typer.Option("--as", help="Who says it: dev, dev2, release, outsider.")] = "dev",
    channel: Annotated[str, typer.Option("--in", help="Where.")] = "#deploys",
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run that this starts has ended.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for, at most.")] = 1800.0,
) -> None:
    """Say something to the bot; exit code 0 succeeded, 1 failed, 2 refused or not understood."""
    try:
        code = run(speak(settings(), message, as_user, channel, wait=wait, timeout=timeout))
    except NoWorkspace as problem:
        fail(str(problem))
    except TimeoutError:
        if wait:
            fail(f"Not over within {timeout:g} s. It goes on, and is told in the channel; `estiva runs` shows it.", 1)
        fail("No answer in time. What was asked is kept; the bot answers in the channel when it can.", 1)
    raise typer.Exit(code)


async def speak(chosen: Settings, message: str, user: str, channel: str, *, wait: bool, timeout: float) -> int:
    """Say it, print what comes back, and give the exit code. Raises `NoWorkspace` and `TimeoutError`."""
    from bot.workspace.client import WorkspaceClient

    url, token = _address(chosen.data)
    try:
        async with asyncio.timeout(timeout if wait else min(timeout, _ANSWER)), WorkspaceClient(url, token, user) as me:
            state = await me.look("state")
            if "event_id" not in state:  # the workspace says what was wrong with the question
                err.print(state.get("message", f"Nobody here is called {user}."), style="red", markup=False)
                return 2
            start = state["event_id"]
            if not state["bot"]["connected"]:
                err.print(
                    "The bot is not connected now; it gets this when it is. (`make demo` starts it.)", markup=False
                )
            said = await me.say(channel, f"@estiva {message}")
            if not said["ok"]:
                err.print(said.get("message", said.get("error")), style="red", markup=False)
                return 2
            names = {person["id"]: person["name"] for person in state["people"]}
            return await _follow(me, start, Conversation(said["ts"], names), wait=wait)
    except aiohttp.ClientConnectorError as problem:
        raise NoWorkspace(f"The local workspace at {url} does not answer: start one with `make demo`.") from problem


def _address(data: Path) -> tuple[str, str]:
    try:
        known = json.loads((data / "workspace.json").read_text())
    except FileNotFoundError as problem:
        raise NoWorkspace(f"No local workspace is running on {data}: start one with `make demo`.") from problem
    return known["url"], known["token"]


async def _follow(me: "WorkspaceClient", start: int, conversation: "Conversation", *, wait: bool) -> int:
    async with contextlib.aclosing(me.events(start)) as events:
        async for event in events:
            code = conversation.take(event, wait=wait)
            if code is not None:
                return code
    raise NoWorkspace("The local workspace went away.")


class Conversation:
    """What was said in answer to one message, told line by line."""

    def __init__(self, ts: str, names: Names) -> None:
        """Follow the answers to the message with this `ts`; `names` are those of the people here."""
        self._ts = ts
        self._names = names
        self._run: str | None = None
        self._shown: dict[str, str] = {}
        self._status = ""
        self._questions: set[str] = set()
        self._closing: dict[str, Mapping[str, Any]] = {}
        self._expected = 1

    def take(self, event: Mapping[str, Any], *, wait: bool) -> int | None:
        """Take one event of the workspace; give the exit code when the conversation is over."""
        message = event.get("message")
        if event["type"] not in {"message", "message_changed", "ephemeral"} or not message:
            return None
        if event["type"] == "ephemeral":
            return self._whisper(message)
        about = message.get("metadata", {})
        facts = about.get("event_payload", {})
        if about.get("event_type") == "estiva_reply" and facts.get("key", "").endswith(f"/{self._ts}"):
            return self._reply(message, facts, wait=wait)
        if about.get("event_type") == "estiva_run" and self._run and facts.get("run") == self._run:
            return self._progress(message, facts)
        return None

    def _whisper(self, message: Mapping[str, Any]) -> int | None:
        mark, _, rest = next(iter(message.get("blocks", [{}]))).get("block_id", "").partition(":")
        verdict, _, asked = rest.partition(":")
        if mark != "estiva" or asked != self._ts:
            return None
        tell(message, self._names)
        return _ANSWERED[verdict]

    def _reply(self, message: Mapping[str, Any], facts: Mapping[str, Any], *, wait: bool) -> int | None:
        tell(message, self._names)
        verdict = facts.get("status", "done")
        if verdict == "started" and wait:
            self._run = facts["run"]
            return None
        return _ANSWERED[verdict]

    def _progress(self, message: Mapping[str, Any], facts: Mapping[str, Any]) -> int | None:
        name = facts.get("key", "").removeprefix(f"{self._run}/")
        if name == "card":
            self._show_tasks(message)
            self._status, self._expected = facts["status"], int(facts.get("closing", self._expected))
        elif name.startswith("approval/"):
            self._question(name, message)
        elif name == "ended" or name.startswith("failure/"):
            self._closing[name] = message
        return self._close() if self._status in _ENDED and len(self._closing) >= self._expected else None

    def _show_tasks(self, message: Mapping[str, Any]) -> None:
        for task in (task for block in message.get("blocks", []) for task in block.get("tasks", [])):
            line = f"  {task['status']:<12} {task['title']}"
            if self._shown.get(task["task_id"]) != line and task["status"] != "pending":
                self._shown[task["task_id"]] = line
                out.print(harmless(line), markup=False)

    def _question(self, name: str, message: Mapping[str, Any]) -> None:
        """Print a question in full once, and what becomes of it."""
        if name in self._questions:
            out.print(plain(message["text"], self._names), markup=False)
            return
        self._questions.add(name)
        tell(message, self._names)

    def _close(self) -> int:
        """Print how it ended last of all: what else was going on when an action failed is over by now."""
        for message in self._closing.values():
            tell(message, self._names)
        return _ENDED[self._status]
