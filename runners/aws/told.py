"""What the catalog tells an action in AWS: by its own options, which win, and by those of its environment."""

from collections.abc import Mapping

from storage.model.catalog import Environment, Json, Service


def told(kind: str, environment: Environment, given: Mapping[str, Json]) -> Mapping[str, Json]:
    """Give all options of an action: those it is `given`, and its environment's, where those are for its kind."""
    return {**environment.options, **given} if environment.target == kind else given


def called(kind: str, service: Service, environment: Environment, given: Mapping[str, Json], *, by: str) -> str:
    """Name what a service is in AWS, as the option `by` says (`service`), or the one for each service (`services`).

    The action's own word comes first, then the environment's for this service, then its word for all; without any it
    is called as in the catalog.
    """
    names = told(kind, environment, given).get(f"{by}s")
    named = names.get(service.name) if isinstance(names, dict) else None
    return str(given.get(by) or named or told(kind, environment, {}).get(by) or service.name)
