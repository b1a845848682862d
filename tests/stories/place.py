"""What a world stands on: the local workspace in a thread of its own, and the bot as a process that can be killed.

The bot is a process because that is what operators run, and because its engine is one per process: the tests of the
engine, which pytest may put in between, have theirs.
"""

import asyncio
import contextlib
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from bot.slack.manifest import Mode, manifest
from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running
from tests.registry import free_port

BUSY = 20.0
"""Seconds that a click may open a modal for. Slack gives 3 (tests/workspace holds the workspace to it); here a machine
that does much else must not fail a story about something else."""
ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 90.0
"""Seconds until the bot is ready, on a machine that does much else."""


@contextlib.contextmanager
def workspace(mode: Mode, request_url: str | None = None) -> Iterator[LocalWorkspace]:
    """Serve a workspace until the block ends."""
    opened: Future[tuple[LocalWorkspace, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        known = Manifest.read(manifest(mode, "http://127.0.0.1"))
        async with running(manifest=known, request_url=request_url, retry_scale=0.01, trigger_seconds=BUSY) as local:
            stop = asyncio.Event()
            opened.set_result((local, asyncio.get_running_loop(), stop))
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    thread = threading.Thread(target=work, name="workspace")
    thread.start()
    local, loop, stop = opened.result(_PATIENCE)
    try:
        yield local
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_PATIENCE)


class Bot:
    """`estiva serve`, as an operator starts it (or `web`, or `worker`); its settings are its environment."""

    def __init__(self, environment: Mapping[str, str], log: Path, role: str = "serve") -> None:
        self.environment = dict(environment)
        self.role = role
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        port = "ESTIVA_WORKER_PORT" if self.role == "worker" else "ESTIVA_HTTP_PORT"
        return f"http://127.0.0.1:{self.environment[port]}"

    def beside(self, role: str) -> "Bot":
        """Give another process of the same installation, with a port of its own; not started yet."""
        port = "ESTIVA_WORKER_PORT" if role == "worker" else "ESTIVA_HTTP_PORT"
        number = str(free_port())
        return Bot({**self.environment, port: number}, self._log.with_name(f"{role}-{number}.log"), role)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        command = [sys.executable, "-m", "bot", self.role]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not self._ready():
            assert self._process.poll() is None, f"the bot ended at its start:\n{self.said()}"
            assert time.monotonic() < deadline, f"the bot is not ready after {_PATIENCE:.0f} s:\n{self.said()}"
            time.sleep(0.05)

    def stop(self) -> int:
        """Ask it to end; gives its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._wait()

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._wait()

    def end(self) -> None:
        """Stop it if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def said(self) -> str:
        """Give the end of what it logged."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-40:]) if self._log.exists() else ""

    async def estiva(self, *words: str, **environment: str | None) -> tuple[int, str]:
        """Run another `estiva` command in the same surroundings, but for `environment`: `None` unsets a variable.

        Gives its exit code and what it printed.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *words),
            cwd=ROOT,
            env={name: value for name, value in {**self.environment, **environment}.items() if value is not None},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
        return process.returncode or 0, printed.decode()

    def _wait(self) -> int:
        assert self._process is not None
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as refusal:
            refusal.close()
        except OSError:
            return False
        return False


def settings_for(local: LocalWorkspace, mode: Mode) -> dict[str, Any]:
    """Give the environment variables by which a bot finds the workspace."""
    return {
        "ESTIVA_SLACK_MODE": mode,
        "ESTIVA_SLACK_BASE_URL": local.api_url,
        "ESTIVA_SLACK_BOT_TOKEN": local.bot_token,
        "ESTIVA_SLACK_APP_TOKEN": local.app_token,
        "ESTIVA_SLACK_SIGNING_SECRET": local.signing_secret,
    }
