"""Lives of a process that keeps legs, as data, so that DBOS and its simulated twin can be put through the same ones.

`python -m tests.simulation.lives URL FOLDER LIFE` lives one with DBOS. What is called is noted in `FOLDER/log`.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from runners.durable import Durable
from runners.leg import Durability, Keeper
from storage.model.catalog import Json

RUN, LEG = "hello-1", 1
PLAN = {"build": ("image", "test"), "deploy": ("release",)}
ENDED: dict[str, Json] = {"do": "ended"}
_PATIENCE = 25.0


@dataclass(frozen=True)
class Life:
    """What one life does, and what becomes of it."""

    do: tuple[str, ...]
    """`begin`, `forget`, `over` (wait until the leg is over), `lost` (note the lost legs), `reap` (until it is over),
    `reap once`, `in:CALL` (wait until it is being called), `go` (wait for leave), `settle` (a moment), `noted`."""
    dies_in: str = ""
    """The call in which the process dies."""
    holds: str = ""
    """The call that does not return before it has leave (`Outside.allowed`)."""
    fails: str = ""
    """The call that raises an error."""
    deaf: bool = False
    """`broke` raises an error too."""


class Outside(Protocol):
    """What outlives a life."""

    def note(self, what: str) -> None: ...
    def noted(self, what: str) -> bool: ...
    def settle(self, action: str) -> None:
        """Note that an action has ended, as the journal would."""

    def settled(self, action: str) -> bool: ...
    def allowed(self) -> bool: ...
    def die(self) -> None: ...


class Script:
    """The legs of a life."""

    def __init__(self, life: Life, outside: Outside) -> None:
        self._life, self._outside = life, outside
        self.over = asyncio.Event()
        self.called: set[str] = set()

    async def own(self, run_id: str, leg: int) -> None:
        """Nothing is written here that a later life could refuse."""

    def disown(self, run_id: str, leg: int) -> None:
        """Nothing is kept either."""

    async def claim(self, run_id: str, leg: int) -> bool:
        await self._call("claim")
        return True

    async def move(self, run_id: str, leg: int) -> dict[str, Json]:
        await self._call("move")
        for stage, actions in PLAN.items():
            left: list[Json] = [action for action in actions if not self._outside.settled(action)]
            if left:
                return {"do": "act", "stage": stage, "actions": left}
        self.over.set()
        return ENDED

    async def act(self, run_id: str, leg: int, stage: str, action: str) -> str:
        await self._call(action)
        self._outside.settle(action)
        return "succeeded"

    async def broke(self, run_id: str, leg: int, error: BaseException) -> None:
        self._outside.note(f"broke: {error}")
        self.over.set()
        if self._life.deaf:
            raise RuntimeError("nobody listens")

    async def _call(self, name: str) -> None:
        self._outside.note(name)
        self.called.add(name)
        if name == self._life.dies_in:
            await asyncio.sleep(1)  # so that what ran beside it has ended, and that is remembered
            self._outside.die()
        if name == self._life.fails:
            raise ValueError(f"{name} went wrong")
        if name == self._life.holds:
            await _true(self._outside.allowed)


async def live(life: Life, keeper: Keeper, outside: Outside) -> None:
    """Live it to its end, if it has one."""
    script = Script(life, outside)

    def lose() -> None:
        outside.note("lease lost")
        kept.stopping = True

    kept = keeper(script, lose)
    await kept.start()
    for word in life.do:
        await asyncio.wait_for(_do(word, kept, script, outside), _PATIENCE)
    await kept.stop(1)


async def _do(word: str, kept: Durability, script: Script, outside: Outside) -> None:  # noqa: C901 - a table of words
    what, _, call = word.partition(":")
    match what:
        case "begin":
            await kept.begin(RUN, LEG)
        case "forget":
            await kept.forget(RUN, LEG)
        case "over":
            await script.over.wait()
            await _true(lambda: len(kept) == 0)
        case "lost":
            outside.note(f"lost: {await kept.lost_legs()}")
        case "reap":
            while not script.over.is_set():
                await kept.reap()
                await asyncio.sleep(0.2)
            await _do("over", kept, script, outside)
        case "go":
            await _true(outside.allowed)
        case "reap once":
            await kept.reap()
        case "noted":
            outside.note(word)
        case "in":
            await _true(lambda: call in script.called)
        case _:
            await asyncio.sleep(1.5)


async def _true(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - nobody says so
        await asyncio.sleep(0.02)


class Files:
    """An outside for real processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, what: str) -> None:
        with (self._folder / "log").open("a") as log:
            log.write(f"{what}\n")

    def noted(self, what: str) -> bool:
        return what in (self._folder / "log").read_text().splitlines()

    def settle(self, action: str) -> None:
        (self._folder / f"{action}.ended").touch()

    def settled(self, action: str) -> bool:
        return (self._folder / f"{action}.ended").exists()

    def allowed(self) -> bool:
        return (self._folder / "go").exists()

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def with_dbos(url: str, folder: Path) -> Keeper:
    return lambda legs, lost: Durable(url, folder, legs, lost, 0.05)


def spelled(life: Life) -> str:
    return json.dumps(asdict(life))


def main(url: str, folder: Path, life: Life, lives: Callable[[str, Path], Keeper] = with_dbos) -> None:
    asyncio.run(live(life, lives(url, folder), Files(folder)))


if __name__ == "__main__":
    told = json.loads(sys.argv[3])
    main(sys.argv[1], Path(sys.argv[2]), Life(**{**told, "do": tuple(told["do"])}))
