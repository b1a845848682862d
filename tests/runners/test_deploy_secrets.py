"""Secrets of a release on the real engine: in the container, and in nothing that is said of it."""

from dataclasses import replace
from typing import Any

import pytest

from runners.aws.session import Clouds
from runners.containers import EngineUnavailable
from runners.contract import ActionFailed
from runners.docker_deploy import DockerRunner
from runners.secrets import Secrets
from tests.runners.bench import Notes
from tests.runners.test_deploy import Site, proxy, site

__all__ = ["proxy", "site"]
pytestmark = pytest.mark.docker
KEY = "marsh-lantern-1917\nwith a second line"
TELLS = "echo the key is; echo $KEY; env; exec httpd -f -p 8000 -h /www"


def runner_of(site: Site, **variables: str) -> DockerRunner:
    """A runner whose process has these variables."""
    environ = {**site.registry.environ, **variables}
    return DockerRunner(site.bench.containers, site.proxy, environ, Secrets(environ, Clouds()))


@pytest.fixture
def secretive(site: Site) -> Site:
    site.bench.service = replace(site.bench.service, secrets={"homolog": {"KEY": "variable:HELLO_KEY"}})
    site.runner = runner_of(site, HELLO_KEY=KEY)
    return site


def apps(site: Site, engine: Any) -> list[dict[str, Any]]:
    listed = engine.containers(all=True, filters=site.bench.containers.filters(role="app"))
    return [engine.inspect_container(each["Id"]) for each in listed]


async def test_the_container_has_it_and_its_logs_are_shown_without_it(secretive: Site, engine: Any) -> None:
    notes = Notes()
    await secretive.deploy("v1", await secretive.pushed("v1", command=TELLS), notes, replicas=2)
    for app in apps(secretive, engine):
        assert f"KEY={KEY}" in app["Config"]["Env"]
        assert app["Config"]["Labels"]["estiva.secrets"] == "KEY"
        assert not any(line in str(app["Config"]["Labels"]) for line in KEY.splitlines())
    service, environment = secretive.bench.service, secretive.bench.environment
    assert environment is not None
    forgetful = runner_of(secretive)
    written = "\n".join(await forgetful.tail(service, environment, None, 100))
    assert "the key is" in written
    assert "***" in written
    assert not any(line in written + notes.text for line in KEY.splitlines())


async def test_the_last_words_of_one_that_fails_are_told_without_it(secretive: Site, engine: Any) -> None:
    notes = Notes()
    with pytest.raises(ActionFailed) as raised:
        await secretive.deploy("v1", await secretive.pushed("v1", command="echo $KEY; env; exit 3"), notes)
    assert raised.value.error == "container_ended"
    assert "***" in notes.text
    assert not any(line in notes.text for line in KEY.splitlines())
    assert apps(secretive, engine) == []


async def test_what_was_begun_goes_on_where_the_secret_is_gone(secretive: Site, engine: Any) -> None:
    made = await secretive.pushed("v1")
    begun = await secretive.deploy("v1", made)
    (app,) = apps(secretive, engine)
    secretive.runner = runner_of(secretive)
    assert (await secretive.deploy("v1", made)).artifacts == begun.artifacts
    assert [each["Id"] for each in apps(secretive, engine)] == [app["Id"]]
    with pytest.raises(ActionFailed) as raised:
        await secretive.deploy("v2", made)
    assert raised.value.error == "no_secret"
    assert [each["Id"] for each in apps(secretive, engine)] == [app["Id"]]
    assert await secretive.version() == "v1"


async def test_what_the_engine_refuses_is_told_without_it(secretive: Site) -> None:
    secretive.runner = runner_of(secretive, HELLO_KEY="marsh-lantern-1917\n\0")
    with pytest.raises(EngineUnavailable) as raised:
        await secretive.deploy("v1", await secretive.pushed("v1"))
    assert "KEY=***" in str(raised.value)
    assert "marsh-lantern" not in f"{raised.value} {raised.value.__cause__}"
