"""The real bot as a process, to be killed; beside it a local workspace, a registry and an engine that live on."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from bot.workspace.client import WorkspaceClient
from runners.crash import ARMED
from tests.registry import Registry, free_port
from tests.runners.bench import git
from tests.sweep.outside import Docker, Pushes

ROOT = Path(__file__).parents[2]
CHANNEL = "#deploys"
ENVIRONMENTS = ("homolog", "production")
SERVE = ("-m", "bot", "serve", "--workspace")
_OURS = ("ESTIVA_", "PYTHONDONTWRITEBYTECODE")
"""What the machine says about us is not for this bot; and it starts as an installed one does, from its bytecode."""
_AGAIN = 20.0
"""Seconds after which a person says something again that nobody took."""


@dataclass(kw_only=True)
class Scene:
    """One installation and the people who use it."""

    folder: Path
    registry: Registry
    docker: Docker
    pushes: Pushes
    greeters: tuple[str, ...] = ()
    """Further services: each is only a Dockerfile."""
    url: str = ""
    """Of a PostgreSQL; empty: SQLite, in the data folder."""
    lives: int = 0
    commits: int = 0
    bot: Process | None = None
    _workspace: Process | None = None
    _http: int = field(default_factory=free_port)
    _ports: dict[tuple[str, str], int] = field(default_factory=dict)
    people: dict[str, WorkspaceClient] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def database(self) -> Path:
        return self.data / "estiva.db"

    @property
    def admin(self) -> Path:
        """The proxy's own socket."""
        return self.data / "proxy" / "admin.sock"

    def address(self, service: str, environment: str) -> str:
        port = self._ports.setdefault((service, environment), 0) or free_port()
        self._ports[service, environment] = port
        return f"http://127.0.0.1:{port}"

    def image(self, service: str) -> str:
        return f"{self.registry.host}/{service}"

    async def open(self) -> None:
        """Make a repository and a catalog, and start the workspace."""
        self.data.mkdir(parents=True)
        await asyncio.to_thread(self._make_repositories)
        (self.folder / "catalog.yml").write_text(json.dumps(self._catalog(), indent=1))
        self._workspace = await self._spawn("workspace", "-m", "bot", "workspace", "--port", "0")
        known = self.data / "workspace.json"
        await _until(lambda: known.exists() and (self.data / "local.json").exists(), 60, "the workspace did not start")
        facts = json.loads(known.read_text())
        self.people = {who: WorkspaceClient(facts["url"], facts["token"], who) for who in ("dev", "release")}

    async def close(self) -> None:
        for person in self.people.values():
            await person._session.close()  # noqa: SLF001 - opened one by one, so closed one by one
        for process in (self.bot, self._workspace):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()

    async def live(self, crash_at: str = "", program: tuple[str, ...] = SERVE, look: float = 0.1) -> bool:
        """Start the bot. True when it serves, false when it died before, as it was armed to.

        `look`: seconds between two looks.
        """
        self.lives += 1
        self.bot = await self._spawn("bot", *program, crash_at=crash_at)
        deadline = time.monotonic() + 60
        while self.bot.returncode is None:
            if await asyncio.to_thread(self._ready):
                return True
            assert time.monotonic() < deadline, f"the bot is not ready\n{self.said()}"
            await asyncio.sleep(look)
        assert self.bot.returncode == -signal.SIGKILL, self.said()
        return False

    async def kill(self) -> None:
        """As a power cut would."""
        assert self.bot is not None
        assert self.bot.returncode is None, self.said()
        self.bot.kill()
        await self.bot.wait()

    async def stop(self) -> None:
        """End the bot politely."""
        if self.bot is not None and self.bot.returncode is None:
            self.bot.terminate()
            async with asyncio.timeout(30):
                await self.bot.wait()

    async def died(self, seconds: float = 90) -> bool:
        """Wait until the bot died of its own crash point; false when all runs ended before, or the time is over."""
        assert self.bot is not None
        deadline = time.monotonic() + seconds
        while self.bot.returncode is None and time.monotonic() < deadline:
            await self._decide()
            if self.ended() and await self._quiet():
                return False
            await asyncio.sleep(0.1)
        return self.bot.returncode is not None

    async def say(self, who: str, text: str) -> None:
        said = await self.people[who].say(CHANNEL, f"@estiva {text}")
        assert said["ok"], said

    async def journaled(self, key: str, seconds: float = 90) -> None:
        """Wait until a fact stands in the journal; people approve meanwhile what is asked of them."""
        deadline = time.monotonic() + seconds
        while key not in self.keys():
            assert time.monotonic() < deadline, f"{key} did not happen; {self.keys()[-3:]}\n{self.said()}"
            assert self.bot is None or self.bot.returncode is None, self.said()
            await self._decide()
            await asyncio.sleep(0.02)

    async def finished(self, seconds: float = 120) -> None:
        """Wait until every run has ended."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            assert time.monotonic() < deadline, f"runs go on: {self.keys()[-5:]}\n{self.said()}"
            assert self.bot is not None
            assert self.bot.returncode is None, self.said()
            await self._decide()
            await asyncio.sleep(0.1)

    def ended(self) -> bool:
        """Whether there are runs, and all have ended."""
        statuses = self.rows("SELECT phase FROM runs")
        return bool(statuses) and all(row["phase"] == "closed" for row in statuses)

    def keys(self) -> list[str]:
        """Keys of the journal's facts about runs, oldest first."""
        return [row["key"] for row in self.rows("SELECT key FROM journal WHERE run IS NOT NULL ORDER BY id")]

    def rows(self, query: str) -> Sequence[Any]:
        """Look into the bot's database from outside."""
        if self.url:
            with psycopg.connect(self.url.replace("+psycopg", ""), row_factory=dict_row) as there:
                return there.execute(query.encode()).fetchall()
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError as problem:
                if "no such table" in str(problem):
                    return []  # the first start is still making them
                raise

    async def messages(self) -> list[dict[str, Any]]:
        """Every message in the channel and its threads, each once."""
        ana = self.people["dev"]
        found = await ana.messages("C0DEPLOYS")
        for root in [message for message in found if message.get("reply_count")]:
            found += (await ana.messages("C0DEPLOYS", root["ts"]))[1:]
        return list({message["ts"]: message for message in found}.values())

    def commit(self, name: str = "hello", file: str = "hello.py") -> str:
        """Make a commit that nobody has built."""
        repository = self.folder / name
        self.commits += 1
        with (repository / file).open("a") as program:
            program.write(f"# change number {self.commits}\n")
        git(repository, "commit", "--quiet", "--all", "-m", f"Change number {self.commits}")
        return git(repository, "rev-parse", "HEAD")

    def said(self) -> str:
        """The end of the bot's log."""
        log = self.folder / "bot.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-40:]) if log.exists() else ""

    async def _decide(self) -> None:
        """Rui approves what is asked, and says it again when nobody took it."""
        for row in self.rows("SELECT id, run FROM approvals WHERE decision = 'pending'"):
            asked = self._asked.get(row["id"], 0.0)
            if time.monotonic() - asked > _AGAIN and not self.hesitant and await asyncio.to_thread(self._ready):
                self._asked[row["id"]] = time.monotonic()
                await self.say("release", f"approve {row['run']}")

    hesitant: bool = False
    """Rui does not approve yet."""
    _asked: dict[str, float] = field(default_factory=dict)

    async def _quiet(self) -> bool:
        """Whether nothing more is to be said or cleaned: armed places behind the end of the run were not passed."""
        work = self.data / "work"
        if work.exists() and any(work.iterdir()):
            return False
        before = (self.rows("SELECT count(*) AS n FROM posts"), len(await self.messages()))
        await asyncio.sleep(3)
        after = (self.rows("SELECT count(*) AS n FROM posts"), len(await self.messages()))
        assert self.bot is not None
        same = before[0][0]["n"] == after[0][0]["n"] and before[1] == after[1]
        return self.bot.returncode is None and same

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._http}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    async def _spawn(self, name: str, *words: str, crash_at: str = "") -> Process:
        outside = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        environment = {
            **outside,
            **self.registry.environ,
            "ESTIVA_DATA": str(self.data),
            "ESTIVA_CATALOG": str(self.folder / "catalog.yml"),
            "ESTIVA_NAMESPACE": self.docker.namespace,
            "ESTIVA_HTTP_PORT": str(self._http),
            "PYTHONPATH": str(ROOT),
            ARMED: crash_at,
            **({"ESTIVA_DATABASE_URL": self.url} if self.url else {}),
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, *words, env=environment, stdout=log, stderr=log, cwd=self.folder
            )

    def _make_repositories(self) -> None:
        for name in ("hello", "greeter"):
            repository = self.folder / name
            shutil.copytree(ROOT / "examples" / "services" / name, repository)
            git(repository, "init", "--quiet", "--initial-branch=main")
            git(repository, "add", "--all")
            git(repository, "commit", "--quiet", "-m", "Greet")

    def _catalog(self) -> dict[str, Any]:
        slow = "import time; time.sleep(1.5); print('1 passed in 1.5 s')"
        registry = self.registry.catalog
        people = {"UANADEV01": "developer", "URUIREL01": "release-manager"}
        return {
            "registry": {
                "host": registry.host,
                "username_from": registry.username_from,
                "password_from": registry.password_from,
            },
            "environments": {
                "homolog": {"target": "docker"},
                "production": {
                    "production": True,
                    "approvals": 1,
                    "promotes_from": "homolog",
                    "target": "docker",
                },
            },
            "services": {
                **{name: {**self._service(name, "greeter"), "build": {"uses": "dockerfile"}} for name in self.greeters},
                "hello": {
                    **self._service("hello", "hello"),
                    "env": {name: {"ENVIRONMENT": name, "WARM_UP_SECONDS": "1"} for name in ENVIRONMENTS},
                    "build": {
                        "uses": "buildspec",
                        "with": {"image": "estiva/ci:base", "privileged": True, "network": "host"},
                    },
                    "tests": [
                        {"name": "unit", "with": {"run": ["python3", "-m", "unittest", "-v", "tests.test_unit"]}},
                        {"name": "slow", "with": {"run": ["python3", "-c", slow]}},
                    ],
                },
            },
            "people": [{"id": user, "name": user, "roles": [role]} for user, role in people.items()],
            "policy": [
                {
                    "who": ["everyone"],
                    "may": [
                        "status",
                        "logs",
                        "history",
                        "help",
                        "deploy",
                        "approve",
                        "cancel",
                        "retry",
                        "rollback",
                        "resume",
                    ],
                    "in": [*ENVIRONMENTS],
                }
            ],
        }

    def _service(self, name: str, repository: str) -> dict[str, Any]:
        return {
            "repository": str(self.folder / repository),
            "image": self.image(name),
            "port": 8000,
            "health": "/healthz",
            "addresses": {environment: self.address(name, environment) for environment in ENVIRONMENTS},
        }


@asynccontextmanager
async def installation(
    registry: Registry, registry_folder: Path, greeters: tuple[str, ...] = (), url: str = ""
) -> AsyncIterator[Scene]:
    """An installation with a namespace of its own, of which nothing stays behind."""
    docker = Docker(f"sweep-{uuid.uuid4().hex[:6]}")
    # the path of the proxy's socket must be short
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        scene = Scene(
            folder=Path(folder),
            registry=registry,
            docker=docker,
            pushes=Pushes(registry_folder / "registry.log"),
            greeters=greeters,
            url=url,
        )
        try:
            await scene.open()
            yield scene
        finally:
            await scene.close()
            docker.close()
            for name in ("hello", *greeters):
                docker.forget_images(scene.image(name))


async def _until(happened: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, otherwise
        await asyncio.sleep(0.05)
