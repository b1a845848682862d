"""Environments that are promoted from no other one: each has its own way, and production comes from what it names."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from runners.plan import plan_deploy, plan_promotion, plan_rollback
from storage.catalog import load
from storage.model.catalog import Catalog
from storage.model.release import Release

TEXT = """
registry: {host: localhost}
environments:
  dev: {}
  homolog: {}
  production: {production: true, approvals: 1, promotes_from: homolog}
services:
  hello:
    repository: /srv/hello
    image: localhost/hello
    addresses: {dev: "http://127.0.0.1:1", homolog: "http://127.0.0.1:2", production: "http://127.0.0.1:3"}
people: [{id: U0ANA0001, name: Ana}]
policy: [{who: [everyone], may: ["*"]}]
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    path = tmp_path / "catalog.yml"
    path.write_text(TEXT)
    return load(path)


@pytest.mark.parametrize(
    ("environment", "way", "stages"),
    [
        ("dev", "default", "source build push deploy-dev"),
        ("homolog", "homolog", "source build push deploy-homolog"),
        (
            "production",
            "homolog",
            "source build push deploy-homolog approve-production deploy-production",
        ),
    ],
)
def test_a_deploy_goes_by_the_way_that_leads_there(catalog: Catalog, environment: str, way: str, stages: str) -> None:
    plan = plan_deploy(catalog, catalog.services["hello"], catalog.environments[environment], "main")
    assert (plan.pipeline, " ".join(stage.name for stage in plan.stages)) == (way, stages)
    assert {stage.environment for stage in plan.stages[:4]} == {"dev" if way == "default" else "homolog"}


def test_production_is_promoted_from_what_it_names_and_goes_back(catalog: Catalog) -> None:
    hello, production = catalog.services["hello"], catalog.environments["production"]
    release = Release(
        service="hello",
        environment="homolog",
        run="hello-1",
        commit="1" * 40,
        subject="",
        author="",
        image="localhost/hello:1111111",
        digest="sha256:" + "1" * 64,
        address="",
        by="U0ANA0001",
        at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    for plan in (
        plan_promotion(catalog, hello, production, release),
        plan_rollback(catalog, hello, production, release),
    ):
        assert [stage.name for stage in plan.stages] == ["approve-production", "deploy-production"]


def test_a_pipeline_of_that_name_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yml"
    only = "[{stage: only, environment: homolog, actions: [{name: deploy, uses: docker}]}]"
    own = f"pipelines: {{default: default, homolog: {only}}}"
    path.write_text(TEXT.replace("    addresses:", f"    {own}\n    addresses:"))
    hello = load(path).services["hello"]
    assert [stage.name for stage in hello.pipeline("homolog").stages] == ["only"]
