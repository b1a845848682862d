from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from runners.plan import Unplannable, plan_deploy, plan_promotion, plan_retry, plan_rollback
from runners.soundness import problems_of
from storage.model import artifact
from storage.model.catalog import (
    Catalog,
    Environment,
    Json,
    Mode,
    OnFailure,
    Pipeline,
    Registry,
    Service,
    Stage,
)
from storage.model.fold import fold
from storage.model.release import Release
from storage.model.run import Plan, Run, Status, Trigger
from storage.model.window import Window
from tests.engine.world import HOMOLOG, PRODUCTION, action, gated, pipeline, service
from tests.engine.world import plan as plan_of

SMOKE = Stage(name="smoke", actions=(action("probe"),), environment="production")
RELEASE = Release(
    service="hello",
    environment="homolog",
    run="hello-7",
    commit="c" * 40,
    subject="Greet",
    author="Ann",
    image="127.0.0.1:5001/hello:ccccccc",
    digest="sha256:" + "d" * 64,
    address="http://127.0.0.1:18081",
    by="U0ANN",
    at=datetime(2026, 3, 2, tzinfo=UTC),
)


def catalog(hello: Service) -> Catalog:
    return Catalog(
        services={"hello": hello},
        environments={"homolog": HOMOLOG, "production": PRODUCTION},
        people={},
        grants=(),
        registry=Registry(host="127.0.0.1:5001"),
    )


def names(plan: Plan) -> list[str]:
    return [stage.name for stage in plan.stages]


HELLO = service(*gated(), SMOKE)


def test_a_deploy_goes_through_the_last_stage_of_its_environment() -> None:
    plan = plan_deploy(catalog(HELLO), HELLO, HOMOLOG, "main", {artifact.COMMIT: "c" * 40})
    assert names(plan) == ["build", "deploy"]
    assert (plan.trigger, plan.ref, plan.artifacts, plan.origin) == (Trigger.DEPLOY, "main", {"commit": "c" * 40}, None)
    assert list(plan.environments) == ["homolog"]


def test_a_deploy_of_a_ref_to_production_goes_the_whole_way() -> None:
    plan = plan_deploy(catalog(HELLO), HELLO, PRODUCTION, "v1")
    assert names(plan) == ["build", "deploy", "approve", "live", "smoke"]
    assert list(plan.environments) == ["homolog", "production"]


def test_a_promotion_builds_nothing_and_releases_the_same_digest() -> None:
    plan = plan_promotion(catalog(HELLO), HELLO, PRODUCTION, RELEASE)
    assert names(plan) == ["approve", "live", "smoke"]
    assert (plan.trigger, plan.ref, plan.origin) == (Trigger.PROMOTE, "c" * 40, "hello-7")
    assert plan.artifacts["digest"] == RELEASE.digest
    assert plan.artifacts["commit"] == RELEASE.commit


def test_a_rollback_only_deploys_and_keeps_the_gate_of_production() -> None:
    assert names(plan_rollback(catalog(HELLO), HELLO, PRODUCTION, RELEASE)) == ["approve", "live"]
    assert names(plan_rollback(catalog(HELLO), HELLO, HOMOLOG, RELEASE)) == ["deploy"]


def test_a_pipeline_without_the_gate_that_the_policy_asks_for_gets_one() -> None:
    bare = service(*(stage for stage in gated() if not stage.approval))
    plan = plan_deploy(catalog(bare), bare, PRODUCTION, "main")
    assert names(plan) == ["build", "deploy", "approve-production", "live"]
    assert plan.stages[2].approval


def test_a_gate_that_names_no_environment_guards_the_one_after_it() -> None:
    hello = service(*pipeline(), Stage(name="ok", approval=True), gated()[3])
    plan = plan_deploy(catalog(hello), hello, PRODUCTION, "main")
    assert names(plan) == ["build", "deploy", "ok", "live"]
    assert plan.stages[2].environment == "production"


def test_a_service_that_does_not_go_there_says_so() -> None:
    hello = service(*pipeline())
    for plan_it in (plan_promotion, plan_rollback):
        with pytest.raises(Unplannable, match="no stage of `hello` deploys to production"):
            plan_it(catalog(hello), hello, PRODUCTION, RELEASE)
    with pytest.raises(Unplannable, match="add one to the catalog"):
        plan_deploy(catalog(hello), hello, Environment(name="moon"), "main")


def test_a_retry_is_the_same_plan_with_the_commit_that_was_found() -> None:
    first = plan_deploy(catalog(HELLO), HELLO, HOMOLOG, "main")
    run = Run(
        id="hello-9",
        plan=first,
        request="r",
        requester="U0ANN",
        channel="C1",
        thread=None,
        opened_at=RELEASE.at,
        status=Status.FAILED,
        leg=1,
        cancel_requested=False,
    )
    view = fold(run, [])
    found = {artifact.COMMIT: "c" * 40, artifact.SUBJECT: "Greet", artifact.DIGEST: "sha256:half-built"}
    plan = plan_retry(catalog(HELLO), run, type(view)(run=run, stages=view.stages, artifacts=found))
    assert (plan.trigger, plan.origin, plan.stages) == (Trigger.RETRY, "hello-9", first.stages)
    assert plan.artifacts == {"commit": "c" * 40, "subject": "Greet"}


def test_a_promotion_takes_the_pauses_before_its_stages_and_a_rollback_waits_for_nothing() -> None:
    build, deploy, approve, live = gated()
    hello = service(
        build, deploy, approve, Stage(name="announce", pause=True), replace(live, window=Window(), pause=True)
    )
    assert names(plan_promotion(catalog(hello), hello, PRODUCTION, RELEASE)) == ["approve", "announce", "live"]
    back = plan_rollback(catalog(hello), hello, PRODUCTION, RELEASE)
    assert names(back) == ["approve", "live"]
    assert not any(stage.gated for stage in back.stages)


def test_a_pause_before_a_guarded_environment_brings_no_second_approval() -> None:
    hello = service(*pipeline(), Stage(name="announce", pause=True), gated()[3])
    plan = plan_promotion(catalog(hello), hello, PRODUCTION, RELEASE)
    assert names(plan) == ["announce", "approve-production", "live"]


def variant(**pipelines: Pipeline) -> Service:
    return replace(service(), pipelines=pipelines, stages=next(iter(pipelines.values())).stages)


def test_a_service_with_several_pipelines_is_planned_by_the_one_that_is_named() -> None:
    quick = Pipeline(name="quick", stages=pipeline()[1:], mode=Mode.SUPERSEDED)
    hello = variant(whole=Pipeline(name="whole", stages=gated()), quick=quick)
    plan = plan_deploy(catalog(hello), hello, HOMOLOG, "main", pipeline="quick")
    assert (names(plan), plan.pipeline, plan.mode) == (["deploy"], "quick", Mode.SUPERSEDED)
    plan = plan_deploy(catalog(hello), hello, HOMOLOG, "main")
    assert (names(plan), plan.pipeline, plan.mode) == (["build", "deploy"], "whole", Mode.QUEUED)
    assert plan.service.pipelines == {}
    with pytest.raises(Unplannable, match=r"`hello` has no pipeline `quik`; did you mean quick$"):
        plan_deploy(catalog(hello), hello, HOMOLOG, "main", pipeline="quik")
    with pytest.raises(Unplannable, match="no stage of `hello` in its pipeline `quick` deploys to production"):
        plan_promotion(catalog(hello), hello, PRODUCTION, RELEASE, pipeline="quick")


def test_a_plan_that_refers_to_what_it_leaves_out_has_it_from_the_release() -> None:
    smoke = Stage(name="smoke", environment="production", actions=(action("probe", digest="#{build/image.DIGEST}"),))
    known = replace(smoke, actions=(action("probe", digest="#{image.IMAGE_DIGEST} #{image.COMMIT}"),))
    hello = service(*gated(), known)
    assert names(plan_promotion(catalog(hello), hello, PRODUCTION, RELEASE)) == ["approve", "live", "smoke"]
    hello = service(*gated(), smoke)
    made = {"build/image": {"DIGEST": "sha256:x"}}
    plan = plan_promotion(catalog(hello), hello, PRODUCTION, RELEASE, handed_on=made)
    assert plan.variables == made
    with pytest.raises(Unplannable, match=r"smoke/probe\.with\.digest: #\{build/image\.DIGEST\}: there is no action"):
        plan_promotion(catalog(hello), hello, PRODUCTION, RELEASE)


class Strict:
    errors: ClassVar[dict[str, str]] = {"flaky": "now and then"}
    exports = ("IMAGE",)

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return [f"unknown option {name}" for name in options if name != "text"]


def test_everything_wrong_with_a_plan_is_said_at_once() -> None:
    first = action(
        "image", text="#{test.IMAGE} #{later.X} #{run.NUMBER} #{environment.NAME} ##{x}", more=["#{ }", "#{image.IMAGE"]
    )
    test = action("test", retry_on=("flak",), timeout=0, on_failure=OnFailure.ROLLBACK)
    after = action("after", text="#{image.DIGEST} #{build/imag.IMAGE} #{Run.ID}", run_order=2)
    bad = (
        Stage(name="build", actions=(first, test, after)),
        Stage(name="later", environment="moon", actions=(action("later"), action("later", uses="teleport"))),
        Stage(name="later", approval=True),
    )
    write = "write #{action.NAME} or #{stage/action.NAME}, and ##{ for what should stay as it is"
    assert problems_of(plan_of(*bad), {"script": Strict()}) == [
        "2 stages are called later",
        "build/image: unknown option more",
        "build/test: timeout should be at least 1",
        "build/test: script never fails with 'flak'; did you mean flaky?",
        "later: the plan has no environment 'moon'; there are: homolog",
        "later: 2 actions are called later",
        "later/later: no kind of action is called 'teleport'; there are: script",
        "build/image.with.text: #{test.IMAGE}: build/test does not end before this action begins",
        "build/image.with.text: #{later.X}: later/later does not end before this action begins",
        "build/image.with.text: #{run.NUMBER}: run has no NUMBER; there are: ID, REF, REQUESTER",
        "build/image.with.text: #{environment.NAME}: the stage has no environment",
        f"build/image.with.more[0]: '#{{ }}' names no variable: {write}",
        f"build/image.with.more[1]: '#{{image.IMAGE' names no variable: {write}",
        "build/test.on_failure: the stage has no environment to roll back: set its environment",
        "build/after.with.text: #{image.DIGEST}: build/image hands on no DIGEST; there are: IMAGE",
        "build/after.with.text: #{build/imag.IMAGE}: there is no action build/imag; did you mean build/image?",
        f"build/after.with.text: '#{{Run.ID}}' names no variable: {write}",
    ]


def test_a_sound_plan_has_no_problems() -> None:
    assert problems_of(plan_of(*gated(), environment=PRODUCTION, others=[HOMOLOG])) == []
