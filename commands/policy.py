"""Who may do what: one pure function over the catalog. Denied unless a grant says otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass

from storage.model.catalog import Catalog, Grant, Person


@dataclass(frozen=True, slots=True)
class Allowed:
    """The grant that allows it."""

    by: Grant


@dataclass(frozen=True, slots=True)
class Denied:
    """Why not, as a stable word, and who could."""

    why: str
    """`unknown_person` or `no_grant`."""
    able: tuple[str, ...]
    """User ids of people who may."""


def decide(
    catalog: Catalog, user: str, command: str, *, service: str | None = None, environment: str | None = None
) -> Allowed | Denied:
    """Decide whether a person may give a command, on a service, in an environment (`None`: of none in particular)."""
    person = catalog.people.get(user)
    if person is None:
        return Denied("unknown_person", tuple(able(catalog, command, service=service, environment=environment)))
    grant = _grant(catalog, person, command, service, environment)
    if grant is None:
        return Denied("no_grant", tuple(able(catalog, command, service=service, environment=environment)))
    return Allowed(grant)


def able(
    catalog: Catalog, command: str, *, service: str | None = None, environment: str | None = None
) -> Iterator[str]:
    """Give the ids of all people who may do something: the same answer as `decide`, for everybody."""
    for person in catalog.people.values():
        if _grant(catalog, person, command, service, environment):
            yield person.id


def _grant(
    catalog: Catalog, person: Person, command: str, service: str | None, environment: str | None
) -> Grant | None:
    return next(
        (
            grant
            for grant in catalog.grants
            if _covers(grant.may, command)
            and _names(grant, person)
            and (service is None or _covers(grant.services, service))
            and (environment is None or _covers(grant.environments, environment))
        ),
        None,
    )


def _covers(listed: tuple[str, ...], name: str) -> bool:
    return "*" in listed or name in listed


def _names(grant: Grant, person: Person) -> bool:
    return (
        person.id in grant.who or "everyone" in grant.who or any(f"role:{role}" in grant.who for role in person.roles)
    )
