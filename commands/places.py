"""Where a question is about: the services and environments that it names, as far as the asker may see them."""

from collections.abc import Iterable, Iterator

from commands.command import Asked
from commands.permit import may
from storage.model.catalog import Environment, Service


def places(asked: Asked) -> Iterator[tuple[str, str]]:
    """Give (service, environment) of each place that is meant: all of them where none is named."""
    for service in _chosen(asked, "service", asked.catalog.services):
        for environment in _chosen(asked, "environment", asked.catalog.environments):
            if may(asked, service=service, environment=environment):
                yield service, environment


def service_of(asked: Asked) -> Service:
    """Give the service that is named."""
    return asked.catalog.services[asked.arguments["service"]]


def environment_of(asked: Asked) -> Environment:
    """Give the environment that is named."""
    return asked.catalog.environments[asked.arguments["environment"]]


def _chosen(asked: Asked, slot: str, names: Iterable[str]) -> tuple[str, ...]:
    named = asked.arguments.get(slot)
    return (named,) if named else tuple(names)
