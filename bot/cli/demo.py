"""`estiva demo`: the main job on this machine, with no account anywhere.

Starts the local workspace and the bot in the background, has Ana deploy the sample service from chat, and says where
to look. Doing it again uses what runs already.
"""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.say import speak
from bot.cli.terminal import fail, out, run, settings
from bot.local import registry_login
from bot.settings import NAMESPACE, SLACK, Settings

_PATIENCE = 60.0
"""Seconds for a process to be ready."""
_STOPPED = "stopped.json"
"""Holds the ids of the containers that `--stop` stopped."""
_REFUSED = 2
"""What `estiva say` ends with when somebody may not, or is asked back."""
_SENTENCE = "deploy hello to homolog"


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Stay in the foreground; Ctrl-C stops everything.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop what a demo started; the next one goes on from there.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Stop it, and remove its containers and images.")] = False,
) -> None:
    """Deploy the sample service from chat, here and now; exit code 0 when it runs."""
    chosen = settings()
    if stop or remove:
        run(_tear_down(chosen, remove=remove))
        return
    if chosen.slack_base_url == SLACK and (chosen.slack_bot_token or chosen.slack_app_token):
        fail("Slack credentials are set. The demo runs in its own local workspace: unset ESTIVA_SLACK_* first.")
    parts = Background(chosen.data.absolute(), _environment(chosen))
    goes_on = (parts.data / "estiva.db").exists()
    chosen = _apart(chosen)
    run(_resume(chosen))
    page = _start(parts, chosen)
    out.print(f'\nAna says: "@estiva {_SENTENCE}"\n', markup=False, style="bold")
    code = run(speak(chosen, _SENTENCE, "dev", "#deploys", wait=True, timeout=900))
    if code == _REFUSED and goes_on:
        out.print("\nThe demo goes on where it was: what keeps Ana from deploying stands above.", markup=False)
        code = 0
    _farewell(page)
    if keep:
        _wait_for_interrupt()
        run(_tear_down(chosen, remove=False))
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Background:
    """Processes of ours that go on without a terminal, each with a file that holds its id and one with its log."""

    data: Path
    environment: Mapping[str, str]

    def start(self, name: str, *words: str) -> None:
        """Start `estiva ...` unless it runs."""
        if self.running(name):
            return
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [sys.executable, "-m", "bot", *words]
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (self.data / f"{name}.pid").write_text(f"{process.pid}\n")

    def running(self, name: str) -> int | None:
        """Give the id of the process when it runs and is ours."""
        try:
            pid = int((self.data / f"{name}.pid").read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            ended = "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        # for a moment after its start a process has no words yet
        return pid if not ended and (words == [b""] or b"bot" in words) else None

    def stop(self, name: str) -> None:
        """Ask the process to end, and wait until it has."""
        pid = self.running(name)
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while self.running(name) and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.running(name):
            os.kill(pid, signal.SIGKILL)

    def log(self, name: str) -> Path:
        """Give the file with what the process says."""
        return self.data / f"{name}.log"


def _environment(chosen: Settings) -> dict[str, str]:
    """Give the environment of the bot: this one, the registry's credentials, and the demo's catalog."""
    data = chosen.data.absolute()
    environment = {**os.environ, "ESTIVA_DATA": str(data), "ESTIVA_CATALOG": str(data / "catalog.yml")}
    try:
        return environment | registry_login(data)
    except FileNotFoundError:
        fail(f"{data} is not set up for the demo: run `make demo`, which sets it up first.")


def _apart(chosen: Settings) -> Settings:
    """Give a new demo's containers names of their own: those of another folder's demo may be on this engine."""
    data = chosen.data.absolute()
    if "namespace" in chosen.model_fields_set or (data / "estiva.db").exists():
        return chosen
    name = f"estiva-demo-{hashlib.sha256(str(data).encode()).hexdigest()[:6]}"
    run(_forget(data, name))
    (data / NAMESPACE).write_text(f"{name}\n")
    return settings()


async def _forget(data: Path, namespace: str) -> None:
    """Remove what a demo left here whose record is gone: it would be found again as a release of the new one."""
    from runners.containers import EngineUnavailable
    from runners.kinds import Tools

    tools = Tools(data=data, namespace=namespace)
    try:
        await tools.clear()
    except EngineUnavailable as problem:
        fail(f"The demo is not started: {problem}", 1)
    finally:
        tools.close()


def _start(parts: Background, chosen: Settings) -> str:
    """Start workspace and bot, wait until both answer, and give the address of the page."""
    known = parts.data / "workspace.json"
    if not parts.running("workspace"):
        known.unlink(missing_ok=True)
        parts.stop("bot")
    parts.start("workspace", "workspace")
    _until("workspace", parts, known.exists)
    parts.start("bot", "serve", "--workspace")
    ready = f"http://{chosen.http_host}:{chosen.http_port}/ready"
    _until("bot", parts, lambda: _answers(ready))
    facts = json.loads(known.read_text())
    return f"{facts['url']}/?token={facts['token']}"


def _until(name: str, parts: Background, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        if not parts.running(name):
            fail(f"The {name} did not start:\n{_tail(parts.log(name))}")
        if time.monotonic() > deadline:
            fail(f"The {name} was not ready within {_PATIENCE:.0f} s; its log is {parts.log(name)}.")
        time.sleep(0.1)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-10:])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def _farewell(page: str) -> None:
    people = "Ana or Bia (developers), Rui (release manager) or Eva (outsider)"
    out.print(f"\nThe workspace is open; act as {people}:", style="bold")
    out.print(f"  {page}", markup=False)
    out.print("\nGo on from here:", style="bold")
    for line in (
        '.venv/bin/estiva say "deploy hello to production" --as dev       # asks for approval',
        '.venv/bin/estiva say "approve hello" --as release                # somebody else gives it',
        '.venv/bin/estiva say "deploy hello@broken-build to homolog" --wait',
        '.venv/bin/estiva say "logs hello"                                # why it failed',
        "make demo-down                                                   # stop everything",
    ):
        out.print(f"  {line}", markup=False)


def _wait_for_interrupt() -> None:
    out.print("\nServing; Ctrl-C stops everything.")
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


async def _tear_down(chosen: Settings, *, remove: bool) -> None:
    from runners.containers import EngineUnavailable
    from runners.kinds import Tools

    data = chosen.data.absolute()
    parts = Background(data, os.environ)
    for name in ("bot", "workspace"):
        await asyncio.to_thread(parts.stop, name)
    tools = Tools(data=data, namespace=chosen.namespace)
    try:
        if remove:
            out.print(f"Stopped; {await tools.clear(_repositories(data))} containers removed.")
            return
        stopped = await tools.pause()
    except EngineUnavailable as problem:
        fail(f"The bot is stopped. Its containers are as they were: {problem}", 1)
    finally:
        tools.close()
    if stopped:
        (data / _STOPPED).write_text(json.dumps(stopped))
    stays = f"History and logs stay in {chosen.data}, containers on the engine: `make clean` removes both."
    out.print(f"Stopped, {len(stopped)} containers too. {stays}", markup=False)


def _repositories(data: Path) -> list[str]:
    """Name where the images of the demo's services are, as far as its catalog says it."""
    from runners.kinds import known_kinds
    from storage.catalog import CatalogProblems, load

    try:
        return [each.image for each in load(data / "catalog.yml", known_kinds()).services.values()]
    except (OSError, CatalogProblems):  # never set up, or edited since: what has our labels goes all the same
        return []


async def _resume(chosen: Settings) -> None:
    """Start the releases that the last `--stop` stopped: what the record says runs must run."""
    from runners.kinds import Tools

    data = chosen.data.absolute()
    if not (data / _STOPPED).exists():
        return
    tools = Tools(data=data, namespace=chosen.namespace)
    try:
        await tools.resume(json.loads((data / _STOPPED).read_text()))
    finally:
        tools.close()
    (data / _STOPPED).unlink()
