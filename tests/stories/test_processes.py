"""One installation in several processes: `estiva web` speaks, `estiva worker` works, PostgreSQL is between them."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import aiohttp
import pytest

from tests.stories.place import Bot
from tests.stories.reading import key_of
from tests.stories.world import World, together

Make = Callable[..., AbstractContextManager[World]]


@pytest.fixture
def apart(make_world: Make, fresh_postgres: str) -> Iterator["Apart"]:
    with make_world(database=fresh_postgres, started=False) as world, ExitStack() as stack:
        yield Apart(world, stack)


class Apart:
    """A world whose processes are started one by one, and all ended."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self.world, self._stack = world, stack

    async def start(self, role: str) -> Bot:
        bot = self.world.bot.beside(role)
        self._stack.callback(bot.end)
        await asyncio.to_thread(bot.start)
        return bot


async def health(bot: Bot) -> dict[str, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.get(f"{bot.url}/health") as answer:
        return dict(await answer.json())


async def test_a_web_and_a_worker_do_together_what_one_process_does_alone(apart: Apart) -> None:
    web = await apart.start("web")
    async with together(apart.world, "dev", "release") as (ana, rui):
        run = await ana.starts("deploy greeter to homolog")
        assert await apart.world.facts(run) != []
        assert {row["kind"] for row in await apart.world.facts(run)} == {"run_requested"}, "a web starts no action"
        worker = await apart.start("worker")
        assert await ana.run_ends(run) == "succeeded"
        assert (await apart.world.answers("greeter.homolog")).strip() == "Olá do greeter!"
        release = await ana.starts("deploy greeter to production")
        await rui.clicks(await rui.reads(f"{release}/approval/approve-production"), "Approve")
        assert await ana.run_ends(release) == "succeeded"
        keys = [key_of(message) for each in (run, release) for message in ana.about(each)]
        assert len(keys) == len(set(keys))
        for role in ("web", "worker"):
            code, printed = await apart.world.bot.estiva("doctor", "--for", role)
            assert code == 0, printed
            assert re.search(r"processes: PostgreSQL \d+; alive: .*web ", printed)
    assert "engine" not in await health(web)
    assert (await health(web))["slack"]["speaks"]
    assert "slack" not in await health(worker)
    assert (await health(worker))["engine"]["ok"]


async def test_a_cancel_said_to_a_web_stops_what_a_worker_runs(apart: Apart) -> None:
    apart.world.errand("sleeper", "sleep", "600")
    await apart.start("web")
    await apart.start("worker")
    async with apart.world.person("dev") as ana:
        run = await ana.starts("deploy sleeper to homolog")
        await apart.world.until_container(run=run, role="job")
        await ana.asks(f"cancel {run}")
        assert await ana.run_ends(run) == "cancelled"
        assert await apart.world.running(run=run) == []


@pytest.mark.parametrize("role", ["web", "worker"])
async def test_without_postgresql_a_process_that_shares_its_work_refuses_to_start(world: World, role: str) -> None:
    code, printed = await world.bot.estiva(role)
    assert code == 2
    assert f"`estiva {role}` shares its work with other processes, which needs PostgreSQL" in printed
    assert "Traceback" not in printed
