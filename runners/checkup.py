"""Whether the outside world that runners need is there: the engine, the registry, the repositories."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from runners.aws import checkup as aws
from runners.aws.ecr import Registries
from runners.aws.session import Clouds
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed
from runners.findings import Finding
from runners.mirrors import GitFailed, git
from runners.registry import login, manifest
from runners.secrets import VARIABLE, unset
from storage.model.catalog import Catalog, Service


async def checkup(
    catalog: Catalog, *, namespace: str, environ: Mapping[str, str], works: bool = True
) -> AsyncIterator[Finding]:
    """Look at the Docker engine, at AWS, at the registry with its credentials, and at each repository.

    A process that runs no actions (not `works`) needs the repositories alone.
    """
    clouds = Clouds()
    try:
        if works:
            yield await _engine(namespace)
            async for found in aws.checkup(catalog, clouds):
                yield found
        for service in catalog.services.values():
            if works:
                yield await _registry(catalog, service, environ, clouds)
            yield await _repository(service)
            for secret in _secrets(service, environ) if works else ():
                yield secret
    finally:
        clouds.close()


async def _engine(namespace: str) -> Finding:
    containers = Containers(namespace=namespace)
    try:
        version = await containers.ask(lambda client: str(client.version()["Version"]))
    except EngineUnavailable as problem:
        return Finding("docker", str(problem), "start the Docker engine and let this user use its socket")
    finally:
        containers.close()
    return Finding("docker", f"engine {version}", "")


async def _registry(catalog: Catalog, service: Service, environ: Mapping[str, str], clouds: Clouds) -> Finding:
    what = f"registry for {service.name}"
    try:
        known = await login(catalog.registry, service.image, environ, Registries(clouds), aws.DOCTOR)
        await manifest(service.image, "estiva-doctor", known)
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint or "see that the registry runs")
    return Finding(what, f"{service.image} answers", "")


def _secrets(service: Service, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look whether the variables of this process are set that hold secrets; what AWS keeps is a deploy's to find."""
    for environment, references in service.secrets.items():
        named = sum(each.startswith(VARIABLE) for each in references.values())
        missing = unset(references, environ)
        mend = "set it where Estiva runs, and start Estiva again" if missing else ""
        found = f"{', '.join(missing)} not set" if missing else f"{named} from variables, all set"
        if named:
            yield Finding(f"secrets of {service.name} in {environment}", found, mend)


async def _repository(service: Service) -> Finding:
    what = f"repository of {service.name}"
    try:
        await git("ls-remote", "--exit-code", "--", service.repository, f"refs/heads/{service.branch}", cwd=Path.cwd())
    except GitFailed as problem:
        mend = f"see that {service.repository} can be read from here and has a branch {service.branch}"
        return Finding(what, str(problem).splitlines()[0], mend)
    return Finding(what, f"{service.repository} has {service.branch}", "")
