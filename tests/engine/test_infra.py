"""Plans about infrastructure: nothing is changed that nobody has seen, and looking needs nobody's yes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runners.infra import nothing_to_change, plan_infra
from runners.plan import Unplannable, guarded, plan_retry
from storage.model import artifact
from storage.model.catalog import Action, Catalog, Environment, Registry, Service, Stage
from storage.model.fold import fold
from storage.model.run import Plan, Run, Status, Trigger
from storage.model.soundness import changes_infra, only_looks, subject_of
from storage.model.view import RunView

HOMOLOG = Environment(name="homolog")
PRODUCTION = Environment(name="production", approvals=1)
MADE_BY = Action(name="infra", uses="cloudformation", options={"stacks": []})
SERVICE = Service(name="hello", repository="/r", image="hello", infra={"homolog": MADE_BY, "production": MADE_BY})
CATALOG = Catalog(
    services={"hello": SERVICE},
    environments={"homolog": HOMOLOG, "production": PRODUCTION},
    people={},
    grants=(),
    registry=Registry(host="r"),
)


def planned(environment: Environment, *, apply: bool) -> Plan:
    return plan_infra(CATALOG, SERVICE, environment, "main", {"commit": "c0ffee"}, None, apply=apply)


@pytest.mark.parametrize("environment", [HOMOLOG, PRODUCTION])
def test_looking_asks_nobody_and_changes_nothing(environment: Environment) -> None:
    plan = planned(environment, apply=False)
    assert [stage.name for stage in plan.stages] == ["source", "plan"]
    assert plan.stages[1].actions[0].options["do"] == "preview"
    assert guarded(plan.stages, plan.environments) == plan.stages


def test_where_others_have_to_approve_they_do_so_between_the_look_and_the_change() -> None:
    plan = planned(PRODUCTION, apply=True)
    assert [(stage.name, stage.approval, stage.pause) for stage in plan.stages] == [
        ("source", False, False),
        ("plan", False, False),
        ("approve-production", True, False),
        ("apply", False, False),
    ]
    assert guarded(plan.stages, plan.environments) == plan.stages


def test_where_nobody_has_to_approve_somebody_still_says_go_on() -> None:
    plan = planned(HOMOLOG, apply=True)
    assert [(stage.name, stage.pause) for stage in plan.stages][1:] == [("plan", False), ("apply", True)]


def test_what_is_not_declared_cannot_be_planned() -> None:
    with pytest.raises(Unplannable, match="add `infra` to it"):
        plan_infra(CATALOG, replace(SERVICE, infra={}), HOMOLOG, "main", {}, None, apply=True)


def test_a_stage_that_only_says_that_it_looks_is_guarded_like_any_other() -> None:
    """`looks` alone opens nothing: each of its actions has to plan, and no more."""
    sly = Stage(name="sly", actions=(replace(MADE_BY, options={"do": "apply"}),), environment="production", looks=True)
    assert not only_looks(sly)
    assert [stage.approval for stage in guarded((sly,), {"production": PRODUCTION})] == [True, False]


def run_of(plan: Plan, run: str) -> Run:
    return Run(
        id=run,
        plan=plan,
        request="r",
        requester="UANADEV01",
        channel="C0DEPLOYS",
        thread=None,
        opened_at=datetime(2026, 11, 26, tzinfo=UTC),
        status=Status.FAILED,
        leg=1,
        cancel_requested=False,
    )


def looked(plan: Plan, *changes: str) -> RunView:
    """A run of a plan that has shown these changes."""
    view = fold(run_of(plan, "hello-2"), [])
    return replace(view, artifacts={artifact.changes("production", f"s{n}"): text for n, text in enumerate(changes)})


def test_what_does_it_again_is_about_infrastructure_as_well() -> None:
    first = run_of(planned(PRODUCTION, apply=True), "hello-1")
    again = plan_retry(CATALOG, first, fold(first, []))
    assert again.trigger is Trigger.RETRY
    assert subject_of(again) is Trigger.INFRA
    assert changes_infra(again)
    assert not changes_infra(planned(PRODUCTION, apply=False))
    release = Stage(name="deploy", actions=(Action(name="deploy", uses="docker"),), environment="production")
    assert subject_of(replace(again, stages=(*again.stages, release))) is Trigger.RETRY


def test_nothing_is_asked_where_nothing_is_left_but_changes_that_there_are_not() -> None:
    first = run_of(planned(PRODUCTION, apply=True), "hello-1")
    plan = plan_retry(CATALOG, first, fold(first, []))
    source, look, gate, apply = plan.stages
    seen = looked(plan, artifact.NO_CHANGES, artifact.NO_CHANGES)
    assert [nothing_to_change(seen, stage) for stage in plan.stages] == [False, False, True, True]
    assert not nothing_to_change(looked(plan), gate)
    assert not nothing_to_change(looked(plan, artifact.NO_CHANGES, "arn sha256:1"), gate)
    more = replace(plan, stages=(*plan.stages, replace(source, name="afterwards")))
    assert not nothing_to_change(looked(more, artifact.NO_CHANGES), apply)
    assert not nothing_to_change(looked(replace(plan, stages=(source, look)), artifact.NO_CHANGES), look)
