"""A store, an engine and an outside world; what a test says to them and asks of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runners.containers import Containers
from runners.contract import Runner
from runners.engine import Engine
from runners.images import Images
from runners.limits import Limits
from runners.retention import Retention
from storage.model import artifact
from storage.model.catalog import Action, Catalog, Environment, Keep, Registry, Service, Stage
from storage.model.event import Event
from storage.model.fold import fold
from storage.model.request import Request, Via
from storage.model.run import Plan, Run, Status, Trigger
from storage.model.view import ActionView, RunView
from storage.store import Store
from tests.engine.scripted import Outside, Scripted
from tests.invariants import Evidence, evidence

LIMITS = Limits(grace=1.0, backoff=0.05, sweep=0.2, poll=0.05, clean=0.1)
HOMOLOG = Environment(name="homolog", target="deploy")
PRODUCTION = Environment(name="production", production=True, approvals=1, promotes_from="homolog", target="deploy")


def action(name: str, uses: str = "script", **rest: Any) -> Action:
    """An action; what is no field of it is an option of the scripted runner."""
    fields = {k: rest.pop(k) for k in list(rest) if k in Action.__slots__}
    return Action(name=name, uses=uses, options=rest, **fields)


def service(*stages: Stage) -> Service:
    return Service(name="hello", repository="/nowhere", image="127.0.0.1:5001/hello", stages=tuple(stages))


def plan(
    *stages: Stage,
    environment: Environment = HOMOLOG,
    others: Sequence[Environment] = (),
    artifacts: dict[str, str] | None = None,
) -> Plan:
    return Plan(
        service=service(*stages),
        environment=environment,
        trigger=Trigger.DEPLOY,
        ref="main",
        stages=tuple(stages),
        environments={e.name: e for e in (environment, *others)},
        artifacts=artifacts or {artifact.COMMIT: "c" * 40},
    )


def asked(number: int) -> str:
    """Give the id of the request that is made as the so-manieth."""
    return f"msg/T1/C1/{number}"


def request(number: int, by: str = "U0ANN", at: datetime | None = None) -> Request:
    """Give the request that is made as the so-manieth."""
    return Request(
        id=asked(number),
        via=Via.MENTION,
        team="T1",
        channel="C1",
        user=by,
        text="deploy hello to homolog",
        at=at or datetime.now(UTC),
    )


def pipeline(**options: Any) -> tuple[Stage, ...]:
    """Build and test beside each other, then deploy to homolog."""
    digest = {"digest": "sha256:" + "d" * 64}
    return (
        Stage(name="build", actions=(action("image", makes=digest, **options), action("test", **options))),
        Stage(name="deploy", actions=(action("release", uses="deploy", **options),), environment="homolog"),
    )


def gated(**options: Any) -> tuple[Stage, ...]:
    """The whole way: build, homolog, the gate, production."""
    return (
        *pipeline(**options),
        Stage(name="approve", approval=True, environment="production"),
        Stage(name="live", actions=(action("live", uses="deploy", **options),), environment="production"),
    )


@dataclass
class World:
    """Everything a test needs."""

    url: str
    folder: Path
    limits: Limits = LIMITS
    ahead: timedelta = timedelta(0)
    """How far the clock runs before the real one."""
    more: dict[str, Runner] = field(default_factory=dict)
    """Further kinds of runners."""
    count: int = 0
    forgets: bool = False
    """Logs of ended runs are old at once."""
    engines: list[Engine] = field(default_factory=list)
    store: Store = field(init=False)
    outside: Outside = field(init=False)

    async def open(self) -> "World":
        self.outside = Outside(self.folder / "outside")
        self.store = await Store.open(self.url, self.data, clock=self.now)
        return self

    async def close(self) -> None:
        for engine in list(self.engines):
            await self.stop(engine)
        await self.store.close()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def start(self) -> Engine:
        runners: dict[str, Runner] = {kind: Scripted(kind, self.outside) for kind in ("script", "deploy")}
        runners.update(self.more)
        registry = Registry(host="127.0.0.1:5001")
        engine = Engine(
            self.store,
            runners,
            lambda: registry,
            self.data,
            url=self.url,
            clock=self.now,
            limits=self.limits,
            cleaners=[self.outside],
            retire=self._retention().clear if self.forgets else None,
        )
        await engine.start()
        self.engines.append(engine)
        return engine

    def _retention(self) -> Retention:
        """One whose time is long after, over a catalog without services: it has no images to look at."""
        catalog = Catalog(services={}, environments={}, people={}, grants=(), registry=Registry(host="nowhere"))
        later = timedelta(seconds=Keep().logs + 1)
        return Retention(self.store, Images(Containers()), lambda: catalog, {}, lambda: self.now() + later)

    async def stop(self, engine: Engine) -> None:
        self.engines.remove(engine)
        await engine.stop()

    async def ask(self, plan: Plan, by: str = "U0ANN") -> Run:
        self.count += 1
        wanted = request(self.count, by, self.now())
        await self.store.requests.accept(wanted)
        return await self.store.runs.open(wanted, plan)

    async def events(self, run: Run) -> list[Event]:
        return await self.store.journal.of_run(run.id)

    async def kinds(self, run: Run) -> list[str]:
        return [event.kind.value for event in await self.events(run)]

    async def view(self, run: Run) -> RunView:
        return fold(await self.store.runs.get(run.id), await self.events(run))

    async def action(self, run: Run, name: str) -> ActionView:
        view = await self.view(run)
        return next(a for stage in view.stages for a in stage.actions if a.action.name == name)

    async def ended(self, run: Run, seconds: float = 15.0) -> RunView:
        return await self.until(run, lambda view: view.run.status.over, seconds)

    async def until(self, run: Run, reached: Any, seconds: float = 15.0) -> RunView:
        """Wait until the run's view is as `reached` says."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            view = await self.view(run)
            if reached(view):
                return view
            await asyncio.sleep(0.02)
        raise AssertionError(f"not reached within {seconds} s: {await self.kinds(run)}, {view.status}: {view.reason}")

    async def until_any(self, runs: Sequence[Run], reached: Any, seconds: float = 15.0) -> RunView:
        """Wait until one of the runs is as `reached` says, and give its view."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for run in runs:
                view = await self.view(run)
                if reached(view):
                    return view
            await asyncio.sleep(0.02)
        raise AssertionError(f"not reached within {seconds} s by any of {[run.id for run in runs]}")

    async def began(self, key: str, seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while self.outside.begun(key) is None:
            assert time.monotonic() < end, f"{key} never began"
            await asyncio.sleep(0.01)

    async def found(self, **more: Any) -> Evidence:
        """Give what must hold the invariants: what the store knows, what was begun and is left outside, and `more`.

        Nobody speaks to people here, so there are no messages.
        """
        spaces = self.data / "work"
        left = [leftover.name for leftover in await self.outside.leftovers()]
        there = Counter(set(self.outside.keys("found")))  # also where a kill came between a begin and its note
        seen = {
            "effects": Counter(self.outside.keys("began")) | there,
            "work": ("script", "deploy"),
            "left": [*left, *(path.name for path in spaces.glob("*"))],
        }
        return replace(await evidence(self.store), **{**seen, **more})

    async def sound(self) -> None:
        """The journal verifies, no fact is there twice, no ended run holds a lock."""
        assert (await self.store.journal.verify()).ok
        for run in await self.store.runs.recent(limit=100):
            events = await self.events(run)
            facts = [
                (
                    e.kind,
                    tuple(
                        str(e.data.get(k))
                        for k in ("stage", "action", "attempt", "environment", "rollback", "progress")
                    ),
                )
                for e in events
            ]
            once = [fact for fact in facts if fact[0].value.startswith(("action_", "stage_", "run_", "released"))]
            assert len(once) == len(set(once)), once
            if run.status.over:
                assert [e.kind.value for e in events][-1] == "run_ended"
                for name in run.plan.environments:
                    assert run.id not in await self.store.locks.queue("hello", name)
        assert all(key.count("/") == 3 for key in self.outside.keys("began"))
        assert len(self.outside.keys("began")) == len(set(self.outside.keys("began")))


OVER = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.BROKEN)
