"""What the pages hold, as finished words, and the templates that they are drawn with (each value is escaped)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.runs.clocks import clocked, timed
from bot.runs.details import Details, Place, all_details
from bot.runs.events import actor, sentence
from bot.runs.facts import head
from bot.runs.graph import Column, counted, graph
from bot.runs.layout import Picture, narrow, wide
from bot.runs.signs import sign, word
from bot.runs.waits import Node
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.states import cause, state, told, why
from bot.slack.cards.titles import run_title
from bot.slack.marks import Say, clean
from commands.times import written
from storage.model.event import Event, Kind
from storage.model.moment import spelled, token
from storage.model.run import Status
from storage.model.view import RunView

_templates = Environment(
    loader=PackageLoader("bot.runs", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_SOON, _LATER = 3, 10
"""Seconds until the page is loaded again, of a run that goes on and of one that waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSheet:
    """The page of one run."""

    title: str
    about: str
    state: str
    status: Status
    why: str
    cause: str
    """The line of the log that says best why it failed."""
    parts: tuple[str, ...]
    done: str
    pictures: tuple[tuple[str, Picture], ...]
    columns: tuple[Column, ...]
    logs: Mapping[Place, str]
    details: Mapping[Place, Details]
    thread: str
    """Address where people talk about it; empty: nowhere."""
    happened: tuple[tuple[datetime, str, str], ...]
    """When, who, what."""
    began: datetime
    again: int
    """Seconds until it may look otherwise; 0: it never will."""
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run in the list."""

    run: str
    link: str
    title: str
    state: str
    status: Status
    by: str
    at: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSheet:
    """The page of all runs."""

    title: str
    rows: tuple[Row, ...]
    again: int
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSheet:
    """The page of one log."""

    title: str
    run: str
    back: str
    """Path of the run's page."""
    plain: str
    """Path of the log as plain text, to be saved or piped."""
    text: str
    say: Say
    again: int = 0


def run_sheet(
    view: RunView,
    events: Sequence[Event],
    around: Surroundings,
    logs: Mapping[Place, str],
    now: datetime,
    *,
    thread: str = "",
    ends: Mapping[Place, Sequence[str]] | None = None,
) -> RunSheet:
    """Gather the page of one run. `logs` lead to its logs, `ends` are how they end; `thread` leads to its thread."""
    columns = graph(view, around, now)
    return RunSheet(
        title=view.run.id,
        about=run_title(view, around.say),
        state=state(view, around),
        status=view.status,
        why=around.words(why(view)),
        cause=clean(cause(view)),
        parts=head(view, around),
        done=counted(columns, around),
        pictures=(("wide", wide(columns)), ("narrow", narrow(columns))),
        columns=columns,
        logs=logs,
        details=all_details(view, events, ends or {}, around),
        thread=thread,
        happened=tuple((event.at, actor(event, around), _happened(event, view, around)) for event in events),
        began=view.run.opened_at,
        again=_again(view),
        say=around.say,
    )


def list_sheet(shown: Sequence[tuple[RunView, Surroundings]], links: Mapping[str, str], say: Say) -> ListSheet:
    """Gather the list."""
    rows = tuple(
        Row(
            run=view.run.id,
            link=links[view.run.id],
            title=run_title(view, say),
            state=state(view, around),
            status=view.status,
            by=around.name(view.run.requester),
            at=token(view.run.opened_at),
            columns=graph(view, around, view.run.opened_at),
        )
        for view, around in shown
    )
    return ListSheet(title=say("Runs"), rows=rows, again=_LATER, say=say)


def page(template: str, sheet: RunSheet | ListSheet | LogSheet, version: str, language: str) -> str:
    """Draw a page."""
    began = sheet.began if isinstance(sheet, RunSheet) else None
    return _templates.get_template(template).render(
        sheet=sheet,
        say=sheet.say,
        version=version,
        language=language.replace("_", "-"),
        sign=sign,
        word=word,
        tip=partial(_tip, sheet.say),
        timed=partial(timed, say=sheet.say),
        clock=clocked(began, sheet.say) if began else None,
        began=began.isoformat(timespec="seconds") if began else "",
        zone="UTC",
    )


def _happened(event: Event, view: RunView, around: Surroundings) -> str:
    """Say what happened; why the run has failed stands above, and with the action that did."""
    if event.kind is Kind.RUN_ENDED and told(view):
        event = replace(event, data={"status": event.data.get("status")})
    return sentence(event, around)


def _again(view: RunView) -> int:
    if view.status.over:
        return 0
    return _LATER if view.status is Status.WAITING else _SOON


def _tip(say: Say, node: Node) -> str:
    """Everything about a node, for who points at it and for who hears it read."""
    since = token(node.started_at) if node.started_at else ""
    state = "" if node.skipped else word(node.status, say)  # its title says that it was not begun
    text = " · ".join(part for part in (state, node.title, since, node.took, *node.all_notes) if part)
    return spelled(text, partial(written, say))
