"""What the catalog says of AWS."""

import json
import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from runners.aws.permissions import asked, builds, changes, deploys
from runners.kinds import known_kinds
from storage.catalog import CatalogProblems, load
from storage.model.catalog import Catalog
from storage.model.cloud import Aws, Ecr, Severity

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = (EXAMPLES / "catalog.aws.example.yml").read_text()


def read(folder: Path, text: str) -> Catalog:
    file = folder / "catalog.yml"
    file.write_text(text)
    return load(file, known_kinds())


def wrong(folder: Path, text: str) -> list[str]:
    with pytest.raises(CatalogProblems) as caught:
        read(folder, text)
    return [problem.split("catalog.yml:")[1] for problem in caught.value.problems]


def test_the_example_has_everything(tmp_path: Path) -> None:
    catalog = read(tmp_path, EXAMPLE)
    assert catalog.registry.host == "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    assert catalog.registry.ecr == Ecr(
        aws=Aws(account="111122223333", region="us-east-1", role="arn:aws:iam::111122223333:role/estiva-registry"),
        block=Severity.CRITICAL,
        keep=500,
        untagged=14,
    )
    production = catalog.environments["production"].aws
    assert production is not None
    assert production.endpoints == {"sts": "https://sts.us-east-1.amazonaws.com"}
    for field in (*fields(Aws), *fields(Ecr)):
        assert f"{field.name}:" in EXAMPLE


def test_a_host_of_ecr_says_it_all(tmp_path: Path) -> None:
    text = EXAMPLE[: EXAMPLE.index("registry:")] + EXAMPLE[EXAMPLE.index("environments:") :]
    text += "registry: {host: 111122223333.dkr.ecr.sa-east-1.amazonaws.com}\n"
    assert read(tmp_path, text).registry.ecr == Ecr(aws=Aws(account="111122223333", region="sa-east-1"))
    text = text.replace("amazonaws.com}", "amazonaws.com, username_from: A, password_from: B}")
    assert "ECR gives its own login" in wrong(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("right", "bad", "problem"),
    [
        (
            'account: "111122223333"\n      region: us-east-1\n      # The',
            "region: us-east-1\n      # The",
            "is missing",
        ),
        ("stack: hello-production", "stack: hello production", "the name of a stack: letters, digits and `-`"),
        ("template: infra/service.yml", "template: /etc/passwd", "a path inside the source"),
        ("image: Image", "imaeg: Image", "unknown option imaeg; did you mean image?"),
        (
            "uses: cloudformation",
            "uses: cloudformatoin",
            "did you mean cloudformation?",
        ),
        ("    infra:\n      production:", "    infra:\n      prodution:", "there is no environment 'prodution'"),
        ("          stacks:\n", "          do: apply\n          stacks:\n", "is for the command to say"),
        ("tags: {team: web}", "tags: {team: '#{build.TEAM}'}", "there is no action build"),
        ("block: critical", "block: awful", "'awful' is not one of critical, high, medium, low"),
        ("untagged: 14d", "untagged: 36h", "should be whole days, such as 14d"),
        ("role/estiva-production", "user/estiva", "should be the ARN of a role"),
        ("111122223333:role/estiva-production", "999988887777:role/x", "is a role of the account 999988887777"),
        (
            "parameter:/hello/production/database-url",
            "/hello/db",
            "should be parameter:NAME, secret:NAME, secret:NAME:",
        ),
        (
            "parameter:/hello/production/database-url",
            "variable:HELLO_DB",
            "secrets.production.DATABASE_URL: a variable of Estiva's process is for target docker; on ecs: parameter:",
        ),
        ("        API_KEY: secret", "        API-KEY: secret", "'API-KEY' is no name of a variable"),
        (
            "      production:\n        DATABASE_URL",
            "      europe:\n        DATABASE_URL",
            "only containers on docker and ecs get secrets, and the target of europe is codepipeline",
        ),
        (
            "    secrets:\n      production:",
            "    env: {production: {API_KEY: x}}\n    secrets:\n      production:",
            "API_KEY stands in env too",
        ),
        ("region: us-east-1\n      role", "region: Virginia\n      role", "should be a region such as us-east-1"),
        ('{sts: "https', '{sts: "ftp', "should be an address"),
        ('{sts: "https', '{stss: "https', "aws.endpoints.stss: unknown key; did you mean sts?"),
        (
            '    aws:\n      account: "111122223333"\n      region: us-east-1\n      role',
            "    x:\n      role",
            "add aws to",
        ),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, right: str, bad: str, problem: str) -> None:
    assert right in EXAMPLE
    assert any(problem in said for said in wrong(tmp_path, EXAMPLE.replace(right, bad)))


@pytest.mark.parametrize(
    ("target", "option", "said"),
    [
        (
            "docker",
            "before: {helo: [{name: migrate, command: [migrate]}]}",
            "option before: there is no service 'helo'",
        ),
        ("ecs", "before: {helo: [{name: migrate, command: [migrate]}]}", "option before: there is no service 'helo'"),
        (
            "ecs",
            "services: {hello: web, helo: web}",
            "option services: there is no service 'helo'; did you mean hello?",
        ),
        ("codepipeline", "pipelines: {helo: web}", "option pipelines: there is no service 'helo'"),
    ],
)
def test_what_is_said_of_a_service_that_there_is_not_is_a_problem(
    tmp_path: Path, target: str, option: str, said: str
) -> None:
    lab = f'  lab: {{target: {target}, aws: {{account: "111122223333", region: us-east-1}}, options: {{{option}}}}}\n'
    assert any(said in each for each in wrong(tmp_path, EXAMPLE.replace("environments:\n", f"environments:\n{lab}")))


def test_stacks_need_an_account(tmp_path: Path) -> None:
    text = EXAMPLE.replace("environments:\n", "environments:\n  lab: {}\n")
    text = text.replace("      production:\n        uses: cloud", "      lab:\n        uses: cloud")
    assert any("infra.lab" in said and "add aws to this environment" in said for said in wrong(tmp_path, text))


def _allowed(name: str) -> set[str]:
    policy = json.loads((EXAMPLES / "aws" / name).read_text())
    actions = [statement["Action"] for statement in policy["Statement"]]
    return {each for listed in actions for each in ([listed] if isinstance(listed, str) else listed)}


def _asked(module: ModuleType, *but: str) -> set[str]:
    """Every action that a module of permissions knows."""
    return {each for name, value in vars(module).items() if _is_actions(name, value, but) for each in value}


def _is_actions(name: str, value: object, but: tuple[str, ...]) -> bool:
    return name.isupper() and isinstance(value, tuple) and name not in but and all(":" in str(each) for each in value)


def test_the_policies_that_are_shipped_allow_what_is_asked_and_nothing_else() -> None:
    ask = {asked.TO_ASK}
    push, values = {*builds.LOGIN, *builds.ON_REPOSITORY}, {*builds.ON_PARAMETER, *builds.ON_SECRET}
    infra = {*changes.ON_TEMPLATE, *changes.ON_LARGE_TEMPLATE, *changes.ON_STACK, *changes.PASS}
    kept = {*changes.ON_SERVICE, *changes.ON_DEFINITION}
    assert _allowed("registry-policy.json") == push | ask
    assert _allowed("deploy-policy.json") == _asked(deploys, "TO_TASKS") | ask
    assert _allowed("build-policy.json") == _asked(builds) - push - values | ask
    assert _allowed("infra-policy.json") == infra | ask
    assert kept < _allowed("deploy-policy.json"), "which the role of a stack with a service has too"
    behind = _asked(changes, "TO_CLOUDFORMATION") - infra - (kept - {*changes.BEHIND_SOME})
    assert _allowed("pipeline-policy.json") == behind | ask


def test_estiva_may_become_the_roles_of_the_example_catalog_and_no_others(tmp_path: Path) -> None:
    catalog = read(tmp_path, (EXAMPLES / "aws" / "pipeline" / "catalog.yml").read_text())
    (statement,) = json.loads((EXAMPLES / "aws" / "estiva-policy.json").read_text())["Statement"]
    ecr = catalog.registry.ecr
    places = [ecr.aws if ecr else None, *(each.aws for each in catalog.environments.values())]
    assert sorted(statement["Resource"]) == sorted({each.role for each in places if each and each.role})
    guide = (EXAMPLES.parent / "docs" / "aws.md").read_text()
    (names,) = re.findall(r"for name in (.*registry.*); do", guide)
    assert sorted(statement["Resource"]) == sorted(f"arn:aws:iam::111122223333:role/estiva-{n}" for n in names.split())
    assert "--policy-document file://estiva-policy.json" in guide
