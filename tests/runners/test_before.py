"""Tasks before a release on the real engine: once each, with what it gets; when one fails, nothing is touched."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from runners.contract import ActionFailed
from runners.docker_deploy import DockerRunner
from tests.runners.bench import Notes
from tests.runners.test_deploy import Site, proxy, site
from tests.runners.test_deploy_secrets import KEY, apps, runner_of, secretive

__all__ = ["proxy", "secretive", "site"]
pytestmark = pytest.mark.docker
UNIQUE = "cat /proc/sys/kernel/random/uuid"


def task(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "command": ["sh", "-c", script], **more}


def given(site: Site, *tasks: dict[str, Any]) -> None:
    """Let the environment say what runs before a release of the service."""
    assert site.bench.environment is not None
    options: dict[str, Any] = {
        **site.bench.environment.options,
        "before": {"hello": [*tasks], "other": [task("other", "exit 9")]},
    }
    site.bench.environment = replace(site.bench.environment, options=options)


def jobs(site: Site, engine: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = engine.containers(all=True, filters=site.bench.containers.filters(role="job"))
    return listed


async def failed(site: Site, version: str, notes: Notes | None = None) -> ActionFailed:
    with pytest.raises(ActionFailed) as raised:
        await site.deploy(version, await site.pushed(version), notes)
    return raised.value


async def test_a_task_has_what_the_release_has_and_runs_while_the_old_one_serves(secretive: Site, engine: Any) -> None:
    await secretive.deploy("v1", await secretive.pushed("v1"))
    old = apps(secretive, engine)[0]["Name"].lstrip("/")
    given(
        secretive,
        task("migrate", 'echo "from $(cat /www/version) in $ESTIVA_ENVIRONMENT, depth $DEPTH"', variables={"DEPTH": 7}),
        task("old", f"wget -qO- http://{old}:8000/version"),
        task("tell", "env; echo $KEY"),
    )
    notes = Notes()
    await secretive.deploy("v2", await secretive.pushed("v2"), notes)
    assert "  migrate | from v2 in homolog, depth 7" in notes.lines
    assert "  old | v1" in notes.lines, "what serves goes on serving, in the same network"
    assert "  tell | KEY=***" in notes.lines
    assert not any(line in notes.text for line in KEY.splitlines())
    assert notes.lines.index("tell: ended with exit code 0") < notes.text[: notes.text.index("started from")].count(
        "\n"
    )
    assert await secretive.version() == "v2"
    assert jobs(secretive, engine) == []


async def test_a_task_that_fails_leaves_what_serves_alone(site: Site, engine: Any, notes: Notes) -> None:
    await site.deploy("v1", await site.pushed("v1"))
    given(site, task("migrate", "echo no such table: users; exit 3"), task("seed", "echo never"))
    failure = await failed(site, "v2", notes)
    assert (failure.error, failure.exit_code) == ("task_failed", 3)
    assert failure.reason == "migrate failed before the release: exit code 3"
    assert "  migrate | no such table: users" in notes.lines
    assert "never" not in notes.text
    assert [each["Config"]["Labels"]["estiva.run"].rpartition("-")[2] for each in apps(site, engine)] == ["v1"]
    assert await site.version() == "v1"
    assert jobs(site, engine) == []


async def test_a_task_with_too_little_memory_says_so(site: Site) -> None:
    await site.deploy("v1", await site.pushed("v1"))
    given(site, task("migrate", "head -c 200m /dev/zero | tail", memory="16m"))
    failure = await failed(site, "v2")
    assert failure.error == "out_of_memory"
    assert await site.version() == "v1"


@pytest.mark.parametrize("more", [{"goes_back": True}, {"restarts": True}, {"restores": True}, {"scales": True}])
async def test_what_only_comes_back_migrates_nothing(site: Site, more: dict[str, Any]) -> None:
    given(site, task("migrate", "exit 3"))
    work = site.bench.work(artifacts=await site.pushed("v1"), run=f"{site.bench.run}-v1", stage="homolog")
    await site.runner.run(replace(work, **more), Notes())
    assert await site.version() == "v1"


async def test_a_cancelled_task_is_killed(site: Site, engine: Any) -> None:
    given(site, task("migrate", "echo up; trap '' TERM; sleep 600"))
    notes = Notes()
    deploying = asyncio.ensure_future(site.deploy("v1", await site.pushed("v1"), notes))
    await _written(notes, "migrate | up")
    deploying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deploying
    assert jobs(site, engine) == apps(site, engine) == []


async def test_one_that_a_dead_process_began_is_followed_and_not_run_again(secretive: Site, engine: Any) -> None:
    given(secretive, task("migrate", f"{UNIQUE}; echo $KEY; sleep 2; echo migrated"), task("seed", UNIQUE))
    made = await secretive.pushed("v1")
    first = await _abandoned(secretive, made, "migrate | *** ***")
    (job,) = jobs(secretive, engine)
    assert job["State"] == "running"
    secretive.runner = _renewed(secretive)
    second = Notes()
    await secretive.deploy("v1", made, second)
    assert _said(second, "migrate") == [*_said(first, "migrate"), "migrated"]
    assert not any(line in second.text for line in KEY.splitlines())
    seeded = _said(second, "seed")
    third = Notes()
    assert (await secretive.deploy("v1", made, third)).artifacts
    assert "migrated" not in third.text, "the containers of the release are made: the tasks are over"
    assert len(seeded) == 1


async def test_one_that_a_dead_process_began_is_stopped_with_the_run(site: Site, engine: Any) -> None:
    given(site, task("migrate", "echo up; sleep 600"))
    made = await site.pushed("v1")
    await _abandoned(site, made, "migrate | up")
    assert len(jobs(site, engine)) == 1
    await site.stop("v1", made)
    assert jobs(site, engine) == []


def _renewed(site: Site) -> DockerRunner:
    """The runner of a process that was started with another value of the secret."""
    return runner_of(site, HELLO_KEY="another-value-since")


def _said(notes: Notes, name: str) -> list[str]:
    return [line.split(" | ", 1)[1] for line in notes.lines if line.startswith(f"  {name} | ")]


async def _abandoned(site: Site, made: dict[str, str], until: str) -> Notes:
    """Deploy, and shut the process down as soon as that line is written."""
    notes = Notes()
    deploying = asyncio.ensure_future(site.deploy("v1", made, notes))
    await _written(notes, until)
    site.bench.abandoned = True
    deploying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deploying
    site.bench.abandoned = False
    return notes


async def _written(notes: Notes, text: str) -> None:
    async with asyncio.timeout(60):
        while True:
            if text in notes.text:
                return
            await asyncio.sleep(0.02)
