"""More and fewer containers of a release behind the real proxy: none that serves is replaced, no request fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from runners.contract import ActionFailed, Outcome
from storage.model import artifact
from tests.runners.bench import Notes
from tests.runners.test_deploy import Site, proxy, site

__all__ = ["proxy", "site"]
pytestmark = pytest.mark.docker


async def scaled(site: Site, run: str, made: dict[str, str], count: int, **more: Any) -> Outcome:
    return await site.deploy(run, made, replicas=count, scales=True, **more)


def started(site: Site, engine: Any, *, stopped: bool = False) -> list[str]:
    """The ends of the names of the containers that run, or of all: `v1`, `s1.2`."""
    filters = site.bench.containers.filters(role="app")
    names = [each["Names"][0] for each in engine.containers(all=stopped, filters=filters)]
    return sorted(name.rpartition("-")[2] for name in names)


async def serving(site: Site) -> list[str]:
    return [each.container.rpartition("-")[2] for each in await site.proxy.current("hello", "homolog")]


@asynccontextmanager
async def asked_all_the_time(site: Site) -> AsyncIterator[list[int]]:
    """Requests without end, some of which take a second; gives the statuses of the answers."""
    answers: list[int] = []
    over = asyncio.Event()

    async def ask(path: str) -> None:
        async with aiohttp.ClientSession() as session:
            while not over.is_set():
                async with session.get(f"{site.address}{path}") as response:
                    await response.read()
                    answers.append(response.status)

    async with asyncio.TaskGroup() as clients:
        for path in ("/version", "/cgi-bin/slow", "/cgi-bin/slow"):
            clients.create_task(ask(path))
        yield answers
        over.set()


async def test_scaling_keeps_what_serves_and_later_deploys_bring_as_many(site: Site, engine: Any) -> None:
    first = await site.pushed("v1")
    await site.deploy("v1", first)
    async with asked_all_the_time(site) as answers:
        up = await scaled(site, "s1", first, 3)
        assert await serving(site) == ["v1", "s1", "s1.2"]
        await scaled(site, "s2", first, 2)
        assert await serving(site) == ["v1", "s1"]
        await site.deploy("v2", await site.pushed("v2"), replicas=2)
    assert set(answers) == {200}
    assert "x 3 at" in up.summary
    assert await serving(site) == started(site, engine) == ["v2", "v2.2"]
    assert started(site, engine, stopped=True) == ["s1", "s1.2", "v2", "v2.2"], "those of one run are kept together"


async def test_a_second_call_finds_the_number_as_it_is(site: Site, engine: Any) -> None:
    made = await site.pushed("v1")
    await site.deploy("v1", made)
    first = await scaled(site, "s1", made, 3)
    there = {each["Id"] for each in engine.containers(filters=site.bench.containers.filters(role="app"))}
    assert await scaled(site, "s1", made, 3) == first
    assert {each["Id"] for each in engine.containers(filters=site.bench.containers.filters(role="app"))} == there
    down = await scaled(site, "s2", made, 1)
    assert await scaled(site, "s2", made, 1) == down
    assert started(site, engine) == ["v1"]


async def test_a_number_is_put_back_with_what_was_there(site: Site, engine: Any) -> None:
    made = await site.pushed("v1")
    await site.deploy("v1", made)
    await scaled(site, "s1", made, 3)
    run = f"{site.bench.run}-s1"
    work = site.bench.work(artifacts=made, run=run, stage="rollback-homolog", restores=True, replicas=1, scales=True)
    assert not (await site.runner.run(work, Notes())).unchanged
    assert started(site, engine) == await serving(site) == ["v1"]
    assert (await site.runner.run(work, Notes())).unchanged


async def test_a_number_that_does_not_get_healthy_changes_nothing(site: Site, engine: Any, notes: Notes) -> None:
    sick = "[ ${ESTIVA_RUN%-s1} = $ESTIVA_RUN ] || exit 3"
    made = await site.pushed("v1", command=f"{sick}; exec httpd -f -p 8000 -h /www")
    await site.deploy("v1", made)
    with pytest.raises(ActionFailed, match="ended with exit code 3"):
        await scaled(site, "s1", made, 3, notes=notes)
    assert started(site, engine, stopped=True) == await serving(site) == ["v1"]


async def test_one_that_dies_is_left_out_and_its_requests_are_answered(site: Site, engine: Any) -> None:
    made = await site.pushed("v1")
    outcome = await site.deploy("v1", made, replicas=2)
    async with asked_all_the_time(site) as answers:
        engine.stop(f"{outcome.artifacts[artifact.CONTAINER]}.2", timeout=0)
        await asyncio.sleep(1)
        answers.clear()
        await asyncio.sleep(2)
    assert set(answers) == {200}


async def test_the_lines_of_all_that_serve_are_told_in_their_order(site: Site) -> None:
    made = await site.pushed("v1", command="echo up; exec httpd -f -p 8000 -h /www")
    await site.deploy("v1", made)
    service, environment = site.bench.service, site.bench.environment
    assert environment is not None
    assert await site.runner.tail(service, environment, None, 10) == ["up"]
    await scaled(site, "s1", made, 2)
    told = await site.runner.tail(service, environment, datetime(2026, 1, 1, tzinfo=UTC), 10)
    assert [line.rpartition("-")[2] for line in told] == ["v1 | up", "s1 | up"]
