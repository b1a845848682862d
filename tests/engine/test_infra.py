"""Plans about infrastructure: nothing is changed that nobody has seen, and looking needs nobody's yes."""

from dataclasses import replace

import pytest

from runners.infra import plan_infra
from runners.plan import Unplannable, guarded
from storage.model.catalog import Action, Catalog, Environment, Registry, Service, Stage
from storage.model.run import Plan
from storage.model.soundness import only_looks

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
