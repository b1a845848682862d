"""The pipeline of the lecture notes, as it is shipped: it loads, it can be planned, and its parts fit each other."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runners.aws.ecs.services import Target
from runners.aws.infra.runner import service_of
from runners.aws.infra.stack import Declared
from runners.buildspec.parser import parse
from runners.kinds import known_kinds
from runners.plan import plan_deploy, plan_promotion
from storage.catalog import load
from storage.model.catalog import Catalog
from storage.model.release import Release

AWS = Path(__file__).parents[2] / "examples" / "aws"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load(AWS / "pipeline" / "catalog.yml", known_kinds())


def test_homolog_is_built_and_production_gets_the_very_image(catalog: Catalog) -> None:
    hello, homolog, production = catalog.services["hello"], *catalog.environments.values()
    deploy = plan_deploy(catalog, hello, homolog, "main")
    assert [action.uses for stage in deploy.stages for action in stage.actions] == ["git", "codebuild", "ecs"]
    release = Release(
        service="hello",
        environment="homolog",
        run="hello-1",
        commit="c0ffee",
        subject="",
        author="",
        image="hello:1",
        digest="sha256:1",
        address="",
        by="U0ANA0001",
        at=datetime.now(UTC),
    )
    promotion = plan_promotion(catalog, hello, production, release)
    assert [(stage.name, stage.approval, stage.succeeded_in) for stage in promotion.stages] == [
        ("approve-production", True, None),
        ("deploy-production", False, "homolog"),
    ]
    assert promotion.artifacts["digest"] == "sha256:1"


def test_the_buildspec_is_right_and_says_which_image_it_pushed() -> None:
    spec = parse((AWS / "pipeline" / "buildspec.yml").read_text())
    assert spec.warnings == ()
    assert "IMAGE_DIGEST" in spec.exported


@pytest.mark.parametrize("environment", ["homolog", "production"])
def test_the_stacks_give_each_template_what_it_asks_for(environment: str, catalog: Catalog) -> None:
    action = catalog.services["hello"].infra[environment]
    for stack in Declared.read(action.options["stacks"]):
        asked: dict[str, Any] = YAML().load((AWS / Path(stack.template).name).read_text())["Parameters"]
        given = {*stack.parameters, *filter(None, (stack.image, stack.task))}
        assert given <= set(asked)
        assert {name for name, each in asked.items() if "Default" not in each} <= given


def test_what_is_deployed_to_is_what_the_stacks_make(catalog: Catalog) -> None:
    hello = catalog.services["hello"]
    for name, environment in catalog.environments.items():
        named = environment.options["services"]
        made = [stack.parameters["Name"] for stack in Declared.read(hello.infra[name].options["stacks"])]
        assert isinstance(named, dict)
        assert named["hello"] in made
        (kept,) = [stack for stack in Declared.read(hello.infra[name].options["stacks"]) if stack.task]
        assert service_of(kept, hello, environment) == Target(cluster=name, service=kept.parameters["Name"])
    project = hello.stages[1].actions[0].options["project"]
    assert project in [s.parameters["Name"] for s in Declared.read(hello.infra["homolog"].options["stacks"])]
