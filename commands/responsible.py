"""Who did it: who released last what runs somewhere, and who keeps others out of it."""

from collections.abc import Iterator

from commands.command import Asked
from commands.holding import kept_by, place_of
from commands.permit import allowed, permit
from commands.places import places
from storage.freezing import frozen
from storage.model import artifact
from storage.model.hold import Hindrance, Hold
from storage.model.moment import token
from storage.model.release import Release
from storage.model.reply import Reply, Table, Verdict

Place = tuple[str, str]


async def releasers(asked: Asked) -> Reply:
    """Say who released what runs in the places that are meant; for whom may read the history."""
    current = asked.desk.store.releases.current
    found = [release for place in _seen(asked, "history") if (release := await current(*place))]
    say = asked.say
    if not found:
        return Reply(verdict=Verdict.DONE, text=say("Nothing was released there yet."), private=True)
    header = (say("Service"), say("Environment"), say("By"), say("Since"), say("Run"), say("Commit"))
    table = Table(header=header, rows=tuple(_row(asked, release) for release in found))
    return Reply(verdict=Verdict.DONE, text=say("Who released what runs now:"), table=table)


def _row(asked: Asked, release: Release) -> tuple[str, ...]:
    commit = f"{artifact.short(release.commit)} {release.subject}".strip()
    since = token(release.at)
    return release.service, release.environment, asked.name(release.by), since, release.run, commit


async def holders(asked: Asked) -> Reply:
    """Say who locks or freezes the places that are meant; for whom may read the status."""
    seen = list(_seen(asked, "status"))
    held = [hold for hold in await asked.desk.store.holds.active() if any(hold.covers(*place) for place in seen)]
    rows = [(place_of(asked, hold.service, hold.environment), kept_by(asked, hold)) for hold in held]
    rows += [(environment, kept_by(asked, freeze)) for environment, freeze in _by_catalog(asked, seen)]
    if not rows:
        return Reply(verdict=Verdict.DONE, text=asked.say("Nothing is locked or frozen there."), private=True)
    table = Table(header=(asked.say("Where"), asked.say("Now")), rows=tuple(rows))
    return Reply(verdict=Verdict.DONE, text=asked.say("Who keeps others out:"), table=table)


def _by_catalog(asked: Asked, seen: list[Place]) -> Iterator[tuple[str, Hindrance | Hold]]:
    for environment in dict.fromkeys(environment for _, environment in seen):
        freeze = frozen(asked.catalog.freezes, environment, asked.request.at)
        if freeze is not None:
            yield environment, freeze


def _seen(asked: Asked, command: str) -> Iterator[Place]:
    """Give the places that are meant of which the asker may know, who could ask another command for the same."""
    service, environment = asked.arguments.get("service"), asked.arguments.get("environment")
    permit(asked, service=service, environment=environment, act=command)
    for place in places(asked):
        if allowed(asked, command, service=place[0], environment=place[1]):
            yield place
