"""What the commands about locks and freezes share: which place is meant, who holds it, and telling the owner."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from commands.command import Asked, Refused
from commands.permit import called, deed, denial, refusal
from commands.policy import able
from commands.texts import later, listing, phrase, several
from storage.holds import Taken
from storage.model.catalog import Catalog
from storage.model.hold import Hindrance, Hold, HoldKind
from storage.model.moment import token
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via

_DURATION = re.compile(r"(\d{1,6})([smhd])")
_LONGEST = timedelta(days=366)
_NAMED = 5
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def place_of(asked: Asked, service: str | None, environment: str | None) -> str:
    """Name a place in a sentence."""
    return _place(asked.language, service, environment)


def _place(language: str, service: str | None, environment: str | None) -> str:
    where = environment or phrase(language, "every environment")
    return phrase(language, "`{service}` in {environment}", service=service, environment=where) if service else where


def by_whom(asked: Asked, found: Hindrance | Hold) -> str:
    """Say who keeps others out, until when, and why."""
    owner, until = (found.by, found.until) if isinstance(found, Hindrance) else (found.owner, found.expires_at)
    who = asked.say("by the catalog") if owner == "catalog" else asked.say("by {name}", name=asked.name(owner))
    parts = [
        who,
        asked.say("until {when}", when=token(until)) if until else asked.say("until it is lifted"),
    ]
    return ", ".join(parts) + (f" ({found.reason})" if found.reason else "")


def kept_by(asked: Asked, found: Hindrance | Hold) -> str:
    """Say what a lock or a freeze is, as a state of the place: `locked by Ana, until it is lifted (tests)`."""
    locked = asked.say("locked {who}", who=by_whom(asked, found))
    return locked if found.kind is HoldKind.LOCK else asked.say("frozen {who}", who=by_whom(asked, found))


def lasting(asked: Asked) -> timedelta | None:
    """Read how long it is meant to last; `None` when that is not said."""
    found = _DURATION.fullmatch(asked.arguments.get("duration", ""))
    return min(timedelta(**{_UNITS[found[2]]: int(found[1])}), _LONGEST) if found else None


async def take(
    asked: Asked, kind: HoldKind, service: str | None, environment: str | None, instead_of: int | None = None
) -> Taken:
    """Try to take a lock or a freeze for the asker, as long and for the reason that they say; their own is renewed.

    `instead_of` is the one that may be taken over, and no other.
    """
    time = lasting(asked)
    return await asked.desk.store.holds.take(
        kind,
        service,
        environment,
        asked.request.user,
        asked.arguments.get("reason", ""),
        asked.request.at + time if time is not None else None,
        instead_of,
    )


def permit_place(asked: Asked, *, act: str | None = None) -> None:
    """Raise `Refused` unless the asker may do this in all of the place that is named."""
    command = act or asked.command.name
    for service, environment in whole_place(asked.catalog, asked.arguments):
        denied = denial(asked, command, service=service, environment=environment)
        if denied is not None:
            what = deed(asked, command, _as_said(asked))
            raise refusal(asked, replace(denied, able=able_in_place(asked, command)), what)


def able_in_place(asked: Asked, command: str) -> tuple[str, ...]:
    """Give who may do something in all of the place that is named, as the policy has it."""
    every = [
        tuple(able(asked.catalog, command, service=service, environment=environment, groups=asked.groups))
        for service, environment in whole_place(asked.catalog, asked.arguments)
    ]
    return tuple(user for user in every[0] if all(user in users for users in every)) if every else ()


def _as_said(asked: Asked) -> str:
    """Name the place as it is named in a command, and nothing that was not said."""
    service, environment = asked.arguments.get("service"), asked.arguments.get("environment")
    if environment is None:
        return asked.say("all")
    return f"{service} {asked.say('in {environment}', environment=environment)}" if service else environment


def permit_ending(asked: Asked, hold: Hold) -> None:
    """Raise `Refused`, with who holds it and who may, unless the asker may end this lock of somebody else."""
    try:
        permit_place(asked, act="steal")
    except Refused as refused:
        place = place_of(asked, hold.service, hold.environment)
        held = asked.say("{place} is locked: {who}.", place=place, who=by_whom(asked, hold))
        elsewhere = asked.request.user in able_in_place(asked, "steal")
        why = refused.text if elsewhere else asked.say("You may end only your own locks.") + " " + takers(asked)
        raise Refused(f"{held} {why}") from refused


def takers(asked: Asked) -> str:
    """Say who may take over somebody's lock of the place that is named."""
    who = listing(asked.language, [asked.name(user) for user in able_in_place(asked, "steal")[:_NAMED]])
    if not who:
        return asked.say("Nobody else may end it or take it over.")
    return asked.say("Who may take it over (`{command}`): {who}.", command=called(asked, "steal"), who=who)


def whole_place(catalog: Catalog, arguments: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give (service, environment) of everything that is in the place that is named."""
    service, environment = arguments.get("service"), arguments.get("environment")
    for one in [service] if service else catalog.services:
        for where in [environment] if environment else catalog.environments:
            yield one, where


async def standing(asked: Asked, kind: HoldKind) -> Hold | None:
    """Find the lock or freeze of exactly the place that is named."""
    place = asked.arguments.get("service"), asked.arguments.get("environment")
    every = [hold for hold in await asked.desk.store.holds.active() if hold.kind is kind]
    return next((hold for hold in every if (hold.service, hold.environment) == place), None)


async def needed(asked: Asked, kind: HoldKind) -> Hold:
    """Find it. Raises `Refused` when there is none."""
    found = await standing(asked, kind)
    if found is None:
        place = place_of(asked, asked.arguments.get("service"), asked.arguments.get("environment"))
        free = later("{place} is not locked.") if kind is HoldKind.LOCK else later("{place} is not frozen.")
        raise Refused(asked.say(free, place=place))
    return found


async def ended(asked: Asked, hold: Hold) -> str | None:
    """End it and give a sentence on the runs that it alone had kept waiting, if any; `None`: somebody was quicker."""
    holds = asked.desk.store.holds
    free_before = {run for run, *_ in await holds.free(asked.request.at)}
    if not await holds.release(hold.id, asked.request.user):
        return None
    freed = [run for run, *_ in await holds.free(asked.request.at) if run not in free_before]
    asked.desk.engine.wake()
    return _goes_on(asked, freed)


def _goes_on(asked: Asked, freed: Sequence[str]) -> str:
    if not freed:
        return ""
    runs = ", ".join(f"`{run}`" for run in freed[:_NAMED]) + ("…" if freed[_NAMED:] else "")
    text = several("{count} run waited for it and goes on: {runs}.", "{count} runs waited for it and go on: {runs}.")
    return asked.say(text, count=len(freed), runs=runs)


async def tell_owner(asked: Asked, hold: Hold, message: str, **values: object) -> None:
    """Tell who held it, `{place}`, in a direct message, in their own language: once, whatever crashes."""
    language = asked.desk.language_of(hold.owner)
    text = phrase(language, message, place=_place(language, hold.service, hold.environment), **values)
    request = Request(
        id=f"notice/{hold.id}/{hold.owner}",
        via=Via.DIRECT,
        team=asked.request.team,
        channel="",
        user=hold.owner,
        text="",
        at=asked.request.at,
    )
    await asked.desk.store.requests.tell(request, Reply(verdict=Verdict.DONE, text=text))
