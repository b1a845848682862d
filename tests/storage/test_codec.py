"""Nouns survive the way to JSON and back, and nothing else is accepted."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.soundness import problems_of
from storage import codec
from storage.model.catalog import Action, Environment, Json, Mode, OnFailure, Service, Stage
from storage.model.run import Plan, Trigger
from tests.storage.nouns import planned

TEXT = st.text(max_size=8)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ACTION = st.builds(
    Action,
    name=TEXT,
    uses=TEXT,
    options=st.dictionaries(TEXT, JSON, max_size=3),
    run_order=st.integers(),
    on_failure=st.sampled_from(OnFailure),
    cancel_siblings=st.booleans(),
)
STAGES = st.lists(
    st.builds(Stage, name=TEXT, actions=st.lists(ACTION, max_size=2).map(tuple), approval=st.booleans()), max_size=3
).map(tuple)
PLAN = st.builds(
    Plan,
    service=st.builds(
        Service,
        name=TEXT,
        repository=TEXT,
        image=TEXT,
        channel=st.none() | TEXT,
        env=st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
        stages=STAGES,
    ),
    environment=st.builds(Environment, name=TEXT, aliases=st.lists(TEXT, max_size=2).map(tuple)),
    trigger=st.sampled_from(Trigger),
    ref=TEXT,
    stages=STAGES,
    artifacts=st.dictionaries(TEXT, TEXT, max_size=2),
    origin=st.none() | TEXT,
)


@given(PLAN)
@settings(deadline=None)  # the machine may be busy
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    text = codec.dump(plan)
    assert codec.load(Plan, text) == plan
    assert codec.dump(codec.load(Plan, text)) == text


@dataclass(frozen=True)
class Odd:
    """Types that the nouns use seldom."""

    at: datetime
    pair: tuple[int, str] = (1, "a")
    number: float = 1.0
    many: list[Trigger] | None = None


def test_an_older_version_reads_a_plan_that_uses_nothing_new() -> None:
    plain, given_to = planned(), replace(planned(), given={"VERSION": "1.2"})
    assert "given" not in json.loads(codec.dump(plain))
    assert codec.load(Plan, codec.dump(given_to)) == given_to


def test_other_types_come_back_too() -> None:
    odd = Odd(at=datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC), pair=(2, "b"), number=2.5, many=[Trigger.RETRY])
    assert codec.load(Odd, codec.dump(odd)) == odd


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"ref": 1}, "Plan.ref: str expected, not int"),
        ({"ref": None}, "Plan.ref: str expected, not NoneType"),
        ({"trigger": "reply"}, "Plan.trigger: 'reply' is not a valid Trigger"),
        ({"stagse": []}, "Plan: Plan has no stagse"),
        ({"stages": {}}, "Plan.stages: list expected, not dict"),
        ({"stages": [{"name": "x", "approval": 1}]}, "Plan.stages[0].approval: bool expected, not int"),
        ({"stages": [{}]}, "Plan.stages[0]: "),
        ({"artifacts": {"commit": 7}}, "Plan.artifacts.commit: str expected, not int"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(change: dict[str, Any], problem: str) -> None:
    raw = {**json.loads(codec.dump(planned())), **change}
    with pytest.raises(codec.Unreadable) as caught:
        codec.load(Plan, json.dumps(raw))
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(codec.Unreadable):
        codec.load(Plan, text)


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {1, 2}}, b"bytes"])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        codec.plain(value)


def test_canonical_json_is_one_text_for_one_value() -> None:
    assert codec.canonical({"b": [1, 1.5], "a": "olá"}) == '{"a":"olá","b":[1,1.5]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.canonical(float("nan"))


def test_a_plan_that_an_older_estiva_stored_can_still_be_walked() -> None:
    """The file is a plan as it was written before there were several pipelines, gates and named errors."""
    text = (Path(__file__).parent / "plan-before-pipelines.json").read_text()
    plan = codec.load(Plan, text)
    assert (plan.pipeline, plan.mode, plan.variables, plan.service.pipelines) == ("default", Mode.QUEUED, {}, {})
    assert plan.service.pipeline().stages == plan.service.stages
    push = next(stage for stage in plan.stages if stage.name == "push").actions[0]
    assert (push.attempts, push.backoff, push.retry_on) == (1, None, None)
    assert problems_of(plan) == []
    assert codec.load(Plan, codec.dump(plan)) == plan
