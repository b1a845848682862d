"""The policies inside the templates that are shipped: what is needed is there, named, and nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runners.kinds import known_kinds
from storage.catalog import load
from tests.aws.intrinsics import Template
from tests.doubles.aws.policies import decide, listed
from tests.doubles.aws.server import ACCOUNT, REGION

AWS = Path(__file__).parents[2] / "examples" / "aws"
ROLES = [f"arn:aws:iam::{ACCOUNT}:role/estiva-{name}" for name in ("registry", "homolog", "production")]
SLACK = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:slack-AbCdEf"
OWN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
TEMPLATES = {
    "build": Template(AWS / "build.yml", Name="hello", Source="https://git.example.com/team/hello.git"),
    "estiva": Template(AWS / "estiva.yml", Roles=ROLES, SlackSecret=SLACK),
    "events": Template(AWS / "events.yml"),
    "service": Template(AWS / "service.yml", Name="hello", Images="hello"),
}
KNOWS_NO_RESOURCE = {"ecr:GetAuthorizationToken"}
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
WRITE = ("logs:CreateLogStream", "logs:PutLogEvents")
REPORT = (
    *("codebuild:CreateReportGroup", "codebuild:CreateReport", "codebuild:UpdateReport"),
    *("codebuild:BatchPutTestCases", "codebuild:BatchPutCodeCoverages"),
)


def log(group: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:any"


NEEDED: dict[tuple[str, str], dict[str, Sequence[str]]] = {
    ("estiva", "TaskRole"): dict.fromkeys(ROLES, ("sts:AssumeRole", "sts:TagSession")),
    ("estiva", "ExecutionRole"): {
        "*": ("ecr:GetAuthorizationToken",),
        f"{REPOSITORY}estiva": PULL,
        log("/ecs/estiva"): WRITE,
        SLACK: ("secretsmanager:GetSecretValue",),
        f"{OWN}DatabaseUrl-AbCdEf": ("secretsmanager:GetSecretValue",),
    },
    ("service", "ExecutionRole"): {
        "*": ("ecr:GetAuthorizationToken",),
        f"{REPOSITORY}hello": PULL,
        log("/ecs/hello"): WRITE,
    },
    ("service", "TaskRole"): {},
    ("build", "Role"): {
        "*": ("ecr:GetAuthorizationToken",),
        f"{REPOSITORY}hello": (*PULL, *PUSH),
        log("/aws/codebuild/hello"): WRITE,
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:report-group/hello-unit": REPORT,
    },
}
"""Role -> resource -> what whoever has it has to do to it."""
OTHERS = {
    "ecr": f"{REPOSITORY}other",
    "logs": log("/ecs/other"),
    "secretsmanager": f"{OWN}other-AbCdEf",
    "sts": f"arn:aws:iam::{ACCOUNT}:role/admin",
    "codebuild": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:report-group/other-unit",
}
"""Of each service something that is none of anybody's business here."""


def documents(template: str, role: str) -> list[dict[str, Any]]:
    """The policies of a role."""
    made = TEMPLATES[template].of_type("AWS::IAM::Role")[role]
    return [each["PolicyDocument"] for each in made.get("Policies", [])]


def statements(template: str, role: str) -> list[dict[str, Any]]:
    return [each for document in documents(template, role) for each in document["Statement"]]


def test_every_role_is_looked_at() -> None:
    made = {(name, role) for name, each in TEMPLATES.items() for role in each.of_type("AWS::IAM::Role")}
    assert made == set(NEEDED)


@pytest.mark.parametrize(("template", "role"), NEEDED)
def test_actions_and_resources_are_named(template: str, role: str) -> None:
    for statement in statements(template, role):
        actions = listed(statement["Action"])
        assert not any("*" in action for action in actions)
        assert "*" not in listed(statement["Resource"]) or set(actions) <= KNOWS_NO_RESOURCE


@pytest.mark.parametrize(("template", "role"), NEEDED)
def test_what_is_needed_is_allowed_and_nothing_else(template: str, role: str) -> None:
    needed = NEEDED[template, role]
    policies = documents(template, role)
    for resource, actions in needed.items():
        for action in actions:
            assert decide(policies, action, resource, {}) == "allowed", (action, resource)
    given = {action for each in statements(template, role) for action in listed(each["Action"])}
    assert given == {action for actions in needed.values() for action in actions}
    for action in given - KNOWS_NO_RESOURCE:
        assert decide(policies, action, OTHERS[action.partition(":")[0]], {}) == "implicitDeny", action


@pytest.mark.parametrize(("template", "role"), NEEDED)
def test_only_the_service_that_works_with_a_role_gets_it_and_only_for_this_account(template: str, role: str) -> None:
    document = TEMPLATES[template].of_type("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]
    (trust,) = document["Statement"]
    works = "codebuild" if template == "build" else "ecs-tasks"
    assert (trust["Principal"], trust["Action"]) == ({"Service": f"{works}.amazonaws.com"}, "sts:AssumeRole")
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_estiva_may_become_every_role_that_its_catalog_names() -> None:
    catalog = load(AWS / "pipeline" / "catalog.yml", known_kinds())
    assert catalog.registry.ecr is not None
    accounts = [catalog.registry.ecr.aws, *(each.aws for each in catalog.environments.values())]
    assert {place.role for place in accounts if place is not None} == set(ROLES)


def test_the_rule_alone_may_write_to_the_queue_of_events() -> None:
    (policy,) = TEMPLATES["events"].of_type("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    (rule,) = statement["Condition"]["ArnEquals"].values()
    assert rule == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/estiva-ecs"
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:estiva-ecs"
    unconditional = {key: each for key, each in statement.items() if key != "Principal"}
    document = {"Version": "2012-10-17", "Statement": [unconditional]}
    asked = "sqs:SendMessage"
    assert decide([document], asked, queue, {"aws:SourceArn": [rule]}) == "allowed"
    assert decide([document], asked, queue, {"aws:SourceArn": [f"{rule}-other"]}) == "implicitDeny"
    assert decide([document], "sqs:ReceiveMessage", queue, {"aws:SourceArn": [rule]}) == "implicitDeny"
