"""How fast the bot acknowledges while five deploys run, and how late its event loop is."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.benchmarks.measured import load, percentile
from tests.registry import Registry
from tests.sweep.scene import Scene, installation

SERVICES = tuple(f"greeter{number}" for number in range(1, 6))
WATCHED = Path(__file__).with_name("watched.py")
SLACK_WAITS = 3_000


@pytest.mark.bench
@pytest.mark.timeout(400)
async def test_acknowledgements_while_five_deploys_run(registry: Registry, registry_folder: Path) -> None:
    async with installation(registry, registry_folder, SERVICES) as scene:
        late = scene.folder / "late.txt"
        assert await scene.live(program=(str(WATCHED), str(late)))
        quiet = await asked(scene, 40)
        before = len(late.read_text().splitlines())
        for name in SERVICES:
            await scene.say("dev", f"deploy {name} to homolog")
        busy: list[float] = []
        began = time.monotonic()
        while not (len(scene.rows("SELECT id FROM runs")) == len(SERVICES) and scene.ended()):
            busy += await asked(scene, 5)
        seconds = time.monotonic() - began
        ends = {row["data"] for row in scene.rows("SELECT data FROM journal WHERE kind = 'run_ended'")}
        lag = [float(line) for line in late.read_text().splitlines()[before:]]
    print(f"\nfive deploys at once took {seconds:.1f} s; {load()}")
    for name, values in (("ack, idle, ms", quiet), ("ack, busy, ms", busy), ("loop lag, busy, ms", lag)):
        told = ", ".join(f"{share:.0%} {percentile(values, share):.1f}" for share in (0.5, 0.9, 0.99))
        print(f"  {name}: {told}, longest {max(values):.1f} (of {len(values)})")
    assert [json.loads(end)["status"] for end in ends] == ["succeeded"], ends
    assert percentile(busy, 0.99) < SLACK_WAITS / 2
    assert percentile(lag, 0.99) < SLACK_WAITS / 10


async def asked(scene: Scene, times: int) -> list[float]:
    """Say a slash command so often; milliseconds until each was acknowledged."""
    ana, last = scene.people["dev"], 0
    entries = await ana.log(kind="delivery")
    last = entries[-1]["number"] if entries else 0
    for _ in range(times):
        assert (await ana.say("#general", "/estiva status"))["ok"]
        await asyncio.sleep(0.02)
    new = await ana.log(kind="delivery", after=str(last))
    return [float(entry["acked_ms"]) for entry in new if entry["acked_ms"] is not None]
