"""Secrets that Estiva itself gives to containers: read in the version that was planned, from AWS or its own process."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.aws.session import Clouds
from runners.contract import ActionFailed, Work
from runners.secrets import Secrets
from storage.model.catalog import Environment, Registry, Service
from storage.model.cloud import Aws
from tests.doubles.aws.server import Server
from tests.doubles.aws.vault import Vault

REFERENCES = {
    "DATABASE_URL": "parameter:/hello/db",
    "TOKEN": "secret:hello/api:token",
    "WHOLE": "secret:hello/api",
    "PORTS": "secret:hello/api:ports",
    "API_KEY": "variable:HELLO_API_KEY",
}
OWN = {"HELLO_API_KEY": "of the process"}
API = '{"token": "t-1", "ports": [1, 2], "odd": "a\\u0000b"}'


@pytest.fixture
def vault(server: Server) -> Vault:
    vault = Vault(server)
    vault.put_parameter("/hello/db", "postgresql://first")
    vault.put_secret("hello/api", API)
    return vault


@pytest.fixture
def secrets(clouds: Clouds, vault: Vault) -> Secrets:
    return Secrets(OWN, clouds)


def work(aws: Aws | None, references: Mapping[str, str] = REFERENCES, **more: Any) -> Work:
    given = {"homolog": dict(references)}
    return Work(
        key="hello-1/deploy/deploy/1",
        run="hello-1",
        stage="deploy",
        action="deploy",
        attempt=1,
        service=Service(name="hello", repository="unused", image="x/hello", secrets=given),
        environment=Environment(name="homolog", aws=aws),
        registry=Registry(host="x"),
        options={},
        artifacts={},
        workspace=Path(),
        **more,
    )


async def planned(secrets: Secrets, asked: Work) -> Mapping[str, str]:
    assert asked.environment is not None
    return await secrets.pinned(asked.service, asked.environment)


async def test_a_plan_has_versions_and_asks_for_no_value(
    secrets: Secrets, place: Aws, vault: Vault, server: Server
) -> None:
    version = vault.kept["hello/api"]
    assert await planned(secrets, work(place)) == {
        "DATABASE_URL": "parameter:/hello/db@1",
        "TOKEN": f"secret:hello/api:token@{version}",
        "WHOLE": f"secret:hello/api@{version}",
        "PORTS": f"secret:hello/api:ports@{version}",
        "API_KEY": "variable:HELLO_API_KEY",
    }
    assert server.count("GetParameter") == server.count("GetSecretValue") == 0


async def test_a_deploy_reads_each_once(secrets: Secrets, place: Aws, server: Server) -> None:
    assert await secrets.read(work(place)) == {
        "DATABASE_URL": "postgresql://first",
        "TOKEN": "t-1",
        "WHOLE": API,
        "PORTS": "[1, 2]",
        "API_KEY": "of the process",
    }
    assert server.count("GetSecretValue") == 1
    (parameter,) = [each for each in server.calls if each.operation == "GetParameter"]
    assert parameter.given == {"Name": "/hello/db:1", "WithDecryption": True}


async def test_another_version_than_planned_is_not_read(
    secrets: Secrets, place: Aws, vault: Vault, server: Server
) -> None:
    pinned = await planned(secrets, work(place))
    vault.put_parameter("/hello/db", "postgresql://second")
    with pytest.raises(ActionFailed) as raised:
        await secrets.read(work(place, configuration=pinned))
    assert raised.value.error == "configuration_changed"
    assert raised.value.reason.endswith(": DATABASE_URL")
    assert server.count("GetParameter") == server.count("GetSecretValue") == 0


@pytest.mark.parametrize("old", ["goes_back", "restores", "restarts", "scales"])
async def test_what_releases_nothing_new_takes_the_values_of_now(
    secrets: Secrets, place: Aws, vault: Vault, old: str
) -> None:
    more: dict[str, Any] = {old: True, "configuration": await planned(secrets, work(place))}
    vault.put_parameter("/hello/db", "postgresql://second")
    found = await secrets.read(work(place, **more))
    assert found["DATABASE_URL"] == "postgresql://second"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("parameter:/gone", "parameter:/gone is not there"),
        ("secret:gone", "secret:gone is not there"),
        ("secret:hello/api:gone", "secret:hello/api:gone is not there"),
        ("secret:hello/api:odd", "secret:hello/api:odd is no text"),
        ("secret:hello/plain:key", "secret:hello/plain:key is not there"),
    ],
)
async def test_what_is_missing_is_said_without_what_is_there(
    secrets: Secrets, place: Aws, vault: Vault, reference: str, said: str
) -> None:
    vault.put_secret("hello/plain", "no json at all")
    with pytest.raises(ActionFailed) as raised:
        await secrets.read(work(place, {"X": reference}))
    assert (raised.value.error, raised.value.reason) == ("configuration_missing", said)
    assert raised.value.__cause__ is None


async def test_a_variable_that_is_not_set_is_named_with_what_to_do(secrets: Secrets, clouds: Clouds) -> None:
    asked = work(None, {"A": "variable:GONE", "B": "variable:HELLO_API_KEY"})
    for failing in (secrets.read(asked), planned(secrets, asked)):
        with pytest.raises(ActionFailed) as raised:
            await failing
        assert (raised.value.error, raised.value.reason) == ("no_secret", "GONE is not set where Estiva runs")
        assert "start Estiva again" in raised.value.hint
    elsewhere = Secrets({}, clouds, works=False)
    assert await planned(elsewhere, asked) == {"A": "variable:GONE", "B": "variable:HELLO_API_KEY"}
    assert await secrets.read(replace(asked, environment=None)) == {}
