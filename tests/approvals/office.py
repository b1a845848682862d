"""A desk, the people in front of it, and what the engine does when a run comes to its gate."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commands.desk import Desk
from runners.engine import Engine
from runners.mirrors import Mirrors
from storage.model.approval import Approval, subject_of
from storage.model.catalog import (
    Action,
    ApprovalRule,
    Catalog,
    Environment,
    Grant,
    Person,
    Registry,
    Service,
    Stage,
)
from storage.model.event import Event, Kind
from storage.model.reply import Reply
from storage.model.request import Request, Via
from storage.model.run import Plan, Run, Trigger
from storage.store import Store
from tests.directory import Workspace, directory
from tests.runners.bench import Repository, git

ANA, BIA, RUI, LEA, GUS, EVA = "UANA", "UBIA", "URUI", "ULEA", "UGUS", "UEVA"
RELEASERS = "S0RELEASERS"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # an example, as authenticators print it
DEPLOY = Stage(name="deploy", actions=(Action(name="deploy", uses="docker"),), environment="production")
ASK = Stage(name="approve-production", approval=True, environment="production")
HOMOLOG = Environment(name="homolog")
PRODUCTION = Environment(name="production", production=True, approvals=1, promotes_from="homolog")


def person(user: str, *roles: str, **more: tuple[str, ...] | str) -> Person:
    """Somebody with an address of their own."""
    return Person(**{"id": user, "name": user[1:].title(), "roles": roles, "emails": (f"{user}@example.com",), **more})  # type: ignore[arg-type]


def catalog_of(repository: Path) -> Catalog:
    """Ana asks; Bia and Rui may approve; Lea leads; Gus is in the user group; Eva is nobody."""
    hello = Service(
        name="hello", repository=str(repository), image="127.0.0.1:1/hello", stages=(replace(DEPLOY), ASK)[:1]
    )
    people = [
        person(ANA, "developer"),
        person(BIA, "manager"),
        person(RUI, "manager", also=("URUI2",), totp_from="RUI_TOTP"),
        person(LEA, "lead"),
    ]
    return Catalog(
        services={"hello": hello},
        environments={"homolog": HOMOLOG, "production": PRODUCTION},
        people={each.id: each for each in people},
        grants=(
            Grant(who=("everyone",), may=("deploy", "status"), environments=("production",)),
            Grant(
                who=("role:manager", "role:lead", f"group:{RELEASERS}"),
                may=("approve", "reject", "deploy", "withdraw"),
                environments=("production",),
            ),
            Grant(who=("role:lead",), may=("break-glass",), environments=("production",)),
        ),
        registry=Registry(host="127.0.0.1:1"),
    )


@dataclass
class Office:
    """Where everything is. The catalog may be replaced at any time."""

    store: Store
    slack: Workspace
    repository: Repository
    catalog: Catalog
    environ: dict[str, str] = field(default_factory=dict)
    desk: Desk = field(init=False)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    count: "itertools.count[int]" = field(default_factory=itertools.count)

    def clock(self) -> datetime:
        """Tell the time, which the test turns."""
        return self.now

    def request(self, user: str, text: str, **more: object) -> Request:
        """What somebody asks."""
        number = next(self.count)
        asked = Request(
            id=f"test/{number}",
            via=Via.MENTION,
            team="T1",
            channel="C1",
            user=user,
            text=text,
            at=self.now,
        )
        return replace(asked, **more)  # type: ignore[arg-type]

    async def ask(self, user: str, text: str, **more: object) -> Reply:
        """Ask the desk."""
        return await self.desk.handle(self.request(user, text, **more))

    def rule(self, needed: int = 1, **rule: object) -> None:
        """Put another rule of approvals in force."""
        production = replace(PRODUCTION, approvals=needed, approval=ApprovalRule(**rule))  # type: ignore[arg-type]
        self.catalog = replace(self.catalog, environments={"homolog": HOMOLOG, "production": production})

    def plan(self) -> Plan:
        """What a release to production is."""
        environment = self.catalog.environments["production"]
        return Plan(
            service=self.catalog.services["hello"],
            environment=environment,
            trigger=Trigger.PROMOTE,
            ref="main",
            stages=(ASK, DEPLOY),
            environments={"production": environment},
            artifacts={"commit": self.commit, "digest": "sha256:" + "1" * 64},
        )

    @property
    def commit(self) -> str:
        """What would be released."""
        return git(self.repository.path, "rev-parse", "HEAD")

    async def run(self, user: str = ANA, plan: Plan | None = None) -> Run:
        """A run that walks."""
        run = await self.store.runs.open(self.request(user, "deploy hello to production"), plan or self.plan())
        assert await self.store.runs.begin_leg(run.id, 1)
        return run

    async def gate(self, run: Run, *, subject: str = "", ttl: timedelta = timedelta(hours=1)) -> Approval:
        """What the engine does when the run comes to its gate."""
        environment = run.plan.environment
        return await self.store.approvals.ask(
            run.id,
            ASK.name,
            environment.name,
            subject or subject_of(run.plan, dict(run.plan.artifacts)),
            environment.approvals,
            self.now + ttl,
            environment.approval,
        )

    async def question(self, user: str = ANA) -> Approval:
        """An open question about a release that somebody asked for."""
        return await self.gate(await self.run(user))

    def directory_forgets(self) -> None:
        """A minute passes for what was asked of Slack."""
        self.slack.now += 61

    async def now_is(self, approval: Approval) -> Approval:
        """The approval as it is now."""
        found = await self.store.approvals.get(approval.id)
        assert found is not None
        return found

    async def told(self, approval: Approval, kind: Kind) -> list[Event]:
        """The events of a kind in the approval's run."""
        return [event for event in await self.store.journal.of_run(approval.run) if event.kind is kind]


@contextlib.asynccontextmanager
async def opened(url: str, root: Path, *users: str) -> AsyncIterator[Office]:
    """Open the office; `users` have accounts besides those of the catalog."""
    repository = Repository.made(root / "hello")
    catalog = catalog_of(repository.path)
    async with directory(ANA, BIA, RUI, "URUI2", LEA, GUS, EVA, *users) as slack:
        await slack.control("usergroup", usergroup=RELEASERS, users=[GUS])
        office = Office(None, slack, repository, catalog)  # type: ignore[arg-type]
        office.store = store = await Store.open(url, root, office.clock)
        office.desk = Desk(
            store=store,
            engine=Engine(store, {}, lambda: office.catalog.registry, root),
            mirrors=Mirrors(root / "mirrors"),
            catalog=lambda: office.catalog,
            directory=slack.directory,
            environ=office.environ,
        )
        await office.desk.mirrors.resolve(catalog.services["hello"], "main")
        try:
            yield office
        finally:
            await store.close()
