"""What every kind owes to the contract, whatever it does."""

from pathlib import Path

import pytest

from runners.kinds import Tools, kinds
from storage.model.catalog import Json

RIGHT: dict[str, dict[str, Json]] = {
    "buildspec": {"image": "estiva/ci:base"},
    "command": {"run": ["true"]},
    "terraform": {"do": "plan", "directory": "infra", "image": "hashicorp/terraform:1.11"},
    "cloudformation": {"do": "plan", "stacks": [{"stack": "hello", "template": "hello.yml"}]},
}


@pytest.mark.parametrize(
    "kind", ["git", "buildspec", "dockerfile", "command", "push", "docker", "ecs", "cloudformation", "terraform"]
)
def test_every_kind_checks_its_options(kind: str, tmp_path: Path) -> None:
    tools = Tools(data=tmp_path, namespace="estiva-test-kinds", environ={})
    runner = kinds(tools)[kind]
    tools.close()
    right = RIGHT.get(kind, {})
    assert runner.kind == kind
    assert runner.problems(right) == []
    assert "unknown option nonsense" in runner.problems({**right, "nonsense": 1})[0]


@pytest.mark.parametrize(
    ("kind", "options", "problem"),
    [
        ("dockerfile", {"dockerfil": "x"}, "did you mean dockerfile?"),
        ("dockerfile", {"context": "../x"}, "a path inside the source"),
        ("command", {}, "option run is missing"),
        ("command", {"run": "pytest -q"}, "a list of words"),
        ("command", {"run": ["x"], "memory": "lots"}, "a size such as 512m"),
        ("buildspec", {"image": "x", "privileged": "yes"}, "true or false"),
        ("buildspec", {"image": "x", "network": "web"}, "one of host, none, bridge"),
        ("docker", {"keep": -1}, "a whole number"),
        ("docker", {"drain_timeout": "soon"}, "a number of seconds"),
    ],
)
def test_says_what_a_value_should_be(kind: str, options: dict[str, Json], problem: str, tmp_path: Path) -> None:
    tools = Tools(data=tmp_path, namespace="estiva-test-kinds", environ={})
    assert problem in kinds(tools)[kind].problems(options)[0]
    tools.close()
