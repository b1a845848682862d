"""People who want more than the policy gives them: the catalog, the policy and the store are real, so is the desk."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.desk import Desk
from runners.engine import Engine
from runners.mirrors import Mirrors
from storage.model.approval import subject_of
from storage.model.catalog import Action, Catalog, Environment, Grant, Person, Registry, Service, Stage
from storage.model.event import Kind
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.model.run import Run, Status
from storage.store import Store
from tests.directory import Workspace, directory
from tests.runners.bench import Repository, git

ANA, RUI, EVA = "UANA", "URUI", "UEVA"
HOMOLOG = Environment(name="homolog")
PRODUCTION = Environment(name="production", production=True, approvals=1, promotes_from="homolog")
DEPLOY = Action(name="deploy", uses="docker")


def _stages(*names: str) -> tuple[Stage, ...]:
    return tuple(Stage(name=f"in-{name}-{n}", actions=(DEPLOY,), environment=name) for n, name in enumerate(names))


def _catalog(repository: Path) -> Catalog:
    hello = Service(
        name="hello", repository=str(repository), image="127.0.0.1:1/hello", stages=_stages("homolog", "production")
    )
    return Catalog(
        services={"hello": hello},
        environments={"homolog": HOMOLOG, "production": PRODUCTION},
        people={
            ANA: Person(id=ANA, name="Ana", roles=("developer",)),
            RUI: Person(id=RUI, name="Rui", roles=("manager",)),
        },
        grants=(
            Grant(who=("role:developer",), may=("deploy", "retry", "rollback", "cancel"), environments=("homolog",)),
            Grant(who=("role:manager",), may=("*",), environments=("*", "production")),
        ),
        registry=Registry(host="127.0.0.1:1"),
    )


@dataclass
class Office:
    """A desk, and who stands in front of it."""

    store: Store
    catalog: Catalog
    desk: Desk = field(init=False)
    slack: Workspace = field(init=False)
    count: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, user: str, text: str, channel: str = "C1") -> Reply:
        request = Request(
            id=f"test/{next(self.count)}",
            via=Via.MENTION,
            team="T1",
            channel=channel,
            user=user,
            text=text,
            at=datetime.now(UTC),
        )
        await self.store.requests.accept(request)
        return await self.desk.handle(request)

    async def run(self, reply: Reply) -> Run:
        assert reply.run is not None, reply.text
        return await self.store.runs.get(reply.run)

    async def gate(self, run: Run) -> str:
        """What the engine does when it comes to the gate."""
        stage = next(stage for stage in run.plan.stages if stage.approval)
        assert stage.environment is not None
        about, until = subject_of(run.plan, dict(run.plan.artifacts)), datetime.now(UTC) + timedelta(hours=1)
        made = await self.store.approvals.ask(run.id, stage.name, stage.environment, about, 1, until)
        return made.id


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    repository = Repository.made(tmp_path / "hello")
    store = await Store.open(f"sqlite:///{tmp_path}/estiva.db", tmp_path)
    made = Office(store, _catalog(repository.path))
    engine = Engine(store, {}, lambda: made.catalog.registry, tmp_path)
    async with directory(ANA, RUI, EVA, "UBIA", "UCON", "UALT") as slack:
        made.slack = slack
        made.desk = Desk(
            store=store,
            engine=engine,
            mirrors=Mirrors(tmp_path / "mirrors"),
            catalog=lambda: made.catalog,
            directory=slack.directory,
        )
        yield made
    await store.close()


async def test_a_pipeline_of_odd_order_takes_nobody_where_they_may_not(office: Office) -> None:
    """Production before the last stage of homolog: a deploy to homolog would pass through it."""
    production = replace(PRODUCTION, approvals=0)
    hello = replace(office.catalog.services["hello"], stages=_stages("homolog", "production", "homolog"))
    office.catalog = replace(
        office.catalog, services={"hello": hello}, environments={"homolog": HOMOLOG, "production": production}
    )
    refused = await office.ask(ANA, "deploy hello to homolog")
    assert (refused.verdict, refused.run) == (Verdict.REFUSED, None)
    assert "production" in refused.text
    assert (await office.ask(RUI, "deploy hello to homolog")).verdict is Verdict.STARTED


async def test_a_retry_asks_whoever_guards_the_environment_today(office: Office) -> None:
    free = replace(PRODUCTION, approvals=0)
    guarded = office.catalog
    office.catalog = replace(guarded, environments={"homolog": HOMOLOG, "production": free})
    first = await office.run(await office.ask(RUI, "deploy hello@main to production"))
    assert not any(stage.approval for stage in first.plan.stages)
    await office.store.runs.finish(first.id, Status.FAILED)
    office.catalog = guarded
    again = await office.run(await office.ask(RUI, f"retry {first.id}"))
    gates = [stage.environment for stage in again.plan.stages if stage.approval]
    assert gates == ["production"]
    assert again.plan.environments["production"].approvals == 1
    assert again.requester == RUI


async def test_a_retry_of_an_approved_run_asks_again(office: Office) -> None:
    first = await office.run(await office.ask(RUI, "deploy hello@main to production"))
    approval = await office.gate(first)
    await office.store.approvals.approve(approval, "UOTHER", "subject")
    await office.store.runs.finish(first.id, Status.FAILED)
    again = await office.run(await office.ask(RUI, f"retry {first.id}"))
    assert await office.store.approvals.get(f"{again.id}/approve-production") is None
    own = await office.gate(again)
    assert (await office.ask(RUI, f"approve {own}")).verdict is Verdict.REFUSED
    assert (await office.ask(RUI, f"approve {again.id}")).verdict is Verdict.REFUSED
    assert (await office.ask(RUI, "approve hello")).verdict is Verdict.REFUSED


async def test_a_retry_of_what_left_the_catalog_is_refused(office: Office) -> None:
    first = await office.run(await office.ask(RUI, "deploy hello to homolog"))
    await office.store.runs.finish(first.id, Status.FAILED)
    office.catalog = replace(
        office.catalog,
        environments={"production": replace(PRODUCTION, promotes_from=None)},
    )
    assert (await office.ask(RUI, f"retry {first.id}")).verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    "text", ["deploy hello to production", "deploy hello@main to production", "rollback hello in production"]
)
async def test_who_may_only_in_homolog_starts_nothing_in_production(office: Office, text: str) -> None:
    assert (await office.ask(ANA, text)).verdict is Verdict.REFUSED
    assert not await office.store.runs.recent()


async def test_a_run_of_somebody_else_is_no_way_to_production(office: Office) -> None:
    first = await office.run(await office.ask(RUI, "deploy hello@main to production"))
    await office.store.runs.finish(first.id, Status.FAILED)
    for text in (f"retry {first.id}", f"cancel {first.id}", f"approve {first.id}"):
        assert (await office.ask(ANA, text)).verdict is Verdict.REFUSED


async def test_whoever_left_the_catalog_decides_nothing(office: Office) -> None:
    run = await office.run(await office.ask(RUI, "deploy hello@main to production"))
    approval = await office.gate(run)
    bia = Person(id="UBIA", name="Bia", roles=("manager",))
    office.catalog = replace(office.catalog, people={**office.catalog.people, "UBIA": bia})
    demoted = replace(office.catalog, people={**office.catalog.people, "UBIA": replace(bia, roles=())})
    removed = replace(office.catalog, people={ANA: office.catalog.people[ANA]})
    still = office.catalog
    for office.catalog in (demoted, removed):
        assert (await office.ask("UBIA", f"approve {approval}")).verdict is Verdict.REFUSED
    office.catalog = still
    assert (await office.ask("UBIA", f"approve {approval}")).verdict is Verdict.DONE
    denied = [e for e in await office.store.journal.of_run(run.id) if e.kind is Kind.APPROVAL_DENIED]
    assert [e.actor for e in denied] == ["UBIA", "UBIA"]


async def test_an_old_button_of_an_ended_run_opens_nothing(office: Office) -> None:
    run = await office.run(await office.ask(RUI, "deploy hello@main to production"))
    approval = await office.gate(run)
    office.catalog = replace(
        office.catalog, people={**office.catalog.people, "UBIA": Person(id="UBIA", name="Bia", roles=("manager",))}
    )
    await office.store.runs.finish(run.id, Status.CANCELLED)
    for text in (f"approve {approval}", f"approve {run.id}", "approve hello", f"reject {approval}"):
        assert (await office.ask("UBIA", text)).verdict is Verdict.REFUSED
    assert (await office.store.runs.get(run.id)).status is Status.CANCELLED


@pytest.mark.parametrize("stage", ["", "..", "approve-staging", "approve-production/x", "*", "%", "' or 1=1 --"])
async def test_a_button_that_names_another_gate_opens_nothing(office: Office, stage: str) -> None:
    run = await office.run(await office.ask(ANA, "deploy hello to homolog"))
    assert (await office.ask(RUI, f"approve {run.id}/{stage}")).verdict in (Verdict.REFUSED, Verdict.ASK)


async def test_a_stranger_fills_no_journal(office: Office) -> None:
    await office.ask(EVA, "deploy hello@" + "x" * 190 + " to homolog")
    await office.ask(EVA, "reject hello-1 " + "y" * 39_000)
    for row in await office.store.journal.export():
        assert len(str(row)) < 4_000


async def test_lists_leave_out_what_is_not_for_everybody(office: Office) -> None:
    """A contractor who may see one service sees one service."""
    secret = replace(office.catalog.services["hello"], name="vault", image="127.0.0.1:1/vault")
    contractor = Person(id="UCON", name="Con")
    office.catalog = replace(
        office.catalog,
        services={**office.catalog.services, "vault": secret},
        people={**office.catalog.people, "UCON": contractor},
        grants=(*office.catalog.grants, Grant(who=("UCON",), may=("status", "history"), services=("hello",))),
    )
    await office.ask(RUI, "deploy vault to homolog")
    for text in ("status", "history"):
        assert "vault" in str(await office.ask(RUI, text))
        seen = await office.ask("UCON", text)
        assert seen.verdict is Verdict.DONE
        assert "vault" not in str(seen)
        assert (await office.ask("UCON", f"{text} vault")).verdict is Verdict.REFUSED


@pytest.mark.parametrize("text", ["deploy", "deploy helo to homolog", "status of helo", "depoly hello to homolog"])
async def test_a_stranger_is_told_no_names(office: Office, text: str) -> None:
    answer = await office.ask(EVA, text)
    assert answer.verdict is Verdict.REFUSED
    assert "hello" not in answer.text
    assert not answer.offers


NO_MEMBERS = {
    "guest": {"is_restricted": True},
    "single-channel guest": {"is_ultra_restricted": True},
    "somebody of another workspace": {"team": "T0OTHER99", "is_stranger": False},
    "a stranger": {"team": "T0OTHER99", "is_stranger": True},
    "a bot": {"is_bot": True},
    "deactivated": {"deleted": True},
}


@pytest.mark.parametrize("flags", NO_MEMBERS.values(), ids=NO_MEMBERS)
async def test_only_full_members_are_answered_whatever_the_policy_says(
    office: Office, flags: dict[str, object]
) -> None:
    run = await office.run(await office.ask(ANA, "deploy hello to homolog"))
    await office.slack.control("person", user=RUI, **flags)
    for text in ("status", f"cancel {run.id}", "deploy hello to homolog", "help"):
        assert (await office.ask(RUI, text)).verdict is Verdict.REFUSED
    assert len(await office.store.runs.recent()) == 1
    await office.slack.control("person", user=RUI, **{**dict.fromkeys(flags, False), "team": "T0ESTIVA1"})
    assert (await office.ask(RUI, f"cancel {run.id}")).verdict is Verdict.DONE


async def test_an_account_that_slack_does_not_know_is_refused(office: Office) -> None:
    nobody = Person(id="UNOBODY", name="Nobody", roles=("manager",))
    office.catalog = replace(office.catalog, people={**office.catalog.people, "UNOBODY": nobody})
    assert (await office.ask("UNOBODY", "deploy hello to homolog")).verdict is Verdict.REFUSED


async def test_nothing_starts_while_slack_cannot_be_asked(office: Office) -> None:
    await office.slack.control("switch", failing={"users.info": 1})
    refused = await office.ask(RUI, "deploy hello to homolog")
    assert (refused.verdict, await office.store.runs.recent()) == (Verdict.REFUSED, [])
    assert "Slack does not tell me" in refused.text
    assert (await office.ask(RUI, "deploy hello to homolog")).verdict is Verdict.STARTED


async def test_a_user_group_is_read_at_the_moment_of_the_act(office: Office) -> None:
    group = Grant(who=("group:S0CREW",), may=("deploy", "status"), environments=("*", "production"))
    office.catalog = replace(office.catalog, grants=(*office.catalog.grants, group))
    assert (await office.ask("UBIA", "deploy hello@main to production")).verdict is Verdict.REFUSED
    await office.slack.control("usergroup", usergroup="S0CREW", users=["UBIA"])
    assert (await office.ask("UBIA", "deploy hello@main to production")).verdict is Verdict.STARTED
    await office.slack.control("usergroup", usergroup="S0CREW", users=[])
    assert (await office.ask("UBIA", "deploy hello@main to production")).verdict is Verdict.REFUSED
    await office.slack.control("usergroup", usergroup="S0CREW", users=["UBIA"])
    await office.slack.control("switch", failing={"usergroups.users.list": 1})
    refused = await office.ask("UBIA", "deploy hello@main to production")
    assert "Slack does not tell me" in refused.text


async def test_looking_asks_slack_once_a_minute_and_acting_each_time(office: Office) -> None:
    for _ in range(3):
        await office.ask(RUI, "status")
    assert office.slack.calls("users.info") == 1
    for _ in range(3):
        await office.ask(RUI, "deploy hello to homolog")
    assert office.slack.calls("users.info") == 4


async def test_star_does_not_reach_production(office: Office) -> None:
    star = Grant(who=("role:developer",), may=("*",), environments=("*",))
    office.catalog = replace(office.catalog, grants=(*office.catalog.grants, star))
    assert (await office.ask(ANA, "deploy hello@main to production")).verdict is Verdict.REFUSED
    assert (await office.ask(ANA, "deploy hello to homolog")).verdict is Verdict.STARTED


async def test_a_grant_holds_only_in_its_channels(office: Office) -> None:
    grant = Grant(who=(ANA,), may=("deploy",), environments=("production",), channels=("C0SHIP", "direct"))
    office.catalog = replace(office.catalog, grants=(grant,))
    refused = await office.ask(ANA, "deploy hello@main to production", channel="C1")
    assert (refused.verdict, "`C0SHIP`" in refused.text) == (Verdict.REFUSED, True)
    assert (await office.ask(ANA, "deploy hello@main to homolog", channel="C0SHIP")).verdict is Verdict.REFUSED
    office.catalog = replace(office.catalog, grants=(grant, replace(grant, environments=("homolog",), channels=("*",))))
    for channel in ("C0SHIP", "D0ANA"):
        assert (await office.ask(ANA, "deploy hello@main to production", channel)).verdict is Verdict.STARTED


async def test_a_grant_holds_only_for_its_refs(office: Office) -> None:
    grant = Grant(who=(ANA,), may=("deploy", "retry"), environments=("homolog",), arguments={"ref": ("main", "rel/*")})
    office.catalog = replace(office.catalog, grants=(grant,))
    repository = Path(office.catalog.services["hello"].repository)
    git(repository, "branch", "wild")
    refused = await office.ask(ANA, "deploy hello@wild to homolog")
    assert (refused.verdict, "only with `main` or `rel/*`" in refused.text) == (Verdict.REFUSED, True)
    assert (await office.ask(ANA, "deploy hello@main to homolog")).verdict is Verdict.STARTED
    wild = replace(office.catalog.services["hello"], branch="wild")
    office.catalog = replace(office.catalog, services={"hello": wild})
    assert (await office.ask(ANA, "deploy hello to homolog")).verdict is Verdict.REFUSED
