"""Secrets that stand in Parameter Store and Secrets Manager: given to containers by reference, pinned by version."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runners.aws.configuration import sources
from runners.aws.session import Clouds, Visitor
from runners.contract import ActionFailed, Work
from storage.model.cloud import Aws
from tests.aws.fleet import Fleet
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.server import ACCOUNT, REGION, Server
from tests.runners.bench import Notes

SECRETS = {"DATABASE_URL": "parameter:/hello/db", "TOKEN": "secret:hello/api:token", "WHOLE": "secret:hello/api"}
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:hello/api-AbCdEf"


@pytest.fixture(autouse=True)
def _there(rest: Rest) -> None:
    rest.versions["/hello/db"] = 7
    rest.kept["hello/api"] = "a" * 32


def with_secrets(work: Work, secrets: Mapping[str, str] = SECRETS, **more: Any) -> Work:
    return replace(work, service=replace(work.service, secrets={"production": secrets}), **more)


def given(fleet: Fleet) -> dict[str, str]:
    (container,) = fleet.definition_in_use()["containerDefinitions"]
    return {each["name"]: each["valueFrom"] for each in container.get("secrets", [])}


async def test_containers_get_them_by_reference_and_nobody_reads_them(
    fleet: Fleet, server: Server, notes: Notes
) -> None:
    await fleet.runner.run(with_secrets(fleet.work(fleet.pushed("new"))), notes)
    assert given(fleet) == {
        "DATABASE_URL": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/hello/db",
        "TOKEN": f"{ARN}:token::",
        "WHOLE": ARN,
    }
    assert "hello: new secrets: DATABASE_URL, TOKEN, WHOLE" in notes.text
    assert {each.operation for each in server.calls}.isdisjoint({"GetParameters", "GetParameter", "GetSecretValue"})
    await fleet.runner.run(with_secrets(fleet.work(fleet.pushed("newer")), {"WHOLE": "secret:hello/api"}), notes)
    assert given(fleet) == {"WHOLE": ARN}, "what left the catalog leaves the container"
    assert "hello: secrets that go: DATABASE_URL, TOKEN" in notes.text


async def test_a_variable_that_becomes_a_secret_stands_there_once(fleet: Fleet) -> None:
    fleet.env = {}
    await fleet.runner.run(with_secrets(fleet.work(fleet.pushed("new")), {"MODE": "secret:hello/api"}), Notes())
    (container,) = fleet.definition_in_use()["containerDefinitions"]
    assert "MODE" not in {each["name"] for each in container["environment"]}


async def test_what_is_not_there_is_told_before_anything_is_touched(fleet: Fleet, server: Server) -> None:
    secrets = {"A": "parameter:/gone", "B": "secret:gone", "C": "parameter:/hello/db"}
    with pytest.raises(ActionFailed) as raised:
        await fleet.runner.run(with_secrets(fleet.work(fleet.pushed("new")), secrets), Notes())
    assert raised.value.error == "configuration_missing"
    assert raised.value.reason == "parameter:/gone is not there; secret:gone is not there"
    assert server.count("RegisterTaskDefinition") == 0


async def test_another_version_than_planned_is_not_released(fleet: Fleet, rest: Rest, server: Server) -> None:
    work = with_secrets(fleet.work(fleet.pushed("new")))
    planned = await fleet.runner.configuration(work.service, fleet.environment)
    assert planned == {
        "DATABASE_URL": "parameter:/hello/db@7",
        "TOKEN": f"secret:hello/api:token@{'a' * 32}",
        "WHOLE": f"secret:hello/api@{'a' * 32}",
    }
    rest.versions["/hello/db"] = 8
    rest.kept["hello/api"] = "b" * 32
    with pytest.raises(ActionFailed) as raised:
        await fleet.runner.run(replace(work, configuration=planned), Notes())
    assert raised.value.error == "configuration_changed"
    assert raised.value.reason.endswith("since this was planned: DATABASE_URL, TOKEN, WHOLE")
    assert server.count("RegisterTaskDefinition") == 0
    await fleet.runner.run(replace(work, configuration=planned, restarts=True), Notes())


async def test_a_rollback_needs_nothing_that_is_new(fleet: Fleet) -> None:
    first = fleet.pushed("one")
    await fleet.runner.run(with_secrets(fleet.work(first)), Notes())
    await fleet.deploy(fleet.pushed("two"))
    back = with_secrets(fleet.work(first, goes_back=True), {"NEW": "parameter:/gone"})
    await fleet.runner.run(back, Notes())
    assert set(given(fleet)) == set(SECRETS)


async def test_many_parameters_come_in_pages(clouds: Clouds, place: Aws, rest: Rest) -> None:
    rest.versions |= {f"/many/{n:03}": n for n in range(60)}
    account = await clouds.enter(place, Visitor(name="hello-1"))
    found = await sources(account, {f"V{n}": f"parameter:/many/{n:03}" for n in range(60)})
    assert found["V59"].pinned == "parameter:/many/059@59"
