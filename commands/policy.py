"""Who may do what: one pure function over the catalog. Denied unless a grant says otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from commands.directory import Groups
from storage.model.catalog import Catalog, Grant

NAMED = frozenset({"force", "break-glass", "steal"})
"""Acts that overrule other people or a rule: only a grant that names them allows them, `*` does not."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The grant that allows it."""

    by: Grant


@dataclass(frozen=True, slots=True)
class Denied:
    """Why not, as a stable word, and who could."""

    why: str
    """`unknown_person`, `no_grant`, `channel` (not from here) or `argument` (not with these words)."""
    able: tuple[str, ...]
    """User ids of people who may."""
    allowed: tuple[str, ...] = ()
    """With `channel` or `argument`: what a grant would take instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody wants to do. What is `None` is not meant in particular."""

    command: str
    service: str | None = None
    environment: str | None = None
    channel: str | None = None
    arguments: Mapping[str, str] | None = None


def decide(
    catalog: Catalog,
    user: str,
    command: str,
    *,
    service: str | None = None,
    environment: str | None = None,
    channel: str | None = None,
    arguments: Mapping[str, str] | None = None,
    groups: Groups | None = None,
) -> Allowed | Denied:
    """Decide whether a person may give a command, on a service, in an environment (`None`: of none in particular).

    `groups` says who is in the user groups that grants name; nobody is in a group that is not there.
    """
    act = Act(command=command, service=service, environment=environment, channel=channel, arguments=arguments)
    members = groups or {}
    near: Denied | None = None
    for grant in catalog.grants:
        if _names(catalog, grant, user, members) and _covers(catalog, grant, act):
            objection = _objection(grant, act)
            if objection is None:
                return Allowed(grant)
            near = near or objection
    who = tuple(able(catalog, command, service=service, environment=environment, groups=members))
    if near is not None:
        return Denied(near.why, who, near.allowed)
    return Denied("no_grant" if knows(catalog, user, members) else "unknown_person", who)


def able(
    catalog: Catalog,
    command: str,
    *,
    service: str | None = None,
    environment: str | None = None,
    groups: Groups | None = None,
) -> Iterator[str]:
    """Give the ids of all people who may do something (from some channel): the same answer as `decide`, for all."""
    for user, _ in reasons(catalog, command, service=service, environment=environment, groups=groups):
        yield user


def reasons(
    catalog: Catalog,
    command: str,
    *,
    service: str | None = None,
    environment: str | None = None,
    groups: Groups | None = None,
) -> Iterator[tuple[str, Grant]]:
    """Give each person who may do something with the grant that allows it; several rows where several grants do."""
    act, members = Act(command=command, service=service, environment=environment), groups or {}
    for user in everybody(catalog, members):
        for grant in catalog.grants:
            if _names(catalog, grant, user, members) and _covers(catalog, grant, act):
                yield user, grant
                break


def everybody(catalog: Catalog, groups: Groups) -> tuple[str, ...]:
    """Give the ids of everybody whom the policy can mean: who is listed, and who is in a group that it names."""
    grouped = [user for name in groups_named(catalog) for user in sorted(groups.get(name, ()))]
    return tuple(dict.fromkeys([*catalog.people, *(user for user in grouped if catalog.person(user) is None)]))


def groups_named(catalog: Catalog) -> tuple[str, ...]:
    """Give the user groups that policy and approvals name."""
    rules = [environment.approval for environment in catalog.environments.values()]
    lists = [*(grant.who for grant in catalog.grants), *(rule.of + rule.escalate_to for rule in rules)]
    return tuple(dict.fromkeys(group for who in lists for group in groups_of(who)))


def knows(catalog: Catalog, user: str, groups: Groups) -> bool:
    """Tell whether the policy can mean this person at all."""
    return catalog.person(user) is not None or user in everybody(catalog, groups)


def groups_of(who: tuple[str, ...]) -> tuple[str, ...]:
    """Give the user groups that a list of people names."""
    return tuple(name.removeprefix("group:") for name in who if name.startswith("group:"))


def is_among(catalog: Catalog, who: tuple[str, ...], user: str, groups: Groups) -> bool:
    """Tell whether a list of people (ids, `role:`, `group:`, `everyone`) means somebody."""
    person = catalog.person(user)
    accounts = (user,) if person is None else person.accounts
    ids = [name for name in who if ":" not in name and name != "everyone"]
    if any(account in ids for account in accounts) or any(user in groups.get(name, ()) for name in groups_of(who)):
        return True
    return person is not None and ("everyone" in who or any(f"role:{role}" in who for role in person.roles))


def _names(catalog: Catalog, grant: Grant, user: str, groups: Groups) -> bool:
    return is_among(catalog, grant.who, user, groups)


def _covers(catalog: Catalog, grant: Grant, act: Act) -> bool:
    """Tell whether a grant is about this act there, wherever it is said and however."""
    command = act.command in grant.may or ("*" in grant.may and act.command not in NAMED)
    service = act.service is None or "*" in grant.services or act.service in grant.services
    return command and service and (act.environment is None or _reaches(catalog, grant, act.environment))


def _reaches(catalog: Catalog, grant: Grant, environment: str) -> bool:
    """Tell whether a grant reaches an environment: production has to be named, `*` does not mean it."""
    if environment in grant.environments:
        return True
    place = catalog.environments.get(environment)
    return "*" in grant.environments and place is not None and not place.production


def _objection(grant: Grant, act: Act) -> Denied | None:
    """Say what keeps a grant from allowing this very act: where it is said, or with which words."""
    if act.channel is not None and not _takes(grant.channels, _place(act.channel)):
        return Denied("channel", (), grant.channels)
    for name, patterns in grant.arguments.items():
        said = (act.arguments or {}).get(name, "")
        if said and not all(_takes(patterns, word) for word in _words(name, said)):
            return Denied("argument", (), patterns)
    return None


def _place(channel: str) -> str:
    return "direct" if channel.startswith("D") else channel


def _words(name: str, said: str) -> list[str]:
    return said.split() if name == "options" else [said]


def _takes(patterns: tuple[str, ...], word: str) -> bool:
    return any(pattern == "*" or fnmatchcase(word, pattern) for pattern in patterns)
