"""A whole world for one Estiva: workspace, bot, registry, repositories, catalog; nothing of it outlives the block."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from docker import APIClient

from bot.slack.manifest import Mode
from bot.web import SLACK_PATH
from bot.workspace.server import LocalWorkspace
from runners.containers import DEFAULT_URL
from storage.store import Store
from tests.registry import Registry, free_port
from tests.stories.person import Person, at_work
from tests.stories.place import ROOT, Bot, settings_for, workspace
from tests.stories.sources import Source

T = TypeVar("T")
SECRET = "tr0ub4dor-and-three"
"""The bot knows it, so that nobody else shall."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Where everything is."""

    root: Path
    namespace: str
    local: LocalWorkspace
    bot: Bot
    catalog: Path
    registry: Registry
    addresses: dict[str, str]
    """`hello.homolog` -> `http://127.0.0.1:40001`."""

    def person(self, handle: str) -> contextlib.AbstractAsyncContextManager[Person]:
        """Somebody of the workspace: dev (Ana), dev2 (Bia), release (Rui), outsider (Eva)."""
        return at_work(self.local.url, self.local.token, handle)

    def service(
        self, name: str, files: Mapping[str, str] | None = None, *, says: str | None = None, **more: Any
    ) -> Source:
        """Add a service with a repository of its own to the catalog; `more` are further keys of its entry."""
        source = Source(self.root / "repos" / name, says or f"I am {name}", files or {})
        for environment in ("homolog", "production"):
            self.addresses.setdefault(f"{name}.{environment}", f"http://127.0.0.1:{free_port()}")
        entry = {
            "repository": str(source.path),
            "image": f"{self.registry.host}/{name}",
            "health": "/healthz",
            "addresses": {e: self.addresses[f"{name}.{e}"] for e in ("homolog", "production")},
            **({} if "pipeline" in more else {"build": {"uses": "dockerfile"}}),
            **more,
        }
        text = self.catalog.read_text()
        self.write_catalog(text.replace("\npeople:", f"\n  {name}: {json.dumps(entry)}\n\npeople:", 1))
        return source

    def errand(self, name: str, *words: str) -> None:
        """Add a service whose pipeline only runs a command: for stories about asking, where no deploy is waited for."""
        run = {"name": "errand", "uses": "command", "with": {"image": "estiva/busybox:base", "run": list(words)}}
        self.service(name, pipeline=[{"stage": "do", "environment": "homolog", "actions": [run]}])

    def write_catalog(self, text: str) -> None:
        """Put another catalog in force, in one step."""
        fresh = self.catalog.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.catalog)

    async def answers(self, place: str, path: str = "/") -> str:
        """Ask a service over HTTP, as its users do: `await world.answers("hello.homolog")`."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.addresses[place]}{path}") as answer:
            return await answer.text()

    async def facts(self, run: str | None = None) -> list[dict[str, Any]]:
        """Read the audit trail beside the bot, as `estiva audit export` does (which takes seconds to start)."""
        url = self.bot.environment.get("ESTIVA_DATABASE_URL", f"sqlite:///{self.root / 'data' / 'estiva.db'}")
        store = await Store.open(url, self.root / "data")
        try:
            rows: list[dict[str, Any]] = []
            while page := await store.journal.export(int(rows[-1]["id"]) if rows else 0):
                rows += page
        finally:
            await store.close()
        return [{**row, "data": json.loads(row["data"])} for row in rows if run is None or row["run"] == run]

    async def control(self, verb: str, **body: Any) -> dict[str, Any]:
        """Make the workspace misbehave."""
        headers = {"X-Workspace-Token": self.local.token}
        url = f"{self.local.url}/control/{verb}"
        async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as answer:
            assert answer.ok, await answer.text()
            return dict(await answer.json())

    async def containers(self, **labels: str) -> list[dict[str, Any]]:
        """List the containers of this world by their labels."""
        wanted = {"namespace": self.namespace, **labels}
        return await asyncio.to_thread(_containers, [f"estiva.{name}={value}" for name, value in wanted.items()])

    async def until(self, look: Callable[[], Awaitable[T]], seconds: float = 30) -> T:
        """Ask again and again until there is something, and give it: for what sends no word of itself."""
        async with asyncio.timeout(seconds):
            while not (found := await look()):  # noqa: ASYNC110 - other programs' state
                await asyncio.sleep(0.1)
            return found

    async def until_container(self, **labels: str) -> dict[str, Any]:
        """Wait until a container with these labels runs."""
        return (await self.until(lambda: self.running(**labels)))[0]

    async def running(self, **labels: str) -> list[dict[str, Any]]:
        """List the containers with these labels that run."""
        return [each for each in await self.containers(**labels) if each["State"] == "running"]


def _containers(labels: list[str]) -> list[dict[str, Any]]:
    with contextlib.closing(APIClient(base_url=DEFAULT_URL)) as engine:
        return list(engine.containers(all=True, filters={"label": labels}))


@contextlib.contextmanager
def world(
    root: Path,
    registry: Registry,
    repositories: Path,
    *,
    mode: Mode = "socket",
    database: str | None = None,
    started: bool = True,
    **environment: str,
) -> Iterator[World]:
    """Build a world under `root`, with the bot started; `environment` are further variables of the bot."""
    namespace = f"estiva-t{uuid.uuid4().hex[:6]}"
    shutil.copytree(repositories, root / "repos")
    addresses = _write_demo_catalog(root, registry)
    port = free_port()
    with workspace(mode, f"http://127.0.0.1:{port}{SLACK_PATH}" if mode == "http" else None) as local:
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ESTIVA_")},
            **settings_for(local, mode),
            "ESTIVA_DATA": str(root / "data"),
            "ESTIVA_CATALOG": str(root / "catalog.yml"),
            "ESTIVA_NAMESPACE": namespace,
            "ESTIVA_HTTP_PORT": str(port),
            "ESTIVA_REGISTRY_USERNAME": registry.environ["TEST_REGISTRY_USERNAME"],
            "ESTIVA_REGISTRY_PASSWORD": registry.environ["TEST_REGISTRY_PASSWORD"],
            "ESTIVA_SECRETS_FROM": '["STORY_SECRET"]',
            "STORY_SECRET": SECRET,
            **({"ESTIVA_DATABASE_URL": database} if database else {}),
            **environment,
        }
        bot = Bot(settings, root / "bot.log")
        try:
            if started:
                bot.start()
            yield World(
                root=root,
                namespace=namespace,
                local=local,
                bot=bot,
                catalog=root / "catalog.yml",
                registry=registry,
                addresses=addresses,
            )
        finally:
            bot.end()
            clear(namespace)


@contextlib.asynccontextmanager
async def together(world: World, *handles: str) -> AsyncIterator[list[Person]]:
    """Several people at work."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(world.person(handle)) for handle in handles]


def _write_demo_catalog(root: Path, registry: Registry) -> dict[str, str]:
    """Write the demo's catalog with this world's places in it; gives where its services will answer."""
    text = (ROOT / "examples" / "demo" / "catalog.yml").read_text()
    text = text.replace("127.0.0.1:15001", registry.host).replace("/srv/estiva/repos", str(root / "repos"))
    addresses: dict[str, str] = {}
    for place, port in zip(
        ("hello.homolog", "hello.production", "greeter.homolog", "greeter.production"),
        sorted(set(re.findall(r"127\.0\.0\.1:(180\d\d)", text))),
        strict=True,
    ):
        addresses[place] = f"http://127.0.0.1:{free_port()}"
        text = text.replace(f"http://127.0.0.1:{port}", addresses[place])
    (root / "catalog.yml").write_text(text)
    return addresses


def clear(namespace: str) -> None:
    """Remove whatever carries the namespace from the engine."""
    ours = {"label": f"estiva.namespace={namespace}"}
    with contextlib.closing(APIClient(base_url=DEFAULT_URL)) as engine:
        for container in engine.containers(all=True, filters=ours):
            engine.remove_container(container["Id"], force=True, v=True)
        for network in engine.networks(filters=ours):
            engine.remove_network(network["Id"])
        for image in engine.images(filters=ours):
            engine.remove_image(image["Id"], force=True)
