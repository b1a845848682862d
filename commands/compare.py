"""What differs between two releases: commits, image, and the names in their configuration. Values are never shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from commands.command import Asked
from commands.texts import several
from runners.contract import ActionFailed
from storage.model import artifact
from storage.model.catalog import Service
from storage.model.release import Release
from storage.model.reply import Table
from storage.model.run import Plan

_SHOWN, _LOOKED_AT = 15, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two things that are compared."""

    name: str
    """What it is called in sentences: an environment or a run."""
    commit: str
    digest: str = ""
    config: Mapping[str, str] = field(default_factory=dict)


async def config_of(asked: Asked, release: Release) -> Mapping[str, str]:
    """Give the variables that a release was made with: those of its run's plan, whatever the catalog says now."""
    made = await asked.desk.store.releases.origin(release)
    run = await asked.desk.store.runs.get(made.run)
    return run.plan.service.configuration(release.environment)


async def pinned_config_of(asked: Asked, release: Release) -> Mapping[str, str]:
    """Do the same, with the versions of secrets as they were planned then."""
    made = await asked.desk.store.releases.origin(release)
    run = await asked.desk.store.runs.get(made.run)
    return pinned_config(run.plan, release.environment)


def pinned_config(plan: Plan, environment: str) -> Mapping[str, str]:
    """Give what a plan configures, with the versions of secrets."""
    return {**plan.service.configuration(environment), **plan.configuration.get(environment, {})}


async def side_of(asked: Asked, release: Release, name: str) -> Side:
    """Read a release as one side."""
    config = await config_of(asked, release)
    return Side(name=name, commit=release.commit, digest=release.digest, config=config)


def names_that_differ(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str], list[str]]:
    """Give the names that only `new` has, those that only `old` has, and those whose values differ."""
    both = old.keys() & new.keys()
    return sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys()), sorted(n for n in both if old[n] != new[n])


def config_table(asked: Asked, one: Side, other: Side) -> Table | None:
    """Draw the names that differ; `None` when there are none."""
    say = asked.say
    added, removed, changed = names_that_differ(one.config, other.config)
    rows = [(name, say("only in {name}", name=other.name)) for name in added]
    rows += [(name, say("only in {name}", name=one.name)) for name in removed]
    rows += [(name, say("another value")) for name in changed]
    return Table(header=(say("Variable"), say("Difference")), rows=tuple(sorted(rows))) if rows else None


async def commits_between(asked: Asked, service: Service, old: str, new: str) -> list[str] | None:
    """List what `new` has and `old` has not, one line a commit. `None` when the repository does not know them."""
    if old == new:
        return []
    for fetched in (False, True):
        if fetched and not await _fetched(asked, service, new):
            return None
        forth = await asked.desk.mirrors.log_between(service, old, new, _LOOKED_AT)
        if forth or await asked.desk.mirrors.log_between(service, new, old, 1):
            return [f"`{artifact.short(commit)}` {subject} ({author})" for commit, author, subject in forth]
    return None


async def _fetched(asked: Asked, service: Service, commit: str) -> bool:
    try:
        await asked.desk.mirrors.resolve(service, commit)
    except ActionFailed:
        return False
    return True


def bullets(asked: Asked, lines: list[str]) -> list[str]:
    """Write a list that does not get long."""
    shown = [f"• {line}" for line in lines[:_SHOWN]]
    extra = len(lines) - _SHOWN
    return [*shown, asked.say(several("and {count} more", "and {count} more"), count=extra)] if extra > 0 else shown
