"""Whether the outside world that runners need is there: the engine, the registry, the repositories."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed
from runners.mirrors import GitFailed, git
from runners.registry import credentials, manifest
from storage.model.catalog import Catalog, Service


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    mend: str
    """What to do; empty when all is well."""

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return not self.mend


async def checkup(
    catalog: Catalog, *, namespace: str, environ: Mapping[str, str], works: bool = True
) -> AsyncIterator[Finding]:
    """Look at the Docker engine, at the registry with its credentials, and at each repository.

    A process that runs no actions (not `works`) needs the repositories alone.
    """
    if works:
        yield await _engine(namespace)
    for service in catalog.services.values():
        if works:
            yield await _registry(catalog, service, environ)
        yield await _repository(service)


async def _engine(namespace: str) -> Finding:
    containers = Containers(namespace=namespace)
    try:
        version = await containers.ask(lambda client: str(client.version()["Version"]))
    except EngineUnavailable as problem:
        return Finding("docker", str(problem), "start the Docker engine and let this user use its socket")
    finally:
        containers.close()
    return Finding("docker", f"engine {version}", "")


async def _registry(catalog: Catalog, service: Service, environ: Mapping[str, str]) -> Finding:
    what = f"registry for {service.name}"
    try:
        await manifest(service.image, "estiva-doctor", credentials(catalog.registry, service.image, environ))
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint or "see that the registry runs")
    return Finding(what, f"{service.image} answers", "")


async def _repository(service: Service) -> Finding:
    what = f"repository of {service.name}"
    try:
        await git("ls-remote", "--exit-code", "--", service.repository, f"refs/heads/{service.branch}", cwd=Path.cwd())
    except GitFailed as problem:
        mend = f"see that {service.repository} can be read from here and has a branch {service.branch}"
        return Finding(what, str(problem).splitlines()[0], mend)
    return Finding(what, f"{service.repository} has {service.branch}", "")
