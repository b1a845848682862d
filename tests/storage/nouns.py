"""Nouns to test with."""

from datetime import UTC, datetime, timedelta

from storage.model.catalog import Action, Environment, Service, Stage
from storage.model.release import Release
from storage.model.request import Request, Via
from storage.model.run import Plan, Run, Trigger
from storage.store import Store

HOMOLOG = Environment(name="homolog", aliases=("hml", "homologação"))
PRODUCTION = Environment(name="production", production=True, approvals=1, promotes_from="homolog")
STAGES = (
    Stage(name="source", actions=(Action(name="checkout", uses="git"),), environment="homolog"),
    Stage(
        name="test",
        actions=(Action(name="unit", uses="command", options={"run": ["make test"], "deep": {"a": [1, None, True]}}),),
        environment="homolog",
    ),
    Stage(name="approve-production", approval=True),
)


def asked(number: int | str = 1, user: str = "U0ANA0001", text: str = "deploy hello to homolog") -> Request:
    """Make a request with its own delivery identity."""
    return Request(
        id=f"msg/T1/C1/{number}",
        via=Via.MENTION,
        team="T1",
        channel="C1",
        user=user,
        text=text,
        at=datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(seconds=number if isinstance(number, int) else 0),
    )


def planned(service: str = "hello", environment: Environment = HOMOLOG, trigger: Trigger = Trigger.DEPLOY) -> Plan:
    """Make a plan of three stages."""
    return Plan(
        service=Service(
            name=service,
            repository="https://git.example/hello.git",
            image=f"registry.example/{service}",
            stages=STAGES,
            env={"homolog": {"GREETING": "olá"}},
        ),
        environment=environment,
        trigger=trigger,
        ref="main",
        stages=STAGES,
        environments={"homolog": HOMOLOG, "production": PRODUCTION},
        artifacts={"commit": "1" * 40},
    )


async def walking(
    store: Store, number: int | str, *, service: str = "hello", environment: Environment = HOMOLOG
) -> Run:
    """Open a run and begin its first leg."""
    run = await store.runs.open(asked(number), planned(service, environment))
    assert await store.runs.begin_leg(run.id, 1)
    return run


def released(run: Run, digest: str, environment: str = "homolog") -> Release:
    """Make a release of a run."""
    return Release(
        service=run.plan.service.name,
        environment=environment,
        run=run.id,
        commit="1" * 40,
        subject="Say hello",
        author="Ana",
        image="registry.example/hello:1111111",
        digest=digest,
        address="http://hello.example",
        by=run.requester,
        at=run.opened_at,
    )
