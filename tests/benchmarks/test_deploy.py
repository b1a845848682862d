"""How long a deploy takes from the message to the end of the run, beside a shell script that does the same by hand."""

import asyncio
import base64
import json
import os
import sqlite3
import statistics
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.benchmarks.measured import Pairs
from tests.registry import Registry, free_port
from tests.sweep.scene import Scene, installation

PAIRS = int(os.environ.get("ESTIVA_BENCH_PAIRS", "7"))
GOAL, BAR = 1.10, 2.0
SCRIPT = Path(__file__).with_name("plain.sh")


@pytest.mark.bench
@pytest.mark.timeout(460)
async def test_a_deploy_beside_a_shell_script(registry: Registry, registry_folder: Path) -> None:
    pairs = Pairs(f"deploy of a Dockerfile service to homolog, goal {GOAL}", "s")
    async with installation(registry, registry_folder, ("greeter",)) as scene:
        assert await scene.live()
        await estiva(scene)  # both begin with a release that runs, and with a proxy that is up
        listen = f"127.0.0.1:{free_port()}"
        await by_hand(scene, listen)
        for _ in range(PAIRS):
            pairs.baseline.append(await by_hand(scene, listen))
            pairs.ours.append(await estiva(scene))
        _tell_where_the_time_goes(scene)
    pairs.tell()
    assert pairs.median < BAR


async def estiva(scene: Scene) -> float:
    """Say it in chat; the end is when the run has ended, old container stopped, all journaled."""
    await asyncio.to_thread(scene.commit, "greeter", "greeter.py")
    began = time.monotonic()
    known = len(scene.rows("SELECT id FROM runs"))
    await scene.say("dev", "deploy greeter to homolog")
    while len(scene.rows("SELECT id FROM runs")) == known or not scene.ended():  # noqa: ASYNC110 - another process's state
        await asyncio.sleep(0.02)
    took = time.monotonic() - began
    assert scene.rows("SELECT status FROM runs ORDER BY number DESC LIMIT 1")[0]["status"] == "succeeded"
    return took


async def by_hand(scene: Scene, listen: str) -> float:
    """Run the script on a commit of its own."""
    commit = await asyncio.to_thread(scene.commit, "greeter", "greeter.py")
    namespace = scene.docker.namespace
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(SCRIPT),
        *(str(scene.folder / "greeter"), commit, scene.image("greeter"), namespace, str(scene.admin), listen),
        f"estiva.namespace={namespace}",
        env=await _logged_in(scene),
    )
    assert await process.wait() == 0
    return time.monotonic() - began


async def _logged_in(scene: Scene) -> dict[str, str]:
    """An environment in which the docker command may push."""
    login = base64.b64encode(":".join(scene.registry.environ.values()).encode()).decode()
    folder = scene.folder / "docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": {scene.registry.host: {"auth": login}}}))
    return {**os.environ, "DOCKER_CONFIG": str(folder)}


def _tell_where_the_time_goes(scene: Scene) -> None:
    """Print the median time that led to each fact, over all runs but the first."""
    spent: dict[str, list[float]] = defaultdict(list)
    for run in scene.rows("SELECT id, request FROM runs ORDER BY number")[1:]:
        before = _moment(scene.rows(f"SELECT at FROM requests WHERE id = '{run['request']}'")[0])
        for fact in scene.rows(f"SELECT key, kind, at FROM journal WHERE run = '{run['id']}' ORDER BY id"):
            spent[fact["key"] or fact["kind"]].append(_moment(fact) - before)
            before = _moment(fact)
    print("\nmedian and minimum of the seconds that led to each fact:")
    for name, seconds in spent.items():
        print(f"  {statistics.median(seconds):6.3f} {min(seconds):6.3f}  {name}")


def _moment(row: sqlite3.Row) -> float:
    return datetime.fromisoformat(row["at"]).replace(tzinfo=UTC).timestamp()
