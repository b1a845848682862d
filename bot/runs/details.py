"""What a step unfolds to on the page: its attempts, what it handed on, how its log ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.slack.cards.shown import Surroundings
from bot.slack.marks import clean
from commands.times import span
from storage.model.event import Event, Kind
from storage.model.run import Status
from storage.model.view import ActionView, RunView
from storage.model.worded import text_of

Place = tuple[str, str]
"""Stage and action."""

LINES = 10
"""How many lines of each log stand on the page."""
_ENDS = {
    Kind.ACTION_SUCCEEDED: Status.SUCCEEDED,
    Kind.ACTION_FAILED: Status.FAILED,
    Kind.ACTION_CANCELLED: Status.CANCELLED,
    Kind.ACTION_BROKEN: Status.BROKEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One of several."""

    number: int
    began: datetime
    took: str
    status: Status
    said: str
    """Why it failed, or what came out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """All that is to be told about one action, and has no place in its line."""

    attempts: tuple[Attempt, ...]
    """None when there was only one: the line tells all about it."""
    exit_code: int | None
    found: tuple[str, ...]
    """What people have to see of its outcome, line by line."""
    handed_on: tuple[str, ...]
    """Names of variables; no values, which may be anything."""
    lines: tuple[str, ...]
    """The end of its log."""
    open: bool
    """Whether the reader came for it: it failed."""

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.attempts or self.exit_code is not None or self.found or self.handed_on or self.lines)


def all_details(
    view: RunView, events: Sequence[Event], ends: Mapping[Place, Sequence[str]], around: Surroundings
) -> dict[Place, Details]:
    """Gather what there is to tell. `ends` are the last lines of the logs."""
    found = {
        (stage.stage.name, action.action.name): _details(view, stage.stage.name, action, events, ends, around)
        for stage in view.stages
        for action in stage.actions
    }
    return {place: each for place, each in found.items() if each}


def _details(
    view: RunView,
    stage: str,
    action: ActionView,
    events: Sequence[Event],
    ends: Mapping[Place, Sequence[str]],
    around: Surroundings,
) -> Details:
    place = stage, action.action.name
    here = (each for each in events if (each.data.get("stage"), each.data.get("action")) == place)
    attempts = _attempts(here, around)
    return Details(
        attempts=tuple(attempts) if len(attempts) > 1 else (),
        exit_code=action.untold_code,
        found=tuple(around.words(line) for line in action.details),
        handed_on=tuple(sorted(view.variables.get("/".join(place), {}))),
        lines=tuple(ends.get(place, ())),
        open=action.status in (Status.FAILED, Status.BROKEN),
    )


def _attempts(events: Iterable[Event], around: Surroundings) -> list[Attempt]:
    made: list[Attempt] = []
    for event in events:
        if event.kind is Kind.ACTION_STARTED:
            number = int(str(event.data.get("attempt", 1)))
            begun = Attempt(number=number, began=event.at, took="", status=Status.RUNNING, said="")
            # a replayed attempt begins again under its number
            made = [*(each for each in made if each.number != number), begun]
        elif event.kind in _ENDS and made:
            made[-1] = _ended(made[-1], event, around)
    return made


def _ended(attempt: Attempt, event: Event, around: Surroundings) -> Attempt:
    said = text_of(event.data, "reason") or text_of(event.data, "summary")
    return Attempt(
        number=attempt.number,
        began=attempt.began,
        took=span(attempt.began, event.at),
        status=_ENDS[event.kind],
        said=clean(around.words(said)),
    )
