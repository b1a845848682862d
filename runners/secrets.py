"""The secrets of a service where nothing else gives them to its containers: read for one deploy, kept nowhere.

They stand in Parameter Store and Secrets Manager of the environment's account, and in variables of Estiva's process.
"""

from collections.abc import Iterator, Mapping

from runners.aws import configuration, errors, values
from runners.aws.session import Clouds, Visitor
from runners.contract import ActionFailed, Work
from storage.model.catalog import Catalog, Environment, Service
from storage.model.worded import worded

ERRORS = {
    **configuration.ERRORS,
    **errors.ERRORS,
    "no_secret": "a variable that the catalog names is not set where Estiva runs",
}
VARIABLE = "variable:"


class Secrets:
    """Where the values are; nothing here remembers one."""

    def __init__(self, environ: Mapping[str, str], clouds: Clouds, *, works: bool = True) -> None:
        """Take the variables of this process, the way to AWS, and whether this process is one that deploys."""
        self._environ = environ
        self._works = works
        self._clouds = clouds

    async def pinned(self, service: Service, environment: Environment) -> Mapping[str, str]:
        """Say where each value is, and in AWS in which version.

        A variable has none; it is looked for where this process may be the one that deploys. Raises `ActionFailed` when
        something is not there, or cannot be looked up.
        """
        references = service.secrets.get(environment.name, {})
        if self._works:
            self._own(references)
        kept = _kept(references)
        if not kept:
            return references
        account, _ = await self._clouds.within(environment, Visitor(name="estiva-plan"))
        found = await configuration.sources(account, kept)
        return {name: found[name].pinned if name in found else each for name, each in references.items()}

    async def read(self, work: Work) -> dict[str, str]:
        """Give the values: in the versions that were planned, or as they are now where nothing new is released.

        Raises `ActionFailed` when one is missing, or has another version than planned.
        """
        references = work.service.secrets.get(work.environment.name, {}) if work.environment else {}
        own, kept = self._own(references), _kept(references)
        if not kept:
            return own
        account, _ = await self._clouds.within(work.environment, Visitor.of(work))
        found = await configuration.sources(account, kept)
        if not (work.goes_back or work.restores or work.restarts or work.scales):
            configuration.check(found, work.configuration)
        return {**own, **await values.read(account, {name: source.pinned for name, source in found.items()})}

    def _own(self, references: Mapping[str, str]) -> dict[str, str]:
        named = {name: each.removeprefix(VARIABLE) for name, each in references.items() if each.startswith(VARIABLE)}
        missing = unset(references, self._environ)
        if missing:
            raise ActionFailed(
                worded("{names} is not set where Estiva runs", names=", ".join(missing)),
                hint=worded("set it there and start Estiva again, or mend the service's secrets in the catalog"),
                error="no_secret",
            )
        return {name: self._environ[variable] for name, variable in named.items()}


def unset(references: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    """Name the variables among them that are not set."""
    named = {each.removeprefix(VARIABLE) for each in references.values() if each.startswith(VARIABLE)}
    return sorted(name for name in named if not environ.get(name))


def variables_of(catalog: Catalog) -> Iterator[str]:
    """Name every variable of Estiva's process that holds a secret of a service."""
    for service in catalog.services.values():
        for references in service.secrets.values():
            yield from (each.removeprefix(VARIABLE) for each in references.values() if each.startswith(VARIABLE))


def _kept(references: Mapping[str, str]) -> dict[str, str]:
    """Give those that AWS keeps."""
    return {name: each for name, each in references.items() if not each.startswith(VARIABLE)}
