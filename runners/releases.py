"""The containers of releases: pulled by digest, started, found again by their key, stopped, pruned."""

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from runners import hidden, registry
from runners.aws.session import Visitor
from runners.containers import Containers
from runners.contract import ActionFailed, Sink, Work
from runners.job import remove_container
from runners.proxy import Upstream
from runners.push import Transfer
from runners.registry import Logins
from runners.trouble import trouble_of
from storage.model import artifact
from storage.model.catalog import Json, Registry
from storage.model.worded import worded
from storage.redact import Redactor

ERRORS = {
    **registry.ERRORS,
    "no_environment": "the stage says no environment",
    "no_digest": "no earlier action pushed an image",
    "image_missing": "the image is not in the registry any more",
    "cannot_start": "the engine cannot start the container",
}
_making = threading.Lock()
"""Asked by two at once, the engine makes two networks of one name, and then starts nothing in either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is to run, and under which names."""

    key: str
    run: str
    service: str
    environment: str
    repository: str
    digest: str
    containers: tuple[str, ...]
    """As many names as containers are to run. Those of one run that are started share their key."""
    network: str
    address: str
    port: int
    health: str
    variables: Mapping[str, str]
    secrets: tuple[str, ...]
    """Names of further variables, whose values are no part of a release."""
    memory: str | int | None

    @property
    def image(self) -> str:
        """`repository@sha256:...`: never a tag."""
        return f"{self.repository}@{self.digest}"


def option(work: Work, name: str) -> Json:
    """Read an option of the action, else of the environment."""
    environment = work.environment.options if work.environment else {}
    return work.options.get(name, environment.get(name))


def of(work: Work, namespace: str) -> Release:
    """Read the release out of the work. Raises `ActionFailed` for what the catalog or an earlier action lacks."""
    service, environment = work.service, work.environment
    if environment is None:
        raise ActionFailed(
            worded("the stage has no environment to deploy to"),
            hint=worded("set the stage's environment in the catalog"),
            error="no_environment",
        )
    address = service.addresses.get(environment.name)
    if not address:
        raise ActionFailed(
            worded("{service} has no address in {environment}", service=service.name, environment=environment.name),
            hint=worded("set it in the catalog, under addresses"),
            error="bad_address",
        )
    digest = work.artifacts.get(artifact.DIGEST)
    if not digest:
        raise ActionFailed(
            worded("no image digest to deploy"),
            hint=worded("put a push before this action, or promote a release"),
            error="no_digest",
        )
    memory = option(work, "memory")
    attempt = ("-back" if work.restores else "") + (f"-{work.attempt}" if work.attempt > 1 else "")
    return Release(
        key=work.key,
        run=work.run,
        service=service.name,
        environment=environment.name,
        repository=service.image,
        digest=digest,
        containers=_names(f"{namespace}-{service.name}-{environment.name}-{work.run}{attempt}", work.replicas or 1),
        network=str(option(work, "network") or namespace),
        address=address,
        port=service.port,
        health=service.health,
        variables={
            "PORT": str(service.port),
            **service.env.get(environment.name, {}),
            "ESTIVA_SERVICE": service.name,
            "ESTIVA_ENVIRONMENT": environment.name,
            "ESTIVA_RUN": work.run,
            "ESTIVA_COMMIT": work.artifacts.get(artifact.COMMIT, ""),
            "ESTIVA_DIGEST": digest,
        },
        secrets=tuple(sorted(service.secrets.get(environment.name, {}))),
        memory=memory if isinstance(memory, str | int) else None,
    )


def _names(first: str, count: int) -> tuple[str, ...]:
    # with a point: `-2` ends the name of a second attempt
    return (first, *(f"{first}.{number}" for number in range(2, count + 1)))


async def pulled(
    containers: Containers,
    release: Release,
    catalog: Registry,
    environ: Mapping[str, str],
    sink: Sink,
    logins: Logins | None,
    visitor: Visitor,
) -> None:
    """Pull the image by its digest, unless the engine has it."""

    def there(engine: Any) -> bool:
        try:
            engine.inspect_image(release.image)
        except ImageNotFound:
            return False
        return True

    if await containers.ask(there):
        return
    login = await registry.login(catalog, release.repository, environ, logins, visitor)

    def pull(engine: Any) -> Iterator[dict[str, Any]]:
        pulling: Iterator[dict[str, Any]] = engine.pull(
            release.repository,
            tag=release.digest,
            stream=True,
            decode=True,
            auth_config=dict(login or {"username": "", "password": ""}),
        )
        return pulling

    transfer = Transfer(sink)
    host = registry.Name.parse(release.repository).host
    try:
        await containers.stream(pull, transfer.message)
    except APIError as error:
        if error.status_code == 404 or "manifest unknown" in str(error):  # noqa: PLR2004
            raise ActionFailed(
                worded("{image} is not in the registry", image=release.image),
                hint=worded("was it removed? release its commit again"),
                error="image_missing",
            ) from error
        transfer.message({"error": str(error.explanation or error)})
    transfer.check(host)


async def networked(containers: Containers, release: Release) -> None:
    """Have the network in which the release runs."""
    await containers.ask(lambda engine: _have_network(engine, containers, release.network))


async def all_made(containers: Containers, release: Release, names: Collection[str]) -> bool:
    """Tell whether each of these containers was made already, for this key."""

    def look(engine: Any) -> bool:
        ours = engine.containers(all=True, filters=containers.filters(key=release.key))
        return {*names} <= {name_of(each) for each in ours}

    return await containers.ask(look)


async def started(containers: Containers, release: Release, name: str, secrets: Mapping[str, str]) -> str:
    """Start one of the release's containers, or find it by its key; returns its address in its network.

    `secrets` are the values of its variables that are secret; one that is found has its own.
    """

    def start(engine: Any) -> str:
        ours = engine.containers(all=True, filters=containers.filters(key=release.key))
        there = [each for each in ours if name_of(each) == name]
        if not there:
            _have_network(engine, containers, release.network)
            engine.create_container(name=name, **_shape(engine, containers, release, secrets))
        if not there or there[0]["State"] == "created":
            engine.start(name)
        inspected = engine.inspect_container(name)
        return str(inspected["NetworkSettings"]["Networks"][release.network]["IPAddress"])

    try:
        return await containers.ask(start)
    except APIError as error:
        error.explanation = Redactor(secrets.values()).redact(str(error.explanation or error))
        raise trouble_of(error) or ActionFailed(
            worded("the container cannot start: {error}", error=error.explanation or error), error="cannot_start"
        ) from error


async def kept_up(containers: Containers, container: str) -> None:
    """From now on the engine starts the container again when it dies (before the gate that would hide its death)."""

    def keep(engine: Any) -> None:
        engine.update_container(container, restart_policy={"Name": "unless-stopped"})

    await containers.ask(keep)


async def removed(containers: Containers, release: Release) -> None:
    """Remove the containers of this key."""

    def remove(engine: Any) -> None:
        for each in engine.containers(all=True, filters=containers.filters(key=release.key)):
            remove_container(engine, each["Id"])

    await containers.ask(remove)


async def running_already(containers: Containers, release: Release) -> dict[str, str]:
    """Name the containers that run this very image and were not started for this key, each with the run that did."""

    def look(engine: Any) -> dict[str, str]:
        every = engine.containers(filters={**_siblings(containers, release), "status": ["running"]})
        return {
            name_of(each): str(each["Labels"].get("estiva.run"))
            for each in every
            if each["Labels"].get("estiva.digest") == release.digest and each["Labels"].get("estiva.key") != release.key
        }

    return await containers.ask(look)


async def others_running(containers: Containers, release: Release, serving: Collection[str]) -> list[Upstream]:
    """List the containers of the service in the environment that still run and do not serve any more."""

    def find(engine: Any) -> list[Upstream]:
        return [
            Upstream(name_of(each), f"{_address(each)}:{release.port}")
            for each in engine.containers(filters=_siblings(containers, release))
            if name_of(each) not in serving
        ]

    return await containers.ask(find)


async def stopped(containers: Containers, container: str, seconds: int) -> None:
    """Stop a container gracefully; it is killed after `seconds`."""
    await containers.ask(lambda engine: engine.stop(container, timeout=seconds))


async def pruned(containers: Containers, release: Release, keep: int) -> list[str]:
    """Remove all but the stopped containers of the newest `keep` runs; returns the names removed."""

    def prune(engine: Any) -> list[str]:
        filters = {**_siblings(containers, release), "status": ["exited", "dead", "created"]}
        old = sorted(engine.containers(all=True, filters=filters), key=lambda each: -int(each["Created"]))
        runs = list(dict.fromkeys(each["Labels"].get("estiva.run") for each in old))[:keep]
        gone = [each for each in old if each["Labels"].get("estiva.run") not in runs]
        for each in gone:
            remove_container(engine, each["Id"])
        return [name_of(each) for each in gone]

    return await containers.ask(prune)


def _shape(engine: Any, containers: Containers, release: Release, secrets: Mapping[str, str]) -> dict[str, Any]:
    return {
        "image": release.image,
        "environment": {**release.variables, **secrets},
        "labels": containers.labels(
            role="app",
            key=release.key,
            run=release.run,
            service=release.service,
            environment=release.environment,
            digest=release.digest,
            **hidden.label(release.secrets),
        ),
        "host_config": engine.create_host_config(
            network_mode=release.network,
            mem_limit=release.memory,
            memswap_limit=release.memory,
            security_opt=["no-new-privileges"],
            pids_limit=4096,
            log_config={"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        ),
    }


def _have_network(engine: Any, containers: Containers, network: str) -> None:
    if network != containers.namespace:
        return
    with _making:
        if not _networks(engine, network):
            labels = containers.labels(role="network")
            engine.create_network(network, driver="bridge", labels=labels, check_duplicate=True)
        for extra in _networks(engine, network)[1:]:
            with contextlib.suppress(NotFound):
                engine.remove_network(extra["Id"])


def _networks(engine: Any, network: str) -> list[Mapping[str, Any]]:
    """All networks of this name, oldest first."""
    return sorted(engine.networks(names=[f"^{network}$"]), key=lambda each: (each["Created"], each["Id"]))


def _siblings(containers: Containers, release: Release) -> dict[str, list[str]]:
    return containers.filters(role="app", service=release.service, environment=release.environment)


def name_of(container: Mapping[str, Any]) -> str:
    return str(container["Names"][0]).lstrip("/")


def _address(container: Mapping[str, Any]) -> str:
    networks = container["NetworkSettings"]["Networks"].values()
    return next((str(each["IPAddress"]) for each in networks if each["IPAddress"]), "")
