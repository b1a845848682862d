"""`estiva runs`, `estiva run show ID`: what runs and has run, and one run drawn as a graph, straight from the store."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bot.cli.places import place
from bot.cli.terminal import Json, fail, harmless, out, run, settings, show, show_json
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.runs.graph import Column as Stage
    from bot.slack.cards.shown import Surroundings
    from storage.model.run import Run
    from storage.model.view import RunView
    from storage.store import Store

_ENDLESS = 1000
"""Columns of a file or a pipe: nothing is cut for who reads it with a program."""
app = typer.Typer(no_args_is_help=True, help="One run.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A run with its graph."""

    view: "RunView"
    around: "Surroundings"
    columns: "tuple[Stage, ...]"


def runs(
    service: Annotated[str | None, typer.Option("--service", help="Only of this service.")] = None,
    environment: Annotated[str | None, typer.Option("--environment", help="Only to this environment.")] = None,
    active: Annotated[bool, typer.Option("--active", help="Only those that go on or wait.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 20,
    link: Annotated[bool, typer.Option("--link", help="Only print a link to the page of all runs, for a day.")] = False,
    as_json: Json = False,
) -> None:
    """List runs, newest first; exit code 2 when there is no such service or environment."""
    if link:
        show(_link(settings()) + "\n")
        return
    catalog = settings().catalog
    service, no_service = place(catalog, "service", service)
    environment, nowhere = place(catalog, "environment", environment)
    found = run(_list(settings(), service, environment, active=active, limit=limit))
    if not found and (no_service or nowhere):
        fail(no_service or nowhere)
    if as_json:
        from bot.runs.facts import facts

        show_json([facts(each.view, each.columns) for each in found])
        return
    if not found:
        out.print("No runs.")
        return
    console = out if out.is_terminal else Console(width=_ENDLESS, highlight=False)
    console.print(_table(found))


@app.command("show")
def show_one(
    what: Annotated[str, typer.Argument(metavar="RUN", help="`hello-12`, or `12` when only one service has it.")],
    as_json: Json = False,
) -> None:
    """Draw one run: its stages, what goes on, what waits for what; exit code 2 when there is none."""
    found = run(_one(settings(), what))
    if found is None:
        fail(f"There is no run {what}. `estiva runs` lists them.")
    if as_json:
        from bot.runs.facts import facts

        show_json(facts(found.view, found.columns))
        return
    from bot.runs.clocks import local

    for line in _lines(found):
        line.plain = harmless(local(line.plain, found.around.say))
        out.print(line)


def _table(found: list[Shown]) -> Table:
    """Draw one line for each run, however narrow the terminal is: what does not fit is what the run does now."""
    now = datetime.now(UTC).astimezone()
    names = ("run", "", "to", "state", "asked by", f"since ({now:%Z})")
    table = Table(*(Column(name, no_wrap=name != "state") for name in names), box=None, pad_edge=False)
    for each in found:
        run_id, mark, place, said, who, since = (harmless(text) for text in _row(each, now))
        table.add_row(run_id, mark, place, Text(said, no_wrap=True, overflow="ellipsis"), who, since)
    return table


def _link(chosen: Settings) -> str:
    from bot.local import LocalAccess
    from bot.runs.links import links_for

    local = LocalAccess.read(chosen.data)
    if local is not None and not chosen.pages:
        chosen = chosen.model_copy(update=local.settings())
    links = links_for(chosen)
    if links is None:
        fail("There are no pages: set ESTIVA_PAGES=true and ESTIVA_PAGES_SECRET, as docs/runs.md tells.")
    links.base = links.base or f"http://{chosen.http_host}:{chosen.http_port}"
    return links.to_list()


def _lines(found: Shown) -> "list[Text]":
    from bot.runs.facts import head
    from bot.runs.terminal import drawn
    from bot.slack.cards.states import cause, state, why
    from bot.slack.cards.titles import run_title

    view, around = found.view, found.around
    top = Text(f"{view.run.id} · {run_title(view, around.say)}", style="bold")
    now = Text(" · ".join(part for part in (state(view, around), around.words(why(view))) if part))
    line = [Text(f"  {cause(view)}")] if cause(view) else []
    about = Text(" · ".join(head(view, around)), style="dim")
    return [top, now, *line, about, Text(), *drawn(found.columns, view.run.opened_at)]


def _row(each: Shown, now: datetime) -> tuple[str, ...]:
    from bot.runs.signs import sign
    from bot.slack.cards.states import state

    view, around = each.view, each.around
    who, opened = around.name(view.run.requester), view.run.opened_at.astimezone()
    since = f"{opened:%m-%d %H:%M}" if opened.year == now.year else f"{opened:%Y-%m-%d}"
    return view.run.id, sign(view.status), view.run.plan.environment.name, state(view, around), who, since


async def _list(
    chosen: Settings, service: str | None, environment: str | None, *, active: bool, limit: int
) -> list[Shown]:
    async with _opened(chosen) as store:
        found = (
            [each for each in reversed(await store.runs.active(service)) if _to(each, environment)][:limit]
            if active
            else await store.runs.recent(service, environment, limit)
        )
        return [await _shown(chosen, store, each) for each in found]


def _to(each: "Run", environment: str | None) -> bool:
    return environment is None or each.plan.environment.name == environment


async def _one(chosen: Settings, what: str) -> Shown | None:
    async with _opened(chosen) as store:
        found = await store.runs.find(what)
        return None if found is None else await _shown(chosen, store, found)


async def _shown(chosen: Settings, store: "Store", found: "Run") -> Shown:
    from bot.runs.graph import graph
    from bot.slack.cards.shown import Surroundings
    from commands.texts import phrase
    from storage.model.fold import fold

    view = fold(found, await store.journal.of_run(found.id))
    around = Surroundings(say=partial(phrase, chosen.language), names=_names(chosen))
    return Shown(view, around, graph(view, around, datetime.now(UTC)))


def _names(chosen: Settings) -> Mapping[str, str]:
    """Names of the people in the catalog; without one they are called by their ids."""
    from storage.catalog import CatalogProblems, load

    try:
        people = load(chosen.catalog).people.values()
    except (CatalogProblems, OSError):
        return {}
    return {account: person.name for person in people for account in person.accounts}


@asynccontextmanager
async def _opened(chosen: Settings) -> "AsyncIterator[Store]":
    from storage.store import Store

    store = await Store.open(chosen.store_url, chosen.data)
    try:
        yield store
    finally:
        await store.close()
