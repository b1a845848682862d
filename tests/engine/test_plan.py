from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runners.plan import Unplannable, plan_deploy, plan_promotion, plan_retry, plan_rollback
from storage.model import artifact
from storage.model.catalog import Catalog, Environment, Registry, Service, Stage
from storage.model.release import Release
from storage.model.run import Plan, Run, Status, Trigger
from storage.model.view import fold
from storage.model.window import Window
from tests.engine.world import HOMOLOG, PRODUCTION, action, gated, pipeline, service

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
