"""The same lives with DBOS and with its simulated twin: what holds for the one must hold for the other."""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from tests.simulation.keeper import Histories, Keeper
from tests.simulation.lives import Life, live, spelled
from tests.simulation.machine import Machine, Process

ROOT = Path(__file__).parents[2]
ONE = ("claim", "move", "image", "test", "move", "release", "move")
"""What is called in a life in which nothing goes wrong."""


class Bench(Protocol):
    """Where lives are lived, one after the other or at once."""

    @property
    def log(self) -> list[str]:
        """What was noted, in its order."""

    def begin(self, life: Life) -> None:
        """Begin a life that goes on beside others."""

    def until(self, noted: str) -> None:
        """Let time pass until something is noted."""

    def end(self) -> None:
        """Let all lives come to their end."""

    def allow(self) -> None:
        """Let what holds go on."""

    def cut(self) -> None:
        """Cut the first worker's proof of life; it goes on all the same."""


class Twin:
    """Simulated."""

    def __init__(self, *, shared: bool) -> None:
        self.log: list[str] = []
        self.settled: set[str] = set()
        self._allowed = False
        self._machine = Machine(1, latency=lambda _: 0.002, died=self._died)
        self._histories = Histories(shared=shared)
        self._keepers: dict[Process, Keeper] = {}
        self._lives: list[asyncio.Task[None]] = []

    def _died(self, process: Process) -> None:
        self._histories.leases.discard(self._keepers[process].worker)

    def begin(self, life: Life) -> None:
        process = self._machine.process(f"w{len(self._keepers)}")
        outside = _Here(self, process)

        def keeper(legs: object, lost: Callable[[], None]) -> Keeper:
            self._keepers[process] = Keeper(self._histories, process, legs, lost)  # type: ignore[arg-type]
            return self._keepers[process]

        self._lives.append(self._machine.spawn(process, live(life, keeper, outside)))

    def until(self, noted: str) -> None:
        assert self._machine.run(lambda: noted in self.log, self._machine.now + 60)

    def end(self) -> None:
        self._machine.run(lambda: False, self._machine.now + 60)
        assert [p.troubles for p in self._machine.processes if p.troubles] == []

    def allow(self) -> None:
        self._allowed = True

    def allowed(self) -> bool:
        return self._allowed

    def cut(self) -> None:
        first = next(iter(self._keepers.values()))
        self._histories.leases.discard(first.worker)

    def kill(self, process: Process) -> None:
        self._machine.kill(process)

    def close(self) -> None:
        self._machine.close()


class _Here:
    """The outside of one simulated process."""

    def __init__(self, bench: Twin, process: Process) -> None:
        self._bench, self._process = bench, process

    def note(self, what: str) -> None:
        if self._process.alive:
            self._bench.log.append(what)

    def noted(self, what: str) -> bool:
        return what in self._bench.log

    def settle(self, action: str) -> None:
        if self._process.alive:
            self._bench.settled.add(action)

    def settled(self, action: str) -> bool:
        return action in self._bench.settled

    def allowed(self) -> bool:
        return self._bench.allowed()

    def die(self) -> None:
        self._bench.kill(self._process)


class Real:
    """DBOS, in processes of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        (folder / "log").touch()
        self._lives: list[object] = []
        self._loop = asyncio.new_event_loop()
        self._processes: list[asyncio.subprocess.Process] = []

    @property
    def log(self) -> list[str]:
        return (self._folder / "log").read_text().splitlines()

    def begin(self, life: Life) -> None:
        command = ("-m", "tests.simulation.lives", self._url, str(self._folder), spelled(life))
        starting = asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
        self._processes.append(self._loop.run_until_complete(starting))

    def until(self, noted: str) -> None:
        async def wait() -> None:
            async with asyncio.timeout(30):
                while noted not in self.log:  # noqa: ASYNC110 - other processes note it
                    await asyncio.sleep(0.05)

        self._loop.run_until_complete(wait())

    def end(self) -> None:
        for process in self._processes:
            _, said = self._loop.run_until_complete(process.communicate())
            assert process.returncode in (0, -signal.SIGKILL), said.decode()
        self._processes.clear()

    def allow(self) -> None:
        (self._folder / "go").touch()

    def cut(self) -> None:
        server, _, name = self._url.replace("+psycopg", "").rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            question = (
                "select pg_terminate_backend(pid) from pg_stat_activity where pid = (select pid from pg_stat_activity"
                " where datname = %s and application_name like 'estiva %%' order by backend_start limit 1)"
            )
            assert connection.execute(question, (name,)).rowcount == 1

    def close(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
        self.end()
        self._loop.close()


IN_SWEEP = pytest.param("dbos on postgresql", marks=pytest.mark.sweep)


@pytest.fixture(params=["dbos on sqlite", IN_SWEEP, "simulated, alone", "simulated, shared"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    return _bench(request, tmp_path, request.param)


@pytest.fixture(params=["dbos on postgresql", "simulated, shared"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """A bench on which several work at once."""
    return _bench(request, tmp_path, request.param)


def _bench(request: pytest.FixtureRequest, folder: Path, name: str) -> Bench:
    made: Twin | Real
    if name.startswith("simulated"):
        made = Twin(shared=name.endswith("shared"))
    else:
        url = f"sqlite:///{folder}/x.db" if name.endswith("sqlite") else request.getfixturevalue("fresh_postgres")
        made = Real(url, folder)
    request.addfinalizer(made.close)
    return made


def lived(bench: Bench, *lives: Life) -> Sequence[str]:
    """Live one life after the other; give what was called in the last one."""
    before: list[str] = []
    for life in lives:
        before = [*bench.log]
        bench.begin(life)
        bench.end()
    return bench.log[len(before) :]


def test_a_leg_is_walked_to_its_end_once(bench: Bench) -> None:
    once = Life(("begin", "begin", "over", "begin", "settle"))
    assert sorted(lived(bench, once)) == sorted(ONE)
    assert lived(bench, once_more := Life(("begin", "settle"))) == []
    assert lived(bench, once_more) == []


def test_what_has_ended_before_a_death_is_not_done_again(bench: Bench) -> None:
    first = lived(bench, Life(("begin", "over"), dies_in="test"))
    assert sorted(first) == sorted(["claim", "move", "image", "test"])
    assert lived(bench, Life(("reap",))) == ["claim", "move", "test", "move", "release", "move"]


def test_a_leg_that_was_interrupted_is_walked_from_its_begin(bench: Bench) -> None:
    assert lived(bench, Life(("begin", "over"), dies_in="claim")) == ["claim"]
    assert lived(bench, Life(("reap",), dies_in="move")) == ["claim", "move"]
    assert sorted(lived(bench, Life(("reap",)))) == sorted(ONE)


def test_a_stop_is_not_an_end(bench: Bench) -> None:
    assert sorted(lived(bench, Life(("begin", "in:image", "in:test"), holds="image"))) == sorted(ONE[:4])
    assert lived(bench, Life(("reap",))) == ["claim", "move", "image", "move", "release", "move"]


def test_an_error_of_a_leg_is_told_and_ends_it(bench: Bench) -> None:
    told = lived(bench, Life(("begin", "over", "lost"), fails="release"))
    assert sorted(told[:4]) == sorted(ONE[:4])
    assert told[4:6] == ["move", "release"]
    assert told[6].startswith("broke: ")
    assert "release went wrong" in told[6]
    assert told[7:] == ["lost: []"]
    assert lived(bench, Life(("begin", "settle"))) == []


def test_a_leg_whose_error_nobody_hears_is_lost(bench: Bench) -> None:
    told = lived(bench, Life(("begin", "over", "settle", "lost"), fails="claim", deaf=True))
    assert told == ["claim", "broke: claim went wrong", "lost: [('hello-1', 1)]"]


def test_only_what_is_over_is_forgotten(bench: Bench) -> None:
    lived(bench, Life(("begin", "over")))
    assert len(lived(bench, Life(("forget", "begin", "settle")))) > 0
    under_way = Life(("forget", "begin", "in:claim", "forget", "begin", "settle"), holds="claim")
    assert lived(bench, under_way).count("claim") == 1


def test_the_living_keep_their_legs(shared: Bench) -> None:
    shared.begin(Life(("begin", "over"), holds="release"))
    shared.until("release")
    shared.begin(Life(("reap once", "settle", "reap once", "settle", "noted")))
    shared.until("noted")
    shared.allow()
    shared.end()
    assert sorted(shared.log) == sorted([*ONE, "noted"])


def test_one_who_comes_back_late_calls_nothing_and_ends_nothing(shared: Bench) -> None:
    shared.begin(Life(("begin", "in:image", "in:test", "go", "settle"), holds="test"))
    shared.until("test")
    shared.until("image")
    shared.cut()
    shared.until("lease lost")
    shared.begin(Life(("reap",)))
    shared.until("release")
    shared.allow()
    shared.end()
    # the second worker began anew and went on; the first one, let go on afterwards, called nothing more
    assert sorted(shared.log) == sorted([*ONE, "claim", "move", "test", "lease lost"])
