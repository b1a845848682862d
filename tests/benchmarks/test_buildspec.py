"""A build by its buildspec beside the same commands in a plain shell, in a container of the same image.

The baseline is `docker run` with all commands in one `sh -e`. What Estiva adds: reading the file, one process per
command with saved environment, phases, masking, the record.
"""

import asyncio
import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from runners.buildspec.runner import BuildspecRunner
from runners.containers import Containers
from storage.model.catalog import Service
from tests.benchmarks.measured import Pairs, load
from tests.registry import Registry
from tests.runners.bench import Bench

IMAGE = "estiva/ci:base"
PAIRS = 7
FIXED, BAR = 0.3, 1.5
"""Seconds that a build may cost besides its commands: the goal, and what a busy machine must not exceed."""
PER_COMMAND = 0.1
LINES, WIDTH = 60_000, 100
SHOWS, BUSY = 1.5, 10.0
"""Times the plain shell that a build with a large log takes before it shows: the goal, and the bar. The shell's output
is handed on by the engine as it comes; a build's is written to the engine's log first, from which it is found again.
"""


class Silence:
    """Where the log goes."""

    def __init__(self) -> None:
        self.bytes = 0

    def line(self, text: str) -> None:
        self.bytes += len(text) + 1


@pytest.fixture(scope="module")
def bench(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    containers = Containers(namespace=f"estiva-bench-{uuid.uuid4().hex[:6]}")
    service = Service(name="hello", repository="unused", image=f"{registry.host}/hello")
    yield Bench(
        containers=containers, registry=registry.catalog, root=tmp_path_factory.mktemp("bench"), service=service
    )
    containers.close()


async def by_buildspec(bench: Bench, registry: Registry, commands: Sequence[str]) -> float:
    """Seconds of one build."""
    run, silence = f"hello-{uuid.uuid4().int % 1_000_000_000}", Silence()
    listed = "".join(f"      - {command}\n" for command in commands)
    source = bench.source({"buildspec.yml": f"version: 0.2\nphases:\n  build:\n    commands:\n{listed}"}, run=run)
    runner = BuildspecRunner(bench.containers, registry.environ, Path(bench.root / "caches"))
    began = time.perf_counter()
    await runner.run(bench.work({"image": IMAGE}, source, run=run), silence)
    taken = time.perf_counter() - began
    assert silence.bytes > sum(LINES * WIDTH for command in commands if f"head -n {LINES}" in command), "all of the log"
    return taken


async def by_shell(commands: Sequence[str]) -> float:
    """Seconds of the same in a plain shell."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *("docker", "run", "--rm", "--network", "none", IMAGE, "sh", "-ec", "\n".join(commands)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    while await process.stdout.read(65_536):
        pass
    assert await process.wait() == 0
    return time.perf_counter() - began


async def measured(what: str, bench: Bench, registry: Registry, commands: Sequence[str]) -> Pairs:
    pairs = Pairs(what, "s")
    for _ in range(PAIRS):
        pairs.baseline.append(await by_shell(commands))
        pairs.ours.append(await by_buildspec(bench, registry, commands))
    pairs.tell()
    return pairs


def added(pairs: Pairs) -> float:
    """Seconds more than the baseline, the median of neighbours."""
    return statistics.median(ours - theirs for ours, theirs in zip(pairs.ours, pairs.baseline, strict=True))


@pytest.mark.bench
@pytest.mark.docker
async def test_a_build_costs_little_besides_its_commands(bench: Bench, registry: Registry) -> None:
    one = await measured("a build of one command", bench, registry, ["true"])
    many = await measured("a build of 40 commands", bench, registry, ["true"] * 40)
    each = (added(many) - added(one)) / 39
    print(f"  fixed cost {added(one):.3f} s (goal {FIXED}), {1000 * each:.1f} ms for each command")
    assert added(one) < BAR
    assert each < PER_COMMAND


@pytest.mark.bench
@pytest.mark.docker
async def test_a_large_log_costs_nothing_that_shows(bench: Bench, registry: Registry) -> None:
    line = "x" * (WIDTH - 1)
    small = await measured("a build with a log of 1 line", bench, registry, [f"yes {line} | head -n 1"])
    large = await measured(
        f"a build with a log of {LINES * WIDTH / 1e6:.0f} MB", bench, registry, [f"yes {line} | head -n {LINES}"]
    )
    ours, theirs = (
        statistics.median(many) - statistics.median(few)
        for many, few in ((large.ours, small.ours), (large.baseline, small.baseline))
    )
    print(f"  the log itself: {ours:.3f} s, in the plain shell {theirs:.3f} s (goal {SHOWS} in all); {load()}")
    assert large.paired < BUSY
