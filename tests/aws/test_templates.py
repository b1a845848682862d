"""The templates that are shipped, in step with the policies beside them; `make check` holds them against schemas."""

import fnmatch
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

AWS = Path(__file__).parents[2] / "examples" / "aws"


@pytest.mark.parametrize("name", ["build.yml", "estiva.yml", "events.yml", "service.yml"])
def test_they_fit_into_one_call(name: str) -> None:
    assert (AWS / name).stat().st_size <= 51_200


def test_estiva_may_deploy_what_the_template_of_a_service_makes() -> None:
    yaml = YAML(typ="rt")
    made = yaml.load((AWS / "service.yml").read_text())["Resources"]
    patterns = resources("deploy-policy.json", "iam:PassRole")
    for role in ("ExecutionRole", "TaskRole"):
        name = str(made[role]["Properties"]["RoleName"].value).replace("${Name}", "hello")
        assert any(fnmatch.fnmatch(f"arn:aws:iam::111122223333:role/{name}", pattern) for pattern in patterns)
    group = str(made["Logs"]["Properties"]["LogGroupName"].value).replace("${Name}", "hello")
    assert any(
        fnmatch.fnmatch(f":log-group:{group}", f"*{p.partition('111122223333')[2]}")
        for p in resources("deploy-policy.json", "logs:GetLogEvents")
    )


def test_the_queue_of_the_template_is_the_one_that_the_role_may_read_and_the_catalog_names() -> None:
    yaml = YAML(typ="rt")
    name = yaml.load((AWS / "events.yml").read_text())["Parameters"]["Name"]["Default"]
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
        assert resources("deploy-policy.json", action) == [f"arn:aws:sqs:us-east-1:111122223333:{name}"]
    for catalog in (AWS / "pipeline" / "catalog.yml", AWS.parent / "catalog.aws.example.yml"):
        environments = yaml.load(catalog.read_text())["environments"].values()
        queues = {each["options"]["events"] for each in environments if "events" in each.get("options", {})}
        assert queues == {f"https://sqs.us-east-1.amazonaws.com/111122223333/{name}"}


def resources(policy: str, action: str) -> list[str]:
    """Give on what a policy allows an action."""
    found: list[Any] = [
        statement["Resource"]
        for statement in json.loads((AWS / policy).read_text())["Statement"]
        if action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    return [each for listed in found for each in ([listed] if isinstance(listed, str) else listed)]
